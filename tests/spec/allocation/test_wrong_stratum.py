"""A draw that was made under wrong information stands: what is true is kept beside it.

Who finds a wrong stratum corrects the page, and then records the true stratum. Nobody is drawn again, and no list is
mended: the slot stays used. A participant who should not have been randomised at all stays among the randomised.
"""

from typing import Any

import pytest
from tests.plugins.world import World

from trialwright.ledger import kinds

FOUND = {"drug": "water"}


def corrected_page(world: World, name: str, who: str = "nurse", **items: str) -> Any:
    """Correct the page of the person."""
    base = world.page(name, "person", "FIRST").number
    details = {"form": "person", "visit": "FIRST", "items": items, "base": base, "why": "found the box"}
    return world.does(who, "record", participant=name, **details)


def stratum_queries(world: World, name: str) -> list[Any]:
    """The queries that ask for the true stratum."""
    return [
        query
        for query in world.state.queries.values()
        if query.participant == world.numbers[name] and query.check == "stratum at the draw"
    ]


@pytest.mark.requirement("RN6")
def test_a_wrong_stratum_stands_and_the_true_one_is_kept_beside_it(world: World) -> None:
    world.randomised("Ann", drug="none")
    before = world.person("Ann").allocation
    corrected_page(world, "Ann", **FOUND)
    assert world.says("investigator", "correct_stratum", participant="Ann", why="she took a water tablet") == "done"
    person = world.person("Ann")
    assert person.allocation == before
    assert (person.allocation.stratum, person.true_stratum) == ("drug:none", "drug:some")
    assert person.true_levels == {"drug": "some"}
    assert "Ann is randomised already" in world.says("nurse", "randomise", participant="Ann")
    assert world.state.drawn == {"drug:none": 1}


@pytest.mark.requirement("RN6")
def test_the_next_participants_are_drawn_as_if_nothing_had_happened(world: World) -> None:
    world.randomised("Ann", drug="none")
    corrected_page(world, "Ann", **FOUND)
    world.does("data manager", "correct_stratum", participant="Ann", why="found the box")
    world.randomised("Bob", drug="none")
    world.randomised("Cas", drug="water")
    assert [world.person(name).allocation.position for name in ("Ann", "Bob", "Cas")] == [1, 2, 1]


@pytest.mark.requirement("RN6", "DC3")
def test_a_page_that_moves_a_randomised_participant_asks_for_the_true_stratum_once(world: World) -> None:
    """The query is answered by the recording of the true stratum; closing it is the data manager's."""
    world.randomised("Ann", drug="none")
    corrected_page(world, "Ann", remark="seen")
    assert stratum_queries(world, "Ann") == []
    corrected_page(world, "Ann", **FOUND)
    corrected_page(world, "Ann", drug="other")
    asked = stratum_queries(world, "Ann")
    assert [(query.item, query.status) for query in asked] == [("drug", "open")]
    assert "was randomised as drug:none, and the pages now give drug:some" in asked[0].text
    world.does("investigator", "correct_stratum", participant="Ann", why="found the box")
    assert [query.status for query in stratum_queries(world, "Ann")] == ["answered"]
    corrected_page(world, "Ann", drug="none")
    assert [query.status for query in stratum_queries(world, "Ann")] == ["answered", "open"]


@pytest.mark.requirement("RN6")
def test_what_is_measured_after_the_draw_asks_nothing(world: World) -> None:
    world.randomised("Ann", drug="none")
    world.page_of("Ann", "pressure", "WEEK8", {"upper": "150", "lower": "90"})
    assert stratum_queries(world, "Ann") == []


@pytest.mark.requirement("RN6")
def test_a_correction_is_refused_where_there_is_nothing_to_correct(world: World) -> None:
    world.eligible("Ann")
    world.randomised("Bob", drug="none")
    world.randomised("Cas", drug="none")
    corrected_page(world, "Cas", **FOUND)
    table = [
        ("investigator", "Ann", "typo", "Ann is not randomised; there is no draw that could be wrong"),
        ("investigator", "Bob", "typo", "The pages of Bob give the stratum that stands (drug:none); correct the page"),
        ("investigator", "Cas", " ", "Say why in words"),
        ("nurse", "Cas", "typo", "A nurse may not correct a stratum; ask one of: data manager, investigator."),
        ("western investigator", "Cas", "typo", "Ines Investigator does not work at site NORTH"),
        ("investigator", "Cas", "typo", "done"),
        ("investigator", "Cas", "typo", "The pages of Cas give the stratum that stands (drug:some)"),
    ]
    for who, name, why, answer in table:
        assert answer in world.says(who, "correct_stratum", participant=name, why=why), (name, answer)


@pytest.mark.requirement("RN6")
def test_a_correction_that_was_wrong_is_corrected_in_turn(world: World) -> None:
    world.randomised("Ann", drug="none")
    corrected_page(world, "Ann", **FOUND)
    world.does("investigator", "correct_stratum", participant="Ann", why="found the box")
    corrected_page(world, "Ann", drug="none")
    world.does("investigator", "correct_stratum", participant="Ann", why="it was her sister's box")
    assert world.person("Ann").true_stratum == world.person("Ann").allocation.stratum == "drug:none"
    assert sum(fact.kind == kinds.STRATUM_CORRECTED for fact in world.facts()) == 2


@pytest.mark.requirement("RN6")
def test_a_snapshot_carries_the_stratum_as_randomised_and_the_true_one(world: World) -> None:
    world.randomised("Ann", drug="none")
    world.randomised("Bob", drug="none")
    world.consented("Cas")
    corrected_page(world, "Ann", **FOUND)
    world.does("investigator", "correct_stratum", participant="Ann", why="found the box")
    table = world.snapshot(world.desk.ledger.head().number + 1).participants
    assert table.columns["stratum"] == ["drug:none", "drug:none", None]
    assert table.columns["true_stratum"] == ["drug:some", "drug:none", None]


@pytest.mark.requirement("RN6")
def test_who_was_randomised_in_error_stays_among_the_randomised(world: World) -> None:
    world.randomised("Ann")
    before = world.person("Ann").allocation
    table = [
        (
            "nurse",
            "Ann",
            "aged 17",
            "A nurse may not report a randomisation in error; ask one of: investigator, sponsor",
        ),
        ("investigator", "Ann", " ", "Say in words why the participant should not have been randomised"),
        ("investigator", "Ann", "aged 17 at the draw", "done"),
        ("sponsor", "Ann", "aged 17 at the draw", "This was recorded for Ann before, at 2026-03-02T08:00"),
    ]
    for who, name, reason, answer in table:
        assert answer in world.says(who, "report_error", participant=name, reason=reason), answer
    person = world.person("Ann")
    assert (person.allocation, person.ended) == (before, None)
    snapshot = world.snapshot(world.desk.ledger.head().number + 1).participants
    assert snapshot.columns["stratum"] == ["drug:none"]
    assert snapshot.columns["in_error"][0] is not None
    world.page_of("Ann", "pressure", "WEEK8", {"upper": "150", "lower": "90"})


@pytest.mark.requirement("RN6")
def test_neither_is_recorded_after_the_final_lock(world: World) -> None:
    world.randomised("Ann", drug="none")
    world.page_of("Ann", "pressure", "WEEK8", {"upper": "150", "lower": "90"})
    world.does("nurse", "complete", participant="Ann", on="2026-03-02")
    world.locked("week8", "final")
    for verb, details in (("correct_stratum", {"why": "x"}), ("report_error", {"reason": "x"})):
        assert "The database is locked" in world.says("investigator", verb, participant="Ann", **details)
