"""Wei's urn UD(alpha, beta): an urn with alpha balls of each arm; a draw puts back its ball and adds beta of every
other arm.

Wei 1978, Journal of the American Statistical Association 73: 559-563. With K arms after n draws, n_i of them arm i:

    P(arm i) = (alpha + beta (n - n_i)) / (K alpha + beta (K - 1) n)

Strong pull towards balance at first, ever weaker later; never deterministic while alpha > 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from trialwright.allocation.methods.shares import equal_problems, ordered, ratio_problems, refuse
from trialwright.allocation.methods.state import Counted


@dataclass(frozen=True)
class Urn:
    """`alpha` balls of each arm at the start, `beta` added of every other arm. Raises `Impossible`."""

    name: ClassVar[str] = "urn"
    ratio: Mapping[str, int]
    alpha: int = 1
    beta: int = 1

    def __post_init__(self) -> None:
        wrong = ratio_problems(self.ratio) or equal_problems(self.ratio, self.name)
        if self.alpha < 1:
            wrong = [*wrong, f"alpha: {self.alpha} balls make no urn to draw from; name 1 or more"]
        if self.beta < 0:
            wrong = [*wrong, f"beta: {self.beta} balls cannot be added; name 0 or more"]
        refuse(wrong)
        object.__setattr__(self, "ratio", ordered(self.ratio))

    @property
    def parameters(self) -> Mapping[str, object]:
        """What the annex holds beside the ratio."""
        return {"alpha": self.alpha, "beta": self.beta}

    def chances(self, stood: Counted) -> tuple[Fraction, ...]:
        """The probability of each arm, arms in order of their names."""
        arms, drawn = len(stood.given), sum(stood.given)
        balls = arms * self.alpha + self.beta * (arms - 1) * drawn
        return tuple(Fraction(self.alpha + self.beta * (drawn - given), balls) for given in stood.given)
