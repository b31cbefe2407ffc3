"""From the response of a sample to its dose, with the interval that the curve and the sample's own scatter leave.

At a response y the dose is x = e (h^(-1/g) - 1)^(1/b), h = (y - c) / (d - c). Its variance by the delta method is

    (f' V f + sigma^2 v(y) / m) / (dy/dx)^2

with f the gradient of the curve at x, V the covariance of its parameters, v the variance function of the weights and m
the replicates of the sample. m of infinity takes the response as known: that is what drc's `ED(type = "absolute")`
gives, by Student's t with the degrees of freedom of the fit. Three intervals:

- ``delta``: x -+ t se. It may begin below zero, which is shown as it is.
- ``log``: x exp(-+ t se / x), the delta method on the logarithm of the dose. Both say less than they should near an
  asymptote, where the curve is no straight line over the width of the interval.
- ``inversion``: every dose whose predicted response is within t standard errors of y. Near an asymptote it may never
  end: then it is open, with the end 0 or infinity.

`profile` gives the interval of the likelihood ratio: every dose that, added to the plate as a well of response y,
raises the weighted sum of squares by at most t^2 sigma^2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from trialwright.measures.assay import curves
from trialwright.measures.assay.curves import Fits, Numbers
from trialwright.measures.assay.fitting import fit, wells_of

INSIDE: Final = 0
BELOW: Final = 1
ABOVE: Final = 2
NO_CURVE: Final = 3
NO_RESPONSE: Final = 4
PLACES: Final = ("inside", "below the lower asymptote", "above the upper asymptote", "no curve", "no response")
"""The words of the codes in `Inverse.status`. A response on an asymptote counts as beyond it."""

Method = Literal["delta", "log", "inversion"]
HALVINGS: Final = 48
WIDENING: Final = 1.3
PROFILE_HALVINGS: Final = 16
PROFILE_WIDENING: Final = 1.6
"""How finely an interval's end is sought; a profile fits the plate anew each time."""
REACH: Final = 60.0
"""How far, in units of the curve's own scale exp(1 / |b|), an interval is followed before it is called open."""


@dataclass(frozen=True)
class Inverse:
    """Doses at responses, (p, n) each. `dose`, `se` and the interval are missing unless the status is *inside*.

    `lower` of 0 (by ``inversion`` or `profile`) and `upper` of infinity are open ends.
    """

    dose: Numbers
    se: Numbers
    """The standard error of the dose, by the delta method, whatever the interval."""
    lower: Numbers
    upper: Numbers
    status: NDArray[np.int8]
    """Codes into `PLACES`."""
    level: float

    @property
    def open_below(self) -> NDArray[np.bool_]:
        """Whether the interval never ends downwards."""
        return self.lower == 0

    @property
    def open_above(self) -> NDArray[np.bool_]:
        """Whether the interval never ends upwards."""
        return np.isposinf(self.upper)


def inverse(
    fits: Fits,
    response: ArrayLike,
    level: float = 0.95,
    replicates: ArrayLike = 1,
    method: Method = "delta",
) -> Inverse:
    """The dose at each `response` (p, n), a row a plate; one row serves every plate.

    `replicates`: how many wells the response is the mean of, broadcast to it; infinity takes it as known. The variance
    of a well is sigma^2 y^(2 theta), at the sample's own response; given weights know no variance of other wells, so
    they need replicates of infinity. Doses are in the unit of the fit. A curve that is given only to be looked at (not
    `Fits.usable`) answers too: whoever reports doses asks `Fits.usable` first.
    """
    y, m = _samples(fits, response, replicates, level)
    if method not in ("delta", "log", "inversion"):
        raise ValueError(f"no interval {method!r}; there are delta, log and inversion")
    dose, status = _located(fits, y)
    safe = np.where(np.isfinite(dose), dose, fits.highest[:, None])
    noise = _noise(fits, y, m)
    se_log = np.sqrt(_curve_variance(fits, safe) + noise) / np.abs(curves.slope(fits.parameters, safe))
    inside = status == INSIDE
    se = np.where(inside, dose * se_log, np.nan)
    t = _quantile(fits, level)
    if method == "delta":
        low, high = dose - t * se, dose + t * se
    elif method == "log":
        with np.errstate(over="ignore"):  # near an asymptote it may never end
            low, high = dose * np.exp(-t * se_log), dose * np.exp(t * se_log)
    else:
        low, high = _inverted(fits, y, dose, noise, t)
    return Inverse(dose, se, np.where(inside, low, np.nan), np.where(inside, high, np.nan), status, level)


def _samples(fits: Fits, response: ArrayLike, replicates: ArrayLike, level: float) -> tuple[Numbers, Numbers]:
    """Responses (p, n) and how many wells each is the mean of."""
    y = np.asarray(response, dtype=np.float64)
    y = np.broadcast_to(y, (len(fits), y.shape[-1])) if y.ndim else np.full((len(fits), 1), float(y))
    m = np.broadcast_to(np.asarray(replicates, dtype=np.float64), y.shape)
    if not (m > 0).all():
        raise ValueError("a sample is the mean of at least one well")
    if not 0 < level < 1:
        raise ValueError(f"a level of confidence lies between 0 and 1, not {level}")
    if fits.weights == "given" and np.isfinite(m).any():
        raise ValueError("given weights say nothing of the variance of a sample: ask with replicates=inf")
    return y, m


def _located(fits: Fits, y: Numbers) -> tuple[Numbers, NDArray[np.int8]]:
    """The dose at each response, and where the response lies."""
    dose = curves.dose_at(fits.parameters, y)
    c, d = fits.parameters[:, 1:2], fits.parameters[:, 2:3]
    low, high = np.minimum(c, d), np.maximum(c, d)
    status = np.where(y <= low, BELOW, np.where(y >= high, ABOVE, INSIDE))
    status = np.where(np.isnan(y), NO_RESPONSE, status)
    return dose, np.where(np.isnan(low), NO_CURVE, status).astype(np.int8)


def _noise(fits: Fits, y: Numbers, m: Numbers) -> Numbers:
    """The variance of the mean response of a sample."""
    known = np.isinf(m)
    theta = 0.0 if fits.weights == "given" else fits.theta
    with np.errstate(invalid="ignore"):
        return np.where(known, 0.0, fits.sigma[:, None] ** 2 * np.abs(y) ** (2 * theta) / np.where(known, 1.0, m))


def _curve_variance(fits: Fits, dose: Numbers) -> Numbers:
    """The variance of the fitted response at each dose."""
    f = curves.gradient(fits.parameters, dose)
    return np.maximum(np.einsum("pni,pij,pnj->pn", f, fits.covariance, f), 0.0)


def _quantile(fits: Fits, level: float) -> Numbers:
    """Student's t of each plate, (p, 1)."""
    degrees = np.where(fits.degrees > 0, fits.degrees, np.nan)
    return np.asarray(stdtrit(degrees, 0.5 + level / 2))[:, None]


def _inverted(fits: Fits, y: Numbers, dose: Numbers, noise: Numbers, t: Numbers) -> tuple[Numbers, Numbers]:
    """The doses about the estimate at which the curve is t standard errors from the response."""

    def excess(x: Numbers) -> Numbers:
        gap = (curves.predict(fits.parameters, x) - y) ** 2
        return np.asarray(gap - t**2 * (_curve_variance(fits, x) + noise))

    return follow(excess, dose, 1 / np.abs(fits.parameters[:, 0:1]))


def follow(
    excess: Callable[[Numbers], Numbers],
    dose: Numbers,
    scale: Numbers,
    halvings: int = HALVINGS,
    widening: float = WIDENING,
) -> tuple[Numbers, Numbers]:
    """Where `excess`, below zero at `dose`, first rises through zero on either side; 0 or infinity where it does not.

    The search widens step by step on the log dose, in units of `scale`, and then halves.
    """
    ends = []
    for side in (-1.0, 1.0):
        near, far = np.zeros(dose.shape), np.zeros(dose.shape)
        found = np.zeros(dose.shape, dtype=bool)
        width = 0.02
        while width < REACH:
            there = excess(dose * np.exp(side * width * scale)) > 0
            far = np.where(there & ~found, width, far)
            near = np.where(there | found, near, width)
            found |= there
            width *= widening
        for _ in range(halvings):
            middle = (near + far) / 2
            out = excess(dose * np.exp(side * middle * scale)) > 0
            near, far = np.where(out, near, middle), np.where(out, middle, far)
        ends.append(np.where(found, dose * np.exp(side * far * scale), 0.0 if side < 0 else np.inf))
    return ends[0], ends[1]


def profile(
    dose: ArrayLike,
    response: ArrayLike,
    fits: Fits,
    sample: ArrayLike,
    level: float = 0.95,
    replicates: ArrayLike = 1,
) -> Inverse:
    """Likelihood-ratio intervals of the doses of `sample` (p, n), given the wells (p, w) that `fits` was fitted to.

    The sample is one more well whose dose is unknown: a dose belongs to the interval if fitting the plate with that
    well there raises the weighted sum of squares by at most t^2 sigma^2. The well weighs m / y^(2 theta). Curves with
    held asymptotes are fitted with them free here, so ask only for curves whose four or five parameters were estimated.
    """
    y, m = _samples(fits, sample, replicates, level)
    if fits.weights == "given" or np.isinf(m).any():
        raise ValueError("a likelihood needs the variance of the sample: named weights and a number of wells")
    plain = inverse(fits, y, level, m)
    wells = wells_of(dose, response)
    base = _fixed_weights(fits, *wells)
    scale, t = 1 / np.abs(fits.parameters[:, 0:1]), _quantile(fits, level)
    low, high = np.full(y.shape, np.nan), np.full(y.shape, np.nan)
    rows, places = np.nonzero(plain.status == INSIDE)
    if len(rows):
        fixed = [each[rows] for each in (*wells, base)]
        one = y[rows, places][:, None]
        extra = m[rows, places][:, None] * np.abs(one) ** (-2 * fits.theta)
        allowed = fits.rss[rows] + (t[:, 0] * fits.sigma)[rows] ** 2

        def excess(x: Numbers) -> Numbers:
            joined = [np.hstack(pair) for pair in zip(fixed, (x, one, extra), strict=True)]
            return np.asarray(fit(joined[0], joined[1], fits.model, joined[2]).rss - allowed)[:, None]

        ends = follow(excess, plain.dose[rows, places][:, None], scale[rows], PROFILE_HALVINGS, PROFILE_WIDENING)
        low[rows, places], high[rows, places] = (end[:, 0] for end in ends)
    return Inverse(plain.dose, plain.se, low, high, plain.status, level)


def _fixed_weights(fits: Fits, dose: Numbers, response: Numbers) -> Numbers:
    """The weights of the wells that `fits` ended with."""
    if fits.weights == "1/y2":
        return np.asarray(response**-2.0)
    if fits.theta == 0:
        return np.ones(response.shape)
    return np.asarray(np.abs(curves.predict(fits.parameters, dose)) ** (-2 * fits.theta))
