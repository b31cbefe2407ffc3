"""The stream of chance: the same everywhere for ever, even over all its values, and separate for every label."""

from collections import Counter
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from trialwright.allocation.methods import Blocks, list_for
from trialwright.allocation.stream import WORDS, Draws, Stream

ZERO = Stream(bytes(32))
SEEDS = st.binary(min_size=32, max_size=32)


def test_the_published_vector_is_reproduced_for_ever() -> None:
    """Our own vector: zero seed, stratum DM, sizes 4 and 6, one to one. A change here would orphan every sealed
    list.
    """
    arms = list_for(Blocks({"A": 1, "B": 1}, (4, 6)), "DM", 60, ZERO)
    assert "".join(arms)[:60] == "BAABBAABABBABBABAABBAABAABBAAABBABABBABAABABBAABABABBAABABBA"
    draws = ZERO.draws("vector")
    assert [draws.word() for _ in range(3)] == [0x8E2E9B51D0915EAF, 0x1F1732B27357E1B9, 0x1691321D3D28158C]


@given(SEEDS, st.integers(0, 50), st.lists(st.integers(1, 1000), max_size=20))
def test_a_cursor_made_anew_at_a_position_goes_on_alike(seed: bytes, start: int, bounds: list[int]) -> None:
    first, again = Stream(seed).draws("a", start), Stream(seed).draws("a")
    for _ in range(start):
        again.word()
    assert [first.below(bound) for bound in bounds] == [again.below(bound) for bound in bounds]
    assert first.position == again.position


@given(SEEDS, st.text(max_size=8), st.text(max_size=8))
def test_each_label_has_its_own_stream(seed: bytes, one: str, other: str) -> None:
    words = [Stream(seed).draws(label).octets(32) for label in (one, other)]
    assert (words[0] == words[1]) == (one == other)


@given(SEEDS, st.integers(1, WORDS))
def test_an_integer_lies_below_its_bound(seed: bytes, bound: int) -> None:
    assert 0 <= Stream(seed).draws("bound").below(bound) < bound


def test_words_above_the_last_whole_multiple_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three does not divide 2^64: the one word that would favour 0 is thrown away."""
    words = iter([WORDS - 1, 4])
    monkeypatch.setattr(Draws, "word", lambda self: next(words))
    assert ZERO.draws("reject").below(3) == 1


@pytest.mark.parametrize("bound", [0, -1, WORDS + 1])
def test_an_impossible_bound_is_refused(bound: int) -> None:
    with pytest.raises(ValueError, match="cannot be drawn"):
        ZERO.draws("bound").below(bound)


def test_a_seed_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Stream(b"short")


def test_a_stream_does_not_print_its_seed() -> None:
    assert "00" not in repr(ZERO)
    assert repr(ZERO) == "Stream(seed=...)"


@given(SEEDS, st.lists(st.integers(), max_size=12))
def test_shuffling_keeps_every_item(seed: bytes, items: list[int]) -> None:
    assert Counter(Stream(seed).draws("s").shuffled(items)) == Counter(items)


def test_every_order_is_equally_likely() -> None:
    """Chi-square of 24 orders over 12,000 shuffles; the seed is fixed, so the test always says the same."""
    draws = ZERO.draws("permutations")
    counts = Counter(draws.shuffled("abcd") for _ in range(12_000))
    expected = 12_000 / 24
    statistic = sum((counts[order] - expected) ** 2 / expected for order in permutations("abcd"))
    assert 0.001 < chi2.sf(statistic, 23) < 0.999


def test_bits_are_even_and_do_not_run() -> None:
    """Frequency and runs of 16,000 bits within four standard errors."""
    bits = "".join(f"{byte:08b}" for byte in ZERO.draws("bits").octets(2_000))
    ones = bits.count("1")
    runs = 1 + sum(left != right for left, right in pairwise(bits))
    assert abs(ones - 8_000) < 4 * 16_000**0.5 / 2
    assert abs(runs - 8_000) < 4 * 16_000**0.5 / 2
