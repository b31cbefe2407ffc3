"""Processor time of a rehearsed trial, and of what it is made of.

The figure to reach: at most 0.15 s per whole trial (48 randomised, all visits and forms, chained, analysed), aim 0.05.
"""

import gc
from pathlib import Path
from time import process_time

import numpy as np

from trialwright import design, simulate
from trialwright.compute import chance
from trialwright.simulate.outcome import outcome

TRIAL = Path(__file__).resolve().parents[1] / "trials" / "time-is-muscle"
TRIALS = 40
DRAWS = 1_000_000
CHUNK = 4


def main() -> list[dict[str, object]]:
    """One row per part: milliseconds of processor time per trial (the least and the middle of 40), or per draw."""
    program = simulate.program(simulate.read(TRIAL), design.read(TRIAL))
    parts: dict[str, list[float]] = {"imagined": [], "conducted": [], "analysed": []}
    facts: list[int] = []
    for first in range(0, TRIALS + CHUNK, CHUNK):
        gc.collect()
        gc.disable()
        _one_chunk(program, range(first, first + CHUNK), parts, facts)
        gc.enable()
    whole = [sum(trial) for trial in zip(*parts.values(), strict=True)]
    rows = [_row(f"whole trial, {round(float(np.mean(facts)))} facts", whole)]
    rows += [_row(f"of it {part}", spent) for part, spent in parts.items()]
    return [*rows, _draws()]


def _one_chunk(program: simulate.Program, trials: range, parts: dict[str, list[float]], facts: list[int]) -> None:
    """Rehearse a few trials; the very first chunk only warms up."""
    began = process_time()
    casts = simulate.imagine(program, 1, trials)
    imagined = (process_time() - began) / len(casts)
    for cast in casts:
        start = process_time()
        done = simulate.rehearse(cast)
        middle = process_time()
        found = outcome(done, start)
        if trials.start:
            parts["imagined"].append(imagined)
            parts["conducted"].append(middle - start)
            parts["analysed"].append(process_time() - middle)
            facts.append(found.facts)


def _row(what: str, seconds: list[float]) -> dict[str, object]:
    return {
        "what": what,
        "least ms": round(1000 * min(seconds), 1),
        "middle ms": round(1000 * float(np.median(seconds)), 1),
    }


def _draws() -> dict[str, object]:
    addresses = np.arange(DRAWS)
    spent = []
    for _ in range(5):
        began = process_time()
        chance.uniform(1, "bench", 0, addresses, 0)
        spent.append(process_time() - began)
    return _row(f"{DRAWS:,} addressed uniform draws", spent)


if __name__ == "__main__":
    for row in main():
        print(row)
