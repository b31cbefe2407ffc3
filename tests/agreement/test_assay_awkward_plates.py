"""Five-parameter curves of awkward plates: the objective told is that of the curve told, no other start finds a lower
one, and nearly every plate comes to rest.

The first search of curves once clipped its exponent at 600: a curve with g = 0.005 then had a second plateau that no
five-parameter curve has, and one plate in fifty came to rest on it, or beside it, up to 8 % above its least.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from trialwright.measures.assay import curves
from trialwright.measures.assay.curves import predict
from trialwright.measures.assay.fitting import fit
from trialwright.measures.assay.levels import gather
from trialwright.measures.assay.projected import Asymptotes, shapes
from trialwright.measures.assay.reference import fit_one
from trialwright.measures.assay.search import settle

Numbers = NDArray[np.float64]
DOSE = np.repeat([0.04882812, 0.1953125, 0.390625, 0.78125, 1.5625, 3.125, 6.25, 12.5], 2)


def kinked(count: int, seed: int) -> Numbers:
    """Responses near a power law that stops at a plateau, or a usual curve, with a scatter of 4 %."""
    chance = np.random.default_rng(seed)
    b, g = np.exp(chance.normal(0.2, 0.5, count)), np.exp(chance.normal(-0.8, 1.2, count))
    parameters = np.stack([-b / np.minimum(g, 1), chance.uniform(0, 0.1, count), chance.uniform(1.2, 3, count),
                           np.exp(chance.uniform(0, 2.2, count)), g], axis=1)  # fmt: skip
    response: Numbers = predict(parameters, DOSE) * np.exp(0.04 * chance.standard_normal((count, len(DOSE))))
    return response


def least_of_many_starts(response: Numbers, weight: Numbers, starts: int = 40) -> Numbers:
    """The lowest sum of squares of all walks from so many shapes drawn at random."""
    levels = gather(np.broadcast_to(DOSE, response.shape), response, weight)
    chance = np.random.default_rng(7)
    plate = np.tile(np.arange(len(response)), starts)
    at = np.stack([chance.uniform(low, high, plate.size) for low, high in ((-1, 1), (-2, 3), (-5, 9))])
    found = settle(at, levels[plate], Asymptotes()).rss.reshape(starts, -1)
    return np.asarray(found.min(axis=0) + levels.within)


@pytest.mark.parametrize("weights", ["none", "1/y2"])
def test_no_start_of_many_finds_a_lower_objective_and_the_one_told_is_that_of_the_curve(weights: str) -> None:
    response = kinked(150, 11)
    weight = np.ones_like(response) if weights == "none" else response**-2.0
    fits = fit(DOSE, response, "5pl", weights)
    told = (weight * (response - predict(fits.parameters, DOSE)) ** 2).sum(axis=1)
    assert np.allclose(told, fits.rss, rtol=1e-7)
    assert (fits.rss <= least_of_many_starts(response, weight) * 1.0001)[fits.usable].all()
    assert not (fits.status == curves.NOT_SETTLED).any()


@pytest.mark.parametrize("gamma", [-6.0, -5.0, -2.0, 0.0, 4.0, 13.0])
def test_the_shape_that_is_searched_is_that_of_the_formula_from_bound_to_bound(gamma: float) -> None:
    levels = gather(DOSE[None], kinked(1, 3), np.ones((1, len(DOSE))))
    at = np.array([[0.21], [0.5], [gamma]])
    g = np.exp(gamma)
    a = np.log(2) / g
    steep = 2 * np.exp(at[1]) / (g * -np.expm1(-a))
    ratio = np.log(np.expm1(a)) if a < 30 else a
    expected = np.exp(-g * np.logaddexp(0.0, ratio - steep * (levels.place - at[0])))
    assert np.allclose(shapes(at, levels)[0], expected, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("seed", range(4))
def test_scipy_from_many_starts_over_all_five_parameters_is_never_lower(seed: int) -> None:
    response = kinked(1, 100 + seed)[0]
    _, theirs = fit_one(DOSE, response, "5pl", "1/y2")
    assert fit(DOSE, response, "5pl", "1/y2").rss[0] <= theirs * 1.0001


def test_a_corner_between_two_doses_is_said_not_to_tell_g_and_its_curve_has_errors() -> None:
    """A power law that ends in a plateau at a dose of 4.5, between 3.125 and 6.25: any small g gives it."""
    chance = np.random.default_rng(5)
    response = 0.1 + 2 * np.minimum(1, (DOSE / 4.5) ** 0.6) * np.exp(0.01 * chance.standard_normal((40, len(DOSE))))
    fits = fit(DOSE, response, "5pl")
    cornered = fits.parameters[:, 4] < 0.02
    assert cornered.mean() > 0.5
    assert (fits.status[cornered] == curves.ASYMMETRY_OPEN).mean() > 0.9
    assert np.isfinite(fits.covariance[cornered]).all(axis=(1, 2)).mean() > 0.9
