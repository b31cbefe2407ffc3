"""How well an arm can be guessed and how unequal the arms end up: the exact figures, by several roads."""

from fractions import Fraction
from itertools import permutations, product
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.allocation.methods import (
    BiasedCoin,
    BigStick,
    Blocks,
    Method,
    Minimisation,
    NeedsPastArms,
    Simple,
    Urn,
)
from trialwright.allocation.methods.state import Counted
from trialwright.allocation.predictability import (
    TooManyBeliefs,
    expected_correct_guesses,
    foreseen,
    foreseen_at_most,
    greatest_imbalance,
    imbalance_of,
    mean,
    upper,
)

HALF = {"A": 1, "B": 1}
TWO_TO_ONE = {"A": 2, "B": 1}


@pytest.mark.parametrize(("size", "guesses"), [(2, "3/2"), (4, "17/6"), (6, "41/10"), (8, "373/70")])
def test_blocks_of_two_to_eight_give_the_known_figures(size: int, guesses: str) -> None:
    assert expected_correct_guesses(size, HALF) == Fraction(guesses)


@pytest.mark.parametrize("m", range(1, 13))
def test_the_closed_form_holds(m: int) -> None:
    assert expected_correct_guesses(2 * m, HALF) == m + (Fraction(4**m, comb(2 * m, m)) - 1) / 2


@pytest.mark.parametrize(
    ("size", "ratio"),
    [(4, HALF), (6, HALF), (3, {"A": 2, "B": 1}), (6, {"A": 2, "B": 1}), (6, {"A": 1, "B": 1, "C": 1})],
)
def test_trying_every_order_of_the_block_agrees(size: int, ratio: dict[str, int]) -> None:
    unit = sum(ratio.values())
    block = [arm for arm, share in ratio.items() for _ in range(share * size // unit)]
    orders = set(permutations(block))
    total = Fraction(0)
    for order in orders:
        for place, arm in enumerate(order):
            left = [order[place:].count(name) for name in ratio]
            best = [name for name, count in zip(ratio, left, strict=True) if count == max(left)]
            total += Fraction(arm in best, len(best))
    assert expected_correct_guesses(size, ratio) == total / len(orders)


def test_a_size_that_does_not_hold_the_ratio_is_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 2"):
        expected_correct_guesses(5, HALF)


# ------------------------------------------------------------------ whole sequences

SIMULATED: dict[str, tuple[Method, float, float, float, float]] = {
    # design: (right guesses, mean final imbalance, mean greatest imbalance, deterministic share), n = 48, 6,000 runs.
    # The table's guesser knows the size of every block as it begins, and its last block is cut at 48.
    "simple": (Simple(HALF), 0.500, 5.46, 8.23, 0),
    "block 2": (Blocks(HALF, (2,)), 0.750, 0, 1.00, 0.500),
    "block 4": (Blocks(HALF, (4,)), 0.709, 0, 1.99, 0.333),
    "blocks 4/6": (Blocks(HALF, (4, 6)), 0.690, 0.45, 2.39, 0.275),
    "blocks 2/4/6": (Blocks(HALF, (2, 4, 6)), 0.701, 0.38, 2.33, 0.313),
    "big stick 2": (BigStick(HALF, 2), 0.620, 1.00, 2.00, 0.240),
    "big stick 3": (BigStick(HALF, 3), 0.579, 1.31, 3.00, 0.157),
    "Efron 2/3": (BiasedCoin(HALF), 0.621, 1.33, 4.22, 0),
    "Wei urn": (Urn(HALF), 0.553, 3.15, 5.80, 0),
}


@pytest.mark.requirement("RN1")
@pytest.mark.parametrize("design", SIMULATED)
def test_the_simulated_table_lies_within_its_error_of_the_exact_figures(design: str) -> None:
    method, guesses, final, most, deterministic = SIMULATED[design]
    exact = foreseen(method, 48, one=1.0)
    assert exact.guess_rate == pytest.approx(guesses, abs=0.0015)
    assert exact.deterministic_share == pytest.approx(deterministic, abs=0.0015)
    assert mean(exact.imbalance) == pytest.approx(final, abs=0.05)
    assert mean(greatest_imbalance(method, 48, one=1.0)) == pytest.approx(most, abs=0.05)


@pytest.mark.parametrize(("m", "guesses"), [(1, "3/2"), (2, "17/6"), (3, "41/10"), (4, "373/70")])
def test_a_sequence_of_whole_blocks_is_guessed_as_each_block_is(m: int, guesses: str) -> None:
    whole = foreseen(Blocks(HALF, (2 * m,)), 6 * m)
    assert whole.guesses[-1] == 3 * Fraction(guesses)
    assert whole.imbalance == {0: 1}
    # The last run of a block of 2m is 2m / (m + 1) long on average, and certain.
    assert whole.certain[-1] == 3 * Fraction(2 * m, m + 1)


@pytest.mark.parametrize("b", [1, 2, 3, 5])
def test_a_big_stick_comes_to_its_asymptotic_figures(b: int) -> None:
    long = foreseen(BigStick(HALF, b), 400, one=1.0)
    later = slice(300, 400)
    guesses = (long.guesses[later.stop] - long.guesses[later.start]) / 100
    certain = (long.certain[later.stop] - long.certain[later.start]) / 100
    assert guesses == pytest.approx(1 / 2 + 1 / (4 * b), abs=1e-6)
    assert certain == pytest.approx(1 / (2 * b), abs=1e-6)


def test_an_efron_coin_comes_to_its_asymptotic_figure() -> None:
    long = foreseen(BiasedCoin(HALF), 200, one=1.0)
    assert (long.guesses[200] - long.guesses[180]) / 20 == pytest.approx(1 / 2 + 1 / 8, abs=1e-6)


def test_the_imbalance_of_simple_randomisation_is_binomial() -> None:
    exact = foreseen(Simple(TWO_TO_ONE), 5).imbalance
    expected: dict[Fraction, Fraction] = {}
    for a in range(6):
        part = comb(5, a) * Fraction(2, 3) ** a * Fraction(1, 3) ** (5 - a)
        value = imbalance_of((a, 5 - a), (2, 1))
        expected[value] = expected.get(value, Fraction(0)) + part
    assert exact == expected


METHODS = st.one_of(
    st.builds(Simple, st.sampled_from([HALF, TWO_TO_ONE, {"A": 1, "B": 1, "C": 1}])),
    st.builds(lambda sizes: Blocks(HALF, tuple(sizes)), st.sets(st.sampled_from([2, 4, 6]), min_size=1)),
    st.builds(lambda sizes: Blocks(TWO_TO_ONE, tuple(sizes)), st.sets(st.sampled_from([3, 6]), min_size=1)),
    st.builds(lambda limit: BigStick(HALF, limit), st.integers(1, 4)),
    st.builds(lambda p: BiasedCoin(HALF, p), st.sampled_from([Fraction(1, 2), Fraction(2, 3), Fraction(4, 5)])),
    st.builds(lambda a, b: Urn(HALF, a, b), st.integers(1, 3), st.integers(0, 3)),
)


def _likelihood(method: Method, order: tuple[int, ...]) -> Fraction:
    """P(the sequence begins so), by the definition of the method alone; blocks summed over every size of each."""
    assert not isinstance(method, Minimisation)
    if not isinstance(method, Blocks):
        given_, likely = [0] * len(method.ratio), Fraction(1)
        for arm in order:
            likely *= method.chances(Counted(tuple(given_)))[arm]
            given_[arm] += 1
        return likely
    if not order:
        return Fraction(1)
    total = Fraction(0)
    for size in method.sizes:
        block = [share * size // sum(method.ratio.values()) for share in method.ratio.values()]
        head, rest = order[:size], order[size:]
        likely = Fraction(1)
        for arm in head:
            likely *= Fraction(block[arm], sum(block)) if sum(block) else 0
            block[arm] -= 1
        if likely > 0:
            total += likely * _likelihood(method, rest) / len(method.sizes)
    return total


@settings(max_examples=25)
@given(METHODS, st.integers(1, 7))
def test_trying_every_history_agrees_with_what_is_foreseen(method: Method, n: int) -> None:
    """The guesser of this test sees the history alone: what is known of a block is which sizes there are."""
    arms = range(len(method.ratio))
    guesses = certain = Fraction(0)
    for place in range(n):
        for history in product(arms, repeat=place):
            chances = [_likelihood(method, (*history, arm)) for arm in arms]
            guesses += max(chances)
            certain += sum(chances) if sum(chance > 0 for chance in chances) == 1 else 0
    found = foreseen(method, n, "the sizes")
    assert (found.guesses[-1], found.certain[-1]) == (guesses, certain)
    assert sum(found.imbalance.values()) == 1


@given(METHODS, st.integers(1, 12))
def test_who_knows_each_size_foresees_at_least_as_much(method: Method, n: int) -> None:
    each, only = foreseen(method, n), foreseen(method, n, "the sizes")
    assert all(more >= less for more, less in zip(each.guesses, only.guesses, strict=True))
    assert all(more >= less for more, less in zip(each.certain, only.certain, strict=True))


@given(METHODS, st.integers(1, 10))
def test_fractions_and_floats_agree(method: Method, n: int) -> None:
    exact, rounded = foreseen(method, n), foreseen(method, n, one=1.0)
    assert [float(value) for value in exact.guesses] == pytest.approx(list(rounded.guesses))
    assert sum(exact.imbalance.values()) == 1
    assert sum(greatest_imbalance(method, n).values()) == 1


def test_beliefs_that_are_too_many_are_refused_and_bounded() -> None:
    method = Blocks({"A": 1, "B": 1, "C": 1}, (6, 9, 12))
    with pytest.raises(TooManyBeliefs):
        foreseen(method, 40, "the sizes", 1.0)
    bound, each = foreseen_at_most(method, 40, 1.0), foreseen(method, 40, one=1.0)
    assert bound.guesses == each.guesses
    assert 0 < bound.certain[-1] < each.certain[-1]


@pytest.mark.parametrize("method", [Blocks(HALF, (2, 4)), Blocks(TWO_TO_ONE, (3, 6))])
def test_the_bound_agrees_with_what_can_be_enumerated(method: Blocks) -> None:
    bound, exact = foreseen_at_most(method, 12), foreseen(method, 12, "the sizes")
    assert bound.certain == exact.certain
    assert bound.guesses[-1] >= exact.guesses[-1]


def test_upper_is_the_least_value_that_holds_the_share() -> None:
    assert upper({Fraction(0): 0.5, Fraction(2): 0.46, Fraction(4): 0.04}) == 2


def test_minimisation_cannot_be_foreseen_without_those_who_come() -> None:
    with pytest.raises(NeedsPastArms):
        foreseen(Minimisation(HALF, {"sex": ("F", "M")}), 4)


def test_a_guesser_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="each size or the sizes"):
        foreseen(Simple(HALF), 4, "nothing")
