"""Quantiles of values of which some are known only to lie beyond a limit: a number, or the limit that it lies beyond.

Where nothing that is censored overlaps what was seen (one limit on a side, say), the order of the values is known,
and a quantile is that of the ordered values (R's type 7), or `<limit` where it falls among what lies below. Where
values were seen on both sides of a limit, the distribution is the product-limit estimate turned round in time (Kaplan
and Meier 1958; Gillespie et al, Epidemiology 2010; 21 Suppl 4: S64-70), and a quantile the least value that reaches
it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.estimates import NotEstimable

Floats = NDArray[np.float64]
Signs = NDArray[np.int8]

Quantile = tuple[float, int]
"""A value and -1, 0 or 1: below it, at it, above it."""


def quantiles(values: Floats, signs: Signs, shares: Sequence[float]) -> tuple[Quantile, ...]:
    """The quantiles of values (n,) without a missing one, at the given shares. Raises `NotEstimable` for no value at
    all, or where limits on both sides overlap what was seen."""
    if values.size == 0:
        raise NotEstimable("There is no value to have a quantile.")
    seen, low, high = values[signs == 0], values[signs < 0], values[signs > 0]
    inner = seen if seen.size else np.concatenate([low, high])
    if (low.size == 0 or low.max() <= inner.min()) and (high.size == 0 or inner.max() <= high.min()):
        return tuple(_ordered(np.sort(low), np.sort(seen), np.sort(high), share) for share in shares)
    if high.size == 0:
        return tuple(_limited(values, signs, share) for share in shares)
    if low.size == 0:
        turned = (_limited(-values, -signs, 1.0 - share, beyond=True) for share in shares)
        return tuple((-value, -sign) for value, sign in turned)
    raise NotEstimable("Limits on both sides lie among the values seen, so their order is not known.")


def _ordered(low: Floats, seen: Floats, high: Floats, share: float) -> Quantile:
    """The quantile by linear interpolation between two neighbours, or the limit that it lies beyond."""
    line = np.concatenate([low, seen, high])
    place = share * (line.size - 1)
    before, after = int(np.floor(place)), int(np.ceil(place))
    if before < low.size:
        # Between a value below its limit and one that was seen: below the latter.
        edge = after if place > before and after >= low.size else None
        return float(low[-1] if edge is None else line[edge]), -1
    if after >= low.size + seen.size:
        edge = before if place > before and before < low.size + seen.size else None
        return float(high[0] if edge is None else line[edge]), 1
    return float(line[before] + (place - before) * (line[after] - line[before])), 0


def _limited(values: Floats, signs: Signs, share: float, beyond: bool = False) -> Quantile:
    """The least seen value at which the product-limit estimate of the distribution reaches `share` (`beyond`: passes
    it); where it already does below all that was seen, the least that was seen."""
    seen = np.unique(values[signs == 0])
    chance, reached = 1.0, np.empty(seen.size)
    for place in range(seen.size - 1, -1, -1):
        # What lies below a limit at or above the value is at risk there, as is every value up to it.
        at_risk = (values <= seen[place]).sum()
        reached[place] = chance
        chance *= 1.0 - ((values == seen[place]) & (signs == 0)).sum() / at_risk
    if chance > share or (chance == share and not beyond and chance > 0.0):
        limits = values[signs < 0]
        return float(limits.max() if limits.size and limits.max() <= seen[0] else seen[0]), -1
    enough = reached > share if beyond else reached >= share
    return float(seen[int(np.argmax(enough))] if enough.any() else seen[-1]), 0


def written(quantile: Quantile, digits: int) -> str:
    """A quantile as a person writes it: `12.3`, `<1.2`, `>500`."""
    value, sign = quantile
    return {-1: "<", 0: "", 1: ">"}[sign] + f"{value:.{digits}f}"
