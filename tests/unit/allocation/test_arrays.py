"""The methods over many trials at once draw what the pure functions draw, and as often."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.allocation.arrays import drawn, minimised, words_needed, words_of
from trialwright.allocation.methods import (
    BiasedCoin,
    BigStick,
    Blocks,
    Method,
    Minimisation,
    Simple,
    Urn,
    begin,
    list_for,
    next_arm,
)
from trialwright.allocation.predictability import foreseen
from trialwright.allocation.stream import Stream

HALF = {"A": 1, "B": 1}
TWO_TO_ONE = {"A": 1, "B": 2}
THREE = {"A": 1, "B": 1, "C": 1}
UNEQUAL = {"A": 3, "B": 2, "C": 1}
FACTORS = {"sex": ("F", "M"), "site": ("north", "south", "west"), "subtype": ("DM", "IMNM", "OM", "ASyS")}

IN_ADVANCE = st.one_of(
    st.builds(Simple, st.sampled_from([HALF, TWO_TO_ONE, THREE, UNEQUAL])),
    st.builds(lambda sizes: Blocks(HALF, tuple(sizes)), st.sets(st.sampled_from([2, 4, 6, 8]), min_size=1)),
    st.builds(lambda sizes: Blocks(UNEQUAL, tuple(sizes)), st.sets(st.sampled_from([6, 12]), min_size=1)),
    st.builds(lambda limit: BigStick(HALF, limit), st.integers(1, 4)),
    st.builds(lambda p: BiasedCoin(HALF, p), st.sampled_from([Fraction(1, 2), Fraction(2, 3), Fraction(4, 5)])),
    st.builds(Urn, st.sampled_from([HALF, THREE]), st.integers(1, 3), st.integers(0, 3)),
)


@st.composite
def minimisations(draw: st.DrawFn) -> Minimisation:
    """Any minimisation over some of the factors."""
    ratio = draw(st.sampled_from([HALF, TWO_TO_ONE, THREE, UNEQUAL]))
    names = draw(st.lists(st.sampled_from(sorted(FACTORS)), min_size=1, unique=True))
    return Minimisation(
        ratio,
        {name: FACTORS[name] for name in names},
        draw(st.sampled_from(["range", "variance", "standard_deviation", "marginal_balance"])),
        {name: draw(st.integers(1, 3)) for name in names},
        draw(st.sampled_from([Fraction(7, 10), Fraction(4, 5), Fraction(9, 10), Fraction(1)])),
        draw(st.integers(0, 2)),
    )


@settings(max_examples=60)
@given(IN_ADVANCE, st.integers(1, 40), st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=4))
def test_the_words_of_a_stream_give_the_arms_of_its_list(method: Method, n: int, seeds: list[bytes]) -> None:
    streams = [Stream(seed) for seed in seeds]
    words = []
    for stream in streams:
        draws = stream.draws("stratum:all")
        words.append([draws.word() for _ in range(words_needed(method, n))])
    together = drawn(method, np.array(words, dtype=np.uint64), n)
    arms = tuple(method.ratio)
    assert together.arms.shape == together.likeliest.shape == (len(seeds), n)
    for row, stream in zip(together.arms, streams, strict=True):
        assert tuple(arms[arm] for arm in row) == list_for(method, "all", n, stream)


@settings(max_examples=60)
@given(minimisations(), st.integers(1, 25), st.binary(min_size=32, max_size=32))
def test_the_words_of_a_stream_give_the_arms_that_minimisation_draws(method: Minimisation, n: int, seed: bytes) -> None:
    trials = 2
    generator = np.random.default_rng(list(seed))
    levels = {name: generator.integers(0, len(names), (trials, n)) for name, names in method.factors.items()}
    streams = [Stream(bytes([trial]) + seed[1:]) for trial in range(trials)]
    words = [[stream.draws(f"minimisation:{number + 1}").word() for number in range(n)] for stream in streams]
    together = minimised(method, np.array(words, dtype=np.uint64), levels)
    arms = tuple(method.ratio)
    for trial, stream in enumerate(streams):
        state = begin(method)
        for number in range(n):
            here = {name: names[levels[name][trial, number]] for name, names in method.factors.items()}
            arm, state, trace = next_arm(method, state, here, stream)
            assert arm == arms[together.arms[trial, number]]
            foreseeable = max(Fraction(chance) for chance in trace.chances)  # type: ignore[union-attr]
            assert together.likeliest[trial, number] == pytest.approx(float(foreseeable))


@pytest.mark.parametrize(
    "method",
    [
        Simple(TWO_TO_ONE),
        Blocks(HALF, (4, 6)),
        Blocks(UNEQUAL, (6, 12)),
        BigStick(HALF, 3),
        BiasedCoin(HALF),
        Urn(THREE),
    ],
    ids=lambda method: f"{method.name} {'/'.join(map(str, method.ratio.values()))}",
)
def test_ten_thousand_trials_agree_with_the_exact_figures(method: Method) -> None:
    n, trials = 30, 10_000
    made = drawn(method, words_of(11, "agreement", range(trials), words_needed(method, n)), n)
    exact = foreseen(method, n, one=1.0)
    assert made.likeliest.mean() == pytest.approx(exact.guess_rate, abs=0.004)
    assert (made.likeliest == 1).mean() == pytest.approx(exact.deterministic_share, abs=0.004)
    shares = [share / sum(method.ratio.values()) for share in method.ratio.values()]
    for arm, share in enumerate(shares):
        # An error of four standard deviations of simple randomisation, which varies most.
        assert (made.arms == arm).mean() == pytest.approx(share, abs=4 * (share * (1 - share) / (n * trials)) ** 0.5)


def test_words_are_a_function_of_their_address() -> None:
    whole = words_of(5, "one", range(100), 7)
    assert whole.dtype == np.uint64
    assert (words_of(5, "one", [41, 7], 3) == whole[[41, 7], :3]).all()
    assert (words_of(5, "two", range(100), 7) != whole).all()
    assert (words_of(6, "one", range(100), 7) != whole).all()
    assert len(np.unique(whole)) == whole.size


def test_words_are_uniform() -> None:
    top = (words_of(1, "uniform", range(2000), 50) >> np.uint64(60)).ravel()
    counts = np.bincount(top.astype(np.int64), minlength=16)
    expected = top.size / 16
    assert ((counts - expected) ** 2 / expected).sum() < 37.7  # the 0.1 % point of chi-square with 15 degrees


def test_too_few_words_are_refused() -> None:
    with pytest.raises(ValueError, match="words a trial"):
        drawn(Blocks(HALF, (4,)), np.zeros((2, 3), dtype=np.uint64), 8)


def test_minimisation_without_levels_is_refused() -> None:
    method = Minimisation(HALF, {"sex": ("F", "M")})
    words = np.zeros((2, 3), dtype=np.uint64)
    with pytest.raises(TypeError, match="levels"):
        drawn(method, words, 3)
    with pytest.raises(ValueError, match="sex"):
        minimised(method, words, {})
    with pytest.raises(ValueError, match="not declared"):
        minimised(method, words, {"sex": np.full((2, 3), 2)})
