"""The values of a measure over participants and visits, and those of an item of a form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.observations import Observations

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scores:
    """`values` has shape (participants, visits). `baseline` holds further quantities of shape (participants,) that the
    measure knows at its baseline, such as the followed enzyme's multiple. NaN is "not known"."""

    name: str
    label: str
    participants: tuple[str, ...]
    visits: tuple[str, ...]
    values: Floats
    thresholds: Mapping[str, float] = field(default_factory=dict)
    baseline: Mapping[str, Floats] = field(default_factory=dict)

    def at(self, visit: str) -> Floats:
        """The values of one visit, shape (participants,)."""
        return self.values[:, self.visits.index(visit)]


def item_scores(seen: Observations, name: str, participants: Sequence[str], visits: Sequence[str]) -> Scores:
    """The measured values of an item `form.item`. Raises `NotEstimable` for a form that is not there."""
    form, _, item = name.partition(".")
    if form not in seen.definition.forms:
        raise NotEstimable(f"'{name}' is neither a derivation nor an item of a form.")
    values = [[_float(seen.number(person, visit, name)) for visit in visits] for person in participants]
    labels = {known.id: known.label for known in seen.definition.forms[form].items}
    labels |= {known.id: known.label for known in seen.definition.forms[form].derive}
    shape = (len(participants), len(visits))
    return Scores(name, labels.get(item, name), tuple(participants), tuple(visits), np.array(values).reshape(shape))


def _float(value: Decimal | int | None) -> float:
    return float("nan") if value is None else float(value)
