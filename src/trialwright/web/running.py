"""What the running server reads from and who may enter; put in place once by `serve` (and by tests)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from trialwright.design.wordings import Wording
from trialwright.web.reading import Reading
from trialwright.web.sessions import Link


@dataclass(frozen=True, slots=True)
class Access:
    """Something that the access log keeps (AT7): what happened, who, as whom, which page, about which participant."""

    kind: str
    by: str
    role: str
    page: str
    participant: str | None = None


LOGGED_IN, LOG_IN_FAILED, LOGGED_OUT, READ = "logged_in", "log_in_failed", "logged_out", "read"


def _keep_nothing(access: Access) -> None:
    """Without a trial folder there is no access log."""


@dataclass(frozen=True)
class Running:
    """One server over one trial. `note` writes to the access log; a page is shown only after it was noted. `wordings`:
    the licensed texts of the trial's questionnaires, by instrument."""

    reading: Reading
    links: tuple[Link, ...] = ()
    note: Callable[[Access], None] = _keep_nothing
    wordings: Mapping[str, Wording] = field(default_factory=dict)


_current: list[Running] = []


def start(server: Running) -> None:
    """Make this the server of the process."""
    _current[:] = [server]


def reading() -> Reading:
    """What the pages read from."""
    return _current[0].reading


def rehearsal() -> bool:
    """Whether the trial's participants are imaginary."""
    if not _current:
        return False
    with _current[0].reading.trial() as trial:
        return trial is not None and trial.state.rehearsal


def wording(instrument: str | None) -> Wording | None:
    """The licensed texts of an instrument, where the sponsor loaded them."""
    return _current[0].wordings.get(instrument or "") if _current else None


def note(access: Access) -> None:
    """Keep an access in the log of this server."""
    _current[0].note(access)


def take(token: str) -> str | None:
    """The role that a token opens, the first time; None otherwise."""
    return next((link.role for link in _current[0].links if link.take(token)), None)
