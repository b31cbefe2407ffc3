"""One data set through the compiled mixed model: any design, the same fit as the reference."""

import csv
from ctypes import CDLL
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.analysis.mmrm.small_trials import small_trial

from trialwright.analysis.mmrm.native import single
from trialwright.analysis.mmrm.records import Fit, Repeated
from trialwright.analysis.mmrm.reference import reference


def assert_same(fast: Fit | None, slow: Fit) -> None:
    assert fast is not None
    assert fast.engine == "kernel"
    assert fast.loglik == pytest.approx(slow.loglik, abs=1e-9)
    for name in ("theta", "sigma", "beta", "phi", "theta_covariance"):
        mine, theirs = getattr(fast, name), getattr(slow, name)
        np.testing.assert_allclose(mine, theirs, rtol=1e-7, atol=2e-8 * np.abs(theirs).max(), err_msg=name)


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("m", [2, 3, 5])
def test_the_fit_is_that_of_the_reference(kernel: CDLL, m: int, weighted: bool, method: str) -> None:
    data = small_trial(7, n=30, m=m, weighted=weighted)
    assert_same(single(data, method), reference(data, "us", method))


def test_the_sensitivities_are_derivatives_of_the_information_of_the_mean(kernel: CDLL) -> None:
    data = small_trial(3, n=24, m=3)
    fit = single(data)
    assert fit is not None
    assert fit.sensitivity is not None
    for place in range(fit.theta.size):
        step = 1e-5 * fit.theta[0]
        around = []
        for sign in (1.0, -1.0):
            theta = fit.theta.copy()
            theta[place] += sign * step
            around.append(_information(data, theta))
        np.testing.assert_allclose(
            fit.sensitivity[place], (around[0] - around[1]) / (2 * step), rtol=1e-5, atol=1e-6 * np.abs(around[0]).max()
        )


def _information(data: Repeated, theta: np.ndarray) -> np.ndarray:
    m = len(data.visits)
    sigma = np.zeros((m, m))
    columns, rows = np.triu_indices(m)
    sigma[rows, columns] = sigma[columns, rows] = theta
    total = np.zeros((data.design.shape[1],) * 2)
    for person in range(len(data.participants)):
        mine = data.participant == person
        x, at = data.design[mine], data.visit[mine]
        total += x.T @ np.linalg.solve(sigma[np.ix_(at, at)], x)
    return total


def test_covariates_that_change_over_time_are_served(kernel: CDLL) -> None:
    data = small_trial(11, n=40, m=4)
    chance = np.random.default_rng(2)
    moving = chance.normal(size=(data.outcome.size, 2))
    more = replace(data, design=np.column_stack([data.design, moving]), columns=(*data.columns, "a", "b"))
    assert_same(single(more), reference(more))


def test_coefficients_keep_their_digits_far_from_the_origin(kernel: CDLL) -> None:
    data = small_trial(5, n=30, m=3)
    design = data.design.copy()
    design[:, 2] += 2020.0
    assert_same(single(replace(data, design=design)), reference(replace(data, design=design)))


def test_the_kernel_leaves_groups_and_what_has_no_fit_to_the_reference(kernel: CDLL) -> None:
    assert single(small_trial(1, groups=2)) is None
    data = small_trial(1)
    assert single(replace(data, outcome=np.zeros(data.outcome.size))) is None
    assert single(replace(data, outcome=np.full(data.outcome.size, np.inf))) is None
    assert single(replace(data, visits=(*data.visits, "never"))) is None


def test_the_fev_data_give_the_tightly_converged_numbers(kernel: CDLL, shared: Path) -> None:
    """FEV1 by arm alone, unstructured: SE and df from Kenward-Roger in the linear form."""
    with (shared / "data" / "statistics" / "fev_from_mmrm_apache2.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["FEV1"] != "NA"]
    people = sorted({row["USUBJID"] for row in rows}, key=lambda name: int(name[2:]))
    visits = ("VIS1", "VIS2", "VIS3", "VIS4")
    rows.sort(key=lambda row: (people.index(row["USUBJID"]), row["AVISIT"]))
    arm = np.array([row["ARMCD"] == "TRT" for row in rows], dtype=np.float64)
    data = Repeated(
        np.array([float(row["FEV1"]) for row in rows]),
        np.column_stack([np.ones(len(rows)), arm]),
        np.array([people.index(row["USUBJID"]) for row in rows]),
        np.array([visits.index(row["AVISIT"]) for row in rows]),
        ("(Intercept)", "arm"),
        visits,
        tuple(people),
        np.zeros(len(people), dtype=np.int64),
    )
    fit = single(data)
    assert fit is not None
    assert fit.sensitivity is not None
    assert fit.phi_adjusted is not None
    gradient = -np.array([fit.phi[1] @ p @ fit.phi[1] for p in fit.sensitivity])
    df = 2.0 * fit.phi[1, 1] ** 2 / (gradient @ fit.theta_covariance @ gradient)
    assert fit.beta[1] == pytest.approx(3.8197495368, rel=1e-8)
    assert fit.phi_adjusted[1, 1] ** 0.5 == pytest.approx(0.6613004589, rel=1e-7)
    assert df == pytest.approx(160.6906205, rel=1e-7)
    # SAS PROC MIXED, which stops early.
    assert fit.beta[1] == pytest.approx(3.81972492174648, rel=1e-5)
    assert fit.phi_adjusted[1, 1] ** 0.5 == pytest.approx(0.66124382270307, rel=1e-4)
    assert df == pytest.approx(160.733266403768, rel=5e-4)
