"""The reference stands on the maximum of the likelihood, as an independent evaluation of it sees the maximum."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from tests.unit.analysis.mmrm.drawn import autoregression, drawn

from trialwright.analysis.estimates import NoMaximum
from trialwright.analysis.mmrm.covariance import STRUCTURES, coordinates, structure
from trialwright.analysis.mmrm.records import Fit, Floats, Repeated
from trialwright.analysis.mmrm.reference import reference, surface

names = st.sampled_from(sorted(STRUCTURES))
methods = st.sampled_from(["REML", "ML"])
seeds = st.integers(0, 10_000)


def dense(data: Repeated, name: str, method: str, theta: Floats) -> float:
    """The log-likelihood by one large covariance matrix, the density of scipy, and determinants as they are written."""
    shape, at = structure(name), coordinates(data)
    sigmas = [shape.sigma(part, at) for part in np.split(theta, len(data.groups))]
    rows = data.outcome.size
    weights = np.ones(rows) if data.weights is None else data.weights
    whole = np.zeros((rows, rows))
    for person in range(len(data.participants)):
        own = np.flatnonzero(data.participant == person)
        block = sigmas[data.group[person]][np.ix_(data.visit[own], data.visit[own])]
        whole[np.ix_(own, own)] = block / np.sqrt(np.outer(weights[own], weights[own]))
    inverse = np.linalg.inv(whole)
    cross = data.design.T @ inverse @ data.design
    beta = np.linalg.solve(cross, data.design.T @ inverse @ data.outcome)
    full = float(multivariate_normal(mean=data.design @ beta, cov=whole).logpdf(data.outcome))
    if method == "ML":
        return full
    return full + 0.5 * data.design.shape[1] * np.log(2.0 * np.pi) - 0.5 * np.linalg.slogdet(cross)[1]


def curvature(fit: Fit) -> tuple[Floats, Floats]:
    """Gradient and Hessian of the dense likelihood by differences, in units of the standard errors of theta."""
    step = 0.02 * np.sqrt(np.diagonal(fit.theta_covariance))
    size = step.size

    def value(*moves: tuple[int, float]) -> float:
        theta = fit.theta.copy()
        for place, times in moves:
            theta[place] += times * step[place]
        return dense(fit.data, fit.covariance, fit.method, theta)

    gradient, hessian, here = np.zeros(size), np.zeros((size, size)), value()
    for a in range(size):
        up, down, far, low = value((a, 1)), value((a, -1)), value((a, 2)), value((a, -2))
        gradient[a] = (8.0 * (up - down) - (far - low)) / 12.0 / 0.02
        hessian[a, a] = (16.0 * (up + down) - (far + low) - 30.0 * here) / 12.0 / 0.02**2
        for b in range(a):
            corners = [value((a, s), (b, t)) * s * t for s in (1, -1) for t in (1, -1)]
            hessian[a, b] = hessian[b, a] = sum(corners) / 4.0 / 0.02**2
    return gradient, hessian


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("name", STRUCTURES)
def test_score_and_information_are_those_of_the_likelihood_written_out(name: str, method: str) -> None:
    visits = 3 if name == "us" else 4
    data = drawn(7, people=24, sigma=3.0 * autoregression(visits, 0.5), weighted=True)
    fit = reference(data, name, method)
    assert fit.loglik == pytest.approx(dense(data, name, method, fit.theta), abs=1e-9)
    gradient, hessian = curvature(fit)
    assert np.abs(gradient).max() < 5e-6
    errors = np.sqrt(np.diagonal(fit.theta_covariance))
    expected = np.linalg.inv(fit.theta_covariance / np.outer(errors, errors))
    np.testing.assert_allclose(-hessian, expected, rtol=5e-3, atol=2e-3)


@pytest.mark.parametrize("name", ["cs", "ar1h"])
def test_score_and_information_of_several_covariance_groups_are_those_of_the_likelihood(name: str) -> None:
    fit = reference(drawn(8, people=30, groups=2, sigma=autoregression(3, 0.4)), name)
    assert fit.sigma.shape == (2, 3, 3)
    gradient, hessian = curvature(fit)
    assert np.abs(gradient).max() < 5e-6
    errors = np.sqrt(np.diagonal(fit.theta_covariance))
    expected = np.linalg.inv(fit.theta_covariance / np.outer(errors, errors))
    np.testing.assert_allclose(-hessian, expected, rtol=5e-3, atol=2e-3)


@settings(max_examples=40)
@given(names, methods, seeds)
def test_the_coefficients_are_generalised_least_squares_and_the_sensitivities_derivatives(
    name: str, method: str, seed: int
) -> None:
    data = drawn(seed, people=40, weighted=True)
    try:
        fit = reference(data, name, method)
    except NoMaximum:
        return
    at, shape = coordinates(data), structure(name)
    weights = np.ones(data.outcome.size) if data.weights is None else data.weights

    def cross(theta: Floats) -> tuple[Floats, Floats]:
        left, right = np.zeros((9, 9)), np.zeros(9)
        for person in range(len(data.participants)):
            own = data.participant == person
            roots = np.sqrt(weights[own])
            block = shape.sigma(theta, at)[np.ix_(data.visit[own], data.visit[own])] / np.outer(roots, roots)
            solved = np.linalg.solve(block, data.design[own])
            left += data.design[own].T @ solved
            right += solved.T @ data.outcome[own]
        return left, right

    left, right = cross(fit.theta)
    np.testing.assert_allclose(fit.phi, np.linalg.inv(left), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(fit.beta, np.linalg.solve(left, right), rtol=1e-9, atol=1e-10)
    assert fit.sensitivity is not None
    for place in range(fit.theta.size):
        step = 1e-5 * max(abs(fit.theta[place]), 1e-2) * np.eye(fit.theta.size)[place]
        numeric = (cross(fit.theta + step)[0] - cross(fit.theta - step)[0]) / (2.0 * step[place])
        bound = 1e-6 * np.abs(fit.sensitivity[place]).max()
        np.testing.assert_allclose(fit.sensitivity[place], numeric, rtol=1e-4, atol=bound)


@settings(max_examples=30)
@given(names, methods, seeds, seeds)
def test_the_order_of_participants_does_not_matter(name: str, method: str, seed: int, shuffle: int) -> None:
    data = drawn(seed, groups=2)
    order = np.random.default_rng(shuffle).permutation(len(data.participants))
    rows = np.concatenate([np.flatnonzero(data.participant == person) for person in order])
    other = replace(
        data,
        outcome=data.outcome[rows],
        design=data.design[rows],
        participant=np.argsort(order)[data.participant[rows]],
        visit=data.visit[rows],
        participants=tuple(data.participants[person] for person in order),
        group=data.group[order],
    )
    same(data, other, name, method)


def same(data: Repeated, other: Repeated, name: str, method: str) -> None:
    """Both have the same fit, or neither has one."""
    try:
        here = reference(data, name, method)
    except NoMaximum:
        with pytest.raises(NoMaximum):
            reference(other, name, method)
        return
    there = reference(other, name, method)
    assert there.loglik == pytest.approx(here.loglik, abs=1e-9)
    np.testing.assert_allclose(there.theta, here.theta, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(there.beta, here.beta, rtol=1e-8, atol=1e-8)


@settings(max_examples=40)
@given(names, methods, seeds, st.integers(-40, 40))
def test_the_unit_of_the_outcome_changes_the_likelihood_by_a_known_amount(
    name: str, method: str, seed: int, power: int
) -> None:
    data, unit = drawn(seed, people=48), 10.0**power
    try:
        fit = reference(data, name, method)
    except NoMaximum:
        return
    scaled = reference(replace(data, outcome=unit * data.outcome), name, method)
    rows = data.outcome.size - (data.design.shape[1] if method == "REML" else 0)
    assert scaled.loglik == pytest.approx(fit.loglik - rows * np.log(unit), rel=1e-11, abs=1e-8)
    np.testing.assert_allclose(scaled.beta / unit, fit.beta, rtol=1e-7, atol=1e-8)
    by_unit = unit ** structure(name).powers(4)
    np.testing.assert_allclose(scaled.theta / by_unit, fit.theta, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(
        scaled.theta_covariance / np.outer(by_unit, by_unit), fit.theta_covariance, rtol=1e-5, atol=1e-7
    )


@settings(max_examples=25)
@given(methods, seeds, st.lists(st.integers(-6, 6), min_size=9, max_size=9))
def test_the_units_of_the_columns_change_nothing_but_their_coefficients(
    method: str, seed: int, powers: list[int]
) -> None:
    data = drawn(seed)
    units = 10.0 ** np.array(powers, dtype=np.float64)
    fit = reference(data, "ar1h", method)
    scaled = reference(replace(data, design=data.design * units), "ar1h", method)
    shift = -np.log(units).sum() if method == "REML" else 0.0
    assert scaled.loglik == pytest.approx(fit.loglik + shift, abs=1e-8)
    np.testing.assert_allclose(scaled.beta * units, fit.beta, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(scaled.phi * np.outer(units, units), fit.phi, rtol=1e-7, atol=1e-10)


@settings(max_examples=20)
@given(seeds, methods)
def test_a_richer_structure_has_no_lower_likelihood(seed: int, method: str) -> None:
    data = drawn(seed, people=60)
    loglik = {name: reference(data, name, method).loglik for name in STRUCTURES if name != "sp_exp"}
    orders = ("cs csh us", "cs toep toeph us", "ar1 ar1h adh us", "ar1 ad adh", "ar1 toep", "ar1h toeph", "csh toeph")
    for order in orders:
        ranks = [loglik[name] for name in order.split()]
        assert all(a <= b + 1e-9 for a, b in itertools.pairwise(ranks)), order


@settings(max_examples=20)
@given(seeds, methods)
def test_with_two_visits_five_structures_are_the_unstructured_one(seed: int, method: str) -> None:
    data = drawn(seed, sigma=np.array([[1.0, 0.7], [0.7, 4.0]]))
    us = reference(data, "us", method)
    for name in ("toeph", "csh", "ar1h", "adh"):
        fit = reference(data, name, method)
        assert fit.loglik == pytest.approx(us.loglik, abs=1e-10)
        np.testing.assert_allclose(fit.sigma, us.sigma, rtol=1e-8)


@settings(max_examples=20)
@given(seeds, st.sampled_from(["us", "toep", "cs"]))
def test_complete_data_have_the_closed_form(seed: int, name: str) -> None:
    # With everybody seen everywhere and a mean per arm and visit, the estimates are moments of the residuals.
    data = drawn(seed, missing=0.0)
    data = replace(data, design=data.design[:, :8], columns=data.columns[:8])
    values = data.outcome.reshape(40, 4)
    arms = np.arange(40) % 2
    means = np.stack([values[arms == arm].mean(axis=0) for arm in (0, 1)])
    products = (values - means[arms]).T @ (values - means[arms])
    for method, divisor in (("ML", 40), ("REML", 38)):
        fit = reference(data, name, method)
        np.testing.assert_allclose(fit.beta, [*means[0], *(means[1] - means[0])], rtol=1e-9, atol=1e-9)
        moments = products / divisor
        if name == "us":
            np.testing.assert_allclose(fit.sigma[0], moments, rtol=1e-9, atol=1e-12)
        if name == "cs":
            common = (moments.sum() - np.trace(moments)) / 12
            np.testing.assert_allclose(fit.theta, [np.trace(moments) / 4 - common, common], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["us", "cs", "ar1h", "adh", "toep", "sp_exp"])
def test_the_truth_is_found_again(name: str) -> None:
    truths = {
        "us": [4.0, 1.5, 1.0, 3.0, 2.0, 5.0],
        "cs": [2.0, 1.0],
        "ar1h": [1.0, 2.0, 3.0, 0.6],
        "adh": [2.0, 1.0, 3.0, 0.8, 0.3],
        "toep": [4.0, 2.0, 1.0],
        "sp_exp": [4.0, 0.7],
    }
    theta, at = np.array(truths[name]), np.arange(3.0)
    sigma = STRUCTURES[name].sigma(theta, at)
    found = np.array([reference(drawn(seed, 120, sigma, dropout=0.3), name).theta for seed in range(200, 320)])
    error = found.std(axis=0, ddof=1) / len(found) ** 0.5
    # Standard deviations and correlations are curved functions of unbiased variances: a hundredth is left to that.
    assert (np.abs(found.mean(axis=0) - theta) < 4.0 * error + 0.01 * np.abs(theta)).all()


@pytest.mark.parametrize("rho", [0.99, 0.999, 0.99999])
@pytest.mark.parametrize("name", STRUCTURES)
def test_visits_that_almost_repeat_one_another_are_no_obstacle(name: str, rho: float) -> None:
    fit = reference(drawn(4, 48, autoregression(5, rho)), name)
    assert fit.decrement <= 1e-14
    assert fit.loglik == pytest.approx(dense(fit.data, name, "REML", fit.theta), abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_ten_visits_with_three_quarters_lost_by_the_last_converge(seed: int) -> None:
    data = drawn(seed, 1000, 9.0 * autoregression(10, 0.9), dropout=0.84)
    assert 0.70 < 1.0 - (data.visit == 9).mean() / (data.visit == 0).mean() < 0.85
    for name in ("us", "toeph"):
        fit = reference(data, name)
        assert fit.decrement <= 1e-16
        assert fit.iterations <= 20


def test_visits_of_wildly_different_scale_converge() -> None:
    scales = np.array([1e-3, 1.0, 1e3, 1e5])
    fit = reference(drawn(2, 48, autoregression(4, 0.6) * np.outer(scales, scales)), "us")
    np.testing.assert_allclose(np.sqrt(np.diagonal(fit.sigma[0])) / scales, 1.0, atol=0.35)
    assert fit.decrement <= 1e-16


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_fully_separate_groups_are_separate_fits(method: str) -> None:
    data = drawn(5, people=60, groups=2)
    own = data.group[data.participant][:, None] == np.arange(2)
    design = np.concatenate([data.design * own[:, :1], data.design * own[:, 1:]], axis=1)
    # Arms and groups alternate together; the arm's columns would repeat the visits'.
    kept = [*range(4), 8, *range(9, 13), 17]
    together = reference(replace(data, design=design[:, kept], columns=tuple(f"c{k}" for k in kept)), "us", method)
    apart = 0.0
    for group in (0, 1):
        people = np.flatnonzero(data.group == group)
        rows = np.isin(data.participant, people)
        one = replace(
            data,
            outcome=data.outcome[rows],
            design=data.design[rows][:, [0, 1, 2, 3, 8]],
            columns=tuple("abcde"),
            participant=np.searchsorted(people, data.participant[rows]),
            visit=data.visit[rows],
            participants=tuple(data.participants[person] for person in people),
            group=np.zeros(people.size, dtype=np.int64),
            groups=("",),
        )
        fit = reference(one, "us", method)
        np.testing.assert_allclose(together.sigma[group], fit.sigma[0], rtol=1e-8)
        apart += fit.loglik
    assert together.loglik == pytest.approx(apart, abs=1e-9)


def test_a_correlation_that_is_told_nothing_at_zero_is_still_found() -> None:
    # Almost all pairs of visits are two apart, so the likelihood hardly tells rho from -rho and is flat at zero.
    data = drawn(7, people=60, sigma=autoregression(4, 0.7), missing=0.0)
    odd = (data.participant // 2 + data.visit) % 2 == 1
    keep = ~odd | (data.participant == 0)
    few = replace(
        data,
        outcome=data.outcome[keep],
        design=data.design[keep],
        participant=data.participant[keep],
        visit=data.visit[keep],
    )
    fit = reference(few, "ar1")
    heights = [state_at(few, fit.theta[0], rho) for rho in np.linspace(-0.95, 0.95, 39)]
    assert fit.loglik >= max(heights)


def state_at(data: Repeated, variance: float, rho: float) -> float:
    found = surface(data, "ar1").state(np.array([variance / surface(data, "ar1").stack.unit ** 2, rho]))
    return -np.inf if found is None else found.loglik
