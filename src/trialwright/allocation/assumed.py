"""The method that a rehearsal or a plan takes where there is no annex yet: what a definition says, and the parameters
that people usually choose."""

from collections.abc import Mapping
from typing import Any

from trialwright.allocation.methods import METHODS, Method, method_of
from trialwright.design.model import Definition


def assumed_method(definition: Definition, parameters: Mapping[str, Any] | None = None) -> Method:
    """The definition's method with these parameters, by default: blocks of two and three times the ratio (4 and 6 for
    1:1), a big stick of 3, a coin of 2/3, an urn of one ball and one, minimisation by the range with p = 7/10. In the
    place of a method that the program does not have, which can be rehearsed but not opened, stand permuted blocks.

    Raises `Impossible` for parameters or a ratio that do not fit.
    """
    plan = definition.randomisation
    name = plan.method if plan.method in METHODS else "permuted_block"
    unit = sum(plan.ratio.values())
    usual: dict[str, dict[str, Any]] = {
        "permuted_block": {"sizes": [2 * unit, 3 * unit]},
        "big_stick": {"limit": 3},
        "biased_coin": {"p": "2/3"},
        "urn": {"alpha": 1, "beta": 1},
        "minimisation": {"factors": factors(definition), "measure": "range", "p": "7/10"},
    }
    return method_of(name, dict(plan.ratio), {**usual.get(name, {}), **(parameters or {})})


def factors(definition: Definition) -> Mapping[str, tuple[str, ...]]:
    """The stratification factors of a definition with their levels."""
    strata = definition.randomisation.strata
    return {name: tuple(dict.fromkeys(factor.map.values())) for name, factor in strata.items()}
