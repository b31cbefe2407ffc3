"""A measure of the definition over participants and visits: an array with NaN where it is unknown.

A measure is a declared derivation, computed by `measures`, or an item of a form (`form.item`). The same array feeds the
analyses and the figures.
"""

from collections.abc import Sequence

from trialwright.analysis.derived import RESPONSES, Observed, way
from trialwright.analysis.derived.response import enzyme_multiple, tis_rules
from trialwright.analysis.estimates import Lacking
from trialwright.analysis.observations import Observations
from trialwright.analysis.scored import Scores, item_scores

__all__ = ["Scores", "enzyme_multiple", "scores", "tis_rules"]


def scores(seen: Observations, name: str, participants: Sequence[str], visits: Sequence[str]) -> Scores:
    """The measure `name` (a derivation or `form.item`) of these participants at these visits.

    Raises `NotEstimable` for a measure that no function computes.
    """
    derivation = seen.definition.derivations.get(name)
    if derivation is None:
        return item_scores(seen, name, participants, visits)
    source = Observed(seen, participants, scores)
    if derivation.method in RESPONSES:
        return RESPONSES[derivation.method](source, name, derivation, visits)
    found = way(seen.definition, derivation.method)
    if found is None:
        raise Lacking(f"No measure '{derivation.method}' is in the catalogue, so '{name}' cannot be computed.")
    values = found.compute(source, derivation, visits)
    cuts = {label: float(cut) for label, cut in derivation.thresholds.items()}
    return Scores(name, derivation.label, tuple(participants), tuple(visits), values, cuts)
