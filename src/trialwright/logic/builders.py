"""What decides on evaluation itself, for one participant: names, rows of a list, short circuit, visits.

A builder gets what the checked tree says and the closures of the parts, and gives a closure `f(environment, it,
context)`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from trialwright.logic import calendar
from trialwright.logic.truth import (
    NOT_APPLICABLE,
    UNKNOWN,
    Absent,
    any_true,
    conjunction,
    equal,
    every_true,
    how_many,
    negation,
)
from trialwright.logic.values import Context, row_key

Closure = Callable[[Mapping[str, Any], Any, Context], Any]
_NO_VISIT: Mapping[str, Any] = MappingProxyType({})


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
