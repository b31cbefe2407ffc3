"""A small sealed list and the keys of two people who may know, for tests."""

from functools import cache

import pyrage

from trialwright.allocation.annex import Annex
from trialwright.allocation.methods import Blocks
from trialwright.allocation.slots import OpenSlot, SealedList, draw_up, sealed_list
from trialwright.store import DatabaseLedger, SealedVault

STRATA = ("a", "b")
ANNEX = Annex("test-trial", Blocks({"ivig": 1, "placebo": 1}, (2, 4)), "ab" * 32)
SEED = bytes(range(32))
PHARMACIST = pyrage.x25519.Identity.generate()
SAFETY = pyrage.x25519.Identity.generate()
STRANGER = pyrage.x25519.Identity.generate()
RECIPIENTS = {"pharmacist-1": str(PHARMACIST.to_public()), "safety-unit": str(SAFETY.to_public())}


@cache
def open_slots() -> tuple[OpenSlot, ...]:
    """The list with its arms, as its generator knows it."""
    return draw_up(ANNEX, STRATA, 6, SEED)


@cache
def a_list() -> SealedList:
    """The same list sealed."""
    return sealed_list(open_slots(), ANNEX, list(RECIPIENTS.values()))


def with_list(ledger: DatabaseLedger, vault: SealedVault) -> None:
    """`prepare` of `store.create`: take in the list."""
    vault.take_in(a_list(), ANNEX.trial)
