"""Long lines on a terminal."""

from hypothesis import given
from hypothesis import strategies as st

from trialwright.cli.wrapped import folded, wrapped

WORDS = st.lists(st.text("abc-é", min_size=1, max_size=12), min_size=1, max_size=40)


@given(WORDS, st.integers(40, 120), st.integers(0, 8), st.integers(0, 6))
def test_folding_keeps_every_word_and_no_line_is_too_wide(words: list[str], width: int, start: int, hang: int) -> None:
    text = " " * start + " ".join(words)
    lines = folded(text, width, hang).split("\n")
    assert " ".join(lines).split() == words
    assert max(map(len, lines)) <= width
    assert all(line.startswith(" " * (start + hang)) for line in lines[1:])


def test_columns_and_empty_lines_stay() -> None:
    text = "PRIMARY    primary  a difference of means\n\nLAST       other    short"
    assert folded(text, 30, 2) == "PRIMARY    primary  a\n  difference of means\n\nLAST       other    short"


def test_in_a_pipe_a_line_stays_a_line() -> None:
    assert wrapped("word " * 100) == "word " * 100
