"""Kenward and Roger's method is exact where an exact test exists, and elsewhere what its formulae say, written out."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import fdtrc
from tests.unit.analysis.mmrm.small_trials import balanced_trial, dense_covariance, small_trial

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.mmrm.covariance import coordinates, structure
from trialwright.analysis.mmrm.inference import inference
from trialwright.analysis.mmrm.kenward_roger import adjusted
from trialwright.analysis.mmrm.records import Fit, Floats
from trialwright.analysis.mmrm.reference import reference
from trialwright.analysis.mmrm.sensitivity import sensitivities


@settings(max_examples=10)
@given(st.integers(0, 10_000), st.integers(5, 9), st.integers(2, 3))
def test_over_all_visits_of_complete_data_it_is_hotellings_test(seed: int, half: int, m: int) -> None:
    n = 2 * half
    data = balanced_trial(seed, n, m)
    found = inference(reference(data)).joint(np.eye(2 * m)[m:])
    outcome = data.outcome.reshape(n, m)
    first, second = outcome[::2], outcome[1::2]
    gap = second.mean(axis=0) - first.mean(axis=0)
    pooled = ((half - 1) * np.cov(first.T) + (half - 1) * np.cov(second.T)) / (n - 2)
    squared = float(gap @ np.linalg.solve(pooled * 2 / half, gap))
    df = n - m - 1
    expected = squared * df / (m * (n - 2))
    assert (found.F, found.df1, found.df2) == pytest.approx((expected, m, df), rel=1e-8)
    assert found.p == pytest.approx(float(fdtrc(m, df, expected)), rel=1e-7)
    assert found.scale == pytest.approx(df / (n - 2), rel=1e-8)


@settings(max_examples=5)
@given(st.integers(0, 10_000))
def test_at_one_visit_of_complete_data_it_is_the_t_test(seed: int) -> None:
    data = balanced_trial(seed, 12, 3)
    found = inference(reference(data)).contrast(np.eye(6)[3:])
    assert found.df == pytest.approx(10.0, rel=1e-9)
    outcome = data.outcome.reshape(12, 3)
    spread = (outcome[::2].var(axis=0, ddof=1) + outcome[1::2].var(axis=0, ddof=1)) / 6
    assert found.se == pytest.approx(np.sqrt(spread), rel=1e-9)


def test_it_adjusts_nothing_in_a_split_plot() -> None:
    fit = reference(balanced_trial(3, 10, 4), "cs")
    average = np.concatenate([np.zeros(4), np.full(4, 0.25)])
    found = inference(fit, "kenward-roger").contrast(average)
    assert found.df == pytest.approx(8.0, rel=1e-9)
    assert found.se[0] ** 2 == pytest.approx(float(average @ fit.phi @ average), rel=1e-9)


def in_sas_parameters(name: str, theta: Floats, m: int) -> tuple[Floats, Callable[[Floats], Floats]]:
    """The parameters that SAS writes the structure in, and the way back."""
    powers = structure(name).powers(m)
    if name == "sp_exp":
        return np.array([theta[0], -1 / np.log(theta[1])]), lambda v: np.array([v[0], np.exp(-1 / v[1])])
    scale = powers == 1.0
    return np.where(scale, theta**2, theta), lambda v: np.where(scale, np.sqrt(np.abs(v)), v)


def written_out(fit: Fit, curved: bool) -> Floats:
    """Phi_A from matrices over all rows, derivatives by differences in SAS's parameters, one covariance group."""
    data, m = fit.data, len(fit.data.visits)
    shape, at = structure(fit.covariance), coordinates(data)
    here, back = in_sas_parameters(fit.covariance, fit.theta, m)

    def whole(v: Floats) -> Floats:
        return dense_covariance(data, shape.sigma(back(v), at)[None])

    k, step = here.size, 1e-3 * np.maximum(np.abs(here), 0.1)
    unit = np.diag(step)
    first = [(whole(here + unit[j]) - whole(here - unit[j])) / (2 * step[j]) for j in range(k)]
    slope = np.array([(back(here + unit[j]) - back(here - unit[j]))[j] / (2 * step[j]) for j in range(k)])
    spread = fit.theta_covariance / np.outer(slope, slope)
    inverse = np.linalg.inv(whole(here))
    half = inverse @ data.design
    p = [-half.T @ d @ half for d in first]
    total = np.zeros_like(fit.phi)
    for j in range(k):
        for h in range(k):
            a, b = unit[j], unit[h]
            corners = whole(here + a + b) - whole(here + a - b) - whole(here - a + b) + whole(here - a - b)
            second = corners / (4 * step[j] * step[h]) * curved
            q = half.T @ first[j] @ inverse @ first[h] @ half
            total += spread[j, h] * (q - p[j] @ fit.phi @ p[h] - half.T @ second @ half / 4)
    return np.asarray(fit.phi + 2 * fit.phi @ total @ fit.phi, dtype=np.float64)


@pytest.mark.parametrize("name", ["us", "cs", "csh", "ar1", "ar1h", "ad", "adh", "toep", "toeph", "sp_exp"])
@pytest.mark.parametrize("linear", [True, False])
def test_the_covariance_is_that_of_the_formula_written_out(name: str, linear: bool) -> None:
    data = replace(small_trial(11, n=24, m=3, weighted=name in ("csh", "ar1")), times=np.array([0.0, 1.0, 2.5]))
    fit = reference(data, name)
    found, _ = adjusted(replace(fit, sensitivity=None), linear)
    gain, expected = found - fit.phi, written_out(fit, not linear) - fit.phi
    assert gain == pytest.approx(expected, rel=1e-4, abs=1e-5 * np.abs(expected).max())


def test_covariance_groups_add_up() -> None:
    data = small_trial(5, n=40, m=2, groups=2)
    fit = reference(data, "csh")
    found = sensitivities(fit)
    inverse = np.linalg.inv(dense_covariance(data, fit.sigma))
    half = inverse @ data.design
    shape, at = structure("csh"), coordinates(data)
    slopes = np.zeros((6, 2, 2, 2))
    slopes[:3, 0], slopes[3:, 1] = shape.first(fit.theta[:3], at), shape.first(fit.theta[3:], at)
    d = [dense_covariance(data, slope) for slope in slopes]
    q = sum(fit.theta_covariance[j, h] * half.T @ d[j] @ inverse @ d[h] @ half for j in range(6) for h in range(6))
    assert found.first == pytest.approx(np.array([-half.T @ each @ half for each in d]), rel=1e-9, abs=1e-9)
    assert found.adjustment == pytest.approx(q, rel=1e-9, abs=1e-12)


def test_the_second_derivatives_count_for_nothing_where_sigma_is_linear() -> None:
    for name in ("us", "cs", "toep"):
        fit = reference(small_trial(4), name)
        assert np.array_equal(adjusted(fit, True)[0], adjusted(fit, False)[0])


def test_what_the_engine_carries_is_taken() -> None:
    fit = reference(small_trial(4), "ar1h")
    covariance, first = adjusted(replace(fit, sensitivity=None, phi_adjusted=None), True)
    carried = replace(fit, sensitivity=first, phi_adjusted=2.0 * covariance)
    assert inference(carried).covariance is carried.phi_adjusted
    full = adjusted(fit, False)[0]
    assert inference(carried, "kenward-roger").covariance == pytest.approx(full)
    assert full != pytest.approx(covariance, rel=1e-6)


@settings(max_examples=6)
@given(st.integers(0, 1000), st.floats(1e-3, 1e3), st.floats(-50, 50))
def test_units_change_no_degrees_of_freedom(seed: int, unit: float, start: float) -> None:
    data = small_trial(seed)
    rows = np.eye(data.design.shape[1])[1:]
    plain = inference(reference(data, "ar1h"), "kenward-roger")
    other = inference(reference(replace(data, outcome=data.outcome * unit + start), "ar1h"), "kenward-roger")
    assert other.contrast(rows).df == pytest.approx(plain.contrast(rows).df, rel=1e-5)
    assert other.contrast(rows).se == pytest.approx(unit * plain.contrast(rows).se, rel=1e-5)
    assert pytest.approx(plain.joint(rows[:3]).F, rel=1e-5) == other.joint(rows[:3]).F


def test_one_row_at_a_time_and_all_rows_at_once_agree() -> None:
    made = inference(reference(small_trial(8)), "kenward-roger")
    single, joint = made.contrast(np.eye(7)[4]), made.joint(np.eye(7)[4])
    assert (joint.F, joint.df2, joint.p) == pytest.approx((single.t[0] ** 2, single.df[0], single.p[0]))


def test_it_is_made_for_reml() -> None:
    with pytest.raises(NotEstimable, match="REML"):
        inference(reference(small_trial(1), method="ML"), "kenward-roger")


def test_too_few_participants_for_so_many_rows_are_told() -> None:
    fit = reference(balanced_trial(1, 8, 4))
    shaken = replace(fit, theta_covariance=fit.theta_covariance * 40.0)
    with pytest.raises(NotEstimable, match="F test of 4 rows at once does not exist"):
        inference(shaken).joint(np.eye(8)[4:])


def test_a_linear_structure_needs_no_second_look_at_its_curvature() -> None:
    left = np.eye(4)
    fit = replace(reference(balanced_trial(4, 12, 2)), phi_adjusted=left, sensitivity=np.zeros((3, 4, 4)))
    assert adjusted(fit, linear=False)[0] is left


def test_where_f_has_no_variance_the_degrees_of_freedom_are_four() -> None:
    # Seven visits, twelve participants in two arms: exactly Hotelling's test with 12 - 2 - 7 + 1 = 4.
    found = inference(reference(balanced_trial(1, 12, 7))).joint(np.eye(14)[7:])
    assert found.df2 == pytest.approx(4, abs=1e-6)
    assert found.scale == pytest.approx(4 / 10, abs=1e-7)
