"""TIME IS MUSCLE, the reference trial, is written whole in one definition."""

from datetime import date
from functools import cache
from pathlib import Path

import pytest
from tests.plugins.editing import REFERENCE, edited, said

from trialwright import design, logic
from trialwright.design.model import Blinding, Definition


@cache
def trial() -> Definition:
    """The reference trial."""
    return design.read(REFERENCE)


@pytest.mark.requirement("VA2")
def test_it_has_no_errors_and_no_warnings_but_those_of_the_catalogue() -> None:
    assert said(REFERENCE) == []


def test_everything_that_no_source_confirms_is_marked_assumed() -> None:
    """The facts that could not be read: each is an assumption of its own, or lies below one."""
    assumed = [one.path for one in design.assumptions(trial())]
    table = [
        "randomisation.ratio", "randomisation.method", "randomisation.strata", "interventions.prednisone.steps",
        "interventions.rescue", "supply.rounding", "supply.prepared_by", "sample_size.difference",
        "sample_size.sd", "analyses.PRIMARY", "visits.W4.window", "visits.W12.window", "visits.W52.window",
        "schedule.accel", "schedule.mri", "facts.abnormal_csms", "facts.mmt_max",
        "derivations.tis.options.missing", "derivations.tis.options.enzyme",
        "derivations.tis.options.enzyme_ranges", "forms.accel", "forms.fatigue", "forms.mri", "forms.biomarker",
        "forms.csm.groups.mmt.keys", "blinding.unblinded", "locks.week12", "estimands.PRIMARY_TIS",
        "populations.FAS",
    ]  # fmt: skip
    for path in table:
        assert any(path == known or path.startswith(known + ".") for known in assumed), path


def test_what_a_source_says_is_not_marked_assumed() -> None:
    assumed = {one.path for one in design.assumptions(trial())}
    for path in (
        "title",
        "randomisation.n",
        "interventions.ivig",
        "arms.A",
        "visits",
        "eligibility.E5",
        "clocks.diagnosis_to_infusion",
    ):
        assert path not in assumed


def test_its_visits_fall_on_the_weeks_of_the_protocol() -> None:
    table = [
        ("SCR", date(2026, 12, 28), date(2026, 12, 21), date(2027, 1, 3)),
        ("W0", date(2027, 1, 4), date(2027, 1, 4), date(2027, 1, 4)),
        ("W4", date(2027, 2, 1), date(2027, 1, 29), date(2027, 2, 4)),
        ("W8", date(2027, 3, 1), date(2027, 2, 26), date(2027, 3, 4)),
        ("W12", date(2027, 3, 29), date(2027, 3, 22), date(2027, 4, 5)),
        ("W26", date(2027, 7, 5), date(2027, 6, 21), date(2027, 7, 19)),
        ("W52", date(2028, 1, 3), date(2027, 12, 20), date(2028, 1, 17)),
    ]
    assert design.visit_order(trial()) == [visit for visit, *_ in table]
    for visit, planned, earliest, latest in table:
        assert design.planned_window(trial(), visit, date(2027, 1, 4)) == (planned, earliest, latest)


def test_the_muscle_test_has_thirteen_groups_on_two_sides() -> None:
    grades = [full for full in design.items(trial(), "csm") if full.startswith("mmt.")]
    assert len(grades) == 26
    assert grades[:2] == ["mmt.neck_flexors.L.grade", "mmt.neck_flexors.R.grade"]
    ranges = {design.items(trial(), "csm")[full].range for full in grades}
    assert sum(high for low, high in ranges) * 26 == 260


@pytest.mark.requirement("BL1")
def test_what_gives_the_treatment_away_is_sealed_and_what_is_needed_for_safety_is_open() -> None:
    table = [
        ("igg", "igg", Blinding.SEALED),
        ("lab_sealed", "total_protein", Blinding.SEALED),
        ("lab_sealed", "globulin", Blinding.SEALED),
        ("lab_sealed", "esr", Blinding.SEALED),
        ("infusion", "volume", Blinding.MASKED_FOR_ASSESSORS),
        ("ae", "term", Blinding.MASKED_FOR_ASSESSORS),
        ("lab", "haemoglobin", Blinding.OPEN),
        ("lab", "creatinine", Blinding.OPEN),
        ("csm", "mmt.deltoid.L.grade", Blinding.OPEN),
    ]
    for form, item, blinding in table:
        assert design.blinding_of(trial(), form, item) is blinding
    assert "lot" not in design.items(trial(), "infusion")  # it stands in the pharmacy's sealed record alone


@pytest.mark.requirement("RN1")
def test_block_sizes_are_not_in_the_definition(tmp_path: Path) -> None:
    words = design.canonical_text(trial()).lower()
    assert "block_sizes" not in words
    with_sizes = edited(
        tmp_path, ("method: permuted_block", "block_sizes: [4, 6]\n  method: permuted_block"), trial=REFERENCE
    )
    assert any("'block_sizes' is not known here" in line for line in said(with_sizes))


def test_every_criterion_of_the_register_is_there_with_the_nested_exceptions() -> None:
    criteria = {one.id: one for one in trial().eligibility}
    assert list(criteria) == ["I1", "I2", "I3", "I4", "I5", "E1", "E2", "E3a", "E3b", "E3c", "E3d", "E3e", "E4", "E5"]
    said_of_five = str(criteria["E5"].unless)
    assert all(
        name in said_of_five for name in ("E5.x1", "E5.x2", "E5.x3", "E5.x3.stable", "E5.x3.approved", "E5.x3.safe")
    )
    assert criteria["E5"].ambiguity is not None


def test_the_infusion_follows_the_diagnosis_within_a_week() -> None:
    clock = trial().clocks["diagnosis_to_infusion"]
    assert (clock.start, clock.end, clock.limit) == ("history.diagnosis_date", "infusion.start", "7 d")


def test_prednisone_begins_at_one_milligram_per_kilogram_for_four_weeks() -> None:
    first, *later = trial().interventions["prednisone"].steps
    assert (first.from_day, first.to_day, first.dose, first.at_most) == (1, 28, "1 mg/kg/d", "80 mg/d")
    assert [step.from_day for step in later] == [
        (step.to_day or 0) + 1 for step in trial().interventions["prednisone"].steps[:-1]
    ]


def test_a_derived_item_and_its_group_may_share_a_name() -> None:
    """In `derive` the name is the list of the group's rows, elsewhere the derived item."""
    deriving, asking = design.form_scope(trial(), "csm", deriving=True), design.form_scope(trial(), "csm")
    total = logic.compile(logic.check(logic.parse("sum(mmt.grade)"), deriving))
    assert (
        total({"mmt": [{"key": "deltoid", "side": "L", "grade": 7}, {"key": "deltoid", "side": "R", "grade": 8}]}) == 15
    )
    assert logic.compile(logic.check(logic.parse("mmt > 14"), asking))({"mmt": 15}) is True
