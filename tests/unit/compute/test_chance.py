"""Addressed chance: the published vectors, the reference beside the arrays, the distributions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trialwright.compute import chance, native

WORD = st.integers(0, 2**32 - 1)

KNOWN_ANSWERS = [
    # Random123, kat_vectors, philox4x32 with 10 rounds: counter, key, output.
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "keys", "answer"), KNOWN_ANSWERS)
def test_the_cipher_gives_the_published_known_answers(counter, keys, answer) -> None:
    assert chance.philox_reference(counter, keys) == answer
    assert tuple(int(word) for word in chance.philox(counter, keys)) == answer


@given(st.tuples(WORD, WORD, WORD, WORD), st.tuples(WORD, WORD))
def test_the_cipher_on_arrays_equals_the_cipher_in_plain_integers(counter, keys) -> None:
    assert tuple(int(word) for word in chance.philox(counter, keys)) == chance.philox_reference(counter, keys)


@given(st.integers(0, 2**80), st.text(max_size=12), st.integers(0, 2**64 - 1), WORD, WORD)
@settings(max_examples=200)
def test_a_draw_equals_its_scalar_reference(seed, variable, trial, slot, visit) -> None:
    draw = chance.uniform(seed, variable, np.uint64(trial), slot, visit)
    assert float(draw) == chance.uniform_reference(seed, variable, trial, slot, visit)
    assert 0 < float(draw) < 1


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_a_draw_does_not_depend_on_which_others_are_asked_for(trials, slots, visits, random) -> None:
    whole = chance.uniform(7, "x", np.arange(trials)[:, None, None], np.arange(slots)[:, None], np.arange(visits))
    trial, slot, visit = random.randrange(trials), random.randrange(slots), random.randrange(visits)
    assert whole[trial, slot, visit] == chance.uniform(7, "x", trial, slot, visit)
    backwards = chance.uniform(7, "x", np.arange(trials)[::-1], slot, visit)
    assert np.array_equal(backwards[::-1], whole[:, slot, visit])


@given(st.lists(st.text(max_size=5), min_size=1, max_size=6), st.integers(1, 30), st.integers(1, 9))
@settings(max_examples=40)
def test_several_variables_at_once_are_the_same_draws(variables, slots, visits) -> None:
    address = (2**40 + 3, np.arange(slots)[:, None], np.arange(visits))
    together = chance.uniforms(7, variables, *address)
    assert together.shape == (len(variables), slots, visits)
    for variable, draws in zip(variables, together, strict=True):
        assert np.array_equal(draws, chance.uniform(7, variable, *address))


def test_blocks_of_a_long_array_are_joined_without_a_seam() -> None:
    count = 2 * chance.BLOCK + 3
    whole = chance.uniform(1, "x", 0, np.arange(count), 0)
    edges = [0, chance.BLOCK - 1, chance.BLOCK, count - 1]
    assert [whole[edge] for edge in edges] == [chance.uniform_reference(1, "x", 0, edge, 0) for edge in edges]


SHAPES = st.lists(
    st.sampled_from([(), (1,), (7,), (3, 1), (3, 7), (5, 1, 1), (5, 3, 7), (1, 3, 1)]), min_size=3, max_size=3
)


@given(SHAPES, st.integers(1, 5), st.integers(0, 2**32))
@settings(max_examples=60)
def test_the_kernel_draws_what_the_reference_draws(kernel, shapes, variables, salt) -> None:
    words = [
        np.random.default_rng(salt + place).integers(0, 2**64 - 1 if place == 0 else 2**32, shape, dtype=np.uint64)
        for place, shape in enumerate(shapes)
    ]
    keys = np.array([chance.key(salt, f"v{number}") for number in range(variables)], dtype=np.uint64)
    drawn = chance._uniforms_of(kernel, keys, np.broadcast_arrays(*words))
    assert np.array_equal(drawn, chance.uniforms_reference(keys, *words))


@pytest.mark.parametrize("width", native.WIDTHS)
def test_every_width_draws_the_same(kernel, width) -> None:
    before = native.width() or ""
    if kernel.tw_width(width.encode()) < 0:
        pytest.skip(f"this machine has no {width}")
    slots, visits = np.arange(300)[:, None], np.arange(7)
    drawn = chance.uniforms(5, ["a", "b"], 2**40 + 1, slots, visits)
    kernel.tw_width(before.encode())
    keys = np.array([chance.key(5, name) for name in "ab"], dtype=np.uint64)
    words = [np.asarray(word, dtype=np.uint64) for word in (2**40 + 1, slots, visits)]
    assert np.array_equal(drawn, chance.uniforms_reference(keys, *words))
    assert drawn[1, 299, 6] == chance.uniform_reference(5, "b", 2**40 + 1, 299, 6)


def test_the_extreme_bits_stay_inside_the_open_interval() -> None:
    ends = chance._fraction(np.array([0, 2**32 - 1], dtype=np.uint64), np.array([0, 2**32 - 1], dtype=np.uint64))
    assert ends.tolist() == [2.0**-53, 1 - 2.0**-53]
    assert np.isfinite(chance.normal(ends)).all()


@pytest.mark.parametrize(
    "address",
    [("x", 0, -1, 0), ("x", -1, 0, 0), ("x", 0, 0, 2**32), ("x", 0, 2**32, 0)],
)
def test_an_address_outside_its_words_is_refused(address) -> None:
    with pytest.raises(ValueError, match=r"slot or visit|from 0"):
        chance.uniform(1, *address)


def test_a_fractional_address_and_a_negative_seed_are_refused() -> None:
    with pytest.raises(TypeError, match="whole number"):
        chance.uniform(1, "x", 0, 0.5, 0)
    with pytest.raises(ValueError, match="negative"):
        chance.uniform(-1, "x", 0, 0, 0)


def test_different_variables_and_seeds_give_unrelated_draws() -> None:
    draws = [
        chance.uniform(seed, name, 0, np.arange(20_000), 0) for seed, name in ((1, "a"), (1, "b"), (2, "a"), (12, "a"))
    ]
    correlation = np.corrcoef(draws)
    assert np.abs(correlation - np.eye(4)).max() < 4.5 / np.sqrt(20_000)


def test_uniform_draws_along_every_axis_of_the_address_are_uniform() -> None:
    count = 50_000
    for axis in range(3):
        address = [3, 5, 7]
        address[axis] = np.arange(count)
        assert stats.kstest(chance.uniform(11, "x", *address), "uniform").pvalue > 1e-4


def test_quantiles_give_their_distributions() -> None:
    u = chance.uniform(3, "q", 0, np.arange(50_000), 0)
    assert stats.kstest(chance.normal(u, 2, 3), stats.norm(2, 3).cdf).pvalue > 1e-4
    assert stats.kstest(chance.lognormal(u, 28, 0.55), stats.lognorm(0.55, scale=28).cdf).pvalue > 1e-4
    assert stats.kstest(chance.exponential(u, 4), stats.expon(scale=4).cdf).pvalue > 1e-4
    assert stats.kstest(chance.between(u, -1, 5), stats.uniform(-1, 6).cdf).pvalue > 1e-4
    assert abs(chance.bernoulli(u, 0.3).mean() - 0.3) < 5 * np.sqrt(0.21 / u.size)
    for counts, weights in (
        (np.bincount(chance.categorical(u, [45, 27, 20, 8])), [0.45, 0.27, 0.20, 0.08]),
        (np.bincount(chance.integer(u, 0, 4)), [0.2] * 5),
    ):
        assert stats.chisquare(counts, np.array(weights) * u.size).pvalue > 1e-4


@given(
    st.lists(st.floats(0, 10), min_size=1, max_size=6).filter(lambda weights: sum(weights) > 1e-3),
    st.integers(0, 2**52 - 1),
)
def test_a_category_without_weight_never_comes(weights, bits) -> None:
    u = (2 * bits + 1) / 2**53
    assert weights[int(chance.categorical(u, weights))] > 0


def test_an_integer_draw_stays_within_its_bounds() -> None:
    ends = np.array([2.0**-53, 1 - 2.0**-53])
    assert chance.integer(ends, 2, 5).tolist() == [2, 5]
    assert chance.integer(ends, 7, 7).tolist() == [7, 7]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_impossible_weights_are_refused(weights) -> None:
    with pytest.raises(ValueError, match="weights"):
        chance.categorical(0.5, weights)


def test_octets_are_addressed_too() -> None:
    whole = chance.octets(1, "salt", 4, 0, 0, 10)
    assert len(whole) == 160
    assert chance.octets(1, "salt", 4, 0, 7, 1) == whole[112:128]
    assert chance.octets(1, "salt", 5, 0, 7, 1) != whole[112:128]
