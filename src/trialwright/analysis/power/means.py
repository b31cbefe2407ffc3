"""Two means: the t test and the analysis of covariance, by the noncentral t distribution.

T test, n1 and n2 participants, common standard deviation sd, H0: difference <= -margin (margin 0: no difference):

    power = P(T(df, lambda) >= t(1 - alpha / sides, df)),  lambda = (difference + margin) / (sd sqrt(1/n1 + 1/n2)),
    df = n1 + n2 - 2

The chance of a significant difference on the wrong side is not power and is left out, as in rpact and R's power.t.test;
`both=True` counts it, as `power.t.test(strict = TRUE)` does. Sizes are fractional: a difference of 16, SD 19 and 80 %
need 46.27413 in all.

Analysis of covariance on q covariates that explain the share `explained` (R squared within arms): the residual SD is
sd sqrt(1 - R^2), q degrees of freedom go, and the covariates' chance imbalance widens the standard error by
sqrt(1 + Q), where 1 / (1 + Q) has a beta distribution with (n - q - 1) / 2 and q / 2: exact for normal covariates
(Shieh 2017, Psychometrika 82, averages over the same law). q = 0 is the t test.
"""

from functools import lru_cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import nctdtr, roots_jacobi, stdtrit

from trialwright.analysis.power.asking import BadQuestion, positive, refuse, solved, split


def power(
    n: float, difference: float, sd: float, *, alpha: float = 0.05, sided: int = 2, ratio: float = 1.0,
    margin: float = 0.0, covariates: int = 0, explained: float = 0.0, both: bool = False,
) -> float:  # fmt: skip
    """The chance of significance with `n` outcomes in all. `difference`, `sd` and `margin` in the outcome's unit."""
    _refuse(alpha, sided, ratio, margin, covariates, explained, n=n)
    positive(standard_deviation=sd)
    first, second = split(n, ratio)
    residual = sd * sqrt((1 - explained) * (1 / first + 1 / second))
    return _power(
        n - 2 - covariates, _shift(difference + margin, residual), alpha / sided, covariates, both and sided == 2
    )


def sample_size(
    power: float, difference: float, sd: float, *, alpha: float = 0.05, sided: int = 2, ratio: float = 1.0,
    margin: float = 0.0, covariates: int = 0, explained: float = 0.0, both: bool = False,
) -> float:  # fmt: skip
    """How many outcomes in all, fractional, at least 3, give that power; without margin the difference has no sign."""
    _refuse(alpha, sided, ratio, margin, covariates, explained, power=power)
    positive(standard_deviation=sd)
    apart = difference + margin if margin else abs(difference)
    if apart <= 0:
        raise BadQuestion("No number of participants shows a difference of 0, or one that lies beyond the margin.")
    least = 3.0 + covariates

    def at(n: float) -> float:
        first, second = split(n, ratio)
        shift = _shift(apart, sd * sqrt((1 - explained) * (1 / first + 1 / second)))
        return _power(n - 2 - covariates, shift, alpha / sided, covariates, both and sided == 2)

    return solved(at, power, least, 16.0 + 2 * covariates, "number of participants")


def detectable(
    n: float, power: float, sd: float = 1.0, *, alpha: float = 0.05, sided: int = 2, ratio: float = 1.0,
    margin: float = 0.0, covariates: int = 0, explained: float = 0.0, both: bool = False,
) -> float:  # fmt: skip
    """The smallest true difference, in the unit of `sd`, that `n` outcomes show with that power."""
    _refuse(alpha, sided, ratio, margin, covariates, explained, power=power, n=n)
    positive(standard_deviation=sd)
    first, second = split(n, ratio)
    residual = sd * sqrt((1 - explained) * (1 / first + 1 / second))
    df = n - 2 - covariates
    shift = solved(
        lambda shift: _power(df, shift, alpha / sided, covariates, both and sided == 2), power, 0.0, 4.0, "difference"
    )
    return shift * residual - margin


def half_width(
    n: float, sd: float, *, level: float = 0.95, ratio: float = 1.0, covariates: int = 0, explained: float = 0.0
) -> float:
    """The expected distance from the estimated difference to its confidence limits.

    t(df) times E[SE]; E[s] = sd sqrt(2 / df) Gamma((df + 1) / 2) / Gamma(df / 2); the covariates' imbalance averaged.
    """
    from scipy.special import gammaln

    _refuse(1 - level, 2, ratio, 0.0, covariates, explained, n=n)
    first, second = split(n, ratio)
    df = n - 2 - covariates
    mean_sd = sd * sqrt((1 - explained) * 2 / df) * float(np.exp(gammaln((df + 1) / 2) - gammaln(df / 2)))
    shrink, weight = _imbalance(df, covariates)
    wider = float(np.dot(weight, 1 / shrink))
    return float(stdtrit(df, 0.5 + level / 2)) * mean_sd * sqrt(1 / first + 1 / second) * wider


def _shift(apart: float, se: float) -> float:
    """The noncentrality; beyond 500 every power is 1 and the distribution is not computed any more."""
    if not abs(apart) < 1e100:
        raise BadQuestion(f"The difference must be a number; it is {apart:g}.")
    return max(-500.0, min(500.0, apart / se))


def _power(df: float, shift: float, tail: float, covariates: int, both: bool) -> float:
    critical = float(stdtrit(df, 1 - tail))
    shrink, weight = _imbalance(df, covariates)
    # P(T(shift) > c) = P(T(-shift) < -c): the small chance itself, not 1 minus a large one.
    found = float(np.dot(weight, nctdtr(df, -shift * shrink, -critical)))
    if both:
        found += float(np.dot(weight, nctdtr(df, shift * shrink, -critical)))
    return min(found, 1.0)


@lru_cache(maxsize=256)
def _imbalance(df: float, covariates: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values of sqrt(1 / (1 + Q)) and their weights: Gauss-Jacobi nodes of Beta((df + 1) / 2, q / 2)."""
    if covariates == 0:
        return np.ones(1), np.ones(1)
    points, weights = roots_jacobi(24, covariates / 2 - 1, (df + 1) / 2 - 1)
    return np.sqrt((1 + points) / 2), weights / weights.sum()


def _refuse(
    alpha: float, sided: int, ratio: float, margin: float, covariates: int, explained: float,
    power: float | None = None, n: float | None = None,
) -> None:  # fmt: skip
    refuse(alpha, sided, ratio, power, n, least=2 + covariates)
    if not 0 <= margin < 1e100:
        raise BadQuestion(f"A non-inferiority margin is given as a distance, 0 or above; it is {margin:g}.")
    if margin and sided != 1:
        raise BadQuestion("Non-inferiority is tested on one side: sided 1, with alpha 0.025 for the usual strictness.")
    if covariates < 0 or not 0 <= explained < 1:
        raise BadQuestion(
            f"Covariates are counted from 0, and explain a share from 0 to below 1; given are {covariates} and "
            f"{explained:g}."
        )
