"""Lists on columns: sums and extremes of a list for each participant, and conditions over its rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trialwright.compute.columns import (
    KNOWN,
    NOT_APPLICABLE,
    UNKNOWN,
    Array,
    Column,
    Rows,
    column,
    known_truths,
)
from trialwright.compute.truths import all_of_columns, negation

Closure = Callable[[Any, Any, Any], Any]


# --- gathering -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gathered:
    """What remains of several values without the not applicable: sums, extremes and how many, low and high."""

    total: tuple[Array, Array]
    least: tuple[Array, Array]
    most: tuple[Array, Array]
    count: Array
    state: Array


def total(found: Gathered) -> Column:
    return Column(found.total[0], found.state, found.total[1])


def mean(found: Gathered) -> Column:
    many = np.maximum(found.count, 1)
    return Column(found.total[0] / many, _of_some(found), found.total[1] / many)


def least(found: Gathered) -> Column:
    return Column(found.least[0], _of_some(found), found.least[1])


def most(found: Gathered) -> Column:
    return Column(found.most[0], _of_some(found), found.most[1])


def _of_some(found: Gathered) -> Array:
    nothing = (found.count == 0) & (found.state == KNOWN)
    return np.where(nothing, NOT_APPLICABLE, found.state).astype(np.int8)


def _listed(rows: Rows) -> Gathered:
    """The values of each participant's list."""
    part = rows.columns
    assert isinstance(part, Column)
    n = len(rows.state)
    state, counts = np.broadcast_to(part.state, rows.owner.shape), part.state != NOT_APPLICABLE
    kept = np.broadcast_to(counts, rows.owner.shape)
    ends = [np.broadcast_to(end, rows.owner.shape)[kept] for end in (part.values, part.upper)]
    owner = rows.owner[kept]
    missing = np.bincount(rows.owner[state == UNKNOWN], minlength=n) > 0
    whole = all(end.dtype.kind in "iub" for end in ends)
    totals = [np.bincount(owner, weights=end, minlength=n) for end in ends]
    if whole:
        totals = [np.rint(total).astype(np.int64) for total in totals]
    least, most = ([_reduced(choose, owner, end, n) for end in ends] for choose in (np.minimum, np.maximum))
    asked = np.where((rows.state == KNOWN) & missing, UNKNOWN, rows.state).astype(np.int8)
    many = np.bincount(owner, minlength=n)
    return Gathered((totals[0], totals[1]), (least[0], least[1]), (most[0], most[1]), many, asked)


def _reduced(choose: np.ufunc, owner: Array, values: Array, n: int) -> Array:
    out = np.zeros(n, dtype=values.dtype)
    if len(owner):
        first = np.unique(owner, return_index=True)
        out[first[0]] = values[first[1]]
        choose.at(out, owner, values)
    return out


def _written(parts: tuple[Column, ...]) -> Gathered:
    """Values written side by side, each a column."""
    shape = np.broadcast_shapes(*(part.state.shape for part in parts), *(part.values.shape for part in parts))
    stacked = [np.stack([np.broadcast_to(get(part), shape) for part in parts]) for get in (_low, _high)]
    state = np.stack([np.broadcast_to(part.state, shape) for part in parts])
    kept = state != NOT_APPLICABLE
    count = kept.sum(axis=0)
    totals = [np.where(kept, end, 0).sum(axis=0) for end in stacked]
    # the not applicable must win neither extreme
    least = [np.where(kept, end, end.max(axis=0)).min(axis=0) for end in stacked]
    most = [np.where(kept, end, end.min(axis=0)).max(axis=0) for end in stacked]
    unknown = np.where((state == UNKNOWN).any(axis=0), UNKNOWN, KNOWN).astype(np.int8)
    return Gathered((totals[0], totals[1]), (least[0], least[1]), (most[0], most[1]), count, unknown)


def _low(part: Column) -> Array:
    return part.values


def _high(part: Column) -> Array:
    return part.upper


def of_list(finish: Callable[[Gathered], Column]) -> Callable[[Any], Column]:
    return lambda rows: finish(_listed(rows)) if isinstance(rows, Rows) else rows


def of_parts(finish: Callable[[Gathered], Column]) -> Callable[..., Column]:
    return lambda *parts: finish(_written(parts))


# --- rows ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Spread:
    """An environment seen from the rows of a list: each row sees the values of the participant it belongs to."""

    environment: Any
    owner: Array

    def get(self, name: str, default: Any = None) -> Any:
        value = self.environment.get(name, default)
        if isinstance(value, Mapping):
            return _Spread(value, self.owner)
        found = value if value is None else column(value)
        return found.take(self.owner) if isinstance(found, (Column, Rows)) else found


def _inside(context: Any, owner: Array) -> Any:
    """The context seen from the rows."""
    seen = _Spread({**context.dates, " weight": context.weight}, owner)
    return replace(context, dates={name: seen.get(name) for name in context.dates}, weight=seen.get(" weight"))


def _counted(rows: Rows, part: Column) -> tuple[Array, Array, Array, Array]:
    """For each participant: how many rows are true, false, unknown, and the state of the list."""
    n = len(rows.state)
    marks = [np.broadcast_to(mark, rows.owner.shape) for mark in known_truths(part)]
    true, false, unknown = (np.bincount(rows.owner[mark], minlength=n) for mark in marks)
    return true, false, unknown, rows.state


def any_row(rows: Rows, part: Column) -> Column:
    true, _, unknown, asked = _counted(rows, part)
    state = np.where((asked == KNOWN) & (true == 0) & (unknown > 0), UNKNOWN, asked).astype(np.int8)
    return Column((true > 0) & (asked == KNOWN), state)


def every_row(rows: Rows, part: Column) -> Column:
    _, false, unknown, asked = _counted(rows, part)
    state = np.where((asked == KNOWN) & (false == 0) & (unknown > 0), UNKNOWN, asked).astype(np.int8)
    return Column((false == 0) & (unknown == 0) & (asked == KNOWN), state)


def how_many(rows: Rows, part: Column) -> Column:
    true, _, unknown, asked = _counted(rows, part)
    return Column(true, asked, true + unknown)


def over(gather: Callable[[Rows, Column], Column]) -> Callable[..., Closure]:
    def build(_: bool, listed: Closure, *conditions: Closure) -> Closure:
        def value(env: Any, it: Any, context: Any) -> Any:
            rows = listed(env, it, context)
            if not isinstance(rows, Rows):
                return Column(np.asarray(0), np.maximum(rows.state, UNKNOWN).astype(np.int8))
            seen = (_Spread(env, rows.owner), rows.columns, _inside(context, rows.owner))
            return gather(rows, _offending([condition(*seen) for condition in conditions]))

        return value

    return build


def _offending(parts: list[Column]) -> Column:
    """The condition of a row; of `where` and `unless`: it fits and is not excused."""
    if len(parts) == 1:
        return parts[0]
    fits, excused = parts
    aside = fits.state == NOT_APPLICABLE
    fits = Column(fits.values.astype(bool) & ~aside, np.where(aside, KNOWN, fits.state).astype(np.int8))
    return all_of_columns([fits, negation(excused)])
