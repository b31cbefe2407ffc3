"""The HAQ disability index: the worst item of each of eight categories, aids and help, missing answers."""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import pytest

from trialwright.measures.instruments import instrument, score
from trialwright.measures.instruments.compiled import Why
from trialwright.measures.instruments.reference import score_one

HAQ = instrument("haq-di")
CATEGORIES = ("dressing", "arising", "eating", "walking", "hygiene", "reach", "grip", "activities")


def answers(text: str, *ticked: str) -> Mapping[str, int | None]:
    """The categories in order, their items beside each other: `21 03 102 01 011 33 113 001`; '-' is not answered."""
    items = {
        f"{category}_{place}": None if letter == "-" else int(letter)
        for category, letters in zip(CATEGORIES, text.split(), strict=True)
        for place, letter in enumerate(letters, 1)
    }
    return {**items, **dict.fromkeys(ticked, 1)}


def index(text: str, *ticked: str, scale: str = "di") -> Fraction | None:
    """The index by the specification, after checking that the array form says the same."""
    given = answers(text, *ticked)
    one = score_one(HAQ, given)[scale]
    columns = {item.id: np.nan if (value := given.get(item.id)) is None else float(value) for item in HAQ.items}
    made = score(HAQ, columns)[scale]
    assert int(made.answered) == one.answered
    assert float(made.values) == float(one.value) if one.value is not None else np.isnan(made.values)
    return one.value


PUBLISHED = "21 03 102 01 011 33 113 001"


@pytest.mark.parametrize(
    ("shows", "items", "ticked", "di", "without"),
    [
        ("nothing is difficult", "00 00 000 00 000 00 000 000", [], "0", "0"),
        ("nothing is possible", "33 33 333 33 333 33 333 333", [], "3", "3"),
        ("the published test of awell-score", PUBLISHED, ["help_walking", "toilet_seat"], "2.25", "2"),
        ("one item of one category", "01 00 000 00 000 00 000 000", [], "0.125", "0.125"),
        ("a cane raises walking from 0 to 2", "00 00 000 00 000 00 000 000", ["cane"], "0.25", "0"),
        ("two aids raise no more than one", "00 00 000 00 000 00 000 000", ["cane", "walker"], "0.25", "0"),
        ("an aid leaves 3 at 3", "00 00 000 03 000 00 000 000", ["wheelchair"], "0.375", "0.375"),
        ("an aid leaves 2 at 2", "00 00 000 20 000 00 000 000", ["crutches"], "0.25", "0.25"),
        ("help and a jar opener, two categories", "00 00 000 00 000 00 000 010", ["jar_opener", "help_activities"],
         "0.5", "0.125"),
        ("a blank item beside an answered one", "2- 00 000 00 000 00 000 000", [], "0.25", "0.25"),
    ],
)  # fmt: skip
def test_each_worked_questionnaire_scores_as_worked_by_hand(
    shows: str, items: str, ticked: list[str], di: str, without: str
) -> None:
    assert index(items, *ticked) == Fraction(di), shows
    assert index(items, *ticked, scale="di_without_aids") == Fraction(without), shows


def test_a_missing_category_is_left_out_of_the_mean() -> None:
    """Seven categories that add up to 16 give 16/7, not 2."""
    assert index("-- 03 102 02 012 33 113 001") == Fraction(16, 7)


def test_five_categories_are_too_few_and_six_are_enough() -> None:
    assert index("-- -- 111 11 111 11 111 111") == 1
    assert index("-- -- --- 11 111 11 111 111") is None
    few = score(HAQ, {name: float("nan") if value is None else value for name, value in {
        **{item.id: None for item in HAQ.items}, **answers("-- -- --- 11 111 11 111 111")}.items()})["di"]  # fmt: skip
    assert (int(few.answered), Why(int(few.why))) == (5, Why.TOO_FEW)


def test_an_aid_does_not_answer_a_category_in_which_nothing_was_answered() -> None:
    assert index("-- 00 000 00 000 00 000 000", "dev_dressing") == 0


def test_complete_questionnaires_lie_on_eighths() -> None:
    chance = np.random.default_rng(7)
    columns = {item.id: chance.integers(0, 2 if "_" not in item.id else 4, 500) for item in HAQ.items[:20]}
    columns |= {item.id: chance.integers(0, 2, 500) for item in HAQ.items[20:]}
    values = score(HAQ, columns)["di"].values
    assert np.array_equal(values * 8, np.round(values * 8))
    assert (values.min() >= 0) & (values.max() <= 3)


@pytest.mark.parametrize("aid", [name for one in HAQ.categories for name in one.aids])
def test_every_aid_raises_its_own_category_and_no_other(aid: str) -> None:
    """From nothing difficult, one aid always makes 2/8."""
    assert index("00 00 000 00 000 00 000 000", aid) == Fraction(2, 8)
