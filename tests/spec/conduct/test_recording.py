"""A form page is kept in one act: everything that is right about it, or nothing and every reason why."""

from datetime import date

import pytest
from tests.plugins.world import HIGH, World

from trialwright.capture.windows import due
from trialwright.ledger import kinds


@pytest.mark.requirement("AT10", "DC1")
def test_a_page_is_kept_whole_or_every_mistake_is_named(world: World) -> None:
    world.consented("Ann")
    table = [
        ("FIRST", {"upper": "160", "lower": "95"}, "done"),
        ("START", {"upper": "1600", "lower": "95"}, "1600 mm[Hg] lies outside 40 to 300 mm[Hg]"),
        ("START", {"upper": "160,5", "lower": "95"}, "write the decimal sign as a point"),
        ("START", {"upper": "160.5", "lower": "95"}, "160.5 is not a whole number"),
        ("START", {"upper": "90", "lower": "95"}, "The systolic pressure must lie above the diastolic pressure."),
        ("START", {"uper": "160"}, "form pressure has no item 'uper'; did you mean 'upper'?"),
        ("START", {"upper": "x", "lower": "y", "arm_side": "up"}, "'up' is not one of L (left), R (right)"),
        ("START", {"upper": "x", "lower": "y", "arm_side": "up"}, "'y' is not a whole number"),
        ("START", {"weight": "70.25"}, "is not a multiple of 0.1"),
        ("WEEK9", {"upper": "160", "lower": "95"}, "There is no visit 'WEEK9'"),
    ]
    for visit, items, answer in table:
        details = {"participant": "Ann", "form": "pressure", "visit": visit, "items": items}
        assert answer in world.says("nurse", "record", **details)
    assert list(world.person("Ann").pages) == [("FIRST", "pressure", "")]


@pytest.mark.requirement("DC2")
def test_values_are_kept_as_they_were_written(world: World) -> None:
    """Digits given are digits kept; nothing is filled in and nothing rounded."""
    world.consented("Ann")
    table = [("weight", "70.0", "70.0"), ("weight", "70", "70"), ("upper", "160", "160"), ("arm_side", "L", "L")]
    for place, (item, written, kept) in enumerate(table, start=1):
        visit = f"EXTRA.{place}"
        world.does("nurse", "record", participant="Ann", form="pressure", visit=visit, items={item: written})
        assert world.page("Ann", "pressure", visit).items == {item: kept}


@pytest.mark.requirement("AT1", "AT2")
def test_a_change_keeps_the_old_value_and_needs_a_reason(world: World) -> None:
    world.consented("Ann")
    first = world.page_of("Ann", "pressure", "FIRST", HIGH)
    change = {
        "participant": "Ann",
        "form": "pressure",
        "visit": "FIRST",
        "items": {"upper": "150"},
        "base": first.number,
    }
    assert "already has a value; give the reason of the change" in world.says("nurse", "record", **change)
    assert world.says("nurse", "record", **change, why="a digit was misread") == "done"
    assert world.page("Ann", "pressure", "FIRST").items == {"upper": "150", "lower": "95"}
    written = [fact for fact in world.facts() if fact.kind == kinds.PAGE_RECORDED]
    assert [(fact.payload["items"], fact.by, fact.why) for fact in written] == [
        ({"upper": "160", "lower": "95"}, "p03", None),
        ({"upper": "150"}, "p03", "a digit was misread"),
    ]


def test_clearing_a_value_is_a_change_like_any_other(world: World) -> None:
    world.consented("Ann")
    first = world.page_of("Ann", "pressure", "FIRST", HIGH)
    clear = {"participant": "Ann", "form": "pressure", "visit": "FIRST", "items": {"upper": None}, "base": first.number}
    assert "give the reason of the change" in world.says("nurse", "record", **clear)
    assert world.says("nurse", "record", **clear, why="another person's value") == "done"
    assert world.page("Ann", "pressure", "FIRST").items == {"upper": None, "lower": "95"}


def test_two_people_on_one_page_never_overwrite_each_other(world: World) -> None:
    """Who saves second is shown that the page has moved on, and decides."""
    world.consented("Ann")
    first = world.page_of("Ann", "pressure", "FIRST", HIGH)
    second = world.does(
        "investigator",
        "record",
        participant="Ann",
        form="pressure",
        visit="FIRST",
        items={"arm_side": "L"},
        base=first.number,
    )
    table = [
        ("without having seen the page", None, "was saved by somebody else meanwhile"),
        ("having seen the first save", first.number, "was saved by somebody else meanwhile"),
        ("having seen the second save", second.number, "done"),
    ]
    for how, base, answer in table:
        details = {"participant": "Ann", "form": "pressure", "visit": "FIRST", "items": {"weight": "80"}, "base": base}
        assert answer in world.says("nurse", "record", **details), how


def test_an_unusual_value_is_confirmed_with_a_reason_and_never_refused(world: World) -> None:
    world.consented("Ann")
    table = [
        ({"upper": "230", "lower": "140"}, {}, "lies outside the usual 80 to 220 mm[Hg]"),
        ({"upper": "230", "lower": "140"}, {"upper": "measured twice"}, "lies outside the usual 40 to 130 mm[Hg]"),
        ({"upper": "230", "lower": "140"}, {"upper": "measured twice", "lower": " "}, "confirm it with a reason"),
        ({"upper": "230", "lower": "140"}, {"upper": "measured twice", "lower": "measured twice"}, "done"),
    ]
    for items, confirmed, answer in table:
        details = {"participant": "Ann", "form": "pressure", "visit": "FIRST", "items": items, "confirmed": confirmed}
        assert answer in world.says("nurse", "record", **details)


def test_what_was_not_done_has_its_reason(world: World) -> None:
    world.consented("Ann")
    table = [
        ("FIRST", {}, {"*": "the cuff was broken"}, "done"),
        ("START", {"upper": "160"}, {"lower": "cuff slipped"}, "done"),
        ("WEEK8", {"upper": "160"}, {"lower": ""}, "lower: 'not done' needs a reason"),
        ("WEEK8", {"upper": "160"}, {"lowest": "?"}, "has no item 'lowest' that could be not done"),
    ]
    for visit, items, not_done, answer in table:
        details = {"participant": "Ann", "form": "pressure", "visit": visit, "items": items, "not_done": not_done}
        assert answer in world.says("nurse", "record", **details)
    assert world.page("Ann", "pressure", "FIRST").not_done == {"*": "the cuff was broken"}


def test_rows_of_a_log_are_numbered_and_none_known_is_an_answer(world: World) -> None:
    world.consented("Ann")
    world.consented("Bob")
    table = [
        ("Ann", "+", {"term": "headache", "worst": "1"}, {}, "done", ["1"]),
        ("Ann", "+", {"term": "dizziness", "worst": "2"}, {}, "done", ["1", "2"]),
        ("Bob", "0", {}, {"*": "none known"}, "done", ["0"]),
        ("Bob", "x", {"term": "cough"}, {}, "'x' is not a row number", ["0"]),
    ]
    for name, row, items, not_done, answer, rows in table:
        details = {"participant": name, "form": "events", "repeat": row, "items": items, "not_done": not_done}
        assert answer in world.says("nurse", "record", **details)
        assert [key[2] for key in world.person(name).pages] == rows


def test_a_form_is_entered_where_it_is_planned_or_unscheduled(world: World) -> None:
    world.consented("Ann")
    table = [
        ("nurse", "blood", "START", {"potassium": "4.1"}, "done"),
        ("laboratory", "blood", "WEEK8", {"potassium": "4.1"}, "done"),
        ("nurse", "blood", "FIRST", {"potassium": "4.1"}, "Blood is not planned at FIRST"),
        ("nurse", "pressure", "EXTRA.1", {"upper": "150", "lower": "90"}, "done"),
        (
            "laboratory",
            "pressure",
            "FIRST",
            {"upper": "150", "lower": "90"},
            "A laboratory does not enter Blood pressure",
        ),
        ("nurse", "presure", "FIRST", {"upper": "150"}, "There is no form 'presure'"),
        ("nurse", "events", "FIRST", {"term": "cough"}, "Adverse event is a log; record its rows without a visit"),
    ]
    for who, form, visit, items, answer in table:
        details = {"participant": "Ann", "form": form, "visit": visit, "items": items}
        assert answer in world.says(who, "record", **details)


@pytest.mark.requirement("DC4")
def test_a_visit_outside_its_window_is_kept_and_flagged(world: World) -> None:
    """Week 8 is due on day 57, seven days either way, counted from the start visit on 2 March, which is day 1."""
    table = [
        ("Ann", "2026-04-19", -1),
        ("Bob", "2026-04-20", 0),
        ("Cas", "2026-04-27", 0),
        ("Dot", "2026-05-04", 0),
        ("Eva", "2026-05-06", 2),
    ]
    for name, _, _ in table:
        world.randomised(name)
    world.clock.move(days=70)
    for name, on, days_outside in table:
        world.does("nurse", "record", participant=name, form="pressure", visit="WEEK8", items=HIGH, on=on)
        start = world.page(name, "pressure", "START").on
        week8 = due(world.definition, "WEEK8", date.fromisoformat(start))
        assert week8.deviation(date.fromisoformat(world.page(name, "pressure", "WEEK8").on)) == days_outside


@pytest.mark.requirement("BL1", "BL2")
def test_a_value_that_would_give_the_treatment_away_never_reaches_the_ledger(world: World) -> None:
    """Renin is sealed in this trial: the ledger keeps a commitment, the vault the value."""
    world.consented("Ann")
    table = [
        ("START", {"potassium": "4.4", "renin": "731"}, [kinds.SEALED_KEPT, kinds.PAGE_RECORDED]),
        ("WEEK8", {"renin": "915"}, [kinds.SEALED_KEPT]),
    ]
    for visit, items, written in table:
        before = len(world.facts())
        world.does("laboratory", "record", participant="Ann", form="blood", visit=visit, items=items)
        assert [fact.kind for fact in world.facts()[before:]] == written
    for fact in world.facts():
        assert not {"731", "915"} & _leaves(fact.payload)
    opened = [value["renin"] for value in world.desk.vault.kept(world.keys).values()]
    assert sorted(opened) == ["731", "915"]


def _leaves(value: object) -> set[str]:
    """Every text in a payload."""
    if isinstance(value, dict):
        return {text for entry in value.values() for text in _leaves(entry)} | set(value)
    if isinstance(value, list):
        return {text for entry in value for text in _leaves(entry)}
    return {str(value)}


@pytest.mark.requirement("AT8")
def test_the_time_of_an_act_is_that_of_the_server_and_never_runs_backwards(world: World) -> None:
    """The date of an assessment is what the page says; the instant of the entry is the server's, in UTC."""
    world.consented("Ann")
    table = [
        (0, "2026-02-27", "2026-03-02T08:00"),
        (90, "2026-03-02", "2026-03-02T09:30"),
        (-60, "2026-03-02", "2026-03-02T09:30"),
    ]
    for place, (minutes, on, at) in enumerate(table):
        world.clock.move(minutes=minutes)
        fact = world.does(
            "nurse", "record", participant="Ann", form="pressure", visit=f"EXTRA.{place + 1}", items=HIGH, on=on
        )
        assert (fact.payload["on"], fact.at[:16], fact.at[-1]) == (on, at, "Z")
