"""Two means with two variances where values lie beyond limits: each arm's censored normal distribution by itself.

The counterpart of Welch's test: the mean of each arm by maximum likelihood with its own standard deviation, the
variance of that mean from the observed information times n / (n - 1), degrees of freedom after Satterthwaite. Without a
value beyond a limit these are the numbers of `welch`.
"""

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.question import Question
from trialwright.analysis.tobit import bounds, effect_of
from trialwright.analysis.tobit_newton import maxima
from trialwright.analysis.welch import Group, Welch, difference

Floats = NDArray[np.float64]


def apart(
    lower: Floats, upper: Floats, arm: NDArray[np.int64], level: float = 0.95, degrees: str = "residual"
) -> Welch:
    """The difference of the two censored means, second minus first; arrays as for `tobit.tobit`. Raises
    `NotEstimable`."""
    made = [_arm(name, lower[arm == which], upper[arm == which]) for which, name in enumerate(("first", "second"))]
    groups, parts = (made[0][0], made[1][0]), (made[0][1], made[1][1])
    effect = difference(groups, parts, level)
    if degrees == "asymptotic":
        # Without the factor n / (n - 1) of either arm, and by the normal distribution.
        variance = sum(part * (group.n - 1) / group.n for group, part in zip(groups, parts, strict=True))
        effect = effect_of(effect.estimate, variance**0.5, float("inf"), level)
    return Welch(effect, groups)


def answer(question: Question) -> Welch:
    """The unadjusted difference, whatever covariates are declared."""
    lower, upper = bounds(question)
    return apart(lower, upper, question.arm, question.level, question.handling.degrees or "residual")


def _arm(which: str, lower: Floats, upper: Floats) -> tuple[Group, float]:
    """Size, mean and standard deviation of one arm, and the variance of its mean."""
    seen = lower == upper
    if lower.size < 2 or int(seen.sum()) < 2 or not np.ptp(lower[seen]) > 0:
        raise NotEstimable(
            f"The {which} arm needs at least two different values within the limits to have a mean and a spread;"
            f" {int(seen.sum())} of its {lower.size} values lie within."
        )
    found = maxima(lower[None], upper[None], np.ones((1, lower.size, 1)))
    factor = lower.size / (lower.size - 1)
    group = Group(lower.size, float(found.beta[0, 0]), float(found.sigma[0]) * factor**0.5)
    return group, float(found.covariance[0, 0, 0]) * factor
