"""Doses at responses: where they lie, how sure they are, and the intervals' coverage."""

import numpy as np
import pytest
from tests.unit.measures.assay.standard_curves import DOSES, responses

from trialwright.measures.assay.curves import predict
from trialwright.measures.assay.fitting import fit
from trialwright.measures.assay.inverse import PLACES, Method, inverse, profile

TRUTH = np.array([[-1.1, 0.1, 2.5, 9.0, 1.0]])
SAMPLES = np.array([1.0, 4.0, 15.0, 40.0])


def plates(count: int, seed: int, scatter: float = 0.02, theta: float = 0.0) -> np.ndarray:
    return responses(np.repeat(TRUTH, count, axis=0), seed, scatter, theta)


def test_each_response_says_where_it_lies() -> None:
    y = plates(2, 1)
    y[1] = np.nan
    found = inverse(fit(DOSES, y), [-5.0, 1.0, 99.0, np.nan])
    words = [[PLACES[code] for code in row] for row in found.status]
    assert words[0] == ["below the lower asymptote", "inside", "above the upper asymptote", "no response"]
    assert words[1] == ["no curve"] * 4
    assert np.isfinite(found.dose).tolist() == [[False, True, False, False], [False] * 4]
    for each in (found.se, found.lower, found.upper):
        assert np.array_equal(np.isfinite(each), np.isfinite(found.dose))


@pytest.mark.parametrize("method", ["delta", "log", "inversion"])
def test_the_intervals_hold_the_dose_and_shrink_with_replicates(method: Method) -> None:
    fits = fit(DOSES, plates(20, 2))
    y = predict(TRUTH, SAMPLES)[0]
    one, three, known = (inverse(fits, y, replicates=m, method=method) for m in (1, 3, np.inf))
    for each in (one, three, known):
        assert (each.lower < each.dose).all()
        assert (each.dose < each.upper).all()
    assert (one.upper - one.lower > three.upper - three.lower).all()
    assert (three.upper - three.lower > known.upper - known.lower).all()


def test_a_higher_level_gives_a_wider_interval() -> None:
    fits = fit(DOSES, plates(5, 3))
    narrow, wide = inverse(fits, 1.2, 0.8), inverse(fits, 1.2, 0.99)
    assert (wide.lower < narrow.lower).all()
    assert (wide.upper > narrow.upper).all()


def test_an_interval_that_never_ends_is_open() -> None:
    fits = fit(DOSES, plates(1, 4, 0.05))
    c, d = fits.parameters[0, 1:3]
    found = inverse(fits, [c + 0.01, 1.2, d - 0.01], method="inversion")
    assert found.open_below[0].tolist() == [True, False, False]
    assert found.open_above[0].tolist() == [False, False, True]


def test_other_units_of_dose_and_response_change_only_the_units() -> None:
    y = plates(5, 5)
    one = inverse(fit(DOSES, y, weights="1/y2"), 1.2, method="inversion")
    other = inverse(fit(DOSES * 1000, y * 7, weights="1/y2"), 1.2 * 7, method="inversion")
    for name in ("dose", "se", "lower", "upper"):
        assert np.allclose(getattr(other, name), getattr(one, name) * 1000, rtol=1e-5)


def test_the_profile_agrees_with_the_inversion_where_the_curve_is_well_known() -> None:
    y = plates(3, 6, 0.005)
    fits = fit(DOSES, y)
    wald, likely = inverse(fits, [0.5, 1.2, 2.0], method="inversion"), profile(DOSES, y, fits, [0.5, 1.2, 2.0])
    assert np.allclose(likely.dose, wald.dose)
    width = wald.upper - wald.lower
    assert (np.abs(likely.lower - wald.lower) < 0.03 * width).all()
    assert (np.abs(likely.upper - wald.upper) < 0.03 * width).all()


@pytest.mark.parametrize(("weights", "theta"), [("1/y2", None), ("power", 0.8)])
def test_the_profile_holds_the_dose_under_every_weighting(weights: str, theta: float | None) -> None:
    y = plates(3, 7, 0.03, 1.0)
    fits = fit(DOSES, y, "5pl", weights, theta)
    found = profile(DOSES, y, fits, [0.5, 1.2])
    assert (found.lower < found.dose).all()
    assert (found.dose < found.upper).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"replicates": 0}, "at least one well"),
        ({"level": 95}, "between 0 and 1"),
        ({"method": "guess"}, "no interval 'guess'"),
    ],
)
def test_a_wrong_question_is_refused_in_words(arguments: dict[str, object], said: str) -> None:
    fits = fit(DOSES, plates(1, 1))
    with pytest.raises(ValueError, match=said):
        inverse(fits, 1.0, **arguments)  # type: ignore[arg-type]


def test_given_weights_know_no_variance_of_a_sample() -> None:
    fits = fit(DOSES, plates(1, 1), weights=np.ones(16))
    with pytest.raises(ValueError, match="replicates=inf"):
        inverse(fits, 1.0)
    assert np.isfinite(inverse(fits, 1.0, replicates=np.inf).se).all()


@pytest.mark.long
@pytest.mark.parametrize("method", ["delta", "log", "inversion"])
@pytest.mark.parametrize(("weights", "power", "theta"), [("none", 0.0, None), ("power", 1.0, 1.0)])
def test_ninety_five_of_a_hundred_intervals_hold_the_true_dose(
    method: Method, weights: str, power: float, theta: float | None
) -> None:
    count = 20_000
    fits = fit(DOSES, plates(count, 8, 0.03, power), "4pl", weights, theta)
    chance = np.random.default_rng(9)
    mean = predict(TRUTH, SAMPLES)
    y = mean + 0.03 * mean**power * chance.standard_normal((count, 2, 4)).mean(axis=1)
    found = inverse(fits, y, replicates=2, method=method)
    held = ((found.lower <= SAMPLES) & (found.upper >= SAMPLES)).mean(axis=0)
    assert (held > 0.935).all()
    assert (held < 0.962).all()
