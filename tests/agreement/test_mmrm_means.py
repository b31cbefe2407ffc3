"""Least-squares means, differences and type III tests are those of emmeans and car (values of r/mmrm_means.R)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trialwright.analysis.mmrm import means, mmrm
from trialwright.analysis.mmrm.formula import parsed
from trialwright.analysis.mmrm.frame import frame_of
from trialwright.analysis.mmrm.reading import Roles
from trialwright.analysis.mmrm.table import from_csv, numbers

VALUES = json.loads((Path(__file__).parent / "r" / "mmrm_means.json").read_text(encoding="utf-8"))
FEV = "data/statistics/fev_from_mmrm_apache2.csv"
OURS = {"I(FEV1_BL^2)": "I(FEV1_BL**2)"}


@pytest.mark.parametrize("case", VALUES["squares"], ids=lambda case: case["formula"])
def test_means_and_type_iii_hypotheses_are_those_of_emmeans_and_car_by_least_squares(
    case: dict[str, Any], shared: Path
) -> None:
    formula = case["formula"]
    for theirs, ours in OURS.items():
        formula = formula.replace(theirs, ours)
    frame = frame_of(from_csv(shared / FEV), parsed(formula), Roles("USUBJID", "AVISIT", "ARMCD", "PBO"))
    design, outcome = frame.data.design, frame.data.outcome
    beta = np.linalg.lstsq(design, outcome, rcond=None)[0]
    spread = ((outcome - design @ beta) ** 2).sum() / (len(outcome) - len(beta))
    covariance = spread * np.linalg.inv(design.T @ design)
    cells = means.cells(frame)
    for rows, value, error in (
        (cells, case["means"], case["mean_se"]),
        (means.differences(frame, cells), case["contrasts"], case["contrast_se"]),
    ):
        assert rows @ beta == pytest.approx(value, rel=1e-9)
        assert np.sqrt(np.diagonal(rows @ covariance @ rows.T)) == pytest.approx(error, rel=1e-9)
    found = means.terms(frame)
    assert len(found) == len(case["terms"])
    for name, rows in found.items():
        theirs = case["terms"].index(_as_in_r(name))
        estimate = rows @ beta
        statistic = estimate @ np.linalg.solve(rows @ covariance @ rows.T, estimate) / len(rows)
        assert len(rows) == case["df"][theirs]
        assert statistic == pytest.approx(case["F"][theirs], rel=1e-8)


def _as_in_r(name: str) -> str:
    return name.replace("**", "^").replace(" ^ ", "^")


@pytest.mark.parametrize("number", [0, 1])
def test_the_mixed_models_means_are_those_of_emmeans_on_gls(number: int, shared: Path) -> None:
    case = VALUES["mixed"][number]
    if number == 0:
        options: dict[str, Any] = {"participant": "USUBJID", "visit": "AVISIT", "arm": "ARMCD", "reference": "PBO"}
        table = pl.read_csv(shared / FEV, null_values="NA")
    else:
        options = {"participant": "id", "visit": "visit", "arm": "arm", "reference": "0"}
        table = pl.read_csv(shared / "data/statistics/sim.csv").filter(pl.col("trial") == 0)
    fit = mmrm(case["formula"], table, df="asymptotic", **options)
    assert fit.loglik >= case["loglik"] - 1e-9
    assert fit.loglik == pytest.approx(case["loglik"], abs=1e-6)
    assert fit.means.estimate == pytest.approx(case["means"], rel=2e-5)
    assert fit.means.se == pytest.approx(case["mean_se"], rel=1e-4)
    assert fit.contrasts.estimate == pytest.approx(case["contrasts"], rel=1e-4)
    assert fit.contrasts.se == pytest.approx(case["contrast_se"], rel=1e-4)


def test_the_difference_at_the_primary_visit_is_that_of_tightly_converged_mmrm(shared: Path) -> None:
    tight = from_csv(shared / "data/statistics/mmrm_tight.csv")
    table = pl.read_csv(shared / "data/statistics/sim.csv")
    columns = [numbers(tight, name).tolist() for name in ("trial", "ll", "est", "se", "df", "p")]
    for trial, loglik, estimate, se, df, p in zip(*columns, strict=True):
        one = table.filter(pl.col("trial") == int(trial))
        fit = mmrm("y ~ arm*visit + base", one, participant="id", visit="visit", arm="arm", reference=0)
        row = fit.contrasts.at(visit=3)
        assert row["contrast"] == "1 - 0"
        assert fit.loglik >= loglik - 1e-9
        assert row["estimate"] == pytest.approx(estimate, rel=1e-7)
        assert row["se"] == pytest.approx(se, rel=1e-7)
        assert row["df"] == pytest.approx(df, rel=1e-6)
        assert row["p"] == pytest.approx(p, rel=1e-6)


def test_sas_is_met_on_the_fev_data(shared: Path) -> None:
    sas = pl.read_csv(shared / "data/statistics/sas_kr_us.csv").row(0, named=True)
    fit = mmrm(
        "FEV1 ~ ARMCD", shared / FEV, participant="USUBJID", visit="AVISIT", arm="ARMCD", reference="PBO"
    )  # fmt: skip
    row = fit.contrasts.at(visit="VIS1")
    assert row["contrast"] == f"{sas['ARMCD']} - {sas['_ARMCD']}"
    assert row["estimate"] == pytest.approx(sas["Estimate"], rel=1e-5)
    assert row["se"] == pytest.approx(sas["StdErr"], rel=1e-4)
    assert row["df"] == pytest.approx(sas["DF"], rel=5e-4)
