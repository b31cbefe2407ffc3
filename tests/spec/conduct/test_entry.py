"""What a page must be before it is kept, beside its values: its date, its row, its version, and the words about it."""

from typing import Any

import pytest
from tests.plugins.world import HIGH, World
from tests.plugins.worlds import in_memory

from trialwright.design.model import Form, Item, ItemType, Scheduled

PRESSURE = {"participant": "Ann", "form": "pressure"}


def under(world: World, **changes: Any) -> World:
    """The world after an amendment that both sites work under."""
    definition = world.definition.model_copy(update={"version": "2", **changes})
    world.does("sponsor", "amend", definition=definition, why="for this paragraph")
    world.does("sponsor", "activate", site="NORTH")
    return world


def test_a_date_is_a_day_that_has_come_at_the_site(world: World) -> None:
    world.consented("Ann")
    table = [
        ("yesterday", "on: 'yesterday' is not a date"),
        ("20260302", "is not a date"),
        ("2026-02-30", "is not a date"),
        ("2026-03-03", "2026-03-03 has not come yet"),
        ("2062-03-02", "2062-03-02 has not come yet"),
        ("2026-03-02", "done"),
    ]
    for on, answer in table:
        assert answer in world.says("nurse", "record", **PRESSURE, visit="FIRST", items=HIGH, on=on)
    assert "has not come yet" in world.says("nurse", "lose", participant="Ann", last_contact="2026-04-01")


def test_a_moved_date_is_a_change_and_needs_its_reason(world: World) -> None:
    world.consented("Ann")
    base = world.page_of("Ann", "pressure", "FIRST", HIGH).number
    moved = {**PRESSURE, "visit": "FIRST", "on": "2026-03-01", "base": base}
    assert "the date of the assessment of Ann already has a value" in world.says("nurse", "record", **moved)
    assert world.says("nurse", "record", **moved, why="written a day late") == "done"
    assert world.page("Ann", "pressure", "FIRST").on == "2026-03-01"


def test_a_save_with_nothing_new_is_refused_and_leaves_the_signature(world: World) -> None:
    world.consented("Ann")
    base = world.page_of("Ann", "pressure", "FIRST", HIGH).number
    world.does("investigator", "sign", **PRESSURE, visit="FIRST")
    same = {**PRESSURE, "visit": "FIRST", "items": HIGH, "on": "2026-03-02", "base": base}
    assert "Nothing on Blood pressure is new" in world.says("nurse", "record", **same)
    assert "Nothing on Blood pressure is new" in world.says("nurse", "record", **PRESSURE, visit="START", items={})
    assert world.page("Ann", "pressure", "FIRST").signed


def test_rows_of_a_log_have_no_gaps_and_none_known_is_said_before_there_are_any(world: World) -> None:
    world.consented("Ann")
    cough = {"term": "cough", "worst": "1"}
    table = [
        ("7", cough, {}, "Adverse event has no row 7; the next one is 1"),
        ("0", cough, {}, "Row 0 of Adverse event only says that there is nothing to log"),
        ("0", {}, {"*": "none known"}, "done"),
        ("1", cough, {}, "done"),
        ("+", cough, {}, "done"),
        ("4", cough, {}, "the next one is 3"),
    ]
    for repeat, items, not_done, answer in table:
        said = world.says(
            "nurse", "record", participant="Ann", form="events", repeat=repeat, items=items, not_done=not_done
        )
        assert answer in said


def test_a_page_is_never_both_done_and_not_done(world: World) -> None:
    world.consented("Ann")
    page = {**PRESSURE, "visit": "FIRST"}
    table = [
        ({"items": HIGH, "not_done": {"upper": "no cuff"}}, "has a value and is said to be not done"),
        ({"items": HIGH, "not_done": {"*": "no cuff"}}, "the page has values and is said to be not done"),
        ({"not_done": {"*": "no cuff"}}, "done"),
        ({"items": HIGH}, "the page of Ann already has a value"),
        ({"items": HIGH, "why": "a cuff was found"}, "done"),
        ({"not_done": {"lower": "unreadable"}}, "lower of Ann already has a value"),
        ({"not_done": {"lower": "unreadable"}, "why": "blotted"}, "done"),
    ]
    for details, answer in table:
        kept = world.person("Ann").pages.get(("FIRST", "pressure", ""))
        base = kept.number if kept else None
        assert answer in world.says("nurse", "record", **page, base=base, **details)
    page_now = world.page("Ann", "pressure", "FIRST")
    assert (page_now.items, page_now.not_done) == ({"upper": "160", "lower": None}, {"lower": "unreadable"})


def test_only_what_asked_for_a_confirmation_gets_one(world: World) -> None:
    world.consented("Ann")
    high = {**PRESSURE, "visit": "FIRST", "items": {"upper": "230", "lower": "95"}}
    words = {"upper": "measured twice", "wide": "measured twice", "lower": "why not"}
    assert "no item or check 'uper'" in world.says("nurse", "record", **high, confirmed={**words, "uper": "twice"})
    first = world.does("nurse", "record", **high, confirmed=words)
    assert world.page("Ann", "pressure", "FIRST").confirmed == {"upper": "measured twice", "wide": "measured twice"}
    side = world.does("nurse", "record", **PRESSURE, visit="FIRST", items={"arm_side": "L"}, base=first.number)
    change = {"items": {"upper": "150"}, "base": side.number, "why": "misread"}
    world.does("nurse", "record", **PRESSURE, visit="FIRST", **change)
    assert "upper" not in world.page("Ann", "pressure", "FIRST").confirmed


@pytest.mark.requirement("DC3")
def test_an_edit_check_asks_once_and_not_again_while_its_values_stand(world: World) -> None:
    world.consented("Ann")
    world.page_of("Ann", "pressure", "FIRST", {"upper": "110", "lower": "90"})
    number = world.page_of("Ann", "pressure", "START", {"upper": "180", "lower": "95"}).number
    table = [
        ({"items": {"weight": "80"}}, ["Q1"]),
        ({"items": {"upper": "181"}, "why": "misread"}, ["Q1"]),
    ]
    for details, asked in table:
        base = world.page("Ann", "pressure", "START").number
        world.does("nurse", "record", **PRESSURE, visit="START", base=base, **details)
        assert list(world.state.queries) == asked
    world.does("monitor", "close_query", query="Q1", text="seen")
    base = world.page("Ann", "pressure", "START").number
    world.does("nurse", "record", **PRESSURE, visit="START", base=base, items={"arm_side": "L"})
    assert list(world.state.queries) == ["Q1"]
    assert number < base


def test_a_page_that_does_not_exist_cannot_be_changed(world: World) -> None:
    world.consented("Ann")
    assert "has no such page" in world.says("nurse", "record", **PRESSURE, visit="FIRST", items=HIGH, base=3)


def test_only_unscheduled_visits_have_numbers(world: World) -> None:
    world.consented("Ann")
    for visit, answer in (
        ("START.1", "is no visit"),
        ("EXTRA", "is no visit"),
        ("EXTRA.x", "no visit"),
        ("EXTRA.1", "done"),
    ):
        assert answer in world.says("nurse", "record", **PRESSURE, visit=visit, items=HIGH)


@pytest.mark.requirement("DC5")
def test_a_page_is_read_and_corrected_under_the_version_that_it_was_entered_under(world: World) -> None:
    """An amendment that narrows an item neither breaks an old page nor judges it anew."""
    world.seen("Ann", {"age": "70"})
    person = world.definition.forms["person"]
    items = tuple(i.model_copy(update={"range": (0, 60)}) if i.id == "age" else i for i in person.items)
    under(world, forms={**world.definition.forms, "person": person.model_copy(update={"items": items})})
    assert world.says("nurse", "screen", participant="Ann") == "done"
    assert world.person("Ann").verdicts[-1].verdict == "eligible"
    page = world.page("Ann", "person", "FIRST")
    old = {"participant": "Ann", "form": "person", "visit": "FIRST", "items": {"age": "71"}, "why": "misread"}
    assert world.does("nurse", "record", **old, base=page.number).version == "1"


TABLETS = Form(label="Tablets", items=(Item(id="label", type=ItemType.SLOT_LABEL, label="Label on the box"),))


def test_a_treatment_is_recorded_under_the_label_that_was_drawn() -> None:
    """A wrong box that was really given must be recordable, and says what happened."""
    world = in_memory()
    under(
        world,
        forms={**world.definition.forms, "tablets": TABLETS},
        schedule={**world.definition.schedule, "tablets": Scheduled(visits=("START", "WEEK8"))},
    )
    for name in ("Ann", "Bob"):
        world.seen(name)
    given = {"participant": "Ann", "form": "tablets", "visit": "START"}
    assert "Ann is not randomised" in world.says("nurse", "record", **given, items={"label": "F4G6TYG"})
    for name in ("Ann", "Bob"):
        world.does("nurse", "screen", participant=name)
        world.page_of(name, "pressure", "START", HIGH)
        world.does("nurse", "randomise", participant=name)
    own, other = (world.person(name).allocation.label for name in ("Ann", "Bob"))
    told = {"label": "the boxes were exchanged"}
    table = [
        ("START", other, {}, f"'{other}' is not the label of Ann, which is {own}; do not give it"),
        ("START", other, told, "done"),
        ("WEEK8", own, {}, "done"),
    ]
    for visit, label, confirmed, answer in table:
        details = {**given, "visit": visit, "items": {"label": label}, "confirmed": confirmed}
        assert answer in world.says("nurse", "record", **details)


def test_after_a_stop_of_treatment_a_dose_says_why_it_was_given() -> None:
    world = in_memory()
    under(
        world,
        forms={**world.definition.forms, "tablets": TABLETS},
        schedule={**world.definition.schedule, "tablets": Scheduled(visits=("START", "WEEK8"))},
    )
    world.randomised("Ann")
    world.does("investigator", "stop_treatment", participant="Ann", reason="a rash")
    world.clock.move(days=3)
    given = {
        "participant": "Ann",
        "form": "tablets",
        "visit": "WEEK8",
        "items": {"label": world.person("Ann").allocation.label},
    }
    table = [
        ({"on": "2026-03-05"}, "the treatment of Ann was stopped"),
        ({"on": "2026-03-05", "confirmed": {"label": "taken at home by mistake"}}, "done"),
    ]
    for details, answer in table:
        assert answer in world.says("nurse", "record", **given, **details)


def test_acts_that_stand_on_their_reason_have_one(world: World) -> None:
    table = [
        ("data manager", "lock", {"stage": "week8", "why": " "}),
        ("statistician", "unblind", {"stage": "week8", "keys": (), "why": ""}),
        ("sponsor", "amend", {"definition": world.definition, "why": ""}),
    ]
    for who, verb, details in table:
        assert "Say why in words" in world.says(who, verb, **details)


@pytest.mark.requirement("RN1")
def test_an_amendment_stays_within_the_list_that_was_committed(world: World) -> None:
    plan = world.definition.randomisation
    strata = {"sex": plan.strata["drug"].model_copy(update={"item": "person.sex", "map": {"F": "f", "M": "m"}})}
    table = [
        (plan.model_copy(update={"n": 24}), "too few slots"),
        (plan.model_copy(update={"strata": strata}), "The allocation list is not for this definition"),
        (plan.model_copy(update={"n": 10}), "done"),
    ]
    for randomisation, answer in table:
        new = world.definition.model_copy(update={"version": "2", "randomisation": randomisation})
        assert answer in world.says("sponsor", "amend", definition=new, why="more people")


def test_judgements_and_draws_stand_where_they_were_made(world: World) -> None:
    """A criterion is not judged after the draw, and nobody is drawn into visits that are locked."""
    world.eligible("Bob")
    world.randomised("Ann")
    judged = {"participant": "Ann", "criterion": "EX2", "answer": True, "why": "on reflection"}
    assert "randomised already; the judgements" in world.says("investigator", "judge", **judged)
    world.page_of("Ann", "pressure", "WEEK8", HIGH)
    world.locked("week8")
    assert "Visit START is locked" in world.says("nurse", "randomise", participant="Bob")
    elsewhere = {"site": "WEST", "form_version": "1", "scopes": {"trial": True}, "participant": world.numbers["Ann"]}
    assert "does not work at site WEST" in world.says("nurse", "consent", **elsewhere)


@pytest.mark.requirement("ES2", "AT5")
def test_a_redaction_withdraws_the_signature_and_is_a_conflict_for_whoever_had_the_page_open(world: World) -> None:
    world.consented("Ann")
    page = {"participant": "Ann", "form": "person", "visit": "FIRST"}
    typed = world.page_of("Ann", "person", "FIRST", {"age": "50", "remark": "Mrs A. Example"})
    world.does("investigator", "sign", **page)
    world.does("data manager", "redact", fact=typed.number, items=["remark"], why="a name was typed")
    assert world.page("Ann", "person", "FIRST").signed is None
    stale = world.says("nurse", "record", **page, items={"sex": "F"}, base=typed.number)
    assert "was saved by somebody else meanwhile" in stale
