"""Properties of the batched fit of standard curves, and what it says of plates that have none."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.measures.assay.standard_curves import DOSES, responses, truths

from trialwright.measures.assay import curves
from trialwright.measures.assay.curves import gradient, predict
from trialwright.measures.assay.fitting import fit
from trialwright.measures.assay.reference import fit_one

MODELS: tuple[Literal["4pl"], Literal["5pl"]] = ("4pl", "5pl")
models = st.sampled_from(MODELS)
weights = st.sampled_from([("none", None), ("1/y2", None), ("power", 0.7)])
seeds = st.integers(0, 2**32 - 1)


@given(models, weights, seeds)
def test_a_curve_without_scatter_is_found_exactly(model: str, weighing: tuple[str, float | None], seed: int) -> None:
    truth = truths(6, seed, model)
    fits = fit(DOSES, predict(truth, DOSES), model, *weighing)  # type: ignore[arg-type]
    assert fits.usable.all()
    assert np.allclose(predict(fits.parameters, DOSES), predict(truth, DOSES), rtol=1e-6)
    assert np.allclose(fits.parameters, truth, rtol=2e-3)


@given(models, seeds)
def test_scatter_moves_a_curve_by_as_much_as_its_covariance_says(model: str, seed: int) -> None:
    truth = np.repeat([[-1.1, 0.1, 2.5, 9.0, 1.0]], 40, axis=0)
    fits = fit(DOSES, responses(truth, seed, 0.02, 0.0), model)  # type: ignore[arg-type]
    f = gradient(fits.parameters, DOSES)
    se = np.sqrt(np.einsum("pni,pij,pnj->pn", f, fits.covariance, f))
    apart = (predict(fits.parameters, DOSES) - predict(truth, DOSES)) / se
    assert 0.6 < np.median(np.abs(apart)) / 0.7 < 1.5


@given(models, weights, seeds, st.floats(1e-6, 1e6), st.floats(1e-4, 1e4))
@settings(max_examples=40)
def test_other_units_change_the_numbers_and_not_the_curve(
    model: str, weighing: tuple[str, float | None], seed: int, dose: float, response: float
) -> None:
    y = responses(truths(5, seed, model), seed, 0.03)
    one, other = (
        fit(DOSES * a, y * b, model, *weighing)  # type: ignore[arg-type]
        for a, b in ((1.0, 1.0), (dose, response))
    )
    settled = one.status == curves.CONVERGED
    assert (other.status == one.status).mean() >= 0.8
    power = 2 - 2 * one.theta
    assert np.allclose(other.rss[settled], one.rss[settled] * response**power, rtol=1e-6)
    again = predict(other.parameters, DOSES * dose) / response
    assert np.allclose(again[settled], predict(one.parameters, DOSES)[settled], rtol=1e-4, atol=1e-5)


@given(models, weights, seeds)
def test_the_order_of_the_wells_changes_nothing(model: str, weighing: tuple[str, float | None], seed: int) -> None:
    y = responses(truths(3, seed, model), seed, 0.03)
    order = np.random.default_rng(seed).permutation(DOSES.size)
    one = fit(DOSES, y, model, *weighing)  # type: ignore[arg-type]
    other = fit(DOSES[order], y[:, order], model, *weighing)  # type: ignore[arg-type]
    assert np.array_equal(one.parameters, other.parameters)
    assert np.array_equal(one.status, other.status)


@given(models, weights, seeds)
def test_a_batch_of_one_is_the_batch(model: str, weighing: tuple[str, float | None], seed: int) -> None:
    y = responses(truths(7, seed, model), seed, 0.03)
    whole = fit(DOSES, y, model, *weighing)  # type: ignore[arg-type]
    for row in range(7):
        alone = fit(DOSES, y[row], model, *weighing)  # type: ignore[arg-type]
        assert alone.rss[0] == pytest.approx(whole.rss[row], rel=1e-8)
        assert alone.status[0] == whole.status[row]


@given(models, seeds)
def test_a_missing_well_is_no_well(model: str, seed: int) -> None:
    y = responses(truths(3, seed, model), seed, 0.03)
    holes, blank = y.copy(), np.broadcast_to(DOSES, y.shape).copy()
    holes[:, 3], blank[:, 8] = np.nan, np.nan
    without = np.delete(np.arange(16), [3, 8])
    one, other = fit(blank, holes, model), fit(DOSES[without], y[:, without], model)  # type: ignore[arg-type]
    assert np.allclose(one.rss, other.rss, rtol=1e-9)
    assert (one.degrees == other.degrees).all()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("weighing", "theta"), [("none", None), ("1/y2", None), ("power", 0.7)])
def test_the_batched_fit_is_never_worse_than_the_plain_one(
    model: Literal["4pl", "5pl"], weighing: str, theta: float | None
) -> None:
    dose = np.concatenate([[0.0, 0.0], DOSES])
    y = responses(truths(4, 5, model), 6, 0.04, dose=dose)
    fits = fit(dose, y, model, weighing, theta)
    for row in range(2 if theta else 4):
        _, rss = fit_one(dose, y[row], model, weighing, theta)
        assert fits.rss[row] <= rss * (1 + 1e-7)


@given(seeds)
@settings(max_examples=20)
def test_more_starts_find_nothing_better(seed: int) -> None:
    import trialwright.measures.assay.fitting as fitting

    y = responses(truths(40, seed, "5pl"), seed, 0.05)
    usual = fit(DOSES, y, "5pl", "1/y2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "STARTS", {"5pl": 20})
        patch.setattr(fitting, "RIVAL", 100.0)
        many = fit(DOSES, y, "5pl", "1/y2")
    assert (usual.rss[usual.usable] <= many.rss[usual.usable] * 1.0001).all()


def test_held_asymptotes_are_held_and_cost_no_degree_of_freedom() -> None:
    truth = truths(5, 1)
    y = responses(truth, 2, 0.02)
    fits = fit(DOSES, y, lower=truth[:, 1], upper=5.0)
    assert np.array_equal(fits.parameters[:, 1], truth[:, 1])
    assert (fits.parameters[:, 2] == 5.0).all()
    assert (fits.degrees == 14).all()
    assert (fits.covariance[:, 1] == 0).all()
    assert (fits.covariance[:, :, 2] == 0).all()
    free = fit(DOSES, y)
    assert (fit(DOSES, y, lower=free.parameters[:, 1]).rss <= free.rss * (1 + 1e-9)).all()
    assert (fit(DOSES, y, upper=free.parameters[:, 2]).rss <= free.rss * (1 + 1e-9)).all()


def test_the_power_weights_of_theta_zero_are_none() -> None:
    y = responses(truths(5, 1), 2, 0.02)
    assert np.allclose(fit(DOSES, y, "4pl", "power", 0.0).rss, fit(DOSES, y).rss, rtol=1e-12)


def test_given_weights_are_the_weights() -> None:
    y = responses(truths(5, 1), 2, 0.02)
    assert np.allclose(fit(DOSES, y, "4pl", y**-2.0).rss, fit(DOSES, y, "4pl", "1/y2").rss, rtol=1e-12)


def status_of(y: object, dose: object = DOSES, model: Literal["4pl", "5pl"] = "4pl", weights: str = "none") -> str:
    return fit(dose, y, model, weights).words[0]  # type: ignore[arg-type]


def test_a_plate_of_noise_is_flat() -> None:
    assert status_of(1 + 0.01 * np.random.default_rng(3).standard_normal(16)) == "flat"
    assert status_of(np.ones(16)) == "flat"


def test_a_plate_that_turns_back_is_not_monotone() -> None:
    y = responses(np.array([[-1.0, 0.05, 2.5, 5.0, 1.0]]), 1, 0.01)
    y[:, :2] *= 0.5
    assert status_of(y) == "not monotone"


def test_a_plate_with_two_standards_swapped_is_not_monotone() -> None:
    y = responses(np.array([[-1.0, 0.05, 2.5, 5.0, 1.0]]), 1, 0.01)
    y[:, [0, 1, 6, 7]] = y[:, [6, 7, 0, 1]]
    assert status_of(y) == "not monotone"


def test_a_plate_needs_as_many_doses_as_parameters() -> None:
    y = responses(np.array([[-1.0, 0.05, 2.5, 5.0, 1.0]]), 1, 0.01)
    assert status_of(y[:, :6], DOSES[:6]) == "too few levels"
    assert status_of(y[:, :8], DOSES[:8], "5pl") == "too few levels"
    assert np.isnan(fit(DOSES[:6], y[:, :6]).parameters).all()


def test_a_plate_without_wells_has_too_few_levels_and_its_neighbours_are_fitted() -> None:
    y = responses(truths(3, 1), 1, 0.01)
    y[1] = np.nan
    fits = fit(DOSES, y)
    assert fits.words == ("converged", "too few levels", "converged")
    assert np.allclose(fits.parameters[[0, 2]], fit(DOSES, y[[0, 2]]).parameters, rtol=1e-9)


def test_a_response_of_zero_has_no_weight_under_1_over_y_squared() -> None:
    y = responses(np.array([[-1.0, 0.05, 2.5, 5.0, 1.0]]), 1, 0.01)
    y[0, 15] = 0.0
    assert status_of(y, weights="1/y2") == "a response of zero has no weight"
    assert status_of(y) == "converged"


def test_a_gompertz_curve_leaves_the_asymmetry_open_and_is_usable() -> None:
    y = 0.1 + 2.4 * np.exp(-((DOSES / 4) ** -1.0))
    fits = fit(DOSES, y, "5pl")
    assert fits.words == ("asymmetry not identified",)
    assert fits.usable.all()
    assert np.isfinite(fits.parameters).all()
    assert np.allclose(predict(fits.parameters, DOSES)[0], y, rtol=1e-4)
    noisy = fit(DOSES, y * (1 + 0.02 * np.random.default_rng(1).standard_normal((20, 16))), "5pl")
    assert np.isfinite(noisy.parameters).all()
    assert np.isfinite(noisy.covariance).all()


def test_a_power_law_leaves_an_asymptote_open() -> None:
    assert status_of(0.1 + 0.02 * DOSES**0.8) == "asymptote not identified"


def test_a_step_leaves_the_steepness_open() -> None:
    y = np.where(DOSES > 10, 2.0, 0.1) * (1 + 0.01 * np.random.default_rng(1).standard_normal(16))
    assert status_of(y) == "steepness not identified"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"dose": -DOSES}, "a dose is negative"),
        ({"dose": DOSES[:5]}, "do not belong"),
        ({"model": "3pl"}, "no model '3pl'"),
        ({"weights": "1/y"}, "no weights '1/y'"),
        ({"weights": "power"}, "theta belongs to"),
        ({"theta": 0.5}, "theta belongs to"),
        ({"weights": np.zeros(16)}, "weights are above zero"),
        ({"lower": 3.0, "upper": 2.0}, "not below the upper"),
        ({"lower": np.nan}, "the lower asymptote is missing"),
        ({"dose": DOSES + np.inf}, "infinite"),
    ],
)
def test_a_wrong_call_is_refused_in_words(arguments: dict[str, object], said: str) -> None:
    y = responses(truths(2, 1), 1, 0.01)
    with pytest.raises(ValueError, match=said):
        fit(**{"dose": DOSES, "response": y, **arguments})  # type: ignore[arg-type]


def test_plates_can_be_taken_out_of_the_record() -> None:
    fits = fit(DOSES, responses(truths(4, 1), 1, 0.01))
    assert len(fits[1:3]) == 2
    assert len(fits[2]) == 1
    assert np.array_equal(fits[2].parameters[0], fits.parameters[2])
