"""The greatest likelihood of censored normal models, many at once: Newton's method in Olsen's parameters.

With z(v) = h v - x'gamma a participant adds

    seen at y          ln h - z(y)² / 2 - ln(2 pi) / 2
    in (a, b)          ln(Phi(z(b)) - Phi(z(a)))            one of them may be infinite

Every model is treated by itself and in one order, so its numbers do not depend on those that stand beside it.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

STEPS, HALVINGS = 60, 40
SETTLED = 1e-20
"""The squared Newton decrement below which a maximum has been reached."""

HALF_LOG_TWO_PI = 0.9189385332046727


@dataclass(frozen=True, slots=True)
class Maxima:
    """Shapes: `beta` (t, k), `sigma`, `loglik`, `converged`, `iterations` (t,), `covariance` (t, k + 1, k + 1) of
    beta and ln sigma, the inverse of the observed information."""

    beta: Floats
    sigma: Floats
    covariance: Floats
    loglik: Floats
    converged: Truths
    iterations: NDArray[np.int64]


class _Rows(NamedTuple):
    """What each participant adds to the log likelihood, to its slope along -x'gamma and h, and to its curvature."""

    value: Floats
    slope: Floats
    slope_h: Floats
    curve: Floats
    curve_h: Floats
    curve_hh: Floats


def maxima(lower: Floats, upper: Floats, matrix: Floats, used: Truths | None = None) -> Maxima:
    """`lower` and `upper` (t, n), equal where the outcome was seen; `matrix` (t, n, k) with the intercept first; `used`
    (t, n) leaves participants out. A model without a maximum is not `converged`, or has a huge variance."""
    here = np.ones(lower.shape, dtype=np.bool_) if used is None else used
    matrix = np.where(here[..., None], matrix, 0.0)
    middle = np.where(np.isneginf(lower), upper, np.where(np.isposinf(upper), lower, (lower + upper) / 2))
    middle = np.where(here, middle, 0.0)
    count = np.maximum(here.sum(axis=1), 1)
    centre = middle.sum(axis=1) / count
    spread = np.sqrt((np.where(here, middle - centre[:, None], 0.0) ** 2).sum(axis=1) / count)
    spread = np.where(spread > 0, spread, 1.0)
    low, high = ((bound - centre[:, None]) / spread[:, None] for bound in (lower, upper))
    seen, point = here & (lower == upper), np.where(here, (middle - centre[:, None]) / spread[:, None], 0.0)
    start = _start(point, matrix, count)
    parameters, loglik, information, converged, iterations = _climb(start, low, high, matrix, here, seen)
    beta, sigma, covariance = _told(parameters, information, centre, spread)
    return Maxima(beta, sigma, covariance, loglik - seen.sum(axis=1) * np.log(spread), converged, iterations)


def _start(point: Floats, matrix: Floats, count: NDArray[np.int64]) -> Floats:
    """Least squares with every censored value at its limit."""
    transposed = np.swapaxes(matrix, 1, 2)
    gram = transposed @ matrix + 1e-9 * np.eye(matrix.shape[2])
    beta = np.linalg.solve(gram, transposed @ point[..., None])[..., 0]
    left = point - (matrix @ beta[..., None])[..., 0]
    sigma = np.maximum(np.sqrt((left**2).sum(axis=1) / count), 1e-3)
    return np.concatenate([beta, np.ones((len(beta), 1))], axis=1) / sigma[:, None]


def _climb(
    start: Floats, low: Floats, high: Floats, matrix: Floats, here: Truths, seen: Truths
) -> tuple[Floats, Floats, Floats, Truths, NDArray[np.int64]]:
    """Newton's steps, halved until the likelihood rises; the surface is concave, so one that rises leads on."""
    at, trials = start.copy(), len(start)
    value, slope, curve = _surface(at, low, high, matrix, here, seen)
    done, iterations = np.zeros(trials, dtype=np.bool_), np.zeros(trials, dtype=np.int64)
    for _ in range(STEPS):
        step = _solved(-curve, slope)
        rise = (step * slope).sum(axis=1)
        done |= rise <= SETTLED * np.maximum(1.0, np.abs(value))
        go = np.flatnonzero(~done)
        if not go.size:
            break
        iterations[go] += 1
        reach = np.ones(go.size)
        for _ in range(HALVINGS):
            there = at[go] + reach[:, None] * step[go]
            held = there[:, -1] > 0
            there[~held, -1] = at[go][~held, -1]
            made = _surface(there, low[go], high[go], matrix[go], here[go], seen[go])
            worse = ~held | ~(made[0] >= value[go] - 1e-12 * np.abs(value[go]))
            if not worse.any():
                break
            reach[worse] /= 2
        fine = np.flatnonzero(~worse)
        at[go[fine]] = there[fine]
        value[go[fine]], slope[go[fine]], curve[go[fine]] = (part[fine] for part in made)
        done[go[worse]] = rise[go[worse]] < 1e-9
        if worse.all() and not (~done).any():
            break
    return at, value, -curve, done, iterations


def _solved(matrix: Floats, vector: Floats) -> Floats:
    """The Newton step; a model whose information has no inverse gets a step with a ridge under it."""
    try:
        return np.asarray(np.linalg.solve(matrix, vector[..., None])[..., 0])
    except np.linalg.LinAlgError:
        return np.stack([_one_solved(*each) for each in zip(matrix, vector, strict=True)])


def _one_solved(matrix: Floats, vector: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.solve(matrix[None], vector[None, :, None])[0, :, 0])
    except np.linalg.LinAlgError:
        ridge = (1e-8 * abs(np.trace(matrix)) + 1e-12) * np.eye(len(vector))
        return np.asarray(np.linalg.solve(matrix + ridge, vector))


def _surface(
    at: Floats, low: Floats, high: Floats, matrix: Floats, here: Truths, seen: Truths
) -> tuple[Floats, Floats, Floats]:
    """Log likelihood (t,), its slope (t, k + 1) and curvature (t, k + 1, k + 1)."""
    h = at[:, -1:]
    rows = _rows(h, (matrix @ at[:, :-1, None])[..., 0], low, high, seen)
    value, slope, slope_h, curve, curve_h, curve_hh = (np.where(here, part, 0.0) for part in rows)
    transposed = np.swapaxes(matrix, 1, 2)
    width = matrix.shape[2]
    slopes = np.concatenate([-(transposed @ slope[..., None])[..., 0], slope_h.sum(axis=1)[:, None]], axis=1)
    curves = np.empty((len(at), width + 1, width + 1))
    curves[:, :width, :width] = transposed @ (curve[..., None] * matrix)
    curves[:, :width, width] = curves[:, width, :width] = -(transposed @ curve_h[..., None])[..., 0]
    curves[:, width, width] = curve_hh.sum(axis=1)
    return value.sum(axis=1), slopes, curves


def _rows(h: Floats, fitted: Floats, low: Floats, high: Floats, seen: Truths) -> _Rows:
    """The parts of one participant, by the side from which nothing is lost: what lies high is turned round."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        a, b = (np.where(np.isfinite(bound), bound, 0.0) for bound in (low, high))
        za = np.where(np.isneginf(low), -np.inf, h * a - fitted)
        zb = np.where(np.isposinf(high), np.inf, h * b - fitted)
        log_p = _log_between(za, zb)
        # phi / probability, where a bound at infinity adds nothing.
        ra, rb = (np.where(np.isinf(z), 0.0, np.exp(-(z**2) / 2 - HALF_LOG_TWO_PI - log_p)) for z in (za, zb))
        fa, fb = (np.where(np.isinf(z), 0.0, z) for z in (za, zb))
        aa, bb, ab = fa * ra - ra**2, -fb * rb - rb**2, ra * rb
        z = h * a - fitted
        return _Rows(
            np.where(seen, np.log(h) - z**2 / 2 - HALF_LOG_TWO_PI, log_p),
            np.where(seen, -z, rb - ra),
            np.where(seen, 1.0 / h - z * a, rb * b - ra * a),
            np.where(seen, -1.0, aa + bb + 2 * ab),
            np.where(seen, -a, aa * a + bb * b + ab * (a + b)),
            np.where(seen, -(a**2) - 1.0 / h**2, aa * a**2 + bb * b**2 + 2 * ab * a * b),
        )


def _log_between(low: Floats, high: Floats) -> Floats:
    """ln(Phi(high) - Phi(low)), in the tail that keeps its digits."""
    turned = low > 0
    lower, upper = np.where(turned, -high, low), np.where(turned, -low, high)
    top, bottom = log_ndtr(upper), log_ndtr(lower)
    return np.asarray(top + np.log1p(-np.exp(np.minimum(bottom - top, 0.0))))


def _told(at: Floats, information: Floats, centre: Floats, spread: Floats) -> tuple[Floats, Floats, Floats]:
    """Beta, sigma and their covariance in the outcome's own unit, from Olsen's parameters of the standardised one."""
    width = at.shape[1] - 1
    gamma, h = at[:, :width], at[:, width:]
    beta = gamma / h * spread[:, None]
    beta[:, 0] += centre
    # d beta / d gamma = spread / h, d beta / d h = - spread gamma / h², d ln sigma / d h = - 1 / h.
    turn = np.zeros((len(at), width + 1, width + 1))
    turn[:, np.arange(width), np.arange(width)] = spread[:, None] / h
    turn[:, :width, width] = -spread[:, None] * gamma / h**2
    turn[:, width, width] = -1.0 / h[:, 0]
    inverse = _inverse(information)
    return beta, spread / h[:, 0], turn @ inverse @ np.swapaxes(turn, 1, 2)


def _inverse(information: Floats) -> Floats:
    """The inverses; infinite where there is none."""
    try:
        return np.asarray(np.linalg.inv(information))
    except np.linalg.LinAlgError:
        found = np.full(information.shape, np.inf)
        for place, one in enumerate(information):
            if np.linalg.matrix_rank(one) == len(one):
                found[place] = np.linalg.inv(one)
        return found
