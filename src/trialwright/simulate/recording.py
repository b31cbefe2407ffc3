"""What would stand on the pages of people who were followed: items as whole numbers on their grid, without any text.

The counterpart of `pages` for arrays; both share the draws, the grid, and the rules of who comes and what lapses.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright import design, logic
from trialwright.design.model import Definition, ItemType
from trialwright.logic.syntax import Binary, Call, Expression, Literal, Name
from trialwright.simulate.formula import Codes
from trialwright.simulate.pages import chosen_item, grades, lapsed, steps_of, takes_place
from trialwright.simulate.participants import Crowd
from trialwright.simulate.program import Column as Fed
from trialwright.simulate.program import FormProgram, GroupColumns
from trialwright.simulate.variables import Address

Integers = NDArray[Any]
Truths = NDArray[np.bool_]
Floats = NDArray[np.float64]

DAYS = (ItemType.DATE, ItemType.PARTIAL_DATE)
WORDS = (ItemType.CODE, ItemType.CODES, ItemType.TEXT)


class NotImagined(ValueError):
    """An item that cannot be given as numbers; the sentence says which and why."""


@dataclass(frozen=True)
class Column:
    """What was recorded for one item: value = units / 10**decimals where present.

    Arrays have the shape (trials, n, visits), for an item of a log (trials, n, rows). Codes are indices into `names`,
    truths 0 and 1, dates days since the start of enrolment (the day itself, though a page may show but its month).
    Absent places hold any number.
    """

    units: Integers
    present: Truths
    decimals: int = 0
    names: tuple[str, ...] | None = None

    @property
    def values(self) -> Floats:
        """Binary floats, nan where nothing was recorded; each is the double nearest to the decimal on the page."""
        return np.where(self.present, self.units / 10.0**self.decimals, np.nan)


# ------------------------------------------------------------------ where an item comes from


@dataclass(frozen=True)
class Source:
    """Where an item's numbers come from: an item that a variable feeds, one of a group, the total of a group, or
    arithmetic over other items of the form. `on` are the items of the page without which it is missing."""

    name: str
    on: frozenset[str]
    column: Fed | None = None
    group: GroupColumns | None = None
    total: bool = False
    operator: str = ""
    parts: tuple["Source | int | Decimal", ...] = ()

    @property
    def variables(self) -> frozenset[str]:
        """The variables that it needs."""
        found: set[str] = set()
        if self.column is not None:
            found |= variables_of(self.column)
        if self.group is not None:
            found.add(self.group.spread.total)
        for part in self.parts:
            found |= part.variables if isinstance(part, Source) else set()
        return frozenset(found)


def variables_of(column: Fed) -> set[str]:
    """The variables that an item needs to be written."""
    found = {name for name in (column.feed.from_, column.feed.minutes) if name is not None}
    return found | (set(column.when.uses) if column.when is not None else set())


def source_of(definition: Definition, form: FormProgram, item: str) -> Source:
    """Where `item` of the form comes from. Raises `NotImagined`."""
    for column in form.columns:
        if column.item == item:
            require_numbers(form.form, column)
            return Source(item, frozenset((item,)), column)
    for group in form.groups:
        if item in group.ids:
            return Source(item, frozenset((item,)), group=group)
    derived = next((one for one in definition.forms[form.form].derive if one.id == item), None)
    if derived is None:
        raise NotImagined(f"Nothing of the scenario feeds {form.form}.{item}.")
    return _derived(definition, form, item, logic.parse(derived.expr))


def require_numbers(form: str, column: Fed) -> None:
    """Raise `NotImagined` for an item that has no numbers: a label, a file, a volume that a pharmacy prepares."""
    kind, feed = column.declared.type, column.feed
    if feed.prepared or feed.label or feed.file or kind is ItemType.DATETIME:
        raise NotImagined(f"{form}.{column.item} is made by the conduct of the trial; no array holds it.")


def _derived(definition: Definition, form: FormProgram, item: str, expression: Expression) -> Source:
    def within(part: Expression) -> "Source | int | Decimal":
        if isinstance(part, Literal) and isinstance(part.value, int | Decimal) and not isinstance(part.value, bool):
            return part.value
        return _derived(definition, form, item, part)

    match expression:
        case Name() as name if name.text != item:
            return source_of(definition, form, name.text)
        case Binary(operator, left, right) if operator in ("+", "-", "*"):
            both = (within(left), within(right))
            return Source(item, _on(both), operator=operator, parts=both)
        case Call("sum", (Name() as name,)):
            return _summed(definition, form, item, name.text)
        case Call("sum", several) if several:
            parts = tuple(within(part) for part in several)
            return Source(item, _on(parts), operator="+", parts=parts)
    raise NotImagined(f"{form.form}.{item} is derived by more than sums, differences and products; no array holds it.")


def _summed(definition: Definition, form: FormProgram, item: str, name: str) -> Source:
    """The sum of one item over a whole group, which the scenario deals out from a total."""
    key, _, leaf = name.partition(".")
    for group in form.groups:
        if all(one.startswith(f"{key}.") and one.endswith(f".{leaf}") for one in group.ids):
            return Source(item, frozenset(group.ids), group=group, total=True)
    ids = [one for one in design.items(definition, form.form) if one.startswith(f"{key}.") and one.endswith(f".{leaf}")]
    if not ids:
        raise NotImagined(f"{form.form}.{item} sums {name}, which is no group of the form.")
    parts = tuple(source_of(definition, form, one) for one in ids)
    return Source(item, _on(parts), operator="+", parts=parts)


def _on(parts: Iterable["Source | int | Decimal"]) -> frozenset[str]:
    return frozenset().union(*(part.on for part in parts if isinstance(part, Source)))


# ------------------------------------------------------------------ numbers


@dataclass(frozen=True)
class Numbers:
    """Whole numbers of one item for people and places; `filled` is where a page would have it, None: everywhere."""

    units: Integers
    filled: Truths | None
    decimals: int = 0
    names: tuple[str, ...] | None = None


def numbers(crowd: Crowd, form: str, source: Source, names: Mapping[str, Any], shape: tuple[int, int]) -> Numbers:
    """The numbers of a source at the places of `names`, of shape (people, places)."""
    if source.column is not None:
        return fed(source.column, names, shape)
    if source.group is not None:
        return _of_group(crowd, form, source, names, shape)
    parts = [
        numbers(crowd, form, part, names, shape) if isinstance(part, Source) else _constant(part)
        for part in source.parts
    ]
    made = parts[0]
    for part in parts[1:]:
        made = _combined(source.operator, made, part)
    return made


def _constant(value: int | Decimal) -> Numbers:
    decimals = max(0, -int(Decimal(value).as_tuple().exponent))
    return Numbers(np.int64(int(Decimal(value).scaleb(decimals))), None, decimals)  # type: ignore[arg-type]


def _combined(operator: str, one: Numbers, other: Numbers) -> Numbers:
    filled = one.filled if other.filled is None else other.filled if one.filled is None else one.filled & other.filled
    first, second = one.units.astype(np.int64), other.units.astype(np.int64)
    if operator == "*":
        return Numbers(first * second, filled, one.decimals + other.decimals)
    decimals = max(one.decimals, other.decimals)
    first, second = first * 10 ** (decimals - one.decimals), second * 10 ** (decimals - other.decimals)
    return Numbers(first + second if operator == "+" else first - second, filled, decimals)


def fed(column: Fed, names: Mapping[str, Any], shape: tuple[int, int]) -> Numbers:
    """An item that a variable or a constant feeds."""
    filled = None
    if column.when is not None:
        filled = np.broadcast_to(np.asarray(column.when(names), dtype=np.bool_), shape)
    if column.feed.text is not None:
        made = _constant_text(column)
        return Numbers(np.broadcast_to(made.units, shape), filled, made.decimals, made.names)
    value = names[column.feed.from_ or ""]
    made = _coded(column, value) if isinstance(value, Codes) else _measured(column, value)
    if made.filled is not None:
        filled = made.filled if filled is None else filled & made.filled
    units = np.broadcast_to(made.units, shape)
    return Numbers(units, None if filled is None else np.broadcast_to(filled, shape), made.decimals, made.names)


def _constant_text(column: Fed) -> Numbers:
    text = column.feed.text or ""
    if column.declared.type in (ItemType.INTEGER, ItemType.DECIMAL):
        return _constant(Decimal(text))
    if column.declared.type is ItemType.BOOLEAN:
        return _constant(int(text == "true"))
    return Numbers(np.int8(0), None, 0, (text,))  # type: ignore[arg-type]


def _coded(column: Fed, value: Codes) -> Numbers:
    words = column.feed.texts or {}
    absent = value.index < 0
    filled = ~absent if absent.any() else None
    return Numbers(np.maximum(value.index, 0).astype(np.int8), filled, 0, tuple(words.get(n, n) for n in value.names))


def _measured(column: Fed, value: Any) -> Numbers:
    value, kind = np.asarray(value), column.declared.type
    if kind is ItemType.BOOLEAN or value.dtype == np.bool_:
        return Numbers(value.astype(np.int8), None)
    low, high = (float(value.min()), float(value.max())) if value.size else (0.0, 0.0)
    filled = None
    if low != low:
        filled = ~np.isnan(value)
        value = np.where(filled, value, 0)
        low, high = float(value.min()), float(value.max())
    if kind in DAYS:
        return Numbers(value.astype(np.int64), filled)
    step = "1" if kind in WORDS else column.step
    decimals = max(0, -int(Decimal(step).as_tuple().exponent))
    unit = int(Decimal(step).scaleb(decimals))
    units = steps_of(value, step).astype(_wide(*steps_of(np.array([low, high]), step).tolist()))
    return Numbers(units * unit if unit != 1 else units, filled, decimals)


def _wide(low: float, high: float) -> type[np.signedinteger[Any]]:
    """Integers that leave room for a step of some thousands."""
    return np.int64 if max(-low, high) * 1000 >= 2**31 else np.int32


def _of_group(crowd: Crowd, form: str, source: Source, names: Mapping[str, Any], shape: tuple[int, int]) -> Numbers:
    """The total of a group, or one of its items: dealt out only where the total alone does not tell it."""
    group = source.group
    assert group is not None
    whole = group.most * len(group.ids)
    total = np.broadcast_to(np.asarray(names[group.spread.total], dtype=np.float64), shape)
    kept = whole - np.clip(whole - total, 0, whole)
    if source.total and (kept == np.floor(kept)).all():
        return Numbers(kept.astype(np.int32), None)
    people = np.repeat(np.arange(shape[0]), shape[1])
    dealt = grades(crowd, group, form, total.reshape(-1), people)
    one = dealt.sum(axis=1) if source.total else dealt[:, group.ids.index(source.name)]
    return Numbers(one.reshape(shape).astype(np.int32), None)


# ------------------------------------------------------------------ pages


@dataclass(frozen=True)
class Pages:
    """The pages of one form at some places (of the program): shape (people, places). `written`: the page has items;
    `gaps`: one item of it is missing, which the rest of the page decides."""

    places: tuple[int, ...]
    written: Truths
    gaps: Truths


def pages(crowd: Crowd, form: FormProgram, places: Sequence[int], at: Sequence[int], lapses: bool = True) -> Pages:
    """Who has a page of the form at these places; `at` are their columns in the variables of the visits. Without
    `lapses` nobody leaves and nothing is missed."""
    shape = (len(crowd), len(places))
    # Visit after visit in memory, as the variables come.
    happens = np.asfortranarray(takes_place(crowd)[:, list(places)] if lapses else np.ones(shape, dtype=np.bool_))
    if form.when is not None:
        wanted = np.asarray(form.when(crowd.names), dtype=np.bool_)
        happens &= wanted[:, list(at)] if wanted.shape[1] > 1 else wanted
    gaps = np.zeros(shape, dtype=np.bool_, order="F")
    working = crowd.program.scenarios.working.lapses
    if not lapses:
        return Pages(tuple(places), happens, gaps)
    happens &= crowd.attended[:, list(places)]
    open_to = [k for k, place in enumerate(places) if crowd.program.visits[place] not in working.never_at]
    if open_to and (working.page or working.item):
        chosen = np.array([places[k] for k in open_to])
        address = Address(crowd.seed, crowd.trial[None, :], crowd.slot[None, :], chosen[:, None])
        missed, gap = lapsed(crowd, form.form, address, happens.T[open_to])
        happens.T[open_to], gaps.T[open_to] = ~missed, gap
    return Pages(tuple(places), happens, gaps)


def hit(crowd: Crowd, form: FormProgram, people: Integers, places: Integers, at: Integers) -> list[str | None]:
    """The item that is missing on each of these pages with a gap (people are rows of the crowd, places those of the
    program, `at` their columns): None where the page has but one."""
    shape = (len(crowd), int(at.max(initial=0)) + 1)
    filled = [_is_filled(column, crowd.names, people, at, shape) for column in form.columns]
    ids = [column.item for column in form.columns]
    for group in form.groups:
        filled += [np.ones(len(people), dtype=np.bool_)] * len(group.ids)
        ids += group.ids
    on = np.stack(filled, axis=1)
    count = on.sum(axis=1)
    address = Address(crowd.seed, crowd.trial[people], crowd.slot[people], places)
    which = chosen_item(form.form, address, count)
    order = np.cumsum(on, axis=1) - 1
    place = ((order == which[:, None]) & on).argmax(axis=1)
    return [ids[k] if several > 1 else None for k, several in zip(place.tolist(), count.tolist(), strict=True)]


def _is_filled(column: Fed, names: Mapping[str, Any], people: Integers, at: Integers, shape: tuple[int, int]) -> Truths:
    """Whether pages have the item: what `pages.texts` leaves out is not counted."""

    def pick(value: Any) -> Any:
        value = np.asarray(value)
        if value.ndim < 2 or value.shape[1] == 1:
            return np.broadcast_to(value, (shape[0], 1))[people, 0]
        return value[people if value.shape[0] > 1 else 0, at]

    feed = column.feed
    there = np.full(len(people), not (feed.label or feed.prepared), dtype=np.bool_)
    if feed.from_ is not None:
        value = names[feed.from_]
        if isinstance(value, Codes):
            there &= pick(value.index) >= 0
        elif np.asarray(value).dtype.kind == "f":
            there &= ~np.isnan(pick(value))
    if column.when is not None:
        there &= np.asarray(pick(column.when(names)), dtype=np.bool_)
    return there


def slices(count: int, size: int) -> Iterator[slice]:
    """0 to `count` in parts of `size`."""
    for start in range(0, count, max(1, size)):
        yield slice(start, min(count, start + max(1, size)))
