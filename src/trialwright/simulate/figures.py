"""Figures over many trials, each with its Monte Carlo error."""

import math
from collections.abc import Sequence

from trialwright.analysis.proportions import clopper_pearson


def mean_of(values: Sequence[float]) -> dict[str, float | None]:
    """Mean and Monte Carlo error (standard error over the trials); None where there are too few."""
    n = len(values)
    if not n:
        return {"mean": None, "error": None}
    mean = math.fsum(values) / n
    if n < 2:
        return {"mean": round(mean, 4), "error": None}
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    return {"mean": round(mean, 4), "error": round(math.sqrt(variance / n), 4)}


def share_of(count: int, n: int) -> dict[str, float | None]:
    """A share in per cent with its Monte Carlo error. Where nothing (or everything) was counted the binomial error
    would be 0; `upper` is the exact 95 % limit that is true even then (for no event 1 - 0.05^(1/n))."""
    if n == 0:
        return {"mean": None, "error": None, "upper": None}
    share = count / n
    exact = clopper_pearson(count, n)
    return {
        "mean": round(100 * share, 4),
        "error": round(100 * math.sqrt(share * (1 - share) / n), 4),
        "upper": round(100 * exact.upper, 4),
    }
