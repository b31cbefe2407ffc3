"""The desk: where an intention becomes a fact.

It holds the ledger, the vault, the clock and the source of chance that it is handed, and the state of the trial as
the facts so far give it. Verbs are functions of a desk. Several desks may work on one database: inside `act()` a desk
first takes in the facts of the others.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import date
from types import TracebackType
from typing import Any

from trialwright.conduct.permissions import ASSESSES, Person, require, require_site
from trialwright.conduct.protocol import Protocol, from_canonical
from trialwright.conduct.refusal import Refused
from trialwright.ledger.canonical import instant_text
from trialwright.ledger.fact import Draft, Fact
from trialwright.ledger.kinds import PAYLOAD_REDACTED
from trialwright.ledger.ports import Chance, Clock, Ledger
from trialwright.ledger.replay import Participant, State, replay
from trialwright.ledger.vault import Vault


class Act:
    """A transaction of the ledger around one verb. When it fails, the state is what the ledger still holds."""

    __slots__ = ("_by", "_desk", "_start", "_transaction")

    def __init__(self, desk: "Desk", by: Person) -> None:
        self._desk, self._by = desk, by
        self._transaction: AbstractContextManager[object] = desk.ledger.act()
        self._start = -1

    def __enter__(self) -> State:
        self._transaction.__enter__()
        try:
            self._desk.catch_up()
            if self._by.id in self._desk.state.knowing:
                self._desk.require_blind(self._by)
        except BaseException as error:
            self._transaction.__exit__(type(error), error, error.__traceback__)
            raise
        self._start = self._desk.state.number
        return self._desk.state

    def __exit__(
        self, failure: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._transaction.__exit__(failure, error, trace)
        except BaseException:
            self._desk.recover()
            raise
        # Another process may have appended as many facts meanwhile, so the numbers alone would not show the loss.
        if failure is not None and self._desk.state.number != self._start:
            self._desk.recover()


class Desk:
    """`Desk(ledger, vault, clock, chance)`: an empty ledger waits for `open_trial`; any other is replayed first."""

    def __init__(self, ledger: Ledger, vault: Vault, clock: Clock, chance: Chance) -> None:
        self.ledger = ledger
        self.vault = vault
        self.clock = clock
        self.chance = chance
        self.state: State = replay(ledger.facts())
        self._protocols: dict[str, Protocol] = {}
        self.latest: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
        """(participant, form) -> number and values of the page written last here, for checks that look back."""
        self.earlier: dict[tuple[str, str, str], tuple[int, dict[str, Any]]] = {}
        """(participant, visit, measure) -> number of the pages and what they say, for checks that ask for a measure."""
        self.days: set[tuple[str, str]] = set()
        """(site, day) that has come, as found before."""

    def act(self, verb: str, by: Person) -> "Act":
        """One act of one person: permission, one transaction, and a state that holds everything before it."""
        require(verb, by)
        return Act(self, by)

    def recover(self) -> None:
        """After a failed act: forget what was not kept. If the ledger cannot be read now either, the next act reads
        all of it."""
        self.state = State()
        self.latest.clear()
        self.earlier.clear()
        self.catch_up()

    def catch_up(self) -> None:
        """Take in the facts that others appended."""
        if self.ledger.head().number != self.state.number:
            for fact in self.ledger.facts(after=self.state.number):
                self.state.apply(fact)
                if fact.kind == PAYLOAD_REDACTED:
                    self.latest.pop((fact.participant or "", fact.form or ""), None)
                    self.earlier.clear()

    def append(
        self,
        by: Person,
        kind: str,
        payload: Mapping[str, Any],
        version: str,
        participant: str | None = None,
        visit: str | None = None,
        form: str | None = None,
        repeat: str | None = None,
        why: str | None = None,
        at: str = "",
    ) -> Fact:
        """Append one fact and take it into the state. Only inside `act()`. `at`: the instant that it bears, where what
        took place since is nobody's business; now without it."""
        head = self.ledger.head()
        # A server's clock may be set back by a second; the chain's instants never run backwards.
        at = max(at or instant_text(self.clock.now()), head.at)
        salt = self.chance.salt(head.number + 1)
        fact = self.ledger.append(
            Draft(at, by.id, by.role, kind, version, payload, salt, participant, visit, form, repeat, why)
        )
        self.state.apply(fact)
        return fact

    # ------------------------------------------------------------------ what a verb asks first

    def protocol(self, version: str | None = None) -> Protocol:
        """The protocol of a version, of the newest one without a version."""
        version = version or self.state.version
        if not version:
            raise Refused("The trial is not open yet; open it with its definition first.", "not open")
        ready = self._protocols.get(version)
        if ready is None:
            ready = self._protocols[version] = from_canonical(self.state.versions[version])
        return ready

    def version_at(self, site: str) -> str:
        """The definition version that a site works under; a site that is not activated may not enrol or record."""
        version = self.state.sites.get(site)
        if version is None:
            known = ", ".join(sorted(self.state.sites)) or "none yet"
            raise Refused(f"Site {site} is not activated (activated: {known}).", "site")
        return version

    def participant(self, participant: str, by: Person) -> Participant:
        """A participant of a site where the person works."""
        person = self.state.participants.get(participant)
        if person is None:
            raise Refused(f"There is no participant {participant}; check the number and its last character.", "unknown")
        require_site(by, person.site)
        if by.role in ASSESSES and participant in self.state.learned.get(by.id, ()):
            raise Refused(
                f"{by.name or by.id} knows the treatment of {participant} and assesses it no longer; ask another "
                f"{by.role.replace('_', ' ')}.",
                "blinding",
            )
        return person

    def require_unlocked(self, visit: str | None = None) -> None:
        """Refuse after the final lock, and for a visit that a staged lock has closed."""
        if not self.state.locked:
            return
        if self.protocol().final_lock in self.state.locked:
            raise Refused("The database is locked; nothing can be added or changed.", "locked")
        if visit and visit in self.state.locked_visits:
            raise Refused(f"Visit {visit} is locked; ask the data manager what to do with late data.", "locked")

    def require_blind(self, by: Person) -> None:
        """Refuse somebody who has opened allocations and now acts in a role that is blinded."""
        if by.role in self.protocol().definition.blinding.blinded:
            raise Refused(
                f"{by.name or by.id} has opened allocations and can no longer act as {by.role.replace('_', ' ')}, "
                "which is blinded; ask somebody who has not.",
                "blinding",
            )

    def require_taking_part(self, person: Participant) -> None:
        """Refuse once the participation has ended."""
        if person.ended:
            words = {"withdrawn": "withdrew consent", "lost": "is lost to follow-up", "completed": "has completed"}
            raise Refused(f"{person.id} {words[person.ended]}; the data so far stay as they are.", "ended")

    def today(self, site: str) -> date:
        """The date at a site now."""
        return self.clock.now().astimezone(self.protocol(self.version_at(site)).zones[site]).date()
