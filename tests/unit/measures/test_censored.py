"""Values beyond a limit: written, read, converted and compared without inventing what is not known."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.measures.censored import Censored, Sign, array, parse, recorded

numbers = st.decimals(min_value=-(10**6), max_value=10**6, places=3)
positive = st.decimals(min_value=Decimal("0.001"), max_value=10**6, places=3)
values = st.builds(Censored, numbers, st.sampled_from(Sign))


def inside(value: Censored, offset: Decimal) -> Decimal:
    """A number that the censored value may truly be, `offset` (at least 0) away from its limit."""
    return value.value + int(value.sign) * offset


@given(values)
def test_a_value_written_and_read_again_is_the_same(value: Censored) -> None:
    assert parse(str(value)) == value


@pytest.mark.parametrize(
    ("text", "value", "sign"),
    [
        ("12.3", "12.3", Sign.OBSERVED), ("<1.2", "1.2", Sign.BELOW), (" < 1.2 ", "1.2", Sign.BELOW),
        ("≤1.2", "1.2", Sign.BELOW), ("<=1.2", "1.2", Sign.BELOW), (">500", "500", Sign.ABOVE),
        ("≥500", "500", Sign.ABOVE), (">1e3", "1000", Sign.ABOVE), (".5", "0.5", Sign.OBSERVED),
        ("-3", "-3", Sign.OBSERVED),
    ],
)  # fmt: skip
def test_results_are_read_as_laboratories_write_them(text: str, value: str, sign: Sign) -> None:
    assert parse(text) == Censored(Decimal(value), sign)


@pytest.mark.parametrize(
    "text", ["", "  ", "<", "<<1", "1,2", "1 000", "below 3", "<1.2 pg/mL", "nan", "inf", "<-", "1.2<"]
)
def test_what_is_no_result_is_refused_with_what_was_found(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no result; write a number") as refused:
        parse(text)
    assert (repr(text.strip()) if text.strip() else "nothing") in str(refused.value)


@given(values, positive, positive)
def test_units_one_after_the_other_are_one_unit(value: Censored, first: Decimal, second: Decimal) -> None:
    assert value.scaled(first).scaled(second) == value.scaled(first * second)
    assert value.scaled(first).sign is value.sign


@given(values, st.decimals(max_value=0, min_value=-100, places=2))
def test_a_factor_that_turns_the_order_round_is_refused(value: Censored, factor: Decimal) -> None:
    with pytest.raises(ValueError, match="factor above 0"):
        value.scaled(factor)


@given(values, values)
def test_comparing_the_other_way_round_turns_the_answer_round(one: Censored, other: Censored) -> None:
    forward, backward = one.compare(other), other.compare(one)
    assert (forward is None) == (backward is None)
    assert forward is None or forward == -(backward or 0)


@given(values, values, st.lists(st.tuples(positive, positive), max_size=5))
def test_a_sure_comparison_holds_wherever_the_values_truly_lie(
    one: Censored, other: Censored, offsets: list[tuple[Decimal, Decimal]]
) -> None:
    sure = one.compare(other)
    for mine, theirs in [(Decimal(0), Decimal(0)), *offsets]:
        first, second = inside(one, mine), inside(other, theirs)
        assert sure is None or sure == (first > second) - (first < second)


@given(values, values, values)
def test_less_than_is_handed_on(one: Censored, two: Censored, three: Censored) -> None:
    if one.compare(two) == -1 and two.compare(three) == -1:
        assert one.compare(three) == -1


def test_what_nobody_can_know_is_not_said() -> None:
    assert parse("<1.2").compare(parse("3")) == -1
    assert parse("<1.2").compare(parse("1")) is None
    assert parse("<1.2").compare(parse("1.2")) is None
    assert parse("<1.2").compare(parse("<1.2")) is None
    assert parse(">500").compare(parse("<1.2")) == 1
    assert parse("2").compare(parse("2.0")) == 0


@given(st.lists(st.tuples(positive, st.sampled_from((-1, 0, 1))), min_size=1, max_size=20), positive)
def test_arrays_do_what_single_values_do(rows: list[tuple[Decimal, int]], cut: Decimal) -> None:
    held = array([float(value) for value, _ in rows], [sign for _, sign in rows])
    told = held.at_least(float(cut))
    logs = held.logarithm("log2")
    for place, (value, sign) in enumerate(rows):
        order = Censored(Decimal(repr(float(value))), Sign(sign)).compare(Censored(Decimal(repr(float(cut)))))
        reached = {None: -1, -1: 0, 0: 1, 1: 1}[order]
        at_limit_above = sign == 1 and float(value) == float(cut)
        assert told[place] == (1 if at_limit_above else reached)
        assert logs.values[place] == np.log2(float(value))
    assert (logs.signs == held.signs).all()
    assert (held.scaled(2.0).lower == held.lower * 2.0).all()


def test_a_missing_value_is_neither_below_nor_above() -> None:
    held = array([np.nan, 1.0], [-1, -1])
    assert held.signs.tolist() == [0, -1]
    assert held.at_least(2.0).tolist() == [-1, 0]
    assert np.isneginf(held.lower[1])
    assert held.upper[1] == 1.0


def test_signs_and_logarithms_that_there_are_none_of_are_refused() -> None:
    with pytest.raises(ValueError, match=r"-1 \(below\), 0 \(observed\) or 1"):
        array([1.0], [2])
    with pytest.raises(ValueError, match="0 has no logarithm"):
        array([0.0, 3.0]).logarithm("log2")


def test_what_a_page_says_becomes_a_value_or_its_limit() -> None:
    held = recorded(
        [5.0, 2.0, np.nan, 0.5, np.nan, 900.0, np.nan, 700.0],
        [False, True, True, False, False, False, False, False],
        [False, False, False, False, False, False, True, True],
        lloq=1.0,
        uloq=800.0,
    )
    assert held.values[[0, 1, 2, 3, 5, 6, 7]].tolist() == [5.0, 2.0, 1.0, 1.0, 800.0, 800.0, 700.0]
    assert np.isnan(held.values[4])
    assert held.signs.tolist() == [0, -1, -1, -1, 0, 1, 1, 1]


def test_a_flag_without_value_or_limit_says_nothing_and_two_flags_are_refused() -> None:
    held = recorded([np.nan, 3.0], [True, True], False)
    assert held.signs.tolist() == [0, -1]
    with pytest.raises(ValueError, match="1 values are flagged as below and above"):
        recorded([1.0], True, True)
