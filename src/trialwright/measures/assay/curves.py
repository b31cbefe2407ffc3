"""The standard curve: its formula, its derivatives, its inverse, and the record of fitted curves.

    y = c + (d - c) / (1 + (x / e)^b)^g

c and d are the asymptotes, c below d; e is the scale of the dose, b the steepness and g the asymmetry; g = 1 is the
four-parameter logistic. A dose of zero stands on an asymptote.

These are the names and signs of the R package drc (Ritz and others, PLoS ONE 2015;10:e0146021), LL.4 and LL.5, whose
f is our g: **b is negative where the response rises with the dose** (most sandwich immunoassays) and positive where it
falls (competitive assays). Other programs write A = d and D = c for a falling curve, with B = b, C = e, G = g. R's
`SSfpl`, which works on the logarithm of the dose, gives for a rising curve A = c, B = d, xmid = log e, scal = -1 / b.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

Numbers = NDArray[np.float64]
Model = Literal["4pl", "5pl"]

PARAMETERS: Final = ("b", "c", "d", "e", "g")
"""The columns of `Fits.parameters`, and the rows and columns of its covariances."""

CONVERGED: Final = 0
ASYMMETRY_OPEN: Final = 1
ASYMPTOTE_OPEN: Final = 2
STEEPNESS_OPEN: Final = 3
NOT_SETTLED: Final = 4
FLAT: Final = 5
NOT_MONOTONE: Final = 6
TOO_FEW_LEVELS: Final = 7
NO_WEIGHT: Final = 8

STATUSES: Final = (
    "converged",
    "asymmetry not identified",
    "asymptote not identified",
    "steepness not identified",
    "did not settle",
    "flat",
    "not monotone",
    "too few levels",
    "a response of zero has no weight",
)
"""The words of the codes in `Fits.status`.

- *asymmetry not identified*: the best five-parameter curve lies at g = 0 or g = infinity, or stays the same over every
  g about there (a corner between two doses). The curve given is within rounding of that limit and may be used; g was
  held when its uncertainty was worked out. Where no number of such a curve has an error, its covariance is missing.
- *asymptote not identified*: the doses never approach one plateau; the curve may be used between the doses only.
- *steepness not identified*: the response steps between two neighbouring doses (or hardly changes); nothing is known
  about concentrations between them.
- *did not settle*: the iterations ran out. The curve is the best seen.
- *flat*: the doses explain too little of the responses. *not monotone*: the responses turn back (a hook, swapped
  standards). A curve is given in both cases, to be looked at, not to be used.
- *too few levels*: fewer distinct doses than parameters. *a response of zero has no weight*: with weights 1/y2. No
  curve is given: its parameters are missing.
"""


@dataclass(frozen=True)
class Fits:
    """The curves of p plates. Every array has p rows; a plate without a curve has missing parameters.

    `rss` is the weighted residual sum of squares, the least that was found; `sigma` is sqrt(rss / degrees), the
    standard deviation of a response of weight one. `covariance` is of (b, c, d, e, g), with zeros for what was held.
    """

    parameters: Numbers
    """(p, 5): b, c, d, e, g."""
    rss: Numbers
    status: NDArray[np.int8]
    """Codes into `STATUSES`."""
    covariance: Numbers
    """(p, 5, 5); missing where the data leave no degree of freedom."""
    sigma: Numbers
    degrees: NDArray[np.int64]
    """Wells used less parameters estimated."""
    iterations: NDArray[np.int64]
    lowest: Numbers
    """The lowest dose above zero."""
    highest: Numbers
    """The highest dose."""
    model: Model
    weights: str
    """none, 1/y2, power or given."""
    theta: float
    """Of the variance function sigma^2 y^(2 theta): 0 for none, 1 for 1/y2; missing for given weights."""

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Whether a curve may be used between its doses: it converged, if need be with one parameter at its limit."""
        return self.status <= ASYMPTOTE_OPEN

    @property
    def words(self) -> tuple[str, ...]:
        """The status of every plate in words."""
        return tuple(STATUSES[code] for code in self.status)

    def __len__(self) -> int:
        return len(self.rss)

    def __getitem__(self, rows: Any) -> "Fits":
        """Some of the plates: a slice, a mask or an array of indices; a number gives a record of one plate."""
        index: Any = [rows] if isinstance(rows, int | np.integer) else rows
        arrays: Any = {f.name: v[index] for f in fields(self) if isinstance(v := getattr(self, f.name), np.ndarray)}
        return replace(self, **arrays)


def predict(parameters: ArrayLike, dose: ArrayLike) -> Numbers:
    """The response at `dose` (p, n) of the curves `parameters` (p, 5). Units: those of the responses fitted.

    `dose` is in the unit of the fitted doses; zero gives the asymptote, infinity the other, a missing dose a missing
    response. One row of doses serves every curve.
    """
    _, c, d, _, _ = columns(parameters)
    return c + (d - c) * shape(parameters, dose)


def shape(parameters: ArrayLike, dose: ArrayLike) -> Numbers:
    """(1 + (x / e)^b)^-g: 0 where the response is at c, 1 where it is at d."""
    *_, g = columns(parameters)
    return np.asarray(np.exp(-g * softplus(log_ratio(parameters, dose))))


def log_ratio(parameters: ArrayLike, dose: ArrayLike) -> Numbers:
    """b log(x / e), which is infinite at a dose of zero."""
    b, _, _, e, _ = columns(parameters)
    with np.errstate(divide="ignore"):
        return np.asarray(b * (np.log(np.asarray(dose, dtype=np.float64)) - np.log(e)))


def softplus(z: Numbers) -> Numbers:
    """log(1 + exp z), without overflow."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.logaddexp(0.0, z))


def slope(parameters: ArrayLike, dose: ArrayLike) -> Numbers:
    """dy / d log x at `dose` (p, n); zero at a dose of zero. Divide by the dose for dy / dx."""
    b, c, d, _, g = columns(parameters)
    ratio = log_ratio(parameters, dose)
    return np.asarray((c - d) * b * g * np.exp(-g * softplus(ratio)) * expit(ratio))


def gradient(parameters: ArrayLike, dose: ArrayLike) -> Numbers:
    """The derivatives of the response by b, c, d, e and g: (p, n, 5).

    With z = b log(x / e) and h = (1 + exp z)^-g: dh/dz = -g h exp z / (1 + exp z), dh/dg = -h log(1 + exp z).
    """
    b, c, d, e, g = columns(parameters)
    ratio = log_ratio(parameters, dose)
    long = softplus(ratio)
    h = np.exp(-g * long)
    by_ratio = (c - d) * g * h * expit(ratio)
    inside = np.isfinite(ratio)
    finite, long = np.where(inside, ratio, 0.0), np.where(np.isposinf(long), 0.0, long)
    by_b = np.where(np.isnan(ratio), np.nan, by_ratio * finite / b)
    return np.stack([by_b, 1 - h, h, -by_ratio * b / e, (c - d) * h * long], axis=-1)


def dose_at(parameters: ArrayLike, response: ArrayLike) -> Numbers:
    """The dose at which the curve has this response (p, n): x = e (h^(-1/g) - 1)^(1/b), h = (y - c) / (d - c).

    Missing for a response at or beyond an asymptote.
    """
    b, c, d, e, g = columns(parameters)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        h = (np.asarray(response, dtype=np.float64) - c) / (d - c)
        inside = (h > 0) & (h < 1)
        long = -np.log(np.where(inside, h, 0.5)) / g
        return np.where(inside, e * np.exp((long + np.log(-np.expm1(-long))) / b), np.nan)


def columns(parameters: ArrayLike) -> tuple[Numbers, ...]:
    """b, c, d, e and g as columns, to stand beside one row of doses a curve."""
    values = np.atleast_2d(np.asarray(parameters, dtype=np.float64))
    return tuple(values[:, i : i + 1] for i in range(5))
