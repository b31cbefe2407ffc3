"""What every method begins with: the ratio of its arms, the reading of its parameters, and one draw among the arms by
exact probabilities.

Probabilities are fractions and a draw is one integer below their common denominator, so that a draw can be repeated
anywhere: no float is rounded differently on another machine.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm
from types import MappingProxyType
from typing import Any

from trialwright.allocation.stream import Draws


class Impossible(ValueError):
    """A method cannot be as it is declared; `problems` says everything that is wrong with it, each with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def refuse(problems: Iterable[str]) -> None:
    """Raise `Impossible` with the problems, where there are any."""
    found = tuple(problems)
    if found:
        raise Impossible(found)


def ordered(ratio: Mapping[str, int]) -> Mapping[str, int]:
    """The ratio with its arms in the order of their names, so that a method has one meaning however it was written."""
    return MappingProxyType({arm: ratio[arm] for arm in sorted(ratio)})


def ratio_problems(ratio: Mapping[str, int]) -> list[str]:
    """What is wrong with a ratio."""
    if len(ratio) < 2 or any(share < 1 for share in ratio.values()):
        return ["a ratio names at least two arms, each with a share of 1 or more"]
    return []


def equal_problems(ratio: Mapping[str, int], name: str, arms: int | None = None) -> list[str]:
    """Why a method that is defined for equal shares (and for so many arms) cannot take this ratio."""
    shown = ":".join(map(str, ratio.values()))
    if len(set(ratio.values())) > 1:
        other = "simple, permuted_block or minimisation"
        return [f"ratio: {name} is defined for equal shares; for {shown} choose {other}"]
    if arms is not None and len(ratio) != arms:
        return [f"ratio: {name} is defined for {arms} arms; for {len(ratio)} choose simple, permuted_block or urn"]
    return []


# ------------------------------------------------------------------ reading parameters


def whole(value: Any) -> int:
    """A whole number from 1, given as a number or as text."""
    number = _number(value)
    if number.denominator != 1 or number < 1:
        raise ValueError(f"{value!r} is no whole number from 1")
    return int(number)


def whole_or_none(value: Any) -> int:
    """A whole number from 0."""
    number = _number(value)
    if number.denominator != 1 or number < 0:
        raise ValueError(f"{value!r} is no whole number from 0")
    return int(number)


def fraction(value: Any) -> Fraction:
    """A number between 0 and 1, as 0.8 or '4/5'; binary floats are taken as they are written."""
    number = _number(value)
    if not 0 <= number <= 1:
        raise ValueError(f"{value!r} is no probability; write a number from 0 to 1")
    return number


def _number(value: Any) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal | Fraction):
        raise ValueError(f"{value!r} is no number")
    try:
        return Fraction(repr(value) if isinstance(value, float) else value)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise ValueError(f"{value!r} is no number") from None


# ------------------------------------------------------------------ one draw


def drawn(chances: Sequence[Fraction], draws: Draws) -> int:
    """The index of one possibility, each with its exact probability. Where one is certain nothing is drawn."""
    unit = lcm(*(chance.denominator for chance in chances))
    shares = [chance.numerator * (unit // chance.denominator) for chance in chances]
    if sum(shares) != unit:
        raise ValueError("these probabilities do not sum to 1")
    if unit in shares:
        return shares.index(unit)
    number = draws.below(unit)
    for index, share in enumerate(shares):
        number -= share
        if number < 0:
            return index
    raise AssertionError("an integer below the sum of the shares falls into one of them")
