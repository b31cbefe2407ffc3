"""A code is broken at once and by who treats, for one participant, also with everything else down; that it was broken
is known, what it is stays with who asked."""

from pathlib import Path

import pytest
from tests.plugins.breaking import TELEPHONE, Night, a_night, arm_of
from tests.plugins.world import CAST, World
from tests.plugins.worlds import allocation_list

from trialwright.conduct import Refused, break_code
from trialwright.ledger import kinds
from trialwright.store import breaks
from trialwright.web.breaking import log
from trialwright.web.breaking.opening import NotShown

LABEL, OTHER, THIRD = (slot.label for slot in allocation_list()[:3])


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """A break host of the small trial with one doctor."""
    return a_night(tmp_path / "break")


# ------------------------------------------------------------------ the break host


@pytest.mark.requirement("BL3", "BL4", "BK2")
def test_a_doctor_with_a_passphrase_and_a_code_sees_one_arm_in_words_and_nobody_is_asked(night: Night) -> None:
    """There is no server, no database of the trial and no approver in this test."""
    shown = night.asks(LABEL, words="status epilepticus")
    assert (shown.label, shown.arm) == (LABEL, arm_of(LABEL))
    assert shown.products
    (entry,) = night.entries(log.OPENED)
    assert entry.said["label"] == LABEL
    assert log.problems(night.host.folder) == []


@pytest.mark.requirement("BL7")
def test_a_break_shows_one_label_and_no_other(night: Night) -> None:
    shown = night.asks(LABEL)
    others = {slot.label for slot in allocation_list()} - {LABEL}
    told = repr(night.outbox()) + repr(shown)
    assert not any(other in told for other in others)
    assert [entry.said["label"] for entry in night.entries(log.OPENED)] == [LABEL]


@pytest.mark.requirement("BL3")
def test_what_is_mistyped_is_said_with_what_to_do_and_opens_nothing(night: Night) -> None:
    wrong = LABEL[:-1] + ("2" if LABEL[-1] != "2" else "3")
    table = [
        (wrong, {}, "label", "at least one character was misread"),
        ("", {}, "label", "Type the label"),
        (LABEL, {"category": ""}, "category", "Choose a reason"),
        (LABEL, {"category": "other"}, "words", "Say the reason"),
        (LABEL, {"passphrase": "wrong"}, "", "do not belong together"),
        (LABEL, {"code": "000000"}, "", "do not belong together"),
        ("BCDFGHX"[:6] + "", {}, "label", "misread"),
    ]
    for label, more, field, sentence in table:
        with pytest.raises(NotShown) as refusal:
            night.asks(label, **more)
        assert sentence in refusal.value.problems[field]
    assert night.entries(log.OPENED) == []
    assert night.outbox() == {}


@pytest.mark.requirement("BL3")
def test_nobody_is_locked_out_a_right_passphrase_is_answered_at_once_after_many_wrong_ones(night: Night) -> None:
    waits = []
    for _ in range(7):
        with pytest.raises(NotShown) as refusal:
            night.asks(LABEL, passphrase="guess")
        waits.append(refusal.value.wait)
    assert waits == [0.5, 1, 2, 4, 8, 8, 8]
    assert night.asks(LABEL).arm == arm_of(LABEL)


@pytest.mark.requirement("BL3", "BL4")
def test_a_slot_that_is_not_what_was_committed_is_not_shown_and_the_envelope_is_named(night: Night) -> None:
    from dataclasses import replace

    from trialwright.web.breaking.host import read_slots, write_slots

    slots = read_slots(night.host.folder)
    exchanged = replace(slots[LABEL], ciphertext=slots[OTHER].ciphertext)
    write_slots(night.host.folder, [exchanged, *(slot for label, slot in slots.items() if label != LABEL)])
    with pytest.raises(NotShown, match="not what was committed") as refusal:
        night.asks(LABEL)
    assert "envelope" in str(refusal.value)
    assert TELEPHONE in str(refusal.value)
    assert night.entries(log.OPENED) == []
    assert night.entries(log.REFUSED)[0].said["label"] == LABEL


@pytest.mark.requirement("BL5", "BL7")
def test_it_is_shown_once_and_a_second_look_is_a_second_entry(night: Night) -> None:
    from trialwright.web.breaking.opening import open_label

    night.asks(LABEL)
    with pytest.raises(NotShown, match="has been used"):
        open_label(night.host, night.identity, night.form(LABEL), night.now)
    assert night.asks(LABEL).arm == arm_of(LABEL)
    assert len(night.entries(log.OPENED)) == 2


@pytest.mark.requirement("BL5")
def test_a_second_break_on_a_day_and_many_breaks_alarm_and_never_block(night: Night) -> None:
    night.enrol("p30", "Max Medic", "WEST")
    table = [
        (LABEL, "p02", []),
        (OTHER, "p30", []),
        (THIRD, "p02", ["second code break by one person on a day", "3 or more code breaks in 7 days"]),
    ]
    for label, person, alarms in table:
        assert night.asks(label, person).arm == arm_of(label)
        assert night.entries(log.OPENED)[-1].said["alarms"] == alarms


@pytest.mark.requirement("BL2", "BL5")
def test_what_leaves_the_host_is_the_same_whatever_the_arm_is(tmp_path: Path) -> None:
    """Notices, letters, file names, references and refusals of two worlds that differ in the arms alone."""
    from tests.spec.blinding.two_worlds import swapped

    told = []
    for name, arranged in (("one", tuple), ("two", swapped)):
        night = a_night(tmp_path / name, arranged)
        arms = [night.asks(label).arm for label in (LABEL, OTHER)]
        told.append((arms, normalised(night)))
    assert told[0][0] != told[1][0]
    assert told[0][1] == told[1][1]


def normalised(night: Night) -> str:
    """The outbox without what is random by itself: the host's id, seals and signatures."""
    import re

    text = "\n".join(f"{name}\n{content.decode()}" for name, content in night.outbox().items())
    return re.sub(r'("entry"|"signature"):"[0-9a-f]+"', r"\1", text.replace(night.host.id, "HOST"))


# ------------------------------------------------------------------ the clinic


@pytest.mark.requirement("BL5", "BL7")
def test_the_clinic_learns_that_a_code_was_broken_and_the_participant_goes_on(world: World, night: Night) -> None:
    world.randomised("Ann")
    label = world.person("Ann").allocation.label
    night.asks(label, words="perhaps the tablet")
    taken = breaks.take_in_notices(world.desk, night.host.outbox, night.public)
    (fact,) = taken.facts
    assert (fact.kind, fact.participant, fact.by) == (kinds.CODE_BROKEN, world.numbers["Ann"], "break-host")
    assert fact.payload["learned_by"] == "p02"
    assert "perhaps" not in str(world.facts())
    assert world.state.learned["p02"] == {world.numbers["Ann"]}
    assert world.person("Ann").ended is None
    assert world.says("nurse", "record", **a_page(world, "Ann")) == "done"
    assert world.says("investigator", "stop_treatment", participant="Ann", reason="adverse event") == "done"


def a_page(world: World, name: str) -> dict[str, object]:
    """Blood pressure at week 8."""
    on = world.clock.now().date().isoformat()
    return {
        "participant": name,
        "form": "pressure",
        "visit": "WEEK8",
        "items": {"upper": "150", "lower": "90"},
        "on": on,
    }


@pytest.mark.requirement("BL4", "BL5")
def test_a_notice_told_twice_is_one_fact_and_a_forged_one_is_none(world: World, night: Night) -> None:
    world.randomised("Ann")
    night.asks(world.person("Ann").allocation.label)
    (notice,) = [path for path in night.host.outbox.iterdir() if path.suffix == ".json"]
    notice.with_name("forged.json").write_bytes(notice.read_bytes().replace(b"emergency", b"pregnancy"))
    taken = breaks.take_in_notices(world.desk, night.host.outbox, night.public)
    assert (len(taken.facts), taken.known, len(taken.refused)) == (1, 0, 1)
    assert "signature" in taken.refused[0]
    again = breaks.take_in_notices(world.desk, night.host.outbox, night.public)
    assert (again.facts, again.known) == ((), 1)


@pytest.mark.requirement("BL2", "BL5")
def test_a_label_that_nobody_has_yet_raises_an_alarm_once_and_is_a_break_when_somebody_gets_it(
    world: World, night: Night
) -> None:
    night.asks(LABEL)
    for _ in range(2):
        taken = breaks.take_in_notices(world.desk, night.host.outbox, night.public)
        assert taken.nobody == (LABEL,)
    assert [alarm.alarm for alarm in world.state.alarms] == [kinds.UNKNOWN_LABEL]
    for name in ("Ann", "Bob", "Cem"):
        world.randomised(name)
    owner = world.state.labels.get(LABEL)
    taken = breaks.take_in_notices(world.desk, night.host.outbox, night.public)
    assert [fact.participant for fact in taken.facts] == ([owner] if owner else [])


@pytest.mark.requirement("BL4", "BL5")
def test_an_envelope_is_recorded_afterwards_by_label_with_its_words_sealed(world: World) -> None:
    world.randomised("Ann")
    label = world.person("Ann").allocation.label
    done = {
        "label": label.lower(), "how": "envelope", "category": "overdose", "learned_by": "dr.night",
        "shown_at": "2026-03-02T02:10:00.000000Z", "why": "it was the tablet",
    }  # fmt: skip
    table = [
        ("visitor", done, "A visitor may not record a code break"),
        ("western nurse", done, "does not work at site NORTH"),
        ("nurse", {**done, "label": "BCDFGHJ"}, "belongs to no participant"),
        ("nurse", {**done, "category": "curious"}, "category is one of"),
        ("nurse", {**done, "shown_at": "last night"}, "is no instant"),
        ("nurse", {**done, "shown_at": "2036-03-02T02:10:00.000000Z"}, "has not come yet"),
        ("nurse", done, "done"),
        ("investigator", done, "done"),
    ]
    for who, details, answer in table:
        assert answer in world.says(who, "break_code", **details)
    assert len(world.person("Ann").openings) == 1
    assert "tablet" not in str([fact.payload for fact in world.facts() if fact.kind == kinds.CODE_BROKEN])
    assert {"words": "it was the tablet"} in list(world.desk.vault.kept(world.keys).values())


@pytest.mark.requirement("BL5")
def test_another_break_under_a_known_reference_is_refused_and_not_swallowed(world: World) -> None:
    for name in ("Ann", "Bob"):
        world.randomised(name)
    told = {"how": "envelope", "category": "emergency", "learned_by": "dr.night", "reference": "E-1"}
    assert world.says("nurse", "break_code", participant="Ann", **told) == "done"
    assert "stands for another code break already" in world.says("nurse", "break_code", participant="Bob", **told)


@pytest.mark.requirement("BL5")
def test_the_clinic_alarms_at_the_second_break_on_a_day_and_at_many(world: World) -> None:
    for name in ("Ann", "Bob", "Cem"):
        world.randomised(name)
    table = [
        ("Ann", "dr.night", []),
        ("Ann", "dr.night", []),
        ("Bob", "dr.night", [kinds.SECOND_BREAK]),
        ("Cem", "dr.day", [kinds.SECOND_BREAK, kinds.MANY_BREAKS]),
    ]
    for name, who, alarms in table:
        world.clock.move(minutes=10)
        told = {"how": "envelope", "category": "emergency", "learned_by": who}
        assert world.says("nurse", "break_code", participant=name, **told) == "done"
        assert [alarm.alarm for alarm in world.state.alarms] == alarms


@pytest.mark.requirement("BL7", "BL2")
def test_an_assessor_who_learned_an_arm_assesses_that_participant_no_longer_and_a_doctor_goes_on(world: World) -> None:
    for name in ("Ann", "Bob"):
        world.randomised(name)
    page = {"form": "pressure", "visit": "WEEK8", "items": {}, "on": world.clock.now().date().isoformat()}
    knows = "knows the treatment of Ann and assesses it no longer; ask another assessor"
    report = {"who": ["p22", "p02"], "how": "conversation", "what": "allocation", "impact": "another assessor"}
    assert knows not in world.says("assessor", "record", participant="Ann", **page)
    assert world.says("assessor", "report_unblinding", participant="Ann", **report) == "done"
    assert knows in world.says("assessor", "record", participant="Ann", **page)
    assert knows not in world.says("assessor", "record", participant="Bob", **page)
    assert knows not in world.says("second assessor", "record", participant="Ann", **page)
    assert world.says("investigator", "stop_treatment", participant="Ann", reason="adverse event") == "done"


# ------------------------------------------------------------------ the other kinds


@pytest.mark.requirement("BL5")
def test_an_accident_is_kept_with_who_learned_what_how_and_what_follows(world: World) -> None:
    world.randomised("Ann")
    whole = {
        "who": ["p03"],
        "how": "bag or label",
        "what": "allocation",
        "impact": "none",
        "words": "a clear bag: water",
    }
    table = [
        ({**whole, "participant": "Ann"}, "done"),
        (whole, "say about which participant"),
        ({**whole, "what": "list", "participant": "Ann"}, "leave the participant out"),
        ({**whole, "who": [], "how": "magic", "impact": "bad", "participant": "Ann"}, "say who learned it"),
        ({**whole, "participant": "NORTH-999-X"}, "There is no participant"),
    ]
    for details, answer in table:
        assert answer in world.says("nurse", "report_unblinding", **details)
    (fact,) = [fact for fact in world.facts() if fact.kind == kinds.UNBLINDING_REPORTED]
    assert (fact.payload["who"], fact.payload["impact"]) == (["p03"], "none")
    assert "water" not in str(fact.payload)


@pytest.mark.requirement("BL5")
def test_who_saw_the_list_acts_in_no_blinded_role(world: World) -> None:
    world.randomised("Ann")
    report = {"who": ["p03"], "how": "document", "what": "list", "impact": "whole trial"}
    assert world.says("monitor", "report_unblinding", **report) == "done"
    assert "has opened allocations" in world.says("nurse", "record", **a_page(world, "Ann"))


@pytest.mark.requirement("BL6")
def test_the_safety_unit_opens_one_participant_and_nobody_else_learns_it(world: World) -> None:
    from trialwright.conduct import open_for_safety

    for name in ("Ann", "Bob"):
        world.randomised(name)
    label = world.person("Ann").allocation.label
    asked = {"participant": world.numbers["Ann"], "keys": world.keys, "why": "haemolysis, expedited report"}
    table = [
        ("investigator", "An investigator may not open an allocation for a safety report"),
        ("monitor", "A monitor may not"),
    ]
    for who, answer in table:
        with pytest.raises(Refused, match=answer):
            open_for_safety(world.desk, by=CAST[who], **asked)
    fact, arm = open_for_safety(world.desk, by=CAST["safety unit"], **asked)
    assert arm == next(slot.arm for slot in allocation_list() if slot.label == label)
    assert (fact.payload["how"], fact.payload["category"], fact.payload["label"]) == ("safety unit", "SUSAR", label)
    assert "haemolysis" not in str(fact.payload)
    assert set(world.state.learned) == {"p21"}
    assert not world.state.alarms


@pytest.mark.requirement("BL6")
def test_without_the_right_key_the_safety_unit_opens_nothing_and_nothing_is_recorded(
    sqlite_world: object, tmp_path: Path
) -> None:
    from pyrage import x25519

    from trialwright.conduct import open_for_safety

    world = sqlite_world(tmp_path / "trial")  # type: ignore[operator]
    world.randomised("Ann")
    before = world.desk.ledger.head()
    with pytest.raises(Refused, match="Nothing was opened"):
        open_for_safety(
            world.desk, participant=world.numbers["Ann"], keys=[str(x25519.Identity.generate())], why="a report",
            by=CAST["safety unit"],
        )  # fmt: skip
    assert world.desk.ledger.head() == before


@pytest.mark.requirement("BL5")
def test_that_the_committee_takes_a_snapshot_to_open_it_elsewhere_is_a_fact(world: World) -> None:
    assert "Nobody is randomised yet" in world.says("committee statistician", "open_snapshot", meeting="1")
    world.randomised("Ann")
    table = [
        ("monitor", "1", "A monitor may not open a snapshot"),
        ("committee statistician", "after the bad news", "by its number or its date"),
        ("committee statistician", "2026-03-02", "done"),
    ]
    for who, meeting, answer in table:
        assert answer in world.says(who, "open_snapshot", meeting=meeting)
    fact = world.facts()[-1]
    assert (fact.kind, fact.payload["opened"]) == (kinds.SNAPSHOT_OPENED, "1")
    assert fact.payload["snapshot"] == world.snapshot(fact.number).hash


@pytest.mark.requirement("BL5")
def test_a_code_can_be_broken_after_the_lock_too(world: World) -> None:
    """A patient in need does not know that the database is locked; the fact is taken all the same."""
    world.randomised("Ann")
    world.does("nurse", "lose", participant="Ann", last_contact="2026-03-02")
    world.locked("week8", "final")
    fact = break_code(
        world.desk, participant=world.numbers["Ann"], how="envelope", category="emergency", learned_by="dr.night",
        by=CAST["nurse"],
    )  # fmt: skip
    assert fact.kind == kinds.CODE_BROKEN
