"""What a run found as rows of text: the results as a laboratory's import takes them, and everything behind them.

`results` has one row a sample, with the columns of the laboratory import (sample, test, value, unit, flag, limit, run,
quality, source): a value below the limit is written `<1.2`. A rejected plate gives rows without a value; what was
computed of it stands in `samples` for who investigates.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from trialwright.measures.assay.curves import PARAMETERS
from trialwright.measures.assay.plates import Plate, Problem
from trialwright.measures.assay.quantify import Read, Result, decimal
from trialwright.measures.assay.rules import Rules
from trialwright.measures.assay.runs import Assessed

Row = dict[str, str]

RESULTS = ("sample", "test", "value", "unit", "flag", "limit", "run", "quality", "source")
FLAGS = {-1: "<", 0: "", 1: ">"}


def results(assessed: Sequence[Assessed], rules: Rules) -> list[Row]:
    """One row a sample and plate."""
    return [_result(one, result, rules) for one in assessed for result in one.results]


def _result(one: Assessed, result: Result, rules: Rules) -> Row:
    released = one.accepted and rules.policy("release_samples")
    value = result.value if released else None
    quality = list(result.quality)
    if not one.accepted:
        quality.insert(0, f"plate rejected ({' / '.join(verdict.rule for verdict in one.failures)})")
    elif not released:
        quality.insert(0, f"not released under {rules.id}")
    return {
        "sample": result.sample,
        "test": one.plate.analyte,
        "value": "" if value is None else str(value),
        "unit": one.plate.unit,
        "flag": "" if value is None else FLAGS[int(value.sign)],
        "limit": "" if value is None or value.limit is None else format(value.limit, "f"),
        "run": one.plate.run or one.plate.id,
        "quality": "; ".join(quality),
        "source": one.plate.sha256,
    }


def not_worked_out(plates: Iterable[Plate], problems: Sequence[Problem]) -> list[Row]:
    """The samples of plates that were left out, each without a value and with the reason."""
    rows = []
    for plate in plates:
        count = sum(problem.concerns(plate) for problem in problems)
        why = f"plate not worked out ({count} {'problem' if count == 1 else 'problems'} in {plate.file})"
        for sample in dict.fromkeys(well.sample for well in plate.of("sample")):
            empty = dict.fromkeys(RESULTS, "")
            known = {"sample": sample, "test": plate.analyte, "unit": plate.unit, "run": plate.run or plate.id}
            rows.append({**empty, **known, "quality": why, "source": plate.sha256})
    return rows


def samples(assessed: Sequence[Assessed]) -> list[Row]:
    """Every sample at every dilution."""
    return [
        {**_plate(one), **_reading(reading), "reported": "yes" if reading is result.chosen else ""}
        for one in assessed
        for result in one.results
        for reading in result.readings
    ]


def _reading(reading: Read) -> Row:
    return {
        "sample": reading.sample,
        "dilution": f"{reading.dilution:g}",
        "wells": " ".join(well.place for well in reading.wells),
        "response": "overflow" if reading.response == math.inf else number(reading.response),
        "content": number(reading.content),
        "lower": number(reading.lower),
        "upper": number(reading.upper),
        "cv": number(reading.cv),
        "place": {-1: "below", 0: "inside", 1: "above"}[reading.side],
        "limit": number(reading.limit),
        "quality": "; ".join(reading.quality),
    }


def standards(assessed: Sequence[Assessed]) -> list[Row]:
    """Every standard and anchor level."""
    return [
        {
            **_plate(one),
            "role": level.role,
            "level": level.name,
            "nominal": number(level.nominal),
            "wells": " ".join(well.place for well in level.wells),
            "response": number(level.response),
            "content": number(level.content),
            "deviation": number(level.bias),
            "allowed": number(level.allowed) if level.role == "standard" and level.inside else "",
            "cv": number(level.cv),
            "within": _yes(level.within) if level.role == "standard" and level.inside else "",
            "dropped": "yes" if level.dropped else "",
        }
        for one in assessed
        for level in one.calibration.levels
    ]


def controls(assessed: Sequence[Assessed]) -> list[Row]:
    """Every control result."""
    return [
        {
            **_plate(one),
            "level": control.level,
            "sample": control.sample,
            "nominal": number(control.nominal),
            "wells": " ".join(well.place for well in control.wells),
            "response": number(control.response),
            "content": number(control.content),
            "deviation": number(control.bias),
            "allowed": number(control.allowed),
            "cv": number(control.cv),
            "within": _yes(control.within),
        }
        for one in assessed
        for control in one.controls
    ]


def verdicts(assessed: Sequence[Assessed]) -> list[Row]:
    """Every rule of every plate."""
    return [
        {
            **_plate(one),
            "rule": verdict.rule,
            "verdict": verdict.word,
            "decisive": _yes(verdict.decisive),
            "found": number(verdict.found),
            "limit": number(verdict.limit),
            "status": verdict.status,
            "wells": " ".join(verdict.wells),
            "sentence": verdict.sentence,
        }
        for one in assessed
        for verdict in one.verdicts
    ]


def plates(assessed: Sequence[Assessed]) -> list[Row]:
    """One row a plate and analyte: the verdict and the counts."""
    return [
        {
            **_plate(one),
            "verdict": one.word,
            "curve": one.calibration.fits.model if one.calibration.usable else "none",
            "lloq": number(one.calibration.lloq if one.calibration.usable else None),
            "uloq": number(one.calibration.uloq if one.calibration.usable else None),
            "unit": one.plate.unit,
            "standards": f"{sum(x.within and not x.dropped for x in one.calibration.counted)}"
            f"/{len(one.calibration.counted)}",
            "controls": f"{sum(control.within for control in one.controls)}/{len(one.controls)}",
            "inside": str(_count(one, 0)),
            "below": str(_count(one, -1)),
            "above": str(_count(one, 1)),
            "not_met": "; ".join(verdict.rule for verdict in one.failures),
        }
        for one in assessed
    ]


def _count(one: Assessed, side: int) -> int:
    return sum(result.chosen is not None and result.chosen.side == side for result in one.results)


def curves(assessed: Sequence[Assessed]) -> list[dict[str, Any]]:
    """The fitted curves at full precision, as JSON knows them; what is not known is null."""
    return [_curve(one) for one in assessed]


def _curve(one: Assessed) -> dict[str, Any]:
    fits, calibration = one.calibration.fits, one.calibration
    return {
        "plate": one.plate.id,
        "analyte": one.plate.analyte,
        "unit": one.plate.unit,
        "file": one.plate.file,
        "sha256": one.plate.sha256,
        "verdict": one.word,
        "formula": "y = c + (d - c) / (1 + (x / e)^b)^g",
        "model": fits.model,
        "weights": fits.weights,
        "theta": known(fits.theta),
        "status": fits.words[0],
        "parameters": {name: known(value) for name, value in zip(PARAMETERS, fits.parameters[0], strict=True)},
        "covariance": [[known(value) for value in row] for row in fits.covariance[0]],
        "rss": known(fits.rss[0]),
        "sigma": known(fits.sigma[0]),
        "degrees": int(fits.degrees[0]),
        "lloq": calibration.lloq,
        "uloq": calibration.uloq,
        "dropped": [level.name for level in calibration.dropped],
    }


def known(value: float) -> float | None:
    """None for a missing or infinite number."""
    return float(value) if math.isfinite(value) else None


def number(value: float | None) -> str:
    """A computed number with six significant digits; empty where there is none or it has no end."""
    return "" if value is None or not math.isfinite(value) else format(decimal(value), "f")


def _plate(one: Assessed) -> Row:
    return {"plate": one.plate.id, "analyte": one.plate.analyte}


def _yes(said: bool) -> str:
    return "yes" if said else "no"
