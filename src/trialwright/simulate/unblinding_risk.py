"""What a laboratory value will tell of the arm, before anybody is treated: from imagined trials of the planned size."""

from collections.abc import Callable

import numpy as np

from trialwright.analysis.asking import contrast
from trialwright.analysis.estimates import Interval
from trialwright.analysis.unblinding_risk import Floats, Risk, Told, areas, laboratory_items, planned_visits
from trialwright.simulate.crowds import imagined
from trialwright.simulate.measured import NotSimulated, items_of
from trialwright.simulate.program import Program
from trialwright.simulate.wanted import Needs

LEAF = 256
"""Trials imagined together: every pair of participants is compared."""


def expected(
    program: Program, seed: int = 1, trials: int = 400, progress: Callable[[int], None] | None = None
) -> tuple[Risk, ...]:
    """Of every laboratory item that the scenario feeds, by visit: the mean area over imagined trials, and between which
    limits it lies in 95 of 100 of them. What the scenario does not feed is left out."""
    definition = program.definition
    wanted = {name: planned_visits(definition, name.partition(".")[0]) for name in laboratory_items(definition)}
    fed = {name: visits for name, visits in wanted.items() if visits and _is_fed(program, name, visits)}
    parts: dict[str, list[tuple[Floats, Floats, Floats]]] = {name: [] for name in fed}
    plan = next((one for one in definition.analyses.values() if one.level == "primary"), None)
    reference, treatment = contrast(definition, plan) if plan else program.arms[:2]
    for start in range(0, trials, LEAF):
        leaf = range(start, min(start + LEAF, trials))
        recorded = imagined(program, seed, leaf, Needs(fed, ends=False))
        compared = np.isin(recorded.arm, [program.arms.index(arm) for arm in (reference, treatment)])
        treated = recorded.arm == program.arms.index(treatment)
        for name in fed:
            values = np.where((compared & recorded.present)[..., None], recorded.values(name), np.nan)
            parts[name].append(_areas(treated, values))
        if progress is not None:
            progress(len(leaf))
    return tuple(_risk(program, name, fed[name], parts[name]) for name in fed)


def _is_fed(program: Program, name: str, visits: tuple[str, ...]) -> bool:
    try:
        items_of(program, name, visits)
    except NotSimulated:
        return False
    return True


def _areas(treated: np.ndarray, values: Floats) -> tuple[Floats, Floats, Floats]:
    """Areas of values and of changes, (trials, visits), and how many of each arm had one on average, (2, visits)."""
    places = range(values.shape[2])
    own = np.stack([areas(treated, values[:, :, place]) for place in places], axis=1)
    changes = np.stack([areas(treated, values[:, :, place] - values[:, :, 0]) for place in places], axis=1)
    known = ~np.isnan(values)
    counts = np.stack([(known & who[..., None]).sum(axis=1).mean(axis=0) for who in (~treated, treated)])
    return own, changes, counts


def _risk(program: Program, name: str, visits: tuple[str, ...], parts: list[tuple[Floats, Floats, Floats]]) -> Risk:
    own, changes = (np.concatenate([part[which] for part in parts]) for which in (0, 1))
    sizes = np.array([len(part[0]) for part in parts])
    counts = np.average(np.stack([part[2] for part in parts]), axis=0, weights=sizes)
    label, sealed = laboratory_items(program.definition)[name]
    anchored = visits[0] == program.visits[program.anchor]
    told = tuple(
        Told(
            visit,
            float(program.weeks[program.visits.index(visit)]),
            (round(counts[0, place]), round(counts[1, place])),
            _over_trials(own[:, place]),
            _over_trials(changes[:, place]) if place and anchored else None,
        )
        for place, visit in enumerate(visits)
    )
    return Risk(name, label, sealed, told)


def _over_trials(found: Floats) -> Interval | None:
    """The mean and the central 95 % over the trials that have one."""
    known = found[~np.isnan(found)]
    if not known.size:
        return None
    lower, upper = np.quantile(known, [0.025, 0.975]).tolist()
    return Interval(float(known.mean()), lower, upper)
