"""The ledger in memory: the reference that the databases must equal, and what a rehearsal writes to."""

from collections.abc import Iterator
from itertools import islice

from trialwright.ledger.fact import EMPTY, Draft, Fact, Head, sealed
from trialwright.ledger.kinds import PAYLOAD_REDACTED
from trialwright.ledger.ports import Backdated, NotLogged


class OutsideAct(RuntimeError):
    """An append was tried outside `act()`."""


class MemoryLedger:
    """A list of facts. `act()` drops what was appended in it when it fails, as a database would."""

    def __init__(self) -> None:
        self._facts: list[Fact] = []
        self._head = EMPTY
        self._acting = False
        self._start = 0
        self._redacted: list[Fact] = []

    def act(self) -> "MemoryLedger":
        """One transaction; nesting is refused as the databases refuse it."""
        return self  # no generator: a rehearsal acts millions of times

    def __enter__(self) -> None:
        if self._acting:
            raise OutsideAct("an act is under way already")
        self._acting = True
        self._start = len(self._facts)
        self._redacted = []

    def __exit__(self, failure: type[BaseException] | None, error: object, trace: object) -> None:
        self._acting = False
        if failure is None:
            return
        del self._facts[self._start :]
        for fact in self._redacted:
            self._facts[fact.number - 1] = fact
        self._head = self._facts[-1].head if self._facts else EMPTY

    def append(self, draft: Draft) -> Fact:
        """Seal the draft to the head and keep it."""
        if not self._acting:
            raise OutsideAct("a fact is appended inside act() only")
        if draft.at < self._head.at:
            raise Backdated(f"{draft.at} lies before fact {self._head.number} at {self._head.at}")
        fact = sealed(draft, self._head)
        self._facts.append(fact)
        self._head = Head(fact.number, fact.seal, fact.at)
        return fact

    def redact(self, number: int) -> None:
        """Delete payload and salt of a fact; its digest stays."""
        if not self._acting:
            raise OutsideAct("a payload is redacted inside act() only")
        if not any(_redacts(fact, number) for fact in self._facts[self._start :]):
            raise NotLogged(f"no payload.redacted fact in this act names fact {number}")
        fact = self._facts[number - 1]
        self._redacted.append(fact)
        self._facts[number - 1] = fact._replace(payload=None, salt=None)

    def facts(self, after: int = 0) -> Iterator[Fact]:
        """The facts numbered above `after`, in order."""
        return islice(self._facts, after, None)

    def fact(self, number: int) -> Fact:
        """The fact with this number. Raises LookupError."""
        if not 0 < number <= len(self._facts):
            raise LookupError(f"there is no fact {number}")
        return self._facts[number - 1]

    def head(self) -> Head:
        """The end of the chain."""
        return self._head


def _redacts(fact: Fact, number: int) -> bool:
    return fact.kind == PAYLOAD_REDACTED and fact.payload is not None and fact.payload["fact"] == str(number)
