"""The checked expression: a tree of operations in which every name, code and unit is settled."""

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from trialwright.logic.syntax import Expression
from trialwright.logic.types import Type


@dataclass(frozen=True, slots=True, eq=False)
class Typed:
    """One operation, the type of its result, its parts, what else it must know, and the expression it stands for."""

    operation: str
    type: Type
    parts: tuple["Typed", ...] = ()
    data: Any = None
    source: Expression | None = None
    judged_by: str = ""  # of a fact that is a person's judgement
    question: str = ""


def exact(number: Fraction) -> int | Decimal | Fraction:
    """The same number as an int or a Decimal where one holds it exactly."""
    if number.denominator == 1:
        return number.numerator
    rest, twos, fives = number.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1 or max(twos, fives) > 27:
        return number
    places = max(twos, fives)
    # From its text: a decimal that is made by arithmetic is rounded to the context's 28 digits.
    return Decimal(f"{number.numerator * (10**places // number.denominator)}E-{places}")


def scaled(typed: Typed, factor: Fraction, into: Type) -> Typed:
    """The same quantity in another unit: a literal is converted now, anything else when it is known."""
    if factor == 1:
        return replace(typed, type=into)
    if typed.operation == "literal":
        return Typed("literal", into, (), exact(Fraction(typed.data) * factor), typed.source)
    return Typed("scale", into, (typed,), exact(factor), typed.source)
