"""The vault of a rehearsal: the same list as the sealed vault would hold, with the arms lying open in memory.

For imaginary participants only. Labels, leaves, root and commitments are those of the sealed vault (or of an
allocator) on the same seed, so that one rehearsal ends on the same seal behind either.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from trialwright.allocation.allocator import Allocator, Stands
from trialwright.allocation.annex import Annex
from trialwright.allocation.escrow import seed_commitment
from trialwright.allocation.slots import OpenSlot, root
from trialwright.allocation.stream import Stream
from trialwright.ledger.kinds import ALLOCATION_DRAWN
from trialwright.ledger.ports import Ledger
from trialwright.ledger.vault import (
    ALLOCATOR,
    NO_LEVELS,
    SEALED_LIST,
    CannotOpen,
    Commitment,
    Exhausted,
    Slot,
    kept_commitment,
)


class MemoryVault:
    """`ledger.vault.Vault` over an open list, or over a `stream` from which an allocator draws, for a method that looks
    at earlier participants. Private keys are not asked for: nothing here is sealed.

    With the `ledger` beside it a draw is tentative until the ledger has its fact: when the act fails, the slot is free
    again, as it is in a database. Without one every draw stands.
    """

    def __init__(
        self, slots: Sequence[OpenSlot], annex: Annex, ledger: Ledger | None = None, stream: Stream | None = None
    ) -> None:
        self._annex, self._ledger = annex, ledger
        self._allocator = None if stream is None else Allocator(annex, stream)
        self._stands = None if self._allocator is None else self._allocator.begin()
        self._root = root(slots, annex) if stream is None else seed_commitment(stream.seed)
        self._waiting: dict[str, list[OpenSlot]] = {}
        for slot in slots:
            self._waiting.setdefault(slot.stratum, []).append(slot)
        self._counts = {stratum: len(waiting) for stratum, waiting in self._waiting.items()}
        for waiting in self._waiting.values():
            waiting.sort(key=lambda slot: -slot.position)  # the next one stands last, where it is cheap to take
        self._drawn: dict[str, str] = {}
        self._kept: dict[str, Mapping[str, Any]] = {}
        self._tentative: tuple[OpenSlot, int, Stands | None] | None = None

    def commitment(self) -> Commitment:
        """What was committed before the first participant."""
        kind = SEALED_LIST if self._allocator is None else ALLOCATOR
        return Commitment(self._root, self._annex.sha256, dict(self._counts), kind, self._annex.test)

    def draw(self, stratum: str, levels: Mapping[str, str] = NO_LEVELS, participant: str = "") -> Slot:
        """Take the next unused slot of the stratum. Raises `Exhausted`; there is no fallback to another (RN7)."""
        self._settle()
        before = self._stands
        if self._allocator is not None and self._stands is not None:
            slot, self._stands = self._allocator.next(self._stands, participant, levels)
        else:
            waiting = self._waiting.get(stratum)
            if not waiting:
                raise Exhausted(stratum)
            slot = waiting.pop()
        self._drawn[slot.label] = slot.arm
        if self._ledger is not None:
            self._tentative = slot, self._ledger.head().number, before
        return Slot(slot.stratum, slot.position, slot.label, slot.leaf(self._annex.trial, self._annex.sha256))

    def _settle(self) -> None:
        """Give back the last slot where the act that drew it was not kept."""
        if self._tentative is None or self._ledger is None:
            return
        slot, number, before = self._tentative
        self._tentative = None
        if self._is_draw(number + 1, slot.label):
            return
        del self._drawn[slot.label]
        self._stands = before
        if self._allocator is None:
            self._waiting[slot.stratum].append(slot)

    def _is_draw(self, number: int, label: str) -> bool:
        """Whether the fact with this number, the first after the draw, is that draw."""
        try:
            fact = self._ledger.fact(number) if self._ledger is not None else None
        except LookupError:
            return False
        return fact is not None and fact.kind == ALLOCATION_DRAWN and (fact.payload or {}).get("label") == label

    def keep(self, key: str, value: Mapping[str, Any], nonce: str) -> str:
        """Keep a value that reveals; the last one under a key stands."""
        self._kept[key] = dict(value)
        return kept_commitment(key, value, nonce)

    def opened(self, labels: Sequence[str], keys: Sequence[str]) -> Mapping[str, str]:
        """Label -> arm for drawn labels. Raises `CannotOpen` for a label that was not drawn."""
        self._settle()
        strange = [label for label in labels if label not in self._drawn]
        if strange:
            raise CannotOpen(f"not drawn from this list: {', '.join(strange)}")
        return {label: self._drawn[label] for label in labels}

    def whole(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Label -> arm of every drawn label; nothing here is sealed."""
        self._settle()
        return dict(self._drawn)

    def kept(self, keys: Sequence[str], under: str | tuple[str, ...] = "") -> Mapping[str, Mapping[str, Any]]:
        """Every value that was kept under such a key."""
        return {key: value for key, value in self._kept.items() if key.startswith(under)}
