"""The Total Improvement Score on arrays, exact: one function scores one visit and ten million simulated ones.

    improvement / range > cut / 100     is decided as     100 * improvement > cut * range

in whole numbers of a unit that both sides share (tenths of a centimetre, thousandths of a HAQ point ...). In binary
floats 1.1 cm to 0.6 cm comes out as 5.000000000000001 % and lands in the wrong level. Where 64 bits could overflow,
the same lines run on Python's unbounded integers. `tis_reference` is the specification; a property test holds the two
equal.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.measures.tis_rules import DEFAULT_RULES, ENZYMES, FIXED_RANGES, MEASURES, STEP, TABLE, Row, Rules

Integers = NDArray[Any]  # int32 or int64, or Python integers where 64 bits do not suffice
Truths = NDArray[np.bool_]
NARROW, WIDE = 2**30, 2**62


class Gap(IntEnum):
    """Why a measure could not be computed."""

    COMPLETE = 0
    BASELINE = 1
    FOLLOW_UP = 2
    BOTH = 3
    REFERENCE = 4  # the maximum of the muscle set, or the upper limit of normal of a measured enzyme


@dataclass(frozen=True, slots=True)
class Exact:
    """A column of exact decimals: value = units / 10**decimals where present. Absent places hold any integer."""

    units: Integers
    decimals: int = 0
    present: Truths | np.bool_ = field(default_factory=lambda: np.True_)


def exact(values: Iterable[int | Decimal | None]) -> Exact:
    """A column from plain numbers, None for "not measured"; for tests and small tables. Raises TypeError for binary
    floats.
    """
    column = list(values)
    if any(isinstance(value, float) for value in column):
        raise TypeError("binary floats are not exact; give integers or Decimals")
    parts = [Decimal(0) if value is None else Decimal(value) for value in column]
    decimals = max((max(0, -int(part.as_tuple().exponent)) for part in parts), default=0)
    present = np.array([value is not None for value in column], dtype=bool)
    return Exact(integers([int(part.scaleb(decimals)) for part in parts]), decimals, present)


def integers(values: Sequence[int]) -> Integers:
    """Whole numbers in the narrowest of int32, int64 and Python's unbounded integers that leaves headroom."""
    return np.array(values, dtype=_kind(max((abs(value) for value in values), default=0)))


def _kind(peak: int) -> Any:
    """The type that holds whole numbers up to `peak` and their sums; narrow ones halve the memory that is moved."""
    if peak < NARROW:
        return np.int32
    return np.int64 if peak < WIDE else object


@dataclass(frozen=True, slots=True)
class CoreSet:
    """The six core set measures of one visit: scales in cm, MMT in grades, HAQ 0 to 3, enzymes in the unit of their
    upper limit.
    """

    phga: Exact
    ptga: Exact
    mmt: Exact
    haq: Exact
    exm: Exact
    enzymes: Mapping[str, Exact]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the measures are judged against: the maximum of the muscle set, and the upper limit of normal of each
    enzyme.
    """

    mmt_max: Exact
    upper_limits: Mapping[str, Exact]


@dataclass(frozen=True, slots=True)
class Scores:
    """What each pair scores; arrays of the broadcast shape of the inputs.

    steps: TIS in steps of 2.5 (0 to 40), meaningful where `computable`. category: index into CATEGORIES, likewise.
    point_steps: per measure, in steps; 0 where its gap is not COMPLETE. gaps: per measure, a `Gap`.
    enzyme: index into ENZYMES of the one followed, meaningful where `enzyme_known`.
    """

    steps: NDArray[np.int8]
    computable: Truths
    category: NDArray[np.int8]
    point_steps: Mapping[str, NDArray[np.int8]]
    gaps: Mapping[str, NDArray[np.int8]]
    enzyme: NDArray[np.int8]
    enzyme_known: Truths

    @property
    def tis(self) -> np.ma.MaskedArray[Any, Any]:
        """TIS in points, masked where not computable; multiples of 2.5 are exact in binary."""
        return np.ma.masked_array(self.steps * float(STEP), mask=~self.computable)


def total_improvement_score(
    baseline: CoreSet, follow_up: CoreSet, limits: Limits, rules: Rules = DEFAULT_RULES
) -> Scores:
    """The TIS of every pair (baseline, follow-up); inputs of any shapes that broadcast.

    Points per measure come from the table of `tis_rules`; improvement is against baseline, worsening scores 0 and
    never subtracts. Raises ValueError for an upper limit or an MMT maximum that is not positive. Source: Aggarwal
    2017, doi 10.1002/art.40064.
    """
    refuse_empty_ranges(limits)
    point_steps: dict[str, NDArray[np.int8]] = {}
    gaps: dict[str, NDArray[np.int8]] = {}
    for measure in MEASURES:
        if measure == "enzyme":
            levels, gap, enzyme, known = _enzyme(baseline, follow_up, limits, rules)
        elif measure == "mmt":
            levels, gap = _mmt(baseline.mmt, follow_up.mmt, limits.mmt_max)
        else:
            levels, gap = _scale(measure, getattr(baseline, measure), getattr(follow_up, measure))
        steps = np.array(TABLE[measure].steps, dtype=np.int8)[levels]
        point_steps[measure] = np.where(gap == Gap.COMPLETE, steps, np.int8(0))
        gaps[measure] = gap
    total = _sum(point_steps.values())
    unknown = _sum(gap != Gap.COMPLETE for gap in gaps.values())
    computable = unknown == 0 if rules.missing == "strict" else unknown < len(MEASURES)
    category = _sum(total >= cut for cut in rules.criteria.cuts_in_steps)
    return Scores(total, computable, category, point_steps, gaps, enzyme, known)


def refuse_empty_ranges(limits: Limits) -> None:
    """Raise ValueError for an upper limit or an MMT maximum that is known and not positive."""
    for name, column in (("the MMT maximum", limits.mmt_max), *limits.upper_limits.items()):
        if np.any((column.units <= 0) & column.present):
            raise ValueError(f"{name}: a limit must be greater than 0, or the range of the measure is empty")


def _sum(arrays: Iterable[NDArray[Any]]) -> NDArray[np.int8]:
    total: NDArray[np.int8] = np.int8(0)  # type: ignore[assignment]
    for array in arrays:
        total = total + array.astype(np.int8, copy=False)
    return total


def _scale(measure: str, first: Exact, second: Exact) -> tuple[NDArray[np.intp], NDArray[np.int8]]:
    decimals = max(first.decimals, second.decimals)
    whole_range = Exact(integers([FIXED_RANGES[measure] * 10**decimals]).reshape(()), decimals)
    before, after, span = _aligned(200, first, second, whole_range)
    return _levels(before - after, span, TABLE[measure]), _gap(first, second)


def _mmt(first: Exact, second: Exact, maximum: Exact) -> tuple[NDArray[np.intp], NDArray[np.int8]]:
    before, after, span = _aligned(200, first, second, maximum)
    gap = _gap(first, second)
    return _levels(after - before, span, TABLE["mmt"]), np.where(
        (gap == Gap.COMPLETE) & ~maximum.present, np.int8(Gap.REFERENCE), gap
    )


def _enzyme(
    baseline: CoreSet, follow_up: CoreSet, limits: Limits, rules: Rules
) -> tuple[NDArray[np.intp], NDArray[np.int8], NDArray[np.int8], Truths]:
    """Follow the most abnormal enzyme at baseline: levels, gap, which one (index into ENZYMES), whether it is known."""
    shape = np.shape(baseline.phga.units)
    followed: NDArray[np.int8] = np.zeros(shape, np.int8)
    measured: Truths = np.zeros(shape, bool)
    unranked: Truths = np.zeros(shape, bool)
    after_present: Truths = np.zeros(shape, bool)
    levels: NDArray[Any] = np.zeros(shape, np.int8)
    best: tuple[Integers, Integers] = (np.array(0), np.array(1))
    ranked: Truths = np.zeros(shape, bool)
    for index, name in enumerate(ENZYMES):
        if name not in baseline.enzymes:
            continue
        first = baseline.enzymes[name]
        second = follow_up.enzymes.get(name, Exact(np.array(0), 0, np.False_))
        limit = limits.upper_limits.get(name, Exact(np.array(1), 0, np.False_))
        multiple = rules.enzyme_ranges[name].upper_limits
        factor = 200 * max(multiple.numerator, multiple.denominator)
        before, after, upper = _aligned(factor, first, second, limit)
        span = upper * multiple.numerator
        candidate = (
            (before * multiple.denominator, span) if rules.enzyme_choice == "value_over_range" else (before, upper)
        )
        rankable = first.present & limit.present
        better = rankable & (~ranked | _greater(candidate, best))  # an equal one comes later in ENZYMES and loses
        ranked = ranked | rankable
        best = (np.where(better, candidate[0], best[0]), np.where(better, candidate[1], best[1]))
        unranked = unranked | (first.present & ~limit.present)
        measured = measured | first.present
        followed = np.where(better, np.int8(index), followed)
        after_present = np.where(better, second.present, after_present)
        levels = np.where(better, _levels((before - after) * multiple.denominator, span, TABLE["enzyme"]), levels)
    known = measured & ~unranked
    gap = np.where(after_present, np.int8(Gap.COMPLETE), np.int8(Gap.FOLLOW_UP))
    gap = np.where(measured, gap, np.int8(Gap.BASELINE))
    return levels, np.where(unranked, np.int8(Gap.REFERENCE), gap), followed, known


def _greater(candidate: tuple[Integers, Integers], best: tuple[Integers, Integers]) -> Truths:
    """candidate[0]/candidate[1] > best[0]/best[1] with positive denominators, by cross-multiplication."""
    peaks = [max(1, _peak(side)) for side in (*candidate, *best)]
    kind = _kind(max(peaks[0] * peaks[3], peaks[2] * peaks[1]))
    above, below, best_above, best_below = (side.astype(kind, copy=False) for side in (*candidate, *best))
    return np.asarray(above * best_below > best_above * below, dtype=bool)


def _peak(units: Integers) -> int:
    if not np.size(units):
        return 0
    return max(abs(int(np.min(units))), abs(int(np.max(units))))


def _aligned(factor: int, *columns: Exact) -> list[Integers]:
    """The columns in one common unit, with room to multiply by `factor`; unbounded integers where 64 bits have no
    room.
    """
    decimals = max(column.decimals for column in columns)
    shifts = [10 ** (decimals - column.decimals) for column in columns]
    peak = max(_peak(column.units) * shift for column, shift in zip(columns, shifts, strict=True))
    wide = [np.asarray(column.units).astype(_kind(peak * factor), copy=False) for column in columns]
    return [units * shift if shift > 1 else units for units, shift in zip(wide, shifts, strict=True)]


def _levels(improvement: Integers, span: Integers, row: Row) -> NDArray[np.intp]:
    """0 to 4: how many cuts the improvement exceeds; a value on a cut stays below it."""
    hundredfold = improvement * 100
    return np.asarray(_sum(np.asarray(hundredfold > cut * span, dtype=bool) for cut in row.cuts), dtype=np.intp)


def _gap(first: Exact, second: Exact) -> NDArray[np.int8]:
    shape = np.broadcast_shapes(np.shape(first.units), np.shape(second.units))
    missing = ~np.asarray(first.present) * np.int8(Gap.BASELINE) + ~np.asarray(second.present) * np.int8(Gap.FOLLOW_UP)
    return np.broadcast_to(missing.astype(np.int8), np.broadcast_shapes(shape, missing.shape))
