"""What is read of samples: contents with intervals inside the range, limits beyond it, and never a number in place of
a limit."""

import csv
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plugins.plates import NOMINAL, Recipe, plate, response, written

from trialwright.measures.assay import tables
from trialwright.measures.assay.calibration import Choices
from trialwright.measures.assay.hook import Reading, hooked
from trialwright.measures.assay.importers import read
from trialwright.measures.assay.plates import Plate, Well
from trialwright.measures.assay.quantify import Result
from trialwright.measures.assay.rules import rules
from trialwright.measures.assay.runs import assay, over_plates, problems

M10 = rules("ich-m10")
LLOQ, ULOQ = NOMINAL[-1], NOMINAL[0]
FALLING = (1.1, 0.05, 3.0, 400.0, 1.0)


def of(samples: Mapping[str, float], choices: Choices = Choices(), **more: object) -> dict[str, Result]:  # noqa: B008
    """The results by sample of a plate that lies on its curve."""
    made = plate(Recipe(samples=samples, **more))  # type: ignore[arg-type]
    return {result.sample: result for result in assay([made], M10, choices)[0].results}


def text(result: Result) -> str:
    return "" if result.value is None else str(result.value)


@settings(max_examples=25)
@given(st.floats(1, 20000), st.sampled_from([1, 2, 10]), st.sampled_from([None, FALLING]))
def test_a_content_is_read_or_lies_beyond_the_limit_times_the_dilution(
    content: float, dilution: int, truth: tuple[float, ...] | None
) -> None:
    found = of({f"a:{dilution}": content}, **({"truth": truth} if truth else {}))["a"]
    inside = LLOQ <= content / dilution <= ULOQ
    if abs(math.log(content / dilution / LLOQ)) < 1e-3 or abs(math.log(content / dilution / ULOQ)) < 1e-3:
        return
    if inside:
        assert found.value is not None
        assert float(found.value.value) == pytest.approx(content, rel=1e-3)
        assert found.value.limit is None
        assert found.lower <= float(found.value.value) * 1.0001
    elif content / dilution < LLOQ:
        assert text(found) == f"<{LLOQ * dilution:g}"
    else:
        assert text(found) == f">{ULOQ * dilution:g}"


def test_the_interval_covers_the_content_as_often_as_it_says() -> None:
    """60 plates with 8 % scatter and two samples each: 95 % intervals of 120 contents miss between 0 and 15 times."""
    plates = [plate(Recipe(samples={"a": 60, "b": 400}, noise=0.08, seed=seed)) for seed in range(60)]
    missed = sum(
        not result.lower <= {"a": 60, "b": 400}[result.sample] <= result.upper
        for one in assay(plates, M10, Choices(model="4pl"))
        for result in one.results
    )
    assert missed <= 15


def test_the_least_dilution_inside_the_range_gives_the_value() -> None:
    found = of({"a:1": 5000, "a:4": 5000, "a:40": 5000})["a"]
    assert found.chosen is not None
    assert (found.chosen.dilution, round(float(text(found)))) == (4, 5000)
    assert text(of({"a:1": 90000, "a:10": 90000})["a"]) == ">20000"
    assert text(of({"a:1": 3, "a:10": 3})["a"]) == "<15.625"


def changed(given_: Plate, sample: str, dilution: float, responses: tuple[float | None, ...], **more: int) -> Plate:
    """The plate with other responses in the wells of a sample at a dilution."""
    left = list(responses)
    wells = [
        replace(well, response=left.pop(0), **more) if (well.sample, well.dilution) == (sample, dilution) else well
        for well in given_.wells
    ]
    return replace(given_, wells=tuple(wells))


def test_a_hook_is_flagged_and_the_hooked_dilution_gives_nothing() -> None:
    hooked = changed(plate(Recipe(samples={"a:1": 1, "a:10": 9000})), "a", 1, (response(90), response(90)))
    (found,) = assay([hooked], M10)[0].results
    assert "hook effect suspected at dilution 1" in found.quality
    assert found.chosen is not None
    assert (found.chosen.dilution, round(float(text(found)))) == (10, 9000)


def test_replicates_that_differ_are_flagged_and_the_value_is_kept() -> None:
    rough = changed(plate(Recipe(samples={"a": 1})), "a", 1, (response(80), response(160)))
    (found,) = assay([rough], M10)[0].results
    assert any("replicates differ" in remark for remark in found.quality)
    assert found.value is not None


def test_an_overflow_is_above_the_range_and_a_gap_is_no_value() -> None:
    made = plate(Recipe(samples={"a": 1, "b": 1}))
    made = changed(changed(made, "a", 1, (math.inf, 3.0)), "b", 1, (None, None))
    over, gone = assay([made], M10)[0].results
    assert text(over) == ">2000"
    assert "the reader overflowed" in over.quality
    assert gone.value is None
    assert "no response" in gone.quality


def test_a_sample_on_a_plate_without_a_curve_says_so() -> None:
    flat = plate(Recipe(samples={"a": 50}, truth=(-1.1, 1.0, 1.0, 400.0, 1.0)))
    (one,) = assay([flat], M10)
    assert "curve" in [verdict.rule for verdict in one.failures]
    assert (one.results[0].value, one.results[0].quality) == (None, ("no curve",))


def test_wells_with_too_few_beads_do_not_count() -> None:
    made = changed(plate(Recipe(samples={"a": 1})), "a", 1, (response(80), response(160)), count=200)
    first = next(well for well in made.wells if well.sample == "a")
    made = replace(made, wells=tuple(replace(w, count=49) if w is first else w for w in made.wells))
    (found,) = assay([made], M10)[0].results
    assert float(text(found)) == pytest.approx(160, rel=1e-3)
    assert any("too few beads" in remark for remark in found.quality)
    assert "single well" in found.quality


def test_declared_limits_hold_for_the_samples() -> None:
    found = of({"low": 40, "high": 900, "inside": 300}, Choices(lloq=62.5, uloq=500.0))
    assert (text(found["low"]), text(found["high"])) == ("<62.5", ">500")
    assert float(text(found["inside"])) == pytest.approx(300, rel=1e-3)


def test_a_rejected_plate_gives_rows_without_values_and_a_value_below_the_limit_stays_there() -> None:
    samples = {"low": 2.0, "fine": 100.0}
    sound, bad = plate(Recipe(samples=samples)), plate(Recipe(samples=samples, controls={"only": 100.0}), "P2")
    rows = tables.results(assay([sound, bad], M10), M10)
    assert [row["value"] for row in rows if row["sample"] == "low"] == ["<15.625", ""]
    assert float(rows[1]["value"]) == pytest.approx(100, rel=1e-4)
    assert rows[3]["value"] == ""
    assert (rows[0]["flag"], rows[0]["limit"], rows[0]["unit"], rows[0]["run"]) == ("<", "15.625", "pg/mL", "P1")
    assert rows[2]["quality"].startswith("plate rejected (control levels")


def test_rules_that_release_nothing_give_no_values() -> None:
    alone = rules("curve-only")
    (row,) = tables.results(assay([plate(Recipe(samples={"a": 100.0}, controls={}))], alone), alone)
    assert (row["value"], row["quality"]) == ("", "not released under curve-only")


def test_the_total_error_of_controls_is_judged_over_plates() -> None:
    """Three plates whose middle control reads 0, 10 and 20 % too much: bias 10 %, CV 9.09 / ... of the mean."""
    plates = []
    for number, share in enumerate((0.0, 0.1, 0.2), start=1):
        made = plate(name=f"P{number}")
        wells = [replace(w, response=response(300 * (1 + share))) if w.level == "middle" else w for w in made.wells]
        plates.append(replace(made, wells=tuple(wells)))
    found = {verdict.rule: verdict for _, verdict in over_plates(assay(plates, M10), M10)}
    contents = np.repeat([1.0, 1.1, 1.2], 2)
    error = 0.1 + contents.std(ddof=1) / 1.1
    assert found["total error, middle"].found == pytest.approx(error, rel=1e-3)
    assert found["total error, middle"].met is True
    assert found["total error, low"].found == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("weights", ["none", "1/y2"])
def test_the_eleven_runs_of_the_dnase_assay_are_accepted(shared: Path, tmp_path: Path, weights: str) -> None:
    """Davidian and Giltinan's ELISA: eight levels in duplicate, no controls. With a curve that fits, every level lies
    within 25 % in nine runs at least; the two with rough lowest wells lose that level, and no run its range."""
    with (shared / "data/biomarkers/DNase_ELISA.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    plates = []
    for run in dict.fromkeys(row["Run"] for row in rows):
        own = [row for row in rows if row["Run"] == run]
        wells = [
            Well(f"{'ABCDEFGH'[index // 2]}{index % 2 + 1}", "standard", f"S{index // 2 + 1}", float(row["conc"]),
                 float(row["density"]))
            for index, row in enumerate(own)
        ]  # fmt: skip
        plates.append(Plate(f"run{run}", "DNase", "ng/mL", tuple(wells)))
    alone = rules("curve-only")
    again = read([written(tmp_path / "dnase.csv", plates)])
    assert not again.problems
    assert not problems(again.plates, alone)
    found = assay(again.plates, alone, Choices(weights=weights))
    assert [one.plate.id for one in found if one.accepted] == [one.plate.id for one in found]
    assert sum(one.calibration.lloq == 0.04882812 for one in found) >= (4 if weights == "none" else 9)
    assert {one.calibration.uloq for one in found} == {12.5}


def test_an_interval_that_never_ends_meets_every_other_and_speaks_of_no_hook() -> None:
    near, far = Reading("S1", 1, 100.0, 0, 60.0, math.inf), Reading("S1", 2, 200.0, 0, 150.0, 260.0)
    assert hooked([near, far], 0.3) is None
    assert hooked([replace(near, upper=140.0), far], 0.3) == (1, 2)
    assert hooked([replace(near, lower=math.nan, upper=math.nan), far], 0.3) == (1, 2)


@pytest.mark.parametrize("weights", ["none", "1/y2"])
def test_of_two_curves_that_differ_by_rounding_alone_the_simpler_one_is_taken(weights: str) -> None:
    (one,) = assay([plate()], M10, Choices("best", weights))
    assert one.calibration.fits.model == "4pl"
