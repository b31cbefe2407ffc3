"""A measure of the definition over participants and visits: an array with NaN where it is unknown.

A measure is a declared derivation, computed by `measures`, or an item of a form (`form.item`). The same array feeds the
analyses and the figures.
"""

from collections.abc import Sequence

from trialwright.analysis.derived import DERIVED
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
    measure = DERIVED.get(derivation.method)
    if measure is None:
        raise Lacking(f"No measure '{derivation.method}' is in the catalogue, so '{name}' cannot be computed.")
    return measure(seen, name, derivation, participants, visits)
