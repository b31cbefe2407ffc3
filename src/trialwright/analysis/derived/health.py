"""EQ-5D index, visual analogue scale and quality-adjusted life years as derivations.

`eq5d_5l`, `eq5d_3l`, `eq5d_y3l`: inputs mo, sc, ua, pd, ad; option `value_set`, a DOI (which pins it) or a country, and
`kind` where a country has several (`CW`: a crosswalk). `eq_vas`: input vas. `qaly`: input index, the area under it from
the baseline to the visit, both by their days; options `missing: bridged` (a line over a visit that was missed) or
`unknown`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.derived.source import Floats, Source, floats
from trialwright.analysis.derived.way import from_baseline_on
from trialwright.analysis.estimates import NotEstimable
from trialwright.design.derivations import baseline
from trialwright.design.model import Derivation
from trialwright.measures.tis import Exact

if TYPE_CHECKING:
    from trialwright.measures.eq5d.sets import ValueSet

VERSIONS: Mapping[str, str] = {"eq5d_5l": "5L", "eq5d_3l": "3L", "eq5d_y3l": "Y-3L"}
"""Method -> version of the EQ-5D."""
DIMENSIONS = ("mo", "sc", "ua", "pd", "ad")


def index(source: Source, derivation: Derivation, visits: Sequence[str]) -> Floats:
    """The index at each visit; NaN where a dimension is not answered."""
    from trialwright.measures.eq5d.profiles import index as indices

    return indices(levels(source, derivation, visits), declared_set(derivation))


def declared_set(derivation: Derivation) -> "ValueSet":
    """The value set that a derivation names. Raises `NotEstimable` for one that there is not."""
    from trialwright.measures.eq5d.sets import NoSuchValueSet, value_set

    named = derivation.options.get("value_set", derivation.options.get("country", ""))
    try:
        return value_set(VERSIONS[derivation.method], named, derivation.options.get("kind"))
    except NoSuchValueSet as wrong:
        raise NotEstimable(f"{derivation.label}: {wrong}") from None


def levels(source: Source, derivation: Derivation, visits: Sequence[str]) -> NDArray[np.int8]:
    """The five levels, (people, visits, 5), 0 where one is missing. Raises `NotEstimable` for a level that the version
    has not."""
    columns = [source.column(derivation.inputs[name], visits) for name in DIMENSIONS]
    found = np.stack([_levels(column) for column in columns], axis=2)
    top = 5 if derivation.method == "eq5d_5l" else 3
    if found.size and not 0 <= found.min() <= found.max() <= top:
        raise NotEstimable(f"{derivation.label}: a level outside 1 to {top}; the form's codes are not the levels.")
    return found.astype(np.int8)


def _levels(column: Exact) -> NDArray[np.int64]:
    units = np.asarray(column.units, dtype=np.int64)
    return np.where(column.present, units // 10**column.decimals, 0)


def scale(source: Source, derivation: Derivation, visits: Sequence[str]) -> Floats:
    """The visual analogue scale, 0 to 100, as it stands."""
    return floats(source.column(derivation.inputs["vas"], visits))


def qaly(source: Source, derivation: Derivation, visits: Sequence[str]) -> Floats:
    """Quality-adjusted life years from the baseline to the day of each visit; NaN at a visit without an index, unless
    the participant had died by its planned day."""
    order = from_baseline_on(source.definition, derivation, visits)
    start = order.index(baseline(source.definition, derivation))
    recorded, values = source.days(order), floats(source.column(derivation.inputs["index"], order))
    first = np.asarray(recorded.units, dtype=np.float64)[:, start]
    days, death = floats(recorded) - first[:, None], floats(source.deaths()) - first
    with np.errstate(invalid="ignore"):
        values = np.where(days >= death[:, None], np.nan, values)
    values[np.isnan(days)] = np.nan
    bridged = derivation.options.get("missing", "bridged") == "bridged"
    found = np.full((source.count, len(visits)), np.nan)
    for column, visit in enumerate(visits):
        if visit in order[start:]:
            kept = slice(start, order.index(visit) + 1)
            planned = _planned(source, order[start], visit)
            found[:, column] = _area(days[:, kept], values[:, kept], death, planned, bridged)
    return found


def _area(days: Floats, values: Floats, death: Floats, planned: float, bridged: bool) -> Floats:
    """The area up to the last column, or to its planned day for who had died by then; unknown without a baseline, at
    a visit without an index, and where two visits fell on one day."""
    from trialwright.measures.eq5d.qaly import qaly as area

    made = ~np.isnan(values)
    dead = death <= planned
    until = np.where(dead, planned, days[:, -1])
    before = np.maximum.accumulate(np.where(made, days, -np.inf), axis=1)[:, :-1]
    known = made[:, 0] & (made[:, -1] | dead) & ~(made[:, 1:] & (days[:, 1:] <= before)).any(axis=1)
    if not bridged:
        known &= (made | (dead[:, None] & ~(days < death[:, None]))).all(axis=1)
    found = np.where(known & (days.shape[1] == 1), 0.0, np.nan)
    if days.shape[1] > 1 and known.any():
        found[known] = area(days[known], values[known], death[known], until[known]).qalys
    return found


def _planned(source: Source, first: str, visit: str) -> float:
    """Days by plan from one visit to another."""
    days = [source.definition.visits[name].day or 0 for name in (first, visit)]
    return float(days[1] - days[0])
