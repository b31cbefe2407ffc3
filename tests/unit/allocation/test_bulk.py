"""The list drawn up many rows at once is the list that is drawn up row by row."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.allocation import bulk
from trialwright.allocation.annex import Annex
from trialwright.allocation.bulk import Regenerated, regenerated
from trialwright.allocation.methods import BigStick, Blocks, Method, Simple
from trialwright.allocation.slots import draw_up

METHODS = st.sampled_from(
    [
        Blocks({"T": 1, "P": 1}, (4, 6)),
        Blocks({"T": 1, "P": 1}, (2,)),
        Blocks({"A": 2, "B": 1, "C": 1}, (4, 8, 12)),
        Simple({"T": 1, "P": 1}),
        BigStick({"T": 1, "P": 1}, 3),
    ]
)


def by_rows(annex: Annex, strata: list[str], n: int, seed: bytes) -> Regenerated:
    """The columns as `draw_up` and `leaf` give them."""
    slots = draw_up(annex, strata, n, seed)
    return Regenerated(
        [slot.stratum for slot in slots],
        [slot.position for slot in slots],
        [slot.label for slot in slots],
        [slot.arm for slot in slots],
        [slot.leaf(annex.trial, annex.sha256) for slot in slots],
    )


@pytest.mark.requirement("RN5")
@settings(max_examples=40)
@given(
    METHODS,
    st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4, unique=True),
    st.integers(1, 130),
    st.binary(min_size=32, max_size=32),
)
def test_both_ways_give_the_same_list(method: Method, strata: list[str], n: int, seed: bytes) -> None:
    annex = Annex("PRESS", method, "5a" * 32)
    assert regenerated(annex, strata, n, seed) == by_rows(annex, strata, n, seed)


@pytest.mark.requirement("RN5")
def test_they_agree_over_more_rows_than_one_stretch_and_more_digits_than_three() -> None:
    annex = Annex("PRESS", Blocks({"T": 1, "P": 1}, (2, 4)), "5a" * 32)
    assert regenerated(annex, ["a", "b"], 5_000, b"s" * 32) == by_rows(annex, ["a", "b"], 5_000, b"s" * 32)


def test_a_word_that_might_be_rejected_is_left_to_the_simple_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a word comes once in 10^9 words; here every word counts as one, and the list is the same."""
    annex = Annex("PRESS", Blocks({"T": 1, "P": 1}, (2, 4)), "5a" * 32)
    monkeypatch.setattr(bulk, "ON_THE_SAFE_SIDE", 0)
    with pytest.raises(bulk.Rejected):
        bulk._at_once(annex, ["a"], 6, bytes(32))
    assert regenerated(annex, ["a"], 6, bytes(32)) == by_rows(annex, ["a"], 6, bytes(32))


@pytest.mark.parametrize(("strata", "n"), [([], 4), (["a", "a"], 4), (["a"], 0)])
def test_a_list_without_strata_or_slots_is_refused_by_both(strata: list[str], n: int) -> None:
    annex = Annex("PRESS", Blocks({"T": 1, "P": 1}, (2, 4)), "5a" * 32)
    for one in (regenerated, draw_up):
        with pytest.raises(ValueError, match="at least one stratum"):
            one(annex, strata, n, bytes(32))
