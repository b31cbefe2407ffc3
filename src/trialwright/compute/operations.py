"""The operations of the expression language on columns: one value per participant, each known, unknown or not
applicable.

The table `ARRAYS` has the names that `logic.compile` asks for; `logic.PLAIN` says what each means for one
participant, and a property test proves the two equal. Numbers are binary floats here: two that differ by less than
one part in 10^12 count as equal, so that a decimal boundary such as 10 % is met as it is in exact arithmetic.

An environment is a mapping from names to columns (or single values), lists are `Rows`, dates are days since
1970-01-01, calendar spans 32 * months + days, instants microseconds since 1970-01-01 UTC.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from trialwright.compute import lists, periods
from trialwright.compute.columns import (
    KNOWN,
    NOT_APPLICABLE,
    UNKNOWN,
    Array,
    Column,
    Rows,
    column,
    known_truths,
    select,
    worst,
)
from trialwright.compute.truths import (
    CLOSE,
    all_of_columns,
    any_of_columns,
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    member,
    negation,
    not_equal,
)

Closure = Callable[[Any, Any, Any], Any]
_NOTHING: Mapping[str, Any] = MappingProxyType({})


# --- arithmetic ------------------------------------------------------------------------------------------------------


def _corners(operation: Callable[[Array, Array], Array]) -> Callable[[Column, Column], Column]:
    """An operation on values, and on intervals by its values at the ends."""

    def result(left: Column, right: Column) -> Column:
        state = worst(left, right)
        if left.high is None and right.high is None:
            return Column(operation(left.values, right.values), state)
        ends = [operation(a, b) for a in (left.values, left.upper) for b in (right.values, right.upper)]
        lows, highs = (
            choose(choose(ends[0], ends[1]), choose(ends[2], ends[3])) for choose in (np.minimum, np.maximum)
        )
        return Column(lows, state, highs)

    return result


add, subtract = _corners(np.add), _corners(np.subtract)
_product = _corners(np.multiply)


def multiply(left: Column, right: Column) -> Column:
    """left * right; a dose keeps the unit that it carries."""
    return replace(_product(left, right), unit=left.unit if left.unit is not None else right.unit)


def divide(left: Column, right: Column) -> Column:
    zero = (right.values <= 0) & (right.upper >= 0)
    one = np.asarray(1.0)
    safe = Column(
        np.where(zero, one, right.values), right.state, None if right.high is None else np.where(zero, one, right.high)
    )
    quotient = _corners(np.true_divide)(left, safe)
    state = np.where((quotient.state == KNOWN) & zero, UNKNOWN, quotient.state).astype(np.int8)
    return replace(quotient, state=state)


def negative(part: Column) -> Column:
    return Column(-part.upper, part.state, None if part.high is None else -part.values)


def absolute(part: Column) -> Column:
    if part.high is None:
        return Column(np.abs(part.values), part.state)
    sizes = np.abs(part.values), np.abs(part.high)
    across = (part.values <= 0) & (part.high >= 0)
    return Column(np.where(across, 0, np.minimum(*sizes)), part.state, np.maximum(*sizes))


def rounded(part: Column, digits: int) -> Column:
    def nearest(values: Array) -> Array:
        scale = 10.0**digits
        size = np.abs(values) * scale
        return np.sign(values) * np.floor(size + 0.5 + CLOSE * np.maximum(size, 1)) / scale

    return Column(nearest(part.values), part.state, None if part.high is None else nearest(part.high))


def scale(part: Column, factor: Any) -> Column:
    return multiply(part, column(factor))


# --- presence --------------------------------------------------------------------------------------------------------


def _always(values: Array) -> Column:
    return Column(np.asarray(values), np.zeros(np.shape(values), dtype=np.int8))


def none_known(rows: Any) -> Column:
    """Asked and answered with none; a list of nobody knows what is asked of it in vain."""
    if not isinstance(rows, Rows):
        return Column(np.asarray(False), np.where(rows.state == NOT_APPLICABLE, NOT_APPLICABLE, KNOWN).astype(np.int8))
    empty = np.bincount(rows.owner, minlength=len(rows.state)) == 0
    state = np.where(rows.state == NOT_APPLICABLE, NOT_APPLICABLE, KNOWN).astype(np.int8)
    return Column(empty & (rows.state == KNOWN), state)


# --- dates, codes, doses ---------------------------------------------------------------------------------------------


def span_between(first: Column, second: Column) -> Column:
    return _from_to(periods.span, first, second)


def days_between(first: Column, second: Column) -> Column:
    return _from_to(lambda start, end: end - start, first, second)


def _from_to(measure: Callable[[Array, Array], Array], first: Column, second: Column) -> Column:
    high = None
    if first.high is not None or second.high is not None:
        high = measure(first.values, second.upper)
    return Column(measure(first.upper, second.values), worst(first, second), high)


def seconds_between(first: Column, second: Column) -> Column:
    return Column((second.values - first.values) / 1_000_000, worst(first, second))


def _moved(move: Callable[[Array, Array], Array]) -> Callable[[Column, Column], Column]:
    def moved(day: Column, amount: Column) -> Column:
        high = None
        if day.high is not None or amount.high is not None:
            high = move(day.upper, amount.upper)
        return Column(move(day.values, amount.values), worst(day, amount), high)

    return moved


def _later(day: Array, amount: Array) -> Array:
    return np.clip(day + np.floor(amount).astype(np.int64), periods.BEGINNING, periods.FOREVER)


def move_seconds(instant: Column, seconds: Column) -> Column:
    moved = instant.values + np.rint(seconds.values * 1_000_000).astype(np.int64)
    return Column(moved, worst(instant, seconds))


def end_of(stop: Column, ongoing: Column) -> Column:
    open_ended = ((ongoing.state == KNOWN) & ongoing.values.astype(bool)) | (stop.state == NOT_APPLICABLE)
    return select(open_ended, column(periods.FOREVER), stop)


def days_of(start: Column, end: Column, anchor: Column) -> Column:
    shortest = np.minimum(end.values, anchor.values) - start.upper + 1
    longest = np.minimum(end.upper, anchor.upper) - start.values + 1
    return Column(np.maximum(0, shortest), worst(start, end, anchor), np.maximum(0, longest))


def year(day: Column) -> Column:
    return Column(periods.year(day.values), day.state, None if day.high is None else periods.year(day.high))


def code_number(code: Column) -> Column:
    known = code.state == KNOWN
    return Column(np.where(known, code.values, "0").astype(np.int64), code.state)


def prednisone(drug: Column, dose: Column, factors: Mapping[str, Any]) -> Column:
    factor = np.zeros(np.shape(drug.values))
    for name, times in factors.items():
        factor = np.where(drug.values == name, float(times), factor)
    found = multiply(dose, Column(factor, drug.state))
    return replace(found, state=np.where((found.state == KNOWN) & (factor == 0), UNKNOWN, found.state).astype(np.int8))


def in_unit(value: Column, weight: Column, units: tuple[bool, Callable[..., Any]]) -> Column:
    """A quantity in the target unit, each value by the unit that it carries; unknown where that does not convert."""
    codes = np.asarray("") if value.unit is None else value.unit
    plain = replace(value, unit=None)
    out = replace(plain, state=np.maximum(plain.state, UNKNOWN).astype(np.int8))
    for code in np.unique(codes):
        conversion = units[1](None if value.unit is None else str(code))
        if conversion is None:
            continue
        factor, power = conversion
        amount = multiply(plain, column(factor))
        amount = amount if power == 0 else multiply(amount, weight) if power > 0 else divide(amount, weight)
        out = select(np.asarray(codes == code), amount, out)
    return out


def contains(listed: Any, value: Column) -> Column:
    if not isinstance(listed, Rows):
        return Column(np.asarray(False), worst(listed, value))
    part = listed.columns
    assert isinstance(part, Column)
    found = lists.any_row(listed, equal(part, value.take(listed.owner)))
    return replace(
        found, state=np.maximum(found.state, np.broadcast_to(value.state, found.state.shape)).astype(np.int8)
    )


# --- builders --------------------------------------------------------------------------------------------------------


def literal(value: Any) -> Closure:
    lifted = column(value)
    return lambda env, it, context: lifted


def name(key: str) -> Closure:
    return lambda env, it, context: column(env.get(key))


def derived(key: str, meaning: Closure) -> Closure:
    def value(env: Any, it: Any, context: Any) -> Any:
        given = env.get(key)
        if given is None:
            return meaning(env, it, context)
        found = column(given)
        if not isinstance(found, Column) or not np.any(found.state == UNKNOWN):
            return found
        return select(found.state == UNKNOWN, meaning(env, it, context), found)

    return value


def row(_: None) -> Closure:
    return lambda env, it, context: it


def field(key: str, holder: Closure) -> Closure:
    def value(env: Any, it: Any, context: Any) -> Any:
        record = holder(env, it, context)
        return record if isinstance(record, Column) else column(record.get(key))

    return value


def listed_field(key: str, listed: Closure) -> Closure:
    def value(env: Any, it: Any, context: Any) -> Any:
        rows = listed(env, it, context)
        if not isinstance(rows, Rows):
            return rows
        assert isinstance(rows.columns, Mapping)
        return Rows(rows.owner, column(rows.columns.get(key)), rows.state)

    return value


def judgement(asked: tuple[str, str, str]) -> Closure:
    identifier = asked[2]

    def value(env: Any, it: Any, context: Any) -> Any:
        made = context.judgements.get(identifier) if it is None or isinstance(it, Column) else it.get(identifier)
        return column(made)

    return value


def choice(_: None, condition: Closure, first: Closure, second: Closure) -> Closure:
    def value(env: Any, it: Any, context: Any) -> Any:
        asked, left, right = (part(env, it, context) for part in (condition, first, second))
        true, false, unknown = known_truths(asked)
        agree = equal(left, right)
        same = ((agree.state == KNOWN) & agree.values) | ((left.state != KNOWN) & (left.state == right.state))
        neither = Column(left.values, np.where(unknown, UNKNOWN, NOT_APPLICABLE).astype(np.int8))
        return select(true | (unknown & same), left, select(false, right, neither))

    return value


def applies_if(_: None, condition: Closure, part: Closure) -> Closure:
    def value(env: Any, it: Any, context: Any) -> Any:
        asked, found = condition(env, it, context), part(env, it, context)
        true, _, unknown = known_truths(asked)
        aside = Column(found.values, np.where(unknown, UNKNOWN, NOT_APPLICABLE).astype(np.int8))
        return select(true, found, aside)

    return value


def count_true(_: None, *parts: Closure) -> Closure:
    def value(env: Any, it: Any, context: Any) -> Any:
        marks = [known_truths(part(env, it, context)) for part in parts]
        low = sum((mark[0].astype(np.int64) for mark in marks), np.asarray(0))
        high = low + sum((mark[2].astype(np.int64) for mark in marks), np.asarray(0))
        return Column(low, np.zeros(np.shape(low), dtype=np.int8), high)

    return value


def at_visit(visit: str, part: Closure) -> Closure:
    return lambda env, it, context: part(_within(_within(env, "at"), visit), it, context)


def _within(env: Any, name: str) -> Any:
    inner = env.get(name)
    return _NOTHING if inner is None else inner


def _joined(join: Callable[[list[Column]], Column]) -> Callable[..., Closure]:
    return lambda _, *parts: lambda env, it, context: join([part(env, it, context) for part in parts])


def local_date(_: None, instant: Closure) -> Closure:
    def value(env: Any, it: Any, context: Any) -> Any:
        found = instant(env, it, context)
        return replace(found, values=periods.local_day(found.values, context.zone))

    return value


ARRAYS: dict[str, Callable[..., Any]] = {
    "literal": literal,
    "name": name,
    "derived": derived,
    "row": row,
    "field": field,
    "column": listed_field,
    "anchor": lambda key: lambda env, it, context: column(context.dates.get(key)),
    "weight": lambda _: lambda env, it, context: column(context.weight),
    "local_date": local_date,
    "judgement": judgement,
    "and": _joined(all_of_columns),
    "or": _joined(any_of_columns),
    "if": choice,
    "applies_if": applies_if,
    "exists": lists.over(lists.any_row),
    "every": lists.over(lists.every_row),
    "for_each": lists.over(lists.any_row),
    "count_rows": lists.over(lists.how_many),
    "count_true": count_true,
    "previous": lambda _, part: lambda env, it, context: part(_within(env, "prev"), it, context),
    "at_visit": at_visit,
    "not": negation,
    "less": less,
    "less_equal": less_equal,
    "greater": greater,
    "greater_equal": greater_equal,
    "equal": equal,
    "not_equal": not_equal,
    "member": member,
    "contains": contains,
    "add": add,
    "subtract": subtract,
    "multiply": multiply,
    "divide": divide,
    "negative": negative,
    "absolute": absolute,
    "round": rounded,
    "scale": scale,
    "in_unit": in_unit,
    "missing": lambda part: _always(part.state == UNKNOWN),
    "known": lambda part: _always(part.state == KNOWN),
    "asked": lambda part: _always(part.state != UNKNOWN),
    "none_known": none_known,
    "applicable": lambda part: _always(part.state != NOT_APPLICABLE),
    "sum_list": lists.of_list(lists.total),
    "mean_list": lists.of_list(lists.mean),
    "min_list": lists.of_list(lists.least),
    "max_list": lists.of_list(lists.most),
    "sum_of": lists.of_parts(lists.total),
    "mean_of": lists.of_parts(lists.mean),
    "min_of": lists.of_parts(lists.least),
    "max_of": lists.of_parts(lists.most),
    "span_between": span_between,
    "days_between": days_between,
    "seconds_between": seconds_between,
    "move_days": _moved(_later),
    "move_calendar": _moved(periods.add_calendar),
    "move_seconds": move_seconds,
    "end_of": end_of,
    "days_of": days_of,
    "year": year,
    "code_number": code_number,
    "prednisone": prednisone,
}
