"""Analysis of covariance: the difference between two arms in adjusted means.

Model: outcome = intercept + factors (dummy coded) + covariates + arm + error, errors independent and normal with one
variance. Ordinary least squares by the QR factorisation of the augmented matrix [X | y] (Golub and Van Loan 2013, 5.3):
its triangle holds everything that is needed, R for the variances, Q'y for the coefficients and the residual norm in the
corner, so Q is never formed. The arm stands last, so its coefficient and standard error need one division each:

    estimate = z_k / R_kk,   SE = s / |R_kk|,   s² = corner² / (n - k)

This is the simple reference; it takes tens of microseconds for 48 participants and is called once per rehearsed trial.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from trialwright.analysis.estimates import Effect, NotEstimable, SingularDesign
from trialwright.analysis.question import Question

Floats = NDArray[np.float64]

# A column counts as a combination of the earlier ones when less than this share of its own (centred) length is new.
# R's lm uses 1e-7 on uncentred columns.
NEW_SHARE = 1e-8


@dataclass(frozen=True, slots=True)
class AdjustedMean:
    """A least-squares mean of one arm: covariates at their averages, levels of each factor weighted equally."""

    mean: float
    se: float
    lower: float
    upper: float
    n: int


@dataclass(frozen=True, slots=True)
class Ancova:
    """The arm effect (second arm minus first), the adjusted mean of each arm, and the residual standard deviation."""

    effect: Effect
    means: tuple[AdjustedMean, AdjustedMean]
    residual_sd: float
    n: int
    columns: tuple[str, ...]
    coefficients: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Design:
    """The model matrix, arm last; `at` is the row that predicts the first arm's adjusted mean."""

    matrix: Floats
    columns: tuple[str, ...]
    at: Floats


def design(arm: ArrayLike, covariates: Mapping[str, ArrayLike], factors: Mapping[str, ArrayLike]) -> Design:
    """The model matrix of shape (n, k): intercept, factors, centred covariates, arm.

    `arm` holds 0 (first arm, the reference) and 1. A factor with one level has nothing to adjust for and is left out; a
    covariate that does not vary is refused, because somebody meant it to vary.
    """
    which = np.asarray(arm, dtype=np.float64)
    columns: list[Floats] = [np.ones(which.size)]
    names, at = ["intercept"], [1.0]
    for name, values in factors.items():
        levels, codes = np.unique(np.asarray(values), return_inverse=True)
        for index, level in enumerate(levels[1:], start=1):
            columns.append((codes == index).astype(np.float64))
            names.append(f"{name}={level}")
            at.append(1.0 / levels.size)
    for name, values in covariates.items():
        columns.append(_centred(name, np.asarray(values, dtype=np.float64)))
        names.append(name)
        at.append(0.0)
    return Design(np.column_stack([*columns, which]), (*names, "arm"), np.array([*at, 0.0]))


def arm_effect(outcome: ArrayLike, model: Design, level: float = 0.95) -> Effect:
    """The arm effect alone: the light path for many calls. Units of the outcome."""
    triangle, z, residual, df = _fit(np.asarray(outcome, dtype=np.float64), model)
    return _effect(z[-1] / triangle[-1, -1], residual / abs(triangle[-1, -1]), df, level)


def ancova(
    outcome: ArrayLike,
    arm: ArrayLike,
    covariates: Mapping[str, ArrayLike] | None = None,
    factors: Mapping[str, ArrayLike] | None = None,
    level: float = 0.95,
) -> Ancova:
    """The difference in adjusted means between two arms, second minus first.

    `outcome`, every covariate and every factor have shape (n,) and no missing value; `arm` is 0 or 1.
    Raises `SingularDesign` (naming the column) and `NotEstimable`.
    """
    model = design(arm, covariates or {}, factors or {})
    observed = np.asarray(outcome, dtype=np.float64)
    triangle, z, residual, df = _fit(observed, model)
    effect = _effect(z[-1] / triangle[-1, -1], residual / abs(triangle[-1, -1]), df, level)
    # The LU factorisation of a triangle is back substitution.
    coefficients = np.asarray(np.linalg.solve(triangle, z), dtype=np.float64)
    first, second = model.at, model.at.copy()
    second[-1] = 1.0
    in_second = int(model.matrix[:, -1].sum())
    half = float(stdtrit(df, 0.5 + level / 2))
    means = (
        _adjusted(first, coefficients, triangle, residual, half, observed.size - in_second),
        _adjusted(second, coefficients, triangle, residual, half, in_second),
    )
    return Ancova(effect, means, float(residual), observed.size, model.columns, tuple(coefficients.tolist()))


def answer(question: Question) -> Any:
    """The declared covariates and factors, taken into the model as they are; `tobit` where that is declared."""
    if question.handling.tobit:
        from trialwright.analysis import tobit

        return tobit.answer(question)
    return ancova(question.outcome, question.arm, question.covariates, question.factors, question.level)


def _fit(outcome: Floats, model: Design) -> tuple[Floats, Floats, float, int]:
    """R, Q'y, the residual standard deviation and its degrees of freedom."""
    rows, width = model.matrix.shape
    _refuse_unfit(outcome, model, rows)
    whole: Floats = np.linalg.qr(np.column_stack([model.matrix, outcome]), mode="r")  # type: ignore[assignment]
    triangle, z = whole[:width, :width], whole[:width, width]
    lengths = np.sqrt((model.matrix * model.matrix).sum(axis=0))
    new = np.abs(np.diagonal(triangle)) > NEW_SHARE * lengths
    if not new.all():
        raise SingularDesign(model.columns[int(np.argmin(new))], "is determined by the columns before it")
    df, residual = rows - width, abs(float(whole[width, width]))
    if residual <= 1e-12 * np.abs(outcome).max():
        raise NotEstimable("The model fits every participant exactly, so the data hold no measure of error.")
    return triangle, z, residual / df**0.5, df


def _refuse_unfit(outcome: Floats, model: Design, rows: int) -> None:
    if outcome.shape != (rows,):
        raise NotEstimable(f"The outcome has {outcome.size} values and the model {rows} participants.")
    if not (np.isfinite(outcome).all() and np.isfinite(model.matrix).all()):
        raise NotEstimable(
            "The outcome or a covariate holds a missing value; leave those participants out, and count them."
        )
    refuse_too_few(model)


def refuse_too_few(model: Design) -> None:
    """Raise `NotEstimable` where one arm has nobody, or the participants are no more than the coefficients."""
    rows, width = model.matrix.shape
    in_second = int(model.matrix[:, -1].sum())
    if in_second in (0, rows):
        raise NotEstimable("All analysed participants are in one arm, so there is nothing to compare.")
    if rows <= width:
        raise NotEstimable(f"{rows} participants cannot carry a model with {width} coefficients.")


def _centred(name: str, values: Floats) -> Floats:
    """Centring leaves the arm effect as it is, keeps the factorisation well scaled and puts the averages at zero."""
    if not np.isfinite(values).all():
        raise NotEstimable(
            f"The covariate '{name}' holds a missing value; leave those participants out, and count them."
        )
    centred = values - values.mean()
    if np.abs(centred).max(initial=0.0) <= 1e-12 * np.abs(values).max(initial=0.0):
        raise SingularDesign(name, "has the same value in every participant")
    return centred


def _effect(estimate: float, se: float, df: int, level: float) -> Effect:
    statistic = estimate / se
    half = float(stdtrit(df, 0.5 + level / 2)) * se
    p = 2.0 * float(stdtr(df, -abs(statistic)))
    limits = float(estimate - half), float(estimate + half)
    return Effect(float(estimate), float(se), df, float(statistic), p, *limits, level)


def _adjusted(at: Floats, coefficients: Floats, triangle: Floats, residual: float, half: float, n: int) -> AdjustedMean:
    """Mean L'b with standard error s · |R⁻ᵀL|."""
    mean = float(at @ coefficients)
    se = float(residual) * float(np.linalg.norm(np.linalg.solve(triangle.T, at)))
    return AdjustedMean(mean, se, mean - half * se, mean + half * se, n)
