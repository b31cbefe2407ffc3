"""From a fit to what can be said of its coefficients: covariance, contrasts, F tests, degrees of freedom.

    inference(fit, df="kenward-roger").contrast([0, 1, 0, 0])

Which covariance (`variance`) and which degrees of freedom (`df`) are two choices; not every pair exists:

    df                      variance "model"                         variance "empirical.."
    kenward-roger(-linear)  Phi adjusted, Kenward and Roger 1997     -
    satterthwaite           Phi; Fai and Cornelius for F             Bell and McCaffrey; Fai and Cornelius for F
    between-within          by the columns that take part            the same
    residual                rows - coefficients                      the same
    asymptotic              infinite: the normal and chi-squared     the same

Where columns of the design all but repeat each other all of it is done in orthonormal ones (see `basis`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, fdtrc, ndtr, ndtri, stdtr, stdtrit

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.mmrm import between_within, kenward_roger, satterthwaite
from trialwright.analysis.mmrm.basis import Basis, basis
from trialwright.analysis.mmrm.records import Fit, Floats
from trialwright.analysis.mmrm.sandwich import POWERS, degrees, sandwich
from trialwright.analysis.mmrm.sensitivity import sensitivity

DEGREES = (
    "kenward-roger-linear",
    "kenward-roger",
    "satterthwaite",
    "between-within",
    "residual",
    "asymptotic",
)
"""Every way to the degrees of freedom."""

VARIANCES = ("model", *POWERS)
"""Every way to the covariance of the coefficients."""

NEW_SHARE = 1e-8
"""A row of a hypothesis that adds less than this share of its own length to the rows before it repeats them."""

NO_SPREAD = 1e-12
"""A direction of a hypothesis with less than this share of variance is known without error, as far as rounding tells.
"""


@dataclass(frozen=True, slots=True)
class Contrasts:
    """One value per contrast in every array, shape (c,), in the units of the outcome; p is two-sided."""

    estimate: Floats
    se: Floats
    df: Floats
    t: Floats
    p: Floats
    lower: Floats
    upper: Floats
    level: float


@dataclass(frozen=True, slots=True)
class Joint:
    """`F` (times Kenward and Roger's `scale`, else 1) referred to an F distribution with df1 and df2."""

    F: float
    df1: float
    df2: float
    p: float
    scale: float


@dataclass(frozen=True)
class Inference:
    """A fit with the covariance of its coefficients (p, p) that the chosen method gives."""

    fit: Fit
    df: str
    variance: str
    covariance: Floats
    level: float
    _basis: Basis
    _turned: Floats
    _single: Callable[[Floats], Floats]
    _several: Callable[[Floats], tuple[float, float, float, float]]

    def contrast(self, rows: ArrayLike, level: float | None = None) -> Contrasts:
        """The contrasts L b of `rows` (c, p), or of one row (p,), each by itself. Raises `NotEstimable`."""
        wanted = _rows(self.fit, rows)
        if not wanted.any(axis=1).all():
            empty = int(np.argmin(wanted.any(axis=1))) + 1
            raise NotEstimable(f"Row {empty} of the contrasts holds nothing but zeros.")
        return _contrasts(self, wanted, self.level if level is None else level)

    def joint(self, rows: ArrayLike) -> Joint:
        """The F test that all rows of L b, shape (r, p), are zero. Raises `NotEstimable`, naming a row that repeats."""
        wanted = _rows(self.fit, rows)
        _independent(wanted)
        _of_full_rank(self, wanted)
        statistic, df1, df2, scale = self._several(wanted)
        p = fdtrc(df1, df2, statistic) if np.isfinite(df2) else chdtrc(df1, df1 * statistic)
        return Joint(statistic, df1, df2, float(p), scale)


def inference(fit: Fit, df: str = "kenward-roger-linear", variance: str = "model", level: float = 0.95) -> Inference:
    """What can be said of the coefficients of `fit`; see the table of the module. Raises `NotEstimable`."""
    _known("degrees of freedom", df, DEGREES)
    _known("variance", variance, VARIANCES)
    if df.startswith("kenward-roger") and variance != "model":
        raise NotEstimable(
            f"Kenward and Roger's degrees of freedom belong to the model's own covariance, not to '{variance}';"
            " take satterthwaite."
        )
    at = basis(fit)
    if df.startswith("kenward-roger"):
        covariance, first = kenward_roger.adjusted(at.fit, linear=df == "kenward-roger-linear")
        one = partial(_turned, at, partial(_satterthwaite, at.fit, first))
        several = partial(_kenward_roger, at, covariance, first)
        return Inference(fit, df, variance, at.covariance(covariance), level, at, covariance, one, several)
    made = sandwich(at.fit, variance) if variance != "model" else None
    covariance = at.fit.phi if made is None else made.covariance
    whole = at.covariance(covariance)
    if df != "satterthwaite":
        one = partial(_fixed, fit, df)
        return Inference(fit, df, variance, whole, level, at, covariance, one, partial(_wald, at, covariance, one))
    turned = partial(_satterthwaite, at.fit, sensitivity(at.fit)) if made is None else partial(degrees, made=made)
    one, several = partial(_turned, at, turned), partial(_split, at, covariance, turned)
    return Inference(fit, df, variance, whole, level, at, covariance, one, several)


def _known(what: str, name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise NotEstimable(f"'{name}' is no kind of {what} that the program knows; it knows {', '.join(names)}.")


def _satterthwaite(fit: Fit, first: Floats, rows: Floats) -> Floats:
    return satterthwaite.degrees(rows, fit.phi, first, fit.theta_covariance)


def _turned(at: Basis, one: Callable[[Floats], Floats], rows: Floats) -> Floats:
    return one(at.rows(rows))


def _fixed(fit: Fit, df: str, rows: Floats) -> Floats:
    """Degrees of freedom that no covariance parameter enters."""
    if df == "between-within":
        return between_within.degrees(rows, fit.data)
    left = fit.data.outcome.size - fit.beta.size
    return np.full(rows.shape[0], float("inf") if df == "asymptotic" else float(left))


def _kenward_roger(at: Basis, covariance: Floats, first: Floats, rows: Floats) -> tuple[float, float, float, float]:
    fit = at.fit
    return kenward_roger.joint(at.rows(rows), fit.beta, fit.phi, covariance, first, fit.theta_covariance)


def _split(
    at: Basis, covariance: Floats, one: Callable[[Floats], Floats], rows: Floats
) -> tuple[float, float, float, float]:
    """`one` gives the degrees of freedom of turned rows."""
    return (*satterthwaite.joint(at.rows(rows), at.fit.beta, covariance, one), 1.0)


def _wald(
    at: Basis, covariance: Floats, one: Callable[[Floats], Floats], rows: Floats
) -> tuple[float, float, float, float]:
    """Wald's statistic over the number of rows, with the fewest degrees of freedom of any row."""
    turned = at.rows(rows)
    estimate = turned @ at.fit.beta
    quadratic = float(estimate @ np.linalg.solve(turned @ covariance @ turned.T, estimate))
    return quadratic / rows.shape[0], float(rows.shape[0]), float(one(rows).min()), 1.0


def _contrasts(made: Inference, rows: Floats, level: float) -> Contrasts:
    turned = made._basis.rows(rows)
    estimate = turned @ made._basis.fit.beta
    se = np.sqrt(((turned @ made._turned) * turned).sum(axis=1))
    df = made._single(rows)
    with np.errstate(divide="ignore"):
        t = estimate / se
    if made.df == "asymptotic":
        p, half = 2.0 * ndtr(-np.abs(t)), ndtri(0.5 + level / 2.0) * se
    else:
        p, half = 2.0 * stdtr(df, -np.abs(t)), stdtrit(df, 0.5 + level / 2.0) * se
    return Contrasts(estimate, se, df, t, p, estimate - half, estimate + half, level)


def _rows(fit: Fit, rows: ArrayLike) -> Floats:
    """The rows as numbers, shape (c, p), one per coefficient of the model."""
    wanted = np.atleast_2d(np.asarray(rows, dtype=np.float64))
    if wanted.ndim != 2 or wanted.shape[1] != fit.beta.size:
        raise NotEstimable(
            f"A contrast needs one number for each of the {fit.beta.size} coefficients"
            f" ({', '.join(fit.data.columns)}); these have {wanted.shape[-1]}."
        )
    if not np.isfinite(wanted).all():
        bad, column = (int(place[0]) for place in np.nonzero(~np.isfinite(wanted)))
        raise NotEstimable(f"Row {bad + 1} of the contrasts holds no number for '{fit.data.columns[column]}'.")
    return wanted


def _of_full_rank(made: Inference, rows: Floats) -> None:
    """Refuse a hypothesis about more than the covariance of its rows can tell: a sandwich of few participants."""
    turned = made._basis.rows(rows)
    matrix = turned @ made._turned @ turned.T
    scale = np.sqrt(np.maximum(np.diagonal(matrix), np.finfo(float).tiny))
    if not (np.linalg.eigvalsh(matrix / np.outer(scale, scale))[0] > NO_SPREAD):
        few = f" that {len(made.fit.data.participants)} participants give" if made.variance != "model" else ""
        raise NotEstimable(
            f"The covariance{few} of the {len(rows)} rows of the hypothesis is singular, so they cannot be tested at"
            " once. Test fewer rows at a time."
        )


def _independent(rows: Floats) -> None:
    """Refuse a hypothesis with a row that the rows before it already say, or that says nothing."""
    triangle: Floats = np.linalg.qr(rows.T, mode="r")  # type: ignore[assignment]
    lengths = np.sqrt((rows * rows).sum(axis=1))
    for number, length in enumerate(lengths):
        if number >= triangle.shape[0] or abs(triangle[number, number]) <= NEW_SHARE * length:
            what = "holds nothing but zeros" if length == 0.0 else "only repeats what the rows before it say"
            raise NotEstimable(f"Row {number + 1} of the hypothesis {what}, so it cannot be tested with them.")
