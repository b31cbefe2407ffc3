"""Least-squares means and what is compared: rows L of the hypotheses L b about arms, visits and terms.

The least-squares mean of an arm at a visit is the prediction there with every covariate at its average over the rows
used and the levels of every other factor weighted equally (Searle, Speed and Milliken 1980), as emmeans and SAS
LSMEANS do by default.
"""

import itertools
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.mmrm import coding
from trialwright.analysis.mmrm.coding import Values
from trialwright.analysis.mmrm.faults import UnknownChoice
from trialwright.analysis.mmrm.frame import Frame
from trialwright.analysis.mmrm.table import label

Floats = NDArray[np.float64]

Combination = Mapping[Any, float] | Sequence[float] | Floats
"""A contrast: weights by coefficient (`"base"`) or by cell (`("A", "W12")`), or one number for each coefficient."""


def cells(frame: Frame) -> Floats:
    """The rows (arms * visits, p) of the least-squares means, arm by arm and within each visit by visit."""
    a, m = len(frame.arms), len(frame.data.visits)
    rows = a * m
    values = []
    for number, one in enumerate(frame.values):
        if one.numbers is not None:
            values.append(
                Values(one.name, one.levels, numbers=np.broadcast_to(frame.at[number], (rows, len(one.levels))))
            )
        elif one.name == frame.roles.arm:
            values.append(Values(one.name, one.levels, codes=np.repeat(np.arange(a), m)))
        elif one.name == frame.roles.visit:
            values.append(Values(one.name, one.levels, codes=np.tile(np.arange(m), a)))
        else:
            count = len(one.levels)
            values.append(Values(one.name, one.levels, weights=np.full((rows, count), 1.0 / count)))
    return coding.matrix(frame.pieces, values, rows)


def held_at(frame: Frame) -> dict[str, float | dict[str, float]]:
    """The values at which the means hold: the average of each covariate, the weight of each level of the others."""
    own = (frame.roles.arm, frame.roles.visit)
    weights = {
        one.name: dict.fromkeys(one.levels, 1.0 / len(one.levels))
        for one in frame.values
        if one.categorical and one.name not in own
    }
    return {**frame.averages, **weights}


@lru_cache(maxsize=256)
def pairs(arms: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Every pair of arms as (minuend, subtrahend): each other arm minus the reference first, then the other pairs."""
    others = range(1, len(arms))
    return (*((one, 0) for one in others), *((second, first) for first, second in itertools.combinations(others, 2)))


@lru_cache(maxsize=256)
def _differences(arms: int, visits: int, chosen: tuple[tuple[int, int], ...]) -> Floats:
    """Visit by visit and pair by pair, the row (c, arms * visits) over the cells."""
    rows = np.zeros((visits, len(chosen), arms, visits))
    for visit, (number, (first, second)) in itertools.product(range(visits), enumerate(chosen)):
        rows[visit, number, first, visit] = 1.0
        rows[visit, number, second, visit] = -1.0
    flat = rows.reshape(visits * len(chosen), arms * visits)
    flat.flags.writeable = False
    return flat


def differences(frame: Frame, of: Floats) -> Floats:
    """The rows (c, p) of every pair of arms at every visit; `of` are the rows of the cells."""
    return _differences(len(frame.arms), len(frame.data.visits), pairs(frame.arms)) @ of


def terms(frame: Frame) -> dict[str, Floats]:
    """For every term but the intercept the rows (r, p) of its type III hypothesis.

    The hypothesis is that the term's coefficients are zero when factors are coded by deviations that sum to zero. It is
    SAS's type III (and car's with `contr.sum`) where no cell is empty: a main effect is averaged, with equal weights,
    over the levels of the factors with which it interacts, at zero of the covariates with which it interacts.
    """
    rows = frame.data.outcome.size
    deviations = coding.matrix(frame.pieces, frame.values, rows, deviations=True)
    scale = np.sqrt((deviations * deviations).sum(axis=0))
    design = frame.data.design
    lengths = np.sqrt((design * design).sum(axis=0))
    # Columns of length one: what is rounding then shows whatever the units are.
    change = np.linalg.lstsq(deviations / scale, design / lengths, rcond=None)[0]
    change[np.abs(change) < 1e-11 * np.abs(change).max()] = 0.0
    change *= lengths / scale[:, None]
    of = coding.terms_of_columns(frame.pieces, frame.values)
    found = {}
    for number, term in enumerate(frame.model.terms):
        if term and (of == number).any():
            name = ":".join(part.columns[0] if part.kind == "factor" else part.text for part in term)
            found[name] = change[of == number]
    return found


def combination(frame: Frame, wanted: Combination, of: Floats) -> Floats:
    """One user's contrast as a row (p,). A cell is `(arm, visit)`, or `(visit,)` where the model has no arm."""
    if not isinstance(wanted, Mapping):
        return np.asarray(wanted, dtype=np.float64)
    row = np.zeros(frame.data.design.shape[1])
    for key, weight in wanted.items():
        if isinstance(key, tuple):
            row += float(weight) * of[_cell(frame, key)]
        elif key in frame.data.columns:
            row[frame.data.columns.index(key)] += float(weight)
        else:
            raise UnknownChoice("coefficient", key, frame.data.columns)
    return row


def _cell(frame: Frame, key: tuple[Any, ...]) -> int:
    named = tuple(label(float(one)) if isinstance(one, (int, float)) else str(one) for one in key)
    arm, visit = named if len(named) == 2 else ("", named[-1])
    if arm not in frame.arms:
        raise UnknownChoice("arm", arm, frame.arms)
    if visit not in frame.data.visits:
        raise UnknownChoice("visit", visit, frame.data.visits)
    return frame.arms.index(arm) * len(frame.data.visits) + frame.data.visits.index(visit)
