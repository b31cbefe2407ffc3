"""Which of several sums of square roots is least, exactly: standard deviations are compared without a rounded float.

A sum is radicand -> whole coefficient, for Σ c·√r. It is first compared in integers with 64, then 512 binary places;
where that cannot decide, equality is decided by the square-free parts (the roots of different square-free numbers are
linearly independent over the rationals, so that two sums are equal just when these agree). Radicands are counts of
participants squared, so that trial division finds their square factors at once.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from math import isqrt

Sum = Mapping[int, int]
PLACES = (64, 512)


def least(sums: Sequence[Sum]) -> tuple[int, ...]:
    """The indices of the least sums, ascending."""
    within = list(range(len(sums)))
    for places in PLACES:
        within = _lowest(sums, within, places)
        if len(within) == 1 or all(sums[index] == sums[within[0]] for index in within):
            return tuple(within)
    while len({_square_free(sums[index]) for index in within}) > 1:
        places *= 2
        within = _lowest(sums, within, places)
    return tuple(within)


def _lowest(sums: Sequence[Sum], within: Sequence[int], places: int) -> list[int]:
    """Those that may be least as far as so many binary places can tell."""
    about = {index: _about(sums[index], places) for index in within}
    unsure = max(sum(sums[index].values()) for index in within)  # every root was rounded down by less than 1
    lowest = min(about.values())
    return [index for index in within if about[index] <= lowest + unsure]


def _about(roots: Sum, places: int) -> int:
    return sum(coefficient * isqrt(radicand << 2 * places) for radicand, coefficient in roots.items())


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
