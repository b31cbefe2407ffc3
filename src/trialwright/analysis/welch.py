"""Two means with two variances: the difference by Welch's test (Welch 1947), degrees of freedom after Satterthwaite.

SE² = s1²/n1 + s2²/n2,   df = SE⁴ / ((s1²/n1)²/(n1-1) + (s2²/n2)²/(n2-1))
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from trialwright.analysis.estimates import Effect, NotEstimable
from trialwright.analysis.question import Question


@dataclass(frozen=True, slots=True)
class Group:
    """Size, mean and standard deviation of one arm, in the unit of the outcome."""

    n: int
    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class Welch:
    """The unadjusted difference (second minus first) and what each arm looked like."""

    effect: Effect
    groups: tuple[Group, Group]


def welch(first: ArrayLike, second: ArrayLike, level: float = 0.95) -> Welch:
    """Mean of `second` minus mean of `first`; both of shape (n,), at least two values each and some spread."""
    groups = (_group("first", first), _group("second", second))
    parts = [group.sd**2 / group.n for group in groups]
    if sum(parts) <= (1e-12 * max(abs(group.mean) for group in groups)) ** 2:
        raise NotEstimable("Neither arm varies, so the data hold no measure of error.")
    return Welch(difference(groups, (parts[0], parts[1]), level), groups)


def difference(groups: tuple[Group, Group], parts: tuple[float, float], level: float) -> Effect:
    """The second mean minus the first, whose variances are `parts`; degrees of freedom after Satterthwaite."""
    variance = sum(parts)
    df = variance**2 / sum(part**2 / (group.n - 1) for part, group in zip(parts, groups, strict=True))
    se = variance**0.5
    estimate = groups[1].mean - groups[0].mean
    half = float(stdtrit(df, 0.5 + level / 2)) * se
    p = 2.0 * float(stdtr(df, -abs(estimate / se)))
    return Effect(estimate, se, df, estimate / se, p, estimate - half, estimate + half, level)


def answer(question: Question) -> Welch:
    """The unadjusted difference, whatever covariates are declared; `tobit_apart` where a tobit is."""
    if question.handling.tobit:
        from trialwright.analysis import tobit_apart

        return tobit_apart.answer(question)
    first, second = (question.outcome[question.arm == arm] for arm in (0, 1))
    return welch(first, second, question.level)


def _group(which: str, values: ArrayLike) -> Group:
    sample = np.asarray(values, dtype=np.float64)
    if sample.size < 2 or not np.isfinite(sample).all():
        raise NotEstimable(f"The {which} arm needs at least two values and no missing one; it has {sample.size}.")
    return Group(sample.size, float(sample.mean()), float(sample.std(ddof=1)))
