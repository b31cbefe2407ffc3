"""The shapes in which an estimator answers, and how it refuses.

Every estimator takes arrays and returns a frozen result; what cannot be estimated is a typed refusal with a sentence,
never a silent NaN.
"""

from collections.abc import Iterable
from dataclasses import dataclass


class NotEstimable(ValueError):
    """The data do not hold what the method needs; the sentence says what is lacking."""


class Lacking(NotEstimable):
    """This version of the program has no function for what is asked; the data are not to blame."""


class SingularDesign(NotEstimable):
    """A column of the model repeats what the columns before it already say; `column` names it."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(f"The model cannot be fitted: the column '{column}' {why}.")
        self.column = column


SHOWN = 12
"""A list of reasons longer than this is cut short where it is read."""


class NotIdentifiable(NotEstimable):
    """The data cannot tell the parameters of the model; `reasons` holds a sentence for every cause that was found."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        rest = len(self.reasons) - SHOWN
        more = (f"... and {rest} more.",) if rest > 0 else ()
        super().__init__("The model cannot be fitted. " + "\n".join((*self.reasons[:SHOWN], *more)))


class NoMaximum(NotEstimable):
    """The likelihood rises towards the border of what its parameters can be and has no maximum inside it."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence limits, in the unit of the estimate; `level` is 0.95 for 95 %."""

    estimate: float
    lower: float
    upper: float
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Effect:
    """A difference between two arms: estimate, standard error, degrees of freedom, t statistic, two-sided p, limits."""

    estimate: float
    se: float
    df: float
    statistic: float
    p: float
    lower: float
    upper: float
    level: float = 0.95
