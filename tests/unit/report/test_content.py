"""Numbers as they are printed, and the tree as JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.report.content import Number, Sentence, plain, rounded


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Number(12.345, 1), "12.3"),
        (Number(-1.25, 1), "−1.3"),
        (Number(-0.04, 1), "0.0"),
        (Number(0.625, 0, "", "percent"), "63 %"),
        (Number(0.29, 0, "", "percent"), "29 %"),
        (Number(7098, 0, "U/L"), "7 098 U/L"),
        (Number(None, 2), "–"),
        (Number(0.0004, kind="p"), "< 0.001"),
        (Number(0.0412, kind="p"), "0.041"),
        (Number(0.3549, kind="p"), "0.35"),
        (Number(0.0999, kind="p"), "0.100"),
        (Number(1.0, kind="p"), "1.00"),
        (Number(48), "48"),
    ],
)
def test_a_number_prints_as_a_journal_would(number: Number, text: str) -> None:
    assert number.text == text


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_a_printed_number_is_within_half_a_unit_of_its_last_digit(value: float, digits: int) -> None:
    printed = float(Number(value, digits).text.replace("−", "-").replace(" ", ""))
    assert abs(printed - value) <= 0.5 * 10**-digits * (1 + 1e-9) + 1e-9
    assert float(rounded(value, digits)) == printed


def test_a_sentence_keeps_its_numbers_beside_its_words() -> None:
    sentence = Sentence("{n} of {all}", {"n": Number(3), "all": Number(24)})
    assert plain(sentence) == {
        "text": "3 of 24",
        "numbers": {"n": {"value": 3, "text": "3"}, "all": {"value": 24, "text": "24"}},
    }


def test_a_missing_number_is_null_and_never_nan() -> None:
    assert plain(float("nan")) is None
    assert plain({"a": (1.5, None)}) == {"a": [1.5, None]}
