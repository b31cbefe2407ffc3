"""The record of a trial as a register shows it: what it says, where it says it, what was worked out, and what it lost.

A record never holds a contact person, telephone number or e-mail address. Text is kept as printed, typing errors too.
The fields are a superset of the WHO Trial Registration Data Set (24 items, version 1.3.1) as far as registers fill it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["inclusion", "exclusion"]
Role = Literal["criterion", "part", "exceptions", "exception", "condition", "definition"]
Joiner = Literal["all", "any"]
HowKnown = Literal["printed", "derived"]
HowLost = Literal["said to be unknown", "not on the page", "flattened", "printed twice", "withheld here"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a page: the line (1 is the first; 0 is the page as a whole) and what to do about it."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


class UnreadablePage(ValueError):
    """A page that cannot become a record; holds every problem found, in the order of the page."""

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        self.source = source
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__("\n".join(f"{source}: {problem}" for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Span:
    """Where a text stands: line from 1, columns from 0, the end not included; `line[start:end]` is the text."""

    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Identifier:
    """A registration number and the register that gave it."""

    register: str
    value: str


@dataclass(frozen=True, slots=True)
class Criterion:
    """One eligibility criterion with what is nested in it.

    `joiner` says how many of the children must hold; `joiner_stated` is false where the page does not say and the usual
    reading was taken. `asides` are the parentheses, `judgement` the words that leave the answer to a person.
    """

    id: str
    kind: Kind
    role: Role
    text: str
    span: Span
    joiner: Joiner | None = None
    joiner_stated: bool = False
    children: tuple[Criterion, ...] = ()
    asides: tuple[str, ...] = ()
    judgement: str | None = None
    note: str | None = None

    def walk(self) -> Iterator[Criterion]:
        """This criterion, then everything nested in it, in the order of the page."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome: its name as printed, and what could be read out of it. Time frames are ISO 8601 durations (P12W)."""

    level: Literal["primary", "secondary", "other"]
    name: str
    measure: str
    time_frames: tuple[str, ...] = ()
    description: str | None = None
    instrument: str | None = None
    components: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Arm:
    """An arm as a register describes it."""

    label: str
    type: str | None = None
    description: str | None = None
    interventions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Location:
    """A place where the trial runs; never a person."""

    name: str
    city: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Ages:
    """Ages allowed, in whole years, both ends included; None is no limit."""

    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """How many participants, and whether that is a target or what was reached."""

    count: int
    kind: Literal["target", "actual"] = "target"


@dataclass(frozen=True, slots=True)
class Design:
    """The design of the study as far as it is known; None is not said."""

    study_type: str | None = None
    allocation: str | None = None
    masking: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a field came from: the line of the page (0: no one line), printed there or worked out from it, and how."""

    field: str
    line: int
    how: HowKnown
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that the reader of the page does not learn, and what a person should know about that."""

    field: str
    how: HowLost
    note: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """A trial as one register page or file shows it."""

    reader: str
    register: str
    source: str
    identifiers: tuple[Identifier, ...]
    title: str
    sponsor: str
    acronym: str | None = None
    phase: str | None = None
    statuses: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    summary: str | None = None
    description: str | None = None
    sex: str | None = None
    ages: Ages | None = None
    enrolment: Enrolment | None = None
    design: Design = field(default_factory=Design)
    arms: tuple[Arm, ...] = ()
    interventions: tuple[str, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    locations: tuple[Location, ...] = ()
    provenance: tuple[Provenance, ...] = ()
    losses: tuple[Loss, ...] = ()

    def came_from(self, name: str) -> Provenance | None:
        """Where the field of this name came from."""
        return next((where for where in self.provenance if where.field == name), None)


def as_plain(record: Record) -> dict[str, Any]:
    """The record as dictionaries, lists, text and numbers, ready for JSON."""
    return {"format": "trialwright register record 1", **asdict(record)}
