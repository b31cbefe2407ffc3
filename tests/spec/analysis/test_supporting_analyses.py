"""Responders, time to response and safety counts, each from a handful of participants."""

import numpy as np
import pytest

from trialwright.analysis import METHODS
from trialwright.analysis.question import Question
from trialwright.analysis.safety import counted

ARM = np.array([0, 0, 0, 0, 1, 1, 1, 1])


def test_a_score_that_equals_the_threshold_is_a_response() -> None:
    scores = np.array([0, 19.5, 20, 40, 20, 37.5, 40, 60])
    question = Question(ARM, scores, thresholds={"minimal": 20, "moderate": 40, "major": 60})
    answer = METHODS["responders"].answer(question)
    assert [(cut.name, *(arm.count for arm in cut.comparison.arms)) for cut in answer] == [
        ("minimal", 2, 4),
        ("moderate", 1, 2),
        ("major", 0, 1),
    ]


def test_a_difference_of_shares_is_treatment_minus_reference_and_its_interval_never_leaves_the_possible() -> None:
    question = Question(ARM, np.array([0, 0, 0, 0, 100, 100, 100, 100]), thresholds={"all or none": 50})
    (cut,) = METHODS["responders"].answer(question)
    assert cut.comparison.difference.estimate == 1
    assert 0 < cut.comparison.difference.lower < cut.comparison.difference.upper <= 1


def test_who_has_not_responded_when_last_seen_is_counted_until_then_and_no_longer() -> None:
    """Reference: responses at weeks 4 and 12, one lost after week 4. Of the two left at week 12 one responds."""
    times = np.array([4.0, 4.0, 12.0, 12.0, 4.0, 4.0, 8.0, 8.0])
    events = np.array([True, False, True, False, True, True, True, True])
    curves = METHODS["kaplan_meier"].answer(Question(ARM, times=times, events=events)).curves
    reference = {step.time: step.survival for step in curves[0].steps}
    assert reference == pytest.approx({4.0: 3 / 4, 12.0: 3 / 8})
    assert curves[1].median == 6.0


def test_time_to_response_says_that_it_is_a_sensitivity_analysis_because_visits_hide_the_true_time() -> None:
    answer = METHODS["kaplan_meier"].answer(Question(ARM, times=np.full(8, 4.0), events=np.full(8, True)))
    assert "Sensitivity analysis" in answer.note
    assert "interval-censored" in answer.note


def test_a_participant_with_three_headaches_is_one_participant_and_three_events() -> None:
    headache = {"term": "Headache", "serious": False}
    rows = {"Ann": [headache] * 3, "Ben": [{"term": "Thrombosis", "serious": True}], "Cas": []}
    events = counted(rows, [["Ann", "Ben", "Cas"]], {"Serious": ("serious", True)})
    assert [(kind.label, kind.participants, kind.events) for kind in events.kinds] == [
        ("Any adverse event", (2,), (4,)),
        ("Serious", (1,), (1,)),
    ]
    assert [term.label for term in events.terms] == ["Headache", "Thrombosis"]


def test_the_baseline_table_describes_and_does_not_test() -> None:
    variables = {"Age": ("a", (50.0, 60.0, 55.0, None, 40.0, 45.0, 70.0, 65.0)), "Sex": ("", tuple("FFMFFMMF"))}
    age, sex = METHODS["baseline_table"].answer(Question(ARM, variables=variables))
    assert [(column.n, column.missing, column.median) for column in age.summaries] == [
        (3, 1, 55),
        (4, 0, 55),
        (7, 1, 55),
    ]
    assert [(row.label, row.count) for row in sex.summaries[2].categories] == [("F", 5), ("M", 3)]
    assert not hasattr(age.summaries[0], "p")
