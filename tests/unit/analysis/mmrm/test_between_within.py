"""Between-within degrees of freedom, counted by hand."""

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.analysis.mmrm.small_trials import balanced_trial, small_trial

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.mmrm.between_within import degrees
from trialwright.analysis.mmrm.inference import inference
from trialwright.analysis.mmrm.reference import reference

# Columns of the small trial: intercept, arm, base (between); two visits, two interactions (within).
TRIAL = small_trial(7, n=16, m=3)
INSIDE = TRIAL.outcome.size - 16 - 4


@pytest.mark.parametrize(
    ("row", "df"),
    [
        ([0, 1, 0, 0, 0, 0, 0], 16 - 1 - 2),
        ([0, 0, 2, 0, 0, 0, 0], 16 - 1 - 2),
        ([1, 0, 0, 0, 0, 0, 0], INSIDE),
        ([0, 0, 0, 1, -1, 0, 0], INSIDE),
        ([0, 1, 0, 0, 0, 1, 0], 16 - 1 - 2),
    ],
)
def test_a_contrast_has_the_fewest_of_its_columns(row: list[float], df: int) -> None:
    assert degrees(np.array([row], dtype=float), TRIAL)[0] == df


def test_a_model_without_an_intercept_spends_none_on_it() -> None:
    data = balanced_trial(1, 10, 3)
    assert degrees(np.eye(6), data) == pytest.approx(30 - 10 - 6)
    only = replace(data, design=np.column_stack([data.design[:, 0], np.repeat(np.arange(10.0), 3)]), columns=("v", "x"))
    assert degrees(np.eye(2), only) == pytest.approx([30 - 10 - 1, 10 - 1])


def test_an_f_test_takes_the_fewest_of_its_rows() -> None:
    made = inference(reference(TRIAL), "between-within")
    assert made.joint(np.eye(7)[[1, 5]]).df2 == 13.0
    assert made.joint(np.eye(7)[[5, 6]]).df2 == INSIDE


def test_none_left_is_refused() -> None:
    people = np.repeat(np.arange(3), 2)
    design = np.column_stack([np.ones(6), people == 1, people == 2])
    tiny = replace(balanced_trial(1, 3, 2), design=design.astype(float), columns=("(Intercept)", "a", "b"))
    with pytest.raises(NotEstimable, match="leaves 0 degrees of freedom"):
        degrees(np.eye(3)[1:], tiny)
