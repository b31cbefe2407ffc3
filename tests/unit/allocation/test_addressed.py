"""An addressed stream draws for one trial, by the pure methods, what the arrays draw for all trials at once."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.allocation.test_arrays import IN_ADVANCE, minimisations

from trialwright.allocation.addressed import AddressedStream
from trialwright.allocation.arrays import drawn, minimised, words_needed, words_of
from trialwright.allocation.methods import Method, Minimisation, begin, list_for, next_arm
from trialwright.allocation.stream import Stream


def stream_of(seed: int, trial: int) -> AddressedStream:
    return AddressedStream(bytes(32), seed, trial)


@settings(max_examples=60)
@given(IN_ADVANCE, st.integers(1, 60), st.integers(0, 2**40), st.lists(st.integers(0, 2**60), min_size=1, max_size=3))
def test_a_list_of_addressed_words_holds_the_arms_of_the_arrays(
    method: Method, n: int, seed: int, trials: list[int]
) -> None:
    words = words_of(seed, "stratum:sex=F", trials, words_needed(method, n))
    together = drawn(method, words, n, foresight=False).arms
    arms = tuple(method.ratio)
    for row, trial in zip(together, trials, strict=True):
        assert tuple(arms[arm] for arm in row) == list_for(method, "sex=F", n, stream_of(seed, trial))


@settings(max_examples=40)
@given(minimisations(), st.integers(1, 20), st.integers(0, 2**40))
def test_addressed_minimisation_draws_the_arms_of_the_arrays(method: Minimisation, n: int, seed: int) -> None:
    trials = [3, 2**50]
    generator = np.random.default_rng(seed)
    levels = {name: generator.integers(0, len(names), (2, n)) for name, names in method.factors.items()}
    together = minimised(method, words_of(seed, "minimisation", trials, n), levels).arms
    arms = tuple(method.ratio)
    for row, trial in enumerate(trials):
        state, stream = begin(method), stream_of(seed, trial)
        for number in range(n):
            here = {name: names[levels[name][row, number]] for name, names in method.factors.items()}
            arm, state, _ = next_arm(method, state, here, stream)
            assert arm == arms[together[row, number]]


def test_labels_and_nonces_still_follow_from_the_bytes_of_the_seed() -> None:
    addressed, sealed = AddressedStream(b"s" * 32, 1, 2), Stream(b"s" * 32)
    for label in ("label", "nonce:sex=F"):
        assert addressed.draws(label, 3).octets(40) == sealed.draws(label, 3).octets(40)
    assert addressed.draws("stratum:sex=F").word() != sealed.draws("stratum:sex=F").word()


def test_a_cursor_goes_on_where_another_stood() -> None:
    stream = stream_of(5, 9)
    draws = stream.draws("stratum:all")
    words = [draws.word() for _ in range(300)]
    assert [stream.draws("stratum:all", place).word() for place in (0, 63, 64, 150, 299)] == [
        words[place] for place in (0, 63, 64, 150, 299)
    ]
    assert len(set(words)) == 300
