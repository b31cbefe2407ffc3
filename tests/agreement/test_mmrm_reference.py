"""The reference against the tightly converged fits of others: R's mmrm, nlme::gls, SAS and an independent prototype."""

import csv
from pathlib import Path

import numpy as np
import pytest
from tests.agreement.longform import fev, simulated

from trialwright.analysis.mmrm.records import Fit
from trialwright.analysis.mmrm.reference import reference

VISIT_THREE = 7


@pytest.fixture(scope="module")
def fits(shared: Path) -> dict[int, Fit]:
    return {trial: reference(data) for trial, data in simulated(shared).items()}


def rows_of(shared: Path, name: str) -> list[dict[str, float]]:
    with (shared / "data" / "statistics" / name).open() as file:
        return [
            {key: float(value) for key, value in row.items() if key and value.strip(" -.e0123456789+") == ""}
            for row in csv.DictReader(file)
        ]


def test_all_simulated_trials_converge(fits: dict[int, Fit]) -> None:
    assert len(fits) == 200
    assert max(fit.decrement for fit in fits.values()) <= 1e-16
    assert max(fit.iterations for fit in fits.values()) <= 13


def test_the_fits_are_those_of_mmrm_at_a_tight_tolerance(shared: Path, fits: dict[int, Fit]) -> None:
    rows = rows_of(shared, "mmrm_tight.csv")
    assert len(rows) == 55
    ours = [fits[int(row["trial"])] for row in rows]
    assert min(fit.loglik - row["ll"] for fit, row in zip(ours, rows, strict=True)) > -1e-9
    theirs = np.array([row["est"] for row in rows])
    # Half of these fits agree to 1e-10; the largest difference, 2e-8, is mmrm's, which stops short of the maximum.
    relative = np.abs(np.array([fit.beta[VISIT_THREE] for fit in ours]) / theirs - 1.0)
    assert relative.max() < 3e-8
    assert np.median(relative) < 1e-10
    sigma = np.array([[row[f"X{place}"] for place in range(1, 16)] for row in rows])
    assert np.abs(np.array([fit.theta for fit in ours]) / sigma - 1.0).max() < 3e-7


def test_the_likelihood_is_never_below_that_of_gls(shared: Path, fits: dict[int, Fit]) -> None:
    rows = rows_of(shared, "gls.csv")
    differences = [fits[int(row["trial"])].loglik - row["ll"] for row in rows]
    assert min(differences) > -1e-9
    assert max(differences) < 1e-6
    for row in rows:
        fit = fits[int(row["trial"])]
        assert fit.beta[VISIT_THREE] == pytest.approx(row["est"], rel=2e-5)
        assert fit.phi[VISIT_THREE, VISIT_THREE] ** 0.5 == pytest.approx(row["se"], rel=3e-5)


def test_the_fits_are_those_of_an_independent_prototype(shared: Path, fits: dict[int, Fit]) -> None:
    for row in rows_of(shared, "prototype_200.csv"):
        fit = fits[int(row["trial"])]
        assert fit.loglik == pytest.approx(row["reml_ll"], abs=2e-12)
        assert fit.beta[VISIT_THREE] == pytest.approx(row["est"], rel=1e-9)
        assert fit.phi[VISIT_THREE, VISIT_THREE] ** 0.5 == pytest.approx(row["se_asym"], rel=1e-9)


def test_the_satterthwaite_degrees_of_freedom_of_the_observed_information_are_those_of_mmrm(
    shared: Path, fits: dict[int, Fit]
) -> None:
    # df = 2 v² / var(v), v = Phi_cc, dv / d theta_j = -(Phi P_j Phi)_cc: one number that needs Phi, P_j and W together.
    for row in rows_of(shared, "mmrm_tight.csv"):
        fit = fits[int(row["trial"])]
        assert fit.sensitivity is not None
        column = fit.phi[:, VISIT_THREE]
        slope = -np.einsum("a,jab,b->j", column, fit.sensitivity, column)
        df = 2.0 * column[VISIT_THREE] ** 2 / (slope @ fit.theta_covariance @ slope)
        assert df == pytest.approx(row["df"], rel=3e-7)


def test_the_fev_data_give_the_estimate_of_sas_and_of_mmrm(shared: Path) -> None:
    fit = reference(fev(shared, full=False))
    sas = rows_of(shared, "sas_kr_us.csv")[0]["Estimate"]
    assert fit.beta[1] == pytest.approx(sas, rel=1e-5)
    # mmrm at a tight tolerance, facts/statistics.md 3.2.
    assert fit.beta[1] == pytest.approx(3.8197495412, rel=3e-9)
