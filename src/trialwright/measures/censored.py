"""Values beyond a limit of quantification: what is known of them is the limit and the side, and nothing is made up.

`<1.2` is a value somewhere below 1.2, `>500` one above 500. Such a value can be told from a file and written back
(`parse`, `str`), multiplied into another unit, and put on a logarithmic scale, because those keep the order. It cannot
be added to another value, and it can be compared with one only where the answer is the same wherever the value lies:
`<1.2` is less than 3, and nobody knows whether it is less than 1. What an analysis does with it is the analysis's to
declare; see `analysis.censoring`.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Signs = NDArray[np.int8]

BASES = {"log": float(np.e), "log2": 2.0, "log10": 10.0}
"""The base of each logarithmic scale."""

_WRITTEN = re.compile(r"\s*(<=|>=|≤|≥|<|>)?\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*")
_SIDES = {"<": -1, "<=": -1, "≤": -1, ">": 1, ">=": 1, "≥": 1}


class Sign(IntEnum):
    """Where a value lies: below its limit, at the value itself, above its limit."""

    BELOW = -1
    OBSERVED = 0
    ABOVE = 1


@dataclass(frozen=True, slots=True)
class Censored:
    """One value: `value` is the value itself where observed, else the limit that it lies beyond (or at)."""

    value: Decimal
    sign: Sign = Sign.OBSERVED

    def __post_init__(self) -> None:
        if not self.value.is_finite():
            raise ValueError(f"a value or limit is a finite number, not {self.value}")

    def __str__(self) -> str:
        return {Sign.BELOW: "<", Sign.OBSERVED: "", Sign.ABOVE: ">"}[self.sign] + format(self.value, "f")

    @property
    def limit(self) -> Decimal | None:
        """The limit that the value lies beyond; None for an observed one."""
        return None if self.sign is Sign.OBSERVED else self.value

    def scaled(self, factor: Decimal) -> "Censored":
        """The value in another unit: times a positive factor, exactly. Raises `ValueError` for any other factor."""
        if not factor > 0:
            raise ValueError(f"a unit is converted by a factor above 0, not by {factor}")
        return Censored(self.value * factor, self.sign)

    def compare(self, other: "Censored") -> int | None:
        """-1, 0 or 1 where this value is surely less than, equal to, or greater than the other; None where nobody can
        know. A censored value may lie at its limit, so it is never surely beyond it."""
        low, high = self.bounds
        least, most = other.bounds
        if high is not None and least is not None and high < least:
            return -1
        if low is not None and most is not None and low > most:
            return 1
        both = self.sign is Sign.OBSERVED and other.sign is Sign.OBSERVED
        return 0 if both else None

    @property
    def bounds(self) -> tuple[Decimal | None, Decimal | None]:
        """The least and the greatest value that it can have; None: without bound."""
        return (
            None if self.sign is Sign.BELOW else self.value,
            None if self.sign is Sign.ABOVE else self.value,
        )


def parse(text: str) -> Censored:
    """`12.3`, `<1.2`, `>500` as laboratories write them (also `<=`, `>=` and their signs; decimal point, no
    separators of thousands). Raises `ValueError` with a sentence that says what was found."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        said = repr(text.strip()) if text.strip() else "nothing"
        raise ValueError(f"{said} is no result; write a number with a decimal point, or <1.2 or >500 beyond a limit")
    side, number = found.groups()
    return Censored(Decimal(number), Sign(_SIDES.get(side or "", 0)))


# ------------------------------------------------------------------ arrays


@dataclass(frozen=True, slots=True)
class CensoredArray:
    """Values of any shape: `values` holds the value or, where `signs` is not 0, its limit; NaN is not known (and has
    sign 0)."""

    values: Floats
    signs: Signs

    @property
    def lower(self) -> Floats:
        """The least that each value can be; -inf below a limit."""
        return np.where(self.signs < 0, -np.inf, self.values)

    @property
    def upper(self) -> Floats:
        """The most that each value can be; inf above a limit."""
        return np.where(self.signs > 0, np.inf, self.values)

    def scaled(self, factor: float) -> "CensoredArray":
        """In another unit: times a positive factor."""
        if not factor > 0:
            raise ValueError(f"a unit is converted by a factor above 0, not by {factor}")
        return CensoredArray(self.values * factor, self.signs)

    def logarithm(self, scale: str) -> "CensoredArray":
        """On the scale `log` (natural), `log2` or `log10`. Raises `ValueError` where a value is not above 0."""
        return CensoredArray(logarithm(self.values, scale), self.signs)

    def at_least(self, cut: float) -> NDArray[np.int8]:
        """Whether each value reaches `cut`: 1 yes, 0 no, -1 not known, because it is missing or may lie on either
        side."""
        with np.errstate(invalid="ignore"):
            sure, never = self.lower >= cut, self.upper < cut
        return np.select([np.isnan(self.values), sure, never], [-1, 1, 0], -1).astype(np.int8)


def array(values: ArrayLike, signs: ArrayLike | None = None) -> CensoredArray:
    """Values and signs of one shape; without signs everything is observed. Raises `ValueError` for other signs than
    -1, 0, 1."""
    numbers = np.asarray(values, dtype=np.float64)
    sides = np.zeros(numbers.shape, dtype=np.int8) if signs is None else np.asarray(signs)
    if sides.shape != numbers.shape or not np.isin(sides, (-1, 0, 1)).all():
        raise ValueError("the signs are -1 (below), 0 (observed) or 1 (above), one for each value")
    return CensoredArray(numbers, np.where(np.isnan(numbers), 0, sides).astype(np.int8))


def logarithm(values: Floats, scale: str) -> Floats:
    """The logarithm of values above 0, NaN where they are NaN. Raises `ValueError` for a value that has none."""
    taken: Any = {"log": np.log, "log2": np.log2, "log10": np.log10}[scale]
    if (values <= 0).any():
        raise ValueError(f"{float(np.nanmin(values)):g} has no logarithm; a value on a log scale is above 0")
    return np.asarray(taken(values), dtype=np.float64)


def recorded(
    values: ArrayLike, below: ArrayLike, above: ArrayLike, lloq: float | None = None, uloq: float | None = None
) -> CensoredArray:
    """What pages say of a measured value: `below` and `above` are their flags (false where there is none), of the shape
    of the values.

    A flagged value is the limit of its own sample; a flag without a value stands for the declared limit (without one
    the value is not known). A value under `lloq` or over `uloq` without a flag lies beyond the declared limit. Raises
    `ValueError` where both flags are set.
    """
    numbers = np.asarray(values, dtype=np.float64)
    low, high = (np.broadcast_to(np.asarray(flag, dtype=np.bool_), numbers.shape) for flag in (below, above))
    if (low & high).any():
        raise ValueError(f"{int((low & high).sum())} values are flagged as below and above their limit; correct them")
    least, most = (np.nan if limit is None else limit for limit in (lloq, uloq))
    with np.errstate(invalid="ignore"):
        under, over = ~low & ~high & (numbers < least), ~low & ~high & (numbers > most)
    empty = np.isnan(numbers)
    held = np.where(under | (low & empty), least, np.where(over | (high & empty), most, numbers))
    return array(held, np.where(low | under, -1, np.where(high | over, 1, 0)))
