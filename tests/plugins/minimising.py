"""Minimisation as its papers write it, in plain slow arithmetic over the list of participants: the judge of the fast
one. Nothing of `trialwright.allocation` is used here.

Pocock and Simon 1975 for the scores, Han, Enas and McEntegart 2009 for shares and probabilities.
"""

import statistics
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations

Levels = Mapping[str, str]


def imbalance(counts: Sequence[Fraction], measure: str) -> Fraction:
    """D of one margin; of the standard deviation its square, which `least` knows to take the root of."""
    if measure == "range":
        return max(counts) - min(counts)
    if measure == "marginal_balance":
        return sum((abs(a - b) for a, b in combinations(counts, 2)), Fraction(0)) / ((len(counts) - 1) * sum(counts))
    mean = sum(counts, Fraction(0)) / len(counts)
    return sum(((count - mean) * (count - mean) for count in counts), Fraction(0)) / (len(counts) - 1)


def scores(
    arms: Mapping[str, int],
    weights: Mapping[str, int],
    measure: str,
    overall: int,
    before: Sequence[tuple[Levels, str]],
    levels: Levels,
) -> dict[str, list[tuple[int, Fraction]]]:
    """For each arm the (weight, D) of each margin if the participant got it."""
    found = {}
    for arm in arms:
        then = [*before, (levels, arm)]
        terms = []
        for factor, weight in weights.items():
            like = [given for had, given in then if had[factor] == levels[factor]]
            terms.append((weight, imbalance([Fraction(like.count(a), arms[a]) for a in arms], measure)))
        if overall:
            everybody = [given for _, given in then]
            terms.append((overall, imbalance([Fraction(everybody.count(a), arms[a]) for a in arms], measure)))
        found[arm] = terms
    return found


def preferred(found: Mapping[str, list[tuple[int, Fraction]]], measure: str) -> list[str]:
    """The arms with the least weighted sum. Roots are taken in floats: sums nearer than 1e-9 count as equal, which no
    two different sums of the small numbers of these tests are."""

    def total(terms: list[tuple[int, Fraction]]) -> float | Fraction:
        if measure == "standard_deviation":
            return sum(weight * float(squared) ** 0.5 for weight, squared in terms)
        return sum((weight * value for weight, value in terms), Fraction(0))

    totals = {arm: total(terms) for arm, terms in found.items()}
    lowest = min(totals.values())
    return [arm for arm, value in totals.items() if value - lowest < (1e-9 if isinstance(value, float) else 1e-30)]


def han(arms: Mapping[str, int], best: str, p: Fraction) -> dict[str, Fraction]:
    """The probabilities of biased-coin minimisation when one arm is preferred, by the paper's two formulas."""
    smallest = min(arms, key=lambda arm: arms[arm])
    high = 1 - Fraction(
        sum(share for arm, share in arms.items() if arm != best),
        sum(share for arm, share in arms.items() if arm != smallest),
    ) * (1 - p)
    others = sum(share for arm, share in arms.items() if arm != best)
    return {arm: high if arm == best else (1 - high) * share / others for arm, share in arms.items()}


def chances(arms: Mapping[str, int], best: Sequence[str], p: Fraction) -> dict[str, Fraction]:
    """With several preferred arms, one of them is taken as the preferred one with a probability by its share."""
    total = sum(arms[arm] for arm in best)
    mixed = dict.fromkeys(arms, Fraction(0))
    for one in best:
        for arm, chance in han(arms, one, p).items():
            mixed[arm] += chance * arms[one] / total
    return mixed


def deviations(counts: Sequence[int]) -> tuple[float, float]:
    """Standard deviation and variance by the standard library."""
    return statistics.stdev(counts), statistics.variance(counts)
