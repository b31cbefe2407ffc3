"""Dilution linearity: whether a sample, diluted and multiplied back, gives the same content; and the least dilution at
which it does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from trialwright.measures.assay.hook import Reading
from trialwright.measures.assay.rules import Rules
from trialwright.measures.assay.verdicts import Verdict, at_most, cv, deviation, percent


@dataclass(frozen=True, slots=True)
class Linearity:
    """A series of dilutions of one specimen: the content at each dilution inside the range, multiplied back, its
    deviation from the reference, the CV over the dilutions, and the verdict."""

    sample: str
    reference: float
    dilutions: tuple[float, ...]
    contents: tuple[float, ...]
    deviations: tuple[float, ...]
    cv: float | None
    verdict: Verdict


def linearity(readings: Sequence[Reading], rules: Rules, reference: float | None = None) -> Linearity:
    """Judge one series. `reference` is the nominal content of a spiked sample; without it the mean over the dilutions
    inside the range is taken. Every deviation must be at most `dilution_bias` and the CV at most `dilution_cv`.

    Formula: deviation = (content x dilution - reference) / reference; CV = standard deviation (n - 1) / mean.
    """
    inside = sorted((one for one in readings if one.side == 0 and math.isfinite(one.content)), key=lambda r: r.dilution)
    sample = readings[0].sample if readings else ""
    contents = tuple(one.content for one in inside)
    middle = reference if reference is not None else mean(contents) if contents else math.nan
    deviations = tuple(deviation(content, middle) for content in contents)
    spread, limit, allowed = cv(contents), rules.numbers["dilution_bias"], rules["dilution_cv"]
    worst = max((abs(one) for one in deviations), default=math.nan)
    if spread is None:
        say = f"{sample}: fewer than two dilutions lie inside the range; linearity is not judged."
        verdict = Verdict("dilution linearity", None, say, decisive=False)
    else:
        met = at_most(worst, limit.value) and at_most(spread, allowed)
        say = f"{sample}: over {len(contents)} dilutions the content deviates by at most {percent(worst)} (allowed "
        say += f"{percent(limit.value)}), CV {percent(spread)} (allowed {percent(allowed)})."
        verdict = Verdict("dilution linearity", met, say, False, worst, limit.value, limit.status)
    return Linearity(sample, middle, tuple(one.dilution for one in inside), contents, deviations, spread, verdict)


def minimal_required(series: Sequence[Sequence[Reading]], rules: Rules) -> float | None:
    """The minimal required dilution: the least dilution from which on the contents of every specimen, multiplied
    back, lie within `dilution_bias` of their mean. None where no dilution with a higher one to compare with fulfils
    it, or where the series have no dilution in common.
    """
    inside = [{one.dilution: one.content for one in own if one.side == 0} for own in series]
    shared = sorted(set.intersection(*map(set, inside))) if inside else []
    for least in shared[:-1]:
        if all(_agree([content for at, content in own.items() if at >= least], rules) for own in inside):
            return least
    return None


def _agree(contents: Sequence[float], rules: Rules) -> bool:
    return all(at_most(abs(deviation(content, mean(contents))), rules["dilution_bias"]) for content in contents)
