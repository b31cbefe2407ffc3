"""How long EQ-5D states take: the arrays alone, and the whole of `trialwright score eq5d` for a million rows.

R's `eq5d` 0.16.3 is in no Debian archive, so it is not run here: its 7.8 s of CPU time per 100,000 states were measured
once (fact sheet of the measurements, 3.5) on another two-core machine.
"""

import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl

from trialwright.measures import eq5d
from trialwright.measures.eq5d.terms import in_thousandths, value

ROWS = 1_000_000
REFERENCE_ROWS = 3_000
R_PER_STATE = 7.8 / 100_000
CHILD = """
import resource, sys, time
from trialwright.cli.score import score_app
try:
    score_app(["eq5d", sys.argv[1], "--version", "5L", "--value-set", "NL", "-o", sys.argv[2]])
except SystemExit:
    pass
print(time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def imaginary_states(rows: int, seed: int = 1) -> np.ndarray:
    """Levels 1 to 5, one cell in fifty missing."""
    chance = np.random.default_rng(seed)
    levels = chance.integers(1, 6, (rows, 5)).astype(np.int8)
    levels[chance.random((rows, 5)) < 0.02] = 0
    return levels


def write(levels: np.ndarray, path: Path) -> None:
    """The states as the CSV file that the command reads."""
    columns = {name: pl.Series(levels[:, place]).replace(0, None) for place, name in enumerate(eq5d.DIMENSIONS)}
    vas = pl.Series(np.arange(len(levels)) % 101)
    pl.DataFrame({"id": pl.Series(np.arange(len(levels))), **columns, "vas": vas}).write_csv(path)


def command(path: Path) -> tuple[float, float]:
    """CPU seconds and greatest memory (MB) of the whole command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), str(path.with_suffix(".scores"))],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, kilobytes = done.stdout.split()
    return float(seconds), float(kilobytes) / 1024


def array_seconds(levels: np.ndarray, dutch: eq5d.ValueSet) -> float:
    """CPU seconds of the index alone, levels in memory."""
    start = time.process_time()
    eq5d.index(levels, dutch)
    return time.process_time() - start


def all_sets_seconds() -> float:
    """CPU seconds to make the tables of every value set there is, from the files."""
    eq5d.value_sets.cache_clear()
    start = time.process_time()
    for version in eq5d.TOP:
        eq5d.value_sets(version)
    return time.process_time() - start


def reference_seconds(levels: np.ndarray, dutch: eq5d.ValueSet) -> float:
    """CPU seconds of the plain reference, term by term in fractions."""
    complete = levels[(levels > 0).all(axis=1)][:REFERENCE_ROWS].tolist()
    start = time.process_time()
    for state in complete:
        in_thousandths(Fraction(value(state, dutch.figures)))
    return (time.process_time() - start) / len(complete)


def main() -> None:
    """Print the table."""
    levels = imaginary_states(ROWS)
    dutch = eq5d.value_set("5L", "NL")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "states.csv"
        write(levels, path)
        runs = [command(path) for _ in range(3)]
    seconds, memory = min(runs)
    arrays = min(array_seconds(levels, dutch) for _ in range(7))
    reference = reference_seconds(levels, dutch)
    print(f"{'EQ-5D-5L index, Dutch value set':<46}{'states':>9}{'CPU s':>9}{'ns a state':>12}{'times R eq5d':>14}")
    for name, spent in (
        ("arrays in memory", arrays),
        ("trialwright score eq5d, file to file", seconds),
        ("plain reference (per state, scaled up)", reference * ROWS),
        ("R eq5d 0.16.3 (figure kept, not run here)", R_PER_STATE * ROWS),
    ):
        each = spent / ROWS
        print(f"{name:<46}{ROWS:>9}{spent:>9.4f}{each * 1e9:>12.1f}{R_PER_STATE / each:>13.0f}x")
    print(f"greatest memory of the command: {memory:.0f} MB; of this process: {_own_memory():.0f} MB")
    print(f"reading the figures and making the tables of all value sets: {all_sets_seconds():.2f} s of CPU time")


def _own_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
