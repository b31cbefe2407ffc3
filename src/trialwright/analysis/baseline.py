"""The participants at the start: which variables a baseline table shows, and their values."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from trialwright.analysis.derived import way
from trialwright.analysis.derived.way import at_the_visits, baseline
from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.observations import Observations
from trialwright.analysis.scored import item_scores
from trialwright.analysis.scores import scores
from trialwright.design.derivations import blinding_of_derivation
from trialwright.design.model import Blinding, Definition
from trialwright.design.review_censoring import can_be_censored
from trialwright.measures.censored import Censored, Sign


def variables(seen: Observations, who: Sequence[str]) -> dict[str, tuple[str, tuple[Any, ...]]]:
    """The baseline table's rows: every number and code that the eligibility criteria or the strata speak of, newest
    value up to the randomisation visit, and the scores that endpoints ask for, at their baseline. Label -> (unit,
    values), a number as float and a code as its label."""
    definition = seen.definition
    limits = {
        name for measure in definition.derivations.values() for key, name in measure.inputs.items() if "_uln" in key
    }
    last = definition.visits[definition.randomisation.visit].day or 1
    order = sorted(
        (visit for visit, plan in definition.visits.items() if plan.day is not None and plan.day <= last),
        key=lambda visit: -(definition.visits[visit].day or 0),
    )
    rows: dict[str, tuple[str, tuple[Any, ...]]] = {}
    told = {fact.item for fact in definition.facts.values()}
    for factor in definition.randomisation.strata.values():
        if factor.item not in told:
            rows[factor.label] = (
                "",
                tuple(_shown(definition, factor.item, one) for one in _newest(seen, factor.item, who, order)),
            )
    for fact in definition.facts.values():
        if fact.item is None or fact.item in limits or fact.type not in ("integer", "decimal", "quantity", "code"):
            continue
        label = fact.label[0].upper() + fact.label[1:]
        if can_be_censored(definition, fact.item):
            rows[label] = (fact.unit or "", _limited(seen, fact.item, who, order))
            continue
        found = _newest(seen, fact.item, who, order)
        rows[label] = (fact.unit or "", tuple(_shown(definition, fact.item, value) for value in found))
    return {**rows, **_scored(seen, who, order)}


def _newest(seen: Observations, name: str, who: Sequence[str], order: Sequence[str]) -> list[Any]:
    return [next((v for visit in order if (v := seen.value(p, visit, name)) is not None), None) for p in who]


def _scored(seen: Observations, who: Sequence[str], until: Sequence[str]) -> dict[str, tuple[str, tuple[Any, ...]]]:
    """The derivations of endpoints that are values of a visit and no changes since it, where anybody has one."""
    rows: dict[str, tuple[str, tuple[Any, ...]]] = {}
    definition = seen.definition
    for name in dict.fromkeys(name for one in definition.endpoints.values() for name in one.measure):
        derivation = definition.derivations.get(name)
        computed = None if derivation is None else way(definition, derivation.method)
        if derivation is None or computed is None or computed.looks is not at_the_visits:
            continue
        start = baseline(definition, derivation)
        if start not in until or blinding_of_derivation(definition, name) is Blinding.SEALED:
            continue
        try:
            values = scores(seen, name, who, [start]).at(start).tolist()
        except NotEstimable:
            continue
        if any(value == value for value in values):
            rows[derivation.label] = (
                derivation.unit or "",
                tuple(value if value == value else None for value in values),
            )
    return rows


def _limited(seen: Observations, name: str, who: Sequence[str], order: Sequence[str]) -> tuple[Censored | None, ...]:
    """The newest value of each participant, or the limit that it lies beyond."""
    held = item_scores(seen, name, who, order)
    signs = np.zeros(held.values.shape, dtype=np.int8) if held.censored is None else held.censored
    found: list[Censored | None] = []
    for values, sides in zip(held.values.tolist(), signs.tolist(), strict=True):
        newest = next((place for place, value in enumerate(values) if value == value), None)
        one = None if newest is None else Censored(Decimal(repr(values[newest])), Sign(sides[newest]))
        found.append(one)
    return tuple(found)


def _shown(definition: Definition, name: str, value: Any) -> Any:
    """A code by its label, a number as it will be averaged."""
    form, _, item = name.partition(".")
    codes = next((known.codes for known in definition.forms[form].items if known.id == item), None)
    if codes is not None and value is not None:
        return definition.codelists[codes].get(str(value), str(value))
    return value if value is None or isinstance(value, str) else float(value)
