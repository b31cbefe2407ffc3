"""How often an arm can be guessed by one who knows every earlier allocation and the block's size: exact, by
enumeration.
"""

from collections.abc import Mapping
from fractions import Fraction
from functools import cache


def expected_correct_guesses(size: int, ratio: Mapping[str, int]) -> Fraction:
    """The mean number of right guesses in one permuted block, guessing each time an arm of which most are left.

    For two equal arms in a block of 2m it is m + (4^m / C(2m, m) - 1) / 2: 3/2, 17/6, 41/10, 373/70 for blocks of 2,
    4, 6 and 8 (Blackwell and Hodges' convergence strategy). Raises ValueError for a size that does not hold the ratio.
    """
    unit = sum(ratio.values())
    if size < 1 or size % unit:
        raise ValueError(f"a block of {size} does not hold the ratio; sizes are multiples of {unit}")
    return _guesses(tuple(sorted(share * (size // unit) for share in ratio.values())))


@cache
def _guesses(left: tuple[int, ...]) -> Fraction:
    """From here to the end of the block; `left` counts the arms still to come. The greatest share is guessed right."""
    total = sum(left)
    if not total:
        return Fraction(0)
    now = Fraction(max(left), total)
    later = sum(
        (
            Fraction(count, total) * _guesses(tuple(sorted((*left[:arm], count - 1, *left[arm + 1 :]))))
            for arm, count in enumerate(left)
            if count
        ),
        Fraction(0),
    )
    return now + later
