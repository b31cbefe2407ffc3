"""What one rehearsed trial came to, small enough to be sent from one process to another."""

from dataclasses import dataclass, field
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from trialwright.analysis import METHODS
from trialwright.analysis.asking import asked, contrast
from trialwright.analysis.estimates import Effect, NotEstimable
from trialwright.analysis.observations import Observations
from trialwright.analysis.populations import populations
from trialwright.capture import FormRules
from trialwright.design.forms import kept
from trialwright.design.model import Definition
from trialwright.ledger.replay import Participant
from trialwright.ledger.snapshot import Snapshot
from trialwright.simulate.rehearsal import Rehearsed
from trialwright.simulate.scenario import Fate

if TYPE_CHECKING:
    from trialwright.simulate.kits import Supplied


@dataclass(frozen=True, slots=True)
class ArmOutcome:
    """The primary measure in one arm of one trial: how many were analysed, their mean and standard deviation, and how
    many reach each threshold."""

    n: int
    mean: float
    sd: float
    reaching: dict[str, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One rehearsed trial. `unlike` are the participants whose verdict was not the one that their fate claims.
    `difference`, `se` and `p` belong to the primary analysis and are nan where it was `refused`."""

    trial: int
    seal: str
    facts: int
    considered: int
    consented: int
    not_eligible: int
    left_before: int
    randomised: int
    completed: int
    ends: dict[str, int]
    unlike: tuple[str, ...]
    arms: dict[str, ArmOutcome] = field(default_factory=dict)
    difference: float = float("nan")
    se: float = float("nan")
    p: float = float("nan")
    rejected: bool = False
    refused: str = ""
    cpu: float = 0.0
    supply: "Supplied | None" = None


def outcome(done: Rehearsed, began: float) -> Outcome:
    """Counts, the primary analysis, and the processor seconds since `began` (`time.process_time`)."""
    state = done.desk.state
    people = state.participants.values()
    fates = done.cast.program.scenarios.fates
    unlike = tuple(person.id for person in people if not _as_meant(person, fates[done.truth.fates[person.id]]))
    counts = {
        "trial": done.trial,
        "seal": done.seal,
        "facts": state.number,
        "considered": len(state.prescreened),
        "consented": len(state.participants),
        "not_eligible": sum(person.verdicts[-1].verdict != "eligible" for person in people),
        "left_before": sum(person.allocation is None and person.withdrawn is not None for person in people),
        "randomised": sum(person.allocation is not None for person in people),
        "completed": sum(person.completed is not None for person in people),
        "ends": _ends(done),
        "unlike": unlike,
    }
    analysed = _analysed(done)
    return Outcome(**counts, **analysed, cpu=process_time() - began)  # type: ignore[arg-type]


def _as_meant(person: Participant, fate: Fate) -> bool:
    """Whether the verdict, and randomisation, are what the fate claims; a fate's criterion is the only one to fail."""
    verdict = person.verdicts[-1]
    failed = [criterion for criterion, state in verdict.criteria.items() if state == "fails"]
    if fate.criterion is not None:
        return failed == [fate.criterion]
    return verdict.verdict == "eligible" and (fate.stage != "enrolled" or person.allocation is not None)


@kept
def _rules(definition: Definition) -> dict[str, FormRules]:
    """The forms of a definition, compiled once and shared by all its rehearsals."""
    return {}


def _ends(done: Rehearsed) -> dict[str, int]:
    """How many of the randomised ended in each way that the ledger knows."""
    people = [person for person in done.desk.state.participants.values() if person.allocation is not None]
    kinds = ("lost", "withdrawn", "visits_stopped", "treatment_stopped")
    return {kind: sum(getattr(person, kind) is not None for person in people) for kind in kinds}


def _analysed(done: Rehearsed) -> dict[str, object]:
    """The primary analysis on the snapshot, with the arms that the unblinding gave."""
    definition = done.cast.program.definition
    seen = Observations(definition, Snapshot(done.desk.state, done.desk.ledger.head()), _rules(definition))
    plan = next((plan for plan in definition.analyses.values() if plan.level == "primary"), None)
    if plan is None or plan.method not in METHODS:
        return {"refused": "The definition plans no primary analysis that this version can do."}
    estimand = definition.estimands[plan.estimand] if plan.estimand else None
    endpoint = plan.endpoint or (estimand.endpoint if estimand else None)
    population = plan.population or (estimand.population if estimand else None)
    who = populations(seen)[population] if population else seen.randomised
    try:
        question = asked(seen, plan, endpoint, who, done.opened).question
        effect: Effect | None = getattr(METHODS[plan.method].answer(question), "effect", None)
    except NotEstimable as refusal:
        return {"refused": str(refusal)}
    if effect is None:
        return {"refused": f"The primary method '{plan.method}' gives no difference between the arms."}
    arms = {}
    for index, arm in enumerate(contrast(definition, plan)):
        values = question.outcome[(question.arm == index) & ~np.isnan(question.outcome)]
        reaching = {name: int((values >= cut).sum()) for name, cut in question.thresholds.items()}
        arms[arm] = ArmOutcome(len(values), float(values.mean()), float(np.std(values, ddof=1)), reaching)
    return {
        "arms": arms,
        "difference": effect.estimate,
        "se": effect.se,
        "p": effect.p,
        "rejected": bool(effect.p < float(plan.alpha)),
    }
