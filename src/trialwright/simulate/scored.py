"""The values of a measure over imagined trials, and those of an item: the counterpart of `analysis.scored`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trialwright import design
from trialwright.design.model import Definition
from trialwright.design.review_censoring import can_be_censored
from trialwright.measures.censored import recorded as as_recorded
from trialwright.simulate.crowds import Column, Recorded

Floats = NDArray[np.float64]


class NotSimulated(ValueError):
    """What cannot be simulated; the sentence says what lacks what."""


@dataclass(frozen=True)
class Measured:
    """`values` has shape (trials, n, visits), nan where unknown; `baseline` holds further quantities of shape
    (trials, n). `censored` has the shape of the values: -1 and 1 where one lies below or above a limit, which then
    stands in its place; None: none can."""

    label: str
    visits: tuple[str, ...]
    values: Floats
    thresholds: Mapping[str, float] = field(default_factory=dict)
    baseline: Mapping[str, Floats] = field(default_factory=dict)
    censored: NDArray[np.int8] | None = None

    def at(self, visit: str) -> Floats:
        """The values of one visit, shape (trials, n)."""
        return self.values[..., self.visits.index(visit)]

    def censored_at(self, visit: str) -> NDArray[np.int8] | None:
        """Which values of one visit lie beyond a limit, shape (trials, n)."""
        return None if self.censored is None else self.censored[..., self.visits.index(visit)]


def item_measured(recorded: Recorded, name: str, visits: Sequence[str]) -> Measured:
    """An item of everybody at these visits."""
    values, definition = _column(recorded, name, visits).values, recorded.program.definition
    if not can_be_censored(definition, name):
        return Measured(name, tuple(visits), values)
    form, _, id_ = name.partition(".")
    item = design.items(definition, form)[id_]

    def flagged(flag: str | None) -> NDArray[np.bool_]:
        if flag is None or f"{form}.{flag}" not in recorded.items:
            return np.zeros(values.shape, dtype=np.bool_)
        told = _column(recorded, f"{form}.{flag}", visits)
        return np.asarray(told.present & (told.units != 0))

    low, high = (None if limit is None else float(limit) for limit in (item.lloq, item.uloq))
    held = as_recorded(values, flagged(item.below), flagged(item.above), low, high)
    return Measured(name, tuple(visits), held.values, censored=held.signs)


def _column(recorded: Recorded, name: str, visits: Sequence[str]) -> Column:
    column, places = recorded.items[name], [recorded.visits[name].index(visit) for visit in visits]
    return Column(column.units[..., places], column.present[..., places], column.decimals)


def flags_of(definition: Definition, name: str) -> tuple[str, ...]:
    """The items that flag values of `form.item` as beyond a limit."""
    if not can_be_censored(definition, name):
        return ()
    form, _, item = name.partition(".")
    known = design.items(definition, form)[item]
    return tuple(f"{form}.{flag}" for flag in (known.below, known.above) if flag is not None)
