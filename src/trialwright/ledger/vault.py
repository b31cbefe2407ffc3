"""The port of the vault: what would reveal the treatment lives behind it.

Only conduct, the wiring in `store` and the memory vault of `simulate` may import this module (a build rule). Nothing
here returns an arm but `opened`, which needs the keys of people who may know.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from trialwright.ledger.canonical import canonical


class Exhausted(Exception):
    """No unused slot is left in this stratum. There is no fallback and no wrap-around (RN7)."""


class Damaged(Exception):
    """The next slot of this stratum is not the one that was committed before the first participant."""


class Silent(Exception):
    """The allocator does not answer; nothing was drawn."""


class CannotOpen(Exception):
    """The keys given do not open what was asked, or what they open does not match its commitment."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One place on the list as a blinded system may know it: never the arm."""

    stratum: str
    position: int
    label: str
    leaf: str


NO_LEVELS: Mapping[str, str] = MappingProxyType({})

SEALED_LIST, ALLOCATOR = "sealed list", "allocator"
"""Where arms come from: a list that was drawn up before the first participant, or a process that draws each time."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """What proves the allocation afterwards: `root` over all leaves (of an allocator: the commitment to its seed), the
    annex hash, the number of slots per stratum (of an allocator: none). `test` lists are for rehearsals alone. `terms`
    says who made the list for which definition: generated_by, witnessed_by, reviewed_by, fingerprint, signatures."""

    root: str
    annex_sha256: str
    slots: Mapping[str, int]
    kind: str = SEALED_LIST
    test: bool = False
    terms: Mapping[str, str] = field(default_factory=dict)


def kept_commitment(key: str, value: Mapping[str, Any], nonce: str) -> str:
    """SHA-256 over the nonce's bytes and the canonical key and value.

    The nonce (16 random bytes in hexadecimal) stays in the vault, so that nobody can try values against the commitment.
    """
    return hashlib.sha256(bytes.fromhex(nonce) + canonical([key, value])).hexdigest()


class Vault(Protocol):
    """Sealed slots and sealed values. The server can add and draw, never read."""

    def commitment(self) -> Commitment:
        """What was committed before the first participant."""
        ...

    def draw(self, stratum: str, levels: Mapping[str, str] = NO_LEVELS, participant: str = "") -> Slot:
        """Take the next unused slot of the stratum, inside the ledger's `act()`. Raises `Exhausted`, and `Damaged`
        where the slot is not on the list that was committed.

        An allocator draws by `levels` (factor: level); asked again for a participant whose draw was not kept, it gives
        the same slot.
        """
        ...

    def keep(self, key: str, value: Mapping[str, Any], nonce: str) -> str:
        """Seal a value that reveals (IgG, a lot) with its nonce under `key`, inside `act()`.

        Returns `kept_commitment(...)`, which is all that the ledger may carry.
        """
        ...

    def opened(self, labels: Sequence[str], keys: Sequence[str]) -> Mapping[str, str]:
        """Label -> arm for drawn labels, with the private keys (age identities) of those who may know. Raises
        `CannotOpen`."""
        ...

    def whole(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Label -> arm of the drawn labels, regenerated from the seed, which the private keys of both escrow holders
        open together. Raises `CannotOpen`, also where what the seed gives is not what was committed."""
        ...

    def kept(self, keys: Sequence[str], under: str | tuple[str, ...] = "") -> Mapping[str, Mapping[str, Any]]:
        """Every sealed value whose key begins with `under` (one beginning, or one of several), opened with private
        keys. Raises `CannotOpen`."""
        ...
