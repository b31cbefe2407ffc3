"""Bridging runs and lots: the same specimens measured with both, the mean ratio with its interval, and whether the two
agree. Also incurred sample reanalysis, which asks the same of two runs of one method.

    difference of a pair = (new - old) / ((new + old) / 2)
    mean ratio = exp(mean of log(new / old)), interval by Student's t on the logarithms
    Deming regression on the logarithms: the line that is as far from errors in both (Linnet, Clin Chem 1993;39:424),
    interval of the slope by the jackknife
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from trialwright.measures.assay.rules import Rules
from trialwright.measures.assay.verdicts import Verdict, at_least, percent

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bridge:
    """Two lots or runs compared on n specimens: the mean ratio new / old, the Deming line of log new on log old, the
    share of specimens that agree, each with its interval or limit, and the verdicts."""

    n: int
    ratio: float
    ratio_lower: float
    ratio_upper: float
    slope: float
    slope_lower: float
    slope_upper: float
    intercept: float
    agreeing: float
    verdicts: tuple[Verdict, ...]

    @property
    def met(self) -> bool:
        """Whether the two may be used side by side without a factor."""
        return all(verdict.met is not False for verdict in self.verdicts)


def bridge(old: ArrayLike, new: ArrayLike, rules: Rules, level: float = 0.95, error_ratio: float = 1.0) -> Bridge:
    """Compare the contents `old` and `new` (n,) of the same specimens in one unit, all above 0.

    `error_ratio` is the variance of log new over that of log old in the Deming line. Raises ValueError for shapes,
    fewer than three pairs, and values that are not above 0 (a value beyond a limit bridges nothing: leave it out).
    """
    x, y = _pairs(old, new)
    n = len(x)
    logs = np.log(y / x)
    reach = float(stdtrit(n - 1, (1 + level) / 2)) * float(logs.std(ddof=1)) / math.sqrt(n)
    ratio, lower, upper = (math.exp(float(logs.mean()) + shift) for shift in (0.0, -reach, reach))
    slope, intercept = deming(np.log(x), np.log(y), error_ratio)
    low, high = _jackknife(np.log(x), np.log(y), error_ratio, level)
    agreeing = agreement(x, y, rules["bridge_difference"])
    verdicts = _verdicts(n, lower, upper, agreeing, rules, level)
    return Bridge(n, ratio, lower, upper, slope, low, high, intercept, agreeing, verdicts)


def _pairs(old: ArrayLike, new: ArrayLike) -> tuple[Floats, Floats]:
    x, y = np.asarray(old, dtype=np.float64), np.asarray(new, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or len(x) < 3:
        raise ValueError("a bridge needs at least three specimens, each with a value of both lots")
    if not (np.isfinite(x) & np.isfinite(y) & (x > 0) & (y > 0)).all():
        raise ValueError("a bridge is of numbers above 0; leave out specimens with a value beyond a limit")
    return x, y


def _verdicts(
    n: int, lower: float, upper: float, agreeing: float, rules: Rules, level: float
) -> tuple[Verdict, Verdict, Verdict]:
    least, width, share = (rules.numbers[name] for name in ("bridge_samples", "bridge_ratio", "bridge_within"))
    low, high = 1 / (1 + width.value), 1 + width.value
    inside = at_least(lower, low) and at_least(-upper, -high)
    say = f"The {100 * level:g} % interval of the mean ratio is {lower:.3f} to {upper:.3f}; it must lie"
    count = f"{n} specimens were measured with both; at least {least.value:g} are asked."
    allowed = percent(rules["bridge_difference"])
    close = (
        f"{percent(agreeing)} of the specimens differ by at most {allowed}; at least {percent(share.value)} are asked."
    )
    return (
        Verdict("bridge samples", at_least(n, least.value), count, True, n, least.value, least.status),
        Verdict("mean ratio", inside, f"{say} within {low:.2f} to {high:.2f}.", True, upper, high, width.status),
        Verdict("agreement", at_least(agreeing, share.value), close, True, agreeing, share.value, share.status),
    )


def agreement(old: ArrayLike, new: ArrayLike, difference: float) -> float:
    """The share of pairs that differ by at most `difference` of their mean."""
    x, y = np.asarray(old, dtype=np.float64), np.asarray(new, dtype=np.float64)
    return float(np.mean(np.abs(y - x) <= difference * (x + y) / 2 * (1 + 1e-9)))


def deming(x: Floats, y: Floats, error_ratio: float = 1.0) -> tuple[float, float]:
    """Slope and intercept of the Deming line of y on x; `error_ratio` is the error variance of y over that of x.

    slope = (s_yy - r s_xx + sqrt((s_yy - r s_xx)^2 + 4 r s_xy^2)) / (2 s_xy)
    """
    xx, yy = float(x.var()), float(y.var())
    xy = float(((x - x.mean()) * (y - y.mean())).mean())
    if xy == 0:
        return math.nan, math.nan
    shift = yy - error_ratio * xx
    slope = (shift + math.sqrt(shift**2 + 4 * error_ratio * xy**2)) / (2 * xy)
    return slope, float(y.mean() - slope * x.mean())


def _jackknife(x: Floats, y: Floats, error_ratio: float, level: float) -> tuple[float, float]:
    """The interval of the slope from leaving out one pair at a time: pseudo-values and Student's t."""
    n = len(x)
    whole, _ = deming(x, y, error_ratio)
    kept = [np.arange(n) != index for index in range(n)]
    pseudo = np.array([n * whole - (n - 1) * deming(x[rows], y[rows], error_ratio)[0] for rows in kept])
    reach = float(stdtrit(n - 1, (1 + level) / 2)) * float(pseudo.std(ddof=1)) / math.sqrt(n)
    return float(pseudo.mean()) - reach, float(pseudo.mean()) + reach


def reanalysis(first: ArrayLike, second: ArrayLike, rules: Rules) -> Verdict:
    """Incurred sample reanalysis: the share of samples whose second value differs by at most `isr_difference` of the
    mean of both."""
    x, y = _pairs(first, second)
    share, asked = agreement(x, y, rules["isr_difference"]), rules.numbers["isr_within"]
    allowed = percent(rules["isr_difference"])
    say = f"{percent(share)} of {len(x)} samples measured again differ by at most {allowed};"
    say = f"{say} at least {percent(asked.value)} are asked."
    return Verdict("samples measured again", at_least(share, asked.value), say, True, share, asked.value, asked.status)
