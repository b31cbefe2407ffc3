"""How the trial stands: the flow of participants with all arms together, by site, and what waits to be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from trialwright.design.model import Blinding
from trialwright.ledger import kinds
from trialwright.ledger.replay import Participant
from trialwright.web import seen
from trialwright.web.clinic import participants
from trialwright.web.reading import Trial
from trialwright.web.seen import Sees


@dataclass(frozen=True, slots=True)
class Step:
    """One box of the flow: its label, how many, and the reasons of those who went no further."""

    label: str
    count: int
    reasons: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class SiteRow:
    """One site: consented, randomised, planned (None: not planned), open queries."""

    name: str
    consented: int
    randomised: int
    planned: int | None
    open_queries: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The front page of the office."""

    steps: tuple[Step, ...]
    sites: tuple[SiteRow, ...]
    planned: int
    randomised: int
    open_queries: int
    overdue: int
    locks: tuple[tuple[str, bool], ...]
    seal: str


def overview(trial: Trial, sees: Sees) -> Overview:
    """The counts; none of them is by arm, and none counts what is sealed."""
    people = list(trial.state.participants.values())
    queries = seen.open_queries(trial.definition, trial.state, sees)
    waiting = Counter(query.participant for query in queries)
    upcoming = [participants.next_visit(trial, person, sees) for person in people]
    return Overview(
        steps=flow(trial, people, sees),
        sites=tuple(_sites(trial, people, waiting)),
        planned=trial.definition.randomisation.n,
        randomised=_count(people, randomised),
        open_queries=len(queries),
        overdue=sum(visit is not None and visit.overdue for visit in upcoming),
        locks=tuple((lock.label or lock.id, lock.id in trial.state.locked) for lock in trial.definition.locks),
        seal=trial.head.seal[:12],
    )


def randomised(person: Participant) -> bool:
    """Whether a participant has been randomised."""
    return person.allocation is not None


def flow(trial: Trial, people: list[Participant], sees: Sees) -> tuple[Step, ...]:
    """The boxes of the flow diagram from the first contact on, everybody randomised counted together."""
    drawn = [person for person in people if randomised(person)]
    before = [person for person in people if not randomised(person)]
    elsewhere = [reason or outcome for _, outcome, reason in trial.state.prescreened if outcome != kinds.TO_BE_SCREENED]
    steps = [
        Step("Considered", len(elsewhere) + len(people), _tally(elsewhere)),
        Step("Gave consent", len(people), _tally(participants.status(person, sees) for person in before)),
        Step("Randomised", len(drawn)),
    ]
    # A stop of treatment often tells of an adverse event, which is masked for assessors.
    ends = ENDS if Blinding.MASKED_FOR_ASSESSORS in sees else ENDS[1:]
    return tuple(steps + [_end(drawn, name, label) for name, label in ends])


ENDS = (
    ("treatment_stopped", "Stopped treatment"),
    ("visits_stopped", "Stopped visits"),
    ("withdrawn", "Withdrew consent"),
    ("lost", "Lost to follow-up"),
    ("completed", "Completed"),
)


def _end(people: list[Participant], name: str, label: str) -> Step:
    ended = [person for person in people if getattr(person, name)]
    reasons = (
        () if name == "completed" else _tally(person.reasons[name] for person in ended if person.reasons.get(name))
    )
    return Step(label, len(ended), reasons)


def _count(people: Iterable[Participant], which: Callable[[Participant], object]) -> int:
    return sum(bool(which(person)) for person in people)


def _tally(words: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(words).items(), key=lambda entry: (-entry[1], entry[0])))


def _sites(trial: Trial, people: list[Participant], waiting: Counter[str]) -> Iterable[SiteRow]:
    for key, site in trial.definition.sites.items():
        here = [person for person in people if person.site == key]
        queries = sum(waiting[person.id] for person in here)
        yield SiteRow(site.name, len(here), _count(here, randomised), site.planned, queries)
