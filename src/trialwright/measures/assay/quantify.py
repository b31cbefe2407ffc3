"""From the wells of a sample to a result: a content with its interval, or a limit that it lies beyond.

The mean response of a sample's wells at one dilution is read from the curve and multiplied by the dilution. Below the
lower limit of quantification the result is `< limit x dilution`, above the upper one `> limit x dilution`, and it stays
so: no number is put in its place.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

import numpy as np

from trialwright.measures.assay import hook, soundness
from trialwright.measures.assay.acceptance import contents_at
from trialwright.measures.assay.calibration import Calibration
from trialwright.measures.assay.inverse import inverse
from trialwright.measures.assay.plates import Well
from trialwright.measures.assay.rules import Rules
from trialwright.measures.assay.verdicts import at_most, cv
from trialwright.measures.censored import Censored, Sign

DIGITS = 6
"""Significant digits of a result; an immunoassay has two or three."""


@dataclass(frozen=True, slots=True)
class Read:
    """One sample at one dilution. `content` is of the specimen (of the well, times the dilution) and missing where the
    response lies beyond the curve; `lower` and `upper` are its interval, inside the range only; `side` says on which
    side of the range it lies."""

    sample: str
    dilution: float
    wells: tuple[Well, ...]
    left_out: tuple[Well, ...]
    response: float
    content: float
    lower: float
    upper: float
    cv: float | None
    side: int
    limit: float | None
    """The limit that it lies beyond, times the dilution."""
    quality: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What is reported of a sample: the value (observed or beyond a limit; None where there is none, and `quality` says
    why), its interval, the reading that it comes from, and all readings of the sample."""

    sample: str
    value: Censored | None
    lower: float
    upper: float
    chosen: Read | None
    readings: tuple[Read, ...]
    quality: tuple[str, ...]


def results(calibration: Calibration, rules: Rules, level: float = 0.95) -> tuple[Result, ...]:
    """The result of every sample on the plate, in the order of the file."""
    readings = read(calibration, rules, level)
    samples = dict.fromkeys(reading.sample for reading in readings)
    by_sample = {sample: [one for one in readings if one.sample == sample] for sample in samples}
    return tuple(_result(sample, own, rules) for sample, own in by_sample.items())


def read(calibration: Calibration, rules: Rules, level: float = 0.95) -> tuple[Read, ...]:
    """Every sample at every dilution."""
    order = {well.sample: index for index, well in reversed(list(enumerate(calibration.plate.of("sample"))))}
    wells = sorted(calibration.plate.of("sample"), key=lambda well: (order[well.sample], well.dilution))
    groups = [(key, tuple(own)) for key, own in groupby(wells, key=lambda well: (well.sample, well.dilution))]
    used = [tuple(well for well in own if _counts(well, rules)) for _, own in groups]
    middles = [float(np.mean([well.response or 0.0 for well in own])) if own else math.nan for own in used]
    intervals = _intervals(calibration, middles, [max(len(own), 1) for own in used], level)
    return tuple(
        _read(calibration, rules, key, every, own, middle, interval)
        for (key, every), own, middle, interval in zip(groups, used, middles, intervals, strict=True)
    )


def _counts(well: Well, rules: Rules) -> bool:
    """As for standards; an overflow counts, since it says on which side the sample lies."""
    return soundness.used(well, rules) or well.response == math.inf


def _intervals(
    calibration: Calibration, responses: Sequence[float], replicates: Sequence[int], level: float
) -> list[tuple[float, float]]:
    """The interval of the content of the well at each response; missing beyond the curve. By inversion, which keeps its
    level near an asymptote too, where the delta method on the content or its logarithm covers as little as 53 of 95
    (tests/agreement/test_assay_coverage.py); an end may be open there, 0 or infinity."""
    if not calibration.usable or not responses:
        return [(math.nan, math.nan)] * len(responses)
    finite = np.where(np.isfinite(responses), responses, np.nan)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # near an asymptote an interval may never end
        found = inverse(calibration.fits, finite[None, :], level, np.array([replicates]), "inversion")
    return [(float(low), float(high)) for low, high in zip(found.lower[0], found.upper[0], strict=True)]


def _read(
    calibration: Calibration,
    rules: Rules,
    key: tuple[str, float],
    every: tuple[Well, ...],
    own: tuple[Well, ...],
    response: float,
    interval: tuple[float, float],
) -> Read:
    sample, dilution = key
    of_wells = contents_at(calibration, [well.response or 0.0 for well in own])
    content = float(contents_at(calibration, [response])[0]) if math.isfinite(response) else math.nan
    side = _side(calibration, content, response)
    spread = cv([float(one) for one in of_wells])
    left_out = tuple(well for well in every if well not in own)
    limit = {-1: calibration.lloq, 0: None, 1: calibration.uloq}[side]
    return Read(
        sample,
        dilution,
        own,
        left_out,
        response,
        content * dilution,
        math.nan if side else interval[0] * dilution,
        math.nan if side else interval[1] * dilution,
        spread,
        side,
        None if limit is None else limit * dilution,
        tuple(_remarks(rules, own, left_out, spread, side)),
    )


def _side(calibration: Calibration, content: float, response: float) -> int:
    """-1 below the range of quantification, 1 above it, 0 inside; by the asymptote where the curve ends."""
    lloq, uloq = calibration.lloq, calibration.uloq
    if lloq is None or uloq is None or math.isnan(response) or not calibration.usable:
        return 0
    if math.isnan(content):
        c, d = sorted(float(value) for value in calibration.fits.parameters[0, 1:3])
        high = response >= d if calibration.rising else response <= c
        return 1 if high else -1
    if not at_most(lloq, content):
        return -1
    return 0 if at_most(content, uloq) else 1


def _remarks(rules: Rules, own: Sequence[Well], left_out: Sequence[Well], spread: float | None, side: int) -> list[str]:
    remarks = []
    if any(well.response == math.inf for well in own):
        remarks.append("the reader overflowed")
    if side == 0 and spread is not None and rules.policy("judge_cv_of_samples") and not at_most(spread, rules["cv"]):
        remarks.append(f"replicates differ (CV {100 * spread:.0f} %)" if math.isfinite(spread) else "replicates differ")
    if len(own) == 1 and side == 0:
        remarks.append("single well")
    few = [well for well in left_out if well.count is not None and well.count < rules["bead_count"]]
    if few:
        remarks.append(f"too few beads in {', '.join(well.place for well in few)}")
    if any(well.response is None for well in left_out):
        remarks.append("a well without response")
    return remarks


def _result(sample: str, readings: Sequence[Read], rules: Rules) -> Result:
    """The least dilution inside the range whose replicates agree gives the value; with none inside, the limit that says
    most. A dilution that hooks gives nothing."""
    known = [one for one in readings if math.isfinite(one.content) or one.side]
    as_series = [hook.Reading(sample, one.dilution, one.content, one.side, one.lower, one.upper) for one in known]
    bent = hook.hooked(as_series, rules["hook_rise"])
    quality: list[str] = []
    if bent is not None:
        quality.append(f"hook effect suspected at dilution {bent[0]:g}")
        known = [one for one in known if one.dilution > bent[0]]
    inside = [one for one in known if one.side == 0]
    above, below = ([one for one in known if one.side == side] for side in (1, -1))
    agreeing = [one for one in inside if not any(remark.startswith("replicates") for remark in one.quality)]
    chosen = next(iter([*agreeing, *inside]), None)
    if chosen is None and above:
        chosen = max(above, key=lambda one: one.dilution)
    elif chosen is None and below:
        chosen = min(below, key=lambda one: one.dilution)
    if chosen is None:
        return Result(sample, None, math.nan, math.nan, None, tuple(readings), (*quality, _absent(readings)))
    if bent is not None and chosen.side == 0 and chosen is max(inside, key=lambda one: one.dilution):
        quality.append("dilute further to confirm")
    value = _value(chosen)
    return Result(sample, value, chosen.lower, chosen.upper, chosen, tuple(readings), (*quality, *chosen.quality))


def _absent(readings: Sequence[Read]) -> str:
    """Why there is neither a value nor a limit."""
    return "no curve" if any(math.isfinite(one.response) for one in readings) else "no response"


def _value(chosen: Read) -> Censored:
    if chosen.side:
        return Censored(decimal(chosen.limit or 0.0), Sign(chosen.side))
    return Censored(decimal(chosen.content))


def decimal(number: float) -> Decimal:
    """A computed number with the digits that are reported, without an exponent."""
    return Decimal(format(Decimal(f"{number:.{DIGITS}g}"), "f"))
