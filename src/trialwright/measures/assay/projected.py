"""Least squares over the shape of a standard curve alone: its asymptotes are solved for at every step.

Given the shape h of a curve, which rises from 0 to 1, the response is c + (d - c) h: a straight line, whose
coefficients have a closed form (variable projection; Golub and Pereyra, SIAM J Numer Anal 1973;10:413-432, with
Kaufman's Jacobian, BIT 1975;15:49-57). Two numbers are left for the four-parameter curve and three for the five:

    tau     the place where h = 1/2
    lambda  the log of the slope of h there
    gamma   log g

These stay finite where e, b and g run to infinity together, as the best five-parameter curve of real plates sometimes
does: gamma at a bound is within rounding of the limiting (Gompertz or power law) curve, and tau and lambda are ordinary
numbers there. With a = log 2 / g: B = 2 exp(lambda) / (g (1 - exp -a)), v = log(exp a - 1) - B (place - tau),
h = (1 + exp v)^-g. For g = 1: B = 4 exp(lambda), v = -B (place - tau).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from trialwright.measures.assay.curves import Numbers
from trialwright.measures.assay.levels import Levels

TAU: Final = 4.0
GAMMA: Final = (-6.0, 13.0)
LAMBDA: Final = -5.0
"""Bounds. The doses span -1/2 to 1/2, so a midpoint at 4 is three and a half spans beyond the outermost dose."""
SHARPEST: Final = 10.0
"""The slope, per distance of the two closest doses, that cannot be told from a step."""
FLATTEST: Final = 0.0075
"""The least slope of a five-parameter curve per unit of the log dose: log e stays below 650 at gamma's bounds."""
STEEP: Final = 600.0
"""Beyond exp of this the four-parameter h is 0 or 1 in double precision."""
NEARBY: Final = 1e-4
"""How far apart gradients are taken for the second derivatives."""


@dataclass(frozen=True)
class Asymptotes:
    """What is known of the asymptotes beforehand: (p,) each, or nothing. Low is the response at h = 0."""

    low: Numbers | None = None
    high: Numbers | None = None

    def __getitem__(self, plates: Any) -> "Asymptotes":
        return Asymptotes(*(None if held is None else held[plates] for held in (self.low, self.high)))


@dataclass
class Point:
    """Where the search of each problem stands: all (p,), or (parameters, p), or (parameters, parameters, p)."""

    at: Numbers
    rss: Numbers
    normal: Numbers
    down: Numbers


Look = Callable[[Numbers, Levels, Asymptotes], Point]


def bounds(levels: Levels, parameters: int) -> tuple[Numbers, Numbers]:
    """The least and the greatest tau, lambda (and gamma): (parameters, p) each."""
    plates = len(levels.zero)
    low = np.repeat(np.array([[-TAU], [LAMBDA], [GAMMA[0]]])[:parameters], plates, axis=1)
    high = np.repeat(np.array([[TAU], [0.0], [GAMMA[1]]])[:parameters], plates, axis=1)
    high[1] = np.log(SHARPEST / levels.closest)
    if parameters == 3:
        low[1] = np.maximum(LAMBDA, np.log(FLATTEST * levels.span))
    return low, high


def steepness(at: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """B, log(exp a - 1) and g of (tau, lambda) or (tau, lambda, gamma)."""
    slope = np.exp(at[1])
    if len(at) == 2:
        return 4 * slope, np.zeros_like(slope), np.ones_like(slope)
    g = np.exp(at[2])
    a = np.log(2) / g
    less = -np.expm1(-a)
    return 2 * slope / (g * less), a + np.log(less), g


def shapes(at: Numbers, levels: Levels) -> tuple[Numbers, list[Numbers]]:
    """h (k, p) and its derivatives by each parameter, (k, p) each."""
    big, offset, g = steepness(at)
    run = levels.place - at[0]
    run *= -big
    if len(at) == 2:
        v = np.clip(run, -STEEP, STEEP)
        h = 1 / (1 + np.exp(v))
        by_v = h * h
        by_v -= h
        derivatives = [by_v * big, by_v * v]
    else:
        h, derivatives = _asymmetric(run, offset, big, g)
    return _at_zero(h, derivatives, levels)


def _asymmetric(run: Numbers, offset: Numbers, big: Numbers, g: Numbers) -> tuple[Numbers, list[Numbers]]:
    """The five-parameter shape. v is never clipped: where g is small, h is still on its way at v = 600."""
    v = run + offset
    z = np.exp(-np.abs(v))
    part = 1 / (1 + z)
    part = np.where(v > 0, part, z * part)
    long = np.log1p(z)
    long += np.maximum(v, 0.0)
    h = np.exp(-g * long)
    by_v = h * part
    by_v *= -g
    a = np.log(2) / g
    less = -np.expm1(-a)
    by_gamma = run * (a * np.exp(-a) / less - 1)
    by_gamma -= a / less
    by_gamma *= by_v
    long *= h
    long *= g
    by_gamma -= long
    return h, [by_v * big, by_v * run, by_gamma]


def _at_zero(h: Numbers, derivatives: list[Numbers], levels: Levels) -> tuple[Numbers, list[Numbers]]:
    """A dose of zero stands on an asymptote, whatever the shape: the lower where the response rises."""
    if (zero := levels.zero).any():
        h[0, zero] = np.where(levels.rising[zero], 0.0, 1.0)
        for each in derivatives:
            each[0, zero] = 0.0
    return h, derivatives


def coefficients(h: Numbers, levels: Levels, held: Asymptotes) -> tuple[Numbers, Numbers, Numbers, Numbers | None]:
    """The best c and d - c for this shape, the column that d - c multiplies, and its weighted sum of squares."""
    w, y = levels.weight, levels.mean
    if held.low is not None and held.high is not None:
        return held.low, held.high - held.low, h, None
    if held.low is not None:
        column, target = h, y - held.low
    elif held.high is not None:
        column, target = 1 - h, held.high - y
    else:
        column, target = h - np.einsum("kp,kp->p", w, h) / w.sum(axis=0), y
    weighted = w * column
    square = np.einsum("kp,kp->p", weighted, column)
    square = np.maximum(square, np.finfo(float).tiny)
    rise = np.einsum("kp,kp->p", weighted, target) / square
    if held.low is not None:
        return held.low, rise, column, square
    if held.high is not None:
        return held.high - rise, rise, column, square
    total = w.sum(axis=0)
    low = (np.einsum("kp,kp->p", w, y) - rise * np.einsum("kp,kp->p", w, h)) / total
    return low, rise, column, square


def look(at: Numbers, levels: Levels, held: Asymptotes) -> Point:
    """The sum of squares between levels, the normal matrix and the direction of descent, at these shapes."""
    h, derivatives = shapes(at, levels)
    low, rise, column, square = coefficients(h, levels, held)
    w = levels.weight
    residual = levels.mean - low
    residual -= rise * h
    weighted = w * residual
    rss = np.einsum("kp,kp->p", weighted, residual)
    free = held.low is None and held.high is None
    total = w.sum(axis=0) if free else None
    n = len(at)
    for each in derivatives:
        each *= rise
        if total is not None:
            each -= np.einsum("kp,kp->p", w, each) / total
        if square is not None:
            each -= column * (np.einsum("kp,kp,kp->p", w, each, column) / square)
    down = np.stack([np.einsum("kp,kp->p", weighted, each) for each in derivatives])
    normal = np.empty((n, n, len(rss)))
    for i in range(n):
        left = w * derivatives[i]
        for j in range(i + 1):
            normal[i, j] = normal[j, i] = np.einsum("kp,kp->p", left, derivatives[j])
    return Point(at, rss, normal, down)


def look_closely(at: Numbers, levels: Levels, held: Asymptotes) -> Point:
    """The same with the second derivatives of the sum of squares (halved), from differences of its exact gradient,
    in place of the normal matrix, wherever they are positive definite."""
    here = look(at, levels, held)
    n = len(at)
    steps = np.eye(n)[:, :, None] * NEARBY
    change = [look(at - step, levels, held).down - look(at + step, levels, held).down for step in steps]
    second = np.stack(change) / (2 * NEARBY)
    second = (second + second.transpose(1, 0, 2)) / 2
    convex = np.asarray((np.linalg.eigvalsh(second.transpose(2, 0, 1)) > 0).all(axis=1))
    return Point(at, here.rss, np.where(convex, second, here.normal), here.down)
