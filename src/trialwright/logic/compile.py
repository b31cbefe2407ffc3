"""From a checked tree to a function: one closure per operation, over whichever table of operations is handed in."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from trialwright.logic.builders import BUILDERS
from trialwright.logic.plain import PLAIN
from trialwright.logic.typed import Typed
from trialwright.logic.values import Context

Closure = Callable[..., Any]
OVER_ROWS = ("exists", "every", "for_each", "count_rows")
NO_CONTEXT = Context()


def has_judgement(typed: Typed) -> bool:
    """Whether a judgement stands anywhere in the tree."""
    return typed.operation == "judgement" or any(has_judgement(part) for part in typed.parts)


def closure(typed: Typed, table: Mapping[str, Callable[..., Any]]) -> Closure:
    """The closure f(environment, it, context) of a checked tree."""
    operation, data = typed.operation, typed.data
    if operation == "named":
        return closure(typed.parts[0], table)
    parts = [closure(part, table) for part in typed.parts]
    if operation in OVER_ROWS:
        data = any(has_judgement(part) for part in typed.parts[1:])
    if operation in BUILDERS:
        return table[operation](data, *parts)
    return _call(table[operation], parts, typed)


def _call(function: Callable[..., Any], parts: list[Closure], typed: Typed) -> Closure:
    """Calls of one and two parts are written out, since every edit check consists of them."""
    data = typed.data
    match parts:
        case [part] if data is None:
            return lambda env, it, context: function(part(env, it, context))
        case [part]:
            return lambda env, it, context: function(part(env, it, context), data)
        case [left, right] if data is None:
            return lambda env, it, context: function(left(env, it, context), right(env, it, context))
    extra = () if data is None else (data,)
    return lambda env, it, context: function(*[part(env, it, context) for part in parts], *extra)


def compile(typed: Typed, operations: Mapping[str, Callable[..., Any]] = PLAIN) -> Callable[..., Any]:
    """A function (environment, context) -> value: True, False, UNKNOWN, NOT_APPLICABLE for conditions, else a value
    or an absent one.

    With another table of operations (`compute.operations.ARRAYS`) the same tree works on columns.
    """
    inner = closure(typed, operations)

    def evaluate(environment: Mapping[str, Any], context: Any = NO_CONTEXT) -> Any:
        return inner(environment, None, context)

    return evaluate


@lru_cache(maxsize=8192)
def plain(typed: Typed) -> Closure:
    """The plain closure of a tree, made once."""
    return closure(typed, PLAIN)


def evaluate(typed: Typed, environment: Mapping[str, Any], context: Context = NO_CONTEXT) -> Any:
    """The value of a checked expression for one participant."""
    return plain(typed)(environment, None, context)
