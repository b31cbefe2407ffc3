"""Standard curves of 1,000 plates, four and five parameters: CPU of the batched fit beside R's nls and drc's cost.

The plates are drawn from the eleven runs of R's DNase (8 doses in duplicate, fitted values plus residuals drawn again,
growing as the fitted response). drc is in no Debian package: its 8.7 ms of CPU for one four-parameter fit were measured
on a machine of this kind (fact sheet on measurements, section 4.2) and are not of this run. nls runs now, where R is:
it has one start, no weights and no status.
"""

import csv
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np

from trialwright.measures.assay.curves import Numbers, predict
from trialwright.measures.assay.fitting import fit
from trialwright.measures.assay.inverse import inverse

PLATES = 1_000
NLS_PLATES = 200
DRC_SECONDS = 8.7e-3
SHARED = Path(os.environ.get("TRIALWRIGHT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
CASES: tuple[tuple[Literal["4pl", "5pl"], str, float | None], ...] = (
    ("4pl", "none", None),
    ("4pl", "1/y2", None),
    ("5pl", "none", None),
    ("5pl", "1/y2", None),
    ("4pl", "power", 0.46),
    ("5pl", "power", 0.46),
)
R = """
d <- read.csv("FILE")
parts <- split(d, d$plate)
began <- proc.time()
done <- sum(sapply(parts, function(part) !inherits(try(
  nls(y ~ SSfpl(log(x), A, B, xmid, scal), part), silent = TRUE), "try-error")))
spent <- proc.time() - began
cat(done, spent[["user.self"]] + spent[["sys.self"]])
"""


def plates(count: int, seed: int = 1) -> tuple[Numbers, Numbers]:
    """Doses and responses (count, 16)."""
    with (SHARED / "biomarkers" / "DNase_ELISA.csv").open(newline="", encoding="utf-8") as file:
        wells = list(csv.DictReader(file))
    dose, response = (np.array([float(well[name]) for well in wells]).reshape(11, 16) for name in ("conc", "density"))
    fits = fit(dose, response, "5pl", "1/y2")
    fitted = predict(fits.parameters, dose)
    relative = (response - fitted) / fitted
    chance = np.random.default_rng(seed)
    run = chance.integers(0, 11, count)
    drawn = np.take_along_axis(relative[run], chance.integers(0, 16, (count, 16)), axis=1)
    return dose[run], fitted[run] * (1 + drawn)


def seconds(call: Any) -> float:
    """CPU seconds of the best of three calls."""
    spent = []
    for _ in range(3):
        began = time.process_time()
        call()
        spent.append(time.process_time() - began)
    return min(spent)


def nls(dose: Numbers, response: Numbers) -> tuple[int, float] | None:
    """How many of the plates R's nls fitted, and its CPU seconds; nothing where R is not."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plates.csv"
        plate = np.repeat(np.arange(len(dose)), dose.shape[1])
        table = np.column_stack([plate, dose.ravel(), response.ravel()])
        np.savetxt(path, table, delimiter=",", header="plate,x,y", comments="", fmt="%.17g")
        command = ["Rscript", "--vanilla", "-e", R.replace("FILE", str(path))]
        done, spent = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return int(done), float(spent)


def main() -> list[dict[str, str]]:
    """One row a task."""
    dose, response = plates(PLATES)
    fit(dose[:50], response[:50], "5pl")
    rows, weighted = [], 0.0
    for model, weights, theta in CASES:
        spent = seconds(lambda m=model, w=weights, t=theta: fit(dose, response, m, w, t))
        weighted += spent if weights == "1/y2" else 0.0
        settled = int(fit(dose, response, model, weights, theta).usable.sum())
        rows.append(row(f"{model}, {weights}", spent / PLATES, f"{settled} of {PLATES} usable"))
    rows.append(row("4pl and 5pl, 1/y2", weighted / PLATES, "drc: two fits", DRC_SECONDS * 2))
    fits = fit(dose, response, "5pl", "1/y2")
    samples = np.tile(np.linspace(0.2, 1.5, 40), (PLATES, 1))
    spent = seconds(lambda: inverse(fits, samples))
    rows.append(row("40 samples a plate, delta intervals", spent / PLATES, "", None))
    if (peer := nls(dose[:NLS_PLATES], response[:NLS_PLATES])) is not None:
        rows.append(row("R nls SSfpl, unweighted", peer[1] / NLS_PLATES, f"fitted {peer[0]} of {NLS_PLATES}"))
    rows.append(row("memory of this process", None, f"{peak() / 2**20:.0f} MiB at most", None))
    return rows


def row(task: str, spent: float | None, note: str, peer: float | None = DRC_SECONDS) -> dict[str, str]:
    """A task, its CPU a plate, and how often that goes into drc's."""
    return {
        "task": task,
        "microseconds of CPU a plate": "" if spent is None else f"{spent * 1e6:.0f}",
        "times drc's 4pl (8.7 ms, from the facts)": "" if spent is None or peer is None else f"{peer / spent:.0f}",
        "note": note,
    }


def peak() -> int:
    """The most memory that this process ever held, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    for line in main():
        print(re.sub(r"[{}']", "", str(line)))
