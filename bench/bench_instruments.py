"""How long a million questionnaires take: the scores from arrays, and the whole of `trialwright score haq-di FILE`.

The reference is the specification in Python's fractions; it is timed on fewer questionnaires, its ratio is per
questionnaire.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trialwright.design.instruments import Instrument, levels
from trialwright.measures.instruments import instrument, score
from trialwright.measures.instruments.reference import score_one

ROWS = 1_000_000
REFERENCE_ROWS = 500
NAMES = ("haq-di", "rand-36", "facit-fatigue", "mmt-24")
CHILD = """
import sys, time
from trialwright.cli.score import score_app
try:
    score_app(["haq-di", sys.argv[1], "-o", sys.argv[2]])
except SystemExit:
    pass
print(time.process_time())
"""


def imaginary_answers(asked: Instrument, rows: int, seed: int = 1) -> dict[str, NDArray[np.int8]]:
    """Whole answers to every item, one in fifty missing (-1); tick boxes are ticked once in ten."""
    chance = np.random.default_rng(seed)
    columns = {}
    for item in asked.items:
        answers = asked.answers_of(item.id)
        possible = np.array([int(level) for level in levels(answers) or ()], dtype=np.int8)
        if answers.blank is not None:
            columns[item.id] = (chance.random(rows) < 0.1).astype(np.int8)
            continue
        picked = possible[chance.integers(0, len(possible), rows)]
        columns[item.id] = np.where(chance.random(rows) < 0.02, np.int8(-1), picked)
    return columns


def array_seconds(asked: Instrument, columns: dict[str, NDArray[np.int8]]) -> float:
    """CPU seconds of the scores from whole numbers in memory."""
    start = time.process_time()
    score(asked, columns)
    return time.process_time() - start


def reference_seconds(asked: Instrument, columns: dict[str, NDArray[np.int8]], rows: int) -> float:
    """CPU seconds of the specification on the first `rows` questionnaires."""
    given = [
        {name: None if (answer := int(column[row])) < 0 else answer for name, column in columns.items()}
        for row in range(rows)
    ]
    start = time.process_time()
    for answers in given:
        score_one(asked, answers)
    return time.process_time() - start


def command_seconds(columns: dict[str, NDArray[np.int8]]) -> float:
    """CPU seconds of the whole command in a process of its own, imports, reading and writing included."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "questionnaires.csv"
        ids = np.char.add("P", np.arange(ROWS).astype(str))
        frame = pl.DataFrame({"id": ids, **columns})
        frame.with_columns(pl.when(pl.col(name) >= 0).then(pl.col(name)) for name in columns).write_csv(path)
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(path), str(path.with_suffix(".scores"))],
            capture_output=True,
            text=True,
            check=True,
        )
        return float(done.stdout)


def main() -> None:
    """Print the table."""
    print(f"{ROWS:,} questionnaires, CPU seconds")
    for name in NAMES:
        asked = instrument(name)
        columns = imaginary_answers(asked, ROWS)
        arrays = min(array_seconds(asked, columns) for _ in range(3))
        reference = reference_seconds(asked, columns, REFERENCE_ROWS) * ROWS / REFERENCE_ROWS
        scales = f"{len(asked.items)} items, {len(asked.scales)} scores"
        ratio = f"reference {reference:8.1f}   ratio {reference / arrays:8,.0f}"
        print(f"  {name:14} {scales:22} arrays {arrays:6.3f}   {ratio}")
        if name == "haq-di":
            print(f"  {name:14} file to file           command {command_seconds(columns):5.2f}")


if __name__ == "__main__":
    main()
