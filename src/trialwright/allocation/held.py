"""One slot as somebody holds it who must open it by its label alone: the break host, an envelope, a committee.

Stratum and place are not beside it, so that a list of such slots in the order of their labels does not tell the order
of the draws; they are inside the seal, and the leaf commits to them.
"""

import json
from dataclasses import dataclass

from trialwright.allocation.sealing import opened
from trialwright.allocation.slots import OpenSlot, SealedSlot, WrongSlot


@dataclass(frozen=True, slots=True)
class HeldSlot:
    """A sealed slot by its label. `ciphertext` is an age file; `leaf` and `annex_sha256` are what was committed."""

    label: str
    leaf: str
    annex_sha256: str
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """What is in it: the arm, and what the arm is called on an envelope."""

    label: str
    arm: str
    words: str

    def __repr__(self) -> str:
        return f"Opened(label={self.label!r}, ...)"  # an arm never reaches a log or a traceback by accident


def held(slot: SealedSlot, annex_sha256: str) -> HeldSlot:
    """A slot without its place on the list."""
    return HeldSlot(slot.label, slot.leaf, annex_sha256, slot.ciphertext)


def open_held(slot: HeldSlot, identities: list[str] | tuple[str, ...], trial: str) -> Opened:
    """Open one slot and compare it with its leaf. Raises `sealing.NotOpened`, or `WrongSlot` where what is in it is not
    what was committed for this label."""
    content = opened(slot.ciphertext, identities)
    try:
        found = json.loads(content)
        inside = OpenSlot(
            found["stratum"], found["position"], found["label"], found["arm"], bytes.fromhex(found["nonce"])
        )
        leaf = inside.leaf(trial, slot.annex_sha256)
        words = str(found["arm_in_words"])
    except (ValueError, KeyError, TypeError, AttributeError):
        # Raised from None: the library's message could quote the content.
        raise WrongSlot(f"slot {slot.label} does not hold an allocation") from None
    if (inside.label, leaf) != (slot.label, slot.leaf):
        raise WrongSlot(f"slot {slot.label} does not hold what was committed; do not use it and call the trial office")
    return Opened(slot.label, inside.arm, words)
