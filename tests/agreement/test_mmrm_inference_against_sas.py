"""Inference from a mixed model gives the numbers of SAS PROC MIXED and of R's mmrm, converged tightly.

SAS values: FEV1 = ARMCD over four visits of the FEV data, least-squares mean differences, as the R package mmrm keeps
them in its folder design (github.com/openpharma/mmrm, Apache-2.0): ddfm_covtype and KR for Kenward and Roger, Robust
for the empirical covariance. SAS stops some 1e-5 before the maximum where a structure has many parameters.
"""

import csv
from pathlib import Path

import numpy as np
import pytest

from trialwright.analysis.mmrm.inference import inference
from trialwright.analysis.mmrm.records import Fit, Repeated
from trialwright.analysis.mmrm.reference import reference

# structure: estimate, SE by KR, SE by KR(linear), df, and how far from the maximum SAS stopped.
SAS = {
    "us": (3.81972492174648, 0.66124382270307, 0.66124382270307, 160.733266403768, 1e-4),
    "cs": (4.19663617897035, 0.7964696053595, 0.7964696053595, 177.038485931223, 1e-6),
    "csh": (3.77090812499029, 0.67414806011886, 0.67403858183242, 190.737701349941, 1.3e-4),
    "ar1": (4.22574315817874, 0.95865439662225, 0.96058142305176, 188.46934887972, 1e-6),
    "ar1h": (3.72674356244499, 0.7590316099633, 0.75924807546934, 188.225339095373, 3e-5),
    "toep": (4.47051860580552, 0.87839805519623, 0.87839805519623, 160.027408337368, 5e-5),
    "toeph": (3.92287746213894, 0.72543828853831, 0.72537324518435, 180.062730071701, 2e-6),
    "adh": (3.72344028834729, 0.66172017349971, 0.66158550758897, 162.393385281755, 1.3e-4),
}

# (structure, weighted): empirical variances of intercept and arm.
ROBUST = {
    ("us", False): (0.16725909903518, 0.40908637028234, 3e-5),
    ("cs", False): (0.26910953746582, 0.6297163326325, 1e-7),
    ("us", True): (0.198001710472, 0.53420413502786, 3e-5),
    ("cs", True): (0.32402882795093, 0.81526337857816, 1e-6),
    ("ar1", True): (0.3741856039623, 0.95376377451164, 1e-6),
    ("toep", True): (0.39272956491025, 1.00563551122259, 1e-4),
}


def fev(folder: Path, columns: tuple[str, ...] = ("arm",), weighted: bool = False) -> Repeated:
    """FEV1 with an intercept and the named columns: "arm", "race", "sex", "visit", "arm:visit"."""
    with (folder / "data/statistics/fev_from_mmrm_apache2.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["FEV1"] != "NA"]
    people = tuple(dict.fromkeys(row["USUBJID"] for row in rows))
    visits = ("VIS1", "VIS2", "VIS3", "VIS4")
    arm = np.array([[row["ARMCD"] == "TRT"] for row in rows], dtype=float)
    later = np.array([[row["AVISIT"] == visit for visit in visits[1:]] for row in rows], dtype=float)
    races = ("Black or African American", "White")
    parts = {
        "arm": arm,
        "visit": later,
        "arm:visit": arm * later,
        "sex": np.array([[row["SEX"] == "Female"] for row in rows], dtype=float),
        "race": np.array([[row["RACE"] == race for race in races] for row in rows], dtype=float),
    }
    design = np.column_stack([np.ones(len(rows)), *(parts[name] for name in columns)])
    return Repeated(
        np.array([float(row["FEV1"]) for row in rows]),
        design,
        np.array([people.index(row["USUBJID"]) for row in rows]),
        np.array([visits.index(row["AVISIT"]) for row in rows]),
        tuple(f"x{number}" for number in range(design.shape[1])),
        visits,
        people,
        np.zeros(len(people), dtype=np.int64),
        weights=np.array([float(row["WEIGHT"]) for row in rows]) if weighted else None,
    )


@pytest.mark.parametrize("name", SAS)
def test_kenward_roger_in_every_structure_is_that_of_sas(shared: Path, name: str) -> None:
    estimate, full, linear, df, stopped = SAS[name]
    fit = reference(fev(shared), name)
    found = inference(fit, "kenward-roger").contrast([0, 1])
    first = inference(fit, "kenward-roger-linear").contrast([0, 1])
    assert found.estimate[0] == pytest.approx(estimate, rel=3 * stopped)
    assert found.se[0] == pytest.approx(full, rel=stopped)
    assert first.se[0] == pytest.approx(linear, rel=stopped)
    assert found.df[0] == pytest.approx(df, rel=4 * stopped)
    # How much the second derivatives matter, free of where SAS stopped: SAS gives the same to four digits.
    assert full / linear - 1 == pytest.approx(found.se[0] / first.se[0] - 1, rel=1e-3, abs=1e-7)


def test_the_unstructured_fit_is_that_of_mmrm_converged_tightly(shared: Path) -> None:
    found = inference(reference(fev(shared))).contrast([0, 1])
    assert (found.estimate[0], found.se[0], found.df[0]) == pytest.approx(
        (3.8197495412, 0.6613004559, 160.6906226), rel=2e-8
    )
    with (shared / "data/statistics/sas_kr_us.csv").open(encoding="utf-8") as file:
        sas = next(csv.DictReader(file))
    assert found.estimate[0] == pytest.approx(float(sas["Estimate"]), rel=1e-5)
    assert found.se[0] == pytest.approx(float(sas["StdErr"]), rel=1e-4)
    assert found.df[0] == pytest.approx(float(sas["DF"]), rel=5e-4)


@pytest.mark.parametrize(("name", "weighted"), ROBUST)
def test_the_empirical_covariance_is_that_of_sas(shared: Path, name: str, weighted: bool) -> None:
    intercept, arm, stopped = ROBUST[name, weighted]
    made = inference(reference(fev(shared, weighted=weighted), name), "between-within", "empirical")
    assert tuple(np.diagonal(made.covariance)) == pytest.approx((intercept, arm), rel=stopped)
    assert made.contrast([0, 1]).df[0] == 195.0


def test_between_within_counts_as_mmrm_does(shared: Path) -> None:
    """The example of mmrm's article on the method: 192 between and 334 within for 197 participants in 537 rows."""
    data = fev(shared, ("race", "sex", "arm", "visit", "arm:visit"))
    found = inference(reference(data), "between-within").contrast(np.eye(11))
    assert found.df.tolist() == [334, 192, 192, 192, 192, *[334] * 6]


def trials(folder: Path, wanted: set[int]) -> dict[int, Repeated]:
    """Simulated trials, y ~ arm * visit + base: columns intercept, arm, visits 2 to 5, base, arm at visits 2 to 5."""
    rows: dict[int, list[list[float]]] = {number: [] for number in wanted}
    with (folder / "data/statistics/sim.csv").open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            if int(line["trial"]) in wanted and line["y"] not in ("", "NA"):
                rows[int(line["trial"])].append([float(line[key]) for key in ("id", "visit", "arm", "base", "y")])
    return {number: _trial(np.array(sorted(found))) for number, found in rows.items()}


def _trial(table: np.ndarray) -> Repeated:
    person, at, arm, base, y = table.T
    people, participant = np.unique(person, return_inverse=True)
    later = (at[:, None] == np.arange(2, 6)).astype(float)
    design = np.column_stack([np.ones(y.size), arm, later, base, later * arm[:, None]])
    names = tuple(f"x{number}" for number in range(11))
    visits, labels = tuple("12345"), tuple(str(int(one)) for one in people)
    places = (at - 1).astype(np.int64)
    return Repeated(y, design, participant, places, names, visits, labels, np.zeros(people.size, dtype=np.int64))


WEEK_12 = np.eye(11)[1] + np.eye(11)[8]


def numbers(folder: Path, name: str) -> dict[int, dict[str, float]]:
    with (folder / "data/statistics" / name).open(encoding="utf-8") as file:
        rows = [{key: float(value) for key, value in line.items()} for line in csv.DictReader(file)]
    return {int(row["trial"]): row for row in rows}


@pytest.fixture(scope="module")
def fits(shared: Path) -> dict[int, Fit]:
    """The first forty trials that mmrm converged tightly on."""
    wanted = sorted(numbers(shared, "mmrm_tight.csv"))[:40]
    return {number: reference(data) for number, data in trials(shared, set(wanted)).items()}


def test_standard_errors_and_degrees_of_freedom_are_those_of_tight_mmrm(shared: Path, fits: dict[int, Fit]) -> None:
    known = numbers(shared, "mmrm_tight.csv")
    for number, fit in fits.items():
        found, row = inference(fit).contrast(WEEK_12), known[number]
        assert found.estimate[0] == pytest.approx(row["est"], rel=3e-8)
        assert found.se[0] == pytest.approx(row["se"], rel=1e-7)
        assert found.df[0] == pytest.approx(row["df"], rel=1e-6)
        assert found.p[0] == pytest.approx(row["p"], rel=1e-6)


def test_the_prototype_agrees(shared: Path, fits: dict[int, Fit]) -> None:
    known = numbers(shared, "prototype_200.csv")
    for number, fit in fits.items():
        found, plain, row = inference(fit), inference(fit, "satterthwaite"), known[number]
        assert found.contrast(WEEK_12).se[0] == pytest.approx(row["se_kr_linear"], rel=1e-6)
        assert plain.contrast(WEEK_12).se[0] == pytest.approx(row["se_asym"], rel=1e-6)
        assert found.contrast(WEEK_12).df[0] == pytest.approx(row["df"], rel=1e-5)


def test_mmrm_at_its_defaults_agrees_as_far_as_it_converged(shared: Path, fits: dict[int, Fit]) -> None:
    linear, plain = numbers(shared, "mmrm_kr.csv"), numbers(shared, "mmrm_sat.csv")
    for number, fit in fits.items():
        for df, known in (("kenward-roger-linear", linear), ("satterthwaite", plain)):
            if number in known:
                found = inference(fit, df).contrast(WEEK_12)
                assert found.se[0] == pytest.approx(known[number]["se"], rel=4e-4)
                assert found.df[0] == pytest.approx(known[number]["df"], rel=2e-3)
