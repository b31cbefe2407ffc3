"""Who can take part in TIME IS MUSCLE: the criteria as the register page prints them, on virtual patients."""

from typing import Any

import pytest
from tests.plugins.editing import REFERENCE
from tests.spec.eligibility.patients import (
    AZATHIOPRINE,
    DUPILUMAB,
    HIGH_PREDNISONE,
    LOW_PREDNISONE,
    METHOTREXATE,
    PULSE,
    TACROLIMUS_OINTMENT,
    judged,
    treatment,
    verdict_of,
)

from trialwright import design, eligibility
from trialwright.eligibility import Outcome, State
from trialwright.logic import LogicErrors

ELIGIBLE, NOT, DATA, JUDGEMENT = Outcome.ELIGIBLE, Outcome.NOT_ELIGIBLE, Outcome.NEEDS_DATA, Outcome.NEEDS_JUDGEMENT


def check(table: list[tuple[dict[str, Any], Outcome, str]]) -> None:
    """Each row: what differs from the fitting patient, the verdict, and the criterion that decides (or nothing)."""
    for changes, outcome, deciding in table:
        found = verdict_of(changes)
        assert found.overall is outcome, (changes, found.lines())
        passing = {State.PASSES, State.NOT_APPLICABLE}
        assert " ".join(one.id for one in found.criteria if one.state not in passing) == deciding


@pytest.mark.requirement("RN2")
def test_the_fitting_patient_is_eligible() -> None:
    check([({}, ELIGIBLE, "")])


def test_there_is_no_upper_limit_of_age() -> None:
    check([({"age": 83}, ELIGIBLE, ""), ({"age": 18}, ELIGIBLE, ""), ({"age": 17}, NOT, "I1")])


def test_the_diagnosis_is_one_of_the_five_subtypes() -> None:
    check(
        [
            ({"iim_subtype": "PM"}, ELIGIBLE, ""),
            ({"iim_subtype": "IBM"}, NOT, "I2"),
            ({"iim_subtype": "none"}, NOT, "I2"),
        ]
    )


def test_disease_duration_is_counted_in_calendar_months_up_to_screening() -> None:
    check(
        [
            ({"symptom_onset": "2023-06-04"}, ELIGIBLE, ""),
            ({"symptom_onset": "2023-06-03"}, NOT, "I3"),
            ({"symptom_onset": "2023"}, DATA, "I3"),
            ({"symptom_onset": "2022"}, NOT, "I3"),
            ({"symptom_onset": "2024"}, ELIGIBLE, ""),
        ]
    )


def test_a_loss_of_muscle_strength_of_six_per_cent_is_too_little() -> None:
    check([({"mmt": 244}, NOT, "I4"), ({"mmt": 234}, ELIGIBLE, ""), ({"mmt": 235}, NOT, "I4")])


def test_two_other_core_set_measures_must_be_abnormal() -> None:
    check(
        [
            ({"phga": "2.0", "ptga": "1.9", "haq": "0.25"}, ELIGIBLE, ""),
            ({"phga": "1.9", "ptga": "1.9", "haq": "0.25", "ck": 100, "ck_uln": 170}, DATA, "I4"),
            ({"phga": "1.9", "ptga": "1.9", "haq": "0.25", "ck": 256, "ck_uln": 170}, ELIGIBLE, ""),
        ]
    )


def test_azathioprine_stopped_five_months_ago_does_not_exclude() -> None:
    check([({"prior_tx": [AZATHIOPRINE]}, ELIGIBLE, "")])


def test_treatment_that_touches_the_last_three_months_excludes() -> None:
    check(
        [
            ({"prior_tx": [{**AZATHIOPRINE, "stop": "2024-03-02"}]}, ELIGIBLE, ""),
            ({"prior_tx": [{**AZATHIOPRINE, "stop": "2024-03-03", "no_response": True}]}, DATA, "E5"),
            ({"prior_tx": [{**METHOTREXATE, "no_response": True}]}, NOT, "E5"),
            ({"prior_tx": [{**AZATHIOPRINE, "stop": "2024", "no_response": False}]}, DATA, "E5"),
        ]
    )


def test_prednisone_15_mg_for_ten_weeks_excludes() -> None:
    check([({"prior_tx": [LOW_PREDNISONE]}, NOT, "E5")])


def test_prednisone_up_to_one_milligram_per_kilogram_for_two_weeks_is_excused_where_no_response_was_judged() -> None:
    check(
        [
            ({"prior_tx": [HIGH_PREDNISONE]}, ELIGIBLE, ""),
            ({"prior_tx": [{**HIGH_PREDNISONE, "dose": "1 mg/kg/d"}]}, ELIGIBLE, ""),
            ({"prior_tx": [{**HIGH_PREDNISONE, "dose": "80 mg/d"}]}, NOT, "E5"),
            ({"prior_tx": [{**HIGH_PREDNISONE, "start": "2024-05-19"}]}, NOT, "E5"),
            ({"prior_tx": [{**HIGH_PREDNISONE, "no_response": False}]}, NOT, "E5"),
        ]
    )


def test_a_dose_of_another_glucocorticoid_counts_as_its_equivalent_of_prednisone() -> None:
    medrol = treatment("methylprednisolone", "glucocorticoid", "2024-05-25", dose="56 mg/d", no_response=True)
    check([({"prior_tx": [medrol]}, ELIGIBLE, ""), ({"prior_tx": [{**medrol, "dose": "57 mg/d"}]}, NOT, "E5")])


def test_pulse_steroids_are_excused_and_methotrexate_beside_them_is_not() -> None:
    pulse, methotrexate = {**PULSE, "no_response": True}, {**METHOTREXATE, "no_response": True}
    check(
        [
            ({"prior_tx": [pulse]}, ELIGIBLE, ""),
            ({"prior_tx": [{**pulse, "stop": "2024-06-01"}]}, NOT, "E5"),
            ({"prior_tx": [pulse, methotrexate]}, NOT, "E5"),
        ]
    )


def test_a_stable_biological_for_eczema_is_excused_only_where_no_response_was_judged() -> None:
    """The page prints the missing response before all three exceptions, so it governs the stable biological as well;
    the definition shows that as an ambiguity.
    """
    check(
        [
            ({"prior_tx": [{**DUPILUMAB, "no_response": True}]}, ELIGIBLE, ""),
            ({"prior_tx": [{**DUPILUMAB, "no_response": False}]}, NOT, "E5"),
            ({"prior_tx": [DUPILUMAB]}, JUDGEMENT, "E5"),
            ({"prior_tx": [{**DUPILUMAB, "no_response": True, "last_dose_change": "2024-01-10"}]}, NOT, "E5"),
            ({"prior_tx": [{**DUPILUMAB, "no_response": True, "last_dose_change": "not applicable"}]}, ELIGIBLE, ""),
            ({"prior_tx": [{**DUPILUMAB, "no_response": True, "approved_non_muscular": None}]}, DATA, "E5"),
        ]
    )
    need = verdict_of({"prior_tx": [DUPILUMAB]})["E5"].needed_judgements
    assert [(one.name, one.by) for one in need] == [("prior_tx[1].no_response", "treating physician at screening")]


def test_a_judgement_of_the_treating_physician_can_be_handed_in_beside_the_facts() -> None:
    for answer, outcome in ((True, ELIGIBLE), (False, NOT)):
        found = verdict_of({"prior_tx": [DUPILUMAB]}, judgements=[judged("prior_tx[1].no_response", answer)])
        assert found.overall is outcome


def test_topical_tacrolimus_asks_for_a_judgement_and_does_not_exclude_by_itself() -> None:
    rows = {"prior_tx": [TACROLIMUS_OINTMENT]}
    check([(rows, JUDGEMENT, "E5")])
    assert [one.name for one in verdict_of(rows).needed_judgements] == ["E5.topical[1]"]
    table = ((True, ELIGIBLE), (False, NOT))
    for answer, outcome in table:
        assert verdict_of(rows, judgements=[judged("E5.topical", answer, "1")]).overall is outcome


def test_a_judgement_about_one_treatment_does_not_excuse_another() -> None:
    rows = {
        "prior_tx": [TACROLIMUS_OINTMENT, {**TACROLIMUS_OINTMENT, "drug": "hydrocortisone", "class": "glucocorticoid"}]
    }
    found = verdict_of(rows, judgements=[judged("E5.topical", True, "1")])
    assert found.overall is JUDGEMENT
    assert [one.name for one in found.needed_judgements] == ["E5.topical[2]"]


def test_pulse_steroids_five_days_before_screening_are_excused_again_at_baseline() -> None:
    """Every window hangs on the date of screening: a second look a week later, when the pulse is twelve days old,
    changes nothing. Screened on that later day, the same patient would be excluded.
    """
    rows = {"prior_tx": [{**PULSE, "no_response": True}]}
    assert verdict_of(rows).overall is ELIGIBLE
    assert verdict_of(rows, baseline="2024-06-10").overall is ELIGIBLE
    assert verdict_of(rows, screening="2024-06-10").overall is NOT


def test_treatment_begun_after_screening_is_not_earlier_treatment() -> None:
    check([({"prior_tx": [treatment("prednisone", "glucocorticoid", "2024-06-10", dose="70 mg/d")]}, ELIGIBLE, "")])


def test_pregnancy_is_asked_of_women_and_does_not_apply_to_men() -> None:
    asked = {"pregnant": ..., "trying_to_conceive": ...}
    assert verdict_of({"sex": "M", **asked})["E3d"].state is State.NOT_APPLICABLE
    assert verdict_of({"sex": "M", **asked}).overall is ELIGIBLE
    assert verdict_of(asked).missing == ("pregnant", "trying_to_conceive")
    assert verdict_of({"pregnant": True}).overall is NOT
    assert verdict_of({"sex": ..., **asked}).missing == ("sex",)
    assert verdict_of({"sex": ..., "pregnant": True}).overall is DATA


def test_iga_deficiency_excludes_only_together_with_antibodies() -> None:
    check(
        [
            ({"iga_deficiency": True, "iga_antibodies": False}, ELIGIBLE, ""),
            ({"iga_deficiency": True, "iga_antibodies": True}, NOT, "E3c"),
            ({"iga_deficiency": True}, DATA, "E3c"),
        ]
    )


def test_thrombosis_within_ten_years_excludes() -> None:
    check(
        [
            ({"thrombosis": True, "thrombosis_date": "2014-06-03"}, ELIGIBLE, ""),
            ({"thrombosis": True, "thrombosis_date": "2014-06-04"}, NOT, "E3a"),
            ({"thrombosis": True, "thrombosis_date": "2013"}, ELIGIBLE, ""),
            ({"thrombosis": True}, DATA, "E3a"),
        ]
    )


def test_severe_weakness_excludes_where_a_named_person_judges_more_treatment_necessary() -> None:
    weak = {"can_walk": False}
    check([(weak, JUDGEMENT, "E1"), ({"respiratory_symptoms": True, "fvc_pct_pred": 50}, ELIGIBLE, "")])
    assert verdict_of(weak, judgements=[judged("E1", True)]).overall is NOT
    assert verdict_of(weak, judgements=[judged("E1", False)]).overall is ELIGIBLE


def test_incapacity_excludes_without_a_judgement_and_a_language_barrier_with_one() -> None:
    check([({"legally_incompetent": True}, NOT, "E4"), ({"language_barrier": True}, JUDGEMENT, "E4")])


def test_what_nobody_asked_is_missing_and_what_is_known_to_be_none_is_an_answer() -> None:
    check([({"prior_tx": ...}, DATA, "E5"), ({"prior_tx": "none known"}, ELIGIBLE, ""), ({"conmed": ...}, DATA, "E3e")])


def test_the_list_of_missing_facts_is_as_short_as_it_can_be() -> None:
    nothing = verdict_of(dict.fromkeys(("severe_dysphagia", "respiratory_symptoms", "iga_deficiency", "phga"), ...))
    assert nothing.overall is DATA
    assert nothing.missing == ("iga_deficiency", "respiratory_symptoms", "severe_dysphagia")


def test_one_criterion_that_fails_settles_the_verdict_whatever_is_missing() -> None:
    found = verdict_of({"age": 17, "mmt": ...})
    assert found.overall is NOT
    assert found["I4"].state is State.NEEDS_DATA


def test_the_verdict_explains_itself() -> None:
    found = verdict_of({"prior_tx": [LOW_PREDNISONE]})
    text = "\n".join(found.lines())
    assert "Verdict: not eligible" in text
    assert "Because of: E5" in text
    assert "prior_tx[1] (prednisone): yes" in text
    assert "days(it) <= 14 d: no" in text
    assert "ambiguous:" in text
    assert found.as_dict()["criteria"][-1]["why"]["because"][0]["value"] == "yes"


def test_a_number_outside_the_range_of_its_form_is_refused() -> None:
    """A patient file says nothing that the trial's own forms would not take."""
    trial = design.read(REFERENCE)
    for phga, refused in (("0", False), ("10", False), ("-5", True), ("10.1", True)):
        text = f'{{"screening": "2024-06-01", "facts": {{"phga": {phga}}}}}'
        if not refused:
            assert eligibility.screen(trial, text).verdict
            continue
        with pytest.raises(LogicErrors, match=f"facts.phga: {phga} is outside 0 to 10"):
            eligibility.screen(trial, text)
