"""What an estimand truly is in an imagined world: the same people followed under the one arm and under the other.

    truth = mean over people of Y(treatment) - Y(reference)

Y is the measure at the visit as it would be recorded if nobody left and nothing was forgotten (treatment policy: what
happens after rescue or after stopping treatment counts as it is). Because the same draws make both outcomes of a
person, the difference is known well; its Monte Carlo error is given and goes into the error of every bias.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.asking import contrast
from trialwright.compute import map_chunks
from trialwright.compute.engines import Progress, Step
from trialwright.simulate.beyond import shown
from trialwright.simulate.crowds import Needs, Recorded, imagined
from trialwright.simulate.measured import joined, measured
from trialwright.simulate.planned import Planned, Target
from trialwright.simulate.prepared import Ready, Spec, Truths, ready
from trialwright.simulate.program import Program
from trialwright.simulate.tallies import Tally, drawer, mean, merged, tallied, under
from trialwright.simulate.worlds import World

LEAF = 128
CHUNK = 4096


def seed_of(seed: int) -> int:
    """The seed of the people from whom the truth is known: others than those of the trials."""
    return int.from_bytes(hashlib.sha256(f"trialwright truth 1|{seed}".encode()).digest()[:8], "little")


def truths_of(
    prepared: Ready, spec: Spec, people: int, *, progress: Progress | None = None, **how: Any
) -> tuple[Truths, ...]:
    """The truths of each world of the spec, from at least so many people. Worlds that differ in size, dropout or
    randomisation alone have the same."""
    keys = [_key(world) for world in spec.worlds]
    different = tuple(dict.fromkeys(keys))
    alone = replace(spec, worlds=different, truths=())
    trials = -(-people // prepared.definition.randomisation.n)
    n = prepared.definition.randomisation.n
    told = None if progress is None else lambda done, of: progress(done * n, of * n)
    parts: list[Tally] = map_chunks(partial(work, alone), trials, size=CHUNK, progress=told, **how)
    tally = merged(parts)
    return tuple(_read(tally, different.index(key)) for key in keys)


def _key(world: World) -> World:
    return World(world.scenario, parameters=world.parameters)


def _read(tally: Mapping[str, int], world: int) -> Truths:
    found = {}
    here = drawer("truth", drawer(str(world), tally))
    for name in [name.removesuffix(" known") for name in here if name.endswith(" known")]:
        figure = mean(here, name, here[f"{name} known"])
        if figure.value is not None:
            found[name] = (figure.value, figure.error or 0.0)
    return found


def work(spec: Spec, numbers: range, step: Step) -> Tally:
    """The tally of the differences between both outcomes of the people of these trials, in each world."""
    prepared = ready(spec)
    parts = []
    for start in range(numbers.start, numbers.stop, LEAF):
        leaf = range(start, min(start + LEAF, numbers.stop))
        for place, program in enumerate(prepared.programs):
            parts.append(under(str(place), _both(program, prepared.planned[place], seed_of(spec.seed), leaf)))
        step(len(leaf))
    return merged(parts)


def _both(program: Program, several: Sequence[Planned], seed: int, numbers: range) -> Tally:
    """The differences of both outcomes of everybody, for each target that has a truth."""
    wanted = [
        (f"{one.id}|{place}", contrast(program.definition, one.plan), target)
        for one in several
        for place, target in enumerate(one.targets)
        if target.measure is not None
    ]
    if not wanted:
        return {"people": 0}
    asked = Needs(_wanted(one.items for one in several), _wanted(one.logs for one in several), ends=False)
    arms = {arm for _, pair, _ in wanted for arm in pair}
    outcomes = {arm: imagined(program, seed, numbers, asked, arms=arm, complete=True) for arm in sorted(arms)}
    parts: Tally = {"people": 0}
    made: dict[tuple[str, Target], NDArray[np.float64]] = {}
    for name, (reference, treatment), target in wanted:
        for arm in (reference, treatment):
            if (arm, target) not in made:
                made[arm, target] = _outcome(outcomes[arm], target)
        difference = made[treatment, target] - made[reference, target]
        here = outcomes[treatment].present & outcomes[reference].present
        parts["people"] = int(here.sum())
        known = difference[here]
        # A value that a measure cannot give (no enzyme was ever measured) is unknown under both arms alike.
        parts |= under("truth", tallied(**{name: known[~np.isnan(known)]}))
        parts[f"truth|{name} known"] = int((~np.isnan(known)).sum())
    return parts


def _wanted(several: Iterable[Mapping[str, Sequence[str]]]) -> Mapping[str, Sequence[str]]:
    found: dict[str, tuple[str, ...]] = {}
    for one in several:
        joined(found, one)
    return found


def _outcome(recorded: Recorded, target: Target) -> NDArray[np.float64]:
    scored = measured(recorded, str(target.measure), [str(target.visit)])
    values = shown(scored.at(str(target.visit)), scored.censored_at(str(target.visit)), target.handling)[0]
    return values if target.cut is None else np.where(np.isnan(values), np.nan, values >= target.cut)
