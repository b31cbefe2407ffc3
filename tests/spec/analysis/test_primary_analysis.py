"""The primary analysis: the difference between two arms in mean score, adjusted for the stratum and the baseline.

The tables here are small enough to work out by hand.
"""

import numpy as np
import pytest

from trialwright.analysis.ancova import ancova
from trialwright.analysis.estimates import SingularDesign

# stratum, baseline, arm (0 reference, 1 treatment), score. By construction the score is 30, plus 10 in the stratum DM,
# plus 4 for each point of baseline, plus 16 with the treatment, and an error of 1 or -1 that is balanced over it all.
PARTICIPANTS = [
    ("DM", 1, 0, 45),
    ("DM", 1, 1, 59),
    ("DM", 3, 0, 51),
    ("DM", 3, 1, 69),
    ("other", 1, 0, 33),
    ("other", 1, 1, 51),
    ("other", 3, 0, 43),
    ("other", 3, 1, 57),
]


def columns(rows: list[tuple[str, int, int, int]]) -> tuple[np.ndarray, ...]:
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def test_the_difference_is_treatment_minus_reference_with_stratum_and_baseline_held_equal() -> None:
    stratum, baseline, arm, score = columns(PARTICIPANTS)
    result = ancova(score, arm, {"baseline": baseline}, {"stratum": stratum})
    assert result.effect.estimate == pytest.approx(16)
    assert result.effect.df == 8 - 4


def test_the_adjusted_means_stand_at_the_average_baseline_with_the_strata_weighted_equally() -> None:
    stratum, baseline, arm, score = columns(PARTICIPANTS)
    result = ancova(score, arm, {"baseline": baseline}, {"stratum": stratum})
    assert [mean.mean for mean in result.means] == pytest.approx([30 + 5 + 4 * 2, 30 + 5 + 4 * 2 + 16])


def test_an_arm_that_happened_to_get_the_milder_participants_gains_nothing_by_it() -> None:
    """Without the two most affected of the treated the plain difference shrinks; the adjusted one stays near 16."""
    rows = [row for row in PARTICIPANTS if not (row[1] == 3 and row[2] == 1 and row[0] == "DM")]
    stratum, baseline, arm, score = columns(rows)
    plain = score[arm == 1].mean() - score[arm == 0].mean()
    adjusted = ancova(score, arm, {"baseline": baseline}, {"stratum": stratum}).effect.estimate
    assert abs(adjusted - 16) < abs(plain - 16)


def test_the_same_measure_twice_is_refused_by_name_and_nothing_is_dropped_silently() -> None:
    _, baseline, arm, score = columns(PARTICIPANTS)
    with pytest.raises(SingularDesign, match="'the same again'"):
        ancova(score, arm, {"baseline": baseline, "the same again": 10 * baseline + 5})
