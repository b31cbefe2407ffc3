"""Columns of values that may be unknown or not applicable, and lists as rows that belong to participants."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

KNOWN, UNKNOWN, NOT_APPLICABLE = 0, 1, 2
EPOCH = date(1970, 1, 1).toordinal()
Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One value per participant (or one for all, of shape ()).

    `state` says known, unknown or not applicable for each; where it is not known the value means nothing. With `high`
    a value lies somewhere from `values` to `high` (partial dates, counts). `unit` holds a unit code per value where
    values carry their own unit.
    """

    values: Array
    state: Array
    high: Array | None = None
    unit: Array | None = None

    @property
    def upper(self) -> Array:
        return self.values if self.high is None else self.high

    def take(self, owner: Array) -> "Column":
        """The values of the participants that rows belong to."""
        if self.state.ndim == 0 and self.values.ndim == 0:
            return self
        parts = [None if part is None else part[owner] if part.ndim else part for part in self._parts()]
        return Column(*parts)  # type: ignore[arg-type]

    def _parts(self) -> tuple[Array | None, ...]:
        return self.values, self.state, self.high, self.unit


@dataclass(frozen=True, slots=True)
class Rows:
    """A list for each participant: row i belongs to participant `owner[i]`.

    `columns` are the fields of the rows, or one column where the list has plain values; `state` says for each
    participant whether the list was asked. A judgement within the rows is a column under its id.
    """

    owner: Array
    columns: Mapping[str, Column] | Column
    state: Array

    def take(self, owner: Array) -> "Rows":
        """The lists of the participants that other rows belong to."""
        picked = [np.flatnonzero(self.owner == one) for one in owner]
        rows = np.concatenate(picked) if picked else np.zeros(0, dtype=np.int64)
        belongs = np.repeat(np.arange(len(picked)), [len(each) for each in picked])
        fields = self.columns
        taken = (
            fields.take(rows)
            if isinstance(fields, Column)
            else {name: each.take(rows) for name, each in fields.items()}
        )
        return Rows(belongs, taken, self.state[owner])


def days(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - EPOCH


def _scalar(value: Any) -> Any:
    if isinstance(value, datetime):
        return round(value.timestamp() * 1_000_000)
    if isinstance(value, date):
        return days(value)
    return float(value) if isinstance(value, (Decimal, Fraction)) else value


def column(value: Any) -> Any:
    """Anything that an environment or an expression holds, as a column; rows and records are returned as they are."""
    if isinstance(value, (Column, Rows, Mapping)):
        return value
    known = np.int8(KNOWN)
    if value is None:
        return Column(np.asarray(0), np.asarray(np.int8(UNKNOWN)))
    if isinstance(value, np.ndarray):
        as_days = value.astype("datetime64[D]").astype(np.int64) if value.dtype.kind == "M" else value
        return Column(as_days, np.full(value.shape, known))
    if hasattr(value, "low") and hasattr(value, "high"):
        return Column(np.asarray(_scalar(value.low)), np.asarray(known), np.asarray(_scalar(value.high)))
    if hasattr(value, "number") and hasattr(value, "unit"):
        return Column(np.asarray(_scalar(value.number)), np.asarray(known), None, np.asarray(value.unit))
    if repr(value) in ("UNKNOWN", "NOT_APPLICABLE"):
        return Column(np.asarray(0), np.asarray(np.int8(UNKNOWN if repr(value) == "UNKNOWN" else NOT_APPLICABLE)))
    return Column(np.asarray(_scalar(value)), np.asarray(known))


def worst(*columns: Column) -> Array:
    """Where anything is absent the whole is: not applicable wins over unknown."""
    state = columns[0].state
    for each in columns[1:]:
        state = np.maximum(state, each.state)
    return state


def known_truths(part: Column) -> tuple[Array, Array, Array]:
    """Where a condition is true, where it is false, where it is unknown."""
    known = part.state == KNOWN
    values = part.values.astype(bool)
    return known & values, known & ~values, part.state == UNKNOWN


def truth(true: Array, false: Array, unknown: Array) -> Column:
    """A condition from where it is true, false and unknown; elsewhere it is not applicable."""
    state = np.where(true | false, KNOWN, np.where(unknown, UNKNOWN, NOT_APPLICABLE)).astype(np.int8)
    return Column(np.asarray(true), state)


def select(where: Array, first: Column, second: Column) -> Column:
    """The first column where the condition holds, else the second."""
    state = np.where(where, first.state, second.state).astype(np.int8)
    values = np.where(where, first.values, second.values)
    high = None
    if first.high is not None or second.high is not None:
        high = np.where(where, first.upper, second.upper)
    unit = None
    if first.unit is not None or second.unit is not None:
        unit = np.where(where, _units(first), _units(second))
    return Column(values, state, high, unit)


def _units(part: Column) -> Array:
    return np.asarray("") if part.unit is None else part.unit
