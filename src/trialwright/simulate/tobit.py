"""The censored normal model of many trials at once: the counterpart of `analysis.tobit`, by the same maxima."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.handling import Handling
from trialwright.analysis.tobit import lost
from trialwright.analysis.tobit_newton import maxima
from trialwright.simulate.estimators import CONSTANT, NOBODY, ONE_ARM, REASONS, SINGULAR, TOO_FEW, Estimated
from trialwright.simulate.over_visits import alike, dummies_of

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

SPREAD = "Fewer than two different values were seen within the limits, so nothing tells the spread."
BEYOND = "All values of an arm or of a level lie on one side beyond their limits."
RISING = "The likelihood has no maximum."
WHY = (*REASONS, SPREAD, BEYOND, RISING)

TOGETHER = 128
"""Trials fitted together: their columns stay in the processor's cache."""


def tobit_of(
    outcome: Floats,
    signs: NDArray[np.int8] | None,
    arm: NDArray[np.int64],
    covariates: Sequence[Floats],
    factors: Sequence[NDArray[np.int64]],
    chosen: Handling,
) -> Estimated:
    """Arrays of shape (trials, n): the outcome and covariates with nan where unknown, `signs` of values that stand for
    a limit, `arm` 0 or 1 (other: not analysed), factors as whole numbers from 0."""
    used = (arm >= 0) & ~np.isnan(outcome)
    for values in covariates:
        used &= ~np.isnan(values)
    sides = np.zeros(outcome.shape, dtype=np.int8) if signs is None else signs
    n = np.stack([(used & (arm == which)).sum(axis=1) for which in (0, 1)], axis=1)
    dummies, levels = dummies_of(factors, used)
    centred = [_centred(values, used) for values in covariates]
    refused = _refused(outcome, sides, used, arm, n, dummies, [constant for _, constant in centred])
    found = np.full((3, len(outcome)), np.nan)
    whole = np.zeros((len(outcome), 0), dtype=np.bool_)
    for trials, kept, _ in alike(levels.reshape(len(outcome), -1), whole, refused):
        some = [column for column, one in zip(dummies, kept, strict=True) if one]
        columns = [np.ones(used.shape), *some, *(values for values, _ in centred), (arm == 1).astype(np.float64)]
        for start in range(0, len(trials), TOGETHER):
            part = trials[start : start + TOGETHER]
            matrix = np.stack([column[part] for column in columns], axis=2)
            found[:, part], refused[part] = _fitted(outcome[part], sides[part], matrix, used[part], chosen)
    return Estimated(found[0], found[1], found[2], n.astype(np.int64), refused.astype(np.int8), reasons=WHY)


def _fitted(
    outcome: Floats, sides: NDArray[np.int8], matrix: Floats, used: Truths, chosen: Handling
) -> tuple[Floats, NDArray[np.int64]]:
    """Estimate, standard error and degrees of freedom (3, trials), and why a trial has none."""
    put = np.where(used, outcome, 0.0)
    lower, upper = np.where(sides < 0, -np.inf, put), np.where(sides > 0, np.inf, put)
    rows, width = used.sum(axis=1).astype(np.float64), matrix.shape[2]
    codes = np.where(rows <= width, WHY.index(TOO_FEW), 0)
    weighted = np.where(used[..., None], matrix, 0.0)
    codes[(codes == 0) & (np.linalg.matrix_rank(weighted) < width)] = WHY.index(SINGULAR)
    fine = np.flatnonzero(codes == 0)
    answers = np.full((3, len(outcome)), np.nan)
    if not fine.size:
        return answers, codes
    made = maxima(lower[fine], upper[fine], matrix[fine], used[fine])
    away = lost(made, weighted[fine] * np.sqrt(weighted.shape[1] / rows[fine])[:, None, None])
    errors = np.sqrt(np.where(away, np.nan, made.covariance[:, width - 1, width - 1]))
    residual = chosen.degrees != "asymptotic"
    df = rows[fine] - width if residual else np.full(fine.size, np.inf)
    factor = np.sqrt(rows[fine] / (rows[fine] - width)) if residual else np.ones(fine.size)
    answers[:, fine] = np.where(away, np.nan, np.stack([made.beta[:, -1], errors * factor, df]))
    codes[fine[away]] = WHY.index(RISING)
    return answers, codes


def _centred(values: Floats, used: Truths) -> tuple[Floats, Truths]:
    """A covariate about its mean in the trial, and where it does not vary."""
    known, rows = np.where(used, values, 0.0), np.maximum(used.sum(axis=1), 1)
    apart = np.where(used, known - (known.sum(axis=1) / rows)[:, None], 0.0)
    return apart, np.asarray(np.abs(apart).max(axis=1) <= 1e-12 * np.abs(known).max(axis=1))


def _refused(
    outcome: Floats,
    sides: NDArray[np.int8],
    used: Truths,
    arm: NDArray[np.int64],
    n: NDArray[np.int64],
    dummies: Sequence[Floats],
    constant: Sequence[Truths],
) -> NDArray[np.int64]:
    """The place in WHY of the first fault of each trial, as `analysis.tobit` looks for them; 0 for none."""
    seen = used & (sides == 0)
    least = np.where(seen, outcome, np.inf).min(axis=1)
    most = np.where(seen, outcome, -np.inf).max(axis=1)
    code = np.zeros(len(outcome), dtype=np.int64)
    groups = [used & (arm == which) for which in (0, 1)] + [used & (column == 1.0) for column in dummies]
    for here in groups:
        for side in (-1, 1):
            code[here.any(axis=1) & ((sides == side) | ~here).all(axis=1)] = WHY.index(BEYOND)
    code[(seen.sum(axis=1) < 2) | ~(most > least)] = WHY.index(SPREAD)
    code[(n == 0).any(axis=1)] = WHY.index(ONE_ARM)
    for one in constant:
        code[one] = WHY.index(CONSTANT)
    code[n.sum(axis=1) == 0] = WHY.index(NOBODY)
    return code
