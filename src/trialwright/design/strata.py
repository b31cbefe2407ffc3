"""Strata by name: the combinations of the levels of the stratification factors."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from trialwright.design.model import Definition

UNSTRATIFIED = "all"
BALANCES_FACTORS = frozenset({"minimisation"})
"""Methods that balance over the factors themselves: their only stratum is all participants together."""


def stratum_name(levels: Mapping[str, str]) -> str:
    """The name of a stratum from its level of each factor, factors in alphabetical order: `sex:F /
    subtype_group:DM`."""
    return " / ".join(f"{factor}:{level}" for factor, level in sorted(levels.items())) or UNSTRATIFIED


def stratum_of(definition: Definition, levels: Mapping[str, str]) -> str:
    """The stratum in which a participant with these levels is drawn."""
    return UNSTRATIFIED if definition.randomisation.method in BALANCES_FACTORS else stratum_name(levels)


def strata(definition: Definition) -> tuple[str, ...]:
    """Every stratum, in the definition's order of the factors and of their levels; `("all",)` without factors and for
    a method that balances over the factors."""
    if definition.randomisation.method in BALANCES_FACTORS:
        return (UNSTRATIFIED,)
    factors = definition.randomisation.strata
    levels = [tuple(dict.fromkeys(factor.map.values())) for factor in factors.values()]
    return tuple(stratum_name(dict(zip(factors, combination, strict=True))) for combination in product(*levels))
