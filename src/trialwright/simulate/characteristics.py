"""Operating characteristics: how every planned analysis behaves over many imagined trials, in every world of a grid.

Trials are imagined in arrays, measured and analysed in batches, and only an exact tally is kept, so a million of them
take no more memory than a thousand, and the numbers do not depend on how the work was divided.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path
from time import thread_time_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright import design
from trialwright.compute import map_chunks
from trialwright.compute.engines import Progress, Step
from trialwright.compute.keeping import Keeping
from trialwright.simulate.before import Shared
from trialwright.simulate.crowds import imagined
from trialwright.simulate.estimators import Estimated
from trialwright.simulate.planned import Planned
from trialwright.simulate.prepared import Ready, Spec, base_of, ready
from trialwright.simulate.questions import answers, needs
from trialwright.simulate.tallies import Tally, merged, tallied, under
from trialwright.simulate.truth import truths_of

LEAF = 2048
"""Trials imagined together: their arrays stay small."""
LEAST_CHUNK, CHUNK = 256, 20_000
"""Trials handed to a worker at once: a tenth of them, within these bounds. What is finished is kept chunk by chunk."""

LEAST_PEOPLE, MOST_PEOPLE = 20_000, 1_000_000
"""How many people the true values of a world come from, at least and at most."""

# ------------------------------------------------------------------ the work of one chunk


def work(spec: Spec, numbers: range, step: Step) -> Tally:
    """The tally of these trials in all worlds of the spec."""
    prepared = ready(spec)
    parts = []
    for start in range(numbers.start, numbers.stop, LEAF):
        leaf = range(start, min(start + LEAF, numbers.stop))
        parts.append(_leaf(spec, prepared, leaf))
        step(len(leaf))
    return merged(parts)


def _leaf(spec: Spec, prepared: Ready, numbers: range) -> Tally:
    parts: list[Tally] = []
    rejections: list[dict[tuple[str, int], tuple[NDArray[Any], NDArray[Any]]]] = []
    shared: Shared = []
    bases = [base_of(spec.worlds, place) for place in range(len(spec.worlds))]
    for place, (program, several) in enumerate(zip(prepared.programs, prepared.planned, strict=True)):
        clock = _Clock()
        truths = spec.truths[place] if spec.truths else {}
        recorded = imagined(program, spec.seed, numbers, needs(several), shared=shared)
        clock.took("imagining")
        found = answers(recorded, prepared.definition.randomisation.strata, several, clock.took)
        here: Tally = {"trials": len(numbers), **under("flow", tallied(**recorded.flow))}
        decided = {}
        for planned, targets in zip(several, found, strict=True):
            for index, estimated in enumerate(targets):
                rejected = estimated.rejects(float(planned.plan.alpha))
                decided[planned.id, index] = (estimated.answered, rejected)
                name = f"{planned.id}|{index}"
                here |= under(name, _one(planned, estimated, rejected, truths.get(name)))
                here |= under(f"{name}|first", _beside(decided[planned.id, index], next(iter(decided.values()))))
                if bases[place] != place:
                    here |= under(
                        f"{name}|base",
                        _beside(decided[planned.id, index], rejections[bases[place]].get((planned.id, index))),
                    )
        clock.took("tallies")
        rejections.append(decided)
        parts += [under(str(place), here), under("cpu", clock.spent)]
    return merged(parts)


class _Clock:
    """Nanoseconds of this thread by what they were spent on."""

    def __init__(self) -> None:
        self.last, self.spent = thread_time_ns(), Tally()

    def took(self, what: str) -> None:
        """What was done since the last call."""
        now = thread_time_ns()
        self.spent[what] = self.spent.get(what, 0) + now - self.last
        self.last = now


def _one(planned: Planned, estimated: Estimated, rejected: NDArray[Any], truth: tuple[float, float] | None) -> Tally:
    """The tally of one target."""
    good = estimated.answered
    counts: Tally = {"answered": int(good.sum()), "rejected": int(rejected.sum())}
    for code in np.unique(estimated.refused[~good]).tolist():
        counts[f"refused: {estimated.reasons[code]}"] = int((estimated.refused == code).sum())
    counts |= tallied(reference=estimated.n[good, 0], treatment=estimated.n[good, 1])
    if not np.isnan(estimated.estimate[good]).all():
        counts |= {
            "upwards": int((rejected & (estimated.estimate > 0)).sum()),
            "downwards": int((rejected & (estimated.estimate < 0)).sum()),
        }
        counts |= tallied(estimate=estimated.estimate[good])
        if truth is not None:
            counts["covered"] = int((good & estimated.covers(truth[0], planned.level)).sum())
    if not np.isnan(estimated.se[good]).all():
        counts |= tallied(se=estimated.se[good])
    return counts


def _beside(this: tuple[NDArray[Any], NDArray[Any]], other: tuple[NDArray[Any], NDArray[Any]] | None) -> Tally:
    """In how many trials only this analysis rejects, or only the other, of those that both answer."""
    if other is None:
        return {}
    both = this[0] & other[0]
    return {
        "both": int(both.sum()),
        "only this": int((both & this[1] & ~other[1]).sum()),
        "only other": int((both & ~this[1] & other[1]).sum()),
    }


# ------------------------------------------------------------------ the whole run


def with_truths(spec: Spec, people: int, progress: Progress | None = None, **how: Any) -> Spec:
    """The spec with the true values of all its worlds, each from so many people followed under both arms."""
    prepared = ready(spec)
    return replace(spec, truths=truths_of(prepared, spec, people, progress=progress, **how))


def people_for_truth(spec: Spec, trials: int) -> int:
    """How many people the true values come from: a twenty-fourth of those simulated, within bounds."""
    n = ready(spec).definition.randomisation.n
    return min(MOST_PEOPLE, max(LEAST_PEOPLE, trials * n // 24))


def simulation(
    spec: Spec, trials: int, *, progress: Progress | None = None, keep: Path | None = None, **how: Any
) -> Tally:
    """The tally of `trials` trials. `how` is handed to `map_chunks`: workers, engine, cluster. `keep` is a file in
    which finished chunks are kept, so that a run can be gone on with."""
    keeping: Keeping[Tally] | None = None
    if keep is not None:
        keeping = Keeping(keep, label(spec, trials), written=lambda tally: tally, read=lambda held: held)
    size = min(CHUNK, max(LEAST_CHUNK, -(-trials // 10)))
    parts: list[Tally] = map_chunks(partial(work, spec), trials, size=size, progress=progress, keeping=keeping, **how)
    return merged(parts)


def label(spec: Spec, trials: int) -> dict[str, Any]:
    """What tells one computation from another."""
    prepared = ready(spec)
    return {
        "simulation": design.fingerprint(prepared.definition),
        "seed": spec.seed,
        "trials": trials,
        "worlds": [world.label for world in spec.worlds],
        "analyses": [planned.id for planned in prepared.planned[0]],
        "truths": [{name: list(value) for name, value in one.items()} for one in spec.truths],
    }
