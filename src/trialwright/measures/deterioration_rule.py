"""The rule of a confirmed deterioration, and whether one person is worse by it.

A rule is text that is data, the parts parted by semicolons, any one of which is enough:

    phga 2 cm and mmt 20 %; extramusc 2 cm; 3 of phga, ptga, mmt, haq, extramusc 30 %

`2 cm` is a worsening of at least so much in the measure's own unit; `20 %` one of at least that share of the baseline
(`relative`) or of the measure's range (`absolute`). From a baseline of nought every worsening exceeds every share. What
is not known stays unknown, unless the rest decides. Compared in whole numbers, never in binary floats.

The rule above is that of the ProDERM trial, doi 10.1186/s13075-023-03232-2 (figure 1), which confirms it at the next
visit. Whether its percentages are of the baseline is not said there; `relative` is assumed.

No arrays here: every page that is saved asks for this, and the clinic's program need not load them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal, cast

from trialwright.measures.options import BadOption, word

Known = Mapping[str, Decimal | int | None]

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


def deteriorated(rule: Rule, baseline: Known, now: Known) -> bool | None:
    """Whether one person is worse by the rule, None where that is not known: the specification of `worse_by`."""
    told = [_least(part.least, [_is_worse(rule, one, baseline, now) for one in part.of]) for part in rule.parts]
    return _least(1, told)


def _is_worse(rule: Rule, one: Worse, baseline: Known, now: Known) -> bool | None:
    before, after = baseline.get(one.measure), now.get(one.measure)
    if before is None or after is None:
        return None
    # Both numbers, and what one of them is a share of, over the same denominator: whole numbers are all that is left.
    (first, under), (second, below) = before.as_integer_ratio(), after.as_integer_ratio()
    first, second = first * below, second * under
    worsening = first - second if one.measure in rule.higher else second - first
    share, of = one.by.as_integer_ratio()
    if not one.is_share:
        return worsening * of >= share * under * below
    if worsening <= 0:
        return False
    if rule.share == "relative":
        return 100 * worsening * of >= share * abs(first)
    span, parts_of = rule.ranges[one.measure].as_integer_ratio()
    return 100 * worsening * of * parts_of >= share * span * under * below


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
