"""The values of a measure over imagined trials, and those of an item: the counterpart of `analysis.scored`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trialwright.simulate.crowds import Column, Recorded

Floats = NDArray[np.float64]


class NotSimulated(ValueError):
    """What cannot be simulated; the sentence says what lacks what."""


@dataclass(frozen=True)
class Measured:
    """`values` has shape (trials, n, visits), nan where unknown; `baseline` holds further quantities of shape
    (trials, n)."""

    label: str
    visits: tuple[str, ...]
    values: Floats
    thresholds: Mapping[str, float] = field(default_factory=dict)
    baseline: Mapping[str, Floats] = field(default_factory=dict)

    def at(self, visit: str) -> Floats:
        """The values of one visit, shape (trials, n)."""
        return self.values[..., self.visits.index(visit)]


def item_measured(recorded: Recorded, name: str, visits: Sequence[str]) -> Measured:
    """An item of everybody at these visits."""
    column, places = recorded.items[name], [recorded.visits[name].index(visit) for visit in visits]
    wanted = Column(column.units[..., places], column.present[..., places], column.decimals)
    return Measured(name, tuple(visits), wanted.values)
