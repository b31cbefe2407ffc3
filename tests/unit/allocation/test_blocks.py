"""Permuted blocks: balance, purity, and what cannot be declared."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from trialwright.allocation.methods import Blocks, State, list_for, next_arm
from trialwright.allocation.stream import Stream

SEEDS = st.binary(min_size=32, max_size=32)
SCHEMES = st.sampled_from(
    [
        Blocks({"A": 1, "B": 1}, (4, 6)),
        Blocks({"A": 1, "B": 1}, (2,)),
        Blocks({"ivig": 2, "placebo": 1}, (3, 6, 9)),
        Blocks({"low": 1, "high": 1, "none": 2}, (4, 8)),
    ]
)


@settings(max_examples=60)
@given(SCHEMES, SEEDS, st.lists(st.sampled_from(["DM", "other"]), max_size=60))
def test_drawing_one_by_one_follows_the_list_of_each_stratum(blocks: Blocks, seed: bytes, coming: list[str]) -> None:
    state = State()
    drawn: dict[str, list[str]] = {}
    for stratum in coming:
        arm, state, trace = next_arm(blocks, state, {"group": stratum}, Stream(seed))
        drawn.setdefault(trace.stratum, []).append(arm)
        assert trace.after == state.strata[trace.stratum]
    for name, arms in drawn.items():
        assert tuple(arms) == list_for(blocks, name, len(arms), Stream(seed))


@settings(max_examples=60)
@given(SCHEMES, SEEDS, st.integers(1, 40))
def test_each_draw_can_be_repeated_alone_from_its_trace(blocks: Blocks, seed: bytes, number: int) -> None:
    state = State()
    for _ in range(number):
        arm, state, trace = next_arm(blocks, state, {}, Stream(seed))
    again, after, _ = next_arm(blocks, State({"all": trace.before}), {}, Stream(seed))
    assert (again, after.strata["all"]) == (arm, trace.after)


@settings(max_examples=60)
@given(SCHEMES, SEEDS, st.integers(1, 60))
def test_the_imbalance_never_exceeds_half_the_largest_block(blocks: Blocks, seed: bytes, n: int) -> None:
    arms = list_for(blocks, "DM", n, Stream(seed))
    unit = sum(blocks.ratio.values())
    assert len(arms) == n
    for end in range(n + 1):
        counts = Counter(arms[:end])
        behind = max(share * end / unit - counts[arm] for arm, share in blocks.ratio.items())
        assert behind <= max(blocks.sizes) / 2


def test_every_permutation_of_a_block_is_equally_likely() -> None:
    """Chi-square over 6,000 blocks of four, and over the two sizes; the seed is fixed."""
    four = list_for(Blocks({"A": 1, "B": 1}, (4,)), "DM", 24_000, Stream(bytes(32)))
    counts = Counter(four[start : start + 4] for start in range(0, 24_000, 4))
    assert len(counts) == 6
    statistic = sum((count - 1000) ** 2 / 1000 for count in counts.values())
    assert 0.001 < chi2.sf(statistic, 5) < 0.999


@pytest.mark.parametrize(
    ("ratio", "sizes", "sentence"),
    [
        ({"A": 1, "B": 1}, (4, 5), "block size 5 does not hold the ratio; sizes are multiples of 2"),
        ({"A": 2, "B": 1}, (4,), "multiples of 3"),
        ({"A": 1, "B": 1}, (), "at least one block size"),
        ({"A": 1, "B": 1}, (4, 4), "each once"),
        ({"A": 1}, (4,), "at least two arms"),
        ({"A": 1, "B": 0}, (4,), "share of 1 or more"),
        ({"A": 1, "B": 1}, (0,), "multiples of 2"),
    ],
)
def test_an_impossible_scheme_is_refused(ratio: dict[str, int], sizes: tuple[int, ...], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Blocks(ratio, sizes)
