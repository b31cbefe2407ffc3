"""Plate reports: whatever a plate is like, it is judged, drawn and written; the figure says what the numbers say."""

from dataclasses import replace

import numpy as np
import pytest
from tests.plugins.plates import TRUE, Recipe, plate, response

from trialwright.measures.assay import tables
from trialwright.measures.assay.calibration import Choices
from trialwright.measures.assay.layout import Specimen, Standard, arrange
from trialwright.measures.assay.plates import BadPlates, Plate
from trialwright.measures.assay.rules import rule_sets, rules
from trialwright.measures.assay.runs import assay, problems
from trialwright.report import plate_map
from trialwright.report.assay import caption, curve
from trialwright.report.assay_page import page

M10 = rules("ich-m10")
TRUTHS = (TRUE, (1.1, 0.05, 3.0, 400.0, 1.0), (-1.0, 0.0, 0.0, 1.0, 1.0), (-3.0, -1.0, 2.0, 10.0, 0.4))
CONTENTS = (0.0, 1e-5, 1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 1000.0, 5e4, 1e6)


def odd_plate(seed: int) -> Plate:
    """A plate as none should be: few or strange levels, gaps, overflows, zeros, negative responses, few beads."""
    draw = np.random.default_rng(seed)
    recipe = Recipe(
        standards=tuple(sorted(map(float, draw.choice(CONTENTS, draw.integers(1, 9), replace=False)))),
        anchors=tuple(map(float, draw.choice([0.5, 3.0, 7e3], draw.integers(0, 3), replace=False))),
        controls={f"q{number}": float(draw.choice([0, 1, 30, 600, 1e5])) for number in range(draw.integers(0, 4))},
        samples={f"t{number}:{draw.choice([1, 2, 10])}": float(np.exp(draw.normal(3, 4))) for number in range(6)},
        blanks=int(draw.integers(0, 3)),
        replicates=int(draw.integers(1, 4)),
        noise=float(draw.choice([0, 0.05, 0.5, 2])),
        seed=seed,
        truth=TRUTHS[draw.integers(len(TRUTHS))],
    )
    wells = list(plate(recipe, f"P{seed}").wells)
    for _ in range(draw.integers(0, 4)):
        at = int(draw.integers(len(wells)))
        wells[at] = replace(wells[at], response=(None, float("inf"), 0.0, -1.0)[draw.integers(4)])
    if draw.random() < 0.2:
        wells = [replace(well, count=int(draw.integers(0, 120))) for well in wells]
    return replace(plate(recipe, f"P{seed}"), wells=tuple(wells))


def test_no_plate_is_so_odd_that_it_is_not_judged_and_written() -> None:
    judged, refused = 0, set[str | None]()
    for seed in range(60):
        one, draw = odd_plate(seed), np.random.default_rng(seed)
        for name in rule_sets():
            if problems([one], rules(name)):
                continue
            weights = (None, "none", "1/y2", "power")[draw.integers(4)]
            try:
                found = assay([one], rules(name), Choices((None, "4pl", "5pl")[draw.integers(3)], weights))
            except BadPlates:
                refused.add(weights)
                continue
            judged += 1
            for rows in (tables.samples(found), tables.standards(found), tables.controls(found)):
                assert "nan" not in str(rows)
            assert len(tables.results(found, rules(name))) == 6
            assert tables.plates(found)[0]["verdict"] == found[0].word
            assert tables.curves(found)[0]["verdict"] == found[0].word
    assert judged > 100
    assert refused <= {"power"}, "only the variance function may be beyond what the replicates say"


@pytest.mark.parametrize("seed", range(6))
def test_an_odd_plate_is_drawn(seed: int) -> None:
    name = "curve-only" if problems([odd_plate(seed)], M10) else "ich-m10"
    if problems([odd_plate(seed)], rules(name)):
        seed += 60
    found = assay([odd_plate(seed)], rules(name), Choices(weights="none"))
    assert page(found, [curve(one, "odd") for one in found], rules(name)).count("<figure") == 1


def test_the_figure_says_the_verdict_and_the_limits_in_words() -> None:
    wells = [
        replace(well, response=response(well.nominal * 1.6)) if well.level == "S4" and well.nominal else well
        for well in plate(Recipe(samples={"a": 1.0, "b": 100.0})).wells
    ]
    (one,) = assay([replace(plate(), wells=tuple(wells))], M10)
    drawn = curve(one, "words")
    for words in ("accepted with remarks", "Dropped from the fit: S4.", "LLOQ 15.625 (1 sample below)", "ULOQ 2000"):
        assert words in drawn.svg
    assert caption(one).startswith(
        "Plate P1, CXCL10: accepted with remarks. Four-parameter logistic curve, weights 1/y²;"
    )


def test_a_name_from_a_file_cannot_become_markup() -> None:
    evil = '<b onload="x">&'
    made = plate(Recipe(samples={evil: 50.0}), name=evil, analyte=evil)
    found = assay([made], M10)
    text = page(found, [curve(one, "evil") for one in found], M10)
    assert "<b onload" not in text
    assert "&lt;b onload" in text
    arranged = arrange([Specimen(evil, evil)], [Standard("qc", evil, 1.0)], 1, prefix=evil)
    assert "<b onload" not in plate_map.page(arranged, 96, 1, "test")


def test_the_map_shows_every_well_of_the_plate() -> None:
    arranged = arrange([Specimen(f"T{n}", "P") for n in range(10)], [Standard("standard", "S1", 12.5)], 3)
    drawn = plate_map.svg(arranged[0], 96)
    assert drawn.count("<rect") == 96
    assert drawn.count(">T3<") == 2
    assert drawn.count(">12.5<") == 2
