"""Satterthwaite's degrees of freedom: the exact ones where there are any, and the gradient that they rest on."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.analysis.mmrm.small_trials import balanced_trial, dense_covariance, small_trial

from trialwright.analysis.mmrm.covariance import coordinates, structure
from trialwright.analysis.mmrm.inference import inference
from trialwright.analysis.mmrm.reference import reference
from trialwright.analysis.mmrm.satterthwaite import joint
from trialwright.analysis.mmrm.sensitivity import patterns, sensitivity


@settings(max_examples=5)
@given(st.integers(0, 10_000), st.integers(5, 10))
def test_at_one_visit_of_complete_data_they_are_those_of_the_t_test(seed: int, half: int) -> None:
    fit = reference(balanced_trial(seed, 2 * half, 3))
    df = inference(fit, "satterthwaite").contrast(np.eye(6)).df
    # Visits that all but determine one another cost digits of the information about their covariance.
    assert df == pytest.approx(2.0 * half - 2.0, rel=max(1e-9, 1e-12 * np.linalg.cond(fit.sigma[0])))


def test_in_a_split_plot_they_are_those_of_the_strata() -> None:
    made = inference(reference(balanced_trial(3, 10, 4), "cs"), "satterthwaite")
    average = np.concatenate([np.zeros(4), np.full(4, 0.25)])
    course = np.array([0, 0, 0, 0, 1, 0, 0, -1.0])
    assert made.contrast([average, course]).df == pytest.approx([8.0, 24.0], rel=1e-9)


@pytest.mark.parametrize("name", ["us", "csh", "toeph"])
def test_the_sensitivity_is_the_slope_of_the_information(name: str) -> None:
    data = small_trial(6, weighted=True)
    fit = reference(data, name)
    shape, at = structure(name), coordinates(data)

    def information(theta: np.ndarray) -> np.ndarray:
        return data.design.T @ np.linalg.solve(dense_covariance(data, shape.sigma(theta, at)[None]), data.design)

    found = sensitivity(replace(fit, sensitivity=None))
    for place in range(fit.theta.size):
        step = np.zeros(fit.theta.size)
        step[place] = 1e-5 * abs(fit.theta[place])
        slope = (information(fit.theta + step) - information(fit.theta - step)) / (2 * step[place])
        assert found[place] == pytest.approx(slope, rel=1e-5, abs=1e-6 * np.abs(slope).max())
    assert sensitivity(fit) == pytest.approx(found, rel=1e-8, abs=1e-10)


def test_patterns_hold_every_row_once() -> None:
    data = small_trial(9, n=30, m=4, missing=0.3, groups=2)
    found = patterns(data)
    assert sorted(np.concatenate([each.rows.ravel() for each in found])) == list(range(data.outcome.size))
    for each in found:
        assert (data.visit[each.rows] == each.visits).all()
        assert (data.participant[each.rows] == each.participants[:, None]).all()
        assert (data.group[each.participants] == each.group).all()


def test_f_of_one_row_is_t_squared() -> None:
    made = inference(reference(small_trial(2)), "satterthwaite")
    single, several = made.contrast(np.eye(7)[4]), made.joint(np.eye(7)[4])
    assert (several.F, several.df2, several.p) == pytest.approx((single.t[0] ** 2, single.df[0], single.p[0]))


def test_f_does_not_depend_on_how_the_hypothesis_is_written() -> None:
    """Its degrees of freedom do, a little: a property of the method, not of this program."""
    made = inference(reference(small_trial(2)), "satterthwaite")
    rows = np.eye(7)[[1, 5, 6]]
    plain, turned = made.joint(rows), made.joint(np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1.0]]) @ rows)
    assert pytest.approx(plain.F, rel=1e-10) == turned.F
    assert turned.df2 == pytest.approx(plain.df2, rel=0.05)


@pytest.mark.parametrize(
    ("parts", "df"),
    [
        ((8.0, 8.0), 8.0),  # equal parts: themselves
        ((2.0, 50.0), 2.0),  # an F(1, 2) has no expectation
        ((4.0, 6.0), 2 * 3.5 / (3.5 - 2)),  # 4/2 + 6/4 = 3.5
        ((float("inf"), float("inf")), float("inf")),
    ],
)
def test_the_parts_join_by_the_expectation_of_f(parts: tuple[float, ...], df: float) -> None:
    rows = np.eye(2)
    with np.errstate(invalid="ignore"):
        found = joint(rows, np.array([1.0, 2.0]), np.diag([1.0, 4.0]), lambda _: np.array(parts))
    assert found == pytest.approx((1.0, 2.0, df))
