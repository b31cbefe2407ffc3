"""The participants as they were at the start: sizes, centres, spreads and counts; no p values.

Testing baseline differences in a randomised trial tests the randomisation, not the participants (CONSORT 2010, item
15), so this module offers no test.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.quantiles import quantiles
from trialwright.analysis.question import Question
from trialwright.measures.censored import Censored


@dataclass(frozen=True, slots=True)
class Numbers:
    """A measured variable: quartiles by linear interpolation (R's type 7); sd needs two values, else it is None.

    `signs` say of median, lower and upper quartile, minimum and maximum whether the true one lies below (-1) or above
    (1) the limit that stands there; where any value does, there is no mean and no sd.
    """

    n: int
    missing: int
    mean: float | None
    sd: float | None
    median: float | None
    lower_quartile: float | None
    upper_quartile: float | None
    minimum: float | None
    maximum: float | None
    signs: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    beyond: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    """One category: how many, and what share of those with an answer (None where nobody answered)."""

    label: str
    count: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Counts:
    """A variable in categories; shares are of the participants with an answer."""

    n: int
    missing: int
    categories: tuple[Count, ...]


def numbers(values: ArrayLike) -> Numbers:
    """What a table says about values of shape (n,); NaN is missing."""
    sample = np.asarray(values, dtype=np.float64)
    known = sample[~np.isnan(sample)]
    missing = int(sample.size - known.size)
    if known.size == 0:
        return Numbers(0, missing, None, None, None, None, None, None, None)
    low, middle, high = (float(quantile) for quantile in np.quantile(known, [0.25, 0.5, 0.75]))
    sd = float(known.std(ddof=1)) if known.size > 1 else None
    return Numbers(
        known.size, missing, float(known.mean()), sd, middle, low, high, float(known.min()), float(known.max())
    )


def limited_numbers(values: Sequence[Censored | None]) -> Numbers:
    """What a table says where some values lie beyond a limit; None is missing."""
    known = [each for each in values if each is not None]
    missing = len(values) - len(known)
    held = np.array([float(each.value) for each in known])
    signs = np.array([int(each.sign) for each in known], dtype=np.int8)
    if not signs.any():
        return replace(numbers(held), missing=missing)
    low, high = int(np.lexsort((signs, held))[0]), int(np.lexsort((signs, held))[-1])
    ends, sides = (float(held[low]), float(held[high])), (int(signs[low]), int(signs[high]))
    beyond = int((signs != 0).sum())
    try:
        (middle, m), (lower, l_), (upper, u) = quantiles(held, signs, (0.5, 0.25, 0.75))
    except NotEstimable:
        return Numbers(len(known), missing, None, None, None, None, None, *ends, (0, 0, 0, *sides), beyond)
    return Numbers(len(known), missing, None, None, middle, lower, upper, *ends, (m, l_, u, *sides), beyond)


@dataclass(frozen=True, slots=True)
class Variable:
    """One row of a baseline table: the summary of each group in turn, of one kind for all."""

    label: str
    unit: str
    summaries: tuple[Numbers, ...] | tuple[Counts, ...]


def table(variables: Mapping[str, tuple[str, Sequence[Any]]], groups: Sequence[Sequence[bool]]) -> tuple[Variable, ...]:
    """Each variable in each group; `groups` holds one true/false per participant and group."""
    return tuple(_variable(label, unit, values, groups) for label, (unit, values) in variables.items())


def answer(question: Question) -> tuple[Variable, ...]:
    """The baseline table with reference, treatment and everybody as its columns."""
    arm = question.arm
    return table(question.variables, [list(arm == 0), list(arm == 1), [True] * arm.size])


def _variable(label: str, unit: str, values: Sequence[Any], groups: Sequence[Sequence[bool]]) -> Variable:
    parts = [[value for value, inside in zip(values, group, strict=True) if inside] for group in groups]
    if any(isinstance(value, str) for value in values):
        order = [name for name, _ in Counter(value for value in values if value is not None).most_common()]
        return Variable(label, unit, tuple(counts(part, order) for part in parts))
    if any(isinstance(value, Censored) for value in values):
        return Variable(label, unit, tuple(limited_numbers(part) for part in parts))
    known = [[float("nan") if value is None else float(value) for value in part] for part in parts]
    return Variable(label, unit, tuple(numbers(part) for part in known))


def counts(values: Iterable[object], order: Sequence[str] = ()) -> Counts:
    """How many in each category: those of `order` first, even when empty, then others by name; None is missing."""
    seen = list(values)
    known = [str(value) for value in seen if value is not None]
    labels = [*order, *sorted(set(known) - set(order))]
    total = len(known)
    categories = tuple(
        Count(label, known.count(label), known.count(label) / total if total else None) for label in labels
    )
    return Counts(total, len(seen) - total, categories)
