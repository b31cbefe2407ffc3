"""Confirmed deterioration: whether somebody is worse than at baseline by a declared rule, at two visits in a row.

A rule is text that is data, the parts parted by semicolons, any one of which is enough:

    phga 2 cm and mmt 20 %; extramusc 2 cm; 3 of phga, ptga, mmt, haq, extramusc 30 %

`2 cm` is a worsening of at least so much in the measure's own unit; `20 %` one of at least that share of the baseline
(`relative`) or of the measure's range (`absolute`). From a baseline of nought every worsening exceeds every share. What
is not known stays unknown, unless the rest decides. Compared in whole numbers and fractions, never in binary floats.

The rule above is that of the ProDERM trial, doi 10.1186/s13075-023-03232-2 (figure 1), which confirms it at the next
visit. Whether its percentages are of the baseline is not said there; `relative` is assumed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, reduce
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from trialwright.measures.options import BadOption, word
from trialwright.measures.tis import WIDE, Exact

Truths = NDArray[np.bool_]

PRODERM = "phga 2 cm and mmt 20 %; extramusc 2 cm; 3 of phga, ptga, mmt, haq, extramusc 30 %"

SEVERAL = re.compile(r"(?P<least>[0-9]+)\s+of\s+(?P<names>.+?)\s+(?P<by>[0-9.]+)\s*(?P<unit>\S*)")
ONE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s+(?P<by>[0-9.]+)\s*(?P<unit>\S*)")


class BadRule(ValueError):
    """A rule that cannot be read; the sentence says which part and why."""


@dataclass(frozen=True, slots=True)
class Worse:
    """One measure worse by at least so much: in its unit, or per cent."""

    measure: str
    by: Fraction
    unit: str

    @property
    def is_share(self) -> bool:
        """Whether the worsening is counted in per cent."""
        return self.unit == "%"


@dataclass(frozen=True, slots=True)
class Part:
    """At least so many of these together."""

    least: int
    of: tuple[Worse, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """Any one of the parts. `higher`: measures of which more is better. `ranges`: what an absolute share is of."""

    parts: tuple[Part, ...]
    higher: frozenset[str] = frozenset({"mmt"})
    share: Literal["relative", "absolute"] = "relative"
    ranges: Mapping[str, Fraction] = field(default_factory=dict)

    @property
    def measures(self) -> tuple[str, ...]:
        """Everything that the rule speaks of."""
        return tuple(dict.fromkeys(one.measure for part in self.parts for one in part.of))


def parts(text: str) -> tuple[Part, ...]:
    """The parts of a rule. Raises `BadRule`."""
    found = tuple(_part(words.strip()) for words in text.split(";") if words.strip())
    if not found:
        raise BadRule("the rule has no part; write for example 'phga 2 cm and mmt 20 %; extramusc 2 cm'")
    return found


def _part(words: str) -> Part:
    several = SEVERAL.fullmatch(words)
    if several:
        names = [name.strip() for name in several["names"].split(",")]
        of = tuple(_worse(f"{name} {several['by']} {several['unit']}", words) for name in names)
        least = int(several["least"])
        if not 1 <= least <= len(of):
            raise BadRule(
                f"'{words}': {least} of {len(of)} can never be, or always is; name more measures or ask fewer"
            )
        return Part(least, of)
    of = tuple(_worse(each.strip(), words) for each in words.split(" and "))
    return Part(len(of), of)


def _worse(words: str, part: str) -> Worse:
    found = ONE.fullmatch(words.strip())
    try:
        by = Fraction(found["by"]) if found else Fraction(0)
    except ValueError:
        by = Fraction(0)
    if found is None or by <= 0:
        raise BadRule(
            f"'{part}': write a measure and how much worse, such as 'phga 2 cm', 'mmt 20 %' or '3 of a, b 30 %'"
        )
    return Worse(found["name"], by, found["unit"])


OPTIONS = ("rule", "higher_is_better", "share", "ranges")
"""The options of a derivation that says whether somebody deteriorated."""


def declared_rule(options: Mapping[str, str]) -> Rule:
    """The rule that a definition declares; ProDERM's without one. Raises `BadOption`."""
    share = cast(Literal["relative", "absolute"], word(options, "share", ("relative", "absolute")))
    return _declared(
        options.get("rule", PRODERM), options.get("higher_is_better", "mmt"), share, options.get("ranges", "")
    )


@lru_cache(maxsize=64)
def _declared(text: str, higher: str, share: Literal["relative", "absolute"], ranges: str) -> Rule:
    try:
        found = parts(text)
    except BadRule as wrong:
        raise BadOption("rule", str(wrong)) from None
    of = _ranges(ranges)
    rule = Rule(found, frozenset(name.strip() for name in higher.split(",")), share, of)
    lacking = [one.measure for part in found for one in part.of if one.is_share and one.measure not in of]
    if share == "absolute" and lacking:
        raise BadOption("ranges", f"an absolute share needs the range of {', '.join(dict.fromkeys(lacking))}")
    return rule


def _ranges(text: str) -> Mapping[str, Fraction]:
    """`mmt 260, haq 3` as measure -> range."""
    found: dict[str, Fraction] = {}
    for part in (one.strip() for one in text.split(",") if one.strip()):
        name, _, span = part.rpartition(" ")
        try:
            found[name.strip()] = Fraction(span)
        except (ValueError, ZeroDivisionError):
            name = ""
        if not name or found[name.strip()] <= 0:
            raise BadOption("ranges", f"'{part}': write a measure and its range, such as 'mmt 260'")
    return found


# ------------------------------------------------------------------ one person


def deteriorated(
    rule: Rule, baseline: Mapping[str, Decimal | int | None], now: Mapping[str, Decimal | int | None]
) -> bool | None:
    """Whether one person is worse by the rule, None where that is not known: the specification of `worse_by`."""
    told = [_least(part.least, [_is_worse(rule, one, baseline, now) for one in part.of]) for part in rule.parts]
    return _least(1, told)


def _is_worse(rule: Rule, one: Worse, baseline: Mapping[str, Any], now: Mapping[str, Any]) -> bool | None:
    before, after = baseline.get(one.measure), now.get(one.measure)
    if before is None or after is None:
        return None
    first, second = Fraction(before), Fraction(after)
    worsening = first - second if one.measure in rule.higher else second - first
    if not one.is_share:
        return worsening >= one.by
    whole = abs(first) if rule.share == "relative" else rule.ranges[one.measure]
    return worsening > 0 and 100 * worsening >= one.by * whole


def _least(least: int, told: Sequence[bool | None]) -> bool | None:
    """Whether at least so many are true; None where those that are not known decide."""
    if told.count(True) >= least:
        return True
    return None if told.count(True) + told.count(None) >= least else False


def confirmed(told: Sequence[bool | None]) -> bool | None:
    """Whether the last two of a row of visits both show it; one visit alone confirms nothing."""
    if len(told) < 2:
        return False
    return _least(2, told[-2:])


# ------------------------------------------------------------------ many


@dataclass(frozen=True, slots=True)
class Told:
    """Three-valued truths: where it is so, and where it is known at all."""

    true: Truths
    known: Truths

    @property
    def values(self) -> NDArray[np.float64]:
        """1 and 0, NaN where not known."""
        return np.where(self.known, self.true.astype(np.float64), np.nan)


def worse_by(rule: Rule, baseline: Mapping[str, Exact], now: Mapping[str, Exact]) -> Told:
    """The same of many: columns of any shapes that broadcast."""
    return _at_least(
        1, [_at_least(part.least, [_worse_columns(rule, one, baseline, now) for one in part.of]) for part in rule.parts]
    )


def _worse_columns(rule: Rule, one: Worse, baseline: Mapping[str, Exact], now: Mapping[str, Exact]) -> Told:
    first, second = baseline[one.measure], now[one.measure]
    decimals = max(first.decimals, second.decimals)
    whole = Fraction(0)
    if one.is_share and rule.share == "absolute":
        whole = rule.ranges[one.measure] * 10**decimals
    threshold = one.by * (1 if one.is_share else 10**decimals)
    room = 100 * threshold.denominator * max(1, whole.denominator) * max(1, threshold.numerator)
    before, after = _whole([first, second], decimals, room)
    worsening = before - after if one.measure in rule.higher else after - before
    if not one.is_share:
        holds = worsening * threshold.denominator >= threshold.numerator
    else:
        of: Any = np.abs(before) if rule.share == "relative" else whole.numerator
        left = worsening * (100 * threshold.denominator * whole.denominator)
        holds = (worsening > 0) & (left >= of * threshold.numerator)
    known = np.broadcast_to(first.present & second.present, np.shape(worsening))
    return Told(np.asarray(holds, dtype=np.bool_) & known, np.asarray(known, dtype=np.bool_))


def _whole(columns: Sequence[Exact], decimals: int, room: int) -> list[NDArray[Any]]:
    """The columns in one common unit, with room to multiply; unbounded integers where 64 bits have no room."""
    shifts = [10 ** (decimals - column.decimals) for column in columns]
    peaks = [int(np.max(np.abs(column.units), initial=0)) for column in columns]
    peak = max((peak * shift for peak, shift in zip(peaks, shifts, strict=True)), default=0)
    kind: Any = np.int64 if 2 * peak * room < WIDE else object
    return [np.asarray(column.units).astype(kind) * shift for column, shift in zip(columns, shifts, strict=True)]


def _at_least(least: int, told: Sequence[Told]) -> Told:
    """Where at least so many are true, and where that is known."""
    true = reduce(np.add, [one.true.astype(np.int64) for one in told])
    open_ = reduce(np.add, [(~one.known).astype(np.int64) for one in told])
    return Told(true >= least, (true >= least) | (true + open_ < least))


def confirmed_by(told: Told, attended: Truths) -> Told:
    """Whether each visit and the one attended before it both show it; arrays (people, visits) in the order of time. A
    visit that was not attended is passed over and is itself unknown; the first one confirms nothing."""
    people, visits = told.true.shape
    true, known = np.zeros((people, visits), dtype=np.bool_), np.zeros((people, visits), dtype=np.bool_)
    before = Told(np.zeros(people, dtype=np.bool_), np.ones(people, dtype=np.bool_))
    for place in range(visits):
        here, now = attended[:, place], Told(told.true[:, place], told.known[:, place])
        both = _at_least(2, [before, now])
        true[:, place], known[:, place] = both.true & here, both.known & here
        before = Told(np.where(here, now.true, before.true), np.where(here, now.known, before.known))
    return Told(true, known)
