"""A list is never edited. It is extended, or its slots are sealed anew to other keys, and two people answer for it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.editing import edited
from tests.plugins.world import CAST, World
from tests.plugins.worlds import SMALL, allocation_list, holder_key, public_key
from typer.testing import CliRunner, Result

from trialwright import conduct, design, store
from trialwright.allocation import proof
from trialwright.allocation.annex import TEST, Annex
from trialwright.allocation.ceremony import make_package, mask_length
from trialwright.allocation.keys import ESCROW_HOLDERS, SLOT_HOLDERS
from trialwright.allocation.methods import Blocks
from trialwright.allocation.package import (
    Package,
    PackageRefused,
    Review,
    review_statement,
    write_package,
)
from trialwright.allocation.resealing import ResealRefused, read_resealed
from trialwright.allocation.review import review
from trialwright.allocation.sealing import NotOpened
from trialwright.allocation.seed_shares import GENERATOR, WITNESS, Share, make_share, promised, signature
from trialwright.cli import app
from trialwright.conduct import Person, Refused
from trialwright.conduct.list_change import EXTEND, RESEAL, ListChange
from trialwright.design.model import Definition
from trialwright.ledger import kinds
from trialwright.ledger.heads import new_signing_key, signing_key
from trialwright.ledger.heads import public_key as signs_as
from trialwright.ledger.vault import CannotOpen
from trialwright.store import evidence
from trialwright.store.list_changes import digest_of, list_change, new_recipients, resealed, wrong_labels

LISTER = Person("p20", "list_statistician", "Lia Lister")
SAFETY = Person("p21", "safety_unit", "Sven Safety")
MORE = 4
"""Slots that the extension adds to each stratum."""


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The small trial in a folder, on each database."""
    from django.db import connections

    yield request.getfixturevalue(f"{request.param}_world")(tmp_path / "trial")
    connections.close_all()


@pytest.fixture
def larger(tmp_path: Path) -> Definition:
    """Version 2 of the small trial, with four more places."""
    return design.read(edited(tmp_path / "second", ('version: "1"', 'version: "2"'), ("n: 12", f"n: {12 + MORE}")))


def extension(definition: Definition, *, purpose: str = "production", reviewed: bool = True, **other: Any) -> Package:
    """The package of a ceremony of its own, for the slots that are lacking."""
    keys = {part: signing_key(new_signing_key()) for part in (GENERATOR, WITNESS, "reviewer")}
    shares = (Share(GENERATOR, "Gia Generator", b"g" * 32), Share(WITNESS, "Wil Witness", b"w" * 32))
    annex = Annex(definition.id, Blocks({"T": 1, "P": 1}, (2, 4)), "7e" * 32, purpose=purpose)
    recipients = {role: public_key() for role in SLOT_HOLDERS} | {role: public_key(role) for role in ESCROW_HOLDERS}
    package = make_package(
        definition,
        annex,
        shares=shares,
        promises=[promised(share, keys[share.part]) for share in shares],
        signing={part: keys[part] for part in (GENERATOR, WITNESS)},
        recipients=recipients,
        mask=bytes(mask_length(annex)),
        made_on=date(2026, 3, 2),
        slots=MORE,
        **other,
    )
    if not reviewed:
        return package
    key, said = keys["reviewer"], review_statement(package.terms, "Rex Reviewer", "2026-03-02")
    return replace(package, review=Review("Rex Reviewer", signs_as(key), "2026-03-02", signature(key, said)))


def written(package: Package, place: Path) -> Path:
    """The package as a folder."""
    write_package(package, place, "An extension.")
    return place


def says(act: Callable[[], Any]) -> str:
    """What an act answers."""
    try:
        act()
    except Refused as refused:
        return str(refused)
    return "done"


def proposed(world: World, package: ListChange, by: Person = LISTER) -> int:
    """The proposal's number."""
    why = "more participants than were planned"
    return conduct.propose_list_change(world.desk, change=package.change, digest=package.digest, by=by, why=why).number


def approved(world: World, package: ListChange) -> int:
    """Proposed by one person, approved by another; the number of the fact that took the package in."""
    number = proposed(world, package)
    why = "compared with the protocol's amendment"
    return conduct.approve_list_change(world.desk, proposal=number, package=package, by=SAFETY, why=why).number


# ------------------------------------------------------------------ two people


@pytest.mark.requirement("RN8", "AC1")
def test_two_people_change_a_list_and_one_alone_cannot(kept: World, tmp_path: Path, larger: Definition) -> None:
    trial = tmp_path / "trial"
    package = list_change(trial, written(extension(larger), tmp_path / "package"), kept.desk.vault)
    digest = {"change": EXTEND, "digest": package.digest, "why": "more people"}

    def propose(by: Person, **other: str) -> str:
        return says(lambda: conduct.propose_list_change(kept.desk, by=by, **{**digest, **other}))

    assert "A data manager may not propose a change" in propose(CAST["data manager"])
    assert "'edit' is no change of a list" in propose(LISTER, change="edit")
    assert "64 hexadecimal digits" in propose(LISTER, digest="abc")
    assert "Say why in words" in propose(LISTER, why=" ")
    assert propose(LISTER) == "done"
    assert "is proposed already" in propose(CAST["statistician"])
    (proposal,) = kept.state.proposals

    def approve(by: Person, **other: Any) -> str:
        details = {"proposal": proposal, "package": package, "why": "compared", **other}
        return says(lambda: conduct.approve_list_change(kept.desk, by=by, **details))

    table = [
        (LISTER, {}, "Lia Lister proposed this change; another person looks at the package and approves it"),
        (CAST["investigator"], {}, "An investigator may not approve a change"),
        (SAFETY, {"proposal": 1}, f"Fact 1 is no proposal that waits for approval (waiting: {proposal})"),
        (SAFETY, {"package": replace(package, digest="0" * 64)}, "This is not the package that was proposed"),
        (SAFETY, {"package": replace(package, change=RESEAL)}, "slots sealed anew with digest"),
        (SAFETY, {"why": ""}, "Say why in words"),
    ]
    before = kept.desk.ledger.head()
    for by, other, answer in table:
        assert answer in approve(by, **other)
    assert kept.desk.ledger.head() == before
    assert approve(SAFETY) == "done"
    assert "is no proposal that waits" in approve(CAST["statistician"])
    kept.desk.ledger.close()
    assert store.verify(trial).ok


# ------------------------------------------------------------------ more slots


@pytest.mark.requirement("RN1", "RN5", "RN7")
def test_an_extension_is_drawn_from_once_the_list_is_used_up(kept: World, tmp_path: Path, larger: Definition) -> None:
    """An amendment with more participants waits for the extension; its slots come after those that are there; the proof
    goes over both lists."""
    trial = tmp_path / "trial"
    amend = {"definition": larger, "why": "more participants"}
    assert "too few slots in drug:none, drug:some (each stratum needs 16)" in kept.says("sponsor", "amend", **amend)
    number = approved(kept, list_change(trial, written(extension(larger), tmp_path / "package"), kept.desk.vault))
    assert kept.state.slots == {"drug:none": [12, MORE], "drug:some": [12, MORE]}
    assert kept.says("sponsor", "amend", **amend) == "done"
    kept.does("sponsor", "activate", site="NORTH")
    for place in range(14):
        kept.randomised(f"P{place}", drug="none")
    drawn = [fact.payload for fact in kept.facts() if fact.kind == kinds.ALLOCATION_DRAWN]
    assert [int(payload["position"]) for payload in drawn] == [*range(1, 13), 1, 2]
    kept.desk.ledger.close()
    found = store.verify(trial)
    assert found.ok, found.problems
    known = evidence.kept(trial)
    assert [segment.fact for segment in known.evidence.segments] == [1, number]
    again = known.redrawn([holder_key("escrow-1"), holder_key("escrow-2")])
    steps = [
        proof.committed(known.evidence),
        proof.signed(known.evidence),
        proof.in_order(known.evidence),
        proof.redrawn(known.evidence, again),
    ]
    assert [one for step in steps for one in step.discrepancies] == []
    assert "Gia Generator (generator), Wil Witness (witness), Rex Reviewer (reviewer)" in steps[1].says
    assert len(proof.arms_of(known.evidence, again)) == 14


@pytest.mark.requirement("RN8", "RN9")
def test_a_package_that_does_not_fit_is_refused_with_every_reason(
    sqlite_world: Callable[[Path], World], tmp_path: Path, larger: Definition
) -> None:
    world = sqlite_world(tmp_path / "trial")

    def refusal(package: Package) -> str:
        place = tmp_path / f"package-{len(list(tmp_path.iterdir()))}"
        try:
            list_change(tmp_path / "trial", written(package, place), world.desk.vault)
        except PackageRefused as refused:
            return str(refused)
        return "sound"

    sound = extension(larger)
    other = larger.model_copy(update={"id": "OTHER"})
    exchanged = replace(sound.list, slots=(sound.list.slots[1], sound.list.slots[0], *sound.list.slots[2:]))
    table = [
        (sound, "sound"),
        (extension(other), "the list is of trial OTHER; this is PRESS"),
        (extension(larger, purpose=TEST), "this is a test list; the trial runs on a production list"),
        (extension(larger, reviewed=False), "nobody has reviewed the list"),
        (replace(sound, signatures={**sound.signatures, WITNESS: "00" * 64}), "the signature of the witness"),
        (replace(sound, list=exchanged), "the leaves do not give the root that was signed"),
        (replace(sound, escrow=(sound.escrow[1], sound.escrow[0])), "escrow-1.age is not the file that was signed"),
    ]
    for package, answer in table:
        assert answer in refusal(package)
    approved(world, list_change(tmp_path / "trial", written(sound, tmp_path / "again"), world.desk.vault))
    assert "this list was taken in before" in refusal(sound)
    labels = {slot.label for slot in sound.list.slots}
    assert labels <= {slot.label for slot in world.desk.vault.slots(drawn=False)}


@pytest.mark.requirement("RN8")
def test_what_fails_while_it_is_taken_in_leaves_no_fact(
    sqlite_world: Callable[[Path], World], tmp_path: Path, larger: Definition
) -> None:
    """Fact and slots are one act."""
    world = sqlite_world(tmp_path / "trial")
    sound = list_change(tmp_path / "trial", written(extension(larger), tmp_path / "package"), world.desk.vault)

    def fails(number: int) -> None:
        sound.keep(number)
        raise OSError("the disk is full")

    number = proposed(world, sound)
    before = world.desk.ledger.head()
    with pytest.raises(OSError, match="disk is full"):
        conduct.approve_list_change(
            world.desk, proposal=number, package=replace(sound, keep=fails), by=SAFETY, why="compared"
        )
    assert world.desk.ledger.head() == before
    assert len(world.desk.vault.slots(drawn=False)) == len(allocation_list())
    assert number in world.state.proposals


# ------------------------------------------------------------------ other keys


@pytest.mark.requirement("BL4", "RN5")
def test_after_a_lost_key_somebody_who_still_has_one_seals_everything_anew(kept: World, tmp_path: Path) -> None:
    """Slots, order and commitments stay; the new key opens what is drawn, waiting and sealed; the lost one nothing."""
    trial = tmp_path / "trial"
    kept.randomised("Ann")
    blood = {"participant": "Ann", "form": "blood", "visit": "START"}
    kept.does("laboratory", "record", **blood, items={"potassium": "4.4", "renin": "12"})
    new = {"pharmacist-1": public_key("new"), "safety-unit": public_key("safety")}
    (tmp_path / "anew.json").write_bytes(resealed(trial, [holder_key()], new).content)
    package = list_change(trial, tmp_path / "anew.json", kept.desk.vault)
    before = [(slot.stratum, slot.position, slot.label, slot.leaf) for slot in kept.desk.vault.slots(drawn=False)]
    approved(kept, package)
    new_recipients(trial, new)
    after = [(slot.stratum, slot.position, slot.label, slot.leaf) for slot in kept.desk.vault.slots(drawn=False)]
    assert after == before
    (label,) = kept.state.labels
    arms = {slot.label: slot.arm for slot in allocation_list()}
    for key in (holder_key("new"), holder_key("safety")):
        assert kept.desk.vault.opened([label], [key]) == {label: arms[label]}
        (value,) = kept.desk.vault.kept([key]).values()
        assert value["renin"] == "12"
    with pytest.raises(CannotOpen):
        kept.desk.vault.opened([label], [holder_key()])
    kept.desk.ledger.close()
    assert store.read_folder(trial).recipients == new
    assert store.verify(trial).ok
    whole = evidence.kept(trial)
    again = whole.redrawn([holder_key("escrow-1"), holder_key("escrow-2")])
    assert proof.redrawn(whole.evidence, again).discrepancies == ()


@pytest.mark.requirement("BL4", "RN5")
def test_where_every_holder_lost_their_key_both_escrow_holders_seal_anew(
    sqlite_world: Callable[[Path], World], tmp_path: Path
) -> None:
    """The list is drawn up again from its seed; one of the two alone cannot."""
    trial, file = tmp_path / "trial", tmp_path / "anew.json"
    world = sqlite_world(trial)
    new, escrow = {"safety-unit": public_key("safety")}, [holder_key("escrow-1"), holder_key("escrow-2")]
    with pytest.raises(NotOpened):
        resealed(trial, escrow[:1], new)
    with pytest.raises(CannotOpen, match="share 2 of the seed stays closed"):
        resealed(trial, [escrow[0], holder_key("stranger")], new)
    file.write_bytes(resealed(trial, escrow, new).content)
    assert wrong_labels(trial, file, [holder_key("safety")]) == []
    approved(world, list_change(trial, file, world.desk.vault))
    world.randomised("Ann")
    (label,) = world.state.labels
    arms = {slot.label: slot.arm for slot in allocation_list()}
    assert world.desk.vault.opened([label], [holder_key("safety")]) == {label: arms[label]}


@pytest.mark.requirement("RN9")
def test_an_extension_is_reviewed_against_the_number_that_it_was_to_have(larger: Definition) -> None:
    package = extension(larger, reviewed=False)
    for more, right in ((MORE, True), (None, False), (MORE + 1, False)):
        found = review(package, larger, [holder_key()], more)
        assert [one.check for one in found.findings if not one.right] == ([] if right else ["Slots per stratum"])


@pytest.mark.requirement("RN5")
def test_slots_that_were_sealed_wrongly_are_found_by_the_one_who_approves(
    sqlite_world: Callable[[Path], World], tmp_path: Path
) -> None:
    """The content of one slot was put under the label of another. A key that opens nothing says so."""
    trial, file = tmp_path / "trial", tmp_path / "anew.json"
    world = sqlite_world(trial)
    package = resealed(trial, [holder_key()], {"safety-unit": public_key("safety")})
    one, two = sorted(package.slots)[:2]
    false = replace(package, slots={**package.slots, one: package.slots[two]})
    for content, wrong in ((package.content, []), (false.content, [one])):
        file.write_bytes(content)
        assert wrong_labels(trial, file, [holder_key("safety")]) == wrong
    with pytest.raises(NotOpened):
        wrong_labels(trial, file, [holder_key("stranger")])
    with pytest.raises(NotOpened):
        resealed(trial, [holder_key("stranger")], {"safety-unit": public_key("safety")})
    with pytest.raises(ResealRefused, match="name at least one recipient"):
        resealed(trial, [holder_key()], {})
    assert world.state.list_changes == []


@pytest.mark.requirement("RN5")
def test_a_package_that_is_stale_strange_or_edited_is_refused(
    sqlite_world: Callable[[Path], World], tmp_path: Path
) -> None:
    trial, file = tmp_path / "trial", tmp_path / "anew.json"
    world = sqlite_world(trial)
    package = resealed(trial, [holder_key()], {"safety-unit": public_key("safety")})
    label = min(package.slots)
    rest = {other: held for other, held in package.slots.items() if other != label}
    table = [
        (
            replace(package, slots=rest).content,
            f"the package lacks 1 slots that were added since it was made ({label})",
        ),
        (replace(package, slots={**package.slots, "ZZZZZZZ": b"-"}).content, "1 labels of the package are not of this"),
        (replace(package, trial="OTHER").content, "these slots are of trial OTHER; this is PRESS"),
        (package.content.replace(b'"trial"', b'"Trial"'), "this is no package of slots sealed anew"),
        (package.content + b" ", "somebody edited it"),
        (package.content[:500], "or it was cut off"),
    ]
    for content, answer in table:
        file.write_bytes(content)
        with pytest.raises(ResealRefused, match=re.escape(answer)):
            list_change(trial, file, world.desk.vault)
    assert read_resealed(package.content) == package


# ------------------------------------------------------------------ the commands


def key_file(folder: Path, holder: str) -> Path:
    """A key file, which nobody else can read."""
    path = folder / f"{holder}.key"
    path.write_text(holder_key(holder) + "\n")
    path.chmod(0o600)
    return path


def ran(*words: object) -> Result:
    """The command as a person would run it."""
    return CliRunner().invoke(app, ["allocation", *map(str, words)])


@pytest.mark.requirement("BL4", "AC1")
def test_the_commands_from_a_lost_key_to_new_slots(sqlite_world: Callable[[Path], World], tmp_path: Path) -> None:
    trial, package = tmp_path / "trial", tmp_path / "anew.json"
    sqlite_world(trial).desk.ledger.close()
    key, new = key_file(tmp_path, "holder"), key_file(tmp_path, "safety")
    recipient = f"safety-unit={public_key('safety')}"
    for slip, says in (
        ("safety-unit=ssh-rsa", "no age public key"),
        ("safety-unit=age1qqq", "a character is wrong or lacking"),
        (f"safetyunit={public_key('safety')}", "'safetyunit' is none of the roles holder"),
    ):
        wrong = ran("reseal", trial, "--key", key, "--recipient", slip, "-o", package)
        assert says in str(wrong.exception)
        assert not package.exists()
    made = ran("reseal", trial, "--key", key, "--recipient", recipient, "--without", "holder", "-o", package)
    assert made.exit_code == 0, made.output
    assert f"Digest {digest_of(package)[1]}" in made.stdout
    assert "allocation propose" in made.stdout
    why = ("--why", "the key of the safety unit was lost")
    early = ran("approve", trial, package, "--by", "sven", "--role", "safety_unit", *why)
    assert "Nobody proposed this package" in str(early.exception)
    asked = ran("propose", trial, package, "--by", "lia", *why)
    assert "proposed, digest" in asked.stdout
    alone = ran("approve", trial, package, "--by", "lia", "--role", "list_statistician", *why)
    assert "lia proposed this change" in str(alone.exception)
    compared = ran("compare", trial, package, "--key", new)
    assert "Every slot opens with your key and holds what was committed" in compared.stdout
    done = ran("approve", trial, package, "--by", "sven", "--role", "safety_unit", *why)
    assert done.exit_code == 0, done.output
    assert store.read_folder(trial).recipients == {"safety-unit": public_key("safety")}
    again = ran("approve", trial, package, "--by", "sven", "--role", "safety_unit", *why)
    assert "Nobody proposed this package" in str(again.exception)
    assert store.verify(trial).ok
    assert "Values are sealed to the keys that were agreed: proven" in ran("verify", trial).stdout


@pytest.mark.requirement("BL2", "RN5")
def test_a_key_that_somebody_put_into_the_settings_is_found(
    sqlite_world: Callable[[Path], World], tmp_path: Path
) -> None:
    """Who may write the settings could have what is sealed from then on for themselves."""
    trial, file = tmp_path / "trial", tmp_path / "anew.json"
    world = sqlite_world(trial)
    new = {"pharmacist-1": public_key("new"), "safety-unit": public_key("safety")}
    file.write_bytes(resealed(trial, [holder_key()], new).content)
    number = approved(world, list_change(trial, file, world.desk.vault))
    world.desk.ledger.close()
    new_recipients(trial, {"pharmacist-1": public_key("thief"), "friend": public_key("friend")})
    found = ran("verify", trial)
    assert found.exit_code == 1
    for role, sentence in (
        ("friend", "it names none"),
        ("pharmacist-1", f"{public_key('thief')[:12]}... stands in the place of"),
        ("safety-unit", "there is none"),
    ):
        assert f"trialwright.toml, {role}: the key is not the one that fact {number} names: {sentence}" in found.stdout


@pytest.mark.requirement("RN8", "RN9", "AC1")
def test_the_commands_from_an_amendment_to_more_slots(sqlite_world: Callable[[Path], World], tmp_path: Path) -> None:
    """A ceremony of its own, a review, a proposal, an approval by somebody else; then nothing is lacking."""
    trial, package, pub = tmp_path / "trial", tmp_path / "package", tmp_path / "pub"
    sqlite_world(trial).desk.ledger.close()
    second = edited(tmp_path / "second", ('version: "1"', 'version: "2"'), ("n: 12", f"n: {12 + MORE}"))
    pub.mkdir()
    for role in (*SLOT_HOLDERS, *ESCROW_HOLDERS):
        (pub / f"{role}.pub").write_text(f"{public_key(role)}\n")
    shares = []
    for part, name in ((GENERATOR, "Gia Generator"), (WITNESS, "Wil Witness")):
        make_share(tmp_path / f"{part}.share", part, name, part.encode().ljust(32))
        shares += [f"--{part}", tmp_path / f"{part}.share", "--commitment", tmp_path / f"{part}.share.commitment"]
    (tmp_path / "annex.yaml").write_text("sizes: [2, 4]\n")
    alike = ran("extend", trial, SMALL, package, *shares, "--keys", pub, "--annex", tmp_path / "annex.yaml")
    assert "The list has the 12 slots in every stratum that PRESS version 1 needs" in str(alike.exception)
    made = ran("extend", trial, second, package, *shares, "--keys", pub, "--annex", tmp_path / "annex.yaml")
    assert made.exit_code == 0, made.output
    assert f"drug:none {MORE}, drug:some {MORE}" in made.stdout
    why = ("--why", "amendment 2")
    assert "nobody has reviewed the list" in str(ran("propose", trial, package, "--by", "lia", *why).exception)
    review_by = ("--key", key_file(tmp_path, "safety-unit"), "--sign", tmp_path / "rex.signing-key", "--by", "rex")
    seen = ran("review", package, "--trial", second, "-o", tmp_path / "review.txt", "--slots", MORE, *review_by)
    assert seen.exit_code == 0, seen.output
    assert ran("propose", trial, package, "--by", "lia", *why).exit_code == 0
    assert ran("compare", trial, package, "--key", tmp_path / "safety-unit.key").exit_code == 0
    assert ran("approve", trial, package, "--by", "sven", "--role", "safety_unit", *why).exit_code == 0
    again = ran("extend", trial, second, tmp_path / "more", *shares, "--keys", pub, "--annex", tmp_path / "annex.yaml")
    assert "nothing is to be added" in str(again.exception)
    assert store.verify(trial).ok
