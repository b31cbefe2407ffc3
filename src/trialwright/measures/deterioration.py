"""Confirmed deterioration of many people: whether each is worse than at baseline, at two visits in a row.

The rule, and the same of one person, stand in `deterioration_rule`, which is the specification of this. Compared in
whole numbers, never in binary floats.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.measures.deterioration_rule import Rule, Worse
from trialwright.measures.tis import WIDE, Exact

Truths = NDArray[np.bool_]


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
