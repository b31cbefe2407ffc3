"""Kit numbers: one pool, a check letter, nothing that counts."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from trialwright.allocation.kit_numbers import DIGITS, LETTERS, kit_number, kit_numbers, number_is_right
from trialwright.allocation.stream import Stream

NUMBERS = list(islice(kit_numbers(Stream(bytes(32)).draws("kit number")), 500))
SOME = st.sampled_from(NUMBERS)


def test_numbers_are_six_digits_and_a_letter_and_no_two_are_alike() -> None:
    assert len(set(NUMBERS)) == len(NUMBERS)
    assert all(number[:DIGITS].isdecimal() and number[DIGITS:] in LETTERS for number in NUMBERS)
    assert all(map(number_is_right, NUMBERS))


def test_numbers_that_are_taken_are_passed_over() -> None:
    taken = NUMBERS[:100]
    again = list(islice(kit_numbers(Stream(bytes(32)).draws("kit number"), taken), 100))
    assert again == NUMBERS[100:200]


@given(SOME, st.integers(0, DIGITS - 1), st.sampled_from("0123456789"))
def test_every_single_wrong_digit_is_found(number: str, place: int, digit: str) -> None:
    wrong = number[:place] + digit + number[place + 1 :]
    assert number_is_right(wrong) == (wrong == number)


@given(SOME, st.integers(0, DIGITS - 2))
def test_every_swap_of_two_neighbours_is_found(number: str, place: int) -> None:
    wrong = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert number_is_right(wrong) == (wrong == number)


@given(st.text(max_size=9))
def test_a_text_of_another_shape_is_no_number(text: str) -> None:
    shaped = len(text) == DIGITS + 1 and text[:DIGITS].isdecimal() and text[DIGITS] in LETTERS
    assert shaped or not number_is_right(text)


def test_a_number_is_read_as_it_is_typed() -> None:
    number = NUMBERS[0]
    for typed in (number.lower(), f"{number[:3]} {number[3:]}", f"{number[:6]}-{number[6]}"):
        assert kit_number(typed) == number
