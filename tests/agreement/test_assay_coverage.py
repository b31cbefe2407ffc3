"""How often the interval of a sample's dose holds the true dose, by simulation, four and five parameters, up to the
asymptotes: by inversion as often as it says; by the delta method less often where the curve flattens."""

import numpy as np
import pytest
from numpy.typing import NDArray

from trialwright.measures.assay.curves import predict
from trialwright.measures.assay.fitting import fit
from trialwright.measures.assay.inverse import INSIDE, Method, inverse

DOSE = np.repeat(1000 / 3.0 ** np.arange(9), 2)
TRUE = np.array([3.0, 10, 50, 200, 500])
PLATES = 500


def covered(model: str, g: float, weights: str, method: Method) -> NDArray[np.float64]:
    """The share of intervals that hold each true dose, of those that lie on the curve."""
    chance = np.random.default_rng(2)
    curve = np.tile([-1.2, 0.05, 2.5, 80, g], (PLATES, 1))
    standards, samples = predict(curve, DOSE), predict(curve, TRUE)
    errors = (0.06, 1) if weights == "1/y2" else (0.03, 0)
    wells, read = (mu + errors[0] * mu ** errors[1] * chance.standard_normal(mu.shape) for mu in (standards, samples))
    fits = fit(DOSE, np.maximum(wells, 1e-3), "5pl" if model == "5pl" else "4pl", weights)
    found = inverse(fits, read, method=method)
    inside = (found.status == INSIDE) & fits.usable[:, None]
    holds = inside & (found.lower <= TRUE) & (found.upper >= TRUE)
    return np.asarray(holds.sum(axis=0) / inside.sum(axis=0))


@pytest.mark.parametrize("weights", ["none", "1/y2"])
@pytest.mark.parametrize(("model", "g"), [("4pl", 1.0), ("5pl", 0.5), ("5pl", 2.0)])
def test_intervals_by_inversion_hold_the_true_dose_as_often_as_they_say(model: str, g: float, weights: str) -> None:
    share = covered(model, g, weights, "inversion")
    assert (share > 0.92).all(), share
    assert (share < 0.99).all(), share


def test_the_delta_method_fails_near_an_asymptote() -> None:
    assert covered("5pl", 2.0, "none", "log")[0] < 0.65
    assert covered("5pl", 0.5, "1/y2", "delta")[4] < 0.85
