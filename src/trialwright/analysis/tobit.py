"""Analysis of covariance of an outcome that is partly known only to lie beyond a limit: the censored normal model.

    y* = intercept + factors + covariates + arm + error,  error ~ N(0, sigma²)

of which y* itself is seen, or only that it lies below a limit, above one, or between two (Tobin, Econometrica 1958; 26:
24-36; Amemiya, J Econometrics 1984; 24: 3-61). Each participant adds the density of what was seen or the probability of
the interval to the likelihood. With gamma = beta / sigma and h = 1 / sigma the logarithm of that is concave (Olsen,
Econometrica 1978; 46: 1211-1215), so Newton's method with the analytic Hessian goes to the one maximum from anywhere.
Standard errors come from the observed information, by the Jacobian of (beta, ln sigma).

Maximum likelihood divides the sum of squares by n. With `degrees_of_freedom: residual` variances are multiplied by
n / (n - k) and limits are those of the t distribution with n - k degrees of freedom: without a censored value these are
the numbers of `ancova`. With `asymptotic` they are those of R's survreg: no factor, and the normal distribution.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtr, stdtrit

from trialwright.analysis import ancova
from trialwright.analysis.ancova import AdjustedMean, Design
from trialwright.analysis.estimates import Effect, NoMaximum, NotEstimable
from trialwright.analysis.question import Question
from trialwright.analysis.tobit_newton import Maxima, maxima

Floats = NDArray[np.float64]

DEGREES = ("residual", "asymptotic")
"""Every way to the degrees of freedom."""

LOST = 1e4
"""A coefficient with a standard error of more than this many residual standard deviations has run away."""


@dataclass(frozen=True, slots=True)
class Tobit:
    """The arm effect (second minus first) and adjusted means on the scale of the outcome before censoring.

    `residual_sd` is the standard deviation of the error, `censored` how many of each arm lie below, above and between
    limits. `coefficients` follow `columns`; `errors` are their standard errors, then that of ln sigma.
    """

    effect: Effect
    means: tuple[AdjustedMean, AdjustedMean]
    residual_sd: float
    n: int
    censored: tuple[tuple[int, int, int], tuple[int, int, int]]
    columns: tuple[str, ...]
    coefficients: tuple[float, ...]
    errors: tuple[float, ...]
    loglik: float
    degrees: str
    iterations: int


def tobit(
    lower: ArrayLike,
    upper: ArrayLike,
    arm: ArrayLike,
    covariates: dict[str, ArrayLike] | None = None,
    factors: dict[str, ArrayLike] | None = None,
    level: float = 0.95,
    degrees: str = "residual",
) -> Tobit:
    """The difference in adjusted means between two arms, second minus first, with a censored outcome.

    `lower` and `upper` (n,) are equal where the outcome was seen; else -inf and the limit below one, the limit and inf
    above one, both finite between two. `arm` is 0 or 1; covariates and factors as for `ancova`. Raises `NotEstimable`,
    which names an arm or level that lies wholly beyond a limit.
    """
    model = ancova.design(arm, covariates or {}, factors or {})
    return _told(np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64), model, level, degrees)


def answer(question: Question) -> Tobit:
    """The declared covariates and factors, taken into the model as they are."""
    lower, upper = bounds(question)
    model = ancova.design(question.arm, question.covariates, question.factors)
    return _told(lower, upper, model, question.level, question.handling.degrees or "residual")


def bounds(question: Question) -> tuple[Floats, Floats]:
    """Between what the outcome of each participant lies."""
    outcome, signs = question.outcome, question.censored
    if not signs.size:
        return outcome, outcome
    return np.where(signs < 0, -np.inf, outcome), np.where(signs > 0, np.inf, outcome)


def _told(lower: Floats, upper: Floats, model: Design, level: float, degrees: str) -> Tobit:
    if degrees not in DEGREES:
        raise NotEstimable(f"Degrees of freedom of a censored outcome are {' or '.join(DEGREES)}, not '{degrees}'.")
    _refuse_unfit(lower, upper, model)
    found = maxima(lower[None], upper[None], model.matrix[None])
    _refuse_lost(found, model)
    n, width = model.matrix.shape
    factor = (n / (n - width)) ** 0.5 if degrees == "residual" else 1.0
    df = float(n - width) if degrees == "residual" else float("inf")
    covariance = found.covariance[0] * factor**2
    beta, errors = found.beta[0], np.sqrt(np.diagonal(covariance))
    first, second = model.at, model.at.copy()
    second[-1] = 1.0
    arm = model.matrix[:, -1]
    means = tuple(
        _mean(row, beta, covariance[:width, :width], df, level, int((arm == which).sum()))
        for which, row in enumerate((first, second))
    )
    return Tobit(
        effect_of(float(beta[-1]), float(errors[width - 1]), df, level),
        (means[0], means[1]),
        float(found.sigma[0]) * factor,
        n,
        (_counts(lower[arm == 0], upper[arm == 0]), _counts(lower[arm == 1], upper[arm == 1])),
        model.columns,
        tuple(beta.tolist()),
        tuple(errors.tolist()),
        float(found.loglik[0]),
        degrees,
        int(found.iterations[0]),
    )


def effect_of(estimate: float, se: float, df: float, level: float) -> Effect:
    """An estimate with the limits and p of the t distribution; infinite degrees of freedom: the normal."""
    half = quantile(df, level) * se
    p = 2.0 * float(stdtr(df, -abs(estimate / se)))
    return Effect(estimate, se, df, estimate / se, p, estimate - half, estimate + half, level)


def quantile(df: float, level: float) -> float:
    """How many standard errors an interval reaches to each side."""
    return float(stdtrit(df, 0.5 + level / 2)) if np.isfinite(df) else float(ndtri(0.5 + level / 2))


def _mean(at: Floats, beta: Floats, covariance: Floats, df: float, level: float, n: int) -> AdjustedMean:
    mean, se = float(at @ beta), float(at @ covariance @ at) ** 0.5
    half = quantile(df, level) * se
    return AdjustedMean(mean, se, mean - half, mean + half, n)


def _counts(lower: Floats, upper: Floats) -> tuple[int, int, int]:
    below, above = np.isneginf(lower), np.isposinf(upper)
    return int(below.sum()), int(above.sum()), int((~below & ~above & (lower < upper)).sum())


def _refuse_unfit(lower: Floats, upper: Floats, model: Design) -> None:
    rows, width = model.matrix.shape
    if lower.shape != (rows,) or upper.shape != (rows,):
        raise NotEstimable(f"The outcome has {lower.size} values and the model {rows} participants.")
    known = (lower <= upper) & ~(np.isneginf(lower) & np.isposinf(upper)) & (lower < np.inf) & (upper > -np.inf)
    if not known.all() or not np.isfinite(model.matrix).all():
        raise NotEstimable(
            "The outcome or a covariate holds a missing value; leave those participants out, and count them."
        )
    ancova.refuse_too_few(model)
    if np.linalg.matrix_rank(model.matrix) < width:
        ancova.arm_effect(np.arange(rows, dtype=np.float64) ** 2, model)  # Names the column that repeats others.
    _refuse_beyond(lower, upper, model)


def _refuse_beyond(lower: Floats, upper: Floats, model: Design) -> None:
    """Refuse groups of which nothing but one side of a limit is known: their mean could lie any distance beyond it."""
    seen = lower == upper
    if int(seen.sum()) < 2 or not np.ptp(lower[seen]) > 0:
        raise NotEstimable("Fewer than two different values were seen within the limits, so nothing tells the spread.")
    arm = model.matrix[:, -1]
    groups = {"the reference arm": arm == 0, "the treatment arm": arm == 1}
    groups |= {name: model.matrix[:, place] == 1 for place, name in enumerate(model.columns) if "=" in name}
    for name, here in groups.items():
        for side, beyond in (("below", np.isneginf(lower)), ("above", np.isposinf(upper))):
            if here.any() and beyond[here].all():
                raise NotEstimable(
                    f"All {int(here.sum())} values of {name} lie {side} their limit, so its mean could lie any distance"
                    f" {side} it: the model has no estimate. Compare shares {side} the limit instead."
                )


def lost(found: Maxima, matrix: Floats) -> NDArray[np.bool_]:
    """Which models (t,) have no maximum that was found: not converged, or a coefficient that has run away."""
    variances = np.diagonal(found.covariance, axis1=1, axis2=2)[:, :-1] * (matrix**2).mean(axis=1)
    held = (variances > 0) & (variances < (LOST * found.sigma[:, None]) ** 2)
    return np.asarray(~found.converged | ~held.all(axis=1))


def _refuse_lost(found: Maxima, model: Design) -> None:
    if not lost(found, model.matrix[None])[0]:
        return
    raise NoMaximum(
        "The likelihood has no maximum: some combination of the columns puts everybody on one side beyond a limit. Take"
        " factors or covariates out of the model."
    )
