"""Standard curves against R's drc 3.2-0, SciPy's best of many starts, and `nls`, on plates that anybody can have.

The figures are in the shared reference files (data/biomarkers/SOURCES.md).
"""

import csv
import shutil
import subprocess
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from trialwright.measures.assay import curves
from trialwright.measures.assay.fitting import fit
from trialwright.measures.assay.inverse import inverse
from trialwright.measures.assay.variance import estimate

Numbers = NDArray[np.float64]
Model = Literal["4pl", "5pl"]
NAMES: dict[Model, str] = {"4pl": "LL.4", "5pl": "LL.5"}
CASES: list[tuple[Model, str]] = [("4pl", "none"), ("4pl", "1/y2"), ("5pl", "none"), ("5pl", "1/y2")]


def rows(shared: Path, name: str) -> list[dict[str, str]]:
    with (shared / "data" / "biomarkers" / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def dnase(shared: Path) -> tuple[Numbers, Numbers]:
    """The doses and responses of the eleven runs of R's DNase, 16 wells each."""
    wells = rows(shared, "DNase_ELISA.csv")
    dose, response = (np.array([float(well[name]) for well in wells]).reshape(11, 16) for name in ("conc", "density"))
    return dose, response


def columns(shared: Path, name: str, dose: str, response: str) -> tuple[Numbers, Numbers]:
    wells = rows(shared, name)
    return np.array([float(w[dose]) for w in wells]), np.array([float(w[response]) for w in wells])


@pytest.mark.parametrize(("model", "weights"), CASES)
def test_no_objective_is_worse_than_the_best_known(
    shared: Path, dnase: tuple[Numbers, Numbers], model: Model, weights: str
) -> None:
    known = [
        min(float(row["rss_drc"]), float(row["rss_scipy"]))
        for row in rows(shared, "reference_scipy_multistart_vs_drc.csv")
        if row["model"] == NAMES[model] and row["weights"] == weights
    ]
    fits = fit(*dnase, model, weights)
    assert fits.words == ("converged",) * 11
    assert (fits.rss <= np.array(known) * 1.000001).all()


def test_the_weighted_five_parameter_runs_where_drc_stops_short_are_beaten(
    shared: Path, dnase: tuple[Numbers, Numbers]
) -> None:
    theirs = [
        float(row["rss"])
        for row in rows(shared, "reference_drc_3.2-0_fits.csv")
        if (row["set"], row["model"], row["weights"]) == ("DNase", "LL.5", "1/y2")
    ]
    excess = np.array(theirs) / fit(*dnase, "5pl", "1/y2").rss - 1
    assert np.flatnonzero(excess > 0.001).tolist() == [0, 3, 4, 8]
    assert excess.max() == pytest.approx(0.041, abs=0.001)


@pytest.mark.parametrize(("model", "weights"), CASES)
def test_the_curves_are_drcs_where_drc_arrived(
    shared: Path, dnase: tuple[Numbers, Numbers], model: Model, weights: str
) -> None:
    theirs = [
        [float(row[name]) for name in ("b", "c", "d", "e", "f", "rss")]
        for row in rows(shared, "reference_drc_3.2-0_fits.csv")
        if (row["set"], row["model"], row["weights"]) == ("DNase", NAMES[model], weights)
    ]
    their = np.array(theirs)
    fits = fit(*dnase, model, weights)
    arrived = their[:, 5] / fits.rss < 1 + 3e-5
    assert arrived.any()
    assert np.allclose(fits.parameters[arrived], their[arrived, :5], rtol=0.02, atol=2e-3)


def test_the_first_run_is_that_of_nls(dnase: tuple[Numbers, Numbers]) -> None:
    """nls(density ~ SSfpl(log(conc), A, B, xmid, scal), DNase, Run == 1)."""
    b, c, d, e, _ = fit(dnase[0][0], dnase[1][0]).parameters[0]
    assert (c, d, np.log(e), -1 / b) == pytest.approx((-0.007897, 2.377239, 1.507403, 1.062579), abs=6e-7)


def test_ryegrass_is_that_of_drc(shared: Path) -> None:
    fits = fit(*columns(shared, "drc_ryegrass.csv", "conc", "rootl"))
    assert fits.parameters[0, :4] == pytest.approx((2.98222, 0.48141, 7.79296, 3.05796), abs=2e-4)
    assert fits.rss[0] == pytest.approx(5.4002, abs=5e-5)
    assert fits.words == ("converged",)


@pytest.mark.parametrize(("name", "dose", "response"), [("ryegrass", "conc", "rootl"), ("lettuce", "conc", "weight")])
@pytest.mark.parametrize("model", ["4pl", "5pl"])
def test_the_other_data_are_fitted_no_worse_than_by_drc(
    shared: Path, name: str, dose: str, response: str, model: Model
) -> None:
    theirs = [
        float(row["rss"])
        for row in rows(shared, "reference_drc_3.2-0_fits.csv")
        if (row["set"], row["model"]) == (name, NAMES[model])
    ]
    fits = fit(*columns(shared, f"drc_{name}.csv", dose, response), model)
    assert fits.rss[0] <= theirs[0] * (1 + 1e-9)
    assert np.isfinite(fits.parameters).all()


@pytest.mark.parametrize("model", ["4pl", "5pl"])
def test_every_herbicide_curve_has_finite_parameters_and_falls(shared: Path, model: Model) -> None:
    wells = [(w["Herbicide"], float(w["Dose"]), float(w["DryMatter"])) for w in rows(shared, "drc_S.alba.csv")]
    wells += [(w["CURVE"], float(w["DOSE"]), float(w["SLOPE"])) for w in rows(shared, "drc_spinach.csv")]
    for curve in sorted({name for name, _, _ in wells}):
        x, y = np.array([(dose, response) for name, dose, response in wells if name == curve]).T
        fits = fit(x, y, model)
        assert fits.usable.all(), (curve, fits.words)
        assert np.isfinite(fits.parameters).all()
        assert fits.parameters[0, 0] > 0


def observed_covariance(parameters: Numbers, dose: Numbers, response: Numbers, variance: float) -> Numbers:
    """What drc takes for the covariance of b, c, d, e: from the second derivatives of the sum of squares."""

    def downhill(at: Numbers) -> Numbers:
        whole = np.append(at, 1.0)[None]
        residual = response - curves.predict(whole, dose[None])[0]
        return np.asarray(-curves.gradient(whole, dose[None])[0, :, :4].T @ residual)

    steps = np.diag(1e-5 * np.maximum(np.abs(parameters), 1e-3))
    half = [(downhill(parameters + step) - downhill(parameters - step)) / (2 * step.sum()) for step in steps]
    return np.asarray(np.linalg.inv((np.array(half) + np.array(half).T) / 2) * variance)


def test_inverse_prediction_is_drcs_once_its_convention_is_taken(shared: Path, dnase: tuple[Numbers, Numbers]) -> None:
    """The estimates agree. drc's `ED(type = "absolute")` takes the response as known, Student's t with wells less 4
    degrees of freedom, the covariance from second derivatives, and **the asymptotes as known**: it leaves their
    derivatives out. With these four its standard errors and intervals are ours; our own include the asymptotes, whose
    errors are correlated with those of b and e, which makes them 1.3 to 7 times smaller here. `test_inverse.py` shows
    by simulation that ours hold the true dose as often as they say.
    """
    values = [[float(v) for v in row.values()] for row in rows(shared, "reference_drc_inverse_prediction.csv")]
    theirs = np.array(values).reshape(11, 4, 6)
    fits = fit(*dnase)
    found = inverse(fits, theirs[:, :, 1], replicates=np.inf)
    assert np.allclose(found.dose, theirs[:, :, 2], rtol=2e-4)
    t = (found.upper - found.dose) / found.se
    assert np.allclose(t, (theirs[:, :, 5] - theirs[:, :, 2]) / theirs[:, :, 3], rtol=1e-9)
    by = curves.gradient(fits.parameters, found.dose)[..., :4] / curves.slope(fits.parameters, found.dose)[..., None]
    by[..., 1:3] = 0.0
    covariance = np.array(
        [observed_covariance(fits.parameters[k, :4], dnase[0][k], dnase[1][k], fits.sigma[k] ** 2) for k in range(11)]
    )
    se = found.dose * np.sqrt(np.einsum("pni,pij,pnj->pn", by, covariance, by))
    arrived = np.arange(11) != 0
    assert np.allclose(se[arrived], theirs[arrived, :, 3], rtol=3e-4)
    assert np.allclose(se[0], theirs[0, :, 3], rtol=3e-3), "drc stopped a little short in the first run"
    assert np.allclose(found.dose - t * se, theirs[:, :, 4], rtol=3e-3)
    assert np.allclose(found.dose + t * se, theirs[:, :, 5], rtol=3e-3)


def test_the_variance_of_the_dnase_assay_grows_as_a_power_of_about_one_half(dnase: tuple[Numbers, Numbers]) -> None:
    found = estimate(*dnase)
    assert found.theta == pytest.approx(0.4587, abs=1e-4)
    assert found.degrees == 88


R = """
for (run in levels(DNase$Run)) {
  part <- DNase[DNase$Run == run, ]
  one <- nls(density ~ A + (B - A) / (1 + exp((xmid - log(conc)) / scal)), part,
             start = list(A = 0, B = 2.3, xmid = 1.4, scal = 1),
             control = nls.control(tol = 1e-6, minFactor = 1e-9, maxiter = 200))
  cat(run, format(c(coef(one), sqrt(diag(vcov(one))), deviance(one)), digits = 15, trim = TRUE), sep = ",")
  cat("\\n")
}
"""


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_estimates_and_standard_errors_are_those_of_nls_in_every_run(dnase: tuple[Numbers, Numbers]) -> None:
    said = subprocess.run(["Rscript", "--vanilla", "-e", R], capture_output=True, text=True, check=True).stdout
    theirs = np.array([[float(value) for value in line.split(",")] for line in said.split()])
    theirs = theirs[np.argsort(theirs[:, 0])]
    fits = fit(*dnase)
    b, c, d, e, _ = fits.parameters.T
    se = np.sqrt(np.diagonal(fits.covariance, axis1=1, axis2=2))
    ours = np.column_stack([c, d, np.log(e), -1 / b, se[:, 1], se[:, 2], se[:, 3] / e, se[:, 0] / b**2, fits.rss])
    assert np.allclose(ours, theirs[:, 1:], rtol=2e-5, atol=1e-6)
