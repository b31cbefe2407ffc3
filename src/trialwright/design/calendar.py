"""Planned visits: their order, their days and windows. Day 1 is the anchor visit; there is no day 0."""

from __future__ import annotations

from datetime import date, timedelta

from trialwright.design.model import Definition, Visit


def days_from_anchor(visit: Visit, anchor: Visit) -> int:
    """Days between the anchor visit and a planned visit. Raises ValueError for a visit without a day."""
    if visit.day is None or anchor.day is None:
        raise ValueError("the visit has no planned day")
    return _counted(visit.day) - _counted(anchor.day)


def _counted(day: int) -> int:
    # Day -1 is the day before day 1.
    return day - 1 if day > 0 else day


def anchor_visit(definition: Definition) -> str:
    """The visit from which days count: the one marked `anchor`, else the randomisation's."""
    return next((key for key, visit in definition.visits.items() if visit.anchor), definition.randomisation.visit)


def visit_order(definition: Definition) -> list[str]:
    """The planned visits by day; unscheduled ones are left out."""
    planned = [
        (visit.day, key) for key, visit in definition.visits.items() if visit.day is not None and not visit.unscheduled
    ]
    return [key for _, key in sorted(planned, key=lambda entry: entry[0])]


def planned_window(definition: Definition, visit: str, anchor: date) -> tuple[date, date, date]:
    """(planned, earliest, latest) for a participant whose anchor visit was on `anchor`. KeyError for an unknown
    visit, ValueError for one without a day."""
    plan = definition.visits[visit]
    planned = anchor + timedelta(days=days_from_anchor(plan, definition.visits[anchor_visit(definition)]))
    return planned, planned - timedelta(days=plan.window.before), planned + timedelta(days=plan.window.after)
