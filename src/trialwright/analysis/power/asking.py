"""What every sample-size question shares: refusals, the split into arms, rounding up, those who are lost, solving."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, isfinite

from scipy.optimize import brentq

from trialwright.analysis.estimates import NotEstimable


class BadQuestion(NotEstimable):
    """A sample-size question that has no answer; the sentence says which value, and what it may be."""


@dataclass(frozen=True, slots=True)
class Size:
    """Whole participants: in the treatment arm, the reference arm, and both."""

    treatment: int
    reference: int

    @property
    def total(self) -> int:
        """Both arms."""
        return self.treatment + self.reference


def split(n: float, ratio: float) -> tuple[float, float]:
    """The two arms of `n`: treatment and reference, `ratio` to 1."""
    return n * ratio / (1 + ratio), n / (1 + ratio)


def enrolled(n: float, ratio: float = 1.0, dropout: float = 0.0) -> Size:
    """Whole participants to randomise so that `n` have an outcome when the share `dropout` has none:
    each arm is divided by 1 - dropout and rounded up."""
    if not 0 <= dropout < 1:
        raise BadQuestion(
            f"The share without an outcome must lie from 0 up to below 1, such as 0.1; it is {dropout:g}."
        )
    if not (0 < n < 1e9 and 1e-3 <= ratio <= 1e3):
        raise BadQuestion(f"Participants and ratio must be above 0; given are {n:g} and {ratio:g}.")
    # A size that is whole but for rounding stays.
    first, second = (ceil(arm / (1 - dropout) - 1e-9) for arm in split(n, ratio))
    return Size(first, second)


def refuse(
    alpha: float, sided: int, ratio: float, power: float | None = None, n: float | None = None, least: float = 2
) -> None:
    """Everything that is wrong with these, at once."""
    wrong = []
    if not 1e-12 <= alpha < 1:
        wrong.append(f"Alpha must lie between 0 and 1, such as 0.05; it is {alpha:g}.")
    if sided not in (1, 2):
        wrong.append(f"A test has 1 or 2 sides, not {sided}.")
    if not 1e-3 <= ratio <= 1e3:
        wrong.append(f"The ratio of treatment to reference must be above 0, such as 1 or 2; it is {ratio:g}.")
    if power is not None and not alpha < power < 1:
        wrong.append(f"The power must lie between alpha ({alpha:g}) and 1, such as 0.8; it is {power:g}.")
    if n is not None and not least < n < 1e9:
        wrong.append(f"At least {least + 1:g} participants in all are needed; there are {n:g}.")
    if wrong:
        raise BadQuestion(" ".join(wrong))


def solved(function: Callable[[float], float], target: float, low: float, high: float, what: str) -> float:
    """Where a rising function reaches `target`; `high` is moved up as far as needed, to at most 1e9 times itself."""
    if function(low) >= target:
        return low
    top = high * 1e9
    while function(high) < target:
        high *= 2
        if not isfinite(high) or high > top:
            raise BadQuestion(f"No {what} reaches {target:g}.")
    return float(brentq(lambda x: function(x) - target, low, high, xtol=1e-11 * min(high, 1e4), rtol=1e-14))


def positive(**values: float) -> None:
    """Refuse what is not above 0, or not a size that occurs; the names say which."""
    wrong = [f"{name.replace('_', ' ')} must be above 0; it is {value:g}." for name, value in values.items()
             if not 1e-100 < value < 1e100]  # fmt: skip
    if wrong:
        raise BadQuestion(" ".join(sentence[0].upper() + sentence[1:] for sentence in wrong))
