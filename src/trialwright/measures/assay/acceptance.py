"""Whether a plate is accepted: every rule of the rule set, its verdict, the numbers, and the wells that failed.

Rules after ICH M10, sections 4.2 and 4.3, for ligand-binding assays; every limit comes from the rule set.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev

import numpy as np

from trialwright.measures.assay import curves, soundness
from trialwright.measures.assay.calibration import Calibration, Level
from trialwright.measures.assay.plates import Well
from trialwright.measures.assay.rules import Rules
from trialwright.measures.assay.verdicts import Verdict, at_least, at_most, cv, deviation, percent


@dataclass(frozen=True, slots=True)
class Control:
    """One result of a control: the wells of one preparation (the same `sample`; without a name each well is one), the
    content at their mean response times the dilution, and what is allowed."""

    level: str
    nominal: float
    sample: str
    wells: tuple[Well, ...]
    response: float
    content: float
    contents: tuple[float, ...]
    allowed: float
    allowed_cv: float

    @property
    def bias(self) -> float:
        """(content - nominal) / nominal; missing where the response lies beyond the curve."""
        return deviation(self.content, self.nominal)

    @property
    def within(self) -> bool:
        return at_most(abs(self.bias), self.allowed)

    @property
    def cv(self) -> float | None:
        return cv(self.contents)

    @property
    def precise(self) -> bool:
        """Whether its wells agree; a single well cannot say."""
        return self.cv is None or at_most(self.cv, self.allowed_cv)


def controls(calibration: Calibration, rules: Rules) -> tuple[Control, ...]:
    """Every result of a control on the plate, from the lowest level."""
    groups: dict[tuple[float, str, str, float], list[Well]] = {}
    for well in calibration.plate.of("qc"):
        if soundness.used(well, rules):
            key = (well.nominal or math.nan, well.name, well.sample or f"\0{well.place}", well.dilution)
            groups.setdefault(key, []).append(well)
    made = []
    for (nominal, level, sample, dilution), wells in sorted(groups.items(), key=lambda item: item[0]):
        responses = [well.response or 0.0 for well in wells]
        contents = contents_at(calibration, [float(np.mean(responses)), *responses]) * dilution
        at_lloq = calibration.lloq is not None and math.isclose(nominal, calibration.lloq, rel_tol=1e-9)
        made.append(
            Control(
                level,
                nominal,
                "" if sample.startswith("\0") else sample,
                tuple(wells),
                float(np.mean(responses)),
                float(contents[0]),
                tuple(float(content) for content in contents[1:]),
                rules["qc_bias"],
                rules["cv_at_lloq" if at_lloq else "cv"],
            )
        )
    return tuple(made)


def contents_at(calibration: Calibration, responses: Sequence[float]) -> np.ndarray:
    """The content at each response, missing beyond the asymptotes or without a curve."""
    if not calibration.usable:
        return np.full(len(responses), np.nan)
    return curves.dose_at(calibration.fits.parameters, np.array([responses]))[0]


def verdicts(calibration: Calibration, found: Sequence[Control], rules: Rules) -> tuple[Verdict, ...]:
    """Every rule about a plate, the decisive ones first. Without a curve that is the reason; rules that need one are
    not judged."""
    others = [*_standards(calibration, rules), *_controls(found, rules), *_remarks(calibration, found, rules)]
    if not calibration.usable:
        others = [one if one.rule in WITHOUT_CURVE else _not_judged(one) for one in others]
    every = [_curve(calibration), *others]
    return tuple(sorted(every, key=lambda verdict: not verdict.decisive))


def _rule(
    rules: Rules,
    number: str,
    rule: str,
    met: bool | None,
    sentence: str,
    found: float,
    wells: tuple[str, ...] = (),
    decisive: bool = True,
) -> Verdict:
    """A verdict on a number of the rule set."""
    limit = rules.numbers[number]
    return Verdict(rule, met, sentence, decisive, found, limit.value, limit.status, wells)


WITHOUT_CURVE = ("standard levels", "standard replicates", "control levels", "control results", "controls", "beads")
"""Rules that count wells; all others look at contents."""

ADVICE: Mapping[str, str] = {
    "steepness not identified": "the response steps between two standards; put standards in between",
    "did not settle": "look at the standards; another model or other weights may settle",
    "flat": "the standards answer alike; see whether they were pipetted and whether these are the right readings",
    "not monotone": "the responses turn back; look for a hook, or swapped standards",
    "too few levels": "the curve has more parameters than there are standard levels; add levels",
    "a response of zero has no weight": "choose --weights power or none, or leave the well out",
}
"""What to do about a curve that is not to be used, by the word of its status."""


def _not_judged(verdict: Verdict) -> Verdict:
    return replace(verdict, met=None, sentence="Not judged: there is no curve.", found=math.nan, wells=())


def _curve(calibration: Calibration) -> Verdict:
    word = calibration.fits.words[0]
    if not calibration.usable:
        return Verdict("curve", False, f"There is no curve to use: {word}; {ADVICE[word]}.")
    model = {"4pl": "four", "5pl": "five"}[calibration.fits.model]
    say = f"The {model}-parameter logistic curve with weights {calibration.fits.weights}: {word}."
    return Verdict("curve", calibration.usable, say)


# ------------------------------------------------------------------ standards


def _standards(calibration: Calibration, rules: Rules) -> Iterator[Verdict]:
    counted = calibration.counted
    levels = [level for level in counted if level.wells]
    least = rules["calibrator_levels"]
    say = f"{len(levels)} standard levels above 0 between the limits; at least {least:g} are asked."
    yield _rule(rules, "calibrator_levels", "standard levels", at_least(len(levels), least), say, len(levels))
    yield _replicates(counted, rules)
    yield from _back_calculated(counted, rules)
    yield from _at_limits(calibration, rules)


def _replicates(counted: Sequence[Level], rules: Rules) -> Verdict:
    asked = rules["calibrator_replicates"]
    short = [level for level in counted if not at_least(len(level.wells), asked)]
    fewest = min((len(level.wells) for level in counted), default=0)
    say = f"Every standard level has at least {asked:g} wells that count."
    if short:
        say = f"Fewer than {asked:g} wells that count: {', '.join(level.name for level in short)}."
    wells = tuple(well.place for level in short for well in (*level.wells, *level.left_out))
    return _rule(rules, "calibrator_replicates", "standard replicates", not short, say, fewest, wells=wells)


def _back_calculated(counted: Sequence[Level], rules: Rules) -> Iterator[Verdict]:
    """The share and the number of levels within what is allowed; a dropped level counts as one that failed."""
    holding = [level for level in counted if level.within and not level.dropped]
    failing = [level for level in counted if level not in holding]
    share = len(holding) / len(counted) if counted else 0.0
    wells = tuple(well.place for level in failing for well in level.wells)
    named = "; ".join(f"{level.name} {_bias(level)}" for level in failing)
    tail = f" Not: {named}." if failing else ""
    say = f"{len(holding)} of {len(counted)} standard levels ({percent(share)}) back-calculate within the limits;"
    asked, least = rules["calibrators_within"], rules["calibrators_within_least"]
    yield _rule(
        rules, "calibrators_within", "back-calculation, share", at_least(share, asked),
        f"{say} at least {percent(asked)} are asked.{tail}", share, wells=wells,
    )  # fmt: skip
    yield _rule(
        rules, "calibrators_within_least", "back-calculation, number", at_least(len(holding), least),
        f"{say} at least {least:g} are asked.{tail}", len(holding), wells=wells,
    )  # fmt: skip


def _bias(level: Level) -> str:
    if not level.wells:
        return "(no well counts)"
    if not math.isfinite(level.bias):
        return "(beyond the curve)"
    return f"{level.bias:+.1%}".replace("-", "−").replace("%", " %") + (" (dropped)" if level.dropped else "")


def _at_limits(calibration: Calibration, rules: Rules) -> Iterator[Verdict]:
    """Both limits of quantification must hold, where a standard stands at them."""
    limit = rules["calibrator_bias_at_limits"]
    for name, nominal in (("lower limit", calibration.lloq), ("upper limit", calibration.uloq)):
        if nominal is None:
            yield Verdict(name, False, f"There is no {name} of quantification: no standard holds.")
            continue
        at = [level for level in calibration.levels if math.isclose(level.nominal, nominal, rel_tol=1e-9)]
        if not at:
            say = f"The {name} of quantification {nominal:g} was declared; no standard stands at it."
            yield _rule(rules, "calibrator_bias_at_limits", name, None, say, math.nan)
            continue
        say = f"The standard at the {name} of quantification, {nominal:g}, deviates by {_bias(at[0])};"
        wells = () if at[0].within else tuple(well.place for well in at[0].wells)
        found = abs(at[0].bias)
        yield _rule(
            rules,
            "calibrator_bias_at_limits",
            name,
            at[0].within,
            f"{say} {percent(limit)} is allowed.",
            found,
            wells=wells,
        )


# ------------------------------------------------------------------ controls


def _controls(found: Sequence[Control], rules: Rules) -> Iterator[Verdict]:
    if not rules["qc_levels"] and not found:
        yield Verdict("controls", None, "The rules ask for no controls, and the plate has none.")
        return
    by_level: dict[float, list[Control]] = {}
    for control in found:
        by_level.setdefault(control.nominal, []).append(control)
    count, asked = len(by_level), rules["qc_levels"]
    say = f"{count} control levels; at least {asked:g} are asked."
    yield _rule(rules, "qc_levels", "control levels", at_least(count, asked), say, count)
    fewest, asked = min((len(own) for own in by_level.values()), default=0), rules["qc_replicates"]
    say = f"The fewest results of a control level are {fewest}; at least {asked:g} are asked."
    yield _rule(rules, "qc_replicates", "control results", at_least(fewest, asked), say, fewest)
    yield _share("controls, all", "qc_within_all", "control results", found, rules)
    for own in by_level.values():
        yield _share(f"controls, {own[0].level}", "qc_within_level", f"results of control {own[0].level}", own, rules)


def _share(rule: str, number: str, of_what: str, found: Sequence[Control], rules: Rules) -> Verdict:
    holding = [control for control in found if control.within]
    share = len(holding) / len(found) if found else 0.0
    wells = tuple(well.place for control in found if not control.within for well in control.wells)
    say = f"{len(holding)} of {len(found)} {of_what} lie within {percent(rules['qc_bias'])} of the nominal content"
    met = at_least(share, rules[number])
    return _rule(rules, number, rule, met, f"{say}; at least {percent(rules[number])} are asked.", share, wells=wells)


# ------------------------------------------------------------------ remarks


def _remarks(calibration: Calibration, found: Sequence[Control], rules: Rules) -> Iterator[Verdict]:
    """What does not reject a plate and should be looked at."""
    rough: list[Level | Control] = [level for level in calibration.counted if not level.precise]
    rough += [control for control in found if not control.precise]
    wells = tuple(well.place for one in rough for well in one.wells)
    every: list[Level | Control] = [*calibration.counted, *found]
    worst = max((one.cv or 0.0 for one in every), default=0.0)
    say = "The replicates of all standards and controls agree."
    if rough:
        level = [one.name if isinstance(one, Level) else one.level for one in rough]
        say = f"The replicates differ by a CV above the limit: {', '.join(level)}."
    yield _rule(rules, "cv", "replicates", not rough, say, worst, wells=wells, decisive=False)
    yield from _blanks(calibration)
    thin = [w for w in calibration.plate.wells if w.count is not None and w.count < rules["bead_count"]]
    if any(well.count is not None for well in calibration.plate.wells):
        fewest = min(well.count for well in calibration.plate.wells if well.count is not None)
        say = f"The fewest beads in a well are {fewest}; wells with fewer than {rules['bead_count']:g} do not count."
        wells = tuple(well.place for well in thin)
        yield _rule(rules, "bead_count", "beads", not thin, say, fewest, wells=wells, decisive=False)


def _blanks(calibration: Calibration) -> Iterator[Verdict]:
    """A blank that answers as much as the lower limit of quantification speaks of carry-over or contamination."""
    blanks = [well for well in calibration.plate.wells if soundness.zero(well) and well.measured]
    if not blanks or calibration.lloq is None or not calibration.usable:
        return
    edge = float(curves.predict(calibration.fits.parameters, np.array([[calibration.lloq]]))[0, 0])
    way = 1 if calibration.rising else -1
    high = [well for well in blanks if way * ((well.response or 0.0) - edge) >= 0]
    middle = mean(well.response or 0.0 for well in blanks)
    say = f"The blanks answer {middle:.4g} on average; the curve at the lower limit of quantification, {edge:.4g}."
    wells = tuple(well.place for well in high)
    yield Verdict("blank", not high, say, decisive=False, found=middle, limit=edge, wells=wells)


def total_error(found: Mapping[str, Sequence[Control]], rules: Rules) -> tuple[Verdict, ...]:
    """The size of the mean deviation plus the CV of each control level over the plates of one analyte, of levels with
    at least three results. `found` is the controls by plate."""
    by_level: dict[str, list[Control]] = {}
    for own in found.values():
        for control in own:
            by_level.setdefault(control.level, []).append(control)
    made = []
    for level, own in by_level.items():
        contents = [control.content / control.nominal for control in own if math.isfinite(control.content)]
        if len(contents) < 3:
            continue
        error = abs(mean(contents) - 1) + stdev(contents) / mean(contents)
        say = f"Control {level} over {len(contents)} results: mean deviation plus CV {percent(error)}."
        met = at_most(error, rules["total_error"])
        made.append(_rule(rules, "total_error", f"total error, {level}", met, say, error, decisive=False))
    return tuple(made)
