"""What the terms of the published models mean, one health state at a time: the plain reference for the tables.

A value set is a sum of terms (Germany's visual analogue scale a product; Indonesia's youth set a power of the sum). The
files in `data/` name the terms in the words of `TERMS`; the figures are those of the papers, with every decimal.

    value = start + sum over the dimensions of the term of their level + the terms whose condition holds
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from types import MappingProxyType

DIMENSIONS = ("mo", "sc", "ua", "pd", "ad")
"""Mobility, self-care, usual activities, pain/discomfort, anxiety/depression: the order of the five digits."""

Levels = Sequence[int]


def _further(levels: Levels, among: Callable[[int], bool]) -> int:
    """How many dimensions beyond the first fulfil it."""
    return max(0, sum(among(level) for level in levels) - 1)


TERMS: Mapping[str, Callable[[Levels], int]] = MappingProxyType(
    {
        "start": lambda levels: 1,
        "any2": lambda levels: int(max(levels) >= 2),
        "any3": lambda levels: int(max(levels) >= 3),
        "any4": lambda levels: int(max(levels) >= 4),
        "any5": lambda levels: int(max(levels) >= 5),
        "all3": lambda levels: int(min(levels) == 3 == max(levels)),
        "none1": lambda levels: int(min(levels) >= 2),
        "2_without_3": lambda levels: int(max(levels) == 2),
        "3_without_2": lambda levels: int(max(levels) == 3 and 2 not in levels),
        "2_with_3": lambda levels: int(2 in levels and 3 in levels),
        "twos_with_3": lambda levels: list(levels).count(2) * int(3 in levels),
        "twos_squared": lambda levels: list(levels).count(2) ** 2,
        "threes_squared": lambda levels: list(levels).count(3) ** 2,
        "further": lambda levels: _further(levels, lambda level: level > 1),
        "further2": lambda levels: _further(levels, lambda level: level == 2),
        "further2_squared": lambda levels: _further(levels, lambda level: level == 2) ** 2,
        "further3": lambda levels: _further(levels, lambda level: level == 3),
        "further3_squared": lambda levels: _further(levels, lambda level: level == 3) ** 2,
        "further45_squared": lambda levels: _further(levels, lambda level: level >= 4) ** 2,
    }
)
"""Term -> how often its figure counts. `further` means dimensions beyond the first; a term that a set has not, is 0."""

LEVEL = re.compile("(mo|sc|ua|pd|ad)([1-5])")
SEVERE = re.compile("(mo|sc|ua|pd|ad)45")
BOTH = re.compile("(mo|sc|ua|pd|ad)([1-5])[*](mo|sc|ua|pd|ad)([1-5])")
PRODUCT = re.compile("(mo|sc|ua|pd|ad)[*](mo|sc|ua|pd|ad)")
POWER = "power"


def count(term: str, levels: Levels) -> int:
    """How often the figure of a term counts in a state: 0 or 1 for conditions, a number for counts and products.

    `mo3`: mobility at level 3. `mo45`: mobility at level 4 or 5. `mo3*sc3`: both. `mo*ad`: (mobility - 1) times
    (anxiety - 1). Everything else stands in TERMS. Raises KeyError for a term that there is not.
    """
    at = dict(zip(DIMENSIONS, levels, strict=True))
    if found := LEVEL.fullmatch(term):
        return int(at[found[1]] == int(found[2]))
    if found := SEVERE.fullmatch(term):
        return int(at[found[1]] >= 4)
    if found := BOTH.fullmatch(term):
        return int(at[found[1]] == int(found[2]) and at[found[3]] == int(found[4]))
    if found := PRODUCT.fullmatch(term):
        return (at[found[1]] - 1) * (at[found[2]] - 1)
    return TERMS[term](levels)


def value(levels: Levels, figures: Mapping[str, Decimal], multiplied: bool = False) -> Fraction:
    """The value of one state before rounding, term by term; exact, but for a power (to 40 digits).

    `multiplied`: the terms that count are factors (EQ-5D-3L, VAS, Germany), not summands.
    """
    counts = {term: count(term, levels) for term in figures if term != POWER}
    if multiplied:
        product = Fraction(1)
        for term, times in counts.items():
            product *= Fraction(figures[term]) ** times
        return product
    if POWER not in figures:
        return sum((Fraction(figures[term]) * times for term, times in counts.items()), Fraction(0))
    lost = -sum((figures[term] * times for term, times in counts.items() if LEVEL.fullmatch(term)), Decimal(0))
    rest = sum((figures[term] * times for term, times in counts.items() if not LEVEL.fullmatch(term)), Decimal(0))
    with localcontext() as context:
        context.prec = 40
        return Fraction(rest - lost ** figures[POWER]) if lost else Fraction(rest)


def in_thousandths(exact: Fraction) -> int:
    """Rounded to three decimals, a half upward (-0.5115 to -0.511): the declared rounding of every index.

    Papers do not say how they round a half. Upward meets R's `eq5d` in 43 of the 54 halves among its 3L values; away
    from zero meets it in 31, to even in 30 (sums of binary floats fall to either side).
    """
    return (exact * 2000 + 1) // 2
