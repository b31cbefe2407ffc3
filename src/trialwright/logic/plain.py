"""The operations of the language for one participant, on plain Python values: the meaning that every other table must
reproduce. What decides on evaluation itself (names, rows, short circuit) stands in `builders.py`.
"""

import operator
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from trialwright.logic import calendar
from trialwright.logic.builders import BUILDERS
from trialwright.logic.truth import (
    NOT_APPLICABLE,
    UNKNOWN,
    Absent,
    Between,
    absent_of,
    any_true,
    between,
    disjunction,
    equal,
    negation,
)
from trialwright.logic.typed import exact
from trialwright.logic.values import Quantity

# --- arithmetic ------------------------------------------------------------------------------------------------------


def _corners(operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """An operation on intervals, from its values at the ends; on a decimal beside a fraction, as fractions."""
    if isinstance(left, Between) or isinstance(right, Between):
        ends = [
            operation(a, b)
            for a in (calendar.low(left), calendar.high(left))
            for b in (calendar.low(right), calendar.high(right))
        ]
        return UNKNOWN if any(isinstance(end, Absent) for end in ends) else between(min(ends), max(ends))
    try:
        return operation(Fraction(left), Fraction(right))
    except (ValueError, OverflowError):  # a float that is no number
        return UNKNOWN


def add(left: Any, right: Any) -> Any:
    """left + right, exact for whole numbers, decimals and fractions."""
    try:
        return left + right
    except TypeError:
        return _corners(add, left, right)


def subtract(left: Any, right: Any) -> Any:
    """left - right"""
    try:
        return left - right
    except TypeError:
        return _corners(subtract, left, right)


def multiply(left: Any, right: Any) -> Any:
    """left * right"""
    try:
        return left * right
    except TypeError:
        return _corners(multiply, left, right)


def divide(left: Any, right: Any) -> Any:
    """left / right as an exact fraction; by zero there is no answer, so it is unknown."""
    if left.__class__ is Absent or right.__class__ is Absent:
        return absent_of(left, right)
    if isinstance(left, Between) or isinstance(right, Between):
        return UNKNOWN if calendar.low(right) <= 0 <= calendar.high(right) else _corners(divide, left, right)
    return UNKNOWN if right == 0 else exact(Fraction(left) / Fraction(right))


def negative(value: Any) -> Any:
    """-value"""
    return Between(-value.high, -value.low) if isinstance(value, Between) else -value


def absolute(value: Any) -> Any:
    """The size of a number."""
    if not isinstance(value, Between):
        return abs(value)
    sizes = (abs(value.low), abs(value.high))
    return between(0 if value.low <= 0 <= value.high else min(sizes), max(sizes))


def rounded(value: Any, digits: int) -> Any:
    """A number rounded to so many digits, halves away from zero."""
    if isinstance(value, Absent):
        return value
    if isinstance(value, Between):
        return between(rounded(value.low, digits), rounded(value.high, digits))
    shifted = abs(Fraction(value)) * 10**digits + Fraction(1, 2)
    whole = shifted.numerator // shifted.denominator
    return exact(Fraction(whole if value >= 0 else -whole, 10**digits))


# --- comparison ------------------------------------------------------------------------------------------------------


def not_equal(left: Any, right: Any) -> Any:
    """The opposite of equal."""
    return negation(equal(left, right))


def member(value: Any, options: tuple[Any, ...]) -> Any:
    """Whether the value is one of the options."""
    if value.__class__ is Absent:
        return value
    if value.__class__ is Between or any(option.__class__ is Between for option in options):
        return disjunction([equal(value, option) for option in options])
    return value in options


def contains(listed: Any, value: Any) -> Any:
    """Whether a list has the value."""
    if listed.__class__ is Absent or value.__class__ is Absent:
        return absent_of(listed, value)
    return any_true([equal(UNKNOWN if each is None else each, value) for each in listed])


# --- presence --------------------------------------------------------------------------------------------------------


def missing(value: Any) -> bool:
    """Whether an answer is missing; what does not apply is not missing."""
    return value is UNKNOWN


def known(value: Any) -> bool:
    """Whether there is a value."""
    return value.__class__ is not Absent


def none_known(value: Any) -> Any:
    """Whether the question was answered with none."""
    return value if value is NOT_APPLICABLE else value is not UNKNOWN and len(value) == 0


def applicable(value: Any) -> bool:
    """Whether the question arises at all."""
    return value is not NOT_APPLICABLE


# --- gathering -------------------------------------------------------------------------------------------------------


def _present(values: Any) -> Any:
    """The applicable values; an absent one where an answer is missing."""
    if values.__class__ is Absent:
        return values
    kept = [UNKNOWN if value is None else value for value in values if value is not NOT_APPLICABLE]
    return UNKNOWN if any(value is UNKNOWN for value in kept) else kept


def sum_list(values: Any) -> Any:
    """The sum; of nothing 0."""
    kept = _present(values)
    if kept.__class__ is Absent:
        return kept
    total: Any = 0
    for value in kept:
        total = add(total, value)
    return total


def mean_list(values: Any) -> Any:
    """The mean; of nothing not applicable."""
    kept = _present(values)
    if kept.__class__ is Absent:
        return kept
    return divide(sum_list(kept), len(kept)) if kept else NOT_APPLICABLE


def _extreme(choose: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def extreme(values: Any) -> Any:
        kept = _present(values)
        if kept.__class__ is Absent:
            return kept
        if not kept:
            return NOT_APPLICABLE
        if any(value.__class__ is Between for value in kept):
            return between(choose(map(calendar.low, kept)), choose(map(calendar.high, kept)))
        return choose(kept)

    return extreme


min_list, max_list = _extreme(min), _extreme(max)


def _of(gather: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda *values: gather(values)


# --- dates -----------------------------------------------------------------------------------------------------------


def span_between(first: Any, second: Any) -> Any:
    """The calendar span from first to second."""
    if first.__class__ is date and second.__class__ is date:
        return calendar.span(first, second)
    absent = absent_of(first, second)
    return calendar.span_between(first, second) if absent is None else absent


def days_between(first: Any, second: Any) -> Any:
    """Days from first to second."""
    absent = absent_of(first, second)
    return calendar.days_between(first, second) if absent is None else absent


def seconds_between(first: Any, second: Any) -> Any:
    """Seconds from one instant to another, exact to the microsecond."""
    absent = absent_of(first, second)
    return exact(Fraction((second - first) // timedelta(microseconds=1), 1_000_000)) if absent is None else absent


def _moved(move: Callable[[date, int], date]) -> Callable[[Any, Any], Any]:
    def moved(day: Any, amount: Any) -> Any:
        if day.__class__ is date and amount.__class__ is int:
            return move(day, _whole(amount))
        absent = absent_of(day, amount)
        if absent is not None:
            return absent
        ends = [move(end(day), _whole(end(amount))) for end in (calendar.low, calendar.high)]
        return between(*ends)

    return moved


def _whole(amount: Any) -> int:
    whole = amount if amount.__class__ is int else Fraction(amount).__floor__()
    return max(-10_000_000, min(10_000_000, whole))


move_days, move_calendar = _moved(calendar.add_days), _moved(calendar.add_calendar)


def move_seconds(instant: Any, seconds: Any) -> Any:
    """An instant some seconds later."""
    absent = absent_of(instant, seconds)
    if absent is not None:
        return absent
    try:
        return instant + timedelta(microseconds=int(Fraction(seconds) * 1_000_000))
    except OverflowError:
        return UNKNOWN


def end_of(stop: Any, ongoing: Any) -> Any:
    """The last day of a treatment; one that still runs, or to which no end applies, ends beyond every date."""
    return calendar.FOREVER if ongoing is True or stop is NOT_APPLICABLE else stop


def days_of(start: Any, end: Any, anchor: Any) -> Any:
    """Days of a treatment up to the anchor, first and last day counted."""
    if start.__class__ is date and end.__class__ is date and anchor.__class__ is date:
        return max(0, ((end if end < anchor else anchor) - start).days + 1)
    absent = absent_of(start, end, anchor)
    if absent is not None:
        return absent
    shortest = (min(calendar.low(end), calendar.low(anchor)) - calendar.high(start)).days + 1
    longest = (min(calendar.high(end), calendar.high(anchor)) - calendar.low(start)).days + 1
    return between(max(0, shortest), max(0, longest))


def year(day: Any) -> Any:
    """The calendar year."""
    return day if day.__class__ is Absent else between(calendar.low(day).year, calendar.high(day).year)


# --- codes and doses -------------------------------------------------------------------------------------------------


def code_number(code: Any) -> Any:
    """The number that a code of a scale is."""
    return code if code.__class__ is Absent else int(code)


def prednisone(drug: Any, dose: Any, factors: Mapping[str, Any]) -> Any:
    """The dose of prednisone with the same effect; unknown for a drug that the table lacks."""
    absent = absent_of(drug, dose)
    if absent is not None:
        return absent
    factor = factors.get(drug)
    if factor is None:
        return UNKNOWN
    return Quantity(multiply(dose.number, factor), dose.unit) if isinstance(dose, Quantity) else multiply(dose, factor)


def in_unit(value: Any, weight: Any, units: tuple[bool, Callable[..., Any]]) -> Any:
    """A quantity in the target unit; unknown where its own unit does not convert, or the weight is needed and
    missing.
    """
    if value.__class__ is Absent:
        return value
    carries = value.__class__ is Quantity
    conversion = units[1](value.unit if carries else None)
    if conversion is None:
        return UNKNOWN
    factor, power = conversion
    amount = multiply(value.number if carries else value, factor)
    if power == 0:
        return amount
    return multiply(amount, weight) if power > 0 else divide(amount, weight)


def scale(value: Any, factor: Any) -> Any:
    """The same quantity in another unit."""
    return multiply(value, factor)


PLAIN: dict[str, Callable[..., Any]] = {
    **BUILDERS,
    "not": negation, "less": operator.lt, "less_equal": operator.le, "greater": operator.gt,
    "greater_equal": operator.ge, "equal": equal,
    "not_equal": not_equal, "member": member, "contains": contains, "add": add, "subtract": subtract,
    "multiply": multiply, "divide": divide,
    "negative": negative, "absolute": absolute, "round": rounded, "scale": scale, "in_unit": in_unit,
    "missing": missing, "known": known,
    "asked": lambda value: value is not UNKNOWN, "none_known": none_known, "applicable": applicable,
    "sum_list": sum_list, "mean_list": mean_list,
    "min_list": min_list, "max_list": max_list, "sum_of": _of(sum_list), "mean_of": _of(mean_list),
    "min_of": _of(min_list),
    "max_of": _of(max_list), "span_between": span_between, "days_between": days_between,
    "seconds_between": seconds_between,
    "move_days": move_days, "move_calendar": move_calendar, "move_seconds": move_seconds, "end_of": end_of,
    "days_of": days_of, "year": year,
    "code_number": code_number, "prednisone": prednisone,
}  # fmt: skip
