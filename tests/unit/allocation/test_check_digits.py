"""Check characters: published examples, and that the mistakes people make are found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.allocation import check_character
from trialwright.allocation.check_digits import ALPHABET, pure_check_character

CODES = st.text(ALPHABET, min_size=2, max_size=12)


def test_known_examples() -> None:
    """A release identifier of music (GRid) carries MOD 37,36; a blood donation number (ISBT 128) MOD 37,2."""
    assert check_character("A12425GABC1234002") == "M"
    assert pure_check_character("G123489654321") == "Y"


def test_separators_and_small_letters_do_not_count() -> None:
    assert check_character("amc-007") == check_character("AMC007")


@pytest.mark.parametrize("text", ["", "--", "é"])
def test_nothing_to_check_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no letter or digit"):
        check_character(text)


@given(CODES, st.data())
def test_every_single_wrong_character_is_found(code: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(code) - 1))
    wrong = data.draw(st.sampled_from([letter for letter in ALPHABET if letter != code[place]]))
    mistyped = code[:place] + wrong + code[place + 1 :]
    assert check_character(mistyped) != check_character(code)
    assert pure_check_character(mistyped) != pure_check_character(code)


@given(CODES, st.data())
def test_every_swap_of_two_neighbours_is_found_in_a_label(code: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(code) - 2))
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert swapped == code or pure_check_character(swapped) != pure_check_character(code)


def test_nearly_every_swap_in_a_number_is_found() -> None:
    """Of all pairs of neighbours at the end of a number, those that slip through are counted."""
    pairs = [(a, b) for a in ALPHABET for b in ALPHABET if a != b]
    missed = [pair for pair in pairs if check_character("".join(pair)) == check_character(pair[1] + pair[0])]
    assert len(missed) / len(pairs) < 0.03
