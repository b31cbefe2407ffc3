"""Mixed models: processor time of a fit with Kenward-Roger in a block of trials, and from the start for one data set.

48 participants at 5 visits, 10 % missing, y ~ arm * visit + base, unstructured, REML, driven to a decrement of 1e-16.
Beside it `nlme::gls` (and `gls` with `emmeans`) where R and its packages are there, in the same run on the same data.
The rows of R's `mmrm` are the measured figures of the project's fact sheet (43 to 54 ms with Kenward-Roger, 57 to 68 ms
with `emmeans`, 36.3 ms for the FEV data): that package is not measured here. They hold for a 2.6 GHz machine.
"""

import csv
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from trialwright.analysis.mmrm.block import block, block_reference, least_squares_block, long_form
from trialwright.analysis.mmrm.native import single
from trialwright.analysis.mmrm.records import Floats, Repeated
from trialwright.compute import native

TRIALS, N, M, REPEATS, FITS = 16_000, 48, 5, 3, 6
FACT = "fact sheet"

R_CODE = """
library(nlme)
seconds <- function(expr) { t <- proc.time(); force(expr); sum((proc.time() - t)[c(1, 2)]) }
d <- read.csv(commandArgs(TRUE)[1])
d$visit <- factor(d$visit); d$arm <- factor(d$arm)
one <- function(d) gls(y ~ arm * visit + base, data = d, correlation = corSymm(form = ~ as.integer(visit) | id),
                       weights = varIdent(form = ~ 1 | visit))
fits <- lapply(split(d, d$trial), function(d) { s <- seconds(f <- one(d)); list(s, f, d) })
gls <- mean(sapply(fits, function(f) f[[1]]))
loglik <- sapply(fits, function(f) as.numeric(logLik(f[[2]])))
means <- NA
if (requireNamespace("emmeans", quietly = TRUE)) means <- gls + mean(sapply(fits, function(f) {
  g <- f[[2]]; data <- f[[3]]
  seconds(summary(pairs(emmeans::emmeans(g, ~ arm | visit, data = data, mode = "df.error"))))
}))
cat(sprintf('{"gls": %g, "means": %s, "loglik": [%s]}', gls, ifelse(is.na(means), "null", format(means)),
            paste(sprintf("%.10f", loglik), collapse = ",")))
"""


def main() -> list[dict[str, object]]:
    """One row per task: processor time of a fit here, of its peer, and how many times that is."""
    outcome, covariates = imagined(TRIALS)
    rows = [_block_row(outcome, covariates)]
    rows += [_reference_row(outcome, covariates), _least_squares_row(outcome, covariates)]
    one = long_form(outcome[0], covariates[0], cells(M))
    alone = _each(lambda: single(one), 300)
    fast = float(str(rows[0]["us"]))
    rows.append(_row("one fit, 48 x 5, with all that inference needs", alone, "mmrm with emmeans", 57_000.0, FACT))
    rows += _r_rows(outcome, covariates, fast, alone)
    rows += _fev_rows()
    return rows


def imagined(trials: int, seed: int = 1) -> tuple[Floats, Floats]:
    """Outcome (t, 48, 5) with dropout and single visits missing, together about 10 %, and covariates 1, arm, base."""
    chance = np.random.default_rng(seed)
    lags = np.abs(np.subtract.outer(np.arange(M), np.arange(M)))
    spread = 18.0 * np.linspace(1.0, 1.3, M)
    root = np.linalg.cholesky(np.outer(spread, spread) * 0.85**lags)
    base, arm = chance.normal(size=(trials, N)), np.tile(np.arange(N) % 2.0, (trials, 1))
    outcome = 30.0 + 5.0 * base[..., None] + chance.normal(size=(trials, N, M)) @ root.T
    last = np.where(chance.random((trials, N, 1)) < 0.12, chance.integers(1, M, (trials, N, 1)), M)
    outcome[(np.arange(M) >= last) | (chance.random(outcome.shape) < 0.04)] = np.nan
    return outcome, np.stack([np.ones((trials, N)), arm, base], axis=-1)


def cells(m: int) -> Floats:
    """The mean of each visit in the coefficients 1, arm, later visits, arm at these, base."""
    made = np.zeros((m, 3, 2 * m + 1))
    made[:, 0, 0] = made[:, 1, 1] = made[:, 2, -1] = 1.0
    for visit in range(1, m):
        made[visit, 0, 1 + visit] = made[visit, 1, m + visit] = 1.0
    return made.reshape(3 * m, -1)


def _contrast() -> Floats:
    contrast = np.zeros((1, 2 * M + 1))
    contrast[0, [1, M + 2]] = 1.0
    return contrast


def _block_row(outcome: Floats, covariates: Floats) -> dict[str, object]:
    asked = (outcome, covariates, cells(M), _contrast())
    answers = block(*asked)
    if answers.status.any():
        raise AssertionError(f"{(answers.status != 0).sum()} of {TRIALS} trials did not converge")
    missing = np.isnan(outcome).mean()
    spent = _least(lambda: block(*asked)) / TRIALS * 1e6
    task = f"block of {TRIALS:,} trials with KR, {missing:.1%} missing, all converged, width {native.width()}"
    return _row(task, spent, "mmrm KR-linear", 43_000.0, FACT)


def _reference_row(outcome: Floats, covariates: Floats) -> dict[str, object]:
    few = slice(0, 10)
    spent = _least(lambda: block_reference(outcome[few], covariates[few], cells(M), _contrast()), 1) / 10 * 1e6
    return _row("the same by the reference in NumPy", spent)


def _least_squares_row(outcome: Floats, covariates: Floats) -> dict[str, object]:
    design = np.ascontiguousarray(covariates[..., [0, 2, 1]])
    spent = _least(lambda: least_squares_block(outcome[:, :, 2], design)) / TRIALS * 1e6
    return _row("analysis of covariance in a block", spent)


def _r_rows(outcome: Floats, covariates: Floats, fast: float, alone: float) -> list[dict[str, object]]:
    found = gls(outcome[:FITS], covariates[:FITS])
    if found is None:
        return []
    mine = block(outcome[:FITS], covariates[:FITS], cells(M), _contrast()).loglik
    below = float(np.max(np.asarray(found["loglik"]) - mine))
    here = f"measured here, {FITS} fits; its log-likelihood is above ours by {below:.1e} at most"
    rows = [_row("block of trials", fast, "nlme::gls", float(str(found["gls"])) * 1e6, here)]
    if found["means"] is not None:
        each = float(str(found["means"])) * 1e6
        rows.append(_row("one fit", alone, "nlme::gls and emmeans", each, f"measured here, {FITS} fits"))
    return rows


def gls(outcome: Floats, covariates: Floats) -> dict[str, object] | None:
    """Mean seconds of processor time inside R, and the log-likelihoods; None without R and nlme."""
    program = shutil.which("Rscript")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "trials.csv")
        with table.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("trial", "id", "arm", "base", "visit", "y"))
            for trial, person, visit in np.argwhere(~np.isnan(outcome)).tolist():
                _, arm, base = covariates[trial, person].tolist()
                writer.writerow((trial, person, int(arm), base, visit + 1, float(outcome[trial, person, visit])))
        script = Path(folder, "gls.R")
        script.write_text(R_CODE, encoding="utf-8")
        done = subprocess.run([program, str(script), str(table)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def _fev_rows() -> list[dict[str, object]]:
    shared = Path(__file__).resolve().parents[2] / "shared" / "data" / "statistics" / "fev_from_mmrm_apache2.csv"
    if not shared.exists():
        return []
    data = fev(shared)
    fit = single(data)
    if fit is None:
        return []
    spent = _each(lambda: single(data), 100)
    task = f"one fit, FEV data ({len(data.participants)} x 4), FEV1 ~ RACE + SEX + ARMCD * AVISIT"
    return [_row(task, spent, "mmrm KR-linear", 36_300.0, FACT)]


def fev(path: Path) -> Repeated:
    """FEV1 ~ RACE + SEX + ARMCD * AVISIT."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["FEV1"] != "NA"]
    people = {name: place for place, name in enumerate(dict.fromkeys(row["USUBJID"] for row in rows))}
    visits = sorted({row["AVISIT"] for row in rows})
    rows.sort(key=lambda row: (people[row["USUBJID"]], row["AVISIT"]))
    visit = np.array([visits.index(row["AVISIT"]) for row in rows])
    arm = np.array([float(row["ARMCD"] == "TRT") for row in rows])
    races = sorted({row["RACE"] for row in rows})[1:]
    later = (visit[:, None] == np.arange(1, len(visits))).astype(float)
    columns = [np.ones(len(rows)), *(np.array([float(row["RACE"] == race) for row in rows]) for race in races)]
    columns += [np.array([float(row["SEX"] == "Female") for row in rows]), arm]
    design = np.column_stack([*columns, later, later * arm[:, None]])
    return Repeated(
        np.array([float(row["FEV1"]) for row in rows]),
        design,
        np.array([people[row["USUBJID"]] for row in rows]),
        visit,
        tuple(f"x{place}" for place in range(design.shape[1])),
        tuple(visits),
        tuple(people),
        np.zeros(len(people), dtype=np.int64),
    )


def _row(task: str, spent: float, peer: str = "", theirs: float = 0.0, source: str = "") -> dict[str, object]:
    row: dict[str, object] = {"task": task, "us": f"{spent:.3g}", "fits/s": f"{1e6 / spent:,.0f}"}
    if peer:
        row |= {"peer": peer, "peer, ms": f"{theirs / 1e3:.3g}", "times": f"{theirs / spent:,.0f}", "peer from": source}
    return row


def _least(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """The least of several runs, in seconds of processor time."""
    spent = []
    for _ in range(repeats):
        start = process_time()
        run()
        spent.append(process_time() - start)
    return min(spent)


def _each(run: Callable[[], object], times: int) -> float:
    """Median latency of one call in microseconds of the wall clock, warm."""
    spent = []
    for _ in range(times):
        start = perf_counter()
        run()
        spent.append(perf_counter() - start)
    return float(np.median(spent)) * 1e6


if __name__ == "__main__":
    for each in main():
        print(each)
