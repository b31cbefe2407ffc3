"""Slots and sealed values sealed anew to other keys: after a key was lost, or when a holder changes.

Whoever still holds a key opens everything that is sealed, checks each slot against its commitment, and seals the same
bytes to the new recipients. Nothing that was committed changes. The package shows no arm; its digest is what one person
proposes and another approves.
"""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from trialwright.allocation.keys import SLOT_HOLDERS
from trialwright.allocation.sealing import opened, sealed
from trialwright.allocation.slots import SealedSlot, WrongSlot, opened_slot

FORM = "trialwright slots sealed anew 1"


class ResealRefused(ValueError):
    """A package of slots sealed anew that cannot be made, read or taken in; the reason is a sentence."""


@dataclass(frozen=True, slots=True)
class SealedUnder:
    """A sealed value as the trial keeps it."""

    key: str
    commitment: str
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Resealed:
    """The package: `recipients` is role -> public key from now on, `slots` label -> ciphertext."""

    trial: str
    recipients: Mapping[str, str]
    slots: Mapping[str, bytes]
    values: tuple[SealedUnder, ...]

    @property
    def content(self) -> bytes:
        """The package as its file holds it: one line per slot and value."""
        slots = {label: b64encode(self.slots[label]).decode() for label in sorted(self.slots)}
        values = [[one.key, one.commitment, b64encode(one.ciphertext).decode()] for one in self.values]
        held = {
            "form": FORM,
            "trial": self.trial,
            "recipients": dict(sorted(self.recipients.items())),
            "slots": slots,
            "values": values,
        }
        return json.dumps(held, ensure_ascii=False, indent=0).encode() + b"\n"

    @property
    def digest(self) -> str:
        """SHA-256 of the file: what is proposed and approved."""
        return hashlib.sha256(self.content).hexdigest()


def holders_of_slots(recipients: Mapping[str, str]) -> list[str]:
    """The public keys that every slot is sealed to: of the roles that hold slots, or of all where none is named so."""
    chosen = [recipients[role] for role in SLOT_HOLDERS if role in recipients]
    return chosen or list(recipients.values())


def reseal(
    trial: str,
    slots: Sequence[tuple[SealedSlot, str]],
    values: Sequence[SealedUnder],
    keys: Sequence[str],
    recipients: Mapping[str, str],
    readers: Sequence[str],
) -> Resealed:
    """Open with `keys`, check, and seal the slots to `recipients`, the values to the public keys of `readers`. `slots`
    are pairs of a slot and its list's annex hash.

    Raises NotOpened where the keys do not open something, and WrongSlot where a slot is not what was committed.
    """
    if not recipients or not readers:
        raise ResealRefused("name at least one recipient, or nobody could ever open the slots")
    holders = holders_of_slots(recipients)
    again = {}
    for slot, annex_sha256 in slots:
        opened_slot(slot, keys, trial, annex_sha256)  # raises where it is not what was committed
        again[slot.label] = sealed(opened(slot.ciphertext, keys), holders)
    new_values = tuple(
        SealedUnder(one.key, one.commitment, sealed(opened(one.ciphertext, keys), readers)) for one in values
    )
    return Resealed(trial, dict(recipients), again, new_values)


def not_right(package: Resealed, slots: Sequence[tuple[SealedSlot, str]], keys: Sequence[str]) -> list[str]:
    """The labels of which the package does not hold what was committed, as a new holder's key opens it. Raises
    NotOpened where the key opens nothing of it."""
    wrong = []
    for slot, annex_sha256 in slots:
        ciphertext = package.slots.get(slot.label)
        try:
            opened_slot(replace(slot, ciphertext=ciphertext or b""), keys, package.trial, annex_sha256)
        except WrongSlot:
            wrong.append(slot.label)
    return wrong


def read_resealed(content: bytes) -> Resealed:
    """A package from its file. Raises ResealRefused."""
    try:
        held = json.loads(content)
        if held["form"] != FORM:
            raise ValueError("another form")
        package = Resealed(
            str(held["trial"]),
            {str(role): str(key) for role, key in held["recipients"].items()},
            {str(label): b64decode(text, validate=True) for label, text in held["slots"].items()},
            tuple(
                SealedUnder(str(key), str(said), b64decode(text, validate=True)) for key, said, text in held["values"]
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ResealRefused("this is no package of slots sealed anew, or it was cut off") from error
    if package.content != content:
        raise ResealRefused("this package is not in the form in which it was written; somebody edited it")
    return package
