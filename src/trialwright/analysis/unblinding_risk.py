"""How well one laboratory value tells the arm: the area under the ROC curve, by visit.

Of all pairs of one participant from each arm, the share in which the treated one's value is the higher (ties count
half): 0.5 tells nothing, 1 and 0 tell everything. Who sees one value and may choose the best cut-off for it is right
that often about a pair. Interval: Newcombe's method 5 for the Mann-Whitney statistic (Stat Med 2006; 25: 559-573), the
limits t at which

    (t - a)^2 = z^2 t (1 - t) (1 + k (1 - t) / (2 - t) + k t / (1 + t)) / (m n),   k = (m + n) / 2 - 1,

which also has limits where the arms do not overlap at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri

from trialwright import design
from trialwright.analysis.asking import contrast
from trialwright.analysis.estimates import Interval
from trialwright.analysis.observations import Observations
from trialwright.design.model import Blinding, Definition, ItemType

Floats = NDArray[np.float64]

LABORATORY = "LB"
"""The domain of laboratory forms (SDTM)."""
EDGE = 1e-9
NUMBERS = (ItemType.DECIMAL, ItemType.INTEGER)


@dataclass(frozen=True, slots=True)
class Told:
    """One visit: the area for the value itself and for its change from the baseline (None at the baseline, or where an
    arm has nobody), and how many of reference and treatment had a value."""

    visit: str
    week: float
    n: tuple[int, int]
    value: Interval | None
    change: Interval | None


@dataclass(frozen=True, slots=True)
class Risk:
    """One item (`form.item`): whether it is sealed, and what it tells at each visit. Of a sealed item that nobody has
    opened, `visits` is empty."""

    name: str
    label: str
    sealed: bool
    visits: tuple[Told, ...]

    def most(self) -> Told | None:
        """The visit at which the value tells most."""
        known = [told for told in self.visits if told.value is not None]
        return max(known, key=lambda told: told_apart(told.value), default=None)


def told_apart(area: Interval | None) -> float:
    """The share of pairs that who guesses by the value gets right: an area below one half tells as much as the same
    distance above it."""
    return 0.0 if area is None else max(area.estimate, 1 - area.estimate)


def laboratory_items(definition: Definition) -> dict[str, tuple[str, bool]]:
    """The numbers of laboratory forms, and of every form with a sealed item: `form.item` -> its label and whether it is
    sealed; the sealed ones first."""
    found: dict[str, tuple[str, bool]] = {}
    for name, form in definition.forms.items():
        items = design.items(definition, name)
        sealed = {full for full in items if design.blinding_of(definition, name, full) is Blinding.SEALED}
        if (form.sdtm == LABORATORY or sealed) and not form.log and form.repeat is None:
            numbers = {full: item for full, item in items.items() if item.type in NUMBERS}
            found |= {f"{name}.{full}": (item.label, full in sealed) for full, item in numbers.items()}
    return dict(sorted(found.items(), key=lambda one: not one[1][1]))


def planned_visits(definition: Definition, form: str) -> tuple[str, ...]:
    """The planned visits of a form from the anchor visit on: before the first treatment nothing can tell."""
    order = design.visit_order(definition)
    start = order.index(design.anchor_visit(definition))
    planned = definition.schedule[form].visits if form in definition.schedule else ()
    return tuple(visit for visit in order[start:] if visit in planned)


def areas(treated: NDArray[np.bool_], values: Floats) -> Floats:
    """The area of each trial, nan where an arm has no value. `treated` and `values` have the shape (trials, n)."""
    known = ~np.isnan(values)
    first, second = (np.where(known & who, values, np.nan) for who in (~treated, treated))
    higher = second[:, :, None] > first[:, None, :]
    ties = second[:, :, None] == first[:, None, :]
    pairs = (known & treated).sum(axis=1) * (known & ~treated).sum(axis=1)
    right = higher.sum(axis=(1, 2)) + 0.5 * ties.sum(axis=(1, 2))
    return np.divide(right, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)


def area(treated: NDArray[np.bool_], values: Floats, level: float = 0.95) -> Interval | None:
    """The area of one trial with its interval; None where an arm has no value. Arrays of shape (n,)."""
    known = ~np.isnan(values)
    m, n = int((known & ~treated).sum()), int((known & treated).sum())
    if not m or not n:
        return None
    found = float(areas(treated[None], values[None])[0])
    lower, upper = limits(found, m, n, level)
    return Interval(found, lower, upper, level)


def limits(found: float, m: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Newcombe's method 5: the confidence limits of an area from m and n participants."""
    z2, k = float(ndtri((1 + level) / 2)) ** 2, (m + n) / 2 - 1

    def beyond(t: float) -> float:
        spread = t * (1 - t) * (1 + k * (1 - t) / (2 - t) + k * t / (1 + t)) / (m * n)
        return (t - found) ** 2 - z2 * spread

    # At 0 and 1 the spread vanishes too: the limit sought is the root on this side of them.
    inner = min(max(found, EDGE), 1 - EDGE)
    lower = 0.0 if found == 0 else float(brentq(beyond, 0.0, inner, xtol=1e-12))
    upper = 1.0 if found == 1 else float(brentq(beyond, inner, 1.0, xtol=1e-12))
    return lower, upper


def observed(seen: Observations, treatments: Mapping[str, str]) -> tuple[Risk, ...]:
    """What every laboratory item told in this trial, by visit. Needs opened treatments; sealed items are empty until
    they are opened."""
    definition = seen.definition
    plan = next((one for one in definition.analyses.values() if one.level == "primary"), None)
    reference, treatment = contrast(definition, plan) if plan else tuple(definition.arms)[:2]
    who = [person for person in seen.randomised if treatments.get(person) in (reference, treatment)]
    treated = np.array([treatments[person] == treatment for person in who], dtype=bool)
    return tuple(
        Risk(
            name,
            label,
            sealed,
            () if sealed and seen.snapshot.opened is None else _by_visit(seen, who, treated, name),
        )
        for name, (label, sealed) in laboratory_items(definition).items()
    )


def _by_visit(seen: Observations, who: Sequence[str], treated: NDArray[np.bool_], name: str) -> tuple[Told, ...]:
    visits = planned_visits(seen.definition, name.partition(".")[0])
    numbers = seen.numbers(who, visits, name)
    values = np.array([np.nan if one is None else float(one) for one in numbers]).reshape(len(who), len(visits))
    return tuple(
        Told(
            visit,
            seen.planned_week(visit) or 0.0,
            _counts(treated, values[:, place]),
            area(treated, values[:, place]),
            area(treated, values[:, place] - values[:, 0]) if place and visits[0] == seen.anchor else None,
        )
        for place, visit in enumerate(visits)
    )


def _counts(treated: NDArray[np.bool_], values: Floats) -> tuple[int, int]:
    known = ~np.isnan(values)
    return int((known & ~treated).sum()), int((known & treated).sum())
