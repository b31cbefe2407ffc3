"""The source of derivations that a snapshot is: the pages of some participants."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from trialwright.analysis.derived.source import Log, Words, rounded
from trialwright.analysis.observations import Observations
from trialwright.analysis.scored import Scores
from trialwright.capture.values import as_number
from trialwright.design.model import Definition
from trialwright.measures.tis import Exact, exact

Computing = Callable[[Observations, str, Sequence[str], Sequence[str]], Scores]
"""How another measure of the same participants is computed: `scores`."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Participants of a snapshot as a `Source`; days are ordinals of the calendar."""

    seen: Observations
    participants: Sequence[str]
    computing: Computing

    @property
    def definition(self) -> Definition:
        """The definition that the snapshot is read under."""
        return self.seen.definition

    @property
    def count(self) -> int:
        """How many participants there are."""
        return len(self.participants)

    def column(self, name: str, visits: Sequence[str]) -> Exact:
        """`form.item` or another derivation as exact numbers of shape (participants, visits)."""
        if name in self.definition.derivations:
            return rounded(self.computing(self.seen, name, self.participants, visits).values)
        form, _, item = name.partition(".")
        page, shape = self.seen.page, (len(self.participants), len(visits))
        values = [page(person, visit, form).get(item) for person in self.participants for visit in visits]
        return _shaped([as_number(value) for value in values], shape)

    def days(self, visits: Sequence[str]) -> Exact:
        """The day of each visit, present where a page of it has one."""
        days = [self.seen.on(person, visit) for person in self.participants for visit in visits]
        return _shaped([_ordinal(day) for day in days], (len(self.participants), len(visits)))

    def log(self, form: str, numbers: Sequence[str], days: Sequence[str], words: Sequence[str]) -> Log:
        """The rows of a log form, in the order of entry."""
        rows = [list(self.seen.rows(person, form)) for person in self.participants]
        width = max((len(one) for one in rows), default=0)
        exists = np.array([[place < len(one) for place in range(width)] for one in rows], dtype=np.bool_)
        padded = [[*one, *[{}] * (width - len(one))] for one in rows]
        shape = (len(rows), width)
        return Log(
            exists.reshape(shape),
            {item: _shaped([as_number(row.get(item)) for one in padded for row in one], shape) for item in numbers},
            {item: _shaped([_ordinal(row.get(item)) for one in padded for row in one], shape) for item in days},
            {item: _words([row.get(item) for one in padded for row in one], shape) for item in words},
        )

    def deaths(self) -> Exact:
        """The day of death where a page tells of one: its date of death, else the page's own day."""
        return _shaped([self._death(person) for person in self.participants], (len(self.participants),))

    def _death(self, person: str) -> int | None:
        for (_, form, _), page in self.seen.participants[person].pages.items():
            said = {name: page.items.get(name) for name in ("death_date", "status") if self.seen.item_seen(form, name)}
            day = said.get("death_date") or (page.on if said.get("status") == "death" else None)
            if day:
                return _day_of(day)
        return None


def _shaped(values: Sequence[Any], shape: tuple[int, ...]) -> Exact:
    flat = exact(values)
    return Exact(flat.units.reshape(shape), flat.decimals, np.asarray(flat.present).reshape(shape))


def _words(values: Sequence[Any], shape: tuple[int, ...]) -> Words:
    names = tuple(dict.fromkeys(value for value in values if isinstance(value, str)))
    place: Mapping[str, int] = {name: index for index, name in enumerate(names)}
    codes = np.array([place.get(value, -1) if isinstance(value, str) else -1 for value in values], dtype=np.int64)
    return Words(codes.reshape(shape), names, (codes >= 0).reshape(shape))


def _ordinal(value: Any) -> int | None:
    """The ordinal of a full date; a date known in part, and anything else, is None."""
    low, high = getattr(value, "low", value), getattr(value, "high", value)
    return low.toordinal() if isinstance(low, date) and low == high else None


def _day_of(text: str) -> int | None:
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:  # a date known in part
        return None
