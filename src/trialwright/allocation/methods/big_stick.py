"""The big stick: fair coins until the imbalance reaches its limit, then the arm that is behind.

Soares and Wu 1983, Communications in Statistics A 12: 2017-2034. With two equal arms and D = n_A - n_B:
P(A) = 1/2 where |D| < limit; 0 where D = limit; 1 where D = -limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from trialwright.allocation.methods.shares import equal_problems, ordered, ratio_problems, refuse
from trialwright.allocation.methods.state import Counted

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class BigStick:
    """`limit`: the greatest difference between the two arms that is allowed, 1 or more. Raises `Impossible`."""

    name: ClassVar[str] = "big_stick"
    ratio: Mapping[str, int]
    limit: int

    def __post_init__(self) -> None:
        wrong = ratio_problems(self.ratio) or equal_problems(self.ratio, self.name, arms=2)
        refuse([*wrong, *([] if self.limit >= 1 else [f"limit: {self.limit} is no limit; name 1 or more"])])
        object.__setattr__(self, "ratio", ordered(self.ratio))

    @property
    def parameters(self) -> Mapping[str, object]:
        """What the annex holds beside the ratio."""
        return {"limit": self.limit}

    def chances(self, stood: Counted) -> tuple[Fraction, ...]:
        """The probability of each arm, arms in order of their names."""
        first, second = stood.given
        if abs(first - second) < self.limit:
            return HALF, HALF
        return (Fraction(0), Fraction(1)) if first > second else (Fraction(1), Fraction(0))
