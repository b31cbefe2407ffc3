"""The value of every health state of a value set at once, in whole units: what `terms` says, 3,125 states in a
millisecond.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.measures.eq5d.terms import (
    BOTH,
    DIMENSIONS,
    LEVEL,
    POWER,
    PRODUCT,
    SEVERE,
    TERMS,
    in_thousandths,
    value,
)

Integers = NDArray[np.int64]


@cache
def every_state(top: int) -> NDArray[np.int8]:
    """All states with levels 1 to `top` in ascending order of their five digits: shape (top**5, 5)."""
    axes = np.meshgrid(*[np.arange(1, top + 1, dtype=np.int8)] * 5, indexing="ij")
    states = np.stack([axis.ravel() for axis in axes], axis=1)
    states.setflags(write=False)
    return states


@cache
def every_count(term: str, top: int) -> Integers:
    """How often the figure of a term counts in each of `every_state(top)`; the conditions of TERMS by their own
    definition, once per combination of how many dimensions stand at each level."""
    states = every_state(top)
    at = {name: states[:, place].astype(np.int64) for place, name in enumerate(DIMENSIONS)}
    if found := LEVEL.fullmatch(term):
        return (at[found[1]] == int(found[2])).astype(np.int64)
    if found := SEVERE.fullmatch(term):
        return (at[found[1]] >= 4).astype(np.int64)
    if found := BOTH.fullmatch(term):
        return ((at[found[1]] == int(found[2])) & (at[found[3]] == int(found[4]))).astype(np.int64)
    if found := PRODUCT.fullmatch(term):
        return (at[found[1]] - 1) * (at[found[2]] - 1)
    # A condition of TERMS does not ask which dimension, so sorted states stand for all others.
    ordered = np.sort(states, axis=1)
    codes = ordered.astype(np.int64) @ (10 ** np.arange(5))
    _, first, back = np.unique(codes, return_index=True, return_inverse=True)
    counted = np.array([TERMS[term](tuple(map(int, ordered[row]))) for row in first], dtype=np.int64)
    return counted[back]


def every_value(
    figures: Mapping[str, Decimal], top: int, multiplied: bool = False, stated: Mapping[str, Decimal] | None = None
) -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    """The index of every state in thousandths (rounded as `in_thousandths` does, from exact figures), and unrounded.

    `stated`: values that the paper gives in place of what its model yields.
    """
    if multiplied or POWER in figures:
        exact = [value(tuple(map(int, state)), figures, multiplied) for state in every_state(top)]
        rounded = np.array([in_thousandths(one) for one in exact], dtype=np.int16)
        unrounded = np.array([float(one) for one in exact])
    else:
        rounded, unrounded = _sums(figures, top)
    for state, decimal in (stated or {}).items():
        place = place_of(state, top)
        rounded[place], unrounded[place] = in_thousandths(Fraction(decimal)), float(decimal)
    return rounded, unrounded


def _sums(figures: Mapping[str, Decimal], top: int) -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    decimals = max(3, *(-_exponent(figure) for figure in figures.values()))
    units: Any = np.zeros(top**5, dtype=np.int64)
    for term, figure in figures.items():
        units = units + every_count(term, top) * int(figure.scaleb(decimals))
    step = 10 ** (decimals - 3)
    rounded = (2 * units + step) // (2 * step)  # floor division: a half goes up
    return rounded.astype(np.int16), units / 10**decimals


def _exponent(figure: Decimal) -> int:
    return int(figure.as_tuple().exponent)


def place_of(state: str, top: int) -> int:
    """Where a state of five digits stands in `every_state(top)`."""
    place = 0
    for digit in state:
        place = place * top + int(digit) - 1
    return place
