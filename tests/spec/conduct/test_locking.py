"""The database is locked by the stages that the definition declares; what is locked takes nothing more."""

import pytest
from tests.plugins.world import HIGH, World


def finished(world: World, *names: str) -> None:
    """Participants with everything recorded up to week 8."""
    for name in names:
        world.randomised(name)
        world.page_of(name, "pressure", "WEEK8", HIGH)


@pytest.mark.requirement("DC8")
def test_a_lock_waits_for_visits_and_queries(world: World) -> None:
    """Everything that stands in the way is listed at once."""
    finished(world, "Ann")
    world.randomised("Bob")
    world.does("monitor", "ask_query", participant="Ann", form="pressure", visit="START", text="Which arm?")
    refused = world.says("data manager", "lock", stage="week8", why="all seen")
    for problem in ("Q1 on Ann START pressure is open", "Bob has no page of WEEK8 and still takes part"):
        assert problem in refused
    table = [
        ("nurse", "answer_query", {"query": "Q1", "text": "Left"}),
        ("monitor", "close_query", {"query": "Q1", "text": "Thank you"}),
        ("nurse", "lose", {"participant": "Bob", "last_contact": "2026-03-02"}),
        ("investigator", "sign_off", {"stage": "week8", "site": "NORTH"}),
        ("data manager", "lock", {"stage": "week8", "why": "all seen"}),
    ]
    for who, does, details in table:
        assert world.says(who, does, **details) == "done"


@pytest.mark.requirement("DC8", "AC6")
def test_what_is_locked_takes_nothing_and_the_rest_goes_on(world: World) -> None:
    finished(world, "Ann")
    world.locked("week8")
    table = [
        (
            "record",
            {"form": "pressure", "visit": "START", "items": {"upper": "150"}, "base": 1, "why": "misread"},
            "Visit START is locked",
        ),
        ("record", {"form": "blood", "visit": "WEEK8", "items": {"potassium": "4"}}, "Visit WEEK8 is locked"),
        ("record", {"form": "events", "repeat": "+", "items": {"term": "cough", "worst": "1"}}, "done"),
        ("record", {"form": "pressure", "visit": "EXTRA.1", "items": HIGH}, "done"),
        ("complete", {"on": "2026-03-02"}, "done"),
    ]
    for does, details, answer in table:
        assert answer in world.says("nurse", does, participant="Ann", **details)


@pytest.mark.requirement("DC8", "AC6")
def test_after_the_final_lock_nothing_is_added_by_anybody(world: World) -> None:
    finished(world, "Ann")
    world.seen("Bob")
    for stage in ("week8", "final"):
        if stage == "final":
            world.does("nurse", "complete", participant="Ann", on="2026-03-02")
        world.locked(stage)
    table = [
        ("nurse", "consent", {"site": "NORTH", "form_version": "1", "scopes": {"trial": True}}),
        ("nurse", "prescreen", {"site": "NORTH", "outcome": "declined", "reason": "no time"}),
        ("nurse", "record", {"participant": "Ann", "form": "events", "repeat": "+", "items": {"term": "cough"}}),
        ("nurse", "screen", {"participant": "Bob"}),
        ("nurse", "randomise", {"participant": "Bob"}),
        ("investigator", "sign", {"participant": "Ann", "form": "pressure", "visit": "START"}),
        ("monitor", "ask_query", {"participant": "Ann", "form": "pressure", "visit": "START", "text": "?"}),
        ("nurse", "withdraw_consent", {"participant": "Bob", "scopes": ["trial"]}),
        ("nurse", "lose", {"participant": "Bob", "last_contact": "2026-03-02"}),
        ("sponsor", "activate", {"site": "NORTH"}),
    ]
    for who, does, details in table:
        assert "The database is locked; nothing can be added or changed" in world.says(who, does, **details)


def test_stages_are_set_once_and_in_order(world: World) -> None:
    finished(world, "Ann")
    world.does("nurse", "complete", participant="Ann", on="2026-03-02")
    for stage in ("week8", "final"):
        world.does("investigator", "sign_off", stage=stage, site="NORTH")
    table = [
        ("data manager", "week9", "There is no lock 'week9'; the definition declares week8, final"),
        ("data manager", "final", "Lock week8 comes first"),
        ("monitor", "week8", "A monitor may not lock the database"),
        ("data manager", "week8", "done"),
        ("data manager", "week8", "Lock week8 was set before"),
        ("data manager", "final", "done"),
    ]
    for who, stage, answer in table:
        assert answer in world.says(who, "lock", stage=stage, why="all seen")


def test_the_lock_holds_the_hash_of_what_the_analysis_will_read(world: World) -> None:
    finished(world, "Ann")
    world.does("investigator", "sign_off", stage="week8", site="NORTH")
    locked = world.does("data manager", "lock", stage="week8", why="all seen")
    assert locked.payload["snapshot"] == world.snapshot(before=locked.number).hash
    assert locked.payload["visits"] == ["FIRST", "START", "WEEK8"]
