"""Standard curves of thousands of plates at once: weighted least squares from many starts.

The objective of a plate is the sum over its wells of weight * (response - curve)^2. Weights:

- ``none``: 1.
- ``1/y2``: 1 / observed response^2, as drc, the ligand-binding programs and our reference values have it.
- ``power``: 1 / mu^(2 theta), mu the **fitted** response, renewed until it stays the same (Davidian and Giltinan,
  Nonlinear Models for Repeated Measurement Data, 1995, chapter 2); theta from `variance.estimate`.
- an array: the weights themselves.

The least is sought over curves with c below d, from the lowest points of a grid of shapes; bounds lie where a curve
can no longer be told from its limit (projected.py), so the parameters are always finite.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc

from trialwright.measures.assay import curves
from trialwright.measures.assay.curves import Fits, Model, Numbers
from trialwright.measures.assay.levels import Levels, gather
from trialwright.measures.assay.projected import Asymptotes, bounds, coefficients, shapes, steepness
from trialwright.measures.assay.search import WIDE, Walk, settle, starts, walk

WEIGHTS: Final = ("none", "1/y2", "power")
BLOCK: Final = 2048
"""Plates at a time, so that what they need stays near the processor."""
BARELY: Final = 1e-4
"""A response this near an asymptote, as part of their distance, says nothing of the way between them."""
STARTS: Final = {"4pl": 3, "5pl": 8}
EARLY: Final = 4
APART: Final = 0.05
RIVAL: Final = 20.0
"""Starts, the steps that each may go, and how far from the best, and how much worse, one may be to go on."""
THOROUGH: Final = 24
UNEXPLAINED: Final = 0.01
SETTLED_AT: Final = 1e-7
"""Starts of the second search; the part of the scatter between levels that a curve may leave without it; and how much
worse, as a part, a curve may be that settled where the first did not."""
RENEWALS: Final = 50
SAME: Final = 1e-9
"""A change of the fitted responses, as part of the greatest, that ends the renewal of their weights."""
FLAT_SHARE: Final = 0.5
FLAT_P: Final = 0.01
"""A plate is flat where its curve explains less than half of the (weighted) scatter, or no more than chance would."""
TURN_SHARE: Final = 0.2
TURN_ERRORS: Final = 3.0
"""A plate turns back where its mean responses fall by over a fifth of their range, and by over three standard errors
if there are replicates to tell."""


def fit(
    dose: ArrayLike,
    response: ArrayLike,
    model: Model = "4pl",
    weights: str | ArrayLike = "none",
    theta: float | None = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
) -> Fits:
    """Fit the curve of every plate.

    `dose` and `response` are (p, w); one row of doses serves all plates; a missing value is no well. Doses are in any
    unit, at least 0; a dose of zero stands on its asymptote. `lower` and `upper` hold an asymptote at a known response
    (a number, or one a plate). `theta` is for the weights ``power``.

    Never fails for a bad plate: its status says what is wrong. Raises ValueError where the call itself is wrong.
    Source of the formula: Finney, Statistical Method in Biological Assay, 1978; Gottschalk and Dunn, Anal Biochem
    2005;343:54-65 for the fifth parameter.
    """
    x, y = wells_of(dose, response)
    kind, w, power = _weights(weights, theta, x, y)
    if model not in STARTS:
        raise ValueError(f"no model {model!r}; there are 4pl and 5pl")
    held = Asymptotes(_held(lower, len(y), "lower"), _held(upper, len(y), "upper"))
    if held.low is not None and held.high is not None and not (held.low < held.high).all():
        raise ValueError("a lower asymptote was given that is not below the upper one")
    blocks = [slice(first, first + BLOCK) for first in range(0, len(y), BLOCK)]
    return _joined([_block(x[b], y[b], w[b], held[b], model, kind, power) for b in blocks], model, kind, power)


def wells_of(dose: ArrayLike, response: ArrayLike) -> tuple[Numbers, Numbers]:
    """Doses and responses as (p, w) arrays."""
    y = np.atleast_2d(np.asarray(response, dtype=np.float64))
    x = np.asarray(dose, dtype=np.float64)
    if x.shape != y.shape and not (x.ndim in (1, 2) and x.shape[-1:] == y.shape[-1:] and x.size == y.shape[-1]):
        raise ValueError(f"doses of shape {x.shape} do not belong to responses of shape {y.shape}")
    if not y.size:
        raise ValueError("there are no wells")
    if (x < 0).any():
        raise ValueError(f"a dose is negative: {x[x < 0][0]}")
    if np.isinf(x).any() or np.isinf(y).any():
        raise ValueError("a dose or a response is infinite; a well that could not be read is a missing value")
    return np.broadcast_to(x, y.shape), y


def _weights(weights: str | ArrayLike, theta: float | None, x: Numbers, y: Numbers) -> tuple[str, Numbers, float]:
    """The name of the weights, the weights to begin with (infinite where a response has none), and theta."""
    if not isinstance(weights, str):
        w = np.broadcast_to(np.asarray(weights, dtype=np.float64), y.shape)
        if not (w[np.isfinite(x) & np.isfinite(y)] > 0).all():
            raise ValueError("weights are above zero; a well that should not count is a missing response")
        return "given", w, float("nan")
    if weights not in WEIGHTS:
        raise ValueError(f"no weights {weights!r}; there are {', '.join(WEIGHTS)}")
    if (weights == "power") != (theta is not None):
        raise ValueError("theta belongs to the weights 'power', and they need it (variance.estimate gives it)")
    if weights == "1/y2":
        with np.errstate(divide="ignore"):
            return weights, y**-2.0, 1.0
    if theta is not None and not np.isfinite(theta):
        raise ValueError("theta is missing")
    return weights, np.ones(y.shape), 0.0 if theta is None else float(theta)


def _held(value: ArrayLike | None, plates: int, name: str) -> Numbers | None:
    """An asymptote that is known, one a plate."""
    if value is None:
        return None
    held = np.broadcast_to(np.asarray(value, dtype=np.float64), (plates,))
    if not np.isfinite(held).all():
        raise ValueError(f"the {name} asymptote is missing or infinite")
    return held


def _block(x: Numbers, y: Numbers, w: Numbers, held: Asymptotes, model: Model, kind: str, theta: float) -> Fits:
    """The curves of some plates."""
    unweighable = (np.isinf(w) & np.isfinite(x)).any(axis=1)
    levels = gather(x, y, np.where(np.isinf(w), 1.0, w))
    free = (4 if model == "4pl" else 5) - (held.low is not None) - (held.high is not None)
    few = levels.count < max(free, 2)
    good = np.flatnonzero(~few & ~unweighable)
    fits = _empty(len(y), model, kind, theta, np.where(few, curves.TOO_FEW_LEVELS, curves.NO_WEIGHT))
    if not len(good):
        return fits
    levels, held = levels[good], held[good]
    raw, varying = levels, kind == "power" and theta != 0
    if varying:
        levels = raw.weighing(_variance_weight(raw.mean, raw, theta))
    found = _sure(_searched(levels, held, 2 if model == "4pl" else 3, STARTS[model]), levels, held)
    if varying:
        levels, found = _renewed(raw, held, found, theta, _fitted(found.at, levels, held))
    return _described(fits, good, levels, held, found, free)


def _searched(levels: Levels, held: Asymptotes, parameters: int, most: int) -> Walk:
    """The best shape of every plate.

    All starts go a few steps; then go on the best of each plate and those that are nearly as good somewhere else.
    """
    begin, plate = starts(levels, held, parameters, most)
    early = walk(begin, levels[plate], held[plate], EARLY)
    sum_of_squares = early.rss + levels.within[plate]
    best = _lowest(sum_of_squares, plate)
    apart = np.abs(early.at - early.at[:, best][:, plate]).max(axis=0) > APART
    rival = apart & (sum_of_squares < RIVAL * sum_of_squares[best][plate])
    rival[best] = True
    kept = np.flatnonzero(rival)
    late = settle(early.at[:, kept], levels[plate[kept]], held[plate[kept]], early[kept])
    steps = np.bincount(plate, early.steps) + np.bincount(plate[kept], late.steps)
    return replace(late[_lowest(late.rss, plate[kept])], steps=steps.astype(np.int64))


def _sure(found: Walk, levels: Levels, held: Asymptotes) -> Walk:
    """The same, where it does not convince, searched again from many starts far and wide.

    A curve does not convince that came to rest at a bound, or not at all, or that leaves much unexplained.
    """
    h, _ = shapes(found.at, levels)
    w = levels.weight
    about = levels.mean - (w * levels.mean).sum(axis=0) / w.sum(axis=0)
    poor = found.rss > UNEXPLAINED * (w * about**2).sum(axis=0)
    again = np.flatnonzero(poor | (_verdict(found.at, h, levels, found.settled) != curves.CONVERGED))
    if not len(again):
        return found
    some, known = levels[again], held[again]
    begin, plate = starts(some, known, len(found.at), THOROUGH, WIDE)
    slow = np.flatnonzero(~found.settled[again])
    edges, of = _edges(found.at[:, again[slow]], some[slow])
    begin, plate = np.concatenate([begin, edges], axis=1), np.concatenate([plate, slow[of]])
    late = settle(begin, some[plate], known[plate])
    other = late[_lowest(late.rss, plate)]
    ended = other.settled & ~found.settled[again]
    better = other.rss < found.rss[again] * np.where(ended, 1 + SETTLED_AT, 1.0)
    found.steps[again] += np.bincount(plate, late.steps).astype(np.int64)
    for name in ("at", "rss", "damping", "settled"):
        getattr(found, name)[..., again[better]] = getattr(other, name)[..., better]
    return found


def _edges(at: Numbers, levels: Levels) -> tuple[Numbers, NDArray[np.int64]]:
    """Every shape with each of its numbers moved to each bound, and which shape that was: what creeps there for
    hundreds of steps arrives."""
    moved = np.tile(at, (1, 2 * len(at)))
    of = np.tile(np.arange(at.shape[1]), 2 * len(at))
    for place, edge in enumerate(np.concatenate(bounds(levels, len(at)))):
        moved[place % len(at), place * len(edge) : (place + 1) * len(edge)] = edge
    return moved, of


def _lowest(objective: Numbers, plate: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of the lowest objective of each plate."""
    order = np.lexsort((objective, plate))
    return np.asarray(order[np.flatnonzero(np.diff(plate[order], prepend=-1))])


def _renewed(raw: Levels, held: Asymptotes, found: Walk, theta: float, before: Numbers) -> tuple[Levels, Walk]:
    """Weigh unweighted levels by the fitted response and fit again, until the fitted responses stay the same."""
    at, steps, settled = found.at.copy(), found.steps.copy(), found.settled.copy()
    before, scale = before.copy(), np.max(np.abs(before), axis=0)
    left, moved = np.arange(at.shape[1]), np.ones(at.shape[1], dtype=bool)
    for _ in range(RENEWALS):
        some, known = raw[left], held[left]
        some = some.weighing(_variance_weight(before[:, left], some, theta))
        again = settle(at[:, left], some, known)
        at[:, left], settled[left] = again.at, again.settled
        steps[left] += again.steps
        now = _fitted(again.at, some, known)
        moved[left] = np.max(np.abs(now - before[:, left]), axis=0) > SAME * scale[left]
        before[:, left] = now
        left = np.flatnonzero(moved)
        if not len(left):
            break
    levels = raw.weighing(_variance_weight(before, raw, theta))
    return levels, replace(found, at=at, steps=steps, settled=settled & ~moved)


def _variance_weight(mean: Numbers, levels: Levels, theta: float) -> Numbers:
    """mean^(-2 theta), no response being taken as smaller than half the least mean response above zero."""
    above = (levels.wells > 0) & (levels.mean > 0)
    least = np.min(levels.mean, axis=0, where=above, initial=np.inf) / 2
    return np.asarray(np.maximum(mean, np.where(np.isfinite(least), least, 1.0)) ** (-2 * theta))


def _fitted(at: Numbers, levels: Levels, held: Asymptotes) -> Numbers:
    """The fitted response of every level."""
    h, _ = shapes(at, levels)
    low, rise, _, _ = coefficients(h, levels, held)
    return low + rise * h


def _described(
    fits: Fits,
    rows: NDArray[np.int64],
    levels: Levels,
    held: Asymptotes,
    found: Walk,
    free: int,
) -> Fits:
    """Write what was found of the plates `rows` into the record."""
    at = found.at
    h, _ = shapes(at, levels)
    low, rise, _, _ = coefficients(h, levels, held)
    rss = (levels.weight * (levels.mean - low - rise * h) ** 2).sum(axis=0) + levels.within
    wells = levels.wells.sum(axis=0)
    degrees = wells - free
    fits.parameters[rows] = _named(at, low, rise, levels)
    fits.rss[rows], fits.degrees[rows], fits.iterations[rows] = rss, degrees, found.steps
    with np.errstate(divide="ignore", invalid="ignore"):
        fits.sigma[rows] = np.sqrt(np.where(degrees > 0, rss / degrees, np.nan))
    status = _verdict(at, h, levels, found.settled)
    status = np.where(_flat(levels, rss, wells, free), curves.FLAT, status)
    fits.status[rows] = np.where(_turns(levels), curves.NOT_MONOTONE, status)
    fits.covariance[rows] = _covariance(fits, rows, levels, _estimated(status, held, len(at)))
    _held_asymmetry(fits, rows, levels, held)
    log = np.where(levels.rising, 1, -1) * levels.place * levels.span + levels.centre
    there = (levels.wells > 0) & ~((np.arange(len(log))[:, None] == 0) & levels.zero)
    fits.lowest[rows] = np.exp(np.min(log, axis=0, where=there, initial=np.inf))
    fits.highest[rows] = np.exp(np.max(log, axis=0, where=there, initial=-np.inf))
    return fits


def _covariance(fits: Fits, rows: NDArray[np.int64], levels: Levels, free: NDArray[np.bool_]) -> Numbers:
    return covariance(fits.parameters[rows], levels.dose.T, levels.weight.T, fits.sigma[rows], free)


def _held_asymmetry(fits: Fits, rows: NDArray[np.int64], levels: Levels, held: Asymptotes) -> None:
    """Hold g where it came to rest on a plain: a curve with a corner between two doses is the same for every small g,
    so the five numbers together have no covariance."""
    unknown = ~np.isfinite(fits.covariance[rows]).all(axis=(1, 2)) & (fits.degrees[rows] > 0)
    some = np.flatnonzero(unknown & (fits.status[rows] == curves.CONVERGED) & (fits.model == "5pl"))
    if len(some):
        fits.status[rows[some]] = curves.ASYMMETRY_OPEN
        free = _estimated(fits.status[rows[some]].astype(np.int64), held[some], 3)
        fits.covariance[rows[some]] = _covariance(fits, rows[some], levels[some], free)


def _empty(plates: int, model: Model, kind: str, theta: float, status: NDArray[np.int64]) -> Fits:
    """The record of plates without a curve."""
    missing = np.full(plates, np.nan)
    whole = np.zeros(plates, dtype=np.int64)
    return Fits(
        np.full((plates, 5), np.nan),
        missing.copy(),
        status.astype(np.int8),
        np.full((plates, 5, 5), np.nan),
        missing.copy(),
        whole,
        whole.copy(),
        missing.copy(),
        missing.copy(),
        model,
        kind,
        theta,
    )


def _named(at: Numbers, low: Numbers, rise: Numbers, levels: Levels) -> Numbers:
    """b, c, d, e and g: the mirror and the scale of the doses undone, c below d."""
    big, offset, g = steepness(at)
    side = np.where(levels.rising, 1.0, -1.0)
    e = np.exp(side * (at[0] + offset / big) * levels.span + levels.centre)
    b, c, d = -side * big / levels.span, low, low + rise
    turned = (rise < 0) & (len(at) == 2)
    return np.stack([np.where(turned, -b, b), np.where(turned, d, c), np.where(turned, c, d), e, g], axis=1)


def _verdict(at: Numbers, h: Numbers, levels: Levels, settled: NDArray[np.bool_]) -> NDArray[np.int64]:
    """What is known of the shape."""
    low, high = bounds(levels, len(at))
    at_bound = (at <= low) | (at >= high)
    on_the_way = ((h > BARELY) & (h < 1 - BARELY) & (levels.wells > 0)).sum(axis=0)
    status = np.where(settled, curves.CONVERGED, curves.NOT_SETTLED)
    if len(at) == 3:
        status = np.where(at_bound[2] | (on_the_way < 3), curves.ASYMMETRY_OPEN, status)
    status = np.where(at_bound[1] | (on_the_way < 2), curves.STEEPNESS_OPEN, status)
    return np.where(at_bound[0], curves.ASYMPTOTE_OPEN, status)


def _flat(levels: Levels, rss: Numbers, wells: NDArray[np.int64], free: int) -> NDArray[np.bool_]:
    """Whether the curve explains too little: by its share of the scatter, and by the F test against a constant."""
    w = levels.weight
    mean = (w * levels.mean).sum(axis=0) / w.sum(axis=0)
    scatter = (w * (levels.mean - mean) ** 2).sum(axis=0) + levels.within
    degrees = wells - free
    explained = scatter - rss
    nothing = scatter <= 1e-20 * (w * levels.mean**2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        f = (explained / max(free - 1, 1)) / (rss / np.maximum(degrees, 1))
        chance = (degrees > 0) & (fdtrc(max(free - 1, 1), np.maximum(degrees, 1), np.maximum(f, 0.0)) > FLAT_P)
    return np.asarray(nothing | (explained < FLAT_SHARE * scatter) | chance)


def _turns(levels: Levels) -> NDArray[np.bool_]:
    """Whether the mean responses fall back from their highest, in the direction of the curve."""
    there = levels.wells > 0
    up = np.where(levels.rising, levels.mean, -levels.mean)
    up = np.where(there, up, -np.inf)
    top = np.maximum.accumulate(up, axis=0)
    first = np.maximum.accumulate(np.where(up == top, np.arange(len(up))[:, None], 0), axis=0)
    fall = np.where(there, top - np.where(there, up, 0.0), 0.0)
    span = np.max(levels.mean, axis=0, where=there, initial=-np.inf) - np.min(
        levels.mean, axis=0, where=there, initial=np.inf
    )
    spare = (levels.wells - there).sum(axis=0)
    variance = np.where(spare > 0, levels.within / np.maximum(spare, 1), 0.0)
    weight = np.where(there, levels.weight, 1.0)
    error = np.sqrt(variance * (1 / weight + 1 / np.take_along_axis(weight, first, axis=0)))
    return np.asarray(((fall > TURN_SHARE * span) & (fall > TURN_ERRORS * error)).any(axis=0))


def _estimated(status: NDArray[np.int64], held: Asymptotes, shape: int) -> NDArray[np.bool_]:
    """(p, 5): which of b, c, d, e and g were estimated: neither held by the caller nor at a limit."""
    free = np.ones((len(status), 5), dtype=bool)
    free[:, 1], free[:, 2], free[:, 4] = held.low is None, held.high is None, shape == 3
    free[status == curves.ASYMMETRY_OPEN, 4] = False
    free[status == curves.ASYMPTOTE_OPEN, 3] = False
    free[status == curves.STEEPNESS_OPEN, 0] = False
    return free


def covariance(parameters: Numbers, dose: Numbers, weight: Numbers, sigma: Numbers, free: NDArray[np.bool_]) -> Numbers:
    """sigma^2 (J' W J)^-1 of the estimated parameters, (p, 5, 5); zero for the others, missing where it is singular.

    `dose` and `weight` are (p, n); J is the matrix of `curves.gradient`.
    """
    slopes = np.where(free[:, None, :], curves.gradient(parameters, dose), 0.0)
    slopes *= np.sqrt(weight)[:, :, None]
    length = np.sqrt(np.einsum("pni,pni->pi", slopes, slopes))
    length = np.where(free & (length > 0), length, 1.0)
    slopes /= length[:, None, :]
    normal = np.swapaxes(slopes, 1, 2) @ slopes
    normal[:, range(5), range(5)] += ~free
    root = 1 / length
    good = _regular(normal)
    inverse = np.full(normal.shape, np.nan)
    inverse[good] = np.linalg.inv(normal[good])
    with np.errstate(over="ignore"):
        inverse *= (root[:, :, None] * root[:, None, :]) * (sigma**2)[:, None, None]
    return np.where(free[:, :, None] & free[:, None, :], inverse, 0.0)


def _regular(normal: Numbers) -> NDArray[np.bool_]:
    """Whether matrices of ones on the diagonal have an inverse that double precision can find."""
    left = normal.copy()
    good = np.ones(len(left), dtype=bool)
    for i in range(left.shape[1]):
        pivot = left[:, i, i].copy()
        good &= pivot > 1e-13
        safe = np.where(good, pivot, 1.0)
        left -= left[:, :, i : i + 1] * left[:, i : i + 1, :] / safe[:, None, None]
    return good


def _joined(parts: list[Fits], model: Model, kind: str, theta: float) -> Fits:
    """The record of all plates."""
    arrays = (
        "parameters",
        "rss",
        "status",
        "covariance",
        "sigma",
        "degrees",
        "iterations",
        "lowest",
        "highest",
    )
    whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in arrays}
    return Fits(**whole, model=model, weights=kind, theta=theta)
