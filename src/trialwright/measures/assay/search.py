"""The search for the best shape: a grid of shapes, then Levenberg and Marquardt from its lowest points, all at once.

Every plate has its own damping and stops by itself; the plates that still move are kept together in memory. Plates of
the same design share the grid's shapes, so that trying hundreds of them is two products of matrices.
"""

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trialwright.measures.assay.curves import Numbers
from trialwright.measures.assay.levels import Levels
from trialwright.measures.assay.projected import Asymptotes, Look, Point, bounds, look, look_closely, shapes

TAUS: Final = np.array([-0.8, -0.45, -0.3, -0.15, 0.0, 0.15, 0.3, 0.45, 0.8])
LAMBDAS: Final = np.log([0.4, 0.8, 1.5, 3.0, 7.0, 20.0])
GAMMAS: Final = np.array([-3.0, -1.2, 0.0, 1.2, 4.0])
NEAR: Final = (TAUS, LAMBDAS, GAMMAS)
WIDE: Final = (
    np.array([-3.2, -1.6, -0.8, -0.45, -0.3, -0.15, 0.0, 0.15, 0.3, 0.45, 0.8, 1.6, 3.2]),
    np.log([0.1, 0.4, 0.8, 1.5, 3.0, 7.0, 20.0, 60.0]),
    np.array([-6.0, -4.5, -3.0, -1.2, 0.0, 1.2, 4.0, 7.0, 13.0]),
)
"""Grids of shapes: the usual one, and one for plates whose curve lies far out, which begins and ends at the bounds of
gamma: from inside them it takes hundreds of steps there."""
QUICK: Final = 20
SLOW: Final = 60
LAST: Final = 40
"""Steps: of a block together, of the slow ones of all blocks, and of the last ones with second derivatives."""
BLOCK: Final = 2048
"""Problems at a time."""
SHORT: Final = 1e-10
HOPELESS: Final = 1e12
"""A step, and a damping, at which nothing moves."""
ENOUGH: Final = 1e-12
"""A predicted fall of the objective, as part of it, that is not worth a step: a millionth of a standard error."""
NOTHING: Final = 1e-12
"""Curvature along a parameter, as part of the whole, that may be rounding: without a floor under it a direction in
which nothing changes takes the longest of all steps, which fails until the damping holds everything fast."""
ROUNDING: Final = 1e-28
"""A sum of squares, as part of the total, that is rounding alone."""


def starts(
    levels: Levels, held: Asymptotes, parameters: int, most: int, grid: tuple[Numbers, ...] = NEAR
) -> tuple[Numbers, NDArray[np.int64]]:
    """The lowest points of the grid: (parameters, n) starts and the plate (n,) that each is for.

    A point is a start if no neighbour along an axis lies lower, and it is among the `most` lowest of its plate.
    """
    axes = grid[:parameters]
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
    _, which = np.unique(np.vstack([levels.place, zero]), axis=1, return_inverse=True)
    objective = np.empty((len(zero), points.shape[1]))
    order = np.argsort(which.ravel(), kind="stable")
    for plates in np.split(order, np.cumsum(np.bincount(which.ravel()))[:-1]):
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


@dataclass(frozen=True)
class Walk:
    """How far n problems have come, (n,) each."""

    at: Numbers
    """(parameters, n)."""
    rss: Numbers
    damping: Numbers
    steps: NDArray[np.int64]
    settled: NDArray[np.bool_]

    def __getitem__(self, some: Any) -> "Walk":
        return Walk(*(getattr(self, f.name)[..., some] for f in fields(self)))


def settle(at: Numbers, levels: Levels, held: Asymptotes, before: Walk | None = None) -> Walk:
    """Walk downhill from `at` (parameters, n), or on from where a walk was, until nothing moves any more.

    First block by block, so that what a step needs stays in the processor's cache; then the slow ones of all blocks;
    then the slowest with second derivatives: where the residuals bend the valley, the matrix of Gauss and Newton
    overshoots, and damping it leaves hundreds of short steps to and fro.
    """
    end = walk(at, levels, held, QUICK, None if before is None else before.damping)
    _walk_on(end, levels, held, SLOW, look)
    _walk_on(end, levels, held, LAST, look_closely)
    return end


def _walk_on(end: Walk, levels: Levels, held: Asymptotes, most: int, look: Look) -> None:
    """Let those walk on that have not settled."""
    slow = np.flatnonzero(~end.settled)
    if len(slow):
        more = walk(end.at[:, slow], levels[slow], held[slow], most, end.damping[slow], look)
        for name in ("at", "rss", "damping", "settled"):
            getattr(end, name)[..., slow] = getattr(more, name)
        end.steps[slow] += more.steps


def walk(
    at: Numbers, levels: Levels, held: Asymptotes, most: int, damping: Numbers | None = None, look: Look = look
) -> Walk:
    """At most so many steps of Levenberg and Marquardt for each problem, in blocks."""
    n = at.shape[1]
    ease = np.full(n, 1e-3) if damping is None else damping
    blocks = [slice(first, first + BLOCK) for first in range(0, n, BLOCK)]
    parts = [_walk(at[:, b], levels[b], held[b], most, ease[b], look) for b in blocks]
    return Walk(*(np.concatenate([getattr(part, f.name) for part in parts], axis=-1) for f in fields(Walk)))


def _walk(at: Numbers, levels: Levels, held: Asymptotes, most: int, damping: Numbers, look: Look) -> Walk:
    """The steps of one block."""
    low, high = bounds(levels, len(at))
    here = look(np.clip(at, low, high), levels, held)
    floor = np.maximum(ENOUGH * levels.within, ROUNDING * (levels.weight * levels.mean**2).sum(axis=0))
    n = len(floor)
    end = Walk(here.at.copy(), here.rss.copy(), damping.copy(), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool))
    active = np.arange(n)
    for _ in range(most):
        step, promised = _step(here, damping, low, high)
        there = look(here.at + step, levels, held)
        better = there.rss <= here.rss
        done = (promised <= floor + ENOUGH * here.rss) | (np.abs(step).max(axis=0) < SHORT)
        done |= ~better & (damping > HOPELESS)
        here = _kept(here, there, better)
        damping = np.maximum(np.where(better, damping * 0.1, damping * 8.0), 1e-14)
        end.steps[active] += 1
        if done.any():
            over = active[done]
            end.at[:, over], end.rss[over], end.settled[over] = here.at[:, done], here.rss[done], True
            left = np.flatnonzero(~done)
            active, levels, held, damping, floor = active[left], levels[left], held[left], damping[left], floor[left]
            low, high = low[:, left], high[:, left]
            here = Point(here.at[:, left], here.rss[left], here.normal[:, :, left], here.down[:, left])
            if not len(left):
                break
    end.at[:, active], end.rss[active], end.damping[active] = here.at, here.rss, damping
    return end


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
    np.clip(step, -1.0, 1.0, out=step)
    return np.clip(here.at + step, low, high) - here.at, promised


def _solved(normal: Numbers, down: Numbers, damping: Numbers | float) -> Numbers:
    """The solution x of (normal + damping diag normal) x = down, by Cholesky, for two or three unknowns."""
    least = NOTHING * sum(normal[i, i] for i in range(len(down))) + np.finfo(float).tiny
    more = 1.0 + damping
    n00 = normal[0, 0] * more + least
    l10 = normal[1, 0] / n00
    n11 = np.maximum(normal[1, 1] * more - l10 * normal[1, 0], least)
    y1 = down[1] - l10 * down[0]
    if len(down) == 2:
        x1 = y1 / n11
        return np.stack([down[0] / n00 - l10 * x1, x1])
    l20, m21 = normal[2, 0] / n00, normal[2, 1] - l10 * normal[2, 0]
    l21 = m21 / n11
    n22 = np.maximum(normal[2, 2] * more - l20 * normal[2, 0] - l21 * m21, least)
    x2 = (down[2] - l20 * down[0] - l21 * y1) / n22
    x1 = y1 / n11 - l21 * x2
    return np.stack([down[0] / n00 - l10 * x1 - l20 * x2, x1, x2])
