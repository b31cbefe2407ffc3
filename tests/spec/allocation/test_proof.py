"""After the lock anybody can prove that the list was fixed before the first participant and followed in order.

What is planted in each paragraph is what somebody could have done: exchange slots, jump the queue, use a slot twice,
write another arm into the final fact, fill the wrong bag.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plugins.tampering import administrator
from tests.plugins.world import HIGH, World
from tests.plugins.worlds import ANNEX, allocation_list, holder_key
from typer.testing import CliRunner, Result

from trialwright.allocation import proof
from trialwright.allocation.allocator import Allocator, KeptDraw, replayed
from trialwright.allocation.annex import Annex
from trialwright.allocation.bulk import Regenerated, regenerated
from trialwright.allocation.methods import Minimisation
from trialwright.allocation.proof import Draw, Evidence, Place, Segment, Step
from trialwright.allocation.reconcile import Expected, Given, reconciled
from trialwright.cli import app
from trialwright.conduct import Person
from trialwright.conduct.prepare import seal_record
from trialwright.store import evidence

# ------------------------------------------------------------------ a trial of six, as it should be


def honest() -> Evidence:
    """A list of twelve slots in two strata, and six draws of it."""
    slots = list(allocation_list())
    places = [
        Place(1, slot.stratum, slot.position, slot.label, slot.leaf("PRESS", ANNEX.sha256), None) for slot in slots
    ]
    root = proof.root_of(place.leaf for place in places)
    first = [place for place in places if place.stratum == places[0].stratum][:4]
    second = [place for place in places if place.stratum != places[0].stratum][:2]
    order = [first[0], second[0], first[1], first[2], second[1], first[3]]
    draws = [drawn(10 + number, f"N-{number}", place) for number, place in enumerate(order)]
    marks = {draw.label: draw.number for draw in draws}
    places = [place._replace(drawn_by=marks.get(place.label)) for place in places]
    segment = Segment(1, 1, root, ANNEX.sha256, root, ANNEX.sha256)
    return Evidence([segment], places, draws, {})


def drawn(number: int, participant: str, place: Place) -> Draw:
    """The draw of a slot."""
    return Draw(number, participant, place.stratum, place.position, place.label, place.leaf)


def changed(evidence: Evidence, **parts: Any) -> Evidence:
    """The same evidence but for these parts."""
    return Evidence(**{name: parts.get(name, getattr(evidence, name)) for name in Evidence.__slots__})


def again() -> Mapping[int, Regenerated]:
    """The list as its seed gives it."""
    names = list(dict.fromkeys(slot.stratum for slot in allocation_list()))
    return {1: regenerated(ANNEX, names, len(allocation_list()) // len(names), bytes(32))}


def arms() -> Mapping[str, str]:
    """Participant -> arm of the list."""
    return proof.arms_of(honest(), again())


def steps(evidence: Evidence) -> list[Step]:
    """Everything that is looked at."""
    known = again()
    return [
        proof.committed(evidence),
        proof.in_order(evidence),
        proof.redrawn(evidence, known),
        proof.assigned(evidence, proof.arms_of(evidence, known)),
    ]


def said(evidence: Evidence) -> str:
    """All discrepancies, as they are read."""
    return "\n".join(f"{one.place}: {one.sentence}" for step in steps(evidence) for one in step.discrepancies)


@pytest.mark.requirement("RN5")
def test_a_trial_that_followed_its_list_has_no_discrepancy() -> None:
    assert said(honest()) == ""
    assert said(changed(honest(), assignments=arms())) == ""


@pytest.mark.requirement("RN5", "RN2")
@given(st.lists(st.booleans(), min_size=2, max_size=20), st.data())
def test_any_two_draws_of_a_stratum_that_changed_their_slots_are_found(order: list[bool], data: st.DataObject) -> None:
    """Whatever the order in which people of two strata came."""
    true = honest()
    names = sorted({place.stratum for place in true.places})
    waiting = {name: iter([place for place in true.places if place.stratum == name]) for name in names}
    came = [names[one] for one in order if order.count(one) <= 12]
    draws = [drawn(10 + number, f"N-{number}", next(waiting[name])) for number, name in enumerate(came)]
    whole = marked(changed(true, draws=draws))
    assert proof.in_order(whole).discrepancies == ()
    pairs = [(a, b) for a in range(len(draws)) for b in range(a) if draws[a].stratum == draws[b].stratum]
    if pairs:
        late, early = data.draw(st.sampled_from(pairs))
        swapped = list(draws)
        for here, there in ((early, late), (late, early)):
            swapped[here] = draws[there]._replace(number=draws[here].number, participant=draws[here].participant)
        found = proof.in_order(marked(changed(true, draws=swapped))).discrepancies
        assert found[0].place == f"fact {draws[early].number}, {draws[early].participant}"


def marked(evidence: Evidence) -> Evidence:
    """The vault's marks as the draws made them."""
    marks = {draw.label: draw.number for draw in evidence.draws}
    return changed(evidence, places=[place._replace(drawn_by=marks.get(place.label)) for place in evidence.places])


@pytest.mark.requirement("RN5")
def test_slots_that_were_exchanged_are_found_with_and_without_the_seed() -> None:
    """Two labels change places in the vault; nobody was drawn from them yet."""
    true = honest()
    one, other = rows_of(true, 5, 6)
    first, second = true.places[one], true.places[other]
    places = list(true.places)
    places[one] = first._replace(label=second.label, leaf=second.leaf)
    places[other] = second._replace(label=first.label, leaf=first.leaf)
    found = said(changed(true, places=places))
    assert "fact 1: the slots of the list do not give the root of this fact" in found
    assert f"{first.stratum}, position 5: label {second.label} is not the slot that the seed gives here" in found


def rows_of(evidence: Evidence, *positions: int) -> list[int]:
    """The rows of these positions in the first stratum."""
    stratum = evidence.places[0].stratum
    return [
        row for row, place in enumerate(evidence.places) if place.stratum == stratum and place.position in positions
    ]


@pytest.mark.requirement("RN5", "RN2")
def test_a_draw_out_of_order_is_found_without_any_key() -> None:
    """Somebody took position 3 where position 2 was next; the one after got position 2."""
    true = honest()
    draws = list(true.draws)
    early, late = draws[2], draws[3]
    draws[2], draws[3] = (
        late._replace(number=early.number, participant=early.participant),
        early._replace(number=late.number, participant=late.participant),
    )
    marks = {draw.label: draw.number for draw in draws}
    places = [place._replace(drawn_by=marks.get(place.label)) for place in true.places]
    found = said(changed(true, draws=draws, places=places))
    assert f"fact 12, N-2: label {late.label} ({late.stratum}, position 3) was taken where {early.label}" in found
    assert "fact 13" not in found


@pytest.mark.requirement("RN4", "RN5")
def test_a_slot_or_a_participant_that_was_used_twice_is_found() -> None:
    true = honest()
    first = true.draws[0]
    twice = [*true.draws, first._replace(number=40, participant="N-9")]
    assert f"fact 40, N-9: label {first.label} was drawn before, by fact 10 for N-0" in said(changed(true, draws=twice))
    (row,) = rows_of(true, 5)
    again_drawn = [*true.draws, drawn(41, "N-0", true.places[row])]
    found = said(changed(true, draws=again_drawn))
    assert f"fact 41, N-0: N-0 was randomised before, by fact 10 (label {first.label})" in found


@pytest.mark.requirement("RN5", "BL5")
def test_a_wrong_arm_in_the_final_facts_is_found_by_the_seed() -> None:
    told = dict(arms())
    told["N-3"] = "P" if told["N-3"] == "T" else "T"
    del told["N-5"]
    found = said(changed(honest(), assignments=told))
    assert f"N-3: the ledger's final opening says {told['N-3']}; the list" in found
    assert "N-5: the ledger's final opening says nothing" in found
    assert "N-4" not in found


@pytest.mark.requirement("RN5")
def test_another_root_in_the_vault_than_in_the_fact_is_found() -> None:
    true = honest()
    (segment,) = true.segments
    other = Segment(1, 1, "00" * 32, segment.annex_sha256, segment.said_root, segment.said_annex)
    assert "the list is not the one that this fact names" in said(changed(true, segments=[other]))


@pytest.mark.requirement("RN5")
def test_marks_of_the_vault_and_draws_of_the_ledger_are_the_same() -> None:
    """A slot marked as drawn by nobody's draw, a draw without its mark, a draw from no list."""
    true = honest()
    (row,) = rows_of(true, 6)
    places = list(true.places)
    places[row] = places[row]._replace(drawn_by=99)
    places[0] = places[0]._replace(drawn_by=None)
    found = said(changed(true, places=places))
    assert "is marked as drawn by fact 99, which did not draw it" in found
    assert "was drawn by fact 10 and is not marked as drawn" in found
    nowhere = [*true.draws, true.draws[0]._replace(number=50, participant="N-8", label="ZZZZZZZ")]
    assert "fact 50, N-8: label ZZZZZZZ is on no list" in said(changed(true, draws=nowhere))


@pytest.mark.requirement("RN5")
def test_an_extension_is_used_after_its_list_and_not_before_it_was_taken_in() -> None:
    true = honest()
    stratum = true.places[0].stratum
    names = list(dict.fromkeys(place.stratum for place in true.places))
    more = regenerated(ANNEX, names, 2, b"x" * 32)
    added = [Place(2, *row, None) for row in zip(more.stratum, more.position, more.label, more.leaf, strict=True)]
    root = proof.root_of(place.leaf for place in added)
    segments = [*true.segments, Segment(2, 30, root, ANNEX.sha256, root, ANNEX.sha256)]
    rest = [place for place in true.places if place.stratum == stratum and place.drawn_by is None]
    used = [drawn(40 + number, f"E-{number}", place) for number, place in enumerate([*rest, added[0]])]
    marks = {draw.label: draw.number for draw in [*true.draws, *used]}
    places = [place._replace(drawn_by=marks.get(place.label)) for place in [*true.places, *added]]
    whole = changed(true, segments=segments, places=places, draws=[*true.draws, *used])
    assert [one for step in (proof.committed(whole), proof.in_order(whole)) for one in step.discrepancies] == []
    early = drawn(20, "E-9", added[0])
    found = proof.in_order(changed(true, segments=segments, places=places, draws=[*true.draws, early])).discrepancies
    sentences = " ".join(one.sentence for one in found)
    assert "is of the extension of fact 30, which came later" in sentences
    assert "was taken where" in sentences


@pytest.mark.requirement("RN5")
def test_what_an_allocator_drew_is_drawn_again_with_the_levels_of_who_came() -> None:
    """A draw under other levels than the ledger has, and a seed that is not the committed one, are found."""
    annex = Annex("PRESS", Minimisation({"T": 1, "P": 1}, {"sex": ("f", "m")}), "5a" * 32)
    allocator, seed = Allocator(annex, b"s" * 32), b"s" * 32
    stands, draws = allocator.begin(), []
    for number, level in enumerate("fmffmmfm"):
        levels = {"sex": level}
        slot, stands = allocator.next(stands, f"N-{number}", levels)
        draws.append(KeptDraw(f"N-{number}", levels, slot.stratum, slot.position, slot.label, stands.leaf))
    honest_step = proof.redrawn_by_allocator(replayed(annex, seed, draws).problems, len(draws), committed=True)
    assert (honest_step.kind, honest_step.discrepancies) == ("proven", ())
    changed_draws = [*draws[:3], replace(draws[3], levels={"sex": "m"}), *draws[4:]]
    problems = replayed(annex, seed, changed_draws).problems
    found = proof.redrawn_by_allocator(problems, len(draws), committed=False).discrepancies
    assert found[0].sentence == "the seed in escrow is not the one that was committed to."
    assert found[1].place == "draw 4, N-3"


# ------------------------------------------------------------------ the pharmacy's records

EXPECTED = Expected({"N-0": "T", "N-1": "P"}, {"N-0": "LABEL-0", "N-1": "LABEL-1"}, {"T": ("ivig",), "P": ("saline",)})
RECORDS = {
    "supply/3": {"record": "received", "lots": [{"product": "ivig", "lot": "A1"}, {"product": "ivig", "lot": "A2"}]},
    "supply/4": {"record": "received", "lots": [{"product": "saline", "lot": "S1"}]},
    "supply/20": {
        "record": "prepared", "participant": "N-0", "visit": "W0", "day": "1 to 2", "label": "LABEL-0", "arm": "T",
        "product": "ivig", "lots": [{"product": "ivig", "lot": "A1"}],
    },
    "supply/21": {
        "record": "prepared", "participant": "N-1", "visit": "W0", "day": "1", "label": "LABEL-1", "arm": "P",
        "product": "saline", "lots": [{"product": "saline", "lot": "S1"}],
    },
}  # fmt: skip
GIVEN = [Given("N-0", "W0", "1", "LABEL-0"), Given("N-0", "W0", "2", "LABEL-0"), Given("N-1", "W0", "1", "LABEL-1")]


@pytest.mark.requirement("RN5", "BL5")
def test_records_that_agree_are_said_to_agree_and_not_to_prove() -> None:
    step = reconciled(EXPECTED, RECORDS, GIVEN)
    assert (step.kind, step.discrepancies) == ("record", ())
    assert "2 preparations and 3 infusions agree with the arms, as people wrote them down" in step.says


@pytest.mark.requirement("RN5")
@pytest.mark.parametrize(
    ("change", "place", "sentence"),
    [
        ({"product": "saline"}, "supply/20, N-0 W0 day 1 to 2", "prepared saline (as arm T); the list says T"),
        ({"arm": "P"}, "supply/20, N-0 W0 day 1 to 2", "prepared ivig (as arm P); the list says T, which gives ivig"),
        ({"label": "LABEL-1"}, "supply/20, N-0 W0 day 1 to 2", "prepared under label LABEL-1; the participant's is"),
        ({"lots": [{"product": "ivig", "lot": "S1"}]}, "supply/20", "lot S1 was received as saline and used as ivig"),
        ({"lots": [{"product": "ivig", "lot": "A9"}]}, "supply/20", "lot A9 was used and never received"),
        ({"participant": "N-7"}, "supply/20, N-7", "something was prepared for N-7, who has no allocation"),
        ({"day": "1"}, "N-0 W0 day 2", "an infusion was given, and no preparation of it is recorded"),
        ({"visit": "W4"}, "N-0 W0 day 1", "an infusion was given, and no preparation of it is recorded"),
    ],
)
def test_a_record_that_does_not_agree_is_named_with_its_place(
    change: dict[str, Any], place: str, sentence: str
) -> None:
    records = {**RECORDS, "supply/20": {**RECORDS["supply/20"], **change}}
    found = [f"{one.place}: {one.sentence}" for one in reconciled(EXPECTED, records, GIVEN).discrepancies]
    assert any(line.startswith(place) and sentence in line for line in found), found


@pytest.mark.requirement("BL5")
def test_an_infusion_from_a_bag_with_another_label_is_found() -> None:
    given = [*GIVEN[:2], Given("N-1", "W0", "1", "LABEL-0")]
    (found,) = reconciled(EXPECTED, RECORDS, given).discrepancies
    assert (found.place, found.sentence) == (
        "N-1 W0 day 1",
        "the infusion page has label LABEL-0; the participant's is LABEL-1.",
    )


@pytest.mark.requirement("BL1")
def test_before_the_final_opening_no_sentence_names_an_arm_or_a_product() -> None:
    blind = Expected(EXPECTED.arms, EXPECTED.labels, EXPECTED.gives, names_arms=False)
    for change in ({"product": "saline"}, {"arm": "P"}, {"lots": [{"product": "ivig", "lot": "S1"}]}):
        records = {**RECORDS, "supply/20": {**RECORDS["supply/20"], **change}}
        found = reconciled(blind, records, GIVEN).discrepancies
        assert found
        assert not any(word in one.sentence for one in found for word in ("ivig", "saline", " T", " P"))


# ------------------------------------------------------------------ the command, on a trial folder


def finished(world: World, *stages: str) -> World:
    """Four participants who finished, and these locks."""
    for name, drug in (("Ann", "none"), ("Bob", "water"), ("Cas", "none"), ("Dot", "water")):
        world.randomised(name, drug=drug)
        world.page_of(name, "pressure", "WEEK8", HIGH)
        world.does("nurse", "complete", participant=name, on="2026-03-02")
    world.locked(*stages)
    return world


def unblinded(world: World) -> World:
    """Opened for good."""
    details = {"keys": world.keys, "with_": "second escrow holder", "why": "the end"}
    world.does("escrow holder", "unblind", stage="final", **details)
    return world


@pytest.fixture
def folder(sqlite_world: Callable[[Path], World], tmp_path: Path) -> Path:
    """The small trial, ended and opened, with its folder of keys."""
    world = unblinded(finished(sqlite_world(tmp_path / "trial"), "week8", "final"))
    world.desk.ledger.close()
    return tmp_path / "trial"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The key files of both escrow holders and of a pharmacist."""
    place = tmp_path / "holders"
    place.mkdir()
    for name, holder in (("escrow-1", "escrow-1"), ("escrow-2", "escrow-2"), ("pharmacist-1", "holder")):
        file = place / f"{name}.key"
        file.write_text(holder_key(holder) + "\n")
        file.chmod(0o600)
    return place


def ran(*words: object) -> Result:
    """The command as a person would run it."""
    return CliRunner().invoke(app, ["allocation", "verify", *map(str, words)])


@pytest.mark.requirement("RN5")
def test_the_page_can_be_read_at_an_inspection(folder: Path, keys: Path) -> None:
    """With both keys everything is checked; without them what could not be checked is said."""
    whole = ran(folder, "--keys", keys)
    assert whole.exit_code == 0, whole.output
    for line in (
        "The list is the one that was committed: proven",
        "The list was followed in order: proven",
        "The list follows from its seed: proven",
        "The ledger's assignments are the list's: proven",
        "The pharmacy's records agree with the list: NOT CHECKED",
        "Result: No discrepancy.",
        "What was INFUSED stands only in what the pharmacy and the sites wrote",
    ):
        assert line in whole.stdout, line
    closed = ran(folder)
    assert closed.exit_code == 0
    assert "The list was followed in order: proven" in closed.stdout
    assert "The list follows from its seed: NOT CHECKED" in closed.stdout


@pytest.mark.requirement("BL1", "AC6")
def test_keys_are_not_used_before_the_planned_unblinding(
    sqlite_world: Callable[[Path], World], tmp_path: Path, keys: Path
) -> None:
    world = finished(sqlite_world(tmp_path / "early"))
    world.desk.ledger.close()
    refused = ran(tmp_path / "early", "--keys", keys)
    assert "The trial is not unblinded yet" in str(refused.exception)
    assert ran(tmp_path / "early").exit_code == 0


@pytest.mark.requirement("RN5")
def test_one_key_alone_says_what_is_lacking(folder: Path, keys: Path) -> None:
    alone = ran(folder, "--key", keys / "escrow-1.key")
    assert "The seed was not opened: share 2 of the seed stays closed" in alone.stdout
    assert "Result: No discrepancy. 5 of 8 steps were not checked." in alone.stdout


@pytest.mark.requirement("RN5", "BL4")
def test_without_the_seed_a_holder_of_the_slots_proves_the_assignments(folder: Path, keys: Path) -> None:
    """A share of the seed is lost: each slot opens to the arm that its commitment holds."""
    by_slots = ran(folder, "--key", keys / "pharmacist-1.key")
    assert by_slots.exit_code == 0, by_slots.output
    assert "Every slot holds what was committed: proven" in by_slots.stdout
    assert "The ledger's assignments are the list's: proven" in by_slots.stdout
    with administrator(folder) as run:
        (one, first), (two, second) = run("SELECT id, ciphertext FROM store_slot ORDER BY id LIMIT 2")
        run("UPDATE store_slot SET ciphertext = %s WHERE id = %s", (second, one))
        run("UPDATE store_slot SET ciphertext = %s WHERE id = %s", (first, two))
    found = ran(folder, "--key", keys / "pharmacist-1.key")
    assert found.exit_code == 1
    assert found.stdout.count("does not hold what was committed") == 2


@pytest.mark.requirement("RN5", "AT4")
def test_an_administrator_who_exchanges_slots_is_found(folder: Path, keys: Path) -> None:
    """Whoever can drop triggers can exchange two slots; the exit code and the place say so."""
    with administrator(folder) as run:
        (one, first), (two, second) = run("SELECT id, leaf FROM store_slot WHERE drawn_by IS NULL ORDER BY id LIMIT 2")
        run("UPDATE store_slot SET leaf = %s WHERE id = %s", (second, one))
        run("UPDATE store_slot SET leaf = %s WHERE id = %s", (first, two))
    found = ran(folder, "--keys", keys)
    assert found.exit_code == 1
    assert "fact 1: the slots of the list do not give the root of this fact" in found.stdout
    assert "is not the slot that the seed gives here" in found.stdout


@pytest.mark.requirement("RN5", "BL5")
def test_the_pharmacys_records_are_opened_and_held_against_the_list(
    sqlite_world: Callable[[Path], World], tmp_path: Path, keys: Path
) -> None:
    """A bag of the wrong arm is named with the fact that sealed its record."""
    world = finished(sqlite_world(tmp_path / "trial"))
    slot = {slot.label: slot.arm for slot in allocation_list()}
    for name in ("Ann", "Bob"):
        person = world.person(name)
        right = slot[person.allocation.label]
        arm = right if name == "Ann" else {"T": "P", "P": "T"}[right]
        record = {
            "record": "prepared", "participant": person.id, "visit": "START", "day": "1",
            "label": person.allocation.label, "arm": arm, "product": {"T": "tablet", "P": "placebo"}[arm], "lots": [],
        }  # fmt: skip
        pharmacist = Person("p08", "pharmacist")
        with world.desk.act("keep_supply", pharmacist):
            fact = seal_record(world.desk, record, f"reference of {name}", pharmacist)
    world.locked("week8", "final")
    unblinded(world)
    world.desk.ledger.close()
    found = ran(tmp_path / "trial", "--keys", keys)
    assert found.exit_code == 1
    assert f"supply/{fact.number}, {world.numbers['Bob']} START day 1: prepared" in found.stdout
    assert world.numbers["Ann"] not in found.stdout
    assert (
        "None of the keys opens"
        in ran(tmp_path / "trial", "--key", keys / "escrow-1.key", "--key", keys / "escrow-2.key").stdout
    )


def test_the_evidence_is_what_the_trial_keeps(folder: Path) -> None:
    kept = evidence.kept(folder)
    assert [draw.number for draw in kept.evidence.draws] == sorted(draw.number for draw in kept.evidence.draws)
    assert len(kept.evidence.places) == len(allocation_list())
    assert [place.drawn_by for place in kept.evidence.places].count(None) == len(allocation_list()) - 4
