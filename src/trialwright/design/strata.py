"""Strata by name: the combinations of the levels of the stratification factors."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from trialwright.design.model import Definition

UNSTRATIFIED = "all"


def stratum_name(levels: Mapping[str, str]) -> str:
    """The name of a stratum from its level of each factor, factors in alphabetical order: `sex:F /
    subtype_group:DM`."""
    return " / ".join(f"{factor}:{level}" for factor, level in sorted(levels.items())) or UNSTRATIFIED


def strata(definition: Definition) -> tuple[str, ...]:
    """Every stratum, in the definition's order of the factors and of their levels; `("all",)` without factors."""
    factors = definition.randomisation.strata
    levels = [tuple(dict.fromkeys(factor.map.values())) for factor in factors.values()]
    return tuple(stratum_name(dict(zip(factors, combination, strict=True))) for combination in product(*levels))
