"""Many rehearsals: run them in chunks, and say what they came to, each figure with its Monte Carlo error."""

import gc
import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from time import process_time
from typing import Any

from trialwright import design
from trialwright.analysis.proportions import clopper_pearson
from trialwright.compute import map_chunks
from trialwright.conduct.catalogue import catalogue
from trialwright.simulate.casting import imagine
from trialwright.simulate.figures import mean_of
from trialwright.simulate.kits import supplied, supply_summary
from trialwright.simulate.outcome import Outcome, outcome
from trialwright.simulate.program import Program, program
from trialwright.simulate.reading import Read, read
from trialwright.simulate.rehearsal import rehearse

CHUNK = 4
"""Trials imagined together: enough to spread the cost of an array, few enough to keep memory and progress even."""


def outcomes(
    trial: Path,
    seed: int,
    times: int,
    *,
    scenario: str | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[Outcome]:
    """Rehearse `times` whole trials; the outcomes in order. The same numbers and seals whatever the workers."""
    _ready(str(trial), scenario)  # what is wrong with the files is said here, not in a worker
    work = partial(_chunk, str(trial), scenario, seed)
    parts = map_chunks(work, times, size=CHUNK, workers=workers, progress=progress)
    return [one for part in parts for one in part]


@lru_cache(maxsize=4)
def _ready(trial: str, scenario: str | None) -> tuple[Read, Program]:
    """The files of a trial, read once in each process."""
    source = read(trial)
    return source, program(source, design.read(trial, catalogue()), scenario)


def _chunk(trial: str, scenario: str | None, seed: int, numbers: range, step: Callable[[], None]) -> list[Outcome]:
    _, ready = _ready(trial, scenario)
    with _without_collection():
        began = process_time()
        casts = imagine(ready, seed, numbers)
        share = (process_time() - began) / len(casts)
        done = []
        for cast in casts:
            began = process_time() - share
            came_to = outcome(rehearse(cast), began)
            # A trial that ships kits is supplied too; how long that takes is not counted as rehearsing.
            done.append(replace(came_to, supply=supplied(cast)) if ready.definition.kits is not None else came_to)
            step()
    return done


@contextmanager
def _without_collection() -> Iterator[None]:
    """Millions of small facts and no cycles among them: the collector would walk them again and again for nothing."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


# ------------------------------------------------------------------ what they came to


def summary(trial: Path, scenario: str | None, seed: int, done: Sequence[Outcome]) -> dict[str, Any]:
    """Everything that is printed and written; `timing` alone differs from run to run."""
    source, ready = _ready(str(trial), scenario)
    chosen = ready.scenario
    analysed = [one for one in done if not one.refused]
    supplies = [one.supply for one in done if one.supply is not None]
    return {
        "trial": ready.definition.id,
        "definition": design.fingerprint(ready.definition),
        "scenario": {
            "name": ready.name,
            "label": chosen.label,
            "text": chosen.text,
            "resembles": dict(chosen.resembles),
        },
        "seed": seed,
        "times": len(done),
        "seals": hashlib.sha256("".join(one.seal for one in done).encode()).hexdigest(),
        "caveats": list(source.scenarios.caveats),
        "assumed": len(source.assumed),
        "flow": {name: mean_of([float(_count(one, name)) for one in done]) for name in FLOW},
        "ends": {
            kind: mean_of([100 * one.ends[kind] / max(1, one.randomised) for one in done])
            for kind in (done[0].ends if done else ())
        },
        "arms": {arm: _arm(ready, arm, analysed) for arm in (analysed[0].arms if analysed else ())},
        "primary": _primary(done, analysed),
        "published": _published(ready, analysed),
        "supply": supply_summary(ready.definition, supplies) if supplies else None,
        "unlike": sum(len(one.unlike) for one in done),
        "timing": {"cpu_seconds_per_trial": round(sum(one.cpu for one in done) / max(1, len(done)), 4)},
    }


FLOW = (
    "considered", "consented", "not_eligible", "left_before", "randomised", "completed", "facts",
)  # fmt: skip


def _count(one: Outcome, name: str) -> int:
    return int(getattr(one, name))


def _arm(ready: Program, arm: str, done: Sequence[Outcome]) -> dict[str, Any]:
    """Mean and spread of the primary measure, and the shares that reach each threshold, over all trials."""
    here = [one.arms[arm] for one in done]
    names = here[0].reaching
    return {
        "label": ready.definition.arms[arm].label,
        "analysed": mean_of([float(one.n) for one in here]),
        "mean": mean_of([one.mean for one in here]),
        "sd": mean_of([one.sd for one in here]),
        "reaching": {name: mean_of([100 * one.reaching[name] / one.n for one in here]) for name in names},
    }


def _primary(done: Sequence[Outcome], analysed: Sequence[Outcome]) -> dict[str, Any]:
    rejected = sum(one.rejected for one in analysed)
    share = rejected / len(analysed) if analysed else None
    error = math.sqrt(share * (1 - share) / len(analysed)) if share is not None else None
    return {
        "analysed": len(analysed),
        "refused": sorted({one.refused for one in done if one.refused}),
        "difference": mean_of([one.difference for one in analysed]),
        "standard_error": mean_of([one.se for one in analysed]),
        "rejected": {
            "mean": None if share is None else round(100 * share, 4),
            "error": None if error is None else round(100 * error, 4),
        },
    }


def _published(ready: Program, done: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Simulated shares beside published ones, with the exact 95 % interval of the published count."""
    plan = next(plan for plan in ready.definition.analyses.values() if plan.level == "primary")
    endpoint = plan.endpoint or (ready.definition.estimands[plan.estimand].endpoint if plan.estimand else "")
    measures = ready.definition.endpoints[endpoint].measure if endpoint else ()
    measure = ready.definition.derivations.get(measures[0]) if measures else None
    cuts = measure.thresholds if measure else {}
    rows = []
    for entry in ready.scenarios.published:
        name = next((name for name, cut in cuts.items() if cut == entry.threshold), None)
        if entry.scenario != ready.name or name is None or not done:
            continue
        exact = clopper_pearson(entry.k, entry.n)
        simulated = mean_of([100 * one.arms[entry.arm].reaching[name] / one.arms[entry.arm].n for one in done])
        low, high = 100 * exact.lower, 100 * exact.upper
        rows.append(
            {
                "label": entry.label,
                "arm": entry.arm,
                "threshold": float(entry.threshold),
                "published": round(100 * entry.k / entry.n, 1),
                "lower": round(low, 1),
                "upper": round(high, 1),
                "simulated": simulated,
                "inside": low <= (simulated["mean"] or 0.0) <= high,
            }
        )
    return rows
