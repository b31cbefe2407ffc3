"""A fact: one act by one person at one instant, sealed to the fact before it.

Heads, drafts and facts are named tuples: as immutable as a frozen dataclass, and made in a fifth of its time.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from trialwright.ledger.canonical import canonical, instant

GENESIS = "0" * 64
"""The seal before fact 1."""


class Head(NamedTuple):
    """The end of a chain: how many facts it has, the last seal and the last instant (canonical text)."""

    number: int
    seal: str
    at: str


EMPTY = Head(0, GENESIS, "0001-01-01T00:00:00.000000Z")


class Draft(NamedTuple):
    """An act before it has a place in the chain. `salt` is 16 or more random bytes in hexadecimal, so that a digest
    of a short payload cannot be guessed after the payload was redacted."""

    at: str
    by: str
    role: str
    kind: str
    version: str
    payload: Mapping[str, Any]
    salt: str
    participant: str | None = None
    visit: str | None = None
    form: str | None = None
    repeat: str | None = None
    why: str | None = None


class Fact(NamedTuple):
    """A sealed act. `payload` and `salt` are None after a redaction; `digest` still proves what was there to who kept
    a copy."""

    number: int
    at: str
    by: str
    role: str
    kind: str
    participant: str | None
    visit: str | None
    form: str | None
    repeat: str | None
    why: str | None
    version: str
    payload: Mapping[str, Any] | None
    salt: str | None
    digest: str
    previous: str
    seal: str

    @property
    def instant(self) -> datetime:
        """When, as an aware instant in UTC."""
        return instant(self.at)

    @property
    def head(self) -> Head:
        """The head of a chain that ends here."""
        return Head(self.number, self.seal, self.at)


def payload_digest(salt: str, payload: Mapping[str, Any]) -> str:
    """SHA-256 over the salt's bytes and the canonical payload, in hexadecimal."""
    return hashlib.sha256(bytes.fromhex(salt) + canonical(payload)).hexdigest()


def seal_of(
    number: int,
    at: str,
    by: str,
    role: str,
    kind: str,
    participant: str | None,
    visit: str | None,
    form: str | None,
    repeat: str | None,
    why: str | None,
    version: str,
    digest: str,
    previous: str,
) -> str:
    """SHA-256 over the canonical fact with the payload's salted digest in the payload's place, in hexadecimal.

    The first eleven arguments are the first eleven parts of a `Fact`, in its order.
    """
    # Every value is a text or None, so this is `canonical` of the same mapping (a test says so) without walking it.
    return hashlib.sha256(
        orjson.dumps(
            {
                "at": at,
                "by": by,
                "digest": digest,
                "form": form,
                "kind": kind,
                "number": str(number),
                "participant": participant,
                "previous": previous,
                "repeat": repeat,
                "role": role,
                "version": version,
                "visit": visit,
                "why": why,
            }
        )
    ).hexdigest()


def sealed(draft: Draft, head: Head) -> Fact:
    """The draft as the fact that follows `head`."""
    digest = payload_digest(draft.salt, draft.payload)
    said = (
        head.number + 1,
        draft.at,
        draft.by,
        draft.role,
        draft.kind,
        draft.participant,
        draft.visit,
        draft.form,
        draft.repeat,
        draft.why,
        draft.version,
    )
    seal = seal_of(*said, digest, head.seal)
    return Fact(*said, draft.payload, draft.salt, digest, head.seal, seal)


def seal_stands(fact: Fact) -> bool:
    """Whether the fact's seal, and its digest where the payload is still there, are what its content gives."""
    if fact.payload is not None and (fact.salt is None or payload_digest(fact.salt, fact.payload) != fact.digest):
        return False
    return fact.seal == seal_of(*fact[:11], fact.digest, fact.previous)
