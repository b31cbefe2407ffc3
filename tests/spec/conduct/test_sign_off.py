"""Before a lock an investigator signs off the data of every site that randomised anybody (ES6)."""

import pytest
from tests.plugins.world import CAST, HIGH, World

from trialwright import conduct
from trialwright.conduct import Person


def finished(world: World, *names: str) -> None:
    """Participants with everything recorded up to week 8."""
    for name in names:
        world.randomised(name)
        world.page_of(name, "pressure", "WEEK8", HIGH)


def randomised_in_the_west(world: World, name: str) -> None:
    """Somebody of the other site with everything recorded up to week 8."""
    nurse, investigator = CAST["western nurse"], CAST["western investigator"]
    world.consented(name, "WEST")
    number, today = world.numbers[name], world.clock.now().date().isoformat()
    pages = [
        ("person", "FIRST", {"sex": "M", "age": "50", "drug": "none"}),
        *(("pressure", visit, HIGH) for visit in ("FIRST", "START", "WEEK8")),
    ]
    for form, visit, items in pages:
        about = {"participant": number, "form": form, "visit": visit, "items": items, "on": today}
        conduct.record(world.desk, by=nurse, **about)
    conduct.screen(world.desk, by=investigator, participant=number)
    conduct.randomise(world.desk, by=investigator, participant=number)


@pytest.mark.requirement("ES6")
def test_a_lock_waits_for_the_sign_off_of_every_site_that_randomised(world: World) -> None:
    """Every site that lacks it is listed; a site without randomised participants is not asked."""
    finished(world, "Ann")
    lock = {"stage": "week8", "why": "all seen"}
    refused = world.says("data manager", "lock", **lock)
    assert "no investigator has signed off the data of NORTH for week8" in refused
    assert "WEST" not in refused
    randomised_in_the_west(world, "Wes")
    refused = world.says("data manager", "lock", **lock)
    assert [site in refused for site in ("data of NORTH", "data of WEST")] == [True, True]
    table = [
        ("investigator", "sign_off", {"stage": "week8", "site": "NORTH"}, "done"),
        ("data manager", "lock", lock, "no investigator has signed off the data of WEST"),
        ("western investigator", "sign_off", {"stage": "week8", "site": "WEST"}, "done"),
        ("data manager", "lock", lock, "done"),
        (
            "data manager",
            "lock",
            {**lock, "stage": "final"},
            "no investigator has signed off the data of NORTH for final",
        ),
    ]
    for who, verb, details, answer in table:
        assert answer in world.says(who, verb, **details)


@pytest.mark.requirement("ES6", "ES2")
def test_a_later_change_of_a_page_withdraws_the_sign_off_for_all_to_see(world: World) -> None:
    finished(world, "Ann", "Bob")
    signed = world.does("investigator", "sign_off", stage="week8", site="NORTH")
    page = world.page("Bob", "pressure", "WEEK8")
    change = {"participant": "Bob", "form": "pressure", "visit": "WEEK8", "base": page.number, "why": "misread"}
    changed = world.does("nurse", "record", **change, items={"upper": "150"})
    assert world.state.signed_off["week8", "NORTH"].withdrawn == changed.number
    refused = world.says("data manager", "lock", stage="week8", why="all seen")
    assert f"the sign-off of NORTH (fact {signed.number}) was withdrawn" in refused
    assert f"(fact {changed.number})" in refused
    again = world.does("investigator", "sign_off", stage="week8", site="NORTH")
    assert again.payload["content"] != signed.payload["content"]
    assert world.says("data manager", "lock", stage="week8", why="all seen") == "done"


@pytest.mark.requirement("ES6", "AT5")
def test_a_redaction_withdraws_it_too_and_a_page_beyond_the_stage_does_not(world: World) -> None:
    finished(world, "Ann")
    typed = world.page("Ann", "person", "FIRST")
    page = {"participant": "Ann", "form": "person", "visit": "FIRST", "base": typed.number}
    noted = world.does("nurse", "record", **page, items={"remark": "Mrs A. Example"})
    for stage in ("week8", "final"):
        world.does("investigator", "sign_off", stage=stage, site="NORTH")
    world.page_of("Ann", "pressure", "EXTRA.1", HIGH)
    assert world.state.signed_off["week8", "NORTH"].withdrawn is None
    assert world.state.signed_off["final", "NORTH"].withdrawn is not None
    redaction = world.does("data manager", "redact", fact=noted.number, items=["remark"], why="a name was typed")
    assert world.state.signed_off["week8", "NORTH"].withdrawn == redaction.number


@pytest.mark.requirement("ES6", "AC3")
def test_only_an_investigator_of_the_site_signs_off_and_once(world: World) -> None:
    finished(world, "Ann")
    table = [
        ("nurse", {"stage": "week8", "site": "NORTH"}, "A nurse may not sign off the data of a site"),
        ("data manager", {"stage": "week8", "site": "NORTH"}, "A data manager may not sign off"),
        ("western investigator", {"stage": "week8", "site": "NORTH"}, "does not work at site NORTH"),
        ("investigator", {"stage": "week9", "site": "NORTH"}, "There is no lock 'week9'"),
        ("investigator", {"stage": "week8", "site": "EAST"}, "Site EAST is not activated"),
        ("investigator", {"stage": "week8", "site": "NORTH", "meaning": " "}, "Say what the sign-off means"),
        ("investigator", {"stage": "week8", "site": "NORTH"}, "done"),
        ("investigator", {"stage": "week8", "site": "NORTH"}, "NORTH is signed off for week8 already"),
    ]
    for who, details, answer in table:
        assert answer in world.says(who, "sign_off", **details)


@pytest.mark.requirement("ES6")
def test_a_question_that_waits_for_an_answer_is_answered_first(world: World) -> None:
    finished(world, "Ann")
    world.does("monitor", "ask_query", participant="Ann", form="pressure", visit="START", text="Which arm?")
    assert "Answer Q1 before" in world.says("investigator", "sign_off", stage="week8", site="NORTH")
    world.does("nurse", "answer_query", query="Q1", text="Left")
    assert world.says("investigator", "sign_off", stage="week8", site="NORTH") == "done"


@pytest.mark.requirement("ES1", "ES6")
def test_who_signed_what_with_which_meaning_is_listed(world: World) -> None:
    finished(world, "Ann")
    fact = world.does("investigator", "sign_off", stage="week8", site="NORTH", meaning="I have seen all of it")
    standing = world.state.signed_off["week8", "NORTH"]
    assert (standing.by, standing.name, standing.meaning) == ("p02", "Iris Investigator", "I have seen all of it")
    assert (standing.at, standing.number) == (fact.at, fact.number)
    assert fact.payload["pages"] == "4"
    assert isinstance(CAST["investigator"], Person)
