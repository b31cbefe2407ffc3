"""Which of several sums of square roots is least, exactly: standard deviations are compared without a rounded float.

A sum is radicand -> whole coefficient, for Σ c·√r. It is first compared in integers with 64 binary places; where that
cannot decide, equality is decided by the square-free parts (the roots of different square-free numbers are linearly
independent over the rationals, so that two sums are equal just when these agree), and otherwise by more places.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from math import isqrt

Sum = Mapping[int, int]
PLACES = 64


def least(sums: Sequence[Sum]) -> tuple[int, ...]:
    """The indices of the least sums, ascending."""
    within, places = list(range(len(sums))), PLACES
    while True:
        about = {index: _about(sums[index], places) for index in within}
        unsure = max(sum(sums[index].values()) for index in within)  # every root was rounded down by less than 1
        lowest = min(about.values())
        within = [index for index in within if about[index] <= lowest + unsure]
        if len(within) == 1 or _all_equal([sums[index] for index in within]):
            return tuple(within)
        places *= 2


def _about(roots: Sum, places: int) -> int:
    return sum(coefficient * isqrt(radicand << 2 * places) for radicand, coefficient in roots.items())


def _all_equal(sums: Sequence[Sum]) -> bool:
    first = sums[0]
    return all(other == first for other in sums) or len({_square_free(one) for one in sums}) == 1


def _square_free(roots: Sum) -> frozenset[tuple[int, int]]:
    parts: dict[int, int] = {}
    for radicand, coefficient in roots.items():
        outside, inside = _parts(radicand)
        if outside:
            parts[inside] = parts.get(inside, 0) + coefficient * outside
    return frozenset(parts.items())


@lru_cache(maxsize=1 << 16)
def _parts(radicand: int) -> tuple[int, int]:
    """√radicand = outside · √inside, inside without a square factor."""
    if not radicand:
        return 0, 1
    outside, inside, divisor = 1, radicand, 2
    while divisor * divisor <= inside:
        while inside % (divisor * divisor) == 0:
            inside //= divisor * divisor
            outside *= divisor
        divisor += 1
    return outside, inside


def about(roots: Sum, divisor: int, root_divisor: int) -> str:
    """Σ c·√r / (divisor·√root_divisor) in decimals, for a reader; nothing is decided by it."""
    total = sum(Decimal(c) * (Decimal(r) / Decimal(root_divisor)).sqrt() for r, c in roots.items())
    return format(Decimal(total / divisor), ".6f")
