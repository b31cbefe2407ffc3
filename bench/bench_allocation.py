"""Draws per second of every method: over many trials at once, and by the pure function that a real trial uses.

Minimisation stands beside `smallerize` 0.5.0 (Pocock and Simon in pure Python, MPL 2.0) where that can be imported: put
its folder on PYTHONPATH. The figure to reach is 100,000 minimised draws a second in simulation.
"""

import importlib
from collections.abc import Callable
from fractions import Fraction
from importlib.util import find_spec
from time import process_time
from typing import Any

import numpy as np

from trialwright.allocation.arrays import drawn, minimised, words_needed, words_of
from trialwright.allocation.methods import (
    BiasedCoin,
    BigStick,
    Blocks,
    Method,
    Minimisation,
    Simple,
    Urn,
    begin,
    next_arm,
)
from trialwright.allocation.stream import Stream

RATIO = {"A": 1, "B": 1}
FACTORS = {"sex": ("F", "M"), "subtype": ("DM", "IMNM", "OM", "ASyS")}
N, TRIALS, SLOWLY, REPEATS = 48, 20_000, 40, 3

METHODS: tuple[tuple[str, Method], ...] = (
    ("simple", Simple(RATIO)),
    ("blocks of 4", Blocks(RATIO, (4,))),
    ("blocks of 4 and 6", Blocks(RATIO, (4, 6))),
    ("big stick 3", BigStick(RATIO, 3)),
    ("Efron 2/3", BiasedCoin(RATIO)),
    ("Wei's urn", Urn(RATIO)),
    ("minimisation, range", Minimisation(RATIO, FACTORS)),
    ("minimisation, variance", Minimisation(RATIO, FACTORS, "variance")),
    ("minimisation, standard deviation", Minimisation(RATIO, FACTORS, "standard_deviation")),
)


def main() -> list[dict[str, object]]:
    """One row per method: draws a second of processor time, words of chance included, and how many times the others."""
    levels = imagined_levels(TRIALS)
    peer = peer_draws(levels)
    return [_row(name, method, levels, peer.get(name)) for name, method in METHODS]


def imagined_levels(trials: int) -> dict[str, Any]:
    """Levels of the factors, as indices."""
    chance = np.random.default_rng(1)
    return {name: chance.integers(0, len(levels), (trials, N)) for name, levels in FACTORS.items()}


def _row(name: str, method: Method, levels: dict[str, Any], peer: float | None) -> dict[str, object]:
    arrays = TRIALS * N / _least(lambda: _together(method, levels))
    pure = SLOWLY * N / _least(lambda: _one_by_one(method, levels))
    row: dict[str, object] = {
        "method": name,
        "arrays, draws/s": f"{arrays:,.0f}",
        "pure function, draws/s": f"{pure:,.0f}",
        "times pure": f"{arrays / pure:,.0f}",
    }
    if peer is not None:
        row |= {"smallerize, draws/s": f"{peer:,.0f}", "times smallerize": f"{arrays / peer:,.0f}"}
    return row


def _together(method: Method, levels: dict[str, Any]) -> None:
    words = words_of(1, "bench", range(TRIALS), words_needed(method, N))
    if isinstance(method, Minimisation):
        minimised(method, words, levels)
    else:
        drawn(method, words, N)


def _one_by_one(method: Method, levels: dict[str, Any]) -> None:
    stream = Stream(bytes(32))
    for trial in range(SLOWLY):
        state = begin(method)
        for place in range(N):
            here = {}
            if isinstance(method, Minimisation):
                here = {name: FACTORS[name][levels[name][trial, place]] for name in FACTORS}
            _, state, _ = next_arm(method, state, here, stream)


def _least(run: Callable[[], None]) -> float:
    """The least of several runs, in seconds of processor time."""
    spent = []
    for _ in range(REPEATS):
        start = process_time()
        run()
        spent.append(process_time() - start)
    return min(spent)


def peer_draws(levels: dict[str, Any]) -> dict[str, float]:
    """Draws a second of `smallerize` by our name of the method; empty where it is not there."""
    if find_spec("smallerize") is None:
        return {}
    peer = importlib.import_module("smallerize")
    rates = {}
    for name, method in METHODS:
        if isinstance(method, Minimisation):
            rates[name] = SLOWLY * N / _least(lambda method=method: _peer(peer, method, levels))  # type: ignore[misc]
    return rates


def _peer(peer: Any, method: Minimisation, levels: dict[str, Any]) -> None:
    for trial in range(SLOWLY):
        minimiser = peer.Minimizer(
            [peer.Factor(name, list(known)) for name, known in FACTORS.items()],
            [peer.Arm(arm) for arm in RATIO],
            d_imbalance_method=method.measure,
            probability_method="best_only",
            preferred_p=float(Fraction(method.p)),
        )
        for place in range(N):
            minimiser.assign_participant({name: FACTORS[name][levels[name][trial, place]] for name in FACTORS})


if __name__ == "__main__":
    for each in main():
        print(each)
