"""Efron's biased coin: the arm that is behind gets probability p, at balance both get a half.

Efron 1971, Biometrika 58: 403-417, where p = 2/3. Never deterministic below p = 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from trialwright.allocation.methods.shares import equal_problems, ordered, ratio_problems, refuse
from trialwright.allocation.methods.state import Counted

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class BiasedCoin:
    """`p`: the probability of the arm that is behind, from 1/2 up to but not 1. Raises `Impossible`."""

    name: ClassVar[str] = "biased_coin"
    ratio: Mapping[str, int]
    p: Fraction = Fraction(2, 3)

    def __post_init__(self) -> None:
        wrong = ratio_problems(self.ratio) or equal_problems(self.ratio, self.name, arms=2)
        if not HALF <= self.p < 1:
            wrong = [*wrong, f"p: {self.p} favours nobody or forces; name at least 1/2 and less than 1"]
        refuse(wrong)
        object.__setattr__(self, "ratio", ordered(self.ratio))

    @property
    def parameters(self) -> Mapping[str, object]:
        """What the annex holds beside the ratio."""
        return {"p": str(self.p)}

    def chances(self, stood: Counted) -> tuple[Fraction, ...]:
        """The probability of each arm, arms in order of their names."""
        first, second = stood.given
        if first == second:
            return HALF, HALF
        return (1 - self.p, self.p) if first > second else (self.p, 1 - self.p)
