"""Whether the standards of a plate can be a curve at all: a blank is there, and the response goes one way.

Standards that were swapped, and a response that turns back, are slips of the hand or of the pipette; a curve through
them would be wrong everywhere. They are found before anything is fitted, and the wells are named.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from statistics import mean, stdev

from trialwright.measures.assay.plates import Plate, Problem, Well, levels, listed
from trialwright.measures.assay.rules import Rules

Levels = Mapping[float, tuple[Well, ...]]


def problems(plate: Plate, rules: Rules) -> tuple[Problem, ...]:
    """Everything that keeps the plate from being worked out under the rules."""
    return (*_missing(plate, rules), *_turning(plate, rules))


def used(well: Well, rules: Rules) -> bool:
    """Whether a well counts: it has a finite response, of enough beads where beads were counted."""
    return well.measured and (well.count is None or well.count >= rules["bead_count"])


def zero(well: Well) -> bool:
    """Whether the well holds no analyte: a blank, or a standard of content 0. Neither takes part in the fit."""
    return well.role == "blank" or (well.role in ("standard", "anchor") and well.nominal == 0)


def calibrators(plate: Plate, rules: Rules) -> Levels:
    """The wells of each standard and anchor level above 0 that count, by nominal content."""
    return levels([well for well in plate.of("standard", "anchor") if not zero(well) and used(well, rules)])


def _missing(plate: Plate, rules: Rules) -> Iterator[Problem]:
    if rules.policy("blank") == "required" and not any(map(zero, plate.wells)):
        say = f"the blank is missing, and the rules {rules.id} ask for one; name its wells blank, or choose other rules"
        yield plate.problem(say, None, "role")
    standards = [well for well in plate.of("standard") if not zero(well)]
    if not standards:
        say = "it has no standards; without them there is no curve. Name their wells standard"
        yield plate.problem(say, None, "role")
    elif not any(used(well, rules) for well in standards):
        say = "no standard has a response that counts; without them there is no curve. Export the readings again"
        yield plate.problem(say, None, "response")


def _turning(plate: Plate, rules: Rules) -> Iterator[Problem]:
    """A response that falls where it should rise (or rises where it should fall) by more than noise."""
    found = calibrators(plate, rules)
    if len(found) < 3:
        return
    way = _direction(found)
    single = _swapped_wells(found, way, rules)
    if single:
        say = "the wells {} and {} look swapped: each agrees with the other's replicates and not with its own"
        yield plate.problem(
            f"{say.format(single[0].place, single[1].place)}; mend the layout, or leave both out", single[0]
        )
        return
    turns = _turns(found, way, rules)
    if not turns:
        return
    pair = _swapped_levels(found, way, rules)
    low, high = pair or turns[0]
    at = {
        "low": listed(found[low]),
        "high": listed(found[high]),
        "a": _response(found[low]),
        "b": _response(found[high]),
    }
    verb = "falls where it should rise" if way > 0 else "rises where it should fall"
    say = (
        f"the response {verb}: {at['a']} in {at['low']} (nominal {low:g}), {at['b']} in {at['high']} (nominal {high:g})"
    )
    top = high == max(found)
    if pair:
        hint = "; the two standards look swapped" + (", or the curve bends back (a hook)" if top else "")
    else:
        hint = "; the curve is not monotone" + (": a hook, or a slip in the highest standard" if top else "")
    yield plate.problem(f"{say}{hint}; look at the plate, mend the layout, or leave these wells out", found[high][0])


def _response(wells: Sequence[Well]) -> str:
    return f"{_mean(wells):.4g}"


def _mean(wells: Sequence[Well]) -> float:
    return mean(well.response or 0.0 for well in wells)


def _direction(found: Levels) -> int:
    """1 for a curve that rises with the content, -1 for one that falls: the sign of most pairs of levels."""
    means = [_mean(wells) for wells in found.values()]
    return 1 if sum(math.copysign(1, after - before) for before, after in combinations(means, 2)) >= 0 else -1


def _turns(found: Levels, way: int, rules: Rules) -> list[tuple[float, float]]:
    """Neighbouring levels between which the response goes the wrong way: by more than the rules call noise, and with
    no overlap of the replicates."""
    wrong = []
    for (low, before), (high, after) in pairwise(found.items()):
        first, second = ([way * (well.response or 0.0) for well in wells] for wells in (before, after))
        fall = mean(first) - mean(second)
        if fall > rules["fall"] * abs(mean(first)) and min(first) > max(second):
            wrong.append((low, high))
    return wrong


def _swapped_levels(found: Levels, way: int, rules: Rules) -> tuple[float, float] | None:
    """The two levels that, exchanged, make the curve monotone; None where there is no such pair or more than one."""
    mending = []
    for low, high in combinations(found, 2):
        exchanged = dict(found) | {low: found[high], high: found[low]}
        if not _turns(exchanged, way, rules):
            mending.append((low, high))
    return mending[0] if len(mending) == 1 else None


def _swapped_wells(found: Levels, way: int, rules: Rules) -> tuple[Well, Well] | None:
    """The two wells of different levels that, exchanged, bring the replicates of both levels together."""
    wide = {nominal: wells for nominal, wells in found.items() if len(wells) > 1 and _cv(wells) > rules["cv"]}
    mending = []
    for (low, first), (high, second) in combinations(wide.items(), 2):
        for one in first:
            for other in second:
                mended = {
                    low: (*(well for well in first if well is not one), other),
                    high: (*(well for well in second if well is not other), one),
                }
                close = all(_cv(wells) <= rules["cv"] for wells in mended.values())
                if close and not _turns(dict(found) | mended, way, rules):
                    mending.append((one, other))
    return mending[0] if len(mending) == 1 else None


def _cv(wells: Sequence[Well]) -> float:
    """The coefficient of variation of the responses: standard deviation over mean."""
    responses = [well.response or 0.0 for well in wells]
    middle = abs(mean(responses))
    return stdev(responses) / middle if middle else math.inf
