"""Calendar arithmetic on arrays of days since 1970-01-01: months of unequal length, spans, local dates."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

PER_MONTH = 32  # calendar spans: 32 * complete months + days left over
FOREVER = date.max.toordinal() - date(1970, 1, 1).toordinal()
BEGINNING = date.min.toordinal() - date(1970, 1, 1).toordinal()
Array = NDArray[Any]


def _month(day: Array) -> Array:
    return day.astype("datetime64[D]").astype("datetime64[M]")


def _first_day(month: Array) -> Array:
    return month.astype("datetime64[D]").astype(np.int64)


def add_months(day: Array, months: Array) -> Array:
    """The same day of another month, or its last day where that month is shorter."""
    day = np.asarray(day, dtype=np.int64)
    month = _month(day)
    moved = month + np.asarray(months, dtype=np.int64).astype("timedelta64[M]")
    length = _first_day(moved + np.timedelta64(1, "M")) - _first_day(moved)
    return np.clip(_first_day(moved) + np.minimum(day - _first_day(month), length - 1), BEGINNING, FOREVER)


def add_calendar(day: Array, amount: Array) -> Array:
    """A day moved by whole months and left-over days."""
    months, rest = np.divmod(np.floor(amount).astype(np.int64), PER_MONTH)
    return np.clip(add_months(day, months) + rest, BEGINNING, FOREVER)


def span(first: Array, second: Array) -> Array:
    """Complete months and days left over from first to second, as 32 * months + days."""
    first, second = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    months = (_month(second) - _month(first)).astype(np.int64)
    months = months - (add_months(first, months) > second)
    return PER_MONTH * months + second - add_months(first, months)


def year(day: Array) -> Array:
    """The calendar year of a day."""
    return np.asarray(day, dtype=np.int64).astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def local_day(instant: Array, zone: str) -> Array:
    """The day at the site of instants in microseconds since 1970-01-01 UTC."""
    here = ZoneInfo(zone)
    unique, back = np.unique(np.asarray(instant, dtype=np.int64), return_inverse=True)
    start = datetime(1970, 1, 1, tzinfo=UTC)
    origin = date(1970, 1, 1).toordinal()
    found = [(start + timedelta(microseconds=int(one))).astimezone(here).date().toordinal() - origin for one in unique]
    return np.asarray(found, dtype=np.int64)[back].reshape(np.shape(instant))
