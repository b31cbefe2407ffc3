"""The source of derivations that imagined trials are: everybody of all of them on one axis."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from trialwright.analysis.derived.source import Floats, Log, Words, rounded
from trialwright.capture.values import as_number
from trialwright.design.model import Definition
from trialwright.measures.tis import Exact
from trialwright.simulate.crowds import Recorded
from trialwright.simulate.recording import Column

Computing = Callable[[Recorded, str, Sequence[str]], Floats]
"""How another measure of the same people is computed: its values, (trials, n, visits)."""


@dataclass(frozen=True, slots=True)
class ImaginedSource:
    """The people of imagined trials as an `analysis.derived.source.Source`; days count from the start of enrolment."""

    recorded: Recorded
    computing: Computing

    @property
    def definition(self) -> Definition:
        """The world's definition."""
        return self.recorded.program.definition

    @property
    def count(self) -> int:
        """How many people there are in all trials."""
        return self.recorded.arm.size

    def column(self, name: str, visits: Sequence[str]) -> Exact:
        """`form.item` or another derivation as exact numbers of shape (people, visits)."""
        if name in self.definition.derivations:
            return rounded(self.computing(self.recorded, name, visits).reshape(self.count, len(visits)))
        column, known = self.recorded.items[name], self.recorded.visits[name]
        places = [known.index(visit) for visit in visits]
        return _numbers(column, column.units[..., places], column.present[..., places], (self.count, len(visits)))

    def days(self, visits: Sequence[str]) -> Exact:
        """The day of each visit, present where a page of it was recorded."""
        places = [self.recorded.program.visits.index(visit) for visit in visits]
        shape = (self.count, len(visits))
        on, held = (array[..., places].reshape(shape) for array in (self.recorded.on, self.recorded.held))
        return Exact(on.astype(np.int64), 0, held)

    def log(self, form: str, numbers: Sequence[str], days: Sequence[str], words: Sequence[str]) -> Log:
        """The rows of a log form, in the order of the scenario's file."""
        rows = self.recorded.rows[form]
        shape = (self.count, rows.exists.shape[2])
        made = {item: _numbers(one, one.units, one.present, shape) for item, one in rows.items.items()}
        return Log(
            rows.exists.reshape(shape),
            {item: made[item] for item in numbers},
            {item: made[item] for item in days},
            {item: _words(rows.items[item], shape) for item in words},
        )

    def deaths(self) -> Exact:
        """Nobody's: what lets participants die is not simulated in arrays."""
        return Exact(np.zeros(self.count, dtype=np.int64), 0, np.zeros(self.count, dtype=np.bool_))


def _numbers(column: Column, units: np.ndarray, present: np.ndarray, shape: tuple[int, int]) -> Exact:
    """A column of people; codes that read as numbers count as them."""
    if column.names is None:
        return Exact(units.reshape(shape), column.decimals, present.reshape(shape))
    worth = [as_number(name) for name in column.names] or [None]
    decimals = max(max(0, -int(Decimal(one).as_tuple().exponent)) for one in (*worth, 0) if one is not None)
    table = np.array([0 if one is None else int(Decimal(one).scaleb(decimals)) for one in worth], dtype=np.int64)
    known = np.array([one is not None for one in worth])
    here = np.clip(units, 0, len(worth) - 1)
    return Exact(table[here].reshape(shape), decimals, (present & known[here]).reshape(shape))


def _words(column: Column, shape: tuple[int, int]) -> Words:
    codes = np.where(column.present, column.units, -1).astype(np.int64)
    return Words(codes.reshape(shape), column.names or (), column.present.reshape(shape))
