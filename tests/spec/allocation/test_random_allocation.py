"""Random allocation: hidden until it is used, never repeated or stretched, and provable afterwards."""

import json

import pyrage
import pytest

from trialwright.allocation.annex import Annex
from trialwright.allocation.methods import Blocks
from trialwright.allocation.predictability import expected_correct_guesses
from trialwright.allocation.sealing import NotOpened, combined_seed, joined, split
from trialwright.allocation.slots import OpenSlot, discrepancies, draw_up, generate, opened_slot
from trialwright.ledger.canonical import fingerprint
from trialwright.ledger.vault import Exhausted
from trialwright.simulate.vault import MemoryVault

ANNEX = Annex("TIME IS MUSCLE", Blocks({"A": 1, "B": 1}, (4, 6)), "c3" * 32, {"A": "immunoglobulin", "B": "placebo"})
STRATA = ("DM", "other")
SEED = combined_seed(b"g" * 32, b"w" * 32)
PHARMACIST, SAFETY_UNIT, STRANGER = (pyrage.x25519.Identity.generate() for _ in range(3))
SEALED = generate(ANNEX, STRATA, 24, SEED, [str(PHARMACIST.to_public()), str(SAFETY_UNIT.to_public())])


@pytest.mark.requirement("RN1")
def test_block_sizes_and_arms_cannot_be_read_from_what_the_server_holds() -> None:
    """The server holds labels, leaves, ciphertexts and two hashes. Without a holder's key nothing opens, and neither
    hash can be tried out: the annex is salted, every leaf has its nonce."""
    with pytest.raises(NotOpened):
        opened_slot(SEALED.slots[0], [str(STRANGER)], ANNEX.trial, ANNEX.sha256)
    unsalted = {key: value for key, value in json.loads(ANNEX.canonical).items() if key != "salt"}
    assert SEALED.annex_sha256 != fingerprint(unsalted)
    first = SEALED.slots[0]
    guesses = [OpenSlot(first.stratum, 1, first.label, arm, nonce) for arm in "AB" for nonce in (b"", bytes(32))]
    assert first.leaf not in [guess.leaf(ANNEX.trial, ANNEX.sha256) for guess in guesses]


@pytest.mark.requirement("RN5")
def test_the_list_is_drawn_up_again_from_the_opened_seed_and_proves_itself() -> None:
    """After the lock both escrow holders bring their shares; the seed and the annex give every slot and the root
    again.
    """
    first, second = split(SEED, b"m" * 32)
    again = joined(first, second)
    assert discrepancies(ANNEX, STRATA, 24, again, SEALED.slots) == []
    assert discrepancies(ANNEX, STRATA, 24, first, SEALED.slots) != []


@pytest.mark.requirement("RN5")
def test_rehearsal_and_trial_draw_the_same_slots_from_the_same_seed() -> None:
    """The open list in memory and the sealed one agree in label, position and leaf, and the pharmacist opens the very
    arms.
    """
    vault = MemoryVault(draw_up(ANNEX, STRATA, 24, SEED), ANNEX)
    assert (vault.commitment().root, vault.commitment().annex_sha256) == (SEALED.root, SEALED.annex_sha256)
    for slot in SEALED.slots:
        drawn = vault.draw(slot.stratum)
        assert (drawn.position, drawn.label, drawn.leaf) == (slot.position, slot.label, slot.leaf)
        arm = opened_slot(slot, [str(PHARMACIST)], ANNEX.trial, ANNEX.sha256).arm
        assert vault.opened([drawn.label], []) == {drawn.label: arm}


@pytest.mark.requirement("RN7")
def test_an_exhausted_stratum_refuses_and_borrows_from_no_other() -> None:
    vault = MemoryVault(draw_up(ANNEX, STRATA, 2, SEED), ANNEX)
    for _ in range(vault.commitment().slots["DM"]):
        vault.draw("DM")
    with pytest.raises(Exhausted):
        vault.draw("DM")
    assert vault.draw("other").stratum == "other"


@pytest.mark.requirement("RN1")
def test_the_length_of_a_list_does_not_tell_its_block_sizes() -> None:
    """Blocks of 4 only, of 6 only and of both give lists of the same length in every stratum."""
    lengths = {
        sizes: generate(
            Annex("T", Blocks({"A": 1, "B": 1}, sizes), "c3" * 32), STRATA, 9, SEED, [str(PHARMACIST.to_public())]
        ).counts
        for sizes in ((4,), (6,), (4, 6))
    }
    assert list(lengths.values()) == [{"DM": 9, "other": 9}] * 3


def test_larger_blocks_are_harder_to_guess() -> None:
    """The share of right guesses by one who remembers everything: 75 % in blocks of 2, 71 % of 4, 68 % of 6."""
    shares = [float(expected_correct_guesses(size, ANNEX.ratio) / size) for size in (2, 4, 6)]
    assert [round(share, 3) for share in shares] == [0.75, 0.708, 0.683]
