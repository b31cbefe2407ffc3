"""The schedule of activities as a table: what is done at which visit, and when the visits are."""

from __future__ import annotations

from dataclasses import dataclass

from trialwright import design
from trialwright.design.model import Definition, Scheduled, Visit
from trialwright.web.public import criteria


@dataclass(frozen=True, slots=True)
class Column:
    """A planned visit: its label, its day in words, its window in words."""

    key: str
    label: str
    epoch: str
    day: str
    window: str


@dataclass(frozen=True, slots=True)
class Line:
    """An activity: at which of the columns it is planned, or in words when it is no matter of visits."""

    label: str
    planned: tuple[bool, ...]
    running: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """The whole schedule."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


def table(definition: Definition) -> Table:
    """The schedule of a definition: planned visits across, activities down."""
    order = design.visit_order(definition)
    columns = tuple(_column(key, definition.visits[key]) for key in order)
    due = sorted(definition.schedule.items(), key=lambda entry: _place(entry[0], entry[1], order, definition))
    return Table(columns, tuple(_line(definition, key, when, order) for key, when in due))


def _place(key: str, due: Scheduled, order: list[str], definition: Definition) -> tuple[bool, int, bool, str]:
    """By the first visit, acts before forms, what runs along last; the file's own order is not in the ledger."""
    first = min((order.index(visit) for visit in due.visits if visit in order), default=len(order))
    return due.log, first, key in definition.forms, key


def _column(key: str, visit: Visit) -> Column:
    return Column(key, visit.label, visit.epoch.capitalize(), f"day {visit.day}", window(visit))


def window(visit: Visit) -> str:
    """The window of a visit in words."""
    before, after = visit.window.before, visit.window.after
    if not before and not after:
        return "on the day"
    if before == after:
        return f"± {before} days"
    return f"{before} days before to {after} after"


def _line(definition: Definition, key: str, due: Scheduled, order: list[str]) -> Line:
    label = definition.forms[key].label if key in definition.forms else definition.activities.get(key, key)
    notes = [due.note] if due.note else []
    if due.when is not None:
        notes.append(f"if {criteria.said(due.when, definition)}")
    if extra := [
        definition.visits[visit].label.lower()
        for visit in due.visits
        if visit in definition.visits and visit not in order
    ]:
        notes.append(f"also at {', '.join(extra)} visits")
    return Line(
        label, tuple(visit in due.visits for visit in order), _running(definition, due), "; ".join(notes) or None
    )


def _running(definition: Definition, due: Scheduled) -> str | None:
    if not due.log:
        return None
    since = definition.visits[due.since].label.lower() if due.since in definition.visits else due.since
    return f"kept up from {since or 'the start'} on"
