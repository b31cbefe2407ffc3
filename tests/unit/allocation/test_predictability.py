"""How well a block can be guessed: the exact figures, by three roads."""

from fractions import Fraction
from itertools import permutations
from math import comb

import pytest

from trialwright.allocation.predictability import expected_correct_guesses

HALF = {"A": 1, "B": 1}


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
