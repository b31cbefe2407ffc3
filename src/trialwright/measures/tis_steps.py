"""The Total Improvement Score alone, without points and gaps, for millions of simulated participants: compiled.

The same whole numbers as `tis.total_improvement_score`, which is its specification and takes over where the kernel is
not there, where the shapes are unusual, or where a product could leave the 53 bits in which doubles are exact.
"""

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.compute import native
from trialwright.measures.tis import CoreSet, Exact, Limits, Truths, refuse_empty_ranges, total_improvement_score
from trialwright.measures.tis_rules import DEFAULT_RULES, ENZYMES, FIXED_RANGES, TABLE, Row, Rules

SCALES = ("phga", "ptga", "mmt", "haq", "exm")
EXACT = 2**53
NARROW = 2**31


@dataclass(frozen=True, slots=True)
class Steps:
    """TIS in steps of 2.5, meaningful where `computable`, both of the shape (..., visits); and of shape (..., 1) the
    enzyme that is followed, an index into ENZYMES, meaningful where `enzyme_known`."""

    steps: NDArray[np.int8]
    computable: Truths
    enzyme: NDArray[np.int8]
    enzyme_known: Truths


def tis_steps(baseline: CoreSet, follow_up: CoreSet, limits: Limits, rules: Rules = DEFAULT_RULES) -> Steps:
    """The TIS of every participant at every visit.

    Columns of `follow_up` have shape (..., visits), those of `baseline` and the limits (..., 1) or (). Raises
    ValueError for an upper limit or an MMT maximum that is not positive.
    """
    refuse_empty_ranges(limits)
    library = native.library()
    shape = np.broadcast_shapes(*(np.shape(column.units) for column in _columns(follow_up)))
    task = None if library is None or not shape else _prepared(baseline, follow_up, limits, rules, shape)
    if library is None or task is None:
        scored = total_improvement_score(baseline, follow_up, limits, rules)
        enzyme = np.broadcast_to(scored.enzyme, shape)[..., :1]
        known = np.broadcast_to(scored.enzyme_known, shape)[..., :1]
        return Steps(scored.steps, np.asarray(scored.computable), enzyme, known)
    people = (*shape[:-1], 1)
    made = Steps(np.empty(shape, np.int8), np.empty(shape, bool), np.empty(people, np.int8), np.empty(people, bool))
    outputs = (made.steps, made.computable, made.enzyme, made.enzyme_known)
    task.steps, task.computable, task.enzyme_chosen, task.enzyme_known = (one.ctypes.data for one in outputs)
    library.tw_tis.argtypes, library.tw_tis.restype = [ctypes.POINTER(_Task)], None
    if made.steps.size:
        library.tw_tis(ctypes.byref(task))
    return made


def _columns(visit: CoreSet) -> list[Exact]:
    return [*(getattr(visit, name) for name in SCALES), *visit.enzymes.values()]


# ------------------------------------------------------------------ what the kernel reads


class _Column(ctypes.Structure):
    _fields_ = [
        ("units", ctypes.c_void_p),
        ("present", ctypes.c_void_p),
        ("by_person", ctypes.c_int64),
        ("by_visit", ctypes.c_int64),
        ("present_by_person", ctypes.c_int64),
        ("present_by_visit", ctypes.c_int64),
        ("shift", ctypes.c_double),
    ]


class _Row(ctypes.Structure):
    _fields_ = [("cuts", ctypes.c_double * 4), ("steps", ctypes.c_int64 * 5)]


class _Scale(ctypes.Structure):
    _fields_ = [
        ("first", _Column),
        ("second", _Column),
        ("row", _Row),
        ("span", ctypes.c_double),
        ("rising", ctypes.c_int64),
        ("has_span", ctypes.c_int64),
    ]


class _Enzyme(ctypes.Structure):
    _fields_ = [
        ("first", _Column),
        ("second", _Column),
        ("upper", _Column),
        ("numerator", ctypes.c_double),
        ("denominator", ctypes.c_double),
    ]


class _Task(ctypes.Structure):
    _fields_ = [
        ("persons", ctypes.c_int64),
        ("visits", ctypes.c_int64),
        ("enzymes", ctypes.c_int64),
        ("lenient", ctypes.c_int64),
        ("by_range", ctypes.c_int64),
        ("scale", _Scale * len(SCALES)),
        ("enzyme", _Enzyme * len(ENZYMES)),
        ("enzyme_row", _Row),
        ("enzyme_index", ctypes.c_int64 * len(ENZYMES)),
        ("steps", ctypes.c_void_p),
        ("computable", ctypes.c_void_p),
        ("enzyme_chosen", ctypes.c_void_p),
        ("enzyme_known", ctypes.c_void_p),
    ]


class _TooWide(ValueError):
    """A shape or a number that the kernel does not take."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """The shape (..., visits) that columns are laid out for; `held` keeps their arrays alive."""

    shape: tuple[int, ...]
    held: list[NDArray[Any]]

    def column(self, column: Exact, decimals: int, measured: bool = False) -> tuple[_Column, float]:
        """The column in a unit of so many decimals, as it lies in memory where that is possible, and a bound of its
        absolute values there: their greatest where it is `measured`, else that of the type."""
        units, present = np.asarray(column.units), np.asarray(column.present)
        shape = np.broadcast_shapes(units.shape, present.shape)
        if units.dtype == object or (shape and shape[-1] not in (1, self.shape[-1])):
            raise _TooWide
        bound = NARROW
        if measured or units.dtype.itemsize > 4:
            bound = max(abs(int(units.max(initial=0))), abs(int(units.min(initial=0))))
        if bound > NARROW:
            raise _TooWide
        # A value for everybody stays one value; people with one visit stay one column.
        whole = (1, 1) if not shape or all(size == 1 for size in shape) else (*self.shape[:-1], shape[-1])
        values = _flat(units.astype(np.int32, copy=False), whole)
        known = _flat(present.astype(np.bool_, copy=False), whole)
        self.held.extend((values, known))
        shift = 10 ** (decimals - column.decimals)
        steps = (values.strides[0] // 4, values.strides[1] // 4, known.strides[0], known.strides[1])
        made = _Column(values.ctypes.data, known.ctypes.data, *(_steps(values.shape, steps)), float(shift))
        return made, float(bound * shift)


def _flat(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The array with people on the first axis and visits on the last, a view where it can be one."""
    return np.broadcast_to(array, shape).reshape(-1, shape[-1])


def _steps(shape: tuple[int, ...], steps: tuple[int, ...]) -> tuple[int, ...]:
    """How far the next person and the next visit lie, in elements; an axis with one place is never walked along."""
    people, visits = shape[0] > 1, shape[1] > 1
    return tuple(step if walked else 0 for step, walked in zip(steps, (people, visits) * 2, strict=True))


def _prepared(
    baseline: CoreSet, follow_up: CoreSet, limits: Limits, rules: Rules, shape: tuple[int, ...]
) -> "_Task | None":
    """Everything laid out for the kernel, or None where it does not take it."""
    task = _Task(persons=int(np.prod(shape[:-1], dtype=np.int64)), visits=shape[-1])
    layout = _Layout(shape, [])
    try:
        for place, name in enumerate(SCALES):
            task.scale[place] = _scale(layout, name, baseline, follow_up, limits)
        _enzymes(task, layout, baseline, follow_up, limits, rules)
    except _TooWide:
        return None
    task.lenient = int(rules.missing == "lenient")
    task.by_range = int(rules.enzyme_choice == "value_over_range")
    task.enzyme_row = _row(TABLE["enzyme"])
    task.held = layout.held
    return task


def _row(row: Row) -> _Row:
    return _Row((ctypes.c_double * 4)(*row.cuts), (ctypes.c_int64 * 5)(*row.steps))


def _scale(layout: _Layout, name: str, baseline: CoreSet, follow_up: CoreSet, limits: Limits) -> _Scale:
    first, second = getattr(baseline, name), getattr(follow_up, name)
    decimals = max(first.decimals, second.decimals, limits.mmt_max.decimals if name == "mmt" else 0)
    if name == "mmt":
        if np.size(limits.mmt_max.units) != 1 or np.size(limits.mmt_max.present) != 1:
            raise _TooWide
        units = int(np.asarray(limits.mmt_max.units).reshape(()))
        span = float(units * 10 ** (decimals - limits.mmt_max.decimals))
        has_span = bool(np.asarray(limits.mmt_max.present).reshape(()))
    else:
        span, has_span = float(FIXED_RANGES[name] * 10**decimals), True
    before, peak = layout.column(first, decimals)
    after, other = layout.column(second, decimals)
    if 200 * max(peak, other, span) >= EXACT:
        raise _TooWide
    return _Scale(before, after, _row(TABLE[name]), span, int(name == "mmt"), int(has_span))


ABSENT = Exact(np.array(0, dtype=np.int32), 0, np.False_)
NO_LIMIT = Exact(np.array(1, dtype=np.int32), 0, np.False_)


def _enzymes(
    task: "_Task", layout: _Layout, baseline: CoreSet, follow_up: CoreSet, limits: Limits, rules: Rules
) -> None:
    greatest = [1.0, 1.0]
    for index, name in enumerate(one for one in ENZYMES if one in baseline.enzymes):
        columns = (
            baseline.enzymes[name],
            follow_up.enzymes.get(name, ABSENT),
            limits.upper_limits.get(name, NO_LIMIT),
        )
        decimals = max(column.decimals for column in columns)
        first, peak = layout.column(columns[0], decimals, measured=True)
        second, later = layout.column(columns[1], decimals)
        upper, limit = layout.column(columns[2], decimals, measured=True)
        if (first.by_visit, upper.by_visit) != (0, 0):
            raise _TooWide
        multiple = rules.enzyme_ranges[name].upper_limits
        factor = max(multiple.numerator, multiple.denominator)
        greatest = [max(greatest[0], peak * factor), max(greatest[1], limit * factor)]
        if 200 * factor * max(peak, later, limit) >= EXACT:
            raise _TooWide
        task.enzyme[index] = _Enzyme(first, second, upper, float(multiple.numerator), float(multiple.denominator))
        task.enzyme_index[index] = ENZYMES.index(name)
        task.enzymes = index + 1
    if greatest[0] * greatest[1] >= EXACT:
        raise _TooWide
