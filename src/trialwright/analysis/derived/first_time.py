"""Weeks to the first visit at which a measure reaches a value: `first_time`.

Input `of`; option `at_least` or `at_most`. The value at a visit is the time up to it: NaN where the value was not
reached by then. What happened between two visits is dated to the later one.
"""

from collections.abc import Sequence

import numpy as np

from trialwright.analysis.derived.source import Floats, Source, floats
from trialwright.analysis.derived.way import from_baseline_on
from trialwright.design.derivations import baseline
from trialwright.design.model import Derivation


def first_time(source: Source, derivation: Derivation, visits: Sequence[str]) -> Floats:
    """Weeks from the baseline visit to the first later one that reaches the value, both by their days."""
    order = from_baseline_on(source.definition, derivation, visits)
    start = order.index(baseline(source.definition, derivation))
    days = floats(source.days(order))
    values = floats(source.column(derivation.inputs["of"], order))
    options = derivation.options
    with np.errstate(invalid="ignore"):
        reached = values >= float(options["at_least"]) if "at_least" in options else values <= float(options["at_most"])
    reached[:, : start + 1] = False
    weeks = np.where(reached, (days - days[:, start : start + 1]) / 7, np.nan)
    first = np.full(source.count, np.nan)
    found = np.full((source.count, len(visits)), np.nan)
    for place in range(start + 1, len(order)):
        first = np.where(np.isnan(first), weeks[:, place], first)
        for column in (column for column, visit in enumerate(visits) if visit == order[place]):
            found[:, column] = first
    return found
