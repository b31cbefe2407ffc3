"""Where a trial that is looked at several times stands: the recursion of Armitage, McPherson and Rowe (1969).

At look k with information I_k the statistic Z_k is normal with mean theta sqrt(I_k) and variance 1, and
cov(Z_j, Z_k) = sqrt(I_j / I_k) for j <= k: the canonical joint distribution (Jennison and Turnbull 2000, chapter 3).
The density of Z_k among the trials that have not stopped before is

    f_1(z) = phi(z - theta sqrt(I_1))
    f_k(z) = integral over the continuation region of look k - 1 of
             f_{k-1}(u) sqrt(I_k / D) phi((z sqrt(I_k) - u sqrt(I_{k-1}) - theta D) / sqrt(D)) du,   D = I_k - I_{k-1}

Every integrand is analytic, so one Gauss-Legendre rule per look converges geometrically; the number of nodes follows
the width of the region in standard deviations of the narrowest factor. Absolute error below 1e-12.
"""

from functools import lru_cache
from math import ceil, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]

REACH = 7.6
"""Standard deviations beyond which mass is left out: 1.5e-14 on each side."""
FAR = 30.0
ROOT_TAU = sqrt(2 * np.pi)
MOST_NODES = 3000


class Going(NamedTuple):
    """The trials that go on after a look: nodes `z`, their mass (density times weight), and where they stand."""

    z: Floats
    mass: Floats
    information: float
    drift: float
    """Theta times the root of the whole information: what Z is expected to be at information 1."""


def first(lower: float, upper: float, information: float, drift: float, upcoming: float) -> Going:
    """The trials that the first look lets go on: `lower < Z < upper`; `upcoming` is the next look's information."""
    z, weight = _nodes(lower, upper, drift * sqrt(information), information, upcoming)
    return Going(z, weight * np.exp(-0.5 * (z - drift * sqrt(information)) ** 2), information, drift)


def onward(going: Going, lower: float, upper: float, information: float, upcoming: float) -> Going:
    """The trials that a further look lets go on as well."""
    z, weight = _nodes(lower, upper, going.drift * sqrt(information), information, upcoming, going.information)
    step = information - going.information
    slope, shift = sqrt(going.information / step), going.drift * sqrt(step)
    apart = np.subtract.outer(z * sqrt(information / step) - shift, going.z * slope)
    apart *= apart
    apart *= -0.5
    np.exp(apart, out=apart)
    return Going(z, weight * sqrt(information / step) * (apart @ going.mass), information, going.drift)


def above(going: Going, boundary: float, information: float) -> float:
    """The chance to go on until this look and then to stand at or above `boundary`."""
    step = information - going.information
    at = (boundary * sqrt(information) - going.drift * step) / sqrt(step)
    return float(ndtr(going.z * sqrt(going.information / step) - at) @ going.mass)


def below(going: Going, boundary: float, information: float) -> float:
    """The chance to go on until this look and then to stand below `boundary`."""
    step = information - going.information
    at = (boundary * sqrt(information) - going.drift * step) / sqrt(step)
    return float(ndtr(at - going.z * sqrt(going.information / step)) @ going.mass)


def density(going: Going, boundary: float, information: float) -> float:
    """The density of Z at `boundary` at this look, of the trials that went on until it."""
    step = information - going.information
    apart = going.z * sqrt(going.information / step)
    apart -= (boundary * sqrt(information) - going.drift * step) / sqrt(step)
    apart *= apart
    return float(np.exp(-0.5 * apart) @ going.mass) * sqrt(information / step) / ROOT_TAU


def crossing(
    lower: tuple[float, ...] | list[float], upper: tuple[float, ...] | list[float], information: tuple[float, ...],
    drift: float,
) -> tuple[list[float], list[float]]:  # fmt: skip
    """The chance to leave first at each look: below its lower bound and at or above its upper bound.

    `information` increases and ends with the information at which `drift` is the mean of Z (usually 1). A bound that is
    infinite is never crossed. Where the two bounds of the last look meet, the chances sum to 1.
    """
    mean = drift * sqrt(information[0])
    down, up = [float(ndtr(lower[0] - mean))], [float(ndtr(mean - upper[0]))]
    going: Going | None = None
    for look in range(1, len(information)):
        before, now = look - 1, information[look]
        if lower[before] >= upper[before]:
            return down + [0.0] * (len(information) - look), up + [0.0] * (len(information) - look)
        if going is None:
            going = first(lower[0], upper[0], information[0], drift, now)
        else:
            going = onward(going, lower[before], upper[before], information[before], now)
        down.append(0.0 if lower[look] == -np.inf else below(going, lower[look], now))
        up.append(0.0 if upper[look] == np.inf else above(going, upper[look], now))
    return down, up


def _nodes(
    lower: float, upper: float, mean: float, information: float, upcoming: float, before: float = 0.0
) -> tuple[Floats, Floats]:
    """Nodes and weights (already over sqrt(2 pi)) of the region, as many as its narrowest factor asks for."""
    # A bound in the far tail marks where tiny shares are spent: the region then goes as far as the bound does.
    low = lower if mean - FAR < lower else mean - REACH
    high = upper if mean + FAR > upper else mean + REACH
    if low >= high:  # a region that holds nothing to speak of: its nearer end
        low, high = (upper - 1.0, upper) if upper < mean else (lower, lower + 1.0)
    narrowest = min(sqrt((upcoming - information) / information), sqrt((information - before) / information), 1.0)
    count = min(MOST_NODES, ceil(14 + 2.6 * (high - low) / narrowest))
    points, weights = rule(count)
    half = 0.5 * (high - low)
    return half * points + (low + half), weights * (half / ROOT_TAU)


@lru_cache(maxsize=512)
def rule(count: int) -> tuple[Floats, Floats]:
    """The Gauss-Legendre rule on [-1, 1], kept."""
    points, weights = np.polynomial.legendre.leggauss(count)
    points.setflags(write=False)
    weights.setflags(write=False)
    return points, weights
