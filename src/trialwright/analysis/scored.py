"""The values of a measure over participants and visits, and those of an item of a form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from trialwright import design
from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.observations import Observations
from trialwright.design.model import Item
from trialwright.design.review_censoring import can_be_censored
from trialwright.measures.censored import recorded

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scores:
    """`values` has shape (participants, visits). `baseline` holds further quantities of shape (participants,) that the
    measure knows at its baseline, such as the followed enzyme's multiple. NaN is "not known". `censored` has the shape
    of the values: -1 and 1 where one lies below or above a limit, which then stands in its place; None: none can."""

    name: str
    label: str
    participants: tuple[str, ...]
    visits: tuple[str, ...]
    values: Floats
    thresholds: Mapping[str, float] = field(default_factory=dict)
    baseline: Mapping[str, Floats] = field(default_factory=dict)
    censored: NDArray[np.int8] | None = None

    def at(self, visit: str) -> Floats:
        """The values of one visit, shape (participants,)."""
        return self.values[:, self.visits.index(visit)]

    def censored_at(self, visit: str) -> NDArray[np.int8] | None:
        """Which values of one visit lie beyond a limit, shape (participants,)."""
        return None if self.censored is None else self.censored[:, self.visits.index(visit)]


def item_scores(seen: Observations, name: str, participants: Sequence[str], visits: Sequence[str]) -> Scores:
    """The measured values of an item `form.item`. Raises `NotEstimable` for a form that is not there."""
    form, _, item = name.partition(".")
    if form not in seen.definition.forms:
        raise NotEstimable(f"'{name}' is neither a derivation nor an item of a form.")
    measured = [[_float(seen.number(person, visit, name)) for visit in visits] for person in participants]
    labels = {known.id: known.label for known in seen.definition.forms[form].items}
    labels |= {known.id: known.label for known in seen.definition.forms[form].derive}
    values, beyond = np.array(measured).reshape(len(participants), len(visits)), None
    if can_be_censored(seen.definition, name):
        values, beyond = _beyond(seen, design.items(seen.definition, form)[item], form, values, participants, visits)
    label = labels.get(item, name)
    return Scores(name, label, tuple(participants), tuple(visits), values, censored=beyond)


def _beyond(
    seen: Observations, item: Item, form: str, values: Floats, participants: Sequence[str], visits: Sequence[str]
) -> tuple[Floats, NDArray[np.int8]]:
    """The values with their limits in place, and which of them lie beyond one."""

    def flagged(flag: str | None) -> NDArray[np.bool_]:
        told = [[seen.value(person, visit, f"{form}.{flag}") is True for visit in visits] for person in participants]
        return np.array(told, dtype=np.bool_).reshape(values.shape)

    low, high = (None if limit is None else float(limit) for limit in (item.lloq, item.uloq))
    try:
        held = recorded(values, flagged(item.below), flagged(item.above), low, high)
    except ValueError as wrong:
        raise NotEstimable(f"{item.label}: {wrong}.") from None
    return held.values, held.signs


def _float(value: Decimal | int | None) -> float:
    return float("nan") if value is None else float(value)
