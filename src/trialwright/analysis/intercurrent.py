"""What happened between randomisation and the outcome that an estimand speaks of: rescue, stopping treatment, death.

The estimand declares a strategy for each; this module counts to whom it happened before the visit of the outcome, so
that a reader sees how much hangs on the strategy.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from trialwright.analysis.observations import Observations
from trialwright.ledger.canonical import instant

Happened = Callable[[Observations, str, date], bool]


def affected(seen: Observations, event: str, who: Sequence[str], visit: str) -> tuple[str, ...] | None:
    """To whom of `who` the event happened up to the visit (its day, or the planned day where it did not take place).

    `event` is a key of the estimand's intercurrent events; None for one that this module cannot recognise.
    """
    happened = next((test for word, test in EVENTS.items() if word in event.lower()), None)
    if happened is None:
        return None
    ever = {person: _day(seen, person, visit) for person in who if happened(seen, person, date.max)}
    return tuple(person for person, day in ever.items() if day is not None and happened(seen, person, day))


def _day(seen: Observations, person: str, visit: str) -> date | None:
    start, week = seen.randomised_on(person), seen.planned_week(visit)
    planned = None if start is None or week is None else start + timedelta(days=round(7 * week))
    return seen.on(person, visit) or planned


def rescued(seen: Observations, person: str, by: date) -> bool:
    """A row of the log form `rescue` that began by that day; a row without a date counts."""
    if "rescue" not in seen.definition.forms:
        return False
    return any(_by(row.get("start"), by) for row in seen.rows(person, "rescue"))


def stopped_treatment(seen: Observations, person: str, by: date) -> bool:
    """Treatment stopped early, by the day on which that was recorded."""
    at = seen.participants[person].treatment_stopped
    return at is not None and instant(at).date() <= by


def died(seen: Observations, person: str, by: date | None = None) -> bool:
    """A page says that the participant died (an item `death_date`, or a status of death), by that day where given."""
    for page in seen.participants[person].pages.values():
        day = page.items.get("death_date")
        if (day or page.items.get("status") == "death") and (by is None or _by(day and date.fromisoformat(day), by)):
            return True
    return False


def _by(day: Any, by: date) -> bool:
    return day is None or not isinstance(day, date) or day <= by


EVENTS: dict[str, Happened] = {
    "rescue": rescued,
    "discontinu": stopped_treatment,
    "stopped": stopped_treatment,
    "death": died,
}
"""A word in the name of an intercurrent event, and how it is seen in the data."""
