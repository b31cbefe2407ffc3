"""Comparison and three-valued truth on columns."""

from typing import Any

import numpy as np

from trialwright.compute.columns import KNOWN, UNKNOWN, Array, Column, column, known_truths, truth, worst

CLOSE = 1e-12
TEXT = "USO"


def _same(left: Array, right: Array) -> Array:
    """Equality of numbers up to the last bits; of anything else as it is."""
    if (left.dtype.kind in TEXT) != (right.dtype.kind in TEXT):  # a column nobody answered has no kind of its own
        return np.zeros(np.broadcast_shapes(left.shape, right.shape), dtype=bool)
    if left.dtype.kind == "f" or right.dtype.kind == "f":
        return np.abs(left - right) <= CLOSE * np.maximum(np.abs(left), np.abs(right))
    return np.asarray(left == right)


def _below(left: Array, right: Array) -> Array:
    return np.asarray((left < right) & ~_same(left, right))


def _ordered(yes: Array, no: Array, left: Column, right: Column) -> Column:
    state = worst(left, right)
    state = np.where((state == KNOWN) & ~yes & ~no, UNKNOWN, state).astype(np.int8)
    return Column(np.asarray(yes & (state == KNOWN)), state)


def less(left: Column, right: Column) -> Column:
    return _ordered(_below(left.upper, right.values), ~_below(left.values, right.upper), left, right)


def greater(left: Column, right: Column) -> Column:
    return less(right, left)


def greater_equal(left: Column, right: Column) -> Column:
    return negation(less(left, right))


def less_equal(left: Column, right: Column) -> Column:
    return negation(less(right, left))


def equal(left: Column, right: Column) -> Column:
    same = _same(left.values, right.values)
    if left.high is None and right.high is None:
        return Column(np.asarray(same & (worst(left, right) == KNOWN)), worst(left, right))
    apart = _below(left.upper, right.values) | _below(right.upper, left.values)
    points = _same(left.values, left.upper) & _same(right.values, right.upper)
    return _ordered(same & points, apart, left, right)


def not_equal(left: Column, right: Column) -> Column:
    return negation(equal(left, right))


def member(value: Column, options: tuple[Any, ...]) -> Column:
    return any_of_columns([equal(value, column(option)) for option in options])


# --- truth -----------------------------------------------------------------------------------------------------------


def negation(part: Column) -> Column:
    return Column(np.asarray(~part.values.astype(bool) & (part.state == KNOWN)), part.state)


def all_of_columns(parts: list[Column]) -> Column:
    """Kleene's and; the not applicable drops out."""
    true, false, unknown = _tallied(parts)
    return truth(~false & ~unknown & true, false, unknown & ~false)


def any_of_columns(parts: list[Column]) -> Column:
    """Kleene's or; the not applicable drops out."""
    true, false, unknown = _tallied(parts)
    return truth(true, ~true & ~unknown & false, unknown & ~true)


def _tallied(parts: list[Column]) -> tuple[Array, Array, Array]:
    true, false, unknown = known_truths(parts[0])
    for part in parts[1:]:
        more = known_truths(part)
        true, false, unknown = true | more[0], false | more[1], unknown | more[2]
    return true, false, unknown
