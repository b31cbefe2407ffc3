"""Dates: partial dates as intervals, calendar spans, windows, and the local date of an instant.

A span between two dates is the number of complete calendar months and the days left over, in one integer `32 * months
+ days`: complete months are the largest n with first + n months <= second, and a month added to the 31st ends on the
last day of a shorter month.
"""

import re
from calendar import monthrange
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from trialwright.logic.truth import Between, between
from trialwright.logic.units import CALENDAR_PER_MONTH

_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
FOREVER = date.max


def partial_date(text: str) -> Any:
    """'2024-03-01' is a date; '2024-03' and '2024' are the interval of their days. Raises ValueError."""
    match = _PARTIAL.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a date: write 2024-03-01, 2024-03 or 2024")
    year, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None
    if month is None:
        return Between(date(year, 1, 1), date(year, 12, 31))
    if day is None:
        return Between(
            date(year, month, 1), date(year, month, monthrange(year, month)[1]) if 0 < month < 13 else date.max
        )
    return date(year, month, day)


def add_months(day: date, months: int) -> date:
    """The same day of another month, or its last day where the month is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return date.max if months > 0 else date.min
    month += 1
    # only days after the 28th can be too many for a month, and this is on the path of every edit check
    return date(year, month, day.day if day.day < 29 else min(day.day, monthrange(year, month)[1]))


def add_days(day: date, days: int) -> date:
    """A date some days later or earlier, held at the ends of the calendar."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def add_calendar(day: date, amount: int) -> date:
    """A date moved by a calendar amount in 1/32 months (whole months, then left-over days)."""
    months, days = divmod(amount, CALENDAR_PER_MONTH)
    moved = add_months(day, months)
    return add_days(moved, days) if days else moved


def span(first: date, second: date) -> int:
    """Complete months and left-over days from first to second, as 32 * months + days; negative where second is
    earlier.
    """
    months = (second.year - first.year) * 12 + second.month - first.month
    if add_months(first, months) > second:
        months -= 1
    return CALENDAR_PER_MONTH * months + (second - add_months(first, months)).days


def low(value: Any) -> Any:
    """The earliest it can be."""
    return value.low if isinstance(value, Between) else value


def high(value: Any) -> Any:
    """The latest it can be."""
    return value.high if isinstance(value, Between) else value


def span_between(first: Any, second: Any) -> Any:
    """The span of dates that may be partial: from the shortest it can be to the longest."""
    if type(first) is date and type(second) is date:
        return span(first, second)
    return between(span(high(first), low(second)), span(low(first), high(second)))


def days_between(first: Any, second: Any) -> Any:
    """Days from first to second; an interval where a date is partial."""
    if type(first) is date and type(second) is date:
        return (second - first).days
    return between((low(second) - high(first)).days, (high(second) - low(first)).days)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local_date(instant: Any, zone: str) -> date:
    """The date of an aware instant at the site; a naive one is taken as local time already."""
    if isinstance(instant, datetime):
        return instant.astimezone(_zone(zone)).date() if instant.tzinfo is not None else instant.date()
    return instant


def span_words(amount: int) -> str:
    """'11 months 4 days' of a calendar amount."""
    months, days = divmod(int(amount), CALENDAR_PER_MONTH)
    years, rest = divmod(months, 12)
    parts = [(years, "year"), (rest, "month"), (days, "day")]
    return " ".join(f"{n} {word}{'' if n == 1 else 's'}" for n, word in parts if n) or "0 days"
