"""Health states as arrays: codes, index, level sum score, frequency score, problems, how often each state occurs.

Levels are int8 arrays of shape (..., 5) in the order of DIMENSIONS, 1 to 3 or 5, 0 for "not answered". One missing
level makes index, LSS and LFS unknown: nothing is imputed.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trialwright.measures.eq5d.tables import every_state
from trialwright.measures.eq5d.terms import DIMENSIONS

if TYPE_CHECKING:
    from trialwright.measures.eq5d.sets import ValueSet

Levels = NDArray[np.int8]
VAS_TOP = 100
STRIDE = 2**16


class BadLevel(ValueError):
    """A level that the version has not; `where` is its place in the array."""

    def __init__(self, level: int, where: tuple[int, ...], top: int) -> None:
        dimension = DIMENSIONS[where[-1]]
        super().__init__(f"{dimension} at {list(where[:-1])} is {level}; levels are 1 to {top}, 0 where missing")
        self.where = where


def code_of(levels: Levels, top: int) -> NDArray[np.int16]:
    """A whole number per state: the five digits in base top + 1, so that missing levels (0) have codes too.

    Raises BadLevel for the first level outside 0 to top.
    """
    levels = np.asarray(levels)
    if levels.shape[-1:] != (5,):
        raise ValueError(f"levels have five columns ({', '.join(DIMENSIONS)}), not shape {levels.shape}")
    if levels.dtype != np.int8:
        levels = _narrow(levels, top)
    rows = levels.reshape(-1, 5)
    code = np.empty(len(rows), dtype=np.int16)
    for start in range(0, len(rows), STRIDE):
        part = rows[start : start + STRIDE]
        if part.view(np.uint8).max(initial=0) > top:
            _refuse(levels, top)
        code[start : start + STRIDE] = _horner(part, top + 1)
    return code.reshape(levels.shape[:-1])


def _horner(part: Levels, base: int) -> NDArray[np.int16]:
    """Columns first, so that every step walks along contiguous memory."""
    first, second, third, fourth, fifth = np.ascontiguousarray(part.T)
    pair = first * np.int8(base) + second  # at most 35, fits in int8
    other = third * np.int8(base) + fourth
    code: NDArray[np.int16] = pair.astype(np.int16) * np.int16(base**3)
    code += other.astype(np.int16) * np.int16(base)
    code += fifth
    return code


def _narrow(levels: NDArray[Any], top: int) -> Levels:
    if not np.issubdtype(levels.dtype, np.integer):
        raise TypeError("levels are whole numbers; 0 means missing")
    if levels.size and (levels.min() < 0 or levels.max() > top):
        _refuse(levels, top)
    return levels.astype(np.int8)


def _refuse(levels: NDArray[Any], top: int) -> None:
    where = tuple(int(place) for place in np.argwhere((levels < 0) | (levels > top))[0])
    raise BadLevel(int(levels[where]), where, top)


@cache
def _places(top: int) -> NDArray[np.intp]:
    """The code of every complete state, in ascending order."""
    return _horner(np.ascontiguousarray(every_state(top)), top + 1).astype(np.intp)


def lookup_of(values: NDArray[np.float64], top: int) -> NDArray[np.float64]:
    """A table by code from one by state: NaN for states with a missing level."""
    table = np.full((top + 1) ** 5, np.nan)
    table[_places(top)] = values
    return table


@cache
def _lookup(value_set: "ValueSet", rounded: bool) -> NDArray[np.float64]:
    return lookup_of(value_set.thousandths / 1000 if rounded else value_set.unrounded, value_set.top)


def index(levels: Levels, value_set: "ValueSet", rounded: bool = True) -> NDArray[np.float64]:
    """The index of every state; NaN where a level is missing.

    rounded: three decimals, a half upward, from exact figures (each the float nearest to that decimal); else
    every decimal of the paper's model. Raises BadLevel. Source: the value set's `doi` or `reference`.
    """
    return _lookup(value_set, rounded).take(code_of(levels, value_set.top))


@cache
def _texts(top: int) -> NDArray[np.str_]:
    table = np.full((top + 1) ** 5, "", dtype="<U5")
    table[_places(top)] = ["".join(map(str, state)) for state in every_state(top)]
    return table


def states(levels: Levels, top: int = 5) -> NDArray[np.str_]:
    """The state as five digits ("21143"), empty where a level is missing."""
    return _texts(top).take(code_of(levels, top))


@cache
def _sums(top: int) -> NDArray[np.float64]:
    return lookup_of(every_state(top).sum(axis=1).astype(np.float64), top)


def lss(levels: Levels, top: int = 5) -> NDArray[np.float64]:
    """Level sum score: the five levels added, 5 (no problems) to 25 or 15; NaN where one is missing."""
    return _sums(top).take(code_of(levels, top))


@cache
def _frequencies(top: int) -> NDArray[np.str_]:
    table = np.full((top + 1) ** 5, "", dtype=f"<U{top}")
    counts = (every_state(top)[:, :, None] == np.arange(1, top + 1)).sum(axis=1)
    table[_places(top)] = ["".join(map(str, row)) for row in counts]
    return table


def lfs(levels: Levels, top: int = 5) -> NDArray[np.str_]:
    """Level frequency score: how many dimensions stand at level 1, 2, ...; text, as "01112" would lose its zero as a
    number. Empty where a level is missing."""
    return _frequencies(top).take(code_of(levels, top))


def from_states(texts: "list[str | None] | NDArray[np.str_]", top: int = 5) -> Levels:
    """Levels from states of five digits; all missing where the text is empty, None or no state of the version."""
    table = {"".join(map(str, state)): state for state in every_state(top)}
    unknown = np.zeros(5, dtype=np.int8)
    return np.array([table.get(str(text), unknown) for text in texts], dtype=np.int8).reshape(-1, 5)


def vas_outside(vas: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where an EQ VAS is known and is not a number from 0 to 100."""
    return (vas < 0) | (vas > VAS_TOP)


@dataclass(frozen=True, slots=True)
class Problems:
    """How many people have problems (a level above 1) among those who answered, per dimension and in any of the five
    among those who answered all; `ceiling` counts those in state 11111."""

    answered: tuple[int, ...]
    with_problems: tuple[int, ...]
    complete: int
    any_problem: int
    ceiling: int

    @property
    def percent(self) -> dict[str, float]:
        """Percentages by dimension, and `any` and `ceiling`; NaN where nobody answered."""
        pairs = zip(self.with_problems, self.answered, strict=True)
        shares = {name: _percent(*pair) for name, pair in zip(DIMENSIONS, pairs, strict=True)}
        return shares | {
            "any": _percent(self.any_problem, self.complete),
            "ceiling": _percent(self.ceiling, self.complete),
        }


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else float("nan")


def problems(levels: Levels, top: int = 5) -> Problems:
    """Problems per dimension, in any dimension, and the ceiling; levels (n, 5)."""
    code_of(levels, top)
    rows = np.asarray(levels).reshape(-1, 5)
    complete = rows[(rows > 0).all(axis=1)]
    some = int((complete > 1).any(axis=1).sum())
    return Problems(
        tuple((rows > 0).sum(axis=0).tolist()),
        tuple((rows > 1).sum(axis=0).tolist()),
        len(complete),
        some,
        len(complete) - some,
    )


@dataclass(frozen=True, slots=True)
class Frequency:
    """One line of the cumulative frequency table: percentages of all complete states, to one decimal (half to even)."""

    state: str
    number: int
    percent: float
    cumulative: int
    cumulative_percent: float


def frequencies(levels: Levels, top: int = 5) -> list[Frequency]:
    """How often each state occurs, the most frequent first and equals in ascending order; incomplete ones are left
    out."""
    texts = states(levels, top).ravel()
    found, numbers = np.unique(texts[texts != ""], return_counts=True)
    order = np.argsort(-numbers, kind="stable")
    total, sums = int(numbers.sum()), np.cumsum(numbers[order])
    return [
        Frequency(str(state), int(number), tenths(int(number), total), int(cumulative), tenths(int(cumulative), total))
        for state, number, cumulative in zip(found[order], numbers[order], sums, strict=True)
    ]


def tenths(part: int, whole: int) -> float:
    """A percentage to one decimal, exact before rounding, half to even; 0 of 0 is NaN."""
    if not whole:
        return float("nan")
    doubled, rest = divmod(1000 * part, whole)
    return (doubled + (2 * rest > whole or (2 * rest == whole and doubled % 2 == 1))) / 10
