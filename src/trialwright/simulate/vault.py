"""The vault of a rehearsal: the same list as the sealed vault would hold, with the arms lying open in memory.

For imaginary participants only. Labels, leaves, root and commitments are those of the sealed vault on the same seed,
so that one rehearsal ends on the same seal behind either.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from trialwright.allocation.annex import Annex
from trialwright.allocation.slots import OpenSlot, root
from trialwright.ledger.vault import NO_LEVELS, CannotOpen, Commitment, Exhausted, Slot, kept_commitment


class MemoryVault:
    """`ledger.vault.Vault` over an open list. Private keys are not asked for: nothing here is sealed."""

    def __init__(self, slots: Sequence[OpenSlot], annex: Annex) -> None:
        self._annex = annex
        self._root = root(slots, annex)
        self._waiting: dict[str, list[OpenSlot]] = {}
        for slot in slots:
            self._waiting.setdefault(slot.stratum, []).append(slot)
        self._counts = {stratum: len(waiting) for stratum, waiting in self._waiting.items()}
        for waiting in self._waiting.values():
            waiting.sort(key=lambda slot: -slot.position)  # the next one stands last, where it is cheap to take
        self._drawn: dict[str, str] = {}
        self._kept: dict[str, Mapping[str, Any]] = {}

    def commitment(self) -> Commitment:
        """What was committed before the first participant."""
        return Commitment(self._root, self._annex.sha256, dict(self._counts), test=self._annex.test)

    def draw(self, stratum: str, levels: Mapping[str, str] = NO_LEVELS, participant: str = "") -> Slot:
        """Take the next unused slot of the stratum. Raises `Exhausted`; there is no fallback to another (RN7)."""
        waiting = self._waiting.get(stratum)
        if not waiting:
            raise Exhausted(stratum)
        slot = waiting.pop()
        self._drawn[slot.label] = slot.arm
        return Slot(slot.stratum, slot.position, slot.label, slot.leaf(self._annex.trial, self._annex.sha256))

    def keep(self, key: str, value: Mapping[str, Any], nonce: str) -> str:
        """Keep a value that reveals; the last one under a key stands."""
        self._kept[key] = dict(value)
        return kept_commitment(key, value, nonce)

    def opened(self, labels: Sequence[str], keys: Sequence[str]) -> Mapping[str, str]:
        """Label -> arm for drawn labels. Raises `CannotOpen` for a label that was not drawn."""
        strange = [label for label in labels if label not in self._drawn]
        if strange:
            raise CannotOpen(f"not drawn from this list: {', '.join(strange)}")
        return {label: self._drawn[label] for label in labels}

    def whole(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Label -> arm of every drawn label; nothing here is sealed."""
        return dict(self._drawn)

    def kept(self, keys: Sequence[str], under: str = "") -> Mapping[str, Mapping[str, Any]]:
        """Every value that was kept under such a key."""
        return {key: value for key, value in self._kept.items() if key.startswith(under)}
