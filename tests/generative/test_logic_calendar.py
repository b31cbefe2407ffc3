"""Spans between dates against the plain meaning: a span is at most n months exactly when n months later it is not yet
past.
"""

from calendar import monthrange
from datetime import date, timedelta

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trialwright.compute import periods
from trialwright.logic import calendar

DAYS = st.dates(date(1920, 1, 1), date(2080, 12, 31))
QUICK = settings(max_examples=300, deadline=None)
EPOCH = date(1970, 1, 1)


def _months_later(day: date, months: int) -> date:
    """Month by month, as on a wall calendar."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


@QUICK
@given(DAYS, st.integers(0, 60), st.integers(-40, 40))
@example(date(2024, 1, 31), 1, 0)
@example(date(2024, 2, 29), 12, 0)
def test_a_span_compares_with_months_as_the_dates_do(first: date, months: int, near: int) -> None:
    limit = _months_later(first, months)
    second = limit + timedelta(days=near)
    span = calendar.span(first, second)
    assert calendar.add_months(first, months) == limit
    assert (span >= 32 * months) == (second >= limit)
    assert (span > 32 * months) == (second > limit)


@QUICK
@given(DAYS, DAYS)
def test_a_span_added_to_its_first_date_gives_the_second(first: date, second: date) -> None:
    months, days = divmod(calendar.span(first, second), 32)
    assert calendar.add_months(first, months) + timedelta(days=days) == second
    assert 0 <= days <= 30


@QUICK
@given(DAYS, DAYS, DAYS)
def test_a_later_end_makes_no_shorter_span_and_a_later_start_no_longer_one(one: date, two: date, three: date) -> None:
    first, second, third = sorted((one, two, three))
    assert calendar.span(first, second) <= calendar.span(first, third)
    assert calendar.span(second, third) <= calendar.span(first, third)


@QUICK
@given(st.lists(st.tuples(DAYS, DAYS, st.integers(-500, 500)), min_size=1, max_size=20))
def test_arrays_of_days_follow_the_same_calendar(rows: list[tuple[date, date, int]]) -> None:
    first, second = (np.asarray([(row[k] - EPOCH).days for row in rows]) for k in (0, 1))  # type: ignore[operator]
    months = np.asarray([row[2] for row in rows])
    assert periods.span(first, second).tolist() == [calendar.span(row[0], row[1]) for row in rows]
    moved = [(calendar.add_months(row[0], row[2]) - EPOCH).days for row in rows]
    assert periods.add_months(first, months).tolist() == moved
