"""Confirmed deterioration as a derivation: 1 where a visit and the one attended before it both show it, else 0.

Inputs are the measures that the rule speaks of, by the names that it uses. Options: `rule` (see
`measures.deterioration_rule`), `higher_is_better` (measures of which more is better), `share` (relative | absolute),
`ranges` (`mmt 260, haq 3`: what an absolute share is of).
"""

from collections.abc import Sequence

import numpy as np

from trialwright.analysis.derived.source import Floats, Source
from trialwright.analysis.derived.way import from_baseline_on
from trialwright.design.derivations import baseline
from trialwright.design.model import Derivation
from trialwright.measures.deterioration import Told, confirmed_by, worse_by
from trialwright.measures.deterioration_rule import declared_rule
from trialwright.measures.tis import Exact


def confirmed_deterioration(source: Source, derivation: Derivation, visits: Sequence[str]) -> Floats:
    """1, 0 or NaN at each visit; the baseline itself shows none. A visit with none of the inputs was not attended."""
    rule = declared_rule(derivation.options)
    start = baseline(source.definition, derivation)
    order = from_baseline_on(source.definition, derivation, visits)
    columns = {name: source.column(derivation.inputs[name], order) for name in rule.measures}
    first = order.index(start)
    before = {name: _at(column, first) for name, column in columns.items()}
    told = worse_by(rule, before, columns)
    attended = np.any([np.broadcast_to(column.present, told.true.shape) for column in columns.values()], axis=0)
    later = [place for place in range(len(order)) if place != first]
    found = np.full(told.true.shape, np.nan)
    found[:, later] = confirmed_by(Told(told.true[:, later], told.known[:, later]), attended[:, later]).values
    wanted = np.full((source.count, len(visits)), np.nan)
    for column, visit in enumerate(visits):
        if visit in order:
            wanted[:, column] = found[:, order.index(visit)]
    return wanted


def _at(column: Exact, place: int) -> Exact:
    units, present = np.asarray(column.units), np.broadcast_to(column.present, np.shape(column.units))
    return Exact(units[:, place : place + 1], column.decimals, present[:, place : place + 1])
