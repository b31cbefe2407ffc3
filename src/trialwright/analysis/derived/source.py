"""What a derivation is computed from: the recorded values of people, whether of a snapshot or of imagined trials.

A method of `analysis.derived` is written once against `Source` and serves both, so that the analysis and the simulator
cannot drift apart. Days are whole days of one count within a source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trialwright.design.model import Definition
from trialwright.measures.tis import Exact

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

DECIMALS = 9
"""To how many decimals a computed measure that is the input of another one is taken."""


@dataclass(frozen=True, slots=True)
class Words:
    """Codes of (people, rows) as places in `names`, where present."""

    codes: NDArray[np.int64]
    names: tuple[str, ...]
    present: Truths


@dataclass(frozen=True, slots=True)
class Log:
    """Rows of a log, arrays of shape (people, rows): whether there is one, and the items that were asked for. A date
    that is known in part is absent."""

    exists: Truths
    numbers: Mapping[str, Exact]
    days: Mapping[str, Exact]
    words: Mapping[str, Words]


class Source(Protocol):
    """People's recorded values; arrays have one row for each of `count` people."""

    @property
    def definition(self) -> Definition:
        """The definition that the values were recorded under."""
        ...

    @property
    def count(self) -> int:
        """How many people there are."""
        ...

    def column(self, name: str, visits: Sequence[str]) -> Exact:
        """`form.item` or another derivation as exact numbers of shape (people, visits)."""
        ...

    def days(self, visits: Sequence[str]) -> Exact:
        """The day of each visit, present where it took place."""
        ...

    def log(self, form: str, numbers: Sequence[str], days: Sequence[str], words: Sequence[str]) -> Log:
        """The rows of a log form with some of its items."""
        ...

    def deaths(self) -> Exact:
        """The day of death, present of who died and of whom it is known; shape (people,)."""
        ...


def rounded(values: Floats) -> Exact:
    """Computed values as exact decimals, to `DECIMALS` of them and no more than they need; NaN is absent."""
    known = ~np.isnan(values)
    units = np.rint(np.where(known, values, 0.0) * 10.0**DECIMALS).astype(np.int64)
    decimals = DECIMALS
    while decimals and not (units % 10).any():
        units //= 10
        decimals -= 1
    return Exact(units, decimals, known)


def floats(column: Exact) -> Floats:
    """A column as binary floats, NaN where absent."""
    return np.where(column.present, np.asarray(column.units) / 10.0**column.decimals, np.nan).astype(np.float64)
