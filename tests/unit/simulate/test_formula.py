"""Formulas of a scenario: arithmetic on arrays, and a sentence for everything that cannot be meant."""

import math
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.simulate.formula import Codes, WrongFormula, formula

KNOWN = {"x": None, "y": None, "sex": ("F", "M"), "grade": ("1", "2")}
NUMBER = st.floats(-50, 50)


def value(text: str, **names: object) -> object:
    return formula(text, KNOWN, ("W0", "W4"))(names)


@given(NUMBER, NUMBER)
def test_arithmetic_is_what_it_says(x: float, y: float) -> None:
    assert value("x + y * 2 - 3", x=x, y=y) == x + y * 2 - 3
    assert value("max(x, y) - min(x, y)", x=x, y=y) == abs(x - y)
    assert math.isclose(float(value("exp(x / 50) * 1", x=x)), math.exp(x / 50))  # type: ignore[arg-type]
    assert value("if(x > y, x, y)", x=x, y=y) == max(x, y)
    assert value("count([x > 0, y > 0, true])", x=x, y=y) == (x > 0) + (y > 0) + 1


@given(st.lists(NUMBER, min_size=1, max_size=5), st.lists(NUMBER, min_size=1, max_size=4))
def test_participants_and_places_broadcast(people: list[float], places: list[float]) -> None:
    out = value("x * 2 + y", x=np.array(people)[:, None], y=np.array(places)[None, :])
    assert np.array_equal(out, 2 * np.array(people)[:, None] + np.array(places)[None, :])  # type: ignore[arg-type]


def test_a_category_is_compared_with_its_words() -> None:
    sex = Codes(np.array([[0], [1], [-1]]), ("F", "M"))
    assert np.ravel(value("sex == F", sex=sex)).tolist() == [True, False, False]
    assert np.ravel(value("sex != F", sex=sex)).tolist() == [False, True, True]
    assert np.ravel(value("sex in [F, M]", sex=sex)).tolist() == [True, True, False]
    assert np.ravel(value("grade == 2", grade=Codes(np.array([[0], [1]]), ("1", "2")))).tolist() == [False, True]


def test_at_takes_the_value_of_one_visit() -> None:
    at_visits = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert np.array_equal(value("at(x, W4)", x=at_visits), [[2.0], [4.0]])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x +", "cannot be read"),
        ("z + 1", "'z' is not declared before it is used"),
        ("sex == X", "never 'X'; it is one of F, M"),
        ("sex < F", "cannot be compared by '<'"),
        ("x in [1, 2]", "asks for a category"),
        ("sqrt(x, y)", "takes 1 to 1 values, not 2"),
        ("frobnicate(x)", "no function 'frobnicate'"),
        ("at(x, W9)", "'W9' is not a visit"),
        ("at(x + 1, W0)", "write at"),
        ("'word'", "only numbers, names"),
        ("5 mg", "only numbers, names"),
    ],
)
def test_what_cannot_be_meant_is_said_in_a_sentence(text: str, says: str) -> None:
    with pytest.raises(WrongFormula, match=says):
        formula(text, KNOWN, ("W0", "W4"))


@given(st.text(max_size=30))
def test_no_text_crashes_the_reader(text: str) -> None:
    with suppress(WrongFormula):
        assert formula(text, KNOWN).text == text
