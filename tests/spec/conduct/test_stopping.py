"""Treatment, visits and participation end by separate acts, because each leaves something else going on."""

from tests.plugins.world import HIGH, World

WEEK8 = {"form": "pressure", "visit": "WEEK8", "items": HIGH}


def test_each_way_of_stopping_leaves_something_else_going_on(world: World) -> None:
    """After treatment stops, visits go on. After visits stop, nothing new begins. Who is lost can still send data."""
    table = [
        ("Ann", "investigator", "stop_treatment", {"reason": "a rash"}, "done", None),
        ("Bob", "nurse", "stop_visits", {"reason": "moved away"}, "Bob has stopped the visits", None),
        ("Cas", "nurse", "lose", {"last_contact": "2026-03-02"}, "done", "lost"),
        ("Dot", "nurse", "complete", {"on": "2026-03-02"}, "done", "completed"),
        ("Eva", "nurse", "withdraw_consent", {"scopes": ["trial"]}, "Eva", "withdrawn"),
    ]
    for name, who, does, details, week8, ended in table:
        world.randomised(name)
        assert world.says(who, does, participant=name, **details) == "done"
        assert week8 in world.says("nurse", "record", participant=name, **WEEK8)
        assert (("WEEK8", "pressure", "") in world.person(name).pages) is (week8 == "done")
        assert world.person(name).ended == ended


def test_a_stop_is_recorded_once_with_its_reason(world: World) -> None:
    world.randomised("Ann")
    world.eligible("Bob")
    table = [
        ("nurse", "stop_treatment", {"participant": "Ann", "reason": "a rash"}, "A nurse may not stop the treatment"),
        ("investigator", "stop_treatment", {"participant": "Ann", "reason": " "}, "Give the reason in words"),
        ("investigator", "stop_treatment", {"participant": "Ann", "reason": "a rash"}, "done"),
        (
            "investigator",
            "stop_treatment",
            {"participant": "Ann", "reason": "a rash"},
            "This was recorded for Ann before",
        ),
        ("investigator", "stop_treatment", {"participant": "Bob", "reason": "a rash"}, "Bob is not randomised"),
        ("nurse", "stop_visits", {"participant": "Ann", "reason": "moved away"}, "done"),
        ("nurse", "lose", {"participant": "Ann", "last_contact": "spring"}, "'spring' is not a date"),
        ("nurse", "lose", {"participant": "Ann", "last_contact": "2026-03-02"}, "done"),
        ("nurse", "complete", {"participant": "Ann", "on": "2026-03-02"}, "Ann is lost to follow-up"),
    ]
    for who, does, details, answer in table:
        assert answer in world.says(who, does, **details)


def test_visits_that_had_begun_can_still_be_finished(world: World) -> None:
    world.randomised("Ann")
    world.does("nurse", "stop_visits", participant="Ann", reason="moved away")
    table = [
        ("START", "blood", {"potassium": "4.1"}, "done"),
        ("WEEK8", "blood", {"potassium": "4.1"}, "nothing new is recorded"),
    ]
    for visit, form, items, answer in table:
        assert answer in world.says("laboratory", "record", participant="Ann", form=form, visit=visit, items=items)
