"""The trial as the pages read it: its definition, its state and each participant's facts, kept up with the ledger.

One reading serves the whole process. Every page catches up with the ledger first, under one lock, and takes what it
needs as plain values before the lock is let go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import RLock
from typing import Protocol
from zoneinfo import ZoneInfo

from trialwright import design
from trialwright.design.model import Definition
from trialwright.ledger import kinds
from trialwright.ledger.canonical import instant
from trialwright.ledger.fact import Fact, Head
from trialwright.ledger.replay import Participant, State


class Facts(Protocol):
    """What is asked of a ledger: to be read."""

    def facts(self, after: int = 0) -> Iterator[Fact]:
        """The facts numbered above `after`, in order."""
        ...

    def head(self) -> Head:
        """The end of the chain."""
        ...


@dataclass(frozen=True, slots=True)
class Trial:
    """The trial at one head of its ledger."""

    definition: Definition
    state: State
    head: Head
    now: datetime
    _facts: Mapping[str, list[Fact]]

    def facts_of(self, participant: str) -> tuple[Fact, ...]:
        """The facts of one participant, oldest first, sealed ones among them: show none before `seen.visible`."""
        return tuple(self._facts.get(participant, ()))

    def zone(self, person: Participant) -> ZoneInfo:
        """The time zone of a participant's site."""
        site = self.definition.sites.get(person.site)
        return ZoneInfo(site.zone if site else "UTC")


class Reading:
    """Holds the state of the trial between requests; `ledger` is opened once for the process."""

    def __init__(self, ledger: Facts, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lock = RLock()
        self._state = State()
        self._facts: dict[str, list[Fact]] = {}
        self._definitions: dict[str, Definition] = {}

    @contextmanager
    def trial(self) -> Iterator[Trial | None]:
        """The trial now, for as long as the block lasts; None while no trial is open on the ledger."""
        with self._lock:
            self._catch_up()
            if not self._state.version:
                yield None
                return
            head = self._ledger.head()
            # The clock of a server may be set back; a chain's instants never run backwards, nor does our day.
            now = max(self._clock(), instant(head.at))
            yield Trial(self._definition(), self._state, head, now, self._facts)

    def _catch_up(self) -> None:
        news = list(self._ledger.facts(after=self._state.number))
        if self._state.number and any(fact.kind == kinds.PAYLOAD_REDACTED for fact in news):
            # What was redacted must be gone from here too, so everything is read again.
            self._state, self._facts = State(), {}
            news = list(self._ledger.facts())
        for fact in news:
            self._state.apply(fact)
            if fact.participant:
                self._facts.setdefault(fact.participant, []).append(fact)

    def _definition(self) -> Definition:
        version = self._state.version
        if version not in self._definitions:
            self._definitions[version] = design.from_canonical(self._state.versions[version])
        return self._definitions[version]
