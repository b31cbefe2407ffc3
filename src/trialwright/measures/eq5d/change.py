"""Change between two states of the same people: the Paretian classification, probability of superiority, and the
Health Profile Grid.

A state is better than another if it is better in at least one dimension and worse in none (Devlin, Parkin and Browne
2010, doi 10.1002/hec.1608).
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trialwright.measures.eq5d.profiles import Levels, code_of, lookup_of, tenths
from trialwright.measures.eq5d.terms import DIMENSIONS

if TYPE_CHECKING:
    from trialwright.measures.eq5d.sets import ValueSet


class Change(IntEnum):
    """The Paretian classes; UNKNOWN where a level is missing before or after."""

    UNKNOWN = -1
    NO_CHANGE = 0
    IMPROVE = 1
    WORSEN = 2
    MIXED = 3
    NO_PROBLEMS = 4

    @property
    def label(self) -> str:
        """As tables print it."""
        return "Mixed change" if self is Change.MIXED else self.name.replace("_", " ").capitalize()


def pchc(pre: Levels, post: Levels, no_problems: bool = True, top: int = 5) -> NDArray[np.int8]:
    """The Paretian class of everybody, as `Change`; shapes (..., 5) that broadcast.

    no_problems: those in 11111 both times stand apart as NO_PROBLEMS; else they are NO_CHANGE.
    """
    code_of(pre, top), code_of(post, top)
    pre, post = np.broadcast_arrays(pre, post)
    better, worse, problems = (np.asarray(each.any(axis=-1)) for each in (post < pre, post > pre, pre != 1))
    return _classes(better, worse, ~problems, _known(pre, post), no_problems)


def pchc_by_dimension(pre: Levels, post: Levels, no_problems: bool = True, top: int = 5) -> NDArray[np.int8]:
    """The same for each dimension alone: shape (..., 5), never MIXED. A dimension is unknown for who misses any level,
    as in the whole."""
    code_of(pre, top), code_of(post, top)
    pre, post = np.broadcast_arrays(pre, post)
    return _classes(post < pre, post > pre, pre == 1, _known(pre, post)[..., None], no_problems)


def _known(pre: Levels, post: Levels) -> NDArray[np.bool_]:
    return np.asarray((pre > 0).all(axis=-1) & (post > 0).all(axis=-1))


def _classes(
    better: NDArray[np.bool_],
    worse: NDArray[np.bool_],
    healthy: NDArray[np.bool_],
    known: NDArray[np.bool_],
    no_problems: bool,
) -> NDArray[np.int8]:
    classes = better * np.int8(Change.IMPROVE) + worse * np.int8(Change.WORSEN)  # both: 3, MIXED
    if no_problems:
        classes = np.where(healthy & (classes == Change.NO_CHANGE), np.int8(Change.NO_PROBLEMS), classes)
    return np.where(known, classes, np.int8(Change.UNKNOWN)).astype(np.int8)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table of change; the percentage to one decimal, half to even."""

    label: str
    number: int
    percent: float


def pchc_table(classes: NDArray[np.int8], totals: bool = True, dimension: bool = False) -> list[Line]:
    """How many people in each class; unknown ones are left out.

    Where NO_PROBLEMS stands apart (or `classes` was made so) and `totals` are wanted, the classes are percentages of
    those with problems, and the two totals of all. `dimension`: without the class MIXED, which one dimension cannot be.
    """
    numbers = {change: int((classes == change).sum()) for change in Change if change != Change.UNKNOWN}
    apart = numbers.pop(Change.NO_PROBLEMS)
    if dimension:
        del numbers[Change.MIXED]
    with_problems = sum(numbers.values())
    whole = with_problems if totals else with_problems + apart
    lines = [Line(change.label, number, tenths(number, whole)) for change, number in numbers.items()]
    if totals:
        lines.append(Line("Total with problems", with_problems, tenths(with_problems, with_problems + apart)))
    return [*lines, Line(Change.NO_PROBLEMS.label, apart, tenths(apart, with_problems + apart))]


def pchc_table_together(classes: NDArray[np.int8], totals: bool = True, dimension: bool = False) -> list[Line]:
    """The table without the no-problems split: everybody unchanged is "No change", one total."""
    merged = np.where(classes == Change.NO_PROBLEMS, np.int8(Change.NO_CHANGE), classes)
    lines = pchc_table(merged, totals=False, dimension=dimension)[:-1]
    whole = sum(line.number for line in lines)
    return [*lines, Line("Total", whole, 100.0)] if totals else lines


def superiority(pre: Levels, post: Levels, top: int = 5) -> dict[str, float]:
    """Probability of superiority per dimension: (improved + half of the unchanged) / all; above 0.5 more improve than
    worsen. NaN where nobody is known (Buchholz 2015, doi 10.1007/s11136-014-0904-2)."""
    classes = pchc_by_dimension(pre, post, no_problems=False, top=top).reshape(-1, 5)
    better, same = ((classes == change).sum(axis=0) for change in (Change.IMPROVE, Change.NO_CHANGE))
    whole = (classes != Change.UNKNOWN).sum(axis=0)
    return {
        name: float((better[place] + same[place] / 2) / whole[place]) if whole[place] else float("nan")
        for place, name in enumerate(DIMENSIONS)
    }


def ranks(levels: Levels, value_set: "ValueSet") -> NDArray[np.float64]:
    """How a state ranks among all states of the version by a value set: 1 the best, equals share the best place; NaN
    where a level is missing."""
    values = value_set.thousandths
    ascending = np.sort(values)
    place = 1 + len(values) - np.searchsorted(ascending, values, side="right")
    return lookup_of(place.astype(np.float64), value_set.top).take(code_of(levels, value_set.top))


@dataclass(frozen=True, slots=True)
class Grid:
    """The Health Profile Grid: each person a point (rank before, rank after), coloured by Paretian class."""

    pre: NDArray[np.float64]
    post: NDArray[np.float64]
    change: NDArray[np.int8]


def health_profile_grid(pre: Levels, post: Levels, value_set: "ValueSet", no_problems: bool = True) -> Grid:
    """Ranks before and after and the class of each person (Devlin, Parkin and Browne 2010)."""
    return Grid(ranks(pre, value_set), ranks(post, value_set), pchc(pre, post, no_problems, value_set.top))
