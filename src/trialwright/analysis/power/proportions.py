"""Two shares: exact power of Fisher's, Boschloo's and the chi-squared test, and two approximations.

Exact (`fisher`, `boschloo`, `score`): every table is enumerated (see `tables`). The power of an exact test is not
monotone in n: `sample_size` gives the smallest n that reaches it, and `Found.dips` the larger ones within a tenth that
fall below it again.

Approximate, for large trials: `approximate` with the pooled variance under no difference and the unpooled one under it
(Fleiss, Levin and Paik 2003, section 4.3; rpact's getSampleSizeRates),

    n2 = (z_a sqrt((1 + 1/r) p (1 - p)) + z_b sqrt(p1 (1 - p1) / r + p2 (1 - p2)))^2 / (p1 - p2)^2,
    p = (r p1 + p2) / (1 + r)

and `arcsine`, Cohen's h = 2 asin(sqrt(p1)) - 2 asin(sqrt(p2)) with variance 1/n1 + 1/n2 (R's pwr.2p.test).
"""

from dataclasses import dataclass
from math import asin, ceil, sqrt

from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from trialwright.analysis.power import tables
from trialwright.analysis.power.asking import BadQuestion, Size, refuse, split

METHODS = ("fisher", "boschloo", "score", "approximate", "arcsine")


@dataclass(frozen=True, slots=True)
class Found:
    """An exact size: the participants, the power they give, the test's true size at most, and larger sizes that give
    less power than asked."""

    size: Size
    power: float
    error: float
    dips: tuple[int, ...]


def power(
    n: float, first: float, second: float, *, alpha: float = 0.05, sided: int = 2, ratio: float = 1.0,
    method: str = "fisher",
) -> float:  # fmt: skip
    """The chance of significance with true shares `first` (treatment) and `second` (reference) and `n` in all.

    An exact method needs whole participants: the arms of `n` are rounded to the nearest.
    """
    refuse(alpha, sided, ratio, n=n)
    _refuse(first, second, method)
    if method in tables.TESTS:
        one, two = (max(1, round(arm)) for arm in split(n, ratio))
        # One-sided tests look for more responders; fewer are the same question of the others.
        if sided == 1 and first < second:
            first, second = 1 - first, 1 - second
        return tables.chance(tables.TESTS[method](one, two, alpha, sided), first, second)
    return float(ndtr(_shift(n, first, second, alpha / sided, ratio, method)))


def error(n: float, *, alpha: float = 0.05, sided: int = 2, ratio: float = 1.0, method: str = "fisher") -> float:
    """The true size of an exact test: its largest chance of significance when the shares are equal, to 1e-10 above."""
    one, two = (max(1, round(arm)) for arm in split(n, ratio))
    if method not in tables.TESTS:
        raise BadQuestion(f"The size of {method} is not counted; take one of {', '.join(METHODS[:3])}.")
    return tables.size(tables.TESTS[method](one, two, alpha, sided))[1]


def sample_size(
    power: float, first: float, second: float, *, alpha: float = 0.05, sided: int = 2, ratio: float = 1.0,
    method: str = "approximate",
) -> float:  # fmt: skip
    """How many in all, fractional for the approximations, whole for the exact methods."""
    refuse(alpha, sided, ratio, power)
    _refuse(first, second, method)
    if method in tables.TESTS:
        return float(found(power, first, second, alpha=alpha, sided=sided, ratio=ratio, method=method).size.total)
    if first == second:
        raise BadQuestion("No number of participants shows a difference of 0.")
    z_a, z_b = -float(ndtri(alpha / sided)), float(ndtri(power))
    if method == "arcsine":
        return ((z_a + z_b) / _arcs(first, second)) ** 2 * (1 + ratio) * (1 + 1 / ratio)
    null, other = _spread(first, second, ratio)
    return (1 + ratio) * ((z_a * null + z_b * other) / (first - second)) ** 2


def found(
    power: float, first: float, second: float, *, alpha: float = 0.05, sided: int = 2, ratio: float = 1.0,
    method: str = "fisher",
) -> Found:  # fmt: skip
    """The smallest trial in which the exact test has that power; the reference arm grows one by one."""
    start = sample_size(power, first, second, alpha=alpha, sided=sided, ratio=ratio, method="approximate")
    reference = max(2, int(0.6 * start / (1 + ratio)))

    def at(two: int) -> tuple[Size, float]:
        size = Size(max(1, round(two * ratio)), two)
        mask = tables.TESTS[method](size.treatment, size.reference, alpha, sided)
        pair = (1 - first, 1 - second) if sided == 1 and first < second else (first, second)
        return size, tables.chance(mask, *pair)

    while reference > 2 and at(reference)[1] >= power:  # start below
        reference = max(2, reference // 2)
    size, reached = at(reference)
    while reached < power:
        reference += 1
        size, reached = at(reference)
    dips = [at(more)[0].total for more in range(reference + 1, ceil(1.1 * reference) + 1) if at(more)[1] < power]
    mask = tables.TESTS[method](size.treatment, size.reference, alpha, sided)
    return Found(size, reached, tables.size(mask)[1], tuple(dips))


def detectable(
    n: float, power: float, second: float, *, alpha: float = 0.05, sided: int = 2, ratio: float = 1.0,
    method: str = "fisher", more: bool = True,
) -> float:  # fmt: skip
    """The treatment's share nearest to the reference's `second` that `n` in all show with that power; above it, or
    below it with `more=False`."""
    refuse(alpha, sided, ratio, power, n)
    _refuse(second, second, method)
    edge = 1.0 if more else 0.0
    calls = {"alpha": alpha, "sided": sided, "ratio": ratio}

    def lacking(share: float) -> float:
        return _given(n, share, second, calls, method) - power

    if lacking(edge) < 0:
        raise BadQuestion(
            f"Not even a share of {edge:g} beside {second:g} is shown by {n:g} participants with a power of {power:g}."
        )
    return float(brentq(lacking, second, edge, xtol=1e-12))


def _given(n: float, first: float, second: float, calls: dict[str, float], method: str) -> float:
    return power(n, first, second, alpha=calls["alpha"], sided=int(calls["sided"]), ratio=calls["ratio"], method=method)


def _shift(n: float, first: float, second: float, tail: float, ratio: float, method: str) -> float:
    z_a = -float(ndtri(tail))
    if method == "arcsine":
        one, two = split(n, ratio)
        return abs(_arcs(first, second)) / sqrt(1 / one + 1 / two) - z_a
    null, other = _spread(first, second, ratio)
    apart = abs(first - second) * sqrt(n / (1 + ratio))
    return (apart - z_a * null) / other if other > 0 else float("inf")


def _spread(first: float, second: float, ratio: float) -> tuple[float, float]:
    """Standard deviations of one reference participant's difference: without a difference, and with this one."""
    pooled = (ratio * first + second) / (1 + ratio)
    null = sqrt((1 + 1 / ratio) * pooled * (1 - pooled))
    return null, sqrt(first * (1 - first) / ratio + second * (1 - second))


def _arcs(first: float, second: float) -> float:
    return 2 * asin(sqrt(first)) - 2 * asin(sqrt(second))


def _refuse(first: float, second: float, method: str) -> None:
    wrong = []
    if not (0 <= first <= 1 and 0 <= second <= 1):
        wrong.append(f"Shares lie between 0 and 1, such as 0.4 for 40 %; given are {first:g} and {second:g}.")
    if method not in (*METHODS, "chi-squared"):
        wrong.append(f"There is no method '{method}'; there are {', '.join(METHODS)}.")
    if wrong:
        raise BadQuestion(" ".join(wrong))
