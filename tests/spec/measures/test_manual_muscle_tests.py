"""Manual muscle testing: the sets, their maxima, the other side, half points."""

from decimal import Decimal

import numpy as np
import pytest

from trialwright.design.instruments import finer
from trialwright.measures.instruments import instrument, score
from trialwright.measures.instruments.compiled import Why, WrongAnswers, explained
from trialwright.measures.instruments.reference import score_one

SETS = {"mmt-8": 80, "mmt-8-bilateral": 150, "mmt-13": 260, "mmt-24": 260, "mmt-26": 260}


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("grade", [0, 7, 10])
def test_equal_grades_add_up_to_their_share_of_the_maximum(name: str, grade: int) -> None:
    muscles = instrument(name)
    total = muscles.scales[-1]
    value = score(muscles, {item.id: grade for item in muscles.items})[total.id].values
    assert (float(value), total.high) == (SETS[name] * grade / 10, SETS[name])


def test_the_parts_of_the_form_of_imacs_have_its_ranges() -> None:
    """Axial 0 to 20, proximal 0 to 160, distal 0 to 80, total 0 to 260."""
    assert [scale.high for scale in instrument("mmt-24").scales] == [20, 160, 80, 260]


def test_axial_proximal_and_distal_grades_go_into_their_own_sums() -> None:
    muscles = instrument("mmt-24")
    grades = {item.id: 10 for item in muscles.items} | {"neck_flexors": 4, "deltoid_l": 7, "ankle_plantar_flexors_r": 9}
    found = {name: one.value for name, one in score_one(muscles, grades).items()}
    assert found == {"axial": 14, "proximal": 157, "distal": 79, "mmt24": 250}


def test_the_left_side_stands_in_where_the_right_one_cannot_be_tested_and_the_row_says_so() -> None:
    muscles = instrument("mmt-8")
    right = {item.id: np.array([8.0, 8.0, 8.0]) for item in muscles.items if not item.id.endswith("_l")}
    right["deltoid_r"] = np.array([8.0, np.nan, np.nan])
    one = score(muscles, {**right, "deltoid_l": np.array([2.0, 2.0, np.nan])})["mmt8"]
    assert one.values[:2].tolist() == [64, 58]  # a right side that was tested is never replaced
    assert np.isnan(one.values[2])
    assert [Why(int(code)) for code in one.why] == [Why.COMPLETE, Why.STOOD_IN, Why.TOO_FEW]
    scale = muscles.scale("mmt8")
    assert explained(scale, int(one.why[1]), int(one.answered[1])) == "the other side stood in"
    assert explained(scale, int(one.why[2]), int(one.answered[2])) == "7 of 8 items answered, 8 needed"


def test_one_group_that_was_not_tested_leaves_no_sum() -> None:
    muscles = instrument("mmt-13")
    grades = {item.id: 10 for item in muscles.items} | {"biceps_l": None}
    assert score_one(muscles, grades)["mmt13"].value is None


def test_half_points_are_grades_only_where_the_form_declares_them() -> None:
    muscles = instrument("mmt-8")
    grades = {item.id: Decimal("9.5") for item in muscles.items}
    assert score_one(finer(muscles), grades)["mmt8"].value == 76
    with pytest.raises(ValueError, match=r"9\.5 cannot be answered"):
        score_one(muscles, grades)
    with pytest.raises(WrongAnswers, match=r"9\.5 is not whole numbers 0 to 10"):
        score(muscles, {name: float(grade) for name, grade in grades.items()})
