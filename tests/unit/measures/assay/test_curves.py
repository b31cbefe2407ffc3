"""The formula of the standard curve, its derivatives and its inverse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.measures.assay.standard_curves import DOSES, truths

from trialwright.measures.assay.curves import dose_at, gradient, predict, slope

ONE = np.array([[-1.0, 0.5, 2.5, 4.0, 1.0]])


def test_at_e_the_four_parameter_curve_is_half_way() -> None:
    assert predict(ONE, [4.0])[0, 0] == pytest.approx(1.5, abs=1e-15)


def test_a_dose_of_zero_stands_on_the_lower_asymptote_of_a_rising_curve_and_the_upper_of_a_falling_one() -> None:
    falling = ONE * [[-1, 1, 1, 1, 1]]
    assert predict(ONE, [0.0, np.inf])[0].tolist() == [0.5, 2.5]
    assert predict(falling, [0.0, np.inf])[0].tolist() == [2.5, 0.5]


def test_a_missing_dose_gives_a_missing_response() -> None:
    assert np.isnan(predict(ONE, [np.nan])[0, 0])
    assert np.isnan(gradient(ONE, [np.nan])[0, 0, [0, 3, 4]]).all()


def test_the_gradient_at_a_dose_of_zero_is_that_of_the_asymptote_alone() -> None:
    assert gradient(ONE, [0.0])[0, 0].tolist() == [0, 1, 0, 0, 0]


@given(st.integers(0, 2**32 - 1))
def test_the_gradient_is_that_of_finite_differences(seed: int) -> None:
    curves = truths(4, seed, "5pl")
    exact = gradient(curves, DOSES)
    for column in range(5):
        step = np.zeros((4, 5))
        step[:, column] = 1e-6 * np.abs(curves[:, column])
        apart = predict(curves + step, DOSES) - predict(curves - step, DOSES)
        by_difference = apart / (2 * step[:, [column]])
        assert np.allclose(exact[:, :, column], by_difference, rtol=1e-6, atol=1e-7)


@given(st.integers(0, 2**32 - 1))
def test_the_slope_is_that_of_finite_differences_on_the_log_dose(seed: int) -> None:
    curves = truths(4, seed, "5pl")
    apart = predict(curves, DOSES * np.exp(1e-6)) - predict(curves, DOSES * np.exp(-1e-6))
    assert np.allclose(slope(curves, DOSES), apart / 2e-6, rtol=1e-6, atol=1e-8)


@given(st.integers(0, 2**32 - 1))
def test_the_inverse_undoes_the_curve(seed: int) -> None:
    curves = truths(4, seed, "5pl")
    y = predict(curves, DOSES)
    assert np.allclose(predict(curves, dose_at(curves, y)), y, rtol=1e-12)


def test_a_response_at_or_beyond_an_asymptote_has_no_dose() -> None:
    assert np.isnan(dose_at(ONE, [0.4, 0.5, 2.5, 2.6])).all()
