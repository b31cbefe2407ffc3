"""A run: plates under one rule set, from wells to verdicts and results."""

from collections.abc import Sequence
from dataclasses import dataclass

from trialwright.measures.assay import soundness
from trialwright.measures.assay.acceptance import Control, controls, total_error, verdicts
from trialwright.measures.assay.calibration import AS_THE_RULES_SAY, Calibration, Choices, calibrate
from trialwright.measures.assay.dilution import Linearity, linearity
from trialwright.measures.assay.hook import Reading
from trialwright.measures.assay.parallelism import Parallelism, parallelism
from trialwright.measures.assay.plates import Plate, Problem
from trialwright.measures.assay.quantify import Result, results
from trialwright.measures.assay.rules import Rules
from trialwright.measures.assay.verdicts import Verdict, accepted


@dataclass(frozen=True, slots=True)
class Assessed:
    """A plate with everything that was worked out: curve, controls, verdicts, results, and the dilution series that it
    holds (spiked controls at several dilutions; samples at three or more)."""

    plate: Plate
    calibration: Calibration
    controls: tuple[Control, ...]
    verdicts: tuple[Verdict, ...]
    results: tuple[Result, ...]
    linearity: tuple[Linearity, ...]
    parallelism: tuple[Parallelism, ...]

    @property
    def accepted(self) -> bool:
        """Whether every decisive rule is met."""
        return accepted(self.verdicts)

    @property
    def word(self) -> str:
        """The verdict as printed: accepted, accepted with remarks, or rejected."""
        if not self.accepted:
            return "rejected"
        remarked = any(verdict.met is False for verdict in self.verdicts) or bool(self.calibration.dropped)
        return "accepted with remarks" if remarked else "accepted"

    @property
    def failures(self) -> tuple[Verdict, ...]:
        """The decisive rules that are not met."""
        return tuple(verdict for verdict in self.verdicts if verdict.decisive and verdict.met is False)


def problems(plates: Sequence[Plate], rules: Rules) -> tuple[Problem, ...]:
    """What keeps any of the plates from being worked out under the rules: a missing blank, swapped standards, a curve
    that is not monotone."""
    return tuple(problem for plate in plates for problem in soundness.problems(plate, rules))


def assay(plates: Sequence[Plate], rules: Rules, choices: Choices = AS_THE_RULES_SAY) -> tuple[Assessed, ...]:
    """Work out sound plates. Contents are in the unit of each plate; intervals are of 95 %."""
    return tuple(_assessed(calibration, rules) for calibration in calibrate(plates, rules, choices))


def _assessed(calibration: Calibration, rules: Rules) -> Assessed:
    found = controls(calibration, rules)
    read = results(calibration, rules)
    return Assessed(
        calibration.plate,
        calibration,
        found,
        verdicts(calibration, found, rules),
        read,
        tuple(_spiked(found, rules)),
        tuple(parallelism(own, rules) for own in map(_series, read) if len(own) >= 3),
    )


def _series(result: Result) -> list[Reading]:
    return [Reading(result.sample, one.dilution, one.content, one.side) for one in result.readings]


def _spiked(found: Sequence[Control], rules: Rules) -> list[Linearity]:
    """A control measured at several dilutions is a series with a known content."""
    by_level: dict[tuple[str, float], list[Control]] = {}
    for control in found:
        by_level.setdefault((control.level, control.nominal), []).append(control)
    made = []
    for (level, nominal), own in by_level.items():
        readings = [Reading(level, control.wells[0].dilution, control.content) for control in own]
        if len({reading.dilution for reading in readings}) > 1:
            made.append(linearity(readings, rules, nominal))
    return made


def over_plates(assessed: Sequence[Assessed], rules: Rules) -> tuple[tuple[str, Verdict], ...]:
    """The total error of each control level over the accepted plates of each analyte, with the analyte."""
    found = []
    for analyte in dict.fromkeys(one.plate.analyte for one in assessed):
        own = {one.plate.id: one.controls for one in assessed if one.accepted and one.plate.analyte == analyte}
        found += [(analyte, verdict) for verdict in total_error(own, rules)]
    return tuple(found)
