"""Preparation by the hospital pharmacy: planned before anybody looks, sealed, released by the hour.

The small trial with infusions: 2 g/kg over 2 to 5 days, 30 g on the first day, ready at 10:00 and 14:00 of the site.
Monday, nine o'clock at the northern site.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.plugins.supplying import PHARMACIST, in_memory, infused_trial, on_disk, prepared, treated
from tests.plugins.world import World
from tests.plugins.worlds import allocation_list

from trialwright import conduct
from trialwright.allocation.sealing import opened
from trialwright.allocation.slots import OpenSlot
from trialwright.conduct import Refused
from trialwright.conduct.prepare import planned
from trialwright.conduct.release import becomes_ready, days_of, good_until
from trialwright.ledger import kinds


@pytest.fixture
def world() -> World:
    """The trial in memory."""
    return in_memory()


def release(world: World, *records: dict[str, object]) -> list[str]:
    """What `release` appended, or what it answered."""
    try:
        return [fact.kind for fact in conduct.release(world.desk, prepared=records, by=PHARMACIST)]
    except Refused as refused:
        return [world.named(sentence) for sentence in refused.problems or (refused.sentence,)]


SEALED, READY = kinds.SUPPLY_SEALED, kinds.TREATMENT_READY


def test_the_course_follows_from_the_pages_alone(world: World) -> None:
    """70 kg: 140 g; 30 g = 600 mL on the first day of the first course, then 55 g = 1,100 mL twice."""
    plan = planned(world.desk.protocol(), world.person(treated(world, "Anna")), "START", 3)
    assert plan.dosing.says == ("70 kg at START, the newest weight",)
    assert [day.volume_ml for day in plan.course.days] == [600, 1100, 1100]


def test_without_a_weight_nothing_is_planned(world: World) -> None:
    world.randomised("Bert")
    with pytest.raises(Refused, match="No weight is recorded yet"):
        planned(world.desk.protocol(), world.person("Bert"), "START", 3)


@pytest.mark.requirement("BL1")
def test_what_was_prepared_becomes_ready_at_the_declared_hour(world: World) -> None:
    treated(world, "Anna")
    record = prepared(world, "Anna")
    assert release(world, record) == ["Anna, START, day 1 to 3: it becomes ready at 10:00 on 2026-03-02, not before"]
    world.clock.move(hours=1)
    assert release(world, record) == [SEALED, READY]
    assert list(world.person("Anna").ready) == [("START", "1 to 3")]


def test_work_that_ended_between_two_hours_waits_for_the_next(world: World) -> None:
    """So the hour of the release tells nothing of how long the work took."""
    treated(world, "Anna")
    world.clock.move(hours=1, minutes=1)
    record = prepared(world, "Anna")
    world.clock.move(hours=2)
    assert release(world, record) == ["Anna, START, day 1 to 3: it becomes ready at 14:00 on 2026-03-02, not before"]


def test_work_after_the_last_hour_waits_for_the_next_day(world: World) -> None:
    protocol, at = world.desk.protocol(), world.clock.now().replace(hour=20)
    assert becomes_ready(protocol, "NORTH", at).isoformat() == "2026-03-03T09:00:00+00:00"
    assert becomes_ready(protocol, "WEST", at).isoformat() == "2026-03-03T10:00:00+00:00"


def test_the_life_of_a_bag_counts_from_the_hour_before(world: World) -> None:
    """Seven days from 10:00, whether the work ended at 10:01 or 13:59; from midnight before the first hour."""
    protocol, day = world.desk.protocol(), world.clock.now()
    ends = {
        (hour, minute): good_until(protocol, "NORTH", day.replace(hour=hour, minute=minute)).isoformat()[:16]
        for hour, minute in ((8, 30), (9, 1), (12, 59), (13, 1))
    }
    assert ends == {
        (8, 30): "2026-03-08T23:00",
        (9, 1): "2026-03-09T09:00",
        (12, 59): "2026-03-09T09:00",
        (13, 1): "2026-03-09T13:00",
    }


def test_all_of_one_hour_are_released_in_one_act_in_the_order_of_labels(world: World) -> None:
    names = [treated(world, name) for name in ("Anna", "Cees", "Dora")]
    records = [prepared(world, name) for name in names]
    world.clock.move(hours=2)
    before = world.state.number
    assert release(world, *reversed(records)) == [SEALED, READY] * 3
    labels = [fact.payload["label"] for fact in world.facts()[before:] if fact.kind == READY and fact.payload]
    assert labels == sorted(labels)
    assert len({fact.at for fact in world.facts()[before:]}) == 1


def test_a_client_that_asks_again_releases_nothing_twice(world: World) -> None:
    treated(world, "Anna")
    record = prepared(world, "Anna")
    world.clock.move(hours=2)
    assert release(world, record) == [SEALED, READY]
    assert release(world, record) == []
    other = {**record, "reference": "another"}
    assert release(world, other) == ["Anna, START, day 1 to 3: it is ready already; say that this replaces it"]
    assert release(world, {**other, "again": "yes"}) == [SEALED, READY]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"label": "23456789"}, "'23456789' is not this participant's label"),
        ({"visit": "FIRST"}, "no treatment is planned at this visit"),
        ({"day": "3 to 1"}, "'3 to 1' names no days; write 2, or 1 to 3"),
        ({"day": "6"}, "a course has at most 5 days"),
        ({"checked_by": ""}, "nobody is named who checked it"),
        ({"checked_by": "pia pharmacist "}, "the second check is made by another person than the preparation"),
        ({"lots": []}, "no lot is named"),
        ({"prepared_at": "today"}, "'today' is no instant of the end of its preparation"),
        (
            {"prepared_at": "2026-03-02T23:00:00.000000Z"},
            "its preparation has not ended yet; look at this computer's clock",
        ),
    ],
)
def test_a_wrong_record_is_refused(world: World, changes: dict[str, object], says: str) -> None:
    treated(world, "Anna")
    record = {**prepared(world, "Anna"), **changes}
    world.clock.move(hours=2)
    assert release(world, record) == [f"Anna, {record['visit']}, day {record['day']}: {says}"]
    assert not world.person("Anna").ready


@pytest.mark.parametrize("ends", ["stop_treatment", "withdraw_consent"])
def test_what_was_used_for_somebody_who_stopped_is_kept_and_not_made_ready(world: World, ends: str) -> None:
    treated(world, "Anna")
    record = prepared(world, "Anna")
    world.clock.move(hours=2)
    about = {"reason": "adverse event"} if ends == "stop_treatment" else {"scopes": ["trial"], "why": "moves"}
    world.does("investigator", ends, participant="Anna", **about)
    assert release(world, record) == [SEALED]
    assert not world.person("Anna").ready


def test_a_bag_that_is_too_old_is_kept_and_not_made_ready(world: World) -> None:
    treated(world, "Anna")
    record = prepared(world, "Anna")
    world.clock.move(days=8)
    assert release(world, record) == [SEALED]


def test_only_a_pharmacist_releases_or_keeps_the_account(world: World) -> None:
    record = {"record": "received", "lots": [{"product": "tablet", "lot": "N1", "size": "20 g", "count": "5"}]}
    assert "A nurse may not release what was prepared" in world.says("nurse", "release", prepared=[])
    assert "A nurse may not keep a record" in world.says("nurse", "keep_supply", record=record, reference="r")


def test_a_record_of_the_stock_is_kept_once(world: World) -> None:
    record = {"record": "received", "lots": [{"product": "tablet", "lot": "N1", "size": "20 g", "count": "5"}]}
    first = conduct.keep_supply(world.desk, record=record, reference="r", by=PHARMACIST)
    assert conduct.keep_supply(world.desk, record=record, reference="r", by=PHARMACIST) == first
    (kept,) = world.desk.vault.kept(world.keys, "supply/").values()
    assert kept["lots"] == record["lots"]


def test_a_wrong_record_of_the_stock_is_refused_with_everything(world: World) -> None:
    lot = {"product": "sugar", "lot": " ", "size": "", "count": "0"}
    with pytest.raises(Refused) as refused:
        conduct.keep_supply(world.desk, record={"record": "eaten", "lots": [lot]}, reference="r", by=PHARMACIST)
    assert len(refused.value.problems) == 5


def test_days_are_read_as_they_are_written() -> None:
    assert [list(days_of(text)) for text in ("2", "1 to 3")] == [[2], [1, 2, 3]]
    for wrong in ("", "0", "3 to 1", "1 to 1", "one", "01"):
        with pytest.raises(ValueError, match=r"names no days|invalid literal"):
            days_of(wrong)


# ------------------------------------------------------------------ two worlds


def swapped(slots: tuple[OpenSlot, ...]) -> tuple[OpenSlot, ...]:
    """Everybody gets the other arm."""
    return tuple(replace(slot, arm={"T": "P", "P": "T"}[slot.arm]) for slot in slots)


def story(world: World) -> list[tuple[object, ...]]:
    """A pharmacy's fortnight; what the facts say without the tokens that follow from the arms."""
    names = [treated(world, name, weight) for name, weight in (("Anna", "70"), ("Cees", "81.5"), ("Dora", "55"))]
    for product in ("tablet", "placebo"):
        lot = {"product": product, "lot": "N1", "size": "20 g", "count": "5"}
        record = {"record": "received", "lots": [lot]}
        conduct.keep_supply(world.desk, record=record, reference=product, by=PHARMACIST)
    records = [prepared(world, name) for name in names]
    world.clock.move(hours=2)
    conduct.release(world.desk, prepared=records, by=PHARMACIST)
    return [
        (f.number, f.at, f.by, f.role, f.kind, f.participant, f.visit, f.why, _without_tokens(f.payload or {}))
        for f in world.facts()
    ]


def _without_tokens(payload: Mapping[str, object]) -> dict[str, object]:
    return {name: text for name, text in payload.items() if name not in ("commitment", "leaf", "root")}


@pytest.mark.requirement("BL1")
@pytest.mark.parametrize("make", [in_memory, on_disk], ids=["memory", "sqlite"])
def test_the_ledger_is_the_same_whoever_got_what(make: Callable[..., World], tmp_path: Path) -> None:
    """Numbers, instants, order, people, labels, days, volumes to be given: equal when all arms are swapped."""
    place = () if make is in_memory else (tmp_path / "one",), () if make is in_memory else (tmp_path / "other",)
    one = story(make(*place[0], slots=allocation_list()))
    other = story(make(*place[1], slots=swapped(allocation_list())))
    assert one == other
    assert [row[4] for row in one].count(READY) == 3


def test_sealed_records_have_one_length_whatever_they_say(tmp_path: Path) -> None:
    """Five lots of the product or one of the placebo, a receipt or a preparation: one length on disk."""
    from django.db import connections

    world = on_disk(tmp_path / "trial")
    story(world)
    with connections[world.desk.ledger.alias].cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("SELECT ciphertext FROM store_sealedvalue")
        # The header of an age file has a stanza of random length; what is sealed has one length.
        assert len({len(opened(bytes(row[0]), world.keys)) for row in cursor.fetchall()}) == 1
    kept = world.desk.vault.kept(world.keys, "supply/").values()
    assert {len(one["lots"]) for one in kept} == {1, 5}


def test_the_plan_asks_for_no_arm() -> None:
    """The functions that plan have nothing by which they could know one."""
    import inspect

    from trialwright.allocation import preparation

    for function in (preparation.course, preparation.plan, preparation.dosing_weight, preparation.until, planned):
        assert not {"arm", "label", "keys"} & set(inspect.signature(function).parameters)
    assert infused_trial().supply is not None
