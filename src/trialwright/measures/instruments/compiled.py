"""The scorer: a declaration compiled to a few operations on whole numbers, for one questionnaire or ten million.

    score = numerator / denominator

Both are sums of whole numbers, so that the one division is the only rounding: the score is the binary number nearest
to the exact one, whatever the order of the items. `reference` is the specification in fractions.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntFlag
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialwright.design.forms import kept
from trialwright.design.instruments import Instrument, Scale, points, used_items
from trialwright.design.read_instrument import raw_range
from trialwright.measures.instruments.answers import (
    Grid,
    Places,
    Whole,
    Wrong,
    WrongAnswers,
    column,
    grids,
    outside,
    placed,
)

__all__ = ["Places", "ScaleScore", "Scored", "Why", "Wrong", "WrongAnswers", "explained", "needed", "outside", "score"]

BLOCK = 2**15  # rows at a time: the columns of a block stay in the processor's cache
EXACT = 2**53

Floats = NDArray[np.float64]


class Why(IntFlag):
    """How a score came about, or why there is none."""

    COMPLETE = 0
    INCOMPLETE = 1  # something was not answered; the declared rule stood in for it
    TOO_FEW = 2  # fewer answers than the declared minimum: no score
    STOOD_IN = 4  # another item was taken where one was not answered (the left side for the right one)


@dataclass(frozen=True, slots=True)
class ScaleScore:
    """One scale of every questionnaire, arrays of the broadcast shape of the columns.

    values: the score, NaN where there is none. answered: how many of the `parts` (items, categories or scales) were
    answered. why: `Why` flags.
    """

    values: Floats
    answered: NDArray[np.int16]
    parts: int
    why: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Scored:
    """The scales that were asked for, in the order of the declaration."""

    scales: Mapping[str, ScaleScore]

    def __getitem__(self, name: str) -> ScaleScore:
        return self.scales[name]


def score(
    instrument: Instrument, columns: Mapping[str, ArrayLike | Places], scales: Sequence[str] | None = None
) -> Scored:
    """The scores of every questionnaire.

    `columns` maps items to arrays of answers that broadcast: floats with NaN, or whole numbers with -1, for "not
    answered"; truth values for tick boxes; columns that no scale looks at are left alone. `scales`: which ones, all by
    default. Raises KeyError for columns or scales
    that are missing, WrongAnswers with every answer that the instrument does not know. Formula and source: the
    declaration of each scale.
    """
    unknown = [name for name in scales or () if name not in {one.id for one in instrument.scales}]
    wanted = [one for one in instrument.scales if scales is None or one.id in scales]
    asked = needed(instrument, scales)
    absent = [name for name in asked if name not in columns]
    if unknown or absent:
        raise KeyError(f"{instrument.id}: no {', '.join([*unknown, *absent])}")
    looked_at = {*asked, *(item.instead for item in instrument.items if item.id in asked)}
    items = [item.id for item in instrument.items if item.id in columns and item.id in looked_at]
    arrays = {name: column(columns[name]) for name in items}
    shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
    flat = {
        name: (array if array.shape == shape else np.broadcast_to(array, shape)).reshape(-1)
        for name, array in arrays.items()
    }
    ready = frozenset(name for name in items if isinstance(columns[name], Places))
    size = math.prod(shape)
    made = {
        one.id: ScaleScore(np.empty(size), np.empty(size, np.int16), len(one.parts), np.empty(size, np.int8))
        for one in wanted
    }
    try:
        for start in range(0, size, BLOCK):
            rows = slice(start, start + BLOCK)
            _fill(instrument, {name: array[rows] for name, array in flat.items()}, ready, made, rows)
    except ValueError:
        wrong = outside(instrument, {name: columns[name] for name in items})
        if not wrong:
            raise
        raise WrongAnswers(wrong) from None
    shaped = {
        name: ScaleScore(one.values.reshape(shape), one.answered.reshape(shape), one.parts, one.why.reshape(shape))
        for name, one in made.items()
    }
    return Scored(shaped)


def needed(instrument: Instrument, scales: Sequence[str] | None = None) -> tuple[str, ...]:
    """The items whose columns the scales cannot do without; what only stands in for another may be absent."""
    return _needed(instrument, None if scales is None else frozenset(scales))


@kept
def _needed(instrument: Instrument, scales: frozenset[str] | None) -> tuple[str, ...]:
    found: set[str] = set()
    for one in instrument.scales:
        if scales is None or one.id in scales:
            found.update(used_items(instrument, one))
    return tuple(item.id for item in instrument.items if item.id in found)


def explained(scale: Scale, why: int, answered: int) -> str:
    """What the flags of a score mean, in words; nothing for a complete one."""
    what = "items" if scale.items else "categories" if scale.categories else "scales"
    of = f"{answered} of {len(scale.parts)} {what} answered"
    said = []
    if why & Why.TOO_FEW:
        said.append("not answered" if len(scale.parts) == 1 else f"{of}, {scale.needed} needed")
    elif why & Why.INCOMPLETE:
        ways = {"prorate": "prorated", "answered": "mean of the answered", "none": "from incomplete scales"}
        said.append(f"{of}: {ways[scale.missing]}" if answered < len(scale.parts) else "from incomplete scales")
    if why & Why.STOOD_IN:
        said.append("the other side stood in")
    return "; ".join(said)


# ------------------------------------------------------------------ one block


@dataclass(frozen=True, slots=True)
class _Ratio:
    """A score as numerator / denominator; both are whole. `known`: whether there is a score."""

    numerator: Any
    denominator: Any
    known: NDArray[np.bool_]
    answered: Whole
    why: NDArray[np.int8]


def _fill(
    instrument: Instrument,
    block: Mapping[str, NDArray[Any]],
    ready: frozenset[str],
    made: Mapping[str, ScaleScore],
    rows: slice,
) -> None:
    places, stood = _places(instrument, block, ready)
    ratios: dict[str, _Ratio] = {}
    for name, plan in _plans(instrument).items():
        if not _wanted(instrument, name, made):
            continue
        if isinstance(plan, _Value):
            values, answered = _as_it_stands(instrument, plan.item, block[plan.item])
            why = np.where(answered, np.int8(Why.COMPLETE), np.int8(Why.TOO_FEW))
        else:
            ratio = _ratio(plan, places, stood, ratios)
            ratios[name] = ratio
            with np.errstate(invalid="ignore"):
                values = np.asarray(ratio.numerator / ratio.denominator, dtype=np.float64)
            values[~ratio.known] = np.nan
            answered, why = ratio.answered, ratio.why
        if name in made:
            one = made[name]
            one.values[rows], one.answered[rows], one.why[rows] = values, answered, why


def _wanted(instrument: Instrument, name: str, made: Mapping[str, ScaleScore]) -> bool:
    """Whether the scale was asked for, or a scale over it was."""
    return name in made or any(
        name in one.scales and _wanted(instrument, one.id, made) for one in instrument.scales if one.scales
    )


def _places(
    instrument: Instrument, block: Mapping[str, NDArray[Any]], ready: frozenset[str]
) -> tuple[dict[str, Whole], dict[str, NDArray[np.bool_]]]:
    """The places of every item, with those of the item that stands in; and where one stood in."""
    alike: dict[tuple[str, Any, bool], list[str]] = {}  # items that are read in one go
    known = grids(instrument)
    for item in instrument.items:
        if item.id in block and known[item.id] is not None:
            alike.setdefault((item.answers, block[item.id].dtype, item.id in ready), []).append(item.id)
    placed_items: dict[str, Whole] = {}
    for (_, _, is_ready), names in alike.items():
        grid = known[names[0]]
        assert grid is not None
        together = block[names[0]][None] if len(names) == 1 else np.stack([block[name] for name in names])
        placed_items.update(zip(names, placed(grid, together, is_ready), strict=True))
    stood: dict[str, NDArray[np.bool_]] = {}
    filled = dict(placed_items)
    for item in instrument.items:
        if item.instead in placed_items and item.id in placed_items:
            own, other = placed_items[item.id], placed_items[item.instead]
            stood[item.id] = (own < 0) & (other >= 0)
            filled[item.id] = np.where(stood[item.id], other, own)
    return filled, stood


def _as_it_stands(instrument: Instrument, name: str, block: NDArray[Any]) -> tuple[Floats, NDArray[np.bool_]]:
    answers = instrument.answers_of(name)
    values = block.astype(np.float64)
    low = -math.inf if answers.low is None else float(answers.low)
    high = math.inf if answers.high is None else float(answers.high)
    with np.errstate(invalid="ignore"):
        if np.any((values < low) | (values > high) | np.isinf(values)):
            raise ValueError(name)
    return values, ~np.isnan(values)


# ------------------------------------------------------------------ plans


@dataclass(frozen=True, slots=True)
class _Counted:
    """Items whose counts add up, or categories of which the worst item counts: per part its items with their tables of
    whole counts above the lowest, the aids, and what an aid raises the count to. A table of None: the place itself.

    numerator = slope * (sum of the counts) + level * (parts answered), denominator = scale * (parts answered)
    """

    parts: tuple[tuple[tuple[tuple[str, Whole | None], ...], tuple[str, ...]], ...]
    raised: int
    kind: Any
    slope: int
    level: int
    scale: int
    needed: int
    most: int
    exact: bool  # whether binary floats hold every whole number that can come up


@dataclass(frozen=True, slots=True)
class _Over:
    """Scales that are added up or averaged, then turned: score = (factor * sum / parts + shift)."""

    scales: tuple[str, ...]
    mean: bool
    factor: Fraction
    shift: Fraction
    needed: int
    exact: bool


@dataclass(frozen=True, slots=True)
class _Value:
    """One item that may hold any number."""

    item: str


_Plan = _Counted | _Over | _Value


@kept
def _plans(instrument: Instrument) -> dict[str, _Plan]:
    plans: dict[str, _Plan] = {}
    peaks: dict[str, tuple[int, int]] = {}  # the greatest numerator and denominator of each scale
    for one in instrument.scales:
        if one.rule == "value" and grids(instrument)[one.items[0]] is None:
            plans[one.id] = _Value(one.items[0])
        elif one.scales:
            plans[one.id], peaks[one.id] = _over(instrument, one, peaks)
        else:
            plans[one.id], peaks[one.id] = _counted(instrument, one)
    return plans


def _turn(instrument: Instrument, scale: Scale) -> tuple[Fraction, Fraction]:
    """Factor and shift that `linear` means for the raw score."""
    if scale.linear is None:
        return Fraction(1), Fraction(0)
    raw = raw_range(instrument, scale)
    assert raw is not None
    first, last = (Fraction(end) for end in scale.linear)
    factor = (last - first) / (raw[1] - raw[0])
    return factor, first - factor * raw[0]


def _counted(instrument: Instrument, scale: Scale) -> tuple[_Counted, tuple[int, int]]:
    groups = [(instrument.category(name).items, instrument.category(name).aids) for name in scale.categories] or [
        ((name,), ()) for name in scale.items
    ]
    counts = {name: points(instrument, name) for items, _ in groups for name in items}
    worst_is_low = bool(scale.categories) and scale.better == "higher"
    whole = [count for table in counts.values() for count in table.values()]
    raise_to = None if scale.raise_to is None else Fraction(scale.raise_to)
    shared = math.lcm(*(count.denominator for count in [*whole, raise_to or Fraction(0)]))
    origin = max(whole) if worst_is_low else min(whole)
    sign = -1 if worst_is_low else 1

    def above(count: Fraction) -> int:
        return int((count - origin) * sign * shared)

    tables = {name: _table(grids(instrument)[name], table, above) for name, table in counts.items()}
    parts = tuple(
        (tuple((name, tables[name]) for name in items), aids if raise_to is not None else ()) for items, aids in groups
    )
    # score = factor * (sum of counts)/parts + shift, with the counts in whole numbers above the origin.
    factor, shift = _turn(instrument, scale)
    most = len(parts)
    if scale.rule in ("sum", "value"):
        factor *= most  # a complete or a prorated sum is the mean of the answered times all parts
    per_count, per_part = factor * sign / shared, factor * origin + shift
    under = math.lcm(per_count.denominator, per_part.denominator)
    slope, level = int(per_count * under), int(per_part * under)
    top = max(max((above(count) for count in whole), default=0), above(raise_to) if raise_to is not None else 0)
    peak = (abs(slope) * top * most + abs(level) * most, under * most)
    kind = _narrowest(top * most)
    raised = above(raise_to) if raise_to is not None else 0
    plan = _Counted(parts, raised, kind, slope, level, under, scale.needed, most, max(peak) < EXACT)
    return plan, peak


def _narrowest(peak: int) -> Any:
    return next((kind for kind in (np.int8, np.int16, np.int32) if peak <= np.iinfo(kind).max), np.int64)


def _table(grid: Grid | None, counts: Mapping[Any, Fraction], above: Callable[[Fraction], int]) -> Whole | None:
    """Place -> whole count; the last entry, which place -1 finds, is -1 for "not answered"."""
    assert grid is not None
    table = [0] * grid.count + [-1]
    for level, count in counts.items():
        table[int((Fraction(level) - grid.low) / grid.step)] = above(count)
    if table == [*range(grid.count), -1]:
        return None
    return np.array(table, dtype=_narrowest(max(table)))


def _over(instrument: Instrument, scale: Scale, peaks: Mapping[str, tuple[int, int]]) -> tuple[_Over, tuple[int, int]]:
    factor, shift = _turn(instrument, scale)
    parts = len(scale.scales)
    under = math.prod(peaks[name][1] for name in scale.scales)
    over = sum(peaks[name][0] * under for name in scale.scales)
    wide = factor.denominator * shift.denominator * parts
    peak = (
        over * abs(factor.numerator) * shift.denominator + abs(shift.numerator) * factor.denominator * under * parts,
        under * wide,
    )
    return _Over(scale.scales, scale.rule == "mean", factor, shift, scale.needed, max(peak) < EXACT), peak


# ------------------------------------------------------------------ plans at work


def _ratio(
    plan: _Counted | _Over,
    places: Mapping[str, Whole],
    stood: Mapping[str, NDArray[np.bool_]],
    ratios: Mapping[str, _Ratio],
) -> _Ratio:
    if isinstance(plan, _Over):
        return _ratio_over(plan, [ratios[name] for name in plan.scales])
    total, answered = _added(plan, places)
    known = answered >= plan.needed
    wide = np.float64 if plan.exact else object
    parts = np.maximum(answered, 1).astype(wide)
    numerator = total.astype(wide) * plan.slope + parts * plan.level
    why = np.where(known, np.where(answered < plan.most, np.int8(Why.INCOMPLETE), np.int8(0)), np.int8(Why.TOO_FEW))
    for name in (name for items, _ in plan.parts for name, _ in items if name in stood):
        why = why | np.where(stood[name], np.int8(Why.STOOD_IN), np.int8(0))
    return _Ratio(numerator, parts * plan.scale, known, answered, why)


def _added(plan: _Counted, places: Mapping[str, Whole]) -> tuple[Whole, Whole]:
    """The sum of the counts, and how many parts are answered."""
    first = places[plan.parts[0][0][0][0]]
    total = np.zeros(first.shape, plan.kind)
    answered = np.zeros(first.shape, np.int8 if plan.most <= 127 else np.int16)
    for items, aids in plan.parts:
        count = _worst(items, places)
        there = count >= 0
        if aids:
            ticked = places[aids[0]] > 0
            for name in aids[1:]:
                ticked = ticked | (places[name] > 0)
            wide = count.dtype if plan.raised <= np.iinfo(count.dtype).max else plan.kind
            count = np.maximum(count, ticked.view(np.int8).astype(wide, copy=False) * np.dtype(wide).type(plan.raised))
            count = count * there
        total += np.maximum(count, 0)
        answered += there
    return total, answered


def _worst(items: Sequence[tuple[str, Whole | None]], places: Mapping[str, Whole]) -> Whole:
    found: Whole | None = None
    for name, table in items:
        count = places[name] if table is None else table.take(places[name])
        found = count if found is None else np.maximum(found, count)
    assert found is not None
    return found


def _ratio_over(plan: _Over, parts: Sequence[_Ratio]) -> _Ratio:
    wide = np.float64 if plan.exact else object
    shape = parts[0].known.shape
    numerator, denominator = _as(wide, np.zeros(shape)), _as(wide, np.ones(shape))
    answered = np.zeros(shape, np.int16)
    why = np.zeros(shape, np.int8)
    for part in parts:
        above = _as(wide, np.where(part.known, part.numerator, 0))
        below = _as(wide, np.where(part.known, part.denominator, 1))
        numerator, denominator = numerator * below + above * denominator, denominator * below
        answered += part.known
        why |= part.why & (Why.INCOMPLETE | Why.STOOD_IN)
    known = answered >= plan.needed
    why = np.where(known, why | (answered < len(parts)) * np.int8(Why.INCOMPLETE), np.int8(Why.TOO_FEW))
    if plan.mean:
        denominator = denominator * np.maximum(answered, 1)
    factor, shift = plan.factor, plan.shift
    under = factor.denominator * shift.denominator
    turned = numerator * (factor.numerator * shift.denominator) + denominator * (shift.numerator * factor.denominator)
    return _Ratio(turned, denominator * under, known, answered, why)


def _as(wide: Any, whole: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers as binary floats or as Python's integers; floats would stay floats in an array of objects."""
    return whole.astype(np.int64).astype(object) if wide is object and whole.dtype != object else whole.astype(wide)
