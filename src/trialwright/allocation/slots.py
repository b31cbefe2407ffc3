"""Sealed slots: the list as the server may hold it. Every arm is encrypted, slot by slot, to those who may know it.

From the seed follow, each from a stream of its own, the arms, the labels and the nonces, so whoever opens the seed
after the lock can draw up the same list again and prove that it was fixed before the first participant and used in
order. A slot is an age file, which the standard `age` program opens when everything else is down.

    leaf = SHA-256(frame(DOMAIN) ‖ frame(trial) ‖ frame(annex hash) ‖ frame(stratum) ‖ frame(position) ‖ frame(label) ‖
    frame(arm) ‖ frame(nonce))

The nonce keeps a leaf from being tried out: without it, two hashes per slot would tell the arm.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from trialwright.allocation.annex import Annex
from trialwright.allocation.check_digits import pure_check_character
from trialwright.allocation.merkle import merkle_root
from trialwright.allocation.methods import list_for
from trialwright.allocation.sealing import opened, sealed
from trialwright.allocation.stream import Stream, framed

DOMAIN = b"trialwright allocation leaf 1"
NONCE_BYTES = 32
LABEL_LETTERS = "23456789BCDFGHJKMNPQRTVWXYZ"
"""No vowels, so no words; none of 0 1 I L O S U, so nothing is misread on a bag."""
LABEL_LENGTH = 6
CONTENT_STEP = 256
"""The contents of a list are all padded to one multiple of this, so that the length of what is sealed tells no arm."""


class WrongSlot(Exception):
    """What a slot holds is not what was committed: the slot was exchanged, or the list is another."""


@dataclass(frozen=True, slots=True)
class OpenSlot:
    """A slot with its arm. Only who may know it, and the generator before it forgets, hold one."""

    stratum: str
    position: int
    label: str
    arm: str
    nonce: bytes

    def __repr__(self) -> str:
        return f"OpenSlot(label={self.label!r}, ...)"  # an arm never reaches a log or a traceback by accident

    def leaf(self, trial: str, annex_sha256: str) -> str:
        """The commitment to this slot, in hexadecimal."""
        text = (trial, annex_sha256, self.stratum, str(self.position), self.label, self.arm)
        return hashlib.sha256(framed(DOMAIN, *(part.encode() for part in text), self.nonce)).hexdigest()


@dataclass(frozen=True, slots=True)
class SealedSlot:
    """A slot as the server holds it: `ciphertext` is an age file to several recipients."""

    stratum: str
    position: int
    label: str
    leaf: str
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class SealedList:
    """What the server is given: slots in order of stratum and position, the sealed annex, and what commits to them."""

    slots: tuple[SealedSlot, ...]
    root: str
    annex_sha256: str
    sealed_annex: bytes

    @property
    def counts(self) -> Mapping[str, int]:
        """Slots per stratum."""
        counts: dict[str, int] = {}
        for slot in self.slots:
            counts[slot.stratum] = counts.get(slot.stratum, 0) + 1
        return counts


def draw_up(annex: Annex, strata: Sequence[str], n: int, seed: bytes | Stream) -> tuple[OpenSlot, ...]:
    """The whole list: for every stratum exactly `n` slots. The same arguments give the same list (RN5)."""
    if not strata or len(set(strata)) != len(strata) or n < 1:
        raise ValueError("a list needs at least one stratum, each named once, and at least one slot in each")
    stream = seed if isinstance(seed, Stream) else Stream(seed)
    in_turn = labels(stream)
    slots = []
    for stratum in strata:
        nonces = stream.draws(f"nonce:{stratum}")
        for position, arm in enumerate(list_for(annex.method, stratum, n, stream), start=1):
            slots.append(OpenSlot(stratum, position, next(in_turn), arm, nonces.octets(NONCE_BYTES)))
    return tuple(slots)


def labels(stream: Stream) -> Iterator[str]:
    """Random labels with a check character, no two alike. They come from a stream of their own and so tell nothing."""
    draws = stream.draws("label")
    given: set[str] = set()
    while True:
        stem = "".join(draws.one_of(LABEL_LETTERS) for _ in range(LABEL_LENGTH))
        label = stem + pure_check_character(stem)
        if label[-1] in LABEL_LETTERS and label not in given:
            given.add(label)
            yield label


def label_is_right(label: str) -> bool:
    """Whether a label typed from a bag or a card can be one: its check character fits."""
    text = label.strip().upper()
    return (
        len(text) == LABEL_LENGTH + 1
        and set(text) <= set(LABEL_LETTERS)
        and pure_check_character(text[:-1]) == text[-1]
    )


def root(slots: Sequence[OpenSlot], annex: Annex) -> str:
    """What commits to all slots in order, in hexadecimal; recorded before the first participant."""
    return merkle_root([bytes.fromhex(slot.leaf(annex.trial, annex.sha256)) for slot in slots]).hex()


def sealed_list(slots: Sequence[OpenSlot], annex: Annex, recipients: Sequence[str]) -> SealedList:
    """Every slot, and the annex, sealed on its own to all recipients. Contents have one length whatever the arm."""
    contents = [_content(slot, annex) for slot in slots]
    length = -(-max(map(len, contents)) // CONTENT_STEP) * CONTENT_STEP
    sealed_slots = tuple(
        SealedSlot(
            slot.stratum,
            slot.position,
            slot.label,
            slot.leaf(annex.trial, annex.sha256),
            sealed(content.ljust(length - 1) + b"\n", recipients),
        )
        for slot, content in zip(slots, contents, strict=True)
    )
    return SealedList(sealed_slots, root(slots, annex), annex.sha256, sealed(annex.padded, recipients))


def sealed_slot(slot: OpenSlot, annex: Annex, recipients: Sequence[str]) -> SealedSlot:
    """One slot sealed on its own, as an allocator does: as long as it would be under the longest-named arm."""
    longest = max(len(_content(replace(slot, arm=arm), annex)) for arm in annex.ratio)
    length = -(-(longest + 1) // CONTENT_STEP) * CONTENT_STEP
    content = _content(slot, annex).ljust(length - 1) + b"\n"
    leaf = slot.leaf(annex.trial, annex.sha256)
    return SealedSlot(slot.stratum, slot.position, slot.label, leaf, sealed(content, recipients))


def generate(annex: Annex, strata: Sequence[str], n: int, seed: bytes, recipients: Sequence[str]) -> SealedList:
    """Draw up and seal: for every stratum `n` slots. What is sealed differs each time; all else follows the
    seed.
    """
    return sealed_list(draw_up(annex, strata, n, seed), annex, recipients)


def _content(slot: OpenSlot, annex: Annex) -> bytes:
    """What a holder reads, by program or by eye."""
    content = {
        "trial": annex.trial,
        "label": slot.label,
        "arm": slot.arm,
        "arm_in_words": annex.in_words(slot.arm),
        "stratum": slot.stratum,
        "position": slot.position,
        "annex_sha256": annex.sha256,
        "nonce": slot.nonce.hex(),
    }
    return json.dumps(content, ensure_ascii=False).encode()


def opened_slot(slot: SealedSlot, identities: Sequence[str], trial: str, annex_sha256: str) -> OpenSlot:
    """The slot with its arm, for a holder of a key. Raises NotOpened, or WrongSlot where it is not what was
    committed.
    """
    content = opened(slot.ciphertext, identities)
    try:
        held = json.loads(content)
        found = OpenSlot(held["stratum"], held["position"], held["label"], held["arm"], bytes.fromhex(held["nonce"]))
        leaf = found.leaf(trial, annex_sha256)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongSlot(f"slot {slot.label} does not hold an allocation") from error
    if (found.stratum, found.position, found.label, leaf) != (slot.stratum, slot.position, slot.label, slot.leaf):
        raise WrongSlot(f"slot {slot.label} does not hold what was committed; do not use it and call the trial office")
    return found


def discrepancies(annex: Annex, strata: Sequence[str], n: int, seed: bytes, slots: Sequence[SealedSlot]) -> list[str]:
    """After the lock: how the slots that were used differ from the list that the opened seed gives. Empty is proof."""
    again = draw_up(annex, strata, n, seed)
    if len(again) != len(slots):
        return [f"the seed gives {len(again)} slots and {len(slots)} are kept"]
    return [
        f"{kept.stratum}, position {kept.position}: label {kept.label} is not the slot that the seed gives"
        for slot, kept in zip(again, slots, strict=True)
        if (slot.stratum, slot.position, slot.label, slot.leaf(annex.trial, annex.sha256))
        != (kept.stratum, kept.position, kept.label, kept.leaf)
    ]
