"""Shares and differences between two shares.

One share: Wilson's score interval (Wilson 1927), and the exact interval of Clopper and Pearson (1934).
Two shares: Newcombe's hybrid score interval (Newcombe 1998, method 10) and the unpooled Wald interval; Wald is kept
because papers print it: it reproduces ProDERM's 34.97 percentage points (16.70 to 53.24). Fisher's exact test for p.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, gammaln, ndtri

from trialwright.analysis.estimates import Interval, NotEstimable
from trialwright.analysis.question import Question


@dataclass(frozen=True, slots=True)
class Responders:
    """One arm: how many of how many, and the share with Wilson's limits."""

    count: int
    n: int
    share: Interval


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms' shares, the difference (second minus first) by Newcombe and by Wald, and Fisher's p."""

    arms: tuple[Responders, Responders]
    difference: Interval
    wald: Interval
    p: float


def wilson(count: int, n: int, level: float = 0.95) -> Interval:
    """Score interval of a share: (p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)."""
    _refuse_impossible(count, n)
    z = _quantile(level)
    share, square = count / n, z * z / n
    centre = share + square / 2
    half = z * (share * (1 - share) / n + square / (4 * n)) ** 0.5
    lower = 0.0 if count == 0 else (centre - half) / (1 + square)
    upper = 1.0 if count == n else (centre + half) / (1 + square)
    return Interval(share, lower, upper, level)


def clopper_pearson(count: int, n: int, level: float = 0.95) -> Interval:
    """Exact interval of a share, by quantiles of the beta distribution."""
    _refuse_impossible(count, n)
    tail = (1 - level) / 2
    lower = 0.0 if count == 0 else float(betaincinv(count, n - count + 1, tail))
    upper = 1.0 if count == n else float(betaincinv(count + 1, n - count, 1 - tail))
    return Interval(count / n, lower, upper, level)


def newcombe(first: tuple[int, int], second: tuple[int, int], level: float = 0.95) -> Interval:
    """Second share minus first; each arm is (count, n). A hybrid of the two Wilson intervals, never outside [-1, 1]."""
    one, two = wilson(*first, level), wilson(*second, level)
    estimate = two.estimate - one.estimate
    below = ((two.estimate - two.lower) ** 2 + (one.upper - one.estimate) ** 2) ** 0.5
    above = ((two.upper - two.estimate) ** 2 + (one.estimate - one.lower) ** 2) ** 0.5
    return Interval(estimate, estimate - below, estimate + above, level)


def wald_difference(first: tuple[int, int], second: tuple[int, int], level: float = 0.95) -> Interval:
    """Second share minus first by the unpooled Wald interval: too narrow in small arms; for comparison with papers."""
    _refuse_impossible(*first)
    _refuse_impossible(*second)
    shares = [count / n for count, n in (first, second)]
    variance = sum(share * (1 - share) / n for share, (_, n) in zip(shares, (first, second), strict=True))
    estimate, half = shares[1] - shares[0], _quantile(level) * variance**0.5
    return Interval(estimate, estimate - half, estimate + half, level)


def fisher(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Two-sided p of Fisher's exact test of equal shares: every table with these margins that is no likelier than ours.

    Equal to `scipy.stats.fisher_exact`, whose import alone takes longer than a whole rehearsed trial.
    """
    _refuse_impossible(*first)
    _refuse_impossible(*second)
    (count, n), (other, m) = first, second
    both = count + other
    inside = np.arange(max(0, both - m), min(n, both) + 1)
    logs = _log_choose(n, inside) + _log_choose(m, both - inside)
    likelihood = np.exp(logs - logs.max())
    # Equally likely tables differ by rounding only; R allows the same 1e-7.
    extreme = likelihood <= likelihood[count - inside[0]] * (1 + 1e-7)
    return min(1.0, float(likelihood[extreme].sum() / likelihood.sum()))


def comparison(first: tuple[int, int], second: tuple[int, int], level: float = 0.95) -> Comparison:
    """Everything that is reported about two shares; each arm is (count, n)."""
    arms = (Responders(*first, wilson(*first, level)), Responders(*second, wilson(*second, level)))
    return Comparison(
        arms, newcombe(first, second, level), wald_difference(first, second, level), fisher(first, second)
    )


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """Responders by one cut-off: those whose outcome reaches it."""

    name: str
    threshold: float
    comparison: Comparison


def answer(question: Question) -> tuple[AtThreshold, ...]:
    """Responders at every declared threshold, reached or exceeded, in the order declared."""
    if not question.thresholds:
        raise NotEstimable("No threshold is declared that would make somebody a responder.")
    first, second = (question.outcome[question.arm == arm] for arm in (0, 1))
    return tuple(
        AtThreshold(name, cut, comparison(_reaching(first, cut), _reaching(second, cut), question.level))
        for name, cut in question.thresholds.items()
    )


def _reaching(outcome: np.ndarray, cut: float) -> tuple[int, int]:
    return int((outcome >= cut).sum()), outcome.size


def _quantile(level: float) -> float:
    return float(ndtri(0.5 + level / 2))


def _refuse_impossible(count: int, n: int) -> None:
    if n < 1:
        raise NotEstimable("A share needs at least one participant.")
    if not 0 <= count <= n:
        raise NotEstimable(f"{count} of {n} is not a share.")


def _log_choose(n: int, k: np.ndarray) -> np.ndarray:
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))
