"""The answers to an item as whole numbers: place 0 is the lowest answer, -1 stands for "not answered".

Whole numbers make scores exact: half points and thirds are counted, never added up in binary. Answers that are checked
here are the only ones that are scored.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialwright.design.forms import kept
from trialwright.design.instruments import Answers, Instrument, levels

MISSING = -1
SLACK = 1e-6  # of a step: binary 0.1 steps are no exact ones, and a slip of the pen is never that small

Whole = NDArray[Any]  # int8 to int64


@dataclass(frozen=True, slots=True)
class Grid:
    """Every possible answer to an item: low + step * place. `gaps` marks the places that are no answer (codes such as
    1, 2, 4); `blank` is the place that an empty answer counts as, -1 where it counts as not answered."""

    low: Fraction
    step: Fraction
    count: int
    gaps: NDArray[np.bool_] | None
    blank: int

    @property
    def kind(self) -> Any:
        """The narrowest whole numbers that hold the places."""
        return np.int8 if self.count <= 127 else np.int16 if self.count <= 32767 else np.int32

    def place(self, answer: Fraction) -> int | None:
        """The place of an answer, None where it is none."""
        place = (answer - self.low) / self.step
        if place.denominator != 1 or not 0 <= place < self.count or (self.gaps is not None and self.gaps[int(place)]):
            return None
        return int(place)


@dataclass(frozen=True, slots=True)
class Places:
    """A column that was read into places of the grid already, -1 where not answered."""

    places: Whole


@dataclass(frozen=True, slots=True)
class Wrong:
    """An answer that cannot be: the item, its index in the column that was given, and what is wrong."""

    item: str
    index: tuple[int, ...]
    value: float
    sentence: str


class WrongAnswers(ValueError):
    """Columns that cannot be scored; `wrong` holds every answer that is none."""

    def __init__(self, wrong: tuple[Wrong, ...]) -> None:
        self.wrong = wrong
        few = "; ".join(f"{one.item}{list(one.index)}: {one.sentence}" for one in wrong[:5])
        super().__init__(few + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""))


@kept
def grids(instrument: Instrument) -> dict[str, Grid | None]:
    """The grid of every item; None where any number may be answered."""
    made = {name: _grid(answers) for name, answers in instrument.answers.items()}
    return {item.id: made[item.answers] for item in instrument.items}


def _grid(answers: Answers) -> Grid | None:
    possible = levels(answers)
    if possible is None:
        return None
    steps = [Fraction(level) for level in possible]
    low = steps[0]
    widths = [step - low for step in steps[1:]] or [Fraction(1)]
    shared = math.lcm(*(width.denominator for width in widths))
    step = Fraction(math.gcd(*(int(width * shared) for width in widths)), shared)
    count = int((steps[-1] - low) / step) + 1
    gaps = None
    if count != len(steps):
        gaps = np.ones(count, dtype=bool)
        gaps[[int((one - low) / step) for one in steps]] = False
    blank = MISSING if answers.blank is None else int((Fraction(answers.blank) - low) / step)
    return Grid(low, step, count, gaps, blank)


def possible(answers: Answers) -> str:
    """What may be answered, in words: `0 to 10 in steps of 0.5`."""
    if answers.codes:
        return _list([plain(level) for level in levels(answers) or ()])
    low, high = (None if end is None else plain(end) for end in (answers.low, answers.high))
    if low is not None and high is not None:
        steps = f" in steps of {plain(answers.step)}" if answers.step is not None and answers.step != 1 else ""
        whole = "whole numbers " if answers.step == 1 else ""
        return f"{whole}{low} to {high}{steps}"
    return f"{low} or more" if low is not None else f"{high} or less" if high is not None else "any number"


def plain(number: Any) -> str:
    """A number without trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


# ------------------------------------------------------------------ columns to places


class _Off(ValueError):
    """Somewhere in the block stands no answer."""


def column(given: ArrayLike | Places) -> NDArray[Any]:
    """The column as an array of floats, whole numbers or truth values. Raises TypeError for anything else."""
    array = given.places if isinstance(given, Places) else np.asarray(given)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"answers are numbers, not {array.dtype}")
    return array


def placed(grid: Grid, block: NDArray[Any], ready: bool) -> Whole:
    """The places of a block of answers. Raises ValueError where something is no answer."""
    if ready:
        places: Whole = block
    elif block.dtype.kind == "b":
        places = _from_whole(grid, block.view(np.int8))
    elif block.dtype.kind in "iu" and grid.low.denominator == 1 and grid.step.numerator == 1:
        places = _from_whole(grid, block)
    else:
        places = _from_floats(grid, block)
    if grid.gaps is not None and np.any(grid.gaps[places[places >= 0]]):
        raise _Off
    if grid.blank != MISSING:
        return np.where(places < 0, places.dtype.type(grid.blank), places)
    return places


def _from_whole(grid: Grid, block: NDArray[Any]) -> Whole:
    low, per_one = int(grid.low), grid.step.denominator
    if low < 0:
        return _from_floats(grid, block)  # a negative number is an answer here, so all of them are taken as such
    top = low + (grid.count - 1) // per_one
    if block.size and int(block.max()) > top:
        raise _Off
    if low == 0 and per_one == 1:
        return (
            np.maximum(block, MISSING).astype(grid.kind, copy=False)
            if block.dtype.kind == "i"
            else block.astype(grid.kind)
        )
    wide = block.astype(np.int64) if block.dtype.itemsize < 8 else block
    if low and np.any((wide >= 0) & (wide < low)):
        raise _Off
    return np.where(wide < 0, MISSING, (wide - low) * per_one).astype(grid.kind)


def _from_floats(grid: Grid, block: NDArray[Any]) -> Whole:
    with np.errstate(invalid="ignore"):
        exact = (block - float(grid.low)) / float(grid.step)
        nearest = np.rint(exact)
        known = ~np.isnan(exact)
        off = (nearest < 0) | (nearest >= grid.count) | (np.abs(exact - nearest) > SLACK)
    if np.any(off & known):
        raise _Off
    return np.where(known, nearest, MISSING).astype(grid.kind)


def outside(instrument: Instrument, columns: Mapping[str, ArrayLike | Places]) -> tuple[Wrong, ...]:
    """Every answer in the columns that the instrument does not know, item by item; other columns are not looked at."""
    wrong: list[Wrong] = []
    for item in instrument.items:
        if item.id in columns and not isinstance(columns[item.id], Places):
            wrong += _wrong(instrument, item.id, column(columns[item.id]))
    return tuple(wrong)


def _wrong(instrument: Instrument, name: str, array: NDArray[Any]) -> list[Wrong]:
    answers, grid = instrument.answers_of(name), grids(instrument)[name]
    values = array.astype(float)
    if array.dtype.kind == "i" and grid is not None and grid.low >= 0:
        values[array < 0] = np.nan
    with np.errstate(invalid="ignore"):
        if grid is None:
            low = -np.inf if answers.low is None else float(answers.low)
            high = np.inf if answers.high is None else float(answers.high)
            off = (values < low) | (values > high) | np.isinf(values)
        else:
            exact = (values - float(grid.low)) / float(grid.step)
            nearest = np.rint(exact)
            off = (nearest < 0) | (nearest >= grid.count) | (np.abs(exact - nearest) > SLACK)
            if grid.gaps is not None:
                inside = ~off & ~np.isnan(exact)
                off[inside] = grid.gaps[nearest[inside].astype(int)]
    may = possible(answers)
    return [
        Wrong(name, tuple(map(int, index)), float(values[tuple(index)]), f"{values[tuple(index)]:g} is not {may}")
        for index in np.argwhere(off)
    ]
