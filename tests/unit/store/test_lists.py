"""Lists in the vault: escrow, extensions, slots sealed anew, an allocator's draws; each comes by its fact alone."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connections
from tests.plugins.acts import act, consent, draft
from tests.plugins.lists import ANNEX, PHARMACIST, RECIPIENTS, SAFETY, SEED, STRANGER, a_list, open_slots, with_list
from tests.plugins.tampering import administrator

from trialwright import store
from trialwright.allocation.escrow import secret_length, to_escrow
from trialwright.allocation.sealing import sealed
from trialwright.allocation.slots import SealedList, draw_up, sealed_list
from trialwright.ledger import kinds
from trialwright.ledger.vault import ALLOCATOR, CannotOpen, Slot

FIRST, SECOND = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
HOLDERS = (str(FIRST.to_public()), str(SECOND.to_public()))
MASK = bytes(range(256)) * (secret_length(ANNEX) // 256)
ESCROW = to_escrow(SEED, ANNEX, MASK, HOLDERS)
TERMS = {"generated_by": "G", "witnessed_by": "W"}


def with_escrow(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
    """`prepare` of `store.create`: a list with its seed in escrow."""
    vault.take_in(a_list(), ANNEX.trial, escrow=ESCROW, terms=TERMS, purpose="test")


@pytest.fixture
def folder(new_trial: Callable[..., Path]) -> Path:
    """A trial folder with a list and its escrow."""
    return new_trial(recipients=RECIPIENTS, prepare=with_escrow)


@pytest.fixture
def ledger(folder: Path) -> Iterator[store.DatabaseLedger]:
    """Its ledger, open."""
    ledger = store.open_ledger(folder)
    yield ledger
    ledger.close()


@pytest.fixture
def vault(folder: Path, ledger: store.DatabaseLedger) -> store.SealedVault:
    """Its vault, open."""
    return store.open_vault(folder, ledger)


def drawing(slot: Slot, participant: str) -> object:
    """The draft that names a drawn slot."""
    place = {"stratum": slot.stratum, "levels": {}, "position": str(slot.position)}
    return draft(kinds.ALLOCATION_DRAWN, {**place, "label": slot.label, "leaf": slot.leaf}, participant=participant)


def drawn(ledger: store.DatabaseLedger, vault: store.SealedVault, stratum: str, participant: str) -> str:
    """Draw and record; returns the label."""
    with ledger.act():
        slot = vault.draw(stratum)
        ledger.append(consent(participant))
        ledger.append(drawing(slot, participant))
    return slot.label


def change(kind: str, root: str = "", annex: str = "") -> object:
    """The draft of a change of the list, as approved."""
    return draft(
        kinds.LIST_CHANGED, {"change": kind, "digest": "00", "proposal": "1", "root": root, "annex": annex, "slots": {}}
    )


@pytest.mark.requirement("RN5")
def test_both_escrow_holders_draw_the_list_up_again_and_neither_alone(
    ledger: store.DatabaseLedger, vault: store.SealedVault
) -> None:
    labels = [drawn(ledger, vault, stratum, f"P-{turn}") for turn, stratum in enumerate("abb")]
    arms = {slot.label: slot.arm for slot in open_slots()}
    assert vault.whole([str(FIRST), str(SECOND)]) == {label: arms[label] for label in labels}
    for keys, lacking in (([str(FIRST)], "holder 2"), ([str(SECOND), str(PHARMACIST)], "holder 1"), ([], "holder 1")):
        with pytest.raises(CannotOpen, match=lacking):
            vault.whole(keys)


@pytest.mark.requirement("RN8")
def test_the_commitment_says_what_the_list_is_for_and_who_made_it(vault: store.SealedVault) -> None:
    found = vault.commitment()
    assert (found.test, found.terms, found.kind) == (True, TERMS, "sealed list")


def test_a_seed_of_another_list_in_escrow_is_noticed(new_trial: Callable[..., Path]) -> None:
    other = to_escrow(bytes(32), ANNEX, MASK, HOLDERS)
    folder = new_trial(
        recipients=RECIPIENTS, prepare=lambda ledger, vault: vault.take_in(a_list(), ANNEX.trial, escrow=other)
    )
    vault = store.open_vault(folder, store.open_ledger(folder))
    with pytest.raises(CannotOpen, match="does not give the list"):
        vault.whole([str(FIRST), str(SECOND)])


def test_shares_that_do_not_belong_together_give_no_seed(new_trial: Callable[..., Path]) -> None:
    crossed = (ESCROW[0], to_escrow(SEED, ANNEX, MASK[::-1], HOLDERS)[1])
    folder = new_trial(prepare=lambda ledger, vault: vault.take_in(a_list(), ANNEX.trial, escrow=crossed))
    vault = store.open_vault(folder, store.open_ledger(folder))
    with pytest.raises(CannotOpen, match="do not belong together"):
        vault.whole([str(FIRST), str(SECOND)])


def extension() -> SealedList:
    """More slots of the same trial, from a seed of their own."""
    return sealed_list(draw_up(ANNEX, ("a", "b"), 2, bytes(32)), ANNEX, list(RECIPIENTS.values()))


def test_an_extension_comes_with_its_fact_and_is_drawn_after_the_list(
    folder: Path, ledger: store.DatabaseLedger, vault: store.SealedVault
) -> None:
    more = extension()
    act(ledger, draft(kinds.LIST_CHANGE_PROPOSED, {"change": "extend", "digest": "00"}))
    with ledger.act():
        fact = ledger.append(change("extend", more.root, more.annex_sha256))
        vault.take_in(more, ANNEX.trial, taken_by=fact.number)
    with pytest.raises(IntegrityError, match="the list is fixed"):
        vault.take_in(extension(), ANNEX.trial, taken_by=fact.number)
    labels = [drawn(ledger, vault, "a", f"P-{turn}") for turn in range(8)]
    given = (*open_slots(), *draw_up(ANNEX, ("a", "b"), 2, bytes(32)))
    assert labels == [slot.label for slot in given if slot.stratum == "a"]
    arms = {slot.label: slot.arm for slot in given}
    assert vault.opened(labels, [str(SAFETY)]) == {label: arms[label] for label in labels}
    assert vault.commitment().slots == {"a": 6, "b": 6}
    with administrator(folder) as run:
        [(last, leaf)] = run("SELECT MAX(id), MIN(leaf) FROM store_slot")
        run("UPDATE store_slot SET leaf = %s WHERE id = %s", (leaf, last))
    assert "the slots are not the extension of fact 2" in str(store.verify(folder))


def test_a_slot_sealed_anew_opens_with_the_new_key_and_only_by_a_logged_change(
    folder: Path, ledger: store.DatabaseLedger, vault: store.SealedVault
) -> None:
    label = drawn(ledger, vault, "a", "P-1")
    content = pyrage.decrypt(vault.slots()[0].ciphertext, [SAFETY])
    anew = {label: sealed(content, [str(STRANGER.to_public())])}
    with pytest.raises(IntegrityError, match="the list is fixed"):
        vault.reseal(anew, taken_by=1)
    with ledger.act():
        fact = ledger.append(change("reseal"))
        vault.reseal(anew, fact.number)
    assert vault.opened([label], [str(STRANGER)]) == {label: open_slots()[0].arm}
    with pytest.raises(CannotOpen):
        vault.opened([label], [str(SAFETY)])
    assert vault.whole([str(FIRST), str(SECOND)])[label] == open_slots()[0].arm
    for statement in ("UPDATE store_resealed SET label = 'x'", "DELETE FROM store_resealed"):
        with pytest.raises((IntegrityError, DatabaseError), match="trialwright"), ledger.act():
            ledger.beside(statement, ())


def test_an_allocators_slot_comes_with_the_fact_that_draws_it(new_trial: Callable[..., Path]) -> None:
    whole = a_list()
    folder = new_trial(
        recipients=RECIPIENTS,
        prepare=lambda ledger, vault: vault.take_in(replace(whole, slots=()), ANNEX.trial, kind=ALLOCATOR),
    )
    ledger = store.open_ledger(folder)
    vault = store.open_vault(folder, ledger)
    act(ledger, consent("P-1"))
    slot = whole.slots[0]
    insert = (
        "INSERT INTO store_slot (list_id, stratum, position, label, leaf, ciphertext) VALUES (1, %s, %s, %s, %s, %s)",
        (slot.stratum, slot.position, slot.label, slot.leaf, slot.ciphertext),
    )
    with pytest.raises(IntegrityError, match="the list is fixed"), ledger.act():
        ledger.beside(*insert)
    with ledger.act():
        ledger.with_draw(slot.label, *insert)
        ledger.append(drawing(Slot(slot.stratum, slot.position, slot.label, slot.leaf), "P-1"))
    assert vault.opened([slot.label], [str(SAFETY)]) == {slot.label: open_slots()[0].arm}
    assert vault.commitment().slots == {}
    assert store.verify(folder).ok


def test_a_list_exchanged_with_its_root_is_not_the_one_that_fact_1_names(folder: Path) -> None:
    ledger = store.open_ledger(folder)
    first = store.open_vault(folder, ledger).lists()[0]
    opening = {"definition": "{}", "fingerprint": "", "root": first.root, "annex": first.annex_sha256, "slots": {}}
    act(ledger, draft(kinds.TRIAL_OPENED, {**opening, "accepted_by": None, "rehearsal": "yes"}))
    assert store.verify(folder).ok
    with administrator(folder) as run:
        run("UPDATE store_list SET root = %s", ("ab" * 32,))
    assert "the list is not the one that the ledger names" in str(store.verify(folder))


def test_lists_and_escrow_come_through_a_backup(folder: Path, tmp_path: Path) -> None:
    store.backup(folder, tmp_path / "copy")
    copy = store.open_vault(tmp_path / "copy", store.open_ledger(tmp_path / "copy"))
    original = store.open_vault(folder, store.open_ledger(folder))
    assert copy.lists() == original.lists()
    assert copy.slots(drawn=False) == original.slots(drawn=False)


def test_a_list_of_the_first_schema_belongs_to_list_1_after_the_migration(new_trial: Callable[..., Path]) -> None:
    folder = new_trial(recipients=RECIPIENTS, prepare=with_list)
    before = store.open_vault(folder, store.open_ledger(folder)).slots(drawn=False)
    alias = store.open_ledger(folder).alias
    call_command("migrate", "store", "0001", database=alias, verbosity=0, interactive=False)
    call_command("migrate", "store", database=alias, verbosity=0, interactive=False)
    connections.close_all()
    vault = store.open_vault(folder, store.open_ledger(folder))
    assert vault.slots(drawn=False) == before
    assert [kept.id for kept in vault.lists()] == [1]
    assert store.verify(folder).ok
