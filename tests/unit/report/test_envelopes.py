"""Envelopes and cards: every label once, in order, with its own arm inside; nothing that tells who comes next."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.allocation.slots import LABEL_LETTERS
from trialwright.report import code39
from trialwright.report.envelopes import WORDS, Card, Letter, Study, card, envelopes, pattern

STUDY = Study("PRESS", "A small trial", "+31 20 000 0000", "https://break.example")
LETTERS = [
    Letter("WYGN9GK", "Invented tablet", (("Tablet (10 mg/d)", "the product under study"),)),
    Letter("4B3MBCQ", "Placebo", (("Placebo tablet", "placebo"),), "TEST-P: not for a participant"),
]


def sheets(page: str) -> list[str]:
    """The sheets of a page of envelopes."""
    return page.split('<section class="sheet">')[1:]


def test_there_is_one_sheet_per_label_in_the_order_of_labels_with_its_own_arm() -> None:
    first, second = sheets(envelopes(LETTERS, STUDY))
    assert "4B3MBCQ" in first
    assert "WYGN9GK" not in first
    assert "TEST-P: not for a participant" in first
    assert "Invented tablet" in second
    assert "Invented tablet" not in first
    assert first.count(STUDY.telephone) == 2
    assert envelopes(LETTERS[::-1], STUDY) == envelopes(LETTERS, STUDY)


def test_the_outside_of_a_sheet_and_the_pattern_over_it_do_not_depend_on_the_arm() -> None:
    swapped = [
        Letter(one.label, two.arm, two.products, two.note) for one, two in zip(LETTERS, LETTERS[::-1], strict=True)
    ]
    pages = [envelopes(letters, STUDY) for letters in (LETTERS, swapped)]
    outsides = [[sheet.split('<div class="panel inside">')[0] for sheet in sheets(page)] for page in pages]
    assert outsides[0] == outsides[1]
    heads = [page.split('<section class="sheet">')[0] for page in pages]
    assert heads[0] == heads[1]
    assert pages[0] != pages[1]


def test_the_pattern_is_made_of_the_letters_of_all_arms() -> None:
    rows = pattern(["Placebo", "Tablet"])
    assert set("".join(rows).lower()) <= set("placebotablet")
    assert rows == pattern(["Tablet", "Placebo"])
    assert len({len(row) for row in rows}) == 1


@pytest.mark.parametrize("language", sorted(WORDS))
def test_the_card_names_every_treatment_that_is_compared_and_no_more(language: str) -> None:
    found = Card("NORTH-001-I", "WYGN9GK", ("Invented tablet", "Placebo tablet"))
    page = card(found, STUDY, language)
    for said in ("NORTH-001-I", "WYGN9GK", "Invented tablet", "Placebo tablet", STUDY.telephone, STUDY.page):
        assert said in page
    assert f'<html lang="{language}">' in page


def test_every_language_has_every_word() -> None:
    assert len({frozenset(words) for words in WORDS.values()}) == 1


# Code 39 as its standard prints it: nine elements, W wide and n narrow, bars first.
KNOWN = {"*": "nWnnWnWnn", "B": "nnWnnWnnW", "4": "nnnWWnnnW", "K": "WnnnnnnWW", "X": "nWnnWnnnW"}


@pytest.mark.parametrize(("character", "elements"), KNOWN.items())
def test_characters_are_written_as_code_39_has_them(character: str, elements: str) -> None:
    assert code39.widths(character) == [3 if element == "W" else 1 for element in elements]


def test_every_character_has_bars_of_its_own_three_of_them_wide() -> None:
    every = LABEL_LETTERS + "*0123456789"
    drawn = {tuple(code39.widths(character)) for character in every}
    assert len(drawn) == len(set(every))
    assert all(sum(width == code39.WIDE for width in one) == 3 for one in drawn)
    with pytest.raises(ValueError, match="Code 39"):
        code39.widths("a")


@given(st.text(st.sampled_from(LABEL_LETTERS), min_size=1, max_size=8))
def test_bars_are_read_back_as_the_label(label: str) -> None:
    drawn = code39.svg(label)
    bars = [(int(x), int(width)) for x, width in re.findall(r'<rect x="(\d+)" y="0" width="(\d+)"', drawn)]
    gaps = [after[0] - before[0] - before[1] for before, after in pairwise(bars)]
    known = {tuple(code39.widths(character)): character for character in LABEL_LETTERS + "*"}
    read = ""
    for place in range(0, len(bars), 5):
        five = [width for _, width in bars[place : place + 5]]
        between = gaps[place : place + 4]
        read += known[tuple(width for pair in zip(five, [*between, 0], strict=True) for width in pair)[:9]]
    assert read == f"*{label}*"
