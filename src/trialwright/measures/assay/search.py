"""The search for the best shape: a grid of shapes, then Levenberg and Marquardt from its lowest points, all at once.

Every plate has its own damping and stops by itself; the plates that still move are kept together in memory. Plates of
the same design share the grid's shapes, so that trying hundreds of them is two products of matrices.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from trialwright.measures.assay.curves import Numbers
from trialwright.measures.assay.levels import Levels
from trialwright.measures.assay.projected import Asymptotes, Point, bounds, look, shapes

TAUS: Final = np.array([-0.8, -0.45, -0.3, -0.15, 0.0, 0.15, 0.3, 0.45, 0.8])
LAMBDAS: Final = np.log([0.4, 0.8, 1.5, 3.0, 7.0, 20.0])
GAMMAS: Final = np.array([-3.0, -1.2, 0.0, 1.2, 4.0])
MOST: Final = 200
"""Iterations."""
ENOUGH: Final = 1e-12
"""A predicted fall of the objective, as part of it, that is not worth a step: a millionth of a standard error."""
ROUNDING: Final = 1e-28
"""A sum of squares, as part of the total, that is rounding alone."""


def starts(levels: Levels, held: Asymptotes, parameters: int, most: int) -> tuple[Numbers, NDArray[np.int64]]:
    """The lowest points of the grid: (parameters, n) starts and the plate (n,) that each is for.

    A point is a start if no neighbour along an axis lies lower, and it is among the `most` lowest of its plate.
    """
    axes = (TAUS, LAMBDAS, GAMMAS)[:parameters]
    sizes = tuple(len(axis) for axis in axes)
    points = np.stack([each.ravel() for each in np.meshgrid(*axes, indexing="ij")])
    objective = on_grid(points, levels, held)
    cube = objective.reshape(-1, *sizes)
    lowest = np.ones(cube.shape, dtype=bool)
    for axis in range(1, cube.ndim):
        before = tuple(slice(None, -1) if a == axis else slice(None) for a in range(cube.ndim))
        after = tuple(slice(1, None) if a == axis else slice(None) for a in range(cube.ndim))
        lowest[before] &= cube[before] <= cube[after]
        lowest[after] &= cube[after] < cube[before]
    candidates = np.where(lowest.reshape(objective.shape), objective, np.inf)
    candidates[np.arange(len(objective)), objective.argmin(axis=1)] = -1.0
    best = np.argpartition(candidates, most, axis=1)[:, :most]
    plate, rank = np.nonzero(np.isfinite(np.take_along_axis(candidates, best, axis=1)))
    return points[:, best[plate, rank]], plate


def on_grid(points: Numbers, levels: Levels, held: Asymptotes) -> Numbers:
    """The sum of squares between levels of every plate at every point: (p, points)."""
    zero = np.where(levels.zero, np.where(levels.rising, 1.0, 2.0), 0.0)
    designs, which = np.unique(np.vstack([levels.place, zero]), axis=1, return_inverse=True)
    objective = np.empty((len(zero), points.shape[1]))
    for design in range(designs.shape[1]):
        plates = np.flatnonzero(which.ravel() == design)
        objective[plates] = _of_design(points, levels[plates], held[plates])
    return objective


def _of_design(points: Numbers, levels: Levels, held: Asymptotes) -> Numbers:
    """The same for plates that share their doses: the shapes are worked out once."""
    first = levels[[0] * points.shape[1]]
    h, _ = shapes(points, first)
    w, y = levels.weight.T, levels.mean.T
    total = w.sum(axis=1, keepdims=True)
    about = (w * y).sum(axis=1, keepdims=True) / total
    if held.low is not None and held.high is not None:
        low, rise = held.low[:, None], (held.high - held.low)[:, None]
        wy = w * (y - low)
        return np.asarray((wy * (y - low)).sum(1, keepdims=True) - 2 * rise * (wy @ h) + rise**2 * (w @ (h * h)))
    if held.low is not None:
        y = y - held.low[:, None]
        cross, square = (w * y) @ h, w @ (h * h)
    elif held.high is not None:
        y = held.high[:, None] - y
        cross, square = (w * y) @ (1 - h), w @ ((1 - h) ** 2)
    else:
        y = y - about
        cross, square = (w * y) @ h, w @ (h * h) - (w @ h) ** 2 / total
    scatter = (w * y * y).sum(axis=1, keepdims=True)
    return np.asarray(scatter - cross**2 / np.maximum(square, 1e-12 * total))


def settle(
    at: Numbers, levels: Levels, held: Asymptotes
) -> tuple[Numbers, Numbers, NDArray[np.int64], NDArray[np.bool_]]:
    """Walk downhill from `at` (parameters, n): where it ends, its sum of squares, the steps, and whether it settled."""
    low, high = bounds(levels, len(at))
    here = look(np.clip(at, low, high), levels, held)
    scatter = np.einsum("kp,kp,kp->p", levels.weight, levels.mean, levels.mean)
    damping = np.full(len(scatter), 1e-3)
    ends, rss = here.at.copy(), here.rss.copy()
    steps, settled = np.zeros(len(rss), dtype=np.int64), np.zeros(len(rss), dtype=bool)
    active = np.arange(len(rss))
    for _ in range(MOST):
        step, promised = _step(here, damping, low, high)
        there = look(here.at + step, levels, held)
        better = there.rss <= here.rss
        floor = np.maximum(ENOUGH * (here.rss + levels.within), ROUNDING * scatter)
        small = (promised <= floor) | (np.abs(step).max(axis=0) < 1e-10)
        stuck = ~better & (damping > 1e12)
        here = _kept(here, there, better)
        damping = np.where(better, damping * 0.1, damping * 8.0)
        np.maximum(damping, 1e-14, out=damping)
        steps[active] += 1
        done = small | stuck
        if done.any():
            over = active[done]
            ends[:, over], rss[over], settled[over] = here.at[:, done], here.rss[done], True
            left = np.flatnonzero(~done)
            if not len(left):
                return ends, rss, steps, settled
            active, levels, held, damping, scatter = (
                active[left],
                levels[left],
                held[left],
                damping[left],
                scatter[left],
            )
            low, high = low[:, left], high[:, left]
            here = Point(here.at[:, left], here.rss[left], here.normal[:, :, left], here.down[:, left])
    ends[:, active], rss[active] = here.at, here.rss
    return ends, rss, steps, settled


def _kept(here: Point, there: Point, better: NDArray[np.bool_]) -> Point:
    """The new point where it is better, the old one elsewhere."""
    if better.all():
        return there
    return Point(
        *(np.where(better, new, old) for new, old in zip(vars(there).values(), vars(here).values(), strict=True))
    )


def _step(here: Point, damping: Numbers, low: Numbers, high: Numbers) -> tuple[Numbers, Numbers]:
    """The damped step, kept within the bounds, and the fall of the objective that the undamped model promises."""
    down, normal = here.down.copy(), here.normal.copy()
    stopped = ((here.at <= low) & (down < 0)) | ((here.at >= high) & (down > 0))
    n = len(down)
    for i in range(n):
        normal[i, :, stopped[i]] = 0.0
        normal[:, i, stopped[i]] = 0.0
        normal[i, i, stopped[i]] = 1.0
    down[stopped] = 0.0
    promised = np.einsum("ip,ip->p", down, _solved(normal, down, 1e-12))
    step = _solved(normal, down, damping)
    np.clip(step, -2.0, 2.0, out=step)
    return np.clip(here.at + step, low, high) - here.at, promised


def _solved(normal: Numbers, down: Numbers, damping: Numbers | float) -> Numbers:
    """The solution x of (normal + damping diag normal) x = down, by Cholesky, for two or three unknowns."""
    tiny = np.finfo(float).tiny
    more = 1.0 + damping
    n00 = normal[0, 0] * more + tiny
    l10 = normal[1, 0] / n00
    n11 = np.maximum(normal[1, 1] * more - l10 * normal[1, 0], normal[1, 1] * 1e-14 + tiny)
    y1 = down[1] - l10 * down[0]
    if len(down) == 2:
        x1 = y1 / n11
        return np.stack([down[0] / n00 - l10 * x1, x1])
    l20, m21 = normal[2, 0] / n00, normal[2, 1] - l10 * normal[2, 0]
    l21 = m21 / n11
    n22 = np.maximum(normal[2, 2] * more - l20 * normal[2, 0] - l21 * m21, normal[2, 2] * 1e-14 + tiny)
    x2 = (down[2] - l20 * down[0] - l21 * y1) / n22
    x1 = y1 / n11 - l21 * x2
    return np.stack([down[0] / n00 - l10 * x1 - l20 * x2, x1, x2])
