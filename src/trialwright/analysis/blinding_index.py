"""Was the blind kept: the indices of James (1996) and of Bang (2004), from what people answered when asked to guess.

James, Bloch, Lee, Kraemer, Fuller 1996, Statistics in Medicine 15: 1421-1434: one index for the whole trial, from 0
(all know) by 0.5 (guesses at random) to 1 (nobody has an opinion). With p_ij the share of all who answered i and are in
arm j, i over the opinions only; r_i and c_j their sums over arms and over opinions; q = Σ p_ij the share with an
opinion; and w_ij the weight of a disagreement (0 where the opinion is right, 1 where it is wrong),

    S = Σ w_ij p_ij,   E = Σ w_ij r_i c_j,   BI = 1 - q + q² S / (2 E)

which is his (1 + P_dk + (1 - P_dk) K) / 2 with K = (S/q - E/q²) / (E/q²), a kappa of disagreement. Its variance is that
of the multinomial cells by the delta method, with

    ∂BI/∂p_ij = -1 + q S / E + q² w_ij / (2 E) - q² S (Σ_l w_il c_l + Σ_k w_kj r_k) / (2 E²),   0 for «does not know».

Bang, Ni, Davis 2004, Controlled Clinical Trials 25: 143-156: one index for each arm, from -1 (all guess the other arm)
by 0 (as by chance) to 1 (all know). With weights 1 right, -1 wrong, 0 «does not know», and half of them for the less
certain where certainty was asked,

    BI = Σ w_k p_k,   Var = (Σ w_k² p_k - BI²) / n.

Intervals are normal and cut at the ends of each index' range.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from trialwright.analysis.estimates import Interval, NotEstimable
from trialwright.analysis.question import Floats, Question

BY_GUESS = (1.0, -1.0, 0.0)
"""Bang's weights of: right, wrong, does not know."""
BY_CERTAINTY = (1.0, 0.5, -0.5, -1.0, 0.0)
"""Bang's weights of: right and sure, right and less so, wrong and less so, wrong and sure, does not know."""
SURE = 50.0
"""Per cent of certainty from which a guess counts as sure, where the analysis declares no other."""
UNKNOWN, SILENT = 2, -1
"""Answers beside the two arms (0 reference, 1 treatment): does not know, and no answer."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the people of one kind answered in one arm: guesses `right`, `wrong`, `unknown`; `silent` gave no answer."""

    right: int
    wrong: int
    unknown: int
    silent: int


@dataclass(frozen=True, slots=True)
class Respondent:
    """One kind of people: answers, Bang's indices (reference, treatment) and James's.

    `by_certainty` are Bang's indices with half weights for the less sure, of those whose certainty is known; None where
    it was not asked. An index that the answers do not allow is None.
    """

    name: str
    answers: tuple[Answers, Answers]
    james: Interval | None
    bang: tuple[Interval | None, Interval | None]
    by_certainty: tuple[Interval | None, Interval | None] | None


@dataclass(frozen=True, slots=True)
class Blindness:
    """All kinds of people who were asked, and from which certainty a guess counted as sure (per cent)."""

    respondents: tuple[Respondent, ...]
    sure: float


def bang(counts: Sequence[int], level: float = 0.95) -> Interval:
    """Bang's index of one arm from three counts (right, wrong, does not know) or five (see BY_CERTAINTY)."""
    weights = {3: BY_GUESS, 5: BY_CERTAINTY}.get(len(counts))
    if weights is None or min(counts) < 0:
        raise ValueError(f"Bang's index takes three or five counts from 0, not {list(counts)}")
    n = sum(counts)
    if not n:
        raise NotEstimable("Nobody in this arm answered.")
    shares, weight = np.asarray(counts, dtype=float) / n, np.asarray(weights)
    estimate = float(weight @ shares)
    variance = max(0.0, float((weight**2) @ shares) - estimate**2) / n
    return _interval(estimate, variance, -1.0, level)


def james(counts: ArrayLike, weights: ArrayLike | None = None, level: float = 0.95) -> Interval:
    """James's index of a table with a row for each opinion, the last «does not know», and a column for each arm.

    Without `weights` (rows of opinions, columns of arms) opinion i is right in arm i and wrong elsewhere, all wrong
    ones alike. A common factor of all weights makes no difference.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or len(table) < 2 or (table < 0).any():
        raise ValueError("James's index takes a table of counts: opinions and «does not know» by arms")
    opinions = table[:-1]
    weight = 1.0 - np.eye(*opinions.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    if weight.shape != opinions.shape:
        raise ValueError(f"the weights have the shape {opinions.shape} of the opinions, not {weight.shape}")
    n = table.sum()
    if not n:
        raise NotEstimable("Nobody answered.")
    estimate, variance = _james(opinions / n, weight, float(n))
    return _interval(estimate, variance, 0.0, level)


def _james(p: Floats, weight: Floats, n: float) -> tuple[float, float]:
    q, rows, columns = float(p.sum()), p.sum(axis=1), p.sum(axis=0)
    if not q:
        return 1.0, 0.0
    apart, expected = float((weight * p).sum()), float(rows @ weight @ columns)
    if not expected:
        raise NotEstimable("All opinions are of one kind and in one arm, so chance cannot be told from knowledge.")
    estimate = 1 - q + q * q * apart / (2 * expected)
    toward = (weight @ columns)[:, None] + (rows @ weight)[None, :]
    slope = -1 + q * apart / expected + q * q * (weight / expected - apart * toward / expected**2) / 2
    return estimate, max(0.0, float((p * slope**2).sum() - (p * slope).sum() ** 2)) / n


def _interval(estimate: float, variance: float, least: float, level: float) -> Interval:
    half = float(ndtri(0.5 + level / 2)) * variance**0.5
    return Interval(estimate, max(least, estimate - half), min(1.0, estimate + half), level)


# ------------------------------------------------------------------ the planned analysis


def answer(question: Question) -> Blindness:
    """The indices of everybody who was asked. `question.guesses` holds for each kind of people what was guessed of each
    participant (0 reference, 1 treatment, UNKNOWN, SILENT) and how surely (per cent, nan where unknown)."""
    if not question.guesses:
        raise NotEstimable("Nobody was asked to guess.")
    sure = question.thresholds.get("sure", SURE)
    found = [
        _respondent(name, question.arm, guess, certainty, sure, question.level)
        for name, (guess, certainty) in question.guesses.items()
    ]
    return Blindness(tuple(found), sure)


def _respondent(
    name: str, arm: ArrayLike, guess: ArrayLike, certainty: ArrayLike, sure: float, level: float
) -> Respondent:
    arms, guesses, certain = np.asarray(arm), np.asarray(guess), np.asarray(certainty, dtype=np.float64)
    answers = tuple(_answers(guesses[arms == each], each) for each in (0, 1))
    table = [[answers[0].right, answers[1].wrong], [answers[0].wrong, answers[1].right]]
    table.append([each.unknown for each in answers])
    asked = bool(np.isfinite(certain[(guesses == 0) | (guesses == 1)]).any())
    return Respondent(
        name,
        (answers[0], answers[1]),
        _or_none(lambda: james(table, level=level)),
        _both(lambda each: bang((answers[each].right, answers[each].wrong, answers[each].unknown), level)),
        _both(lambda each: bang(_five(guesses, certain, arms, each, sure), level)) if asked else None,
    )


def _answers(guesses: Floats, arm: int) -> Answers:
    counts = [int((guesses == value).sum()) for value in (arm, 1 - arm, UNKNOWN, SILENT)]
    return Answers(*counts)


def _five(guesses: Floats, certain: Floats, arms: Floats, arm: int, sure: float) -> tuple[int, ...]:
    """The counts by certainty in one arm; a guess of unknown certainty is left out."""
    here = arms == arm
    right, wrong = here & (guesses == arm), here & (guesses == 1 - arm)
    surely, less = certain >= sure, certain < sure
    kinds = (right & surely, right & less, wrong & less, wrong & surely, here & (guesses == UNKNOWN))
    return tuple(int(kind.sum()) for kind in kinds)


def _both(index: Callable[[int], Interval]) -> tuple[Interval | None, Interval | None]:
    return _or_none(lambda: index(0)), _or_none(lambda: index(1))


def _or_none(index: Callable[[], Interval]) -> Interval | None:
    try:
        return index()
    except NotEstimable:
        return None
