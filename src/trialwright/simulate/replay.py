"""One trial of a simulation played again alone through conduct: the same people, the real program, both p values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trialwright.analysis.plan import analyse
from trialwright.ledger.snapshot import Snapshot
from trialwright.simulate.casting import imagine
from trialwright.simulate.crowds import imagined
from trialwright.simulate.estimators import Estimated
from trialwright.simulate.prepared import Spec, ready
from trialwright.simulate.program import Program
from trialwright.simulate.questions import answers, needs
from trialwright.simulate.rehearsal import Rehearsed, rehearse

CLOSE = 1e-9
"""Two p values are the same within this share of the smaller one."""


@dataclass(frozen=True)
class Both:
    """One target of one analysis by the arrays and through conduct; None where it was refused, with the reason in
    `arrays_say` or `conduct_says`. `n` counts who was analysed in the reference and in the treatment arm."""

    world: str
    analysis: str
    target: str
    arrays: float | None
    conduct: float | None
    n: tuple[int, int]
    n_conduct: tuple[int, int]
    arrays_say: str = ""
    conduct_says: str = ""

    @property
    def equal(self) -> bool:
        """Whether both give the same p value of the same participants, or both none."""
        if self.arrays is None or self.conduct is None:
            return self.arrays is self.conduct
        same = abs(self.arrays - self.conduct) <= CLOSE * min(self.arrays, self.conduct)
        return same and self.n == self.n_conduct


@dataclass(frozen=True)
class Replayed:
    """A trial played again in one world: the last seal of its ledger, the number of facts, both p values."""

    world: str
    trial: int
    seal: str
    facts: int
    both: tuple[Both, ...]


def replayed(spec: Spec, trial: int) -> tuple[Replayed, ...]:
    """Trial `trial` of the simulation in each of its worlds."""
    prepared = ready(spec)
    found = []
    for world, program, several in zip(spec.worlds, prepared.programs, prepared.planned, strict=True):
        recorded = imagined(program, spec.seed, range(trial, trial + 1), needs(several))
        in_arrays = answers(recorded, prepared.definition.randomisation.strata, several)
        done = rehearse(imagine(program, spec.seed, [trial])[0])
        told = _through_conduct(program, done)
        both = []
        for planned, targets in zip(several, in_arrays, strict=True):
            for place, (target, estimated) in enumerate(zip(planned.targets, targets, strict=True)):
                both.append(_both(world.label, planned.id, target.label, place, estimated, told[planned.id]))
        found.append(Replayed(world.label, trial, done.seal, done.desk.state.number, tuple(both)))
    return tuple(found)


def _through_conduct(program: Program, done: Rehearsed) -> Mapping[str, Any]:
    """The answer of each planned analysis on the snapshot, with the arms that the unblinding gave."""
    snapshot = Snapshot(done.desk.state, done.desk.ledger.head())
    return {answer.id: answer for answer in analyse(program.definition, snapshot, done.opened).answers}


def _both(world: str, name: str, label: str, place: int, estimated: Estimated, told: Any) -> Both:
    refused = int(estimated.refused[0])
    p = None if refused else float(estimated.p[0])
    n = int(estimated.n[0, 0]), int(estimated.n[0, 1])
    if told.status != "done":
        return Both(world, name, label, p, None, n, (0, 0), estimated.reasons[refused], told.why)
    other = P_VALUES[told.method](told.result, place)
    return Both(world, name, label, p, other, n, told.n, estimated.reasons[refused])


def _of_effect(result: Any, place: int) -> float | None:
    return float(result.effect.p)


def _of_threshold(result: Any, place: int) -> float | None:
    return float(result[place].comparison.p)


def _of_log_rank(result: Any, place: int) -> float | None:
    return None if result.test is None else float(result.test.p)


P_VALUES: dict[str, Callable[[Any, int], float | None]] = {
    "ancova": _of_effect,
    "welch": _of_effect,
    "responders": _of_threshold,
    "kaplan_meier": _of_log_rank,
}
"""Where the p value of a target stands in the result of a method."""
