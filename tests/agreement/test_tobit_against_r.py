"""Censored normal models against R's survival::survreg; `r/tobit.R` writes the numbers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trialwright.analysis.tobit import tobit
from trialwright.analysis.tobit_newton import maxima

FOUND = json.loads((Path(__file__).parent / "r" / "tobit.json").read_text(encoding="utf-8"))
TRIAL = FOUND["trial"]


def agree(beta: Any, sigma: float, errors: Any, loglik: float, said: dict[str, Any]) -> None:
    assert beta == pytest.approx(said["coefficients"], rel=1e-8)
    assert np.log(sigma) == pytest.approx(said["log_sigma"], rel=1e-7, abs=1e-9)
    assert errors == pytest.approx(said["errors"], rel=1e-6)
    assert loglik == pytest.approx(said["loglik"], rel=1e-10)


def test_tobins_households_have_the_estimates_of_survreg() -> None:
    data = {name: np.array(values, dtype=float) for name, values in FOUND["tobin"]["data"].items()}
    bought = data["durable"] > 0
    matrix = np.column_stack([np.ones(len(bought)), data["age"], data["quant"]])
    lower = np.where(bought, data["durable"], -np.inf)
    found = maxima(lower[None], data["durable"][None], matrix[None])
    assert found.converged.all()
    errors = np.sqrt(np.diagonal(found.covariance[0]))
    agree(found.beta[0], float(found.sigma[0]), errors, float(found.loglik[0]), FOUND["tobin"]["model"])


@pytest.mark.parametrize("which", ["several", "one_sided"])
def test_two_arms_have_the_estimates_of_survreg(which: str) -> None:
    truth, limit = np.array(TRIAL["truth"]), np.array(TRIAL["limit"])
    if which == "several":
        left, right = np.array(TRIAL["left"]), np.array(TRIAL["right"])
        lower, upper = np.where(left < -1e300, -np.inf, left), np.where(right > 1e300, np.inf, right)
    else:
        lower, upper = np.where(truth < limit, -np.inf, truth), np.where(truth < limit, limit, truth)
    x = np.array(TRIAL["x"])
    found = tobit(lower, upper, TRIAL["arm"], {"x": x}, {"group": np.array(TRIAL["group"])}, degrees="asymptotic")
    beta = list(found.coefficients)
    # The covariate is centred here, so that the intercept stands at its average.
    beta[0] -= found.coefficients[3] * x.mean()
    said = TRIAL[which]
    assert found.effect.estimate == pytest.approx(said["coefficients"][-1], rel=1e-8)
    assert found.effect.se == pytest.approx(said["errors"][-2], rel=1e-6)
    agree(beta, found.residual_sd, [*said["errors"][:1], *found.errors[1:]], found.loglik, said)
    assert sum(map(sum, found.censored)) == int((lower < upper).sum())
    if which == "one_sided":
        assert [mean.mean for mean in found.means] == pytest.approx(TRIAL["means"], rel=1e-8)
