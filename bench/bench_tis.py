"""How long a million pairs take: the whole of `trialwright score tis FILE`, and the arrays alone, beside the plain
reference.

The reference is the specification in Python's fractions; it is timed on fewer pairs and its ratio is per pair.
"""

import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl

from trialwright.measures.tis import CoreSet, Exact, Limits, total_improvement_score
from trialwright.measures.tis_reference import Values, pair_score

ROWS = 1_000_000
REFERENCE_ROWS = 3_000
CHILD = """
import sys, time
from trialwright.cli.score import score_app
try:
    score_app(["tis", sys.argv[1], "-o", sys.argv[2]])
except SystemExit:
    pass
print(time.process_time())
"""


def imaginary_pairs(rows: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Whole numbers: scales in tenths, HAQ in eighths, the rest as they are. CK and ALT, as most trials have them."""
    chance = np.random.default_rng(seed)
    tenths = [f"{scale}_{visit}" for scale in ("phga", "ptga", "exm") for visit in "01"]
    return {
        "mmt_max": np.full(rows, 260),
        **{name: chance.integers(0, 101, rows) for name in tenths},
        **{f"mmt_{visit}": chance.integers(100, 261, rows) for visit in "01"},
        **{f"haq_{visit}": chance.integers(0, 25, rows) for visit in "01"},
        **{f"ck_{visit}": chance.integers(20, 9_000, rows) for visit in "01"},
        **{f"alt_{visit}": chance.integers(5, 400, rows) for visit in "01"},
        "ck_uln": np.full(rows, 200),
        "alt_uln": np.full(rows, 40),
    }


def write(pairs: dict[str, np.ndarray], path: Path) -> None:
    """The pairs as the CSV file that the command reads."""
    scaled = {
        name: values / 8 if name.startswith("haq") else values / 10 if name[:4] in ("phga", "ptga", "exm_") else values
        for name, values in pairs.items()
    }
    ids = np.char.add("P", np.arange(len(pairs["mmt_max"])).astype(str))
    pl.DataFrame({"id": ids, **scaled}).write_csv(path)


def command_seconds(path: Path) -> float:
    """CPU seconds of the whole command in a process of its own, imports, reading and writing included."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), str(path.with_suffix(".scores"))],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def array_seconds(pairs: dict[str, np.ndarray]) -> float:
    """CPU seconds of the scores alone, from whole numbers in memory."""
    eighths = {visit: Exact(pairs[f"haq_{visit}"] * 125, 3) for visit in "01"}
    first, second = (
        CoreSet(
            Exact(pairs[f"phga_{visit}"], 1),
            Exact(pairs[f"ptga_{visit}"], 1),
            Exact(pairs[f"mmt_{visit}"]),
            eighths[visit],
            Exact(pairs[f"exm_{visit}"], 1),
            {name: Exact(pairs[f"{name}_{visit}"]) for name in ("ck", "alt")},
        )
        for visit in "01"
    )
    limits = Limits(Exact(pairs["mmt_max"]), {name: Exact(pairs[f"{name}_uln"]) for name in ("ck", "alt")})
    start = time.process_time()
    total_improvement_score(first, second, limits)
    return time.process_time() - start


def reference_seconds(pairs: dict[str, np.ndarray], rows: int) -> float:
    """CPU seconds of the specification on the first `rows` pairs."""
    visits: list[list[Values]] = [
        [
            {
                **{scale: Decimal(int(pairs[f"{scale}_{visit}"][row])) / 10 for scale in ("phga", "ptga", "exm")},
                "haq": Decimal(int(pairs[f"haq_{visit}"][row])) / 8,
                **{name: int(pairs[f"{name}_{visit}"][row]) for name in ("mmt", "ck", "alt")},
            }
            for visit in "01"
        ]
        for row in range(rows)
    ]
    start = time.process_time()
    for first, second in visits:
        pair_score(first, second, mmt_max=260, upper_limits={"ck": 200, "alt": 40})
    return time.process_time() - start


def main() -> None:
    """Print the table."""
    pairs = imaginary_pairs(ROWS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.csv"
        write(pairs, path)
        command = min(command_seconds(path) for _ in range(3))
    arrays = min(array_seconds(pairs) for _ in range(3))
    reference = reference_seconds(pairs, REFERENCE_ROWS) * ROWS / REFERENCE_ROWS
    print(f"{'Total Improvement Score':<44}{'pairs':>10}{'CPU s':>9}{'times the reference':>21}")
    print(f"{'trialwright score tis, file to file':<44}{ROWS:>10}{command:>9.2f}{reference / command:>20.0f}x")
    print(f"{'arrays in memory':<44}{ROWS:>10}{arrays:>9.3f}{reference / arrays:>20.0f}x")
    print(f"{'reference (per pair, scaled up)':<44}{ROWS:>10}{reference:>9.1f}{1:>20.0f}x")


if __name__ == "__main__":
    main()
