"""The flow of participants, counted from the ledger's state: approached, randomised, received, left, analysed.

Numbers follow CONSORT 2025 (items 22a and 22b): by the arm assigned, with the reasons for every loss. Before unblinding
`treatments` is None and everybody randomised is counted together.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from trialwright.ledger import kinds
from trialwright.ledger.replay import Participant, State

Reasons = tuple[tuple[str, int], ...]
"""A reason in words and how many participants it holds for, most frequent first."""


@dataclass(frozen=True, slots=True)
class ArmFlow:
    """One arm (or all arms together) after randomisation. `analysed` is None before there is an analysis."""

    label: str
    allocated: int
    received: int | None
    not_received: int | None
    stopped_treatment: Reasons
    left: Reasons
    completed: int
    in_follow_up: int
    analysed: int | None
    not_analysed: Reasons


@dataclass(frozen=True, slots=True)
class Flow:
    """The whole flow. `approached` counts the anonymous pre-screening log; `not_consented` gives its reasons."""

    approached: int
    not_consented: Reasons
    consented: int
    excluded: Reasons
    waiting: int
    randomised: int
    arms: tuple[ArmFlow, ...]

    @property
    def excluded_total(self) -> int:
        return sum(count for _, count in self.excluded)


def flow(
    state: State,
    arms: Mapping[str, str],
    treatments: Mapping[str, str] | None,
    received: Collection[str] | None,
    analysed: Collection[str] | None,
    why_excluded: Callable[[Participant], str | None],
    why_not_analysed: Callable[[str], str],
) -> Flow:
    """Count everybody once.

    `arms` gives the label of each arm; `treatments` participant -> arm, or None while blinded; `received` who received
    at least one course (None: the definition records no courses); `analysed` who is in the primary analysis (None: not
    yet analysed); `why_excluded` why a consented participant will not be randomised (None while that is open).
    """
    people = list(state.participants.values())
    # Who goes on to consent is counted there; the log is anonymous and cannot say who it was.
    elsewhere = [(outcome, reason) for _, outcome, reason in state.prescreened if outcome != kinds.TO_BE_SCREENED]
    randomised = [person for person in people if person.allocation is not None]
    reasons = [why_excluded(person) for person in people if person.allocation is None]
    groups = _groups(randomised, arms, treatments)
    return Flow(
        len(elsewhere) + len(people),
        _tally(_approach(outcome, reason) for outcome, reason in elsewhere),
        len(people),
        _tally(reason for reason in reasons if reason is not None),
        sum(reason is None for reason in reasons),
        len(randomised),
        tuple(_arm(label, members, received, analysed, why_not_analysed) for label, members in groups),
    )


def _groups(
    randomised: Sequence[Participant], arms: Mapping[str, str], treatments: Mapping[str, str] | None
) -> list[tuple[str, list[Participant]]]:
    if treatments is None:
        return [("All arms together (blinded)", list(randomised))]
    return [(label, [p for p in randomised if treatments.get(p.id) == arm]) for arm, label in arms.items()]


def _arm(
    label: str,
    members: Sequence[Participant],
    received: Collection[str] | None,
    analysed: Collection[str] | None,
    why_not_analysed: Callable[[str], str],
) -> ArmFlow:
    got = None if received is None else sum(person.id in received for person in members)
    missed = [] if analysed is None else [person.id for person in members if person.id not in analysed]
    return ArmFlow(
        label,
        len(members),
        got,
        None if got is None else len(members) - got,
        _tally(
            _reason(person, "treatment_stopped", "Stopped treatment") for person in members if person.treatment_stopped
        ),
        _tally(why for person in members if (why := _left(person)) is not None),
        sum(person.completed is not None for person in members),
        sum(person.ended is None and person.visits_stopped is None for person in members),
        None if analysed is None else len(members) - len(missed),
        _tally(why_not_analysed(participant) for participant in missed),
    )


def _left(person: Participant) -> str | None:
    """Why somebody left before the end; who completed did not leave."""
    if person.withdrawn:
        return "Withdrew consent"
    if person.lost:
        return "Lost to follow-up"
    return _reason(person, "visits_stopped", "Stopped visits") if person.visits_stopped else None


def _reason(person: Participant, kind: str, otherwise: str) -> str:
    words = person.reasons.get(kind, "").strip()
    return words[0].upper() + words[1:] if words else otherwise


def _approach(outcome: str, reason: str) -> str:
    words = f"{outcome}: {reason}" if reason else outcome
    return words[0].upper() + words[1:]


def _tally(reasons: object) -> Reasons:
    counted = Counter(reasons)  # type: ignore[call-overload]
    return tuple(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))
