"""RAND 36-Item Health Survey 1.0: the recoding key, the eight scales, means of what is answered."""

from fractions import Fraction

import pytest

from trialwright.design.instruments import points
from trialwright.measures.instruments import instrument
from trialwright.measures.instruments.reference import score_one

RAND = instrument("rand-36")
KEY = {
    # the second table of the scoring instructions: items -> what the answers 1, 2, 3 ... count
    (1, 2, 20, 22, 34, 36): (100, 75, 50, 25, 0),
    tuple(range(3, 13)): (0, 50, 100),
    tuple(range(13, 20)): (0, 100),
    (21, 23, 26, 27, 30): (100, 80, 60, 40, 20, 0),
    (24, 25, 28, 29, 31): (0, 20, 40, 60, 80, 100),
    (32, 33, 35): (0, 25, 50, 75, 100),
}


def test_every_answer_counts_what_the_key_says() -> None:
    assert sorted(number for numbers in KEY for number in numbers) == list(range(1, 37))
    for numbers, worth in KEY.items():
        for number in numbers:
            assert points(RAND, f"q{number}") == dict(enumerate(worth, 1)), number


def test_the_scales_take_the_items_of_the_instructions() -> None:
    assert {scale.id: [int(name[1:]) for name in scale.items] for scale in RAND.scales} == {
        "physical_functioning": list(range(3, 13)),
        "role_physical": [13, 14, 15, 16],
        "role_emotional": [17, 18, 19],
        "energy": [23, 27, 29, 31],
        "well_being": [24, 25, 26, 28, 30],
        "social": [20, 32],
        "pain": [21, 22],
        "general_health": [1, 33, 34, 35, 36],
        "health_change": [2],
    }


def test_the_published_example_of_an_item_left_blank() -> None:
    """Answers 4, 3 and 3 to items 23, 27 and 29, none to 31: 40, 60 and 40 make 140 / 3 = 46.7."""
    one = score_one(RAND, {"q23": 4, "q27": 3, "q29": 3})["energy"]
    assert (one.value, one.answered, one.incomplete) == (Fraction(140, 3), 3, True)


@pytest.mark.parametrize(("best", "value"), [(True, 100), (False, 0)])
def test_the_best_health_is_100_on_every_scale_and_the_worst_0(best: bool, value: int) -> None:
    pick = max if best else min
    answers = {}
    for item in RAND.items:
        counts = points(RAND, item.id)
        answers[item.id] = pick(counts, key=lambda answer: counts[answer])
    assert {one.value for one in score_one(RAND, answers).values()} == {value}


def test_a_scale_without_an_answer_has_no_score() -> None:
    assert {one.value for one in score_one(RAND, {}).values()} == {None}
