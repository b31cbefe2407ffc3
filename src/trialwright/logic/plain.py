"""The operations of the language for one participant, on plain Python values: the meaning that every other table must
reproduce.

Two sorts stand in the table. Operations on values get values. Builders (the names in `BUILDERS`) get what the checked
tree says and the closures of the parts, and give a closure `f(environment, it, context)`; they decide what is
evaluated at all (short circuit, rows of a list).
"""

import operator
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from trialwright.logic import calendar
from trialwright.logic.functions import EQUIVALENT_TO_5_MG_PREDNISONE
from trialwright.logic.truth import (
    NOT_APPLICABLE,
    UNKNOWN,
    Absent,
    Between,
    between,
    conjunction,
    disjunction,
    negation,
)
from trialwright.logic.typed import exact
from trialwright.logic.units import UnitError, conversion, unit
from trialwright.logic.values import Context, Quantity, row_key

Closure = Callable[[Mapping[str, Any], Any, Context], Any]
_NO_VISIT: Mapping[str, Any] = MappingProxyType({})


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
        return _absent(left, right)
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


def _absent(*values: Any) -> Any:
    """Which absent value stands for the whole: not applicable wins over unknown; None where nothing is absent."""
    result = None
    for value in values:
        if value.__class__ is Absent:
            if value is NOT_APPLICABLE:
                return value
            result = value
    return result


# --- comparison ------------------------------------------------------------------------------------------------------


def equal(left: Any, right: Any) -> Any:
    """Equality that answers unknown for the unknown and for overlapping intervals."""
    if left.__class__ is Absent or right.__class__ is Absent:
        return _absent(left, right)
    if left.__class__ is Between or right.__class__ is Between:
        apart = calendar.high(left) < calendar.low(right) or calendar.high(right) < calendar.low(left)
        return False if apart else UNKNOWN
    return left == right


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
        return _absent(listed, value)
    return any_true([equal(UNKNOWN if each is None else each, value) for each in listed])


def any_true(truths: list[Any]) -> Any:
    """Kleene's or over members; of none, false."""
    found = disjunction(truths)
    return False if found is NOT_APPLICABLE else found


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
    absent = _absent(first, second)
    return calendar.span_between(first, second) if absent is None else absent


def days_between(first: Any, second: Any) -> Any:
    """Days from first to second."""
    absent = _absent(first, second)
    return calendar.days_between(first, second) if absent is None else absent


def seconds_between(first: Any, second: Any) -> Any:
    """Seconds from one instant to another, exact to the microsecond."""
    absent = _absent(first, second)
    return exact(Fraction((second - first) // timedelta(microseconds=1), 1_000_000)) if absent is None else absent


def _moved(move: Callable[[date, int], date]) -> Callable[[Any, Any], Any]:
    def moved(day: Any, amount: Any) -> Any:
        absent = _absent(day, amount)
        if absent is not None:
            return absent
        ends = [move(end(day), _whole(end(amount))) for end in (calendar.low, calendar.high)]
        return between(*ends)

    return moved


def _whole(amount: Any) -> int:
    whole = Fraction(amount).__floor__()
    return max(-10_000_000, min(10_000_000, whole))


move_days, move_calendar = _moved(calendar.add_days), _moved(calendar.add_calendar)


def move_seconds(instant: Any, seconds: Any) -> Any:
    """An instant some seconds later."""
    absent = _absent(instant, seconds)
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
    absent = _absent(start, end, anchor)
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


def prednisone(drug: Any, dose: Any) -> Any:
    """The dose of prednisone with the same effect; unknown for a drug that the table lacks."""
    absent = _absent(drug, dose)
    if absent is not None:
        return absent
    same = EQUIVALENT_TO_5_MG_PREDNISONE.get(drug)
    if same is None:
        return UNKNOWN
    factor = exact(Fraction(5) / Fraction(same))
    return Quantity(multiply(dose.number, factor), dose.unit) if isinstance(dose, Quantity) else multiply(dose, factor)


def in_unit(value: Any, weight: Any, units: tuple[Any, Any]) -> Any:
    """A quantity in the target unit; unknown where its own unit does not convert, or the weight is needed and
    missing.
    """
    if value.__class__ is Absent:
        return value
    own, target = units
    try:
        source = unit(value.unit) if isinstance(value, Quantity) else own
        if source is None:
            return UNKNOWN
        factor, power = conversion(source, target)
    except UnitError:
        return UNKNOWN
    amount = multiply(value.number if isinstance(value, Quantity) else value, factor)
    if power == 0:
        return amount
    return multiply(amount, weight) if power > 0 else divide(amount, weight)


def scale(value: Any, factor: Any) -> Any:
    """The same quantity in another unit."""
    return multiply(value, factor)


# --- builders --------------------------------------------------------------------------------------------------------


def literal(value: Any) -> Closure:
    return lambda env, it, context: value


def name(key: str) -> Closure:
    def read(env: Mapping[str, Any], it: Any, context: Context) -> Any:
        value = env.get(key, UNKNOWN)
        return UNKNOWN if value is None else value

    return read


def derived(key: str, meaning: Closure) -> Closure:
    """A derived name: the value that was given, else what its definition says."""

    def read(env: Mapping[str, Any], it: Any, context: Context) -> Any:
        value = env.get(key)
        return meaning(env, it, context) if value is None or value is UNKNOWN else value

    return read


def row(_: None) -> Closure:
    return lambda env, it, context: it


def field(key: str, holder: Closure) -> Closure:
    def read(env: Mapping[str, Any], it: Any, context: Context) -> Any:
        record = holder(env, it, context)
        if record.__class__ is Absent:
            return record
        value = record.get(key, UNKNOWN)
        return UNKNOWN if value is None else value

    return read


def column(key: str, listed: Closure) -> Closure:
    def read(env: Mapping[str, Any], it: Any, context: Context) -> Any:
        rows = listed(env, it, context)
        return (
            rows
            if rows.__class__ is Absent
            else [each if each.__class__ is Absent else each.get(key, UNKNOWN) for each in rows]
        )

    return read


def anchor(key: str) -> Closure:
    return lambda env, it, context: context.dates.get(key, UNKNOWN)


def weight(_: None) -> Closure:
    return lambda env, it, context: UNKNOWN if context.weight is None else context.weight


def local_date(_: None, instant: Closure) -> Closure:
    return lambda env, it, context: calendar.local_date(instant(env, it, context), context.zone)


def judgement(asked: tuple[str, str, str]) -> Closure:
    identifier = asked[2]

    def read(env: Mapping[str, Any], it: Any, context: Context) -> Any:
        key = identifier if it is None or "key" not in it else f"{identifier}[{it['key']}]"
        return context.judgements.get(key, UNKNOWN)

    return read


def all_of(_: None, *parts: Closure) -> Closure:
    def truth(env: Mapping[str, Any], it: Any, context: Context) -> Any:
        result: Any = NOT_APPLICABLE
        for part in parts:
            value = part(env, it, context)
            if value is False:
                return False
            if value is UNKNOWN:
                result = UNKNOWN
            elif value is True and result is NOT_APPLICABLE:
                result = True
        return result

    return truth


def any_of(_: None, *parts: Closure) -> Closure:
    def truth(env: Mapping[str, Any], it: Any, context: Context) -> Any:
        result: Any = NOT_APPLICABLE
        for part in parts:
            value = part(env, it, context)
            if value is True:
                return True
            if value is UNKNOWN:
                result = UNKNOWN
            elif value is False and result is NOT_APPLICABLE:
                result = False
        return result

    return truth


def choice(_: None, condition: Closure, first: Closure, second: Closure) -> Closure:
    def chosen(env: Mapping[str, Any], it: Any, context: Context) -> Any:
        truth = condition(env, it, context)
        if truth is not UNKNOWN:
            return truth if truth is NOT_APPLICABLE else (first if truth else second)(env, it, context)
        left, right = first(env, it, context), second(env, it, context)
        return left if left is right or equal(left, right) is True else UNKNOWN

    return chosen


def applies_if(_: None, condition: Closure, part: Closure) -> Closure:
    def value(env: Mapping[str, Any], it: Any, context: Context) -> Any:
        truth = condition(env, it, context)
        if truth is True:
            return part(env, it, context)
        return UNKNOWN if truth is UNKNOWN else NOT_APPLICABLE

    return value


def _keyed(rows: Any) -> Any:
    """Rows with the key by which their judgements are found."""
    return [
        {**each, "key": row_key(each, number)} if isinstance(each, Mapping) else each
        for number, each in enumerate(rows, 1)
    ]


def _truths(has_judgement: bool, listed: Closure, condition: Closure, gather: Callable[[list[Any]], Any]) -> Closure:
    def value(env: Mapping[str, Any], it: Any, context: Context) -> Any:
        rows = listed(env, it, context)
        if rows.__class__ is Absent:
            return rows
        return gather([condition(env, each, context) for each in (_keyed(rows) if has_judgement else rows)])

    return value


def every_true(truths: list[Any]) -> Any:
    """Kleene's and over members; of none, true."""
    found = conjunction(truths)
    return True if found is NOT_APPLICABLE else found


def how_many(truths: list[Any]) -> Any:
    """How many are true; a range where some are unknown."""
    low = truths.count(True)
    return between(low, low + sum(truth is UNKNOWN for truth in truths))


def exists(has_judgement: bool, listed: Closure, condition: Closure) -> Closure:
    return _truths(has_judgement, listed, condition, any_true)


def every(has_judgement: bool, listed: Closure, condition: Closure) -> Closure:
    return _truths(has_judgement, listed, condition, every_true)


def count_rows(has_judgement: bool, listed: Closure, condition: Closure) -> Closure:
    return _truths(has_judgement, listed, condition, how_many)


def for_each(has_judgement: bool, listed: Closure, where: Closure, unless: Closure) -> Closure:
    """True where some row fits `where` and is not excused by `unless`."""

    def offends(env: Mapping[str, Any], it: Any, context: Context) -> Any:
        fits = where(env, it, context)
        if fits is False or fits is NOT_APPLICABLE:
            return False
        return conjunction((fits, negation(unless(env, it, context))))

    return _truths(has_judgement, listed, offends, any_true)


def count_true(_: None, *parts: Closure) -> Closure:
    return lambda env, it, context: how_many([part(env, it, context) for part in parts])


def previous(_: None, part: Closure) -> Closure:
    return lambda env, it, context: part(env.get("prev") or _NO_VISIT, it, context)


def at_visit(visit: str, part: Closure) -> Closure:
    return lambda env, it, context: part((env.get("at") or _NO_VISIT).get(visit) or _NO_VISIT, it, context)


BUILDERS: dict[str, Callable[..., Closure]] = {
    "literal": literal, "name": name, "derived": derived, "row": row, "field": field, "column": column,
    "anchor": anchor, "weight": weight,
    "local_date": local_date, "judgement": judgement, "and": all_of, "or": any_of, "if": choice,
    "applies_if": applies_if, "exists": exists,
    "every": every, "for_each": for_each, "count_rows": count_rows, "count_true": count_true, "previous": previous,
    "at_visit": at_visit,
}  # fmt: skip
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
