"""The dose that somebody took over a time, from the rows of a dose log, exactly and on arrays.

A row says: so much a day from its first to its last day, both included. What a log leaves open is decided by declared
rules: rows that overlap, days without a row, rows without an end. A window runs from its first day up to the day before
its last one, so that windows that follow each other share no day.

    total = sum over the days of the window of the dose of that day,   mean = total / days

Doses are whole numbers of 10**-decimals and days are whole numbers, so no sum depends on the order of its parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from trialwright.measures.options import BadOption, word
from trialwright.measures.tis import Exact

Integers = NDArray[Any]
Truths = NDArray[np.bool_]

FAR = 10**8
"""A day beyond every calendar: rows without a first or a last day reach so far."""
TOGETHER = 1 << 14
"""People counted at once; their arrays of people, days and rows stay small."""

Overlaps = Literal["later", "add", "highest"]
Gaps = Literal["unknown", "nought"]
OpenRows = Literal["go on", "until the next row", "unknown"]


@dataclass(frozen=True, slots=True)
class DoseRules:
    """How a dose log is read.

    overlaps: on a day with several rows the one that began later holds, of two that began together the higher; or they
    add up; or the highest holds. gaps: a day without a row has an unknown dose, or none. open_rows: a row without a
    last day goes on; or it ends the day before the next row begins; or the days from its first on are unknown.
    """

    overlaps: Overlaps = "later"
    gaps: Gaps = "unknown"
    open_rows: OpenRows = "go on"


@dataclass(frozen=True, slots=True)
class DoseRows:
    """The rows of people's logs, arrays of shape (people, rows): whether there is one, its daily dose, its first and
    last day (whole days of any common count). What is absent was not recorded."""

    exists: Truths
    dose: Exact
    start: Exact
    stop: Exact


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken over windows, arrays of shape (people, windows): total = units / 10**decimals, where `known`;
    `days`, the length of each window."""

    units: Integers
    decimals: int
    known: Truths
    days: Integers

    @property
    def total(self) -> NDArray[np.float64]:
        """The totals, NaN where unknown."""
        return np.where(self.known, self.units / 10**self.decimals, np.nan)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Total / days, NaN where unknown or where the window has no day."""
        known = self.known & (self.days > 0)
        return np.where(known, self.units / np.where(known, self.days * 10**self.decimals, 1), np.nan)


def taken(rows: DoseRows, begin: Integers, end: Integers, rules: DoseRules = DoseRules()) -> Taken:
    """What was taken from `begin` up to the day before `end`, each of shape (people, windows)."""
    units = np.zeros(begin.shape, dtype=np.int64)
    known = np.zeros(begin.shape, dtype=np.bool_)
    days = np.maximum(end - begin, 0).astype(np.int64)
    for first in range(0, len(begin), TOGETHER):
        part = slice(first, first + TOGETHER)
        units[part], known[part] = _taken(_part(rows, part), begin[part], end[part], days[part], rules)
    return Taken(units, rows.dose.decimals, known, days)


def _part(rows: DoseRows, part: slice) -> DoseRows:
    dose, start, stop = (
        Exact(np.asarray(one.units)[part], one.decimals, np.broadcast_to(one.present, rows.exists.shape)[part])
        for one in (rows.dose, rows.start, rows.stop)
    )
    return DoseRows(rows.exists[part], dose, start, stop)


def _taken(rows: DoseRows, begin: Integers, end: Integers, days: Integers, rules: DoseRules) -> tuple[Integers, Truths]:
    """Between two days at which any row begins or has ended nothing changes: each such stretch has one dose."""
    if not rows.exists.shape[1]:
        return np.zeros(days.shape, dtype=np.int64), (days == 0) | (rules.gaps == "nought")
    low, high, vague = _reach(rows, rules)
    points = np.sort(np.concatenate([low, high], axis=1), axis=1)
    left, right = points[:, :-1], points[:, 1:]
    dose, unknown, covered = _stretches(rows, low, high, vague, left, rules)
    length = np.minimum(right[:, None], end[..., None]) - np.maximum(left[:, None], begin[..., None])
    length = np.maximum(length, 0)
    total = (length * dose[:, None]).sum(axis=2)
    doubtful = ((length > 0) & unknown[:, None]).any(axis=2)
    if rules.gaps == "unknown":
        doubtful |= (length * covered[:, None]).sum(axis=2) < days
    return total, ~doubtful


def _reach(rows: DoseRows, rules: DoseRules) -> tuple[Integers, Integers, Truths]:
    """The first day of each row, the day after its last, and whether it is not known how far the row reaches. A row
    that is not there, or ends before it begins, reaches nowhere."""
    started, stopped = rows.start.present & rows.exists, rows.stop.present & rows.exists
    low = np.where(started, rows.start.units, -FAR).astype(np.int64)
    high = np.where(stopped, np.asarray(rows.stop.units, dtype=np.int64) + 1, FAR)
    vague = rows.exists & ~started
    if rules.open_rows == "unknown":
        vague = vague | (rows.exists & ~stopped)
    if rules.open_rows == "until the next row":
        later = np.where(started[:, None, :] & (low[:, None, :] > low[:, :, None]), low[:, None, :], FAR)
        high = np.where(started & ~stopped, later.min(axis=2, initial=FAR), high)
    there = rows.exists & (high > low)
    return np.where(there, low, FAR), np.where(there, high, FAR), vague & there


def _stretches(
    rows: DoseRows, low: Integers, high: Integers, vague: Truths, left: Integers, rules: DoseRules
) -> tuple[Integers, Truths, Truths]:
    """For each stretch, by its first day: the dose, whether it is unknown, whether any row covers it."""
    there = np.asarray(rows.dose.present) & rows.exists
    # A dose that was not recorded could be the highest one.
    rank = np.where(there, rows.dose.units, np.iinfo(np.int64).max).astype(np.int64)
    order = np.lexsort((rank, low), axis=1)
    low, high, vague, there, rank = (np.take_along_axis(one, order, axis=1) for one in (low, high, vague, there, rank))
    covers = (low[:, None] <= left[..., None]) & (left[..., None] < high[:, None])
    covered = np.asarray(covers.any(axis=2))
    dose = np.where(there, rank, 0)
    unknown = np.asarray((covers & vague[:, None]).any(axis=2))
    if rules.overlaps == "later":
        last = covers.shape[2] - 1 - np.argmax(covers[..., ::-1], axis=2)
        held, sure = (np.take_along_axis(one, last, axis=1) for one in (dose, there))
        return np.where(covered, held, 0), unknown | (covered & ~sure), covered
    unknown |= (covers & ~there[:, None]).any(axis=2)
    each = np.where(covers, dose[:, None], 0)
    return each.sum(axis=2) if rules.overlaps == "add" else each.max(axis=2, initial=0), unknown, covered


# ------------------------------------------------------------------ what a definition declares

OVER = ("since baseline", "since the last visit")
OPTIONS = ("over", "overlaps", "gaps", "open_rows", "drugs")
"""The options of a derivation that counts doses."""


def dose_rules(options: Mapping[str, str]) -> DoseRules:
    """How the definition reads the log. Raises `BadOption`."""
    return DoseRules(
        cast(Overlaps, word(options, "overlaps", get_args(Overlaps))),
        cast(Gaps, word(options, "gaps", get_args(Gaps))),
        cast(OpenRows, word(options, "open_rows", get_args(OpenRows))),
    )


def since_baseline(options: Mapping[str, str]) -> bool:
    """Whether the time before a visit begins at the baseline, not at the visit before. Raises `BadOption`."""
    return word(options, "over", OVER) == OVER[0]


def drugs(text: str) -> dict[str, Decimal]:
    """`prednisone 1, methylprednisolone 1.25` as drug -> what one unit counts. Raises `BadOption`."""
    found = {}
    for part in (one.strip() for one in text.split(",") if one.strip()):
        name, _, factor = part.rpartition(" ")
        try:
            counts = Decimal(factor)
        except InvalidOperation:
            counts = Decimal(0)
        if not name or not counts.is_finite() or counts <= 0:
            raise BadOption(
                "drugs", f"'{part}': write the drug's code and what one unit of it counts, such as 'prednisone 1'"
            )
        found[name.strip()] = counts
    return found
