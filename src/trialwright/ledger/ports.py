"""What the trial asks of the world: a ledger, a clock, a source of chance. (The vault's port stands alone in
`vault.py`, so that the build can see who imports it.)"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from trialwright.ledger.fact import Draft, Fact, Head


class Broken(Exception):
    """The ledger does not verify; nothing is appended to it."""


class Backdated(ValueError):
    """A fact was to be appended with an instant before the last one's."""


class NotLogged(RuntimeError):
    """A payload was to be redacted without the `payload.redacted` fact that says so in the same act."""


class Ledger(Protocol):
    """An append-only chain of facts. Every append happens inside `act()`."""

    def act(self) -> AbstractContextManager[None]:
        """One transaction with one writer: what happens inside is kept whole or not at all; the head cannot move from
        outside."""
        ...

    def append(self, draft: Draft) -> Fact:
        """Seal the draft to the head and keep it. Only inside `act()`. Raises `Backdated`."""
        ...

    def redact(self, number: int) -> None:
        """Delete payload and salt of a fact, inside the `act()` that appended the logged, justified redaction; the
        chain stays whole. Raises `NotLogged`."""
        ...

    def facts(self, after: int = 0) -> Iterator[Fact]:
        """The facts numbered above `after`, in order."""
        ...

    def fact(self, number: int) -> Fact:
        """The fact with this number, inside `act()` or outside. Raises LookupError where there is none yet."""
        ...

    def head(self) -> Head:
        """The end of the chain now (inside `act()`: the end that an append would follow)."""
        ...


class Clock(Protocol):
    """The server's clock; the client's is never asked."""

    def now(self) -> datetime:
        """An aware instant."""
        ...


class Chance(Protocol):
    """Where salts and other random identifiers come from: the operating system in a real trial, an addressed stream
    in a rehearsal."""

    def salt(self, number: int) -> str:
        """A salt of 16 bytes in hexadecimal for the fact with this number."""
        ...

    def token(self, purpose: str) -> str:
        """A fresh random identifier of 16 bytes in hexadecimal."""
        ...
