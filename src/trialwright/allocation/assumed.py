"""The method that a rehearsal or a plan takes where there is no annex yet: what a definition says, and the parameters
that people usually choose."""

from collections.abc import Mapping
from typing import Any

from trialwright.allocation.methods import Method, method_of
from trialwright.design.model import Definition


def assumed_method(definition: Definition, parameters: Mapping[str, Any] | None = None) -> Method:
    """The definition's method with these parameters, by default: blocks of two and three times the ratio (4 and 6 for
    1:1), a big stick of 3, a coin of 2/3, an urn of one ball and one, minimisation by the range with p = 7/10.

    Raises `Impossible` for parameters that do not fit, and for a method that the program does not have.
    """
    plan = definition.randomisation
    unit = sum(plan.ratio.values())
    usual: dict[str, dict[str, Any]] = {
        "permuted_block": {"sizes": [2 * unit, 3 * unit]},
        "big_stick": {"limit": 3},
        "biased_coin": {"p": "2/3"},
        "urn": {"alpha": 1, "beta": 1},
        "minimisation": {"factors": factors(definition), "measure": "range", "p": "7/10"},
    }
    return method_of(plan.method, dict(plan.ratio), {**usual.get(plan.method, {}), **(parameters or {})})


def factors(definition: Definition) -> Mapping[str, tuple[str, ...]]:
    """The stratification factors of a definition with their levels."""
    strata = definition.randomisation.strata
    return {name: tuple(dict.fromkeys(factor.map.values())) for name, factor in strata.items()}
