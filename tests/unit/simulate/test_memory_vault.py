"""The vault of a rehearsal: the same list, in order, and no more than there is."""

from contextlib import suppress

import pytest

from trialwright.allocation.annex import Annex
from trialwright.allocation.methods import Blocks, Minimisation
from trialwright.allocation.slots import draw_up, root
from trialwright.allocation.stream import Stream
from trialwright.ledger.fact import Draft
from trialwright.ledger.kinds import ALLOCATION_DRAWN
from trialwright.ledger.memory import MemoryLedger
from trialwright.ledger.vault import CannotOpen, Exhausted, Slot, kept_commitment
from trialwright.simulate.vault import MemoryVault

ANNEX = Annex("TIM", Blocks({"A": 1, "B": 1}, (4, 6)), "5a" * 32)
SLOTS = draw_up(ANNEX, ("DM", "other"), 6, bytes(32))


def test_slots_are_drawn_in_the_order_of_their_stratum_until_none_is_left() -> None:
    vault = MemoryVault(SLOTS, ANNEX)
    counts = vault.commitment().slots
    drawn = [vault.draw("DM") for _ in range(counts["DM"])]
    listed = [slot for slot in SLOTS if slot.stratum == "DM"]
    assert [(slot.position, slot.label) for slot in drawn] == [(slot.position, slot.label) for slot in listed]
    assert [slot.leaf for slot in drawn] == [slot.leaf("TIM", ANNEX.sha256) for slot in listed]
    for stratum in ("DM", "unheard of"):
        with pytest.raises(Exhausted):
            vault.draw(stratum)
    assert vault.draw("other").position == 1
    assert vault.commitment().slots == counts
    assert vault.commitment().root == root(SLOTS, ANNEX)


def test_only_drawn_labels_open() -> None:
    vault = MemoryVault(SLOTS, ANNEX)
    slot = vault.draw("DM")
    assert vault.opened([slot.label], []) == {slot.label: SLOTS[0].arm}
    with pytest.raises(CannotOpen, match=SLOTS[1].label):
        vault.opened([slot.label, SLOTS[1].label], [])


def test_a_kept_value_comes_back_and_the_ledger_gets_its_commitment() -> None:
    vault = MemoryVault(SLOTS, ANNEX)
    value = {"igg": "31.2"}
    assert vault.keep("AMC-001/W4", value, "ab" * 16) == kept_commitment("AMC-001/W4", value, "ab" * 16)
    assert vault.kept([]) == {"AMC-001/W4": value}


@pytest.mark.parametrize("minimised", [False, True])
def test_a_slot_whose_act_failed_is_free_again(minimised: bool) -> None:
    """As in a database: the draw is rolled back with the act, and the next one takes the same place."""
    ledger = MemoryLedger()
    annex = Annex("TIM", Minimisation({"A": 1, "B": 1}, {"sex": ("F", "M")}), "5a" * 32) if minimised else ANNEX
    vault = MemoryVault((), annex, ledger, Stream(bytes(32))) if minimised else MemoryVault(SLOTS, annex, ledger)
    levels = {"sex": "F"} if minimised else {}

    def draw(participant: str, kept: bool) -> Slot:
        with suppress(RuntimeError), ledger.act():
            slot = vault.draw("all" if minimised else "DM", levels, participant)
            payload = {"label": slot.label}
            at = f"2026-03-02T08:00:0{ledger.head().number}.000000Z"
            ledger.append(Draft(at, "x", "nurse", ALLOCATION_DRAWN, "1", payload, "00" * 16, participant))
            if not kept:
                raise RuntimeError("power cut")
        return slot

    first = draw("one", kept=False)
    again = draw("one", kept=True)
    assert again == first
    second = draw("two", kept=False)
    third = draw("three", kept=True)
    assert (third.position, third.label) == (second.position, second.label)
    assert set(vault.whole([])) == {first.label, third.label}
    assert (third.leaf == second.leaf) is not minimised  # an allocator's nonce is the participant's own
    if minimised:
        assert (vault.commitment().kind, dict(vault.commitment().slots)) == ("allocator", {})
