"""How long the bounds of a sequential trial and a sample size take, beside R's rpact in the same run.

CPU time per call, the best of five rounds, imports and start-up left out on both sides. The distance is the largest one
between the bounds; rpact's own are off by up to 7e-9 (tests/agreement/r/sequential.R has the truth). Without Rscript or
rpact the peer's columns stay empty.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from trialwright.analysis.power import means
from trialwright.analysis.sequential import boundaries, characteristics

Measured = tuple[float, list[float]]
"""Seconds of CPU per call, and the numbers it gave."""

CASES: Mapping[str, tuple[dict[str, Any], str]] = {
    "asOF, 3 looks": ({"looks": 3}, 'kMax=3, alpha=0.025, typeOfDesign="asOF"'),
    "OF, 3 looks": ({"looks": 3, "type": "OF"}, 'kMax=3, alpha=0.025, typeOfDesign="OF"'),
    "asP, 5 looks, two-sided": (
        {"looks": 5, "type": "asP", "sided": 2, "alpha": 0.05}, 'kMax=5, alpha=0.05, sided=2, typeOfDesign="asP"',
    ),
    "asOF + bsOF, 3 looks": (
        {"looks": 3, "beta": 0.1, "beta_spending": "bsOF"},
        'kMax=3, alpha=0.025, beta=0.1, typeOfDesign="asOF", typeBetaSpending="bsOF"',
    ),
}  # fmt: skip
R = """
suppressMessages(library(rpact))
timed <- function(f, times) {
  f(); best <- Inf
  for (round in 1:5) best <- min(best, sum(system.time(for (i in 1:times) f())[c(1, 2)]) / times)
  best
}
said <- function(name, times, f, numbers) {
  cat(sprintf('{"name": "%%s", "seconds": %%.10g, "numbers": [%%s]}\\n', name, timed(f, times),
              paste(formatC(numbers, digits = 15, format = "g"), collapse = ", ")))
}
%s
d <- getDesignGroupSequential(kMax=3, alpha=0.025, beta=0.2, typeOfDesign="asOF")
said("characteristics of asOF", 3, function() getDesignCharacteristics(d), getDesignCharacteristics(d)$inflationFactor)
size <- function() getSampleSizeMeans(alternative=16, stDev=19, sided=2, alpha=0.05, beta=0.2)
said("t test, sample size", 5, size, size()$nFixed)
"""


def main() -> list[dict[str, Any]]:
    """One row for each question."""
    peers = rpact()
    rows = []
    for name, (asked, _) in CASES.items():
        rows.append(_row(name, ours(partial(_bounds, asked)), peers.get(name)))
    design = boundaries(3)
    found = ours(lambda: [characteristics(design, 0.8).inflation])
    rows.append(_row("characteristics of asOF", found, peers.get("characteristics of asOF")))
    size = ours(lambda: [means.sample_size(0.8, 16, 19)])
    rows.append(_row("t test, sample size", size, peers.get("t test, sample size")))
    return rows


def _bounds(asked: dict[str, Any]) -> list[float]:
    return list(boundaries(**asked).upper)


def ours(function: Callable[[], list[float]], times: int = 100) -> Measured:
    """Our CPU time for one call."""
    numbers = function()
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(times):
            function()
        best = min(best, (time.process_time() - began) / times)
    return best, numbers


def rpact() -> dict[str, Measured]:
    """The same questions put to rpact; nothing where it is not installed."""
    program = shutil.which("Rscript")
    if program is None:
        return {}
    designs = "\n".join(
        f'f <- function() getDesignGroupSequential({call}); said("{name}", 5, f, f()$criticalValues)'
        for name, (_, call) in CASES.items()
    )
    result = subprocess.run([program, "-e", R % designs], capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    return {line["name"]: (line["seconds"], line["numbers"]) for line in lines}


def _row(name: str, mine: Measured, peer: Measured | None) -> dict[str, Any]:
    row: dict[str, Any] = {"question": name, "trialwright us": 1e6 * mine[0]}
    if peer is None:
        return {**row, "rpact us": None, "times faster": None, "largest distance": None}
    apart = float(np.abs(np.subtract(mine[1], peer[1])).max())
    return {**row, "rpact us": 1e6 * peer[0], "times faster": peer[0] / mine[0], "largest distance": apart}


if __name__ == "__main__":
    for row in main():
        print(row)
