"""Units: UCUM codes with exact factors. Calendar periods and body weight are dimensions of their own.

A unit is a factor (a Fraction, exact) times a product of base dimensions. Two choices matter for trials:

* `mo` and `a` are calendar periods, not 30.4375 or 365.25 days: they have the dimension `calendar` and never convert
  to days. Its base is 1/32 month, so that a span of complete months and left-over days (at most 30) is one integer
  that sorts rightly.
* `kg` (or `g`) in a denominator is body weight unless the unit says what it is per by an annotation, as in
  `mg/g{creatinine}`. A dose per kilogram therefore never cancels to a fraction: 2 g/kg is not 0.002.

Source of codes and factors: The Unified Code for Units of Measure, ucum.org, version 2.1 (only units met in trials
are listed).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from trialwright.logic.places import did_you_mean

CALENDAR_PER_MONTH = 32
DIMENSION_WORDS = {
    "L": "length",
    "M": "mass",
    "T": "time",
    "N": "amount",
    "I": "current",
    "K": "temperature",
    "Cel": "degrees Celsius",
    "IU": "international units",
    "arb": "arbitrary units",
    "eq": "equivalents",
    "osm": "osmoles",
    "body": "body weight",
    "calendar": "calendar period",
    "pH": "pH",
    "percent": "percent",
}
Dimension = tuple[tuple[str, int], ...]


class UnitError(ValueError):
    """A unit that is not a UCUM code of the table."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: its code as written, its exact factor to the base, and its dimension (sorted pairs of base and power)."""

    code: str
    factor: Fraction
    dimension: Dimension

    @property
    def calendar(self) -> bool:
        return self.dimension == (("calendar", 1),)

    @property
    def words(self) -> str:
        """The dimension in words, for messages."""
        parts = [
            DIMENSION_WORDS.get(base, base) + (f"^{power}" if power != 1 else "") for base, power in self.dimension
        ]
        return " x ".join(parts) or "pure number"


# code: (factor, dimension); a code in METRIC also takes the prefixes.
_DAY = 86400
_PASCAL = {"M": 1, "L": -1, "T": -2}
METRIC: dict[str, tuple[Fraction, dict[str, int]]] = {
    "m": (Fraction(1), {"L": 1}),
    "g": (Fraction(1), {"M": 1}),
    "s": (Fraction(1), {"T": 1}),
    "L": (Fraction(1, 1000), {"L": 3}),
    "l": (Fraction(1, 1000), {"L": 3}),
    "mol": (Fraction(1), {"N": 1}),
    "kat": (Fraction(1), {"N": 1, "T": -1}),
    "U": (Fraction(1, 60_000_000), {"N": 1, "T": -1}),
    "eq": (Fraction(1), {"eq": 1}),
    "osm": (Fraction(1), {"osm": 1}),
    "[IU]": (Fraction(1), {"IU": 1}),
    "[iU]": (Fraction(1), {"IU": 1}),
    "[arb'U]": (Fraction(1), {"arb": 1}),
    "Pa": (Fraction(1000), _PASCAL),
    "m[Hg]": (Fraction(133_322_000), _PASCAL),
    "m[H2O]": (Fraction(980665, 100) * 1000, _PASCAL),
    "N": (Fraction(1000), {"M": 1, "L": 1, "T": -2}),
    "J": (Fraction(1000), {"M": 1, "L": 2, "T": -2}),
    "cal": (Fraction(4184), {"M": 1, "L": 2, "T": -2}),
    "W": (Fraction(1000), {"M": 1, "L": 2, "T": -3}),
    "V": (Fraction(1000), {"M": 1, "L": 2, "T": -3, "I": -1}),
    "A": (Fraction(1), {"I": 1}),
    "Hz": (Fraction(1), {"T": -1}),
    "K": (Fraction(1), {"K": 1}),
    "bar": (Fraction(100_000_000), _PASCAL),
    "Gy": (Fraction(1), {"L": 2, "T": -2}),
    "[g]": (Fraction(980665, 100_000), {"L": 1, "T": -2}),
    "t": (Fraction(1_000_000), {"M": 1}),
}
PLAIN_UNITS: dict[str, tuple[Fraction, dict[str, int]]] = {
    "1": (Fraction(1), {}),
    "10*": (Fraction(10), {}),
    "10^": (Fraction(10), {}),
    # A percentage never compares with a bare number: 0.5 and 50 % are too easily taken for each other.
    "%": (Fraction(1), {"percent": 1}),
    "[ppth]": (Fraction(1, 10), {"percent": 1}),
    "[ppm]": (Fraction(1, 10_000), {"percent": 1}),
    "min": (Fraction(60), {"T": 1}),
    "h": (Fraction(3600), {"T": 1}),
    "d": (Fraction(_DAY), {"T": 1}),
    "wk": (Fraction(7 * _DAY), {"T": 1}),
    "mo": (Fraction(CALENDAR_PER_MONTH), {"calendar": 1}),
    "a": (Fraction(12 * CALENDAR_PER_MONTH), {"calendar": 1}),
    "Cel": (Fraction(1), {"Cel": 1}),
    "[pH]": (Fraction(1), {"pH": 1}),
    "[in_i]": (Fraction(254, 10_000), {"L": 1}),
    "[ft_i]": (Fraction(3048, 10_000), {"L": 1}),
    "[lb_av]": (Fraction(45_359_237, 100_000), {"M": 1}),
    "[oz_av]": (Fraction(45_359_237, 1_600_000), {"M": 1}),
    "[drp]": (Fraction(1, 20_000_000), {"L": 3}),
    "deg": (Fraction(1), {"angle": 1}),
    "dB": (Fraction(1), {"decibel": 1}),
    "B[SPL]": (Fraction(10), {"decibel": 1}),
}
PREFIXES = {
    "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1, "d": -1, "c": -2, "m": -3, "u": -6, "µ": -6, "μ": -6, "n": -9,
    "p": -12, "f": -15,
}  # fmt: skip
_PIECE = re.compile(
    r"(?P<code>10[*^]|1|%|(?:[A-Za-zµμ]|\[[^\[\]\s]*\])+|(?=\{))(?P<power>[+-]?\d+)?(?P<note>\{[^{}]*\})?"
)


def _atom(code: str) -> tuple[Fraction, dict[str, int]]:
    """Factor and dimension of one code, prefix included. The whole code goes before prefix and code: `min` is not
    milli-inch.
    """
    if code in PLAIN_UNITS:
        return PLAIN_UNITS[code]
    if code in METRIC:
        return METRIC[code]
    for prefix, power in PREFIXES.items():
        rest = code.removeprefix(prefix)
        if rest != code and rest in METRIC:
            factor, dimension = METRIC[rest]
            return factor * Fraction(10) ** power, dimension
    raise UnitError(f"{code} is not a unit that is known here" + _hint(code))


def _hint(code: str) -> str:
    written_out = {
        "year": "a", "years": "a", "yr": "a", "month": "mo", "months": "mo", "week": "wk", "weeks": "wk", "day": "d",
        "days": "d", "hour": "h",
        "hours": "h", "IU": "[IU]", "iu": "[IU]", "mmHg": "mm[Hg]", "percent": "%", "kgs": "kg", "minutes": "min",
        "sec": "s", "C": "Cel",
        "mcg": "ug", "ML": "mL", "mg/day": "mg/d", "cc": "mL", "points": "1", "cells": "{cells}",
    }  # fmt: skip
    if code in written_out:
        return f"; write {written_out[code]}"
    close = did_you_mean(code, [*PLAIN_UNITS, *METRIC, "mg", "ug", "mL", "cm", "mm", "kg", "umol", "mmol", "ukat"])
    return f"; {close}" if close else ""


def _pieces(code: str) -> list[tuple[int, "re.Match[str]"]]:
    """The parts of a unit with the sign of their power: `mg/kg/d` is mg, per kg, per d."""
    found, position, sign = [], 0, 1
    if code.startswith("/"):
        position, sign = 1, -1
    while True:
        match = _PIECE.match(code, position)
        if match is None or match.end() == position:
            raise UnitError(f"{code!r} is not a unit" + _hint(code))
        found.append((sign, match))
        position = match.end()
        if position == len(code):
            return found
        if code[position] not in "./":
            raise UnitError(f"{code!r} is not a unit" + _hint(code))
        sign = -1 if code[position] == "/" else 1
        position += 1


@lru_cache(maxsize=4096)
def unit(code: str) -> Unit:
    """The unit of a UCUM code; raises UnitError with a hint where it is none."""
    if not code or len(code) > 60:
        raise UnitError("a unit has 1 to 60 characters")
    factor = Fraction(1)
    powers: dict[str, int] = {}
    for sign, match in _pieces(code):
        name = match["code"] or "1"
        power = sign * int(match["power"] or 1)
        if abs(power) > 24:
            raise UnitError(f"{code!r}: a power beyond 24 is not a unit")
        base, dimension = _atom(name)
        per_body = power < 0 and name in ("kg", "g") and not match["note"]
        if per_body:  # per kilogram is per kilogram of the person
            dimension = {"body": 1}
        factor *= base**power
        for symbol, count in dimension.items():
            powers[symbol] = powers.get(symbol, 0) + count * power
    return Unit(code, factor, _dimension(powers))


def _dimension(powers: dict[str, int]) -> Dimension:
    return tuple(sorted((symbol, power) for symbol, power in powers.items() if power))


def product(left: Unit, right: Unit, sign: int = 1) -> Unit:
    """left times right (sign 1), or left per right (sign -1), as a unit without a short code."""
    powers = dict(left.dimension)
    for symbol, power in right.dimension:
        powers[symbol] = powers.get(symbol, 0) + sign * power
    code = f"{left.code}{'.' if sign > 0 else '/'}{right.code}"
    return Unit(code, left.factor * right.factor**sign, _dimension(powers))


ONE = Unit("1", Fraction(1), ())


BODY_KILOGRAM = Unit("kg", Fraction(1000), (("body", 1),))


@lru_cache(maxsize=4096)
def conversion(source: Unit, target: Unit) -> tuple[int | Fraction, int]:
    """What a number in `source` is multiplied by to stand in `target`: a factor, and the power of the body weight in
    kg.

    The power is 0, or +1 / -1 for a dose per kilogram turned into a dose and back. Raises UnitError where the two do
    not compare.
    """
    if source.dimension == target.dimension:
        return _whole(source.factor / target.factor), 0
    difference = product(source, target, -1)
    for power in (1, -1):
        if difference.dimension == (("body", -power),) and source.dimension and target.dimension:
            # the factors carry body weight in grams, the context gives it in kilograms
            return _whole(difference.factor * Fraction(1000) ** power), power
    raise UnitError(f"{source.code} ({source.words}) does not compare with {target.code} ({target.words})")


def converter(own: Unit | None, target: Unit) -> Callable[[str | None], tuple[int | Fraction, int] | None]:
    """The conversion to a target by the code of a value's unit (None: the unit `own`); None where the two do not
    compare.

    Remembered by code, since a unit with its exact factor is slow to hash and this stands in edit checks.
    """

    @lru_cache(maxsize=64)
    def convert(code: str | None) -> tuple[int | Fraction, int] | None:
        source = own if code is None else unit(code)
        return None if source is None else conversion(source, target)

    def converted(code: str | None) -> tuple[int | Fraction, int] | None:
        try:
            return convert(code)
        except UnitError:
            return None

    return converted


def _whole(number: Fraction) -> int | Fraction:
    return number.numerator if number.denominator == 1 else number
