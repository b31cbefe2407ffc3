"""The size looked at again half way: blinded it depends on nobody's arm, unblinded it keeps alpha."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.analysis.power import BadQuestion, means
from trialwright.analysis.reestimation import blinded_means, blinded_shares, promising_zone
from trialwright.analysis.sequential import combined


def test_the_spread_of_everybody_asks_for_what_the_t_test_asks() -> None:
    found = blinded_means(26.0, 24, 20)
    assert found.needed == pytest.approx(means.sample_size(0.8, 20, 26))
    assert (found.size.total, found.held) == (56, "")


def test_the_adjusted_spread_is_the_true_one_on_average() -> None:
    chance = np.random.default_rng(11)
    outcomes = chance.normal(0, 24, (20_000, 24)) + 20 * np.repeat([0, 1], 12)
    variance = outcomes.var(axis=1, ddof=1).mean()
    found = blinded_means(float(variance**0.5), 24, 20, adjusted=True)
    assert found.seen == pytest.approx(24, rel=0.01)
    assert blinded_means(float(variance**0.5), 24, 20).seen > 25


def test_floor_and_ceiling_hold_and_say_so() -> None:
    low = blinded_means(10, 24, 20, floor=48)
    assert (low.size.total, low.held) == (48, "floor")
    high = blinded_means(60, 24, 20, ceiling=90)
    assert (high.size.total, high.held) == (90, "ceiling")
    with pytest.raises(BadQuestion, match="above the largest"):
        blinded_means(24, 24, 20, floor=90, ceiling=48)


@settings(max_examples=30, deadline=None)
@given(st.integers(20, 60), st.data())
def test_shares_of_both_arms_average_to_the_one_seen(n: int, data: st.DataObject) -> None:
    events = data.draw(st.integers(n // 3, 2 * n // 3))
    found = blinded_shares(events, n, 0.3)
    assert found.seen == events / n
    assert found.size.total >= found.needed


def test_a_difference_that_leaves_the_possible_shares_is_refused() -> None:
    with pytest.raises(BadQuestion, match="plan with a smaller one"):
        blinded_shares(1, 30, 0.4)


def test_the_promising_zone_reaches_the_wanted_conditional_power_or_the_ceiling() -> None:
    found = promising_zone(1.3, 24, 48, 200, power=0.8)
    assert found.zone == "promising"
    assert 48 < found.n < 200
    assert found.conditional_power_then == pytest.approx(0.8, abs=0.01)
    assert promising_zone(1.3, 24, 48, 60, power=0.8).n == 60
    assert promising_zone(0.2, 24, 48, 200).zone == "unfavourable"
    assert promising_zone(2.6, 24, 48, 200).zone == "favourable"
    assert promising_zone(2.6, 24, 48, 200).n == 48


def test_a_grown_trial_keeps_alpha_with_the_planned_weights() -> None:
    chance = np.random.default_rng(2)
    from scipy.special import ndtr

    trials, hits = 20_000, 0
    stages = chance.standard_normal(
        (trials, 2)
    )  # under no effect the second stage is standard normal whatever its size
    grown = [promising_zone(float(z), 24, 48, 200).n > 48 for z in stages[:, 0]]
    for first, second in stages:
        hits += combined(ndtr(-np.array([first, second])).tolist(), (1, 1))[1] >= 1.959963984540054
    assert 0.02 < np.mean(grown) < 0.3
    assert hits / trials == pytest.approx(0.025, abs=0.004)
