"""What laboratory values will tell, expected from imagined trials of the reference trial."""

from functools import cache
from pathlib import Path

import pytest

from trialwright import design, simulate
from trialwright.analysis.unblinding_risk import Risk, Told
from trialwright.conduct.catalogue import catalogue
from trialwright.simulate.unblinding_risk import expected

REFERENCE = Path(__file__).resolve().parents[3] / "trials" / "time-is-muscle"


@cache
def risks(scenario: str, trials: int = 60) -> dict[str, Risk]:
    program = simulate.program(simulate.read(REFERENCE), design.read(REFERENCE, catalogue()), scenario)
    return {risk.name: risk for risk in expected(program, trials=trials)}


def at(risk: Risk, visit: str) -> Told:
    return next(told for told in risk.visits if told.visit == visit)


def test_igg_tells_the_arm_while_courses_are_given_and_not_half_a_year_later() -> None:
    igg = risks("protocol")["igg.igg"]
    assert igg.sealed
    table = [("W0", 0.5, None), ("W4", 0.81, 0.91), ("W8", 0.84, 0.92), ("W12", 0.85, 0.92), ("W26", 0.51, 0.51)]
    for visit, value, change in table:
        found = at(igg, visit)
        assert found.value is not None
        assert found.value.lower < found.value.estimate < found.value.upper
        assert found.value.estimate == pytest.approx(value, abs=0.05), visit
        assert (found.change is None) == (change is None)
        if found.change and change:
            assert found.change.estimate == pytest.approx(change, abs=0.05), visit


def test_haemoglobin_that_stays_open_tells_a_little_and_creatinine_nothing() -> None:
    found = risks("protocol")
    assert not found["lab.haemoglobin"].sealed
    fall, nothing = (at(found[name], "W12").change for name in ("lab.haemoglobin", "lab.creatinine"))
    assert fall is not None
    assert nothing is not None
    assert 0.25 < fall.estimate < 0.4
    assert nothing.estimate == pytest.approx(0.5, abs=0.05)


def test_where_the_treatment_does_nothing_no_value_tells_anything() -> None:
    for risk in risks("null").values():
        for told in risk.visits:
            for area in (told.value, told.change):
                assert area is None or area.estimate == pytest.approx(0.5, abs=0.05), (risk.name, told.visit)


def test_the_same_seed_gives_the_same_numbers_however_many_trials_are_imagined_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = simulate.program(simulate.read(REFERENCE), design.read(REFERENCE, catalogue()), "protocol")
    first = expected(program, trials=12)
    monkeypatch.setattr("trialwright.simulate.unblinding_risk.LEAF", 5)
    assert [(one.name, [told.value for told in one.visits]) for one in expected(program, trials=12)] == [
        (one.name, [told.value for told in one.visits]) for one in first
    ]
