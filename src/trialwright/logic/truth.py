"""Values that are not there: unknown and not applicable, and the three-valued truth that they lead to.

An absent value answers every comparison and every sum with itself, so the operators of Python carry it through an
expression without a test at each step; that is what makes compiled edit checks fast. Equality is the exception (`==`
must stay a plain boolean for sets and dictionaries): the language's own `==` is `equal` in `plain.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final


class Absent:
    """The class of UNKNOWN and NOT_APPLICABLE; there are no other instances."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str:
        return self.name  # pickled and copied as the same object

    def __bool__(self) -> bool:
        raise TypeError(f"{self.name} is neither true nor false: ask `is True`")

    def _absorb(self, other: object = None) -> "Absent":
        # Not applicable wins over unknown: where the question does not arise, no answer is missing.
        return other if other is NOT_APPLICABLE else self

    def _absorb_alone(self) -> "Absent":
        return self

    def __round__(self, digits: int = 0) -> "Absent":
        return self

    __lt__ = __le__ = __gt__ = __ge__ = _absorb
    __add__ = __radd__ = __sub__ = __rsub__ = _absorb
    __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _absorb
    __neg__ = __abs__ = _absorb_alone


UNKNOWN: Final = Absent("UNKNOWN")
NOT_APPLICABLE: Final = Absent("NOT_APPLICABLE")
NONE_KNOWN: Final[tuple[()]] = ()  # the answer "asked, none known" of a list

Truth = bool | Absent


def _bounds(value: Any) -> tuple[Any, Any]:
    return (value.low, value.high) if isinstance(value, Between) else (value, value)


@dataclass(frozen=True, slots=True)
class Between:
    """A value known to lie from low to high, both included: a partial date, or a count with unknown members.

    An order comparison is answered where both ends agree and is UNKNOWN otherwise.
    """

    low: Any
    high: Any

    def __lt__(self, other: Any) -> Truth:
        if isinstance(other, Absent):
            return other
        low, high = _bounds(other)
        return True if self.high < low else False if self.low >= high else UNKNOWN

    def __le__(self, other: Any) -> Truth:
        if isinstance(other, Absent):
            return other
        low, high = _bounds(other)
        return True if self.high <= low else False if self.low > high else UNKNOWN

    def __gt__(self, other: Any) -> Truth:
        return negation(self <= other)

    def __ge__(self, other: Any) -> Truth:
        return negation(self < other)


def between(low: Any, high: Any) -> Any:
    """The interval, or the value itself where both ends are the same."""
    return low if low == high else Between(low, high)


def conjunction(truths: Iterable[Truth]) -> Truth:
    """Kleene's and; not applicable operands drop out, and when all do the result is not applicable."""
    result: Truth = NOT_APPLICABLE
    for truth in truths:
        if truth is False:
            return False
        if truth is UNKNOWN:
            result = UNKNOWN
        elif truth is True and result is NOT_APPLICABLE:
            result = True
    return result


def disjunction(truths: Iterable[Truth]) -> Truth:
    """Kleene's or; not applicable operands drop out, and when all do the result is not applicable."""
    result: Truth = NOT_APPLICABLE
    for truth in truths:
        if truth is True:
            return True
        if truth is UNKNOWN:
            result = UNKNOWN
        elif truth is False and result is NOT_APPLICABLE:
            result = False
    return result


def negation(truth: Truth) -> Truth:
    """Not; the unknown and the not applicable stay what they are."""
    return truth if isinstance(truth, Absent) else not truth


def absent_of(*values: Any) -> Any:
    """Which absent value stands for the whole: not applicable wins over unknown; None where nothing is absent."""
    result = None
    for value in values:
        if value.__class__ is Absent:
            if value is NOT_APPLICABLE:
                return value
            result = value
    return result


def equal(left: Any, right: Any) -> Any:
    """Equality that answers unknown for the unknown and for overlapping intervals."""
    if left.__class__ is Absent or right.__class__ is Absent:
        return absent_of(left, right)
    if left.__class__ is Between or right.__class__ is Between:
        (low, high), (least, most) = _bounds(left), _bounds(right)
        return False if high < least or most < low else UNKNOWN
    return left == right


def any_true(truths: list[Any]) -> Any:
    """Kleene's or over the rows of a list; of none, false."""
    found = disjunction(truths)
    return False if found is NOT_APPLICABLE else found


def every_true(truths: list[Any]) -> Any:
    """Kleene's and over the rows of a list; of none, true."""
    found = conjunction(truths)
    return True if found is NOT_APPLICABLE else found


def how_many(truths: list[Any]) -> Any:
    """How many are true; a range where some are unknown."""
    low = truths.count(True)
    return between(low, low + sum(truth is UNKNOWN for truth in truths))
