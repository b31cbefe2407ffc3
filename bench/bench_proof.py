"""The proof after the lock: slots drawn up again from the seed, committed to, and rooted, per second.

`row by row` is the specification, `at once` what `trialwright allocation verify` runs; the goal is 100,000 rows a
second. Both end on the same root, which is checked.
"""

import time
from collections.abc import Callable
from typing import Any

from trialwright.allocation.annex import Annex
from trialwright.allocation.bulk import regenerated
from trialwright.allocation.methods import Blocks
from trialwright.allocation.proof import root_of
from trialwright.allocation.slots import draw_up

GOAL = 100_000
ANNEX = Annex("BENCH", Blocks({"A": 1, "B": 1}, (4, 6)), "00" * 32)
STRATA = tuple(f"centre:{number}" for number in range(8))


def row_by_row(n: int) -> str:
    """The root, from the simple functions."""
    return root_of(slot.leaf(ANNEX.trial, ANNEX.sha256) for slot in draw_up(ANNEX, STRATA, n, bytes(32)))


def at_once(n: int) -> str:
    """The root, from the bulk path."""
    return root_of(regenerated(ANNEX, STRATA, n, bytes(32)).leaf)


def measured(way: Callable[[int], str], n: int) -> tuple[float, str]:
    """Seconds of CPU, the best of three, and the root."""
    best, root = float("inf"), ""
    for _ in range(3):
        began = time.process_time()
        root = way(n)
        best = min(best, time.process_time() - began)
    return best, root


def main() -> list[dict[str, Any]]:
    """One row per number of slots."""
    rows = []
    for n in (6, 1_250, 25_000):
        slots = n * len(STRATA)
        simple, root = measured(row_by_row, n)
        quick, again = measured(at_once, n)
        if root != again:
            raise SystemExit("the two ways give different lists")
        rows.append(
            {
                "slots": slots,
                "row by row, rows/s": round(slots / simple),
                "at once, rows/s": round(slots / quick),
                "goal": GOAL,
            }
        )
    return rows
