"""From arrays to pages: the texts that a person would have typed, written in bulk.

A value that lies on a grid is looked up in a table of texts; nothing is formatted one by one. A page comes out as it is
handed to conduct.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trialwright import design
from trialwright.compute import chance
from trialwright.design.model import Blinding, ItemType
from trialwright.simulate.formula import Codes
from trialwright.simulate.participants import Crowd, Impossible, Integers, Truths
from trialwright.simulate.program import Column, FormProgram, GroupColumns, RowsProgram
from trialwright.simulate.variables import Address

Texts = NDArray[np.object_]
Where = tuple[NDArray[Any], ...]
"""The chosen (participant, place) pairs: two arrays of equal length."""
LARGEST_TABLE = 1 << 16


class Page(NamedTuple):
    """One page to be recorded. `label` is the item that takes the label of the allocation, `prepared` the one that
    takes the volume prepared; `asked` an item that a data manager will query."""

    form: str
    visit: str
    repeat: str
    items: dict[str, str | None]
    not_done: dict[str, str]
    confirmed: dict[str, str]
    label: str | None
    asked: str | None
    on: str | None
    prepared: str | None = None


@dataclass(frozen=True)
class Entry:
    """A page of a log with the day on which it is entered; `treatment` pages stop with the treatment."""

    day: int
    page: Page
    before: bool = False


@dataclass(frozen=True)
class Book:
    """All pages of a crowd: per participant the pages of each visit, in the order of the file, and the log entries."""

    visits: list[list[list[Page]]]
    entries: list[list[Entry]]


# ------------------------------------------------------------------ texts


@lru_cache(maxsize=64)
def _grid_texts(step: str, length: int) -> Texts:
    """The texts of 0, 1, 2 ... steps."""
    unit = Decimal(step)
    return np.array([format(unit * k, "f") for k in range(length)], dtype=object)


def steps_of(values: Any, step: str) -> Any:
    """How many steps of the grid a value is, as a whole float: the number that will stand on the page."""
    unit = float(Decimal(step))
    per_unit = round(1 / unit) if unit < 1 else 0
    steps = (values * per_unit if per_unit else values / unit if unit != 1 else values) + 0.5
    return np.floor(steps, out=steps) if isinstance(steps, np.ndarray) else np.floor(steps)


def number_texts(values: Any, step: str) -> Texts:
    """Decimal texts of values on a grid; nan gives None."""
    absent = np.isnan(values)
    steps = steps_of(np.where(absent, 0, values), step).astype(np.int64)
    if steps.size and (steps.min() < 0 or steps.max() >= LARGEST_TABLE):
        different, place = np.unique(steps, return_inverse=True)
        exact = Decimal(step)
        texts = np.array([format(exact * int(k), "f") for k in different], dtype=object)[place]
    else:
        most = int(steps.max(initial=0))
        texts = _grid_texts(step, 1 << max(6, most.bit_length()))[steps]
    if absent.any():
        texts[absent] = None
    return np.asarray(texts)


FIRST_DAY, LAST_DAY = date(1880, 1, 1), date(2180, 1, 1)


@lru_cache(maxsize=1)
def _calendar() -> Texts:
    """The ISO dates of three centuries."""
    first = FIRST_DAY.toordinal()
    days = range(first, LAST_DAY.toordinal())
    return np.array([date.fromordinal(day).isoformat() for day in days], dtype=object)


def date_texts(days: Any, start: date, precision: str = "day") -> Texts:
    """ISO dates of days counted from `start`; nan gives None; a coarser precision cuts the text."""
    absent = np.isnan(days)
    place = np.where(absent, 0, days).astype(np.int64) + (start - FIRST_DAY).days
    if place.size and not 0 <= place.min() <= place.max() < len(_calendar()):
        far = place[(place < 0) | (place >= len(_calendar()))][0] - (start - FIRST_DAY).days
        raise Impossible(f"a day lies {far} days from the start of enrolment; look at the variables of dates")
    texts = _calendar()[place]
    if absent.any():
        texts[absent] = None
    if precision != "day":
        length = {"month": 7, "year": 4}[precision]
        texts = np.array([text and text[:length] for text in texts], dtype=object)
    return np.asarray(texts)


@lru_cache(maxsize=1)
def _minutes() -> Texts:
    return np.array([f"T{minute // 60:02d}:{minute % 60:02d}" for minute in range(1440)], dtype=object)


def _codes(value: Any, column: Column, pick: Any) -> Texts:
    if isinstance(value, Codes):
        words = column.feed.texts or {}
        names = np.array([words.get(name, name) for name in (*value.names, "")], dtype=object)
        names[-1] = None
        return np.asarray(names[pick(value.index)])
    return number_texts(pick(value), "1")


def texts(crowd: Crowd, column: Column, names: Any, pick: Any, where: Where) -> Texts:
    """The texts of one item for the chosen (participant, place) pairs."""
    feed, kind = column.feed, column.declared.type
    count = len(where[0])
    if feed.label or feed.prepared:
        out = np.full(count, None, dtype=object)
    elif feed.file:
        out = _file_names(crowd, column.item, where)
    elif feed.text is not None:
        out = np.full(count, feed.text, dtype=object)
    else:
        out = _typed(crowd, column, kind, names, pick)
    if column.when is not None:
        out = out.copy()
        out[~np.asarray(pick(column.when(names)), dtype=np.bool_)] = None
    return out


def _typed(crowd: Crowd, column: Column, kind: ItemType, names: Any, pick: Any) -> Texts:
    value = names[column.feed.from_]
    start = crowd.program.scenarios.enrolment.start
    if kind in (ItemType.CODE, ItemType.CODES, ItemType.TEXT) or isinstance(value, Codes):
        return _codes(value, column, pick)
    if kind is ItemType.BOOLEAN:
        return np.asarray(np.array(["false", "true"], dtype=object)[np.asarray(pick(value)).astype(np.int64)])
    if kind in (ItemType.DATE, ItemType.PARTIAL_DATE):
        return date_texts(pick(value), start, column.feed.precision)
    if kind is ItemType.DATETIME:
        minute = pick(names[column.feed.minutes]).astype(np.int64)
        moment = date_texts(pick(value) + minute // 1440, start) + _minutes()[minute % 1440]
        return np.asarray(moment)
    return number_texts(np.asarray(pick(value), dtype=np.float64), column.step)


def _file_names(crowd: Crowd, item: str, where: Where) -> Texts:
    """The hash that an imaginary file would have: of its own address."""
    people, places = where
    addresses = zip(crowd.trial[people].tolist(), crowd.slot[people].tolist(), places.tolist(), strict=True)
    return np.array(
        [hashlib.sha256(f"{crowd.seed}/{item}/{address}".encode()).hexdigest() for address in addresses], dtype=object
    )


# ------------------------------------------------------------------ groups


def grades(crowd: Crowd, group: GroupColumns, form: str, total: Any, people: Integers) -> Integers:
    """Items that share a total, one row for each total: the loss from the maximum is dealt out in proportion to the
    weights, shaken for each of the `people` (rows of the crowd), by cumulative rounding, so that the sum is exact and
    no item leaves its range."""
    size = len(group.ids)
    weights = _weights(crowd, group, form)[people]
    loss = np.clip(group.most * size - total, 0, group.most * size)
    # Near the end of the range the weights are pulled together, so that none takes more than its maximum.
    room = np.divide(group.most * size, loss, out=np.full_like(loss, np.inf), where=loss > 0) - 1
    excess = weights.max(axis=1) - 1
    pull = np.minimum(1, np.divide(room, excess, out=np.ones_like(room), where=excess > 0))
    share = 1 + (weights - 1) * np.maximum(pull, 0)[:, None]
    dealt = np.floor(np.cumsum(share, axis=1) * (loss / size)[:, None] + 0.5)
    dealt[:, -1] = loss
    return np.asarray(group.most - np.clip(np.diff(dealt, axis=1, prepend=0), 0, group.most).astype(np.int64))


def _group_texts(crowd: Crowd, group: GroupColumns, form: str, names: Any, where: Where) -> list[Texts]:
    people, places = where
    made = grades(crowd, group, form, names[group.spread.total][people, places], people)
    table = _grid_texts("1", 1 << max(6, group.most.bit_length()))
    return list(table[made].T)


def _weights(crowd: Crowd, group: GroupColumns, form: str) -> NDArray[np.float64]:
    """Weights of mean 1, one row per participant."""
    size = len(group.ids)
    base = np.array(group.weights)
    u = chance.uniform(
        crowd.seed, f"share.{form}.{group.ids[0]}", crowd.trial[:, None], crowd.slot[:, None], np.arange(size)
    )
    shaken = base * (1 + float(group.spread.shake) * (2 * u - 1))
    return np.asarray(shaken * size / shaken.sum(axis=1, keepdims=True))


# ------------------------------------------------------------------ pages


def book(crowd: Crowd) -> Book:
    """Every page of a crowd that has been followed."""
    visits: list[list[list[Page]]] = [[[] for _ in crowd.program.visits] for _ in range(len(crowd))]
    entries: list[list[Entry]] = [[] for _ in range(len(crowd))]
    for form in crowd.program.forms:
        for person, place, page in _form_pages(crowd, form):
            visits[person][place].append(page)
    for rows in crowd.program.rows:
        for person, day, page in _row_pages(crowd, rows):
            entries[person].append(Entry(day, page, rows.spec.before))
    return Book(visits, entries)


def takes_place(crowd: Crowd) -> Truths:
    """Which visits happen at all (missed ones count: they leave a page that says so)."""
    anchor = crowd.program.anchor
    happens = crowd.on <= crowd.end[:, None]
    happens[:, anchor:] &= crowd.enrolled[:, None] & (crowd.arm >= 0)[:, None]
    happens[:, :anchor] = True
    return happens


def _form_pages(crowd: Crowd, form: FormProgram) -> list[tuple[int, int, Page]]:
    happens = np.zeros_like(crowd.attended)
    happens[:, list(form.places)] = takes_place(crowd)[:, list(form.places)]
    if form.when is not None:
        happens &= np.asarray(form.when(crowd.names), dtype=np.bool_)
    where = np.nonzero(happens)
    if not len(where[0]):
        return []

    def pick(value: Any) -> Any:
        return np.broadcast_to(value, happens.shape)[where]

    columns = [texts(crowd, column, crowd.names, pick, where) for column in form.columns]
    ids = [column.item for column in form.columns]
    for group in form.groups:
        columns += _group_texts(crowd, group, form.form, crowd.names, where)
        ids += group.ids
    days = date_texts(crowd.on[where].astype(np.float64), crowd.program.scenarios.enrolment.start).tolist()
    confirmed = _confirmations(crowd, form.columns, crowd.names, pick)
    people, places = where[0].tolist(), where[1].tolist()
    rows = _rows_of(ids, columns, any(column.when for column in form.columns))
    visits = crowd.program.visits
    pages = [
        Page(form.form, visits[place], "", items, NOTHING, confirmed.get(index, NOTHING), None, None, day)
        for index, (place, items, day) in enumerate(zip(places, rows, days, strict=True))
    ]
    for index, page in _lapses(crowd, form, pages, where):
        pages[index] = page
    return list(zip(people, places, pages, strict=True))


NOTHING: dict[str, str] = {}


def _rows_of(ids: Sequence[str], columns: Sequence[Texts], gaps: bool) -> list[dict[str, str | None]]:
    rows = [dict(zip(ids, row, strict=True)) for row in zip(*(column.tolist() for column in columns), strict=True)]
    if gaps or any((column == None).any() for column in columns):  # noqa: E711 - elementwise
        rows = [{item: text for item, text in row.items() if text is not None} for row in rows]
    return rows


def _confirmations(crowd: Crowd, columns: Sequence[Column], names: Any, pick: Any) -> dict[int, dict[str, str]]:
    """Values outside the usual range are confirmed, with the scenario's reason: page index -> items."""
    found: dict[int, dict[str, str]] = {}
    for column in columns:
        usual = column.declared.warn
        if usual is None or column.feed.from_ is None:
            continue
        values = np.asarray(pick(names[column.feed.from_]), dtype=np.float64)
        unusual = (values < float(usual[0])) | (values > float(usual[1]))
        for index in np.flatnonzero(unusual).tolist():
            found.setdefault(index, {})[column.item] = crowd.program.scenarios.working.confirm
    return found


def lapsed(crowd: Crowd, form: str, at: Address, attended: Truths) -> tuple[Truths, Truths]:
    """At addresses that broadcast with `attended`: which pages say that nothing was done, and on which an item will be
    missing."""
    lapses = crowd.program.scenarios.working.lapses
    page, item = chance.uniforms(at.seed, [f"page.{form}", f"item.{form}"], at.trial, at.slot, at.place)
    never = np.isin(at.place, [crowd.program.visits.index(visit) for visit in lapses.never_at])
    missed = ~attended | ((page < float(lapses.page)) & ~never)
    return missed, (item < float(lapses.item)) & ~never & ~missed


def chosen_item(form: str, at: Address, filled: Any) -> Integers:
    """Which of the `filled` items of a page is missing, or asked about."""
    return np.asarray((chance.uniform(at.seed, f"which.{form}", at.trial, at.slot, at.place) * filled).astype(np.int64))


def _lapses(crowd: Crowd, form: FormProgram, pages: list[Page], where: Where) -> list[tuple[int, Page]]:
    """Pages and items that are not done, and items that will be queried."""
    working = crowd.program.scenarios.working
    people, places = where
    at = Address(crowd.seed, crowd.trial[people], crowd.slot[people], places)
    missed, gap = lapsed(crowd, form.form, at, crowd.attended[where])
    asked = chance.uniform(crowd.seed, f"query.{form.form}", at.trial, at.slot, at.place)
    queried = (asked < float(working.queries.per_page)) & ~missed & _is_visible(crowd, form.form)
    which = chosen_item(form.form, at, np.array([len(page.items) for page in pages])).tolist()
    out = []
    for index in np.flatnonzero(missed | gap | queried).tolist():
        page = pages[index]
        if missed[index]:
            page = page._replace(items={}, not_done={"*": working.lapses.reason}, confirmed=NOTHING)
        else:
            chosen = list(page.items)[which[index]] if page.items else None
            if gap[index] and chosen is not None and len(page.items) > 1:
                items = {item: text for item, text in page.items.items() if item != chosen}
                confirmed = {item: why for item, why in page.confirmed.items() if item != chosen}
                page = page._replace(items=items, not_done={chosen: working.lapses.reason}, confirmed=confirmed)
            if queried[index] and not _is_sealed(crowd, form.form, chosen):
                page = page._replace(asked=chosen)
        out.append((index, page))
    return out


def _is_visible(crowd: Crowd, form: str) -> bool:
    """Whether blinded people see anything of a form; a page that is sealed whole cannot be queried by them."""
    definition = crowd.program.definition
    classes = {design.blinding_of(definition, form, item) for item in design.items(definition, form)}
    return classes != {Blinding.SEALED}


def _is_sealed(crowd: Crowd, form: str, item: str | None) -> bool:
    """Whether an item is sealed, so that no query can be asked about it."""
    return item is not None and design.blinding_of(crowd.program.definition, form, item) is Blinding.SEALED


def entered(crowd: Crowd, rows: RowsProgram) -> tuple[Truths, Integers]:
    """Which rows of a log are entered, and on which days: participants, rows."""
    names = crowd.logs[rows.name]
    spec = rows.spec
    exists: Truths = np.array(names["exists"])
    if spec.before:
        days = np.broadcast_to(crowd.screened[:, None], exists.shape)
    else:
        days = names["day"].astype(np.int64)
        exists &= (crowd.enrolled & (crowd.arm >= 0))[:, None] & (days <= crowd.end[:, None])
        exists &= days >= crowd.day0[:, None]
    if spec.treatment:
        exists &= days <= crowd.treatment_end[:, None]
    if rows.places:
        exists &= crowd.attended[:, np.repeat(np.array(rows.places), spec.rows)]
    return exists, days


def _row_pages(crowd: Crowd, rows: RowsProgram) -> list[tuple[int, int, Page]]:
    names = crowd.logs[rows.name]
    spec = rows.spec
    exists, days = entered(crowd, rows)
    where = np.nonzero(exists)
    if not len(where[0]):
        return []

    def pick(value: Any) -> Any:
        return np.broadcast_to(value, exists.shape)[where]

    columns = [texts(crowd, column, names, pick, where) for column in rows.columns]
    items = _rows_of([column.item for column in rows.columns], columns, True)
    label = next((column.item for column in rows.columns if column.feed.label), None)
    prepared = next((column.item for column in rows.columns if column.feed.prepared), None)
    dates = date_texts(days[where].astype(np.float64), crowd.program.scenarios.enrolment.start).tolist()
    confirmed = _confirmations(crowd, rows.columns, names, pick)
    visits, repeats = _row_places(crowd, rows, where[1])
    return [
        (
            person,
            day,
            Page(spec.form, visit, repeat, row, NOTHING, confirmed.get(index, NOTHING), label, None, on, prepared),
        )
        for index, (person, day, visit, repeat, row, on) in enumerate(
            zip(where[0].tolist(), days[where].tolist(), visits, repeats, items, dates, strict=True)
        )
    ]


def _row_places(crowd: Crowd, rows: RowsProgram, place: Integers) -> tuple[list[str], list[str]]:
    """Visit and repeat of each row: the next row of a log, the numbered row of a repeated form, or one page."""
    spec = rows.spec
    if rows.log:
        return [""] * len(place), ["+"] * len(place)
    if rows.places:
        visits = [crowd.program.visits[rows.places[index // spec.rows]] for index in place.tolist()]
        repeated = crowd.program.definition.forms[spec.form].repeat is not None
        return visits, [str(index % spec.rows + 1) if repeated else "" for index in place.tolist()]
    return [spec.visit or ""] * len(place), [""] * len(place)
