"""The variance function of an assay is found again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.measures.assay.standard_curves import DOSES, responses

from trialwright.measures.assay.variance import estimate, iterate

TRUTH = np.array([[-1.0, 0.05, 2.5, 4.0, 1.0]])


@given(st.floats(0, 1.5), st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_theta_is_found_from_replicates(theta: float, seed: int) -> None:
    y = responses(np.repeat(TRUTH, 200, axis=0), seed, 0.03, theta)
    found = estimate(DOSES, y)
    assert abs(found.theta - theta) < 5.5 * found.se
    assert found.sigma == pytest.approx(0.03, rel=0.1)
    assert 0.005 < found.se < 0.03


def test_theta_is_found_from_residuals() -> None:
    y = responses(np.repeat(TRUTH, 150, axis=0), 11, 0.03, 0.8)
    fits, found = iterate(DOSES, y)
    assert abs(found.theta - 0.8) < 4 * found.se
    assert found.sigma == pytest.approx(0.03, rel=0.06)
    assert found.degrees == pytest.approx(150 * 12, rel=0.02)
    assert fits.theta == pytest.approx(found.theta, abs=1e-5)


def test_other_units_leave_theta_as_it_is() -> None:
    y = responses(np.repeat(TRUTH, 30, axis=0), 1, 0.03, 0.8)
    one, other = estimate(DOSES, y), estimate(DOSES * 10, y * 50)
    assert other.theta == pytest.approx(one.theta, rel=1e-9)
    assert other.sigma == pytest.approx(one.sigma * 50 ** (1 - one.theta), rel=1e-9)


def test_without_replicates_nothing_is_estimated() -> None:
    found = estimate(DOSES[::2], responses(TRUTH, 1, 0.03, dose=DOSES[::2]))
    assert np.isnan(found.theta)
    assert found.degrees == 0


@pytest.mark.long
def test_the_intervals_of_theta_hold_it_in_ninety_five_of_a_hundred_assays() -> None:
    held = []
    for seed in range(2000):
        found = estimate(DOSES, responses(np.repeat(TRUTH, 20, axis=0), seed, 0.03, 0.8))
        held.append(found.lower <= 0.8 <= found.upper)
    assert 0.93 < np.mean(held) < 0.97
