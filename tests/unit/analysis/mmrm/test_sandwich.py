"""Sandwich covariances: the jackknife that CR3 is, the unbiasedness that CR2 promises, moments written out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.analysis.mmrm.small_trials import dense_covariance, small_trial

from trialwright.analysis.mmrm.inference import inference
from trialwright.analysis.mmrm.records import Fit, Floats
from trialwright.analysis.mmrm.reference import reference
from trialwright.analysis.mmrm.sandwich import POWERS, degrees, hotelling, sandwich


def left_out(fit: Fit) -> Floats:
    """The coefficients without each participant in turn, the covariance of the rows held where it is."""
    data, whole = fit.data, dense_covariance(fit.data, fit.sigma)
    found = []
    for person in range(len(data.participants)):
        kept = data.participant != person
        inverse = np.linalg.inv(whole[np.ix_(kept, kept)])
        design = data.design[kept]
        found.append(np.linalg.solve(design.T @ inverse @ design, design.T @ inverse @ data.outcome[kept]))
    return np.array(found)


@settings(max_examples=6)
@given(st.integers(0, 1000), st.booleans(), st.sampled_from([1, 2]))
def test_cr3_is_leaving_out_one_participant_at_a_time(seed: int, weighted: bool, groups: int) -> None:
    fit = reference(small_trial(seed, n=20, m=3, weighted=weighted, groups=groups), "cs")
    apart = left_out(fit) - fit.beta
    assert sandwich(fit, "empirical-jackknife").covariance == pytest.approx(apart.T @ apart, rel=1e-7, abs=1e-10)


def test_cr0_is_the_formula_written_out() -> None:
    fit = reference(small_trial(12, weighted=True), "ar1")
    data, inverse = fit.data, np.linalg.inv(dense_covariance(fit.data, fit.sigma))
    residual = data.outcome - data.design @ fit.beta
    same = data.participant[:, None] == data.participant[None, :]
    middle = data.design.T @ inverse @ (np.outer(residual, residual) * same) @ inverse @ data.design
    assert sandwich(fit, "empirical").covariance == pytest.approx(fit.phi @ middle @ fit.phi, rel=1e-9)


@pytest.mark.parametrize("root", ["principal", "cholesky"])
def test_cr2_is_unbiased_if_the_model_is_right(root: str) -> None:
    fit = reference(small_trial(3, weighted=True), "toeph")
    made = sandwich(fit, "empirical-bias-reduced", root)
    kept = made.crossed.transpose(0, 2, 1) @ fit.phi @ made.crossed
    mean = fit.phi @ (made.squares - kept).sum(axis=0) @ fit.phi
    assert mean == pytest.approx(fit.phi, rel=1e-8, abs=1e-11)


@pytest.mark.parametrize("variance", POWERS)
def test_the_degrees_of_freedom_match_two_moments_of_the_variance(variance: str) -> None:
    """Each variance l' V l is a quadratic form y' Q y in the outcome; Q is found by asking for it at unit outcomes."""
    fit = reference(small_trial(21, n=12, m=2, missing=0.2), "us")
    data, row = fit.data, np.eye(5)[1]
    whole = dense_covariance(data, fit.sigma)
    inverse = np.linalg.inv(whole)
    hat = fit.phi @ data.design.T @ inverse

    def of(outcome: Floats) -> float:
        moved = replace(fit, data=replace(data, outcome=outcome), beta=hat @ outcome)
        return float(row @ sandwich(moved, variance).covariance @ row)

    size, unit = data.outcome.size, np.eye(data.outcome.size)
    alone = np.array([of(unit[i]) for i in range(size)])
    form = np.array([[(of(unit[i] + unit[j]) - alone[i] - alone[j]) / 2 for j in range(size)] for i in range(size)])
    turned = form @ whole
    expected = np.trace(turned) ** 2 / np.trace(turned @ turned)
    assert degrees(row[None], sandwich(fit, variance))[0] == pytest.approx(expected, rel=1e-8)


def test_hotellings_test_of_one_row_is_the_t_test() -> None:
    fit = reference(small_trial(21))
    made = sandwich(fit, "empirical-bias-reduced")
    row = np.eye(7)[[4]]
    t = float(row[0] @ fit.beta) / float(row[0] @ made.covariance @ row[0]) ** 0.5
    assert hotelling(row, fit.beta, made) == pytest.approx((t * t, 1.0, float(degrees(row, made)[0])), rel=1e-8)


def test_a_participant_who_alone_carries_a_column_does_not_break_it() -> None:
    data = small_trial(5, n=14, m=2)
    alone = (data.participant == 3).astype(float)
    fit = reference(replace(data, design=np.column_stack([data.design, alone]), columns=(*data.columns, "alone")))
    for variance in POWERS:
        made = inference(fit, "satterthwaite", variance)
        found = made.contrast(np.eye(6)[:5])
        assert np.isfinite(found.se).all()
        assert np.isfinite(found.df).all()


def test_its_order_is_that_of_the_names() -> None:
    fit = reference(small_trial(30))
    sizes = [np.trace(sandwich(fit, name).covariance) for name in POWERS]
    assert sizes == sorted(sizes)
