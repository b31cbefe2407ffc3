"""One plate, said plainly: the specification that `fitting.fit` must agree with. Slow, and used by tests alone.

It minimises over all the parameters with SciPy's trust region method from a few dozen starts, and shares nothing with
the batched code but the formula's letters.
"""

from itertools import product

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

from trialwright.measures.assay.curves import Model, Numbers


def response(parameters: ArrayLike, dose: ArrayLike) -> Numbers:
    """c + (d - c) / (1 + (x / e)^b)^g."""
    b, c, d, e, g = np.asarray(parameters, dtype=np.float64)
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(c + (d - c) / (1 + (np.asarray(dose, dtype=np.float64) / e) ** b) ** g)


def fit_one(
    dose: ArrayLike,
    observed: ArrayLike,
    model: Model = "4pl",
    weights: str = "none",
    theta: float | None = None,
    lower: float | None = None,
    upper: float | None = None,
) -> tuple[Numbers, float]:
    """b, c, d, e, g and the weighted residual sum of squares of one plate (w,), as `fitting.fit` defines them."""
    x, y = (np.asarray(each, dtype=np.float64) for each in (dose, observed))
    x, y = x[there := np.isfinite(x) & np.isfinite(y)], y[there]
    if weights != "power":
        return _least(x, y, y**-2.0 if weights == "1/y2" else np.ones_like(y), model, lower, upper)
    assert theta is not None
    best, _ = _least(x, y, np.ones_like(y), model, lower, upper)
    for _ in range(100):
        fitted = response(best, x)
        best, rss = _least(x, y, fitted ** (-2 * theta), model, lower, upper, best)
        if np.max(np.abs(response(best, x) - fitted)) < 1e-10 * np.max(np.abs(fitted)):
            break
    return best, rss


def _least(
    x: Numbers,
    y: Numbers,
    w: Numbers,
    model: Model,
    lower: float | None,
    upper: float | None,
    near: Numbers | None = None,
) -> tuple[Numbers, float]:
    """The best of all starts, or from the curve `near` alone."""
    side = -1.0 if np.corrcoef(np.argsort(np.argsort(x)), y)[0, 1] > 0 else 1.0
    logs, low, high = np.log(x[x > 0]), float(y.min()), float(y.max())

    def parameters(free: Numbers) -> Numbers:
        log_b, c, d, log_e, log_g = free
        known = np.array([side * np.exp(log_b), c, d, np.exp(log_e), np.exp(log_g) if model == "5pl" else 1.0])
        known[1], known[2] = known[1] if lower is None else lower, known[2] if upper is None else upper
        return known

    def residuals(free: Numbers) -> Numbers:
        return np.asarray(np.sqrt(w) * (y - response(parameters(free), x)))

    width = high - low
    limits = [(-5, 5), (low - 9 * width, high), (low, high + 9 * width), (logs.min() - 12, logs.max() + 12), (-6, 6)]
    middle = np.quantile(logs, (0.25, 0.5, 0.75))
    asymmetries = (-1.5, 0.0, 1.5) if model == "5pl" else (0.0,)
    least, found = np.inf, np.zeros(5)
    starts = [
        np.array([log_b, low - 0.01 * width, high + 0.01 * width, log_e, log_g])
        for log_b, log_e, log_g in product((-0.7, 0.0, 0.7), middle, asymmetries)
    ]
    if near is not None:
        starts = [np.array([np.log(abs(near[0])), near[1], near[2], np.log(near[3]), np.log(near[4])])]
    for start in starts:
        ended = least_squares(
            residuals, start, bounds=tuple(zip(*limits, strict=True)), x_scale="jac", xtol=1e-14, ftol=1e-14, gtol=1e-14
        )
        if 2 * ended.cost < least:
            least, found = 2 * ended.cost, parameters(ended.x)
    return found, float(least)
