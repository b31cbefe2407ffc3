"""One trial of a simulation played again alone through conduct: the same people, the real program, both p values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from trialwright import design
from trialwright.analysis.plan import analyse
from trialwright.design.model import Blinding, Definition
from trialwright.ledger.snapshot import Snapshot
from trialwright.simulate.casting import imagine
from trialwright.simulate.crowds import imagined
from trialwright.simulate.estimators import Estimated
from trialwright.simulate.planned import Planned
from trialwright.simulate.prepared import Spec, ready
from trialwright.simulate.questions import answers, needs
from trialwright.simulate.rehearsal import Rehearsed, rehearse

CLOSE = 1e-7
"""Two p values are the same within this share of the smaller one: two fits of one mixed model end within 1e-9 of each
other, and a small p value moves some ten times as much as what it is made from."""


@dataclass(frozen=True)
class Both:
    """One target of one analysis by the arrays and through conduct; None where it was refused, with the reason in
    `arrays_say` or `conduct_says`. `n` counts who was analysed in the reference and in the treatment arm. Values that
    are sealed are not in the snapshot of a rehearsal, so an analysis of them is not `compared`."""

    world: str
    analysis: str
    target: str
    arrays: float | None
    conduct: float | None
    n: tuple[int, int]
    n_conduct: tuple[int, int]
    arrays_say: str = ""
    conduct_says: str = ""
    compared: bool = True

    @property
    def equal(self) -> bool:
        """Whether both give the same p value of the same participants, or both none; true where sealed values keep
        them from being compared."""
        if not self.compared:
            return True
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
        told = _through_conduct(_as_planned(prepared.definition, program.definition), done)
        both = []
        for planned, targets in zip(several, in_arrays, strict=True):
            answer = told[planned.analysis, planned.measure]
            for place, estimated in enumerate(targets):
                both.append(_both(program.definition, world.label, planned, place, estimated, answer))
        found.append(Replayed(world.label, trial, done.seal, done.desk.state.number, tuple(both)))
    return tuple(found)


def _as_planned(declared: Definition, definition: Definition) -> Definition:
    """The world's definition with the declared factors: a world that does not stratify by them is still analysed as
    planned, adjusted for what was recorded of them."""
    plan = definition.randomisation.model_copy(update={"strata": declared.randomisation.strata})
    return definition.model_copy(update={"randomisation": plan})


def _through_conduct(definition: Definition, done: Rehearsed) -> Mapping[tuple[str, str | None], Any]:
    """The answer of each planned analysis on the snapshot, with the arms that the unblinding gave."""
    snapshot = Snapshot(done.desk.state, done.desk.ledger.head())
    results = analyse(definition, snapshot, done.opened)
    return {(answer.id, answer.measure): answer for answer in results.answers}


def _both(definition: Definition, world: str, planned: Planned, place: int, estimated: Estimated, told: Any) -> Both:
    refused = int(estimated.refused[0])
    n = int(estimated.n[0, 0]), int(estimated.n[0, 1])
    head = Both(
        world, planned.id, planned.targets[place].label, None if refused else float(estimated.p[0]), None, n, (0, 0),
        estimated.reasons[refused],
    )  # fmt: skip
    if told.status != "done":
        return replace(head, conduct_says=told.why, compared=not _sealed(definition, planned))
    return replace(head, conduct=P_VALUES[told.method](told.result, place), n_conduct=told.n)


def _sealed(definition: Definition, planned: Planned) -> bool:
    """Whether a value that the analysis needs is sealed: then a snapshot holds none before the seals are opened."""
    named = [item.partition(".") for item in planned.items]
    return any(design.blinding_of(definition, form, item) is Blinding.SEALED for form, _, item in named)


def _of_effect(result: Any, place: int) -> float | None:
    return float(result.effect.p)


def _of_threshold(result: Any, place: int) -> float | None:
    return float(result[place].comparison.p)


def _of_log_rank(result: Any, place: int) -> float | None:
    return None if result.test is None else float(result.test.p)


def _of_visit(result: Any, place: int) -> float | None:
    return float(result.effects[place].p)


P_VALUES: dict[str, Callable[[Any, int], float | None]] = {
    "ancova": _of_effect,
    "tobit": _of_effect,
    "welch": _of_effect,
    "responders": _of_threshold,
    "kaplan_meier": _of_log_rank,
    "mmrm": _of_visit,
}
"""Where the p value of a target stands in the result of a method."""
