"""Fatigue: FSS, CIS and FACIT-Fatigue, worked by hand."""

from fractions import Fraction

import pytest

from trialwright.measures.instruments import instrument
from trialwright.measures.instruments.reference import score_one

FSS, CIS, CIS20, FACIT = (instrument(name) for name in ("fss", "cis-fatigue", "cis-20", "facit-fatigue"))


@pytest.mark.parametrize(
    ("answers", "mean", "total"),
    [("111111111", "1", 9), ("777777777", "7", 63), ("456745674", "48/9", 48), ("123456712", "31/9", 31)],
)
def test_the_fatigue_severity_scale_is_the_sum_divided_by_nine(answers: str, mean: str, total: int) -> None:
    found = score_one(FSS, {f"i{place}": int(letter) for place, letter in enumerate(answers, 1)})
    assert (found["mean"].value, found["total"].value) == (Fraction(mean), total)


def test_the_fatigue_severity_scale_needs_every_item() -> None:
    answers = {f"i{place}": 4 for place in range(1, 9)}
    assert score_one(FSS, answers)["mean"].value is None


def test_statements_of_complaint_are_turned_so_that_much_fatigue_scores_high() -> None:
    """Places run from 1 (yes) to 7 (no). Complaints: 1, 4, 9, 14, 16. Well-being: 6, 12, 20."""
    worst = {f"cis{number}": 1 for number in (1, 4, 9, 14, 16)} | {f"cis{number}": 7 for number in (6, 12, 20)}
    best = {name: 8 - place for name, place in worst.items()}
    assert (score_one(CIS, worst)["fatigue"].value, score_one(CIS, best)["fatigue"].value) == (56, 8)
    # cis1 and cis4 answered 2 and 3 instead of 1: 56 - 1 - 2.
    assert score_one(CIS, worst | {"cis1": 2, "cis4": 3})["fatigue"].value == 53


def test_the_four_scales_of_the_cis_share_out_its_twenty_items() -> None:
    parts = [scale for scale in CIS20.scales if scale.items]
    assert sorted(name for scale in parts for name in scale.items) == sorted(item.id for item in CIS20.items)
    assert [len(scale.items) for scale in parts] == [8, 5, 4, 3]
    found = score_one(CIS20, {item.id: 1 if item.reversed else 7 for item in CIS20.items})
    assert [one.value for one in found.values()] == [56, 35, 28, 21, 140]


def test_eleven_items_of_facit_are_reversed_so_that_a_high_score_is_little_fatigue() -> None:
    none_at_all = {item.id: 0 if item.reversed else 4 for item in FACIT.items}
    assert sum(item.reversed for item in FACIT.items) == 11
    assert score_one(FACIT, none_at_all)["fatigue"].value == 52
    assert score_one(FACIT, dict.fromkeys(none_at_all, 0))["fatigue"].value == 44
    assert score_one(FACIT, dict.fromkeys(none_at_all, 4))["fatigue"].value == 8


@pytest.mark.parametrize(("answered", "value"), [(13, 26), (12, 26), (7, 26), (6, None)])
def test_facit_is_prorated_where_more_than_half_is_answered(answered: int, value: int | None) -> None:
    given = {item.id: 2 for item in FACIT.items[:answered]}
    assert score_one(FACIT, given)["fatigue"].value == value


def test_a_prorated_facit_is_the_sum_times_thirteen_over_the_answered() -> None:
    """Reversed items answered 1, 2, 3 and four times 0 count 3 + 2 + 1 + 16 = 22; 22 x 13 / 7."""
    names = [item.id for item in FACIT.items if item.reversed][:7]
    given = dict(zip(names, (1, 2, 3, 0, 0, 0, 0), strict=True))
    assert score_one(FACIT, given)["fatigue"].value == Fraction(22 * 13, 7)
