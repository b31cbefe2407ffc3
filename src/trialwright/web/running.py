"""What the running server reads from and who may enter; put in place once by `serve` (and by tests)."""

from __future__ import annotations

from dataclasses import dataclass

from trialwright.web.reading import Reading
from trialwright.web.sessions import Link


@dataclass(frozen=True)
class Running:
    """One server over one trial."""

    reading: Reading
    links: tuple[Link, ...] = ()


_current: list[Running] = []


def start(server: Running) -> None:
    """Make this the server of the process."""
    _current[:] = [server]


def reading() -> Reading:
    """What the pages read from."""
    return _current[0].reading


def take(token: str) -> str | None:
    """The role that a token opens, the first time; None otherwise."""
    return next((link.role for link in _current[0].links if link.take(token)), None)
