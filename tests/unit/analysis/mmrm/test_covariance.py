"""Every structure is what its formula says, its derivatives are those of its matrix, and its starts are feasible."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.analysis.mmrm.covariance import STRUCTURES, Structure, UnknownStructure, structure
from trialwright.analysis.mmrm.records import Floats
from trialwright.analysis.mmrm.starts import correlation, nearby, positive_definite

names = st.sampled_from(sorted(STRUCTURES))
sizes = st.integers(2, 6)
seeds = st.integers(0, 2**32 - 1)


def matrix(seed: int, size: int) -> Floats:
    """A random covariance matrix with correlations of some strength, nearby positive ones as in trials."""
    chance = np.random.default_rng(seed)
    factor = chance.normal(size=(size, size + 3)) + chance.normal(size=size + 3)
    return np.asarray(factor @ factor.T, dtype=np.float64)


def place(name: str, seed: int, size: int) -> tuple[Structure, Floats, Floats]:
    """A structure with feasible parameters a little beside its own first guess."""
    chance = np.random.default_rng(seed + 1)
    at = np.cumsum(chance.uniform(0.2, 3.0, size)) if name == "sp_exp" else np.arange(size, dtype=np.float64)
    shape = STRUCTURES[name]
    return shape, shape.starts(matrix(seed, size), at)[0] * chance.uniform(0.98, 1.0, shape.count(size)), at


def slope(function: object, theta: Floats, direction: int, step: float) -> Floats:
    """A central difference of fourth order."""
    assert callable(function)
    unit = step * np.eye(theta.size)[direction]
    near = function(theta + unit) - function(theta - unit)
    far = function(theta + 2 * unit) - function(theta - 2 * unit)
    return np.asarray((8.0 * near - far) / (12.0 * step), dtype=np.float64)


@settings(max_examples=150)
@given(names, seeds, sizes)
def test_the_derivatives_are_those_of_the_matrix(name: str, seed: int, size: int) -> None:
    shape, theta, at = place(name, seed, size)
    first, second = shape.first(theta, at), shape.second(theta, at)
    assert first.shape == (theta.size, size, size)
    assert second.shape == (theta.size, theta.size, size, size)
    for parameter in range(theta.size):
        step = 1e-3 * max(abs(theta[parameter]), 0.01)
        scale = np.abs(shape.sigma(theta, at)).max()
        of_sigma = slope(lambda at_theta: shape.sigma(at_theta, at), theta, parameter, step)
        np.testing.assert_allclose(first[parameter], of_sigma, rtol=1e-6, atol=1e-9 * scale / abs(theta[parameter]))
        of_first = slope(lambda at_theta: shape.first(at_theta, at), theta, parameter, step)
        unit = np.maximum(np.abs(theta), 1e-2)
        bound = 1e-8 * scale / (unit[parameter] * unit.min())
        np.testing.assert_allclose(second[parameter], of_first, rtol=1e-5, atol=bound)


@given(names, seeds, sizes)
def test_every_start_is_feasible_and_has_as_many_parameters_as_labels(name: str, seed: int, size: int) -> None:
    shape = STRUCTURES[name]
    at = np.arange(size, dtype=np.float64)
    for theta in shape.starts(matrix(seed, size), at):
        assert shape.feasible(theta, at)
        assert theta.size == shape.count(size) == len(shape.labels([f"W{k}" for k in range(size)]))


@given(names, seeds, sizes, st.floats(1e-3, 1e3))
def test_the_powers_say_how_parameters_follow_the_unit_of_the_outcome(
    name: str, seed: int, size: int, unit: float
) -> None:
    shape, theta, at = place(name, seed, size)
    scaled = shape.sigma(theta * unit ** shape.powers(size), at)
    np.testing.assert_allclose(scaled, unit**2 * shape.sigma(theta, at), rtol=1e-12)


@given(names, seeds, sizes)
def test_second_derivatives_vanish_exactly_where_the_structure_is_linear(name: str, seed: int, size: int) -> None:
    shape, theta, at = place(name, seed, size)
    if shape.linear:
        assert not shape.second(theta, at).any()
        np.testing.assert_allclose(np.tensordot(theta, shape.first(theta, at), 1), shape.sigma(theta, at))
    elif size > 2:
        assert shape.second(theta, at).any()


@given(seeds, sizes)
def test_unstructured_parameters_are_the_lower_triangle_column_by_column(seed: int, size: int) -> None:
    given_matrix = matrix(seed, size)
    at = np.arange(size, dtype=np.float64)
    (theta,) = STRUCTURES["us"].starts(given_matrix, at)
    assert theta.tolist() == [given_matrix[row, column] for column in range(size) for row in range(column, size)]
    np.testing.assert_array_equal(STRUCTURES["us"].sigma(theta, at), given_matrix)


@given(seeds, st.floats(-0.9, 0.9), sizes)
def test_an_autoregression_is_a_special_case_of_four_structures(seed: int, rho: float, size: int) -> None:
    scales = np.random.default_rng(seed).uniform(0.5, 3.0, size)
    at = np.arange(size, dtype=np.float64)
    one = STRUCTURES["ar1h"].sigma(np.array([*scales, rho]), at)
    lags = rho ** np.arange(1, size)
    np.testing.assert_allclose(STRUCTURES["toeph"].sigma(np.array([*scales, *lags]), at), one, atol=1e-14)
    np.testing.assert_allclose(STRUCTURES["adh"].sigma(np.array([*scales, *[rho] * (size - 1)]), at), one, atol=1e-14)
    same = STRUCTURES["ar1"].sigma(np.array([2.0, rho]), at)
    np.testing.assert_allclose(STRUCTURES["ad"].sigma(np.array([2.0, *[rho] * (size - 1)]), at), same, atol=1e-14)
    if rho > 0.0:
        np.testing.assert_allclose(STRUCTURES["sp_exp"].sigma(np.array([2.0, rho]), at), same, atol=1e-14)


def test_an_autoregression_has_derivatives_at_no_correlation() -> None:
    at = np.arange(4.0)
    matrix_there, first, second = STRUCTURES["ar1"].jet(np.array([2.0, 0.0]), at)
    np.testing.assert_array_equal(matrix_there, 2.0 * np.eye(4))
    np.testing.assert_array_equal(first[1], 2.0 * (np.eye(4, k=1) + np.eye(4, k=-1)))
    np.testing.assert_array_equal(second[1, 1], 4.0 * (np.eye(4, k=2) + np.eye(4, k=-2)))


def test_compound_symmetry_adds_a_common_covariance_to_a_residual_variance() -> None:
    expected = np.array([[5.0, 2.0, 2.0], [2.0, 5.0, 2.0], [2.0, 2.0, 5.0]])
    np.testing.assert_array_equal(STRUCTURES["cs"].sigma(np.array([3.0, 2.0]), np.arange(3.0)), expected)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("unstructured", "us"),
        ("UN", "us"),
        ("Compound symmetry", "cs"),
        ("heterogeneous-autoregressive", "ar1h"),
        ("SP_EXP", "sp_exp"),
        ("sp exp", "sp_exp"),
        ("heterogeneous toeplitz", "toeph"),
        ("ANTE(1)", "adh"),
    ],
)
def test_a_structure_answers_to_its_words(words: str, name: str) -> None:
    assert structure(words).name == name


def test_an_unknown_structure_is_refused_with_the_nearest_and_all_known_ones() -> None:
    with pytest.raises(UnknownStructure) as refused:
        structure("toepltiz")
    assert "Did you mean 'toep' (toeplitz)?" in str(refused.value)
    assert all(name in str(refused.value) for name in STRUCTURES)


@pytest.mark.parametrize(
    ("name", "theta"),
    [
        ("us", [1.0, 2.0, 1.0]),
        ("cs", [1.0, -0.6]),
        ("csh", [1.0, -1.0, 0.1]),
        ("ar1", [1.0, 1.0]),
        ("ar1", [-1.0, 0.5]),
        ("sp_exp", [1.0, -0.5]),
        ("ar1h", [1.0, np.nan, 0.5]),
    ],
)
def test_parameters_of_no_covariance_matrix_are_not_feasible(name: str, theta: list[float]) -> None:
    assert not STRUCTURES[name].feasible(np.array(theta), np.arange(2.0))


@given(seeds, sizes, st.floats(0.01, 0.5))
def test_a_matrix_that_is_none_becomes_one_with_the_same_variances(seed: int, size: int, least: float) -> None:
    chance = np.random.default_rng(seed)
    raw = chance.uniform(-0.99, 0.99, (size, size))
    raw = 0.5 * (raw + raw.T)
    np.fill_diagonal(raw, 1.0)
    scales = chance.uniform(0.1, 10.0, size)
    found = nearby(raw * np.outer(scales, scales), least)
    assert positive_definite(found)
    np.testing.assert_allclose(np.diagonal(found), scales**2)
    assert np.linalg.eigvalsh(correlation(found))[0] >= least - 1e-9
