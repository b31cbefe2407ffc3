"""Declared derivations: one module for each kind of measure, listed here by the method's name.

A method is a `Way`: written once against a `Source` of recorded values, so that the analysis of a snapshot and the
simulator's arrays compute the same numbers. The Total Improvement Score alone has a way of its own in both: millions of
pairs are scored in blocks.
"""

from collections.abc import Callable, Mapping, Sequence

from trialwright.analysis.derived.daily_dose import cumulative_dose, mean_daily_dose
from trialwright.analysis.derived.first_time import first_time
from trialwright.analysis.derived.health import index, qaly, scale
from trialwright.analysis.derived.observed import Observed
from trialwright.analysis.derived.response import response
from trialwright.analysis.derived.scales import inputs as inputs_of_scale
from trialwright.analysis.derived.scales import known_instrument, scale_score
from trialwright.analysis.derived.way import Way, from_baseline_on, visits_themselves
from trialwright.analysis.derived.worsening import confirmed_deterioration
from trialwright.analysis.scored import Scores
from trialwright.design.model import Definition, Derivation

__all__ = ["RESPONSES", "WAYS", "Observed", "Way", "inputs", "way"]

RESPONSES: Mapping[str, Callable[[Observed, str, Derivation, Sequence[str]], Scores]] = {
    "acr_eular_2016": response,
}
"""Methods with a way of their own, here and in `simulate.measured`."""

WAYS: Mapping[str, Way] = {
    "eq5d_5l": Way(index),
    "eq5d_3l": Way(index),
    "eq5d_y3l": Way(index),
    "eq_vas": Way(scale),
    "qaly": Way(qaly, from_baseline_on, deaths=True),
    "mean_daily_dose": Way(mean_daily_dose, visits_themselves, log=True),
    "cumulative_dose": Way(cumulative_dose, visits_themselves, log=True),
    "confirmed_deterioration": Way(confirmed_deterioration, from_baseline_on),
    "first_time": Way(first_time, from_baseline_on),
}
"""Every other method but the scales of instruments."""

SCALES = Way(scale_score)


def way(definition: Definition, method: str) -> Way | None:
    """How a method is computed from a source; None for one that the program has not, or that has a way of its own."""
    found = WAYS.get(method)
    if found is not None or method in RESPONSES:
        return found
    return SCALES if known_instrument(definition, method) is not None else None


def inputs(definition: Definition, derivation: Derivation) -> Mapping[str, str]:
    """Argument -> `form.item` or derivation, with the items of a form that stands for all of its own."""
    if derivation.method in {*WAYS, *RESPONSES} or known_instrument(definition, derivation.method) is None:
        return derivation.inputs
    return inputs_of_scale(definition, derivation)
