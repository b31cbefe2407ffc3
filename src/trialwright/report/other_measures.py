"""The measures of endpoints that no other section shows, by visit and arm: scores of questionnaires and tests above
all."""

from collections.abc import Collection

import numpy as np

from trialwright.analysis.derived import way
from trialwright.analysis.derived.way import at_the_visits
from trialwright.analysis.observations import Observations
from trialwright.analysis.scores import Scores
from trialwright.design.derivations import blinding_of_derivation, is_truth
from trialwright.design.model import Blinding, Derivation
from trialwright.report import daily_doses
from trialwright.report.content import Block, Section, Table
from trialwright.report.health import VERSIONS
from trialwright.report.measured import Arms, known_scores, over_time, visits_of
from trialwright.report.outcome import digits_for, start_of
from trialwright.report.questionnaires import notes
from trialwright.report.words import UNITS

ELSEWHERE = frozenset({*VERSIONS, "eq_vas", *daily_doses.METHODS})
"""Methods with a section of their own."""


def scores_section(seen: Observations, arms: Arms, shown: Collection[str]) -> Section | None:
    """Every derivation that an endpoint asks for and that is not `shown` before; None where there is none."""
    blocks: list[Block] = []
    for name, derivation in seen.definition.derivations.items():
        if name in shown or derivation.method in ELSEWHERE or is_truth(derivation):
            continue
        if blinding_of_derivation(seen.definition, name) is Blinding.SEALED:
            continue
        found = _found(seen, name, derivation)
        if found is not None and not np.isnan(found.values).all():
            blocks += [*notes(seen, name, found.participants, found.visits), *_by_visit(seen, found, arms, derivation)]
    return Section("measures", "Other measures", blocks) if blocks else None


def _found(seen: Observations, name: str, derivation: Derivation) -> Scores | None:
    """The measure at the visits of its endpoints, and at its baseline where it is a value and not a change."""
    visits = visits_of(seen.definition, name)
    if not visits:
        return None
    start = start_of(seen.definition, name)
    computed = way(seen.definition, derivation.method)
    if computed is None or computed.looks is not at_the_visits or start in visits:
        return known_scores(seen, name, visits)
    found = known_scores(seen, name, [start, *visits])
    if found is None or not np.isnan(found.at(start)).all():
        return found
    return known_scores(seen, name, visits)


def _by_visit(seen: Observations, found: Scores, arms: Arms, derivation: Derivation) -> list[Block]:
    """Figure and numbers; of one visit the numbers alone."""
    unit = UNITS.get(derivation.unit or "", derivation.unit or "")
    unit = "" if unit in derivation.label.casefold() else unit
    id_ = f"measure-{found.name.lower().replace('_', '-')}"
    blocks = over_time(seen, found, arms, id_, digits_for(found.values), unit)
    return blocks if len(found.visits) > 1 else [block for block in blocks if isinstance(block, Table)]
