"""Simple randomisation: every draw by the ratio, whatever came before. Not guessable, and not balanced."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from trialwright.allocation.methods.shares import ordered, ratio_problems, refuse
from trialwright.allocation.methods.state import Counted


@dataclass(frozen=True)
class Simple:
    """P(arm i) = r_i / Σr. `ratio` as {"A": 2, "B": 1}. Raises `Impossible`."""

    name: ClassVar[str] = "simple"
    ratio: Mapping[str, int]

    def __post_init__(self) -> None:
        refuse(ratio_problems(self.ratio))
        object.__setattr__(self, "ratio", ordered(self.ratio))

    @property
    def parameters(self) -> Mapping[str, object]:
        """None."""
        return {}

    def chances(self, stood: Counted) -> tuple[Fraction, ...]:
        """The probability of each arm, arms in order of their names."""
        total = sum(self.ratio.values())
        return tuple(Fraction(share, total) for share in self.ratio.values())
