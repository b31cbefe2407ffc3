"""Minimisation: the arm that keeps the margins of all factors most alike, with a random element.

Pocock and Simon 1975, Biometrics 31: 103-115. For a participant with level l_f of factor f, and for each arm k, let
x_fi be how many of that level arm i would have if this participant got k, divided by the arm's share r_i. Then

    G_k = Σ_f w_f · D(x_f1 ... x_fK)        (and w_overall · D over all participants, where that is asked for)

with D the range, the variance (divisor K - 1), the standard deviation, or the marginal balance
Σ_{i<j} |x_i - x_j| / ((K - 1) Σ x_i) of Han, Enas and McEntegart (below). The arm with the least G is preferred.

The random element for ratios is the biased-coin minimisation of Han, Enas and McEntegart 2009, Statistics in Medicine
28: 3329-3346: `p` is the probability of a preferred arm of the smallest share; a preferred arm i of another share gets
p_i = 1 - (1 - p) Σ_{j≠i} r_j / Σ_{j≠1} r_j, and the rest is shared out among the others by their shares. That is: with
the probability λ = (1 - p) R / (R - r_1) draw by the ratio alone, otherwise take the preferred arm (R = Σr, r_1 the
smallest share). Among arms that are equally preferred the ratio decides; for equal shares this is Pocock and Simon's
rule, ties put in random order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from math import lcm
from types import MappingProxyType
from typing import ClassVar

from trialwright.allocation.methods.roots import about, least
from trialwright.allocation.methods.shares import drawn, ordered, ratio_problems, refuse
from trialwright.allocation.methods.state import Margins, Minimised
from trialwright.allocation.stream import Stream

MEASURES = ("range", "variance", "standard_deviation", "marginal_balance")
NONE = Fraction(0)


@dataclass(frozen=True)
class Minimisation:
    """Minimisation over `factors` (factor -> its levels).

    `measure` is one of MEASURES. `weights` is factor -> whole number (1 where it is silent). `overall` is the weight of
    the imbalance over all participants, 0 for none. `p` is the probability of a preferred arm of the smallest share:
    at least that share and at most 1, which forces and which anybody who knows the past can predict. Raises
    `Impossible`.
    """

    name: ClassVar[str] = "minimisation"
    ratio: Mapping[str, int]
    factors: Mapping[str, tuple[str, ...]]
    measure: str = "range"
    weights: Mapping[str, int] = field(default_factory=dict)
    p: Fraction = Fraction(4, 5)
    overall: int = 0

    def __post_init__(self) -> None:
        refuse([*ratio_problems(self.ratio), *self._wrong_factors(), *self._wrong_numbers()])
        object.__setattr__(self, "ratio", ordered(self.ratio))
        object.__setattr__(self, "weights", ordered({factor: self.weights.get(factor, 1) for factor in self.factors}))
        factors = {factor: tuple(sorted(self.factors[factor])) for factor in sorted(self.factors)}
        object.__setattr__(self, "factors", MappingProxyType(factors))

    def _wrong_factors(self) -> list[str]:
        wrong = [] if self.factors else ["factors: minimisation needs at least one factor; without one choose simple"]
        for factor, levels in self.factors.items():
            if not levels or len(set(levels)) != len(levels):
                wrong.append(f"factors: {factor} needs at least one level, each once")
        strange = [factor for factor in self.weights if factor not in self.factors]
        return wrong + [f"weights: {factor} is no factor of this minimisation" for factor in strange]

    def _wrong_numbers(self) -> list[str]:
        wrong = []
        if self.measure not in MEASURES:
            wrong.append(f"measure: {self.measure!r} is unknown; choose {', '.join(MEASURES)}")
        wrong += [f"weights: {f} weighs {w}; name 1 or more" for f, w in self.weights.items() if w < 1]
        if self.overall < 0:
            wrong.append(f"overall: {self.overall} is no weight; name 0 for none, or more")
        total = sum(self.ratio.values())
        if not ratio_problems(self.ratio) and not Fraction(min(self.ratio.values()), total) <= self.p <= 1:
            least = Fraction(min(self.ratio.values()), total)
            wrong.append(f"p: {self.p} is no probability of the preferred arm; name at least {least} and at most 1")
        return wrong

    @property
    def parameters(self) -> Mapping[str, object]:
        """What the annex holds beside the ratio."""
        return {
            "factors": {factor: list(levels) for factor, levels in self.factors.items()},
            "measure": self.measure,
            "overall": self.overall,
            "p": str(self.p),
            "weights": dict(self.weights),
        }


Scores = Sequence[Fraction] | Sequence[Mapping[int, int]]


class LevelsMissing(ValueError):
    """A participant cannot be minimised: a factor has no level, or one that is not declared."""


def next_by_margins(
    method: Minimisation, before: Margins, levels: Mapping[str, str], stream: Stream
) -> tuple[str, Margins, Minimised]:
    """The next arm for a participant with these levels (factor: level), by the draw that bears the next number."""
    require_levels(method, levels)
    arms = tuple(method.ratio)
    scores = imbalances(method, before, levels)
    preferred = _least(scores)
    chances = probabilities(method, preferred)
    draws = stream.draws(f"minimisation:{before.number + 1}")
    index = drawn(chances, draws)
    trace = Minimised(
        {factor: levels[factor] for factor in method.factors},
        before,
        _shown(method, scores),
        tuple(arms[one] for one in preferred),
        tuple(map(str, chances)),
    )
    return arms[index], _counted(method, before, levels, index), trace


def require_levels(method: Minimisation, levels: Mapping[str, str]) -> None:
    """Raise `LevelsMissing` with every factor that has no level or an undeclared one, and every undeclared factor."""
    wrong = [f"{factor} is not known" for factor in method.factors if factor not in levels]
    wrong += [
        f"{factor} is {levels[factor]!r}, which is none of {', '.join(known)}"
        for factor, known in method.factors.items()
        if factor in levels and levels[factor] not in known
    ]
    wrong += [f"{factor} is no factor of this minimisation" for factor in levels if factor not in method.factors]
    if wrong:
        raise LevelsMissing("; ".join(wrong))


def imbalances(method: Minimisation, margins: Margins, levels: Mapping[str, str]) -> Scores:
    """G of each arm, arms in order of their names: fractions, or sums of square roots for the standard deviation. A
    participant counts in units of 1/share, times the least common multiple of the shares.
    """
    arms = len(method.ratio)
    none = (0,) * arms
    rows = [(margins.counts.get(f, {}).get(levels[f], none), method.weights[f]) for f in method.factors]
    if method.overall:
        rows.append((margins.given or none, method.overall))
    unit = lcm(*method.ratio.values())
    steps = [unit // share for share in method.ratio.values()]
    scaled = [([count * step for count, step in zip(row, steps, strict=True)], weight) for row, weight in rows]
    if method.measure == "standard_deviation":
        return [_roots(scaled, arm, steps) for arm in range(arms)]
    measured = {"range": _range, "variance": _variance, "marginal_balance": _marginal_balance}[method.measure]
    return [
        sum((weight * measured(_then(row, arm, steps), unit) for row, weight in scaled), NONE) for arm in range(arms)
    ]


def _then(row: Sequence[int], arm: int, steps: Sequence[int]) -> list[int]:
    """The row if this participant got the arm."""
    return [*row[:arm], row[arm] + steps[arm], *row[arm + 1 :]]


def _range(then: Sequence[int], unit: int) -> Fraction:
    return Fraction(max(then) - min(then), unit)


def _variance(then: Sequence[int], unit: int) -> Fraction:
    return Fraction(_spread(then), len(then) * (len(then) - 1) * unit * unit)


def _spread(then: Sequence[int]) -> int:
    """K Σx² - (Σx)², which is K (K - 1) times the variance."""
    return len(then) * sum(count * count for count in then) - sum(then) ** 2


def _marginal_balance(then: Sequence[int], unit: int) -> Fraction:
    apart = sum(abs(one - other) for one, other in combinations(then, 2))
    return Fraction(apart, (len(then) - 1) * sum(then))


def _roots(scaled: Sequence[tuple[Sequence[int], int]], arm: int, steps: Sequence[int]) -> dict[int, int]:
    sums: dict[int, int] = {}
    for row, weight in scaled:
        radicand = _spread(_then(row, arm, steps))
        sums[radicand] = sums.get(radicand, 0) + weight
    return sums


def _least(scores: Scores) -> tuple[int, ...]:
    if isinstance(scores[0], Mapping):
        return least(scores)  # type: ignore[arg-type]
    lowest = min(scores)  # type: ignore[type-var]
    return tuple(index for index, score in enumerate(scores) if score == lowest)


def probabilities(method: Minimisation, preferred: Sequence[int]) -> tuple[Fraction, ...]:
    """The probability of each arm, given the indices of the preferred ones."""
    shares = tuple(method.ratio.values())
    total, smallest = sum(shares), min(shares)
    by_ratio = (1 - method.p) * total / (total - smallest)  # λ of the module's docstring
    among = sum(shares[index] for index in preferred)
    return tuple(
        by_ratio * share / total + ((1 - by_ratio) * share / among if index in preferred else 0)
        for index, share in enumerate(shares)
    )


def _counted(method: Minimisation, before: Margins, levels: Mapping[str, str], arm: int) -> Margins:
    none = (0,) * len(method.ratio)

    def more(row: tuple[int, ...]) -> tuple[int, ...]:
        return (*row[:arm], row[arm] + 1, *row[arm + 1 :])

    counts = {}
    for factor in method.factors:
        seen = before.counts.get(factor, {})
        counts[factor] = {**seen, levels[factor]: more(seen.get(levels[factor], none))}
    return Margins(more(before.given or none), counts)


def _shown(method: Minimisation, scores: Scores) -> tuple[str, ...]:
    if method.measure != "standard_deviation":
        return tuple(map(str, scores))
    arms, unit = len(method.ratio), lcm(*method.ratio.values())
    return tuple(about(score, unit, arms * (arms - 1)) for score in scores)  # type: ignore[arg-type]
