"""Declared derivations computed from a snapshot: one module for each kind, listed here by the method's name."""

from collections.abc import Callable, Mapping, Sequence

from trialwright.analysis.derived.response import response
from trialwright.analysis.observations import Observations
from trialwright.analysis.scored import Scores
from trialwright.design.model import Derivation

DERIVED: Mapping[str, Callable[[Observations, str, Derivation, Sequence[str], Sequence[str]], Scores]] = {
    "acr_eular_2016": response,
}
"""How a derivation's method is computed."""
