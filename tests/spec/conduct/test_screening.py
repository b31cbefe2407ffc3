"""The verdict on who may take part: from recorded pages and judgements, with what is missing when it is not clear."""

import pytest
from tests.plugins.world import World


def test_the_verdict_follows_from_what_is_known(world: World) -> None:
    """A criterion that fails decides, whatever else is missing; what is missing is named otherwise."""
    table = [
        ("Ann", {"age": "50"}, {"upper": "160"}, "eligible", []),
        ("Bob", {"age": "18"}, {"upper": "140"}, "eligible", []),
        ("Cas", {"age": "17"}, {"upper": "160"}, "not eligible", []),
        ("Dot", {"age": "50"}, {"upper": "139"}, "not eligible", []),
        ("Eva", {"age": "50", "sex": "F"}, {"upper": "160"}, "needs data", ["pregnant"]),
        ("Flo", {"age": "17", "sex": "F"}, {"upper": "160"}, "not eligible", []),
        ("Gus", {"age": "50", "drug": "water"}, {"upper": "160"}, "eligible", []),
        ("Hal", {"age": "50", "drug": "other"}, {"upper": "160"}, "needs judgement", []),
    ]
    for name, person, pressure, verdict, missing in table:
        world.seen(name, person, pressure)
        world.does("nurse", "screen", participant=name)
        recorded = world.person(name).verdicts[-1]
        assert recorded.verdict.replace("_", " ") == verdict, name
        if verdict == "needs data":
            assert recorded.missing == missing


def test_a_judgement_has_a_name_and_a_reason_and_decides(world: World) -> None:
    world.seen("Ann", {"drug": "other"})
    world.seen("Bob", {"drug": "other"})
    table = [
        ("nurse", "Ann", "EX2", False, "two tablets, the second can wait", "A nurse may not judge a criterion"),
        ("investigator", "Ann", "IN1", False, "old enough", "No criterion asks for a judgement 'IN1'"),
        ("investigator", "Ann", "EX2", False, " ", "A judgement needs its reason in words"),
        ("investigator", "Ann", "EX2", False, "the tablet was started last week only", "done"),
        ("investigator", "Bob", "EX2", True, "a kidney disease needs it", "done"),
    ]
    for who, name, criterion, cannot_be_stopped, why, answer in table:
        assert answer in world.says(
            who, "judge", participant=name, criterion=criterion, answer=cannot_be_stopped, why=why
        )
    for name, verdict in (("Ann", "eligible"), ("Bob", "not eligible")):
        world.does("nurse", "screen", participant=name)
        assert world.person(name).verdicts[-1].verdict.replace("_", " ") == verdict
        assert next(iter(world.person(name).judgements.values()))["name"] == "Iris Investigator"


def test_there_is_no_verdict_without_a_dated_screening_page(world: World) -> None:
    """Windows of criteria are counted from the day of screening, so that day must be known."""
    world.consented("Ann")
    assert "record the screening pages first" in world.says("nurse", "screen", participant="Ann")
    world.page_of("Ann", "person", "FIRST", {"age": "50"})
    assert world.says("nurse", "screen", participant="Ann") == "done"
    assert world.person("Ann").verdicts[-1].anchor == "2026-03-02"


@pytest.mark.requirement("RN2")
def test_screening_again_keeps_the_earlier_verdict(world: World) -> None:
    """Each verdict is a fact; after the draw the verdict of that moment stands."""
    world.seen("Ann", {"sex": "F"})
    world.does("nurse", "screen", participant="Ann")
    world.page_of("Ann", "pregnancy", "FIRST", {"positive": "false"})
    world.does("nurse", "screen", participant="Ann")
    assert [verdict.verdict.replace("_", " ") for verdict in world.person("Ann").verdicts] == ["needs data", "eligible"]
    world.page_of("Ann", "pressure", "START", {"upper": "160", "lower": "95"})
    world.does("nurse", "randomise", participant="Ann")
    assert "the verdict at that moment stands" in world.says("nurse", "screen", participant="Ann")
