"""Counts and exact sums: nothing is rounded before everything is added up."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.simulate.tallies import (
    UNIT,
    deviation,
    drawer,
    exact_sum,
    mean,
    merged,
    paired_share,
    share,
    tallied,
    under,
)

doubles = st.floats(-1e150, 1e150, allow_nan=False, allow_subnormal=True)


@given(st.lists(doubles, max_size=60))
def test_a_sum_is_exact(values: list[float]) -> None:
    assert Fraction(exact_sum(values), 1 << UNIT) == sum(map(Fraction, values), Fraction(0))


@given(st.lists(doubles, min_size=1, max_size=60), st.data())
def test_whatever_the_chunks_and_their_order_the_tally_is_the_same(values: list[float], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=5)))
    edges = [0, *cuts, len(values)]
    parts = [tallied(x=values[start:stop]) for start, stop in pairwise(edges)]
    assert merged(data.draw(st.permutations(parts))) == tallied(x=values)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40))
def test_mean_and_deviation_are_those_of_the_values(values: list[float]) -> None:
    tally = tallied(x=values)
    middle, spread = mean(tally, "x", len(values)), deviation(tally, "x", len(values))
    assert middle.value == pytest.approx(math.fsum(values) / len(values), rel=1e-12, abs=1e-9)
    # Each square is rounded once before it is added up.
    rounding = 1e-15 * max(value * value for value in values) + 1e-300
    assert (spread.value or 0.0) ** 2 == pytest.approx(float(np.var(values, ddof=1)), rel=1e-9, abs=2 * rounding)
    assert middle.error == pytest.approx((spread.value or 0.0) / math.sqrt(len(values)))


def test_a_number_that_is_none_is_refused() -> None:
    for wrong in (math.nan, math.inf):
        with pytest.raises(ValueError, match="finite"):
            exact_sum([1.0, wrong])


def test_a_quantity_that_never_varies_has_no_spread() -> None:
    tally = tallied(x=[0.1] * 10)
    assert mean(tally, "x", 10).value == pytest.approx(0.1)
    assert (deviation(tally, "x", 10).value or 0.0) < 1e-8


def test_without_trials_nothing_is_known() -> None:
    assert mean({}, "x", 0).value is None
    assert deviation(tallied(x=[1.0]), "x", 1).value is None
    assert share(0, 0).value is None
    assert paired_share(0, 0, 0).error is None


def test_a_share_of_nought_still_says_how_much_is_known() -> None:
    none = share(0, 1000)
    assert (none.value, none.error, none.lower) == (0.0, 0.0, 0.0)
    assert none.upper == pytest.approx(0.003827, abs=1e-6)  # Wilson: z²/(n + z²)
    assert share(250, 1000).error == pytest.approx(math.sqrt(0.25 * 0.75 / 1000))


def test_a_paired_difference_knows_that_the_trials_are_the_same() -> None:
    """Ten trials; the first rejects in three that the second does not, the second in one that the first does not."""
    differences = np.array([1, 1, 1, -1, 0, 0, 0, 0, 0, 0])
    found = paired_share(3, 1, 10)
    assert found.value == pytest.approx(differences.mean())
    assert found.error == pytest.approx(differences.std() / math.sqrt(10))


def test_what_is_put_in_a_drawer_comes_out_as_it_was() -> None:
    tally = tallied(x=[1.5, 2.5])
    assert drawer("a", {**under("a", tally), **under("ab", {"y": 1})}) == tally
