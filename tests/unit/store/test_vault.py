"""The sealed vault: adds and draws without a key, opens with one, and tells nothing by length or order."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pyrage
import pytest
from django.db import connections
from tests.plugins.acts import act, consent, draft
from tests.plugins.lists import ANNEX, PHARMACIST, RECIPIENTS, SAFETY, STRANGER, open_slots, with_list
from tests.plugins.tampering import administrator

from trialwright import store
from trialwright.allocation.keys import ROLES
from trialwright.ledger import kinds
from trialwright.ledger.memory import OutsideAct
from trialwright.ledger.vault import CannotOpen, Exhausted, Slot, kept_commitment
from trialwright.simulate.vault import MemoryVault

NONCE = "5a" * 16


@pytest.fixture
def folder(new_trial: Callable[..., Path]) -> Path:
    """A trial folder with a sealed list."""
    return new_trial(recipients=RECIPIENTS, prepare=with_list)


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


def drawn(ledger: store.DatabaseLedger, vault: store.SealedVault, stratum: str, participant: str) -> Slot:
    """Draw and record, in one act."""
    with ledger.act():
        slot = vault.draw(stratum)
        ledger.append(consent(participant))
        ledger.append(drawing(slot, participant))
    return slot


def drawing(slot: Slot, participant: str) -> object:
    """The draft that names a drawn slot."""
    payload = {
        "stratum": slot.stratum,
        "levels": {},
        "position": str(slot.position),
        "label": slot.label,
        "leaf": slot.leaf,
    }
    return draft(kinds.ALLOCATION_DRAWN, payload, participant=participant)


@pytest.mark.requirement("RN5", "RN7")
def test_slots_are_drawn_in_order_until_the_list_is_exhausted(
    ledger: store.DatabaseLedger, vault: store.SealedVault
) -> None:
    waiting = [slot for slot in open_slots() if slot.stratum == "a"]
    labels = [drawn(ledger, vault, "a", f"A-{turn}").label for turn in range(len(waiting))]
    assert labels == [slot.label for slot in waiting]
    with pytest.raises(Exhausted):
        drawn(ledger, vault, "a", "A-99")
    assert drawn(ledger, vault, "b", "B-1").position == 1


@pytest.mark.requirement("RN4")
def test_a_draw_whose_act_fails_did_not_happen(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
    with ledger.act():
        without_a_fact = vault.draw("a")
    assert drawn(ledger, vault, "a", "A-1") == without_a_fact
    with pytest.raises(OutsideAct):
        vault.draw("a")


@pytest.mark.requirement("RN4")
def test_many_at_once_never_draw_the_same_slot(
    folder: Path, ledger: store.DatabaseLedger, vault: store.SealedVault
) -> None:
    got: list[Slot] = []
    failed: list[Exception] = []

    def enrol(site: int) -> None:
        try:
            own = store.open_ledger(folder)
            for turn in range(3):
                got.append(drawn(own, store.open_vault(folder, own), "ab"[turn % 2], f"{site}-{turn}"))
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=enrol, args=(site,)) for site in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len({slot.label for slot in got}) == 9
    for stratum in "ab":
        taken = sorted(slot.position for slot in got if slot.stratum == stratum)
        assert taken == list(range(1, len(taken) + 1))
    assert store.verify(folder).ok


@pytest.mark.requirement("RN2")
def test_the_server_holds_nothing_that_shows_an_arm(folder: Path, ledger: store.DatabaseLedger) -> None:
    """No arm is readable, and what is sealed has one length whatever it is. (The ciphertexts' lengths differ by what
    age adds at random.)"""
    slots = store.open_vault(folder, ledger).slots(drawn=False)
    for slot in slots:
        assert b"ivig" not in slot.ciphertext
        assert b"placebo" not in slot.ciphertext
    assert len({len(pyrage.decrypt(slot.ciphertext, [SAFETY])) for slot in slots}) == 1


def test_drawn_labels_are_opened_by_any_holder_and_by_nobody_else(
    ledger: store.DatabaseLedger, vault: store.SealedVault
) -> None:
    slots = [drawn(ledger, vault, "a", f"A-{turn}") for turn in range(3)]
    labels = [slot.label for slot in slots]
    arms = {slot.label: slot.arm for slot in open_slots() if slot.label in labels}
    assert vault.opened(labels, [str(PHARMACIST)]) == arms
    assert vault.opened(labels, [str(STRANGER), str(SAFETY)]) == arms
    for keys in ([str(STRANGER)], [], ["AGE-SECRET-KEY-1NONE"]):
        with pytest.raises(CannotOpen):
            vault.opened(labels, keys)
    waiting = next(slot.label for slot in open_slots() if slot.label not in labels)
    for label in (waiting, "NOSUCH"):
        with pytest.raises(CannotOpen, match="has not been drawn"):
            vault.opened([label], [str(PHARMACIST)])


def test_an_exchanged_ciphertext_is_noticed_when_it_is_opened(
    folder: Path, ledger: store.DatabaseLedger, vault: store.SealedVault
) -> None:
    first, second = drawn(ledger, vault, "a", "A-1"), drawn(ledger, vault, "a", "A-2")
    query = "SELECT ciphertext FROM store_slot WHERE label = %s"
    with administrator(folder) as run:
        [(other,)] = run(query, (second.label,))
        run("UPDATE store_slot SET ciphertext = %s WHERE label = %s", (other, first.label))
    with pytest.raises(CannotOpen, match="what was committed"):
        vault.opened([first.label], [str(PHARMACIST)])


def test_values_that_reveal_are_kept_sealed_and_the_last_under_a_key_stands(
    ledger: store.DatabaseLedger, vault: store.SealedVault
) -> None:
    values = [("1/V1", {"igg": "9.1"}), ("1/V2", {"igg": "18.25", "note": "é" * 40}), ("1/V1", {"igg": "9.2"})]
    for key, value in values:
        with ledger.act():
            assert vault.keep(key, value, NONCE) == kept_commitment(key, value, NONCE)
    assert vault.kept([str(SAFETY)]) == {"1/V1": {"igg": "9.2"}, "1/V2": values[1][1]}
    with pytest.raises(CannotOpen):
        vault.kept([str(STRANGER)])
    with connections[ledger.alias].cursor() as cursor:
        cursor.execute("SELECT ciphertext FROM store_sealedvalue")
        lengths = {len(pyrage.decrypt(bytes(ciphertext), [SAFETY])) for (ciphertext,) in cursor.fetchall()}
    assert len(lengths) == 1, "a longer value would show"


def test_a_value_is_not_kept_when_its_act_fails(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
    with pytest.raises(OutsideAct):
        vault.keep("k", {"igg": "9.1"}, NONCE)
    with pytest.raises(ZeroDivisionError):
        keep_and_fail(ledger, vault)
    assert vault.kept([str(SAFETY)]) == {}


def keep_and_fail(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
    """Seal a value in an act that fails."""
    with ledger.act():
        vault.keep("k", {"igg": "9.1"}, NONCE)
        raise ZeroDivisionError


def test_the_sealed_vault_and_the_open_one_of_rehearsals_behave_alike(
    ledger: store.DatabaseLedger, vault: store.SealedVault
) -> None:
    memory = MemoryVault(open_slots(), ANNEX)
    assert vault.commitment() == memory.commitment()
    slots = [drawn(ledger, vault, stratum, f"P-{turn}") for turn, stratum in enumerate("abba")]
    assert slots == [memory.draw(stratum) for stratum in "abba"]
    labels = [slot.label for slot in slots]
    assert vault.opened(labels, [str(SAFETY)]) == memory.opened(labels, [])
    with ledger.act():
        assert vault.keep("k", {"igg": "9"}, NONCE) == memory.keep("k", {"igg": "9"}, NONCE)
    assert vault.kept([str(SAFETY)]) == memory.kept([])


def test_a_second_list_is_refused(folder: Path, ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
    act(ledger, consent())
    with pytest.raises(Exception, match="the list is fixed before the first fact"):
        with_list(ledger, vault)
    assert store.verify(folder).ok


def test_values_are_sealed_to_who_reads_them_and_not_to_escrow_holders_or_processes(
    new_trial: Callable[..., Path],
) -> None:
    keys = {role: pyrage.x25519.Identity.generate() for role in (*ROLES, "unblinded-monitor", "allocator")}
    folder = new_trial(recipients={role: str(key.to_public()) for role, key in keys.items()}, prepare=with_list)
    ledger = store.open_ledger(folder)
    vault = store.open_vault(folder, ledger)
    with ledger.act():
        vault.keep("k", {"igg": "9.1"}, NONCE)
    readers = {"pharmacist-1", "pharmacist-2", "safety-unit", "dsmb-statistician", "unblinded-monitor"}
    for role, key in keys.items():
        if role in readers:
            assert vault.kept([str(key)]) == {"k": {"igg": "9.1"}}
        else:
            with pytest.raises(CannotOpen):
                vault.kept([str(key)])
