"""The small parts of the language: places, absent values, intervals, exact numbers, units."""

import copy
import pickle
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trialwright import logic
from trialwright.logic import NOT_APPLICABLE, UNKNOWN, Between, Place, UnitError
from trialwright.logic.typed import exact

QUICK = settings(max_examples=200, deadline=None)


def test_a_place_moves_within_a_text_of_several_lines() -> None:
    start = Place("t.yaml", 10, 5)
    assert str(start.moved("age >= x", 7)) == "t.yaml:10:12"
    assert str(start.moved("age >=\n  x", 9)) == "t.yaml:11:3"
    assert str(Place("t.yaml", 0, 0)) == "t.yaml"


def test_absent_values_stay_the_same_objects_through_copies_and_processes() -> None:
    for absent in (UNKNOWN, NOT_APPLICABLE):
        assert pickle.loads(pickle.dumps(absent)) is absent
        assert copy.deepcopy({"x": absent})["x"] is absent


@pytest.mark.parametrize("other", [3, Decimal("1.5"), Fraction(1, 3), UNKNOWN])
def test_an_absent_value_answers_every_operation_with_itself(other: object) -> None:
    operations = [
        lambda a, b: a < b,
        lambda a, b: a >= b,
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: a / b,
    ]
    for operation in operations:
        assert operation(UNKNOWN, other) is UNKNOWN
        assert operation(other, UNKNOWN) is UNKNOWN
        assert operation(NOT_APPLICABLE, other) is NOT_APPLICABLE
        assert operation(other, NOT_APPLICABLE) is NOT_APPLICABLE


@QUICK
@given(*[st.integers(-5, 5)] * 4)
def test_an_interval_answers_an_order_only_where_every_pair_agrees(a: int, b: int, c: int, d: int) -> None:
    one, two = Between(min(a, b), max(a, b)), Between(min(c, d), max(c, d))
    pairs = [(x, y) for x in range(one.low, one.high + 1) for y in range(two.low, two.high + 1)]
    for found, answers in (
        (one < two, {x < y for x, y in pairs}),
        (one <= two, {x <= y for x, y in pairs}),
        (one > two, {x > y for x, y in pairs}),
        (one >= two, {x >= y for x, y in pairs}),
    ):
        assert found is (answers.pop() if len(answers) == 1 else UNKNOWN)


@QUICK
@given(st.fractions(max_denominator=10**6))
@example(Fraction(2 * 10**27 + 1, 2))
def test_a_fraction_becomes_a_decimal_only_where_that_is_exact(number: Fraction) -> None:
    found = exact(number)
    assert Fraction(found) == number
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    assert isinstance(found, Fraction) == (rest != 1)


CODES = st.lists(
    st.sampled_from(
        ["m", "k", "g", "mo", "L", "/", ".", "d", "-", "1", "10*", "9", "{x}", "[IU]", "%", "U", "µ", " ", "(", "h"]
    ),
    max_size=7,
).map("".join)


@QUICK
@given(st.one_of(CODES, st.text(max_size=10)))
def test_any_text_is_a_unit_or_is_refused(code: str) -> None:
    try:
        found = logic.unit(code)
    except UnitError:
        return
    assert found.factor > 0
    assert logic.conversion(found, found) == (1, 0)


@QUICK
@given(
    st.sampled_from(
        [("g/L", "mg/dL"), ("ukat/L", "U/L"), ("mg/d", "mg/kg/d"), ("wk", "h"), ("a", "mo"), ("g/kg", "mg")]
    )
)
def test_a_conversion_there_and_back_changes_nothing(pair: tuple[str, str]) -> None:
    one, two = (logic.unit(code) for code in pair)
    (there, up), (back, down) = logic.conversion(one, two), logic.conversion(two, one)
    assert there * back == 1
    assert up + down == 0


def test_names_of_an_expression_are_listed() -> None:
    assert logic.names(logic.parse("exists(tx, it.drug == x) and age > 3 a")) == {"tx", "it.drug", "x", "age"}


def test_the_environment_may_hold_floats_that_are_no_numbers_without_harm() -> None:
    scope = logic.scope({"x": "decimal"})
    typed = logic.check(logic.parse("x + 0.5 > 1"), scope)
    assert logic.evaluate(typed, {"x": float("nan")}) is UNKNOWN
    assert logic.evaluate(typed, {"x": 0.75}) is True
