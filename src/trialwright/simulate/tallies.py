"""What is kept of simulated trials: counts and exact sums, so that the way in which they were chunked changes no bit.

A tally is a mapping from names to whole numbers. Counts are whole numbers anyway. A sum of floating-point numbers is
kept in whole units of 2^-1200, of which every double below 2^800 is a multiple: nothing is rounded, so adding tallies
is associative and commutative to the last bit, whatever the chunks, the workers and the order in which they come back.
Means and standard deviations are worked out from the merged sums in fractions and rounded once.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from trialwright.analysis.proportions import wilson

Tally = dict[str, int]

UNIT = 1200
"""Sums are kept in units of 2^-UNIT."""
HALF = 27
"""A mantissa of 53 bits is added up in two halves, so that double sums of 2^26 of them stay exact."""
MOST = 1 << 26


def exact_sum(values: ArrayLike) -> int:
    """The sum of finite doubles (any shape) in units of 2^-1200, without rounding.

    Raises ValueError for a number that is not finite: it would hide in a mean.
    """
    flat = np.asarray(values, dtype=np.float64).ravel()
    if flat.size > MOST:
        return sum(exact_sum(flat[start : start + MOST]) for start in range(0, flat.size, MOST))
    if not np.isfinite(flat).all():
        raise ValueError("a tally takes finite numbers only; count apart what could not be computed")
    if not flat.size:
        return 0
    fraction, exponent = np.frexp(flat)
    whole = np.ldexp(fraction, 53).astype(np.int64)
    least = int(exponent.min())
    place = exponent - least
    high = np.bincount(place, weights=(whole >> HALF).astype(np.float64))
    low = np.bincount(place, weights=(whole & ((1 << HALF) - 1)).astype(np.float64))
    total = sum(((int(h) << HALF) + int(r)) << step for step, (h, r) in enumerate(zip(high, low, strict=True)))
    return total << (least - 53 + UNIT)  # the least exponent of a double is -1073


def tallied(**parts: ArrayLike) -> Tally:
    """The tally of several quantities over the same trials: of each its sum and the sum of its squares."""
    made: Tally = {}
    for name, values in parts.items():
        floats = np.asarray(values, dtype=np.float64)
        made[f"{name} sum"] = exact_sum(floats)
        made[f"{name} squares"] = exact_sum(floats * floats)
    return made


def merged(tallies: Iterable[Mapping[str, int]]) -> Tally:
    """The tally of all trials together. The order does not matter."""
    total: Tally = {}
    for tally in tallies:
        for name, number in tally.items():
            total[name] = total.get(name, 0) + number
    return total


def under(prefix: str, tally: Mapping[str, int]) -> Tally:
    """The same tally with its names in a drawer."""
    return {f"{prefix}|{name}": number for name, number in tally.items()}


def drawer(prefix: str, tally: Mapping[str, int]) -> Tally:
    """What lies in a drawer, by the names that it had before."""
    start = f"{prefix}|"
    return {name[len(start) :]: number for name, number in tally.items() if name.startswith(start)}


# ------------------------------------------------------------------ figures with their Monte Carlo error


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a simulation with its Monte Carlo error (standard error over the trials); None: not known."""

    value: float | None
    error: float | None


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the trials: `error` is sqrt(p(1 - p)/T); `lower` and `upper` are Wilson's 95 % limits, which say how
    much is known where the share is 0 or 1 and the error would be nought."""

    count: int
    of: int
    value: float | None
    error: float | None
    lower: float | None
    upper: float | None


NOTHING = Figure(None, None)


def share(count: int, of: int) -> Share:
    """`count` of `of` trials."""
    if not of:
        return Share(count, 0, None, None, None, None)
    value = count / of
    limits = wilson(count, of)
    return Share(count, of, value, math.sqrt(value * (1 - value) / of), limits.lower, limits.upper)


def mean(tally: Mapping[str, int], name: str, of: int) -> Figure:
    """The mean over `of` trials of a quantity of `tallied`, and its error SD / sqrt(T)."""
    if not of or f"{name} sum" not in tally:
        return NOTHING
    total = Fraction(tally[f"{name} sum"], 1 << UNIT)
    variance = _variance(tally, name, of)
    return Figure(float(total / of), None if variance is None else math.sqrt(variance / of))


def deviation(tally: Mapping[str, int], name: str, of: int) -> Figure:
    """The standard deviation over the trials, and its error by the fourth moment of a normal: SD / sqrt(2(T - 1))."""
    variance = _variance(tally, name, of) if of else None
    if variance is None:
        return NOTHING
    value = math.sqrt(variance)
    return Figure(value, value / math.sqrt(2 * (of - 1)))


def _variance(tally: Mapping[str, int], name: str, of: int) -> float | None:
    if of < 2:
        return None
    total, squares = (Fraction(tally[f"{name} {part}"], 1 << UNIT) for part in ("sum", "squares"))
    # Each square was rounded once, so a quantity that never varies can come out below nought by that rounding.
    return max(0.0, float((squares - total * total / of) / (of - 1)))


def paired_share(only_first: int, only_second: int, of: int) -> Figure:
    """The difference of two shares of the same trials (first minus second): its error knows that they are paired.

    Var = ((b + c) - (b - c)^2 / T) / T^2 with b, c the trials in which only the one or only the other holds.
    """
    if not of:
        return NOTHING
    difference = only_first - only_second
    variance = (only_first + only_second) - difference * difference / of
    return Figure(difference / of, math.sqrt(max(0.0, variance)) / of)
