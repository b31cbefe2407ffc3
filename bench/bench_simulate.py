"""A simulated trial of 48 participants from arrival to p value, and what it is made of.

The figure to reach: a million trials, the score by analysis of covariance and by the mixed model with Kenward-Roger,
in at most 60 s on two cores, aim 20.
"""

import tempfile
from pathlib import Path
from time import perf_counter, process_time

from trialwright.simulate.characteristics import simulation, with_truths
from trialwright.simulate.prepared import Spec, ready
from trialwright.simulate.results import results
from trialwright.simulate.worlds import World

TRIAL = Path(__file__).resolve().parents[1] / "trials" / "time-is-muscle"
TRIALS = 40_000
MILLION = 1_000_000
WORKERS = 2


def main() -> list[dict[str, object]]:
    """Processor time for each part, then the whole on two cores."""
    spec = Spec(str(TRIAL), 1, (World("protocol"),), ("PRIMARY", "LONGITUDINAL"))
    ready(spec)
    spec = with_truths(spec, 5_000)
    rows = _parts(spec)
    began, spent = perf_counter(), process_time()
    simulation(spec, TRIALS, workers=WORKERS, engine="threads")
    wall, processor = perf_counter() - began, process_time() - spent
    whole = {"what": f"all, {WORKERS} threads", "processor us": round(1e6 * processor / TRIALS, 1)}
    rows.append({**whole, "wall us": round(1e6 * wall / TRIALS, 1), "a million, s": round(wall * MILLION / TRIALS, 1)})
    return rows + _all_analyses()


def _parts(spec: Spec) -> list[dict[str, object]]:
    spent = results(spec, simulation(spec, TRIALS))["timing"]["cpu_seconds"]
    parts = {**spent, "all, one thread": sum(spent.values())}
    return [{"what": name, "processor us": round(1e6 * one / TRIALS, 1)} for name, one in parts.items()]


def _all_analyses() -> list[dict[str, object]]:
    """What each planned analysis costs beside the rest, over fewer trials."""
    trials = TRIALS // 20
    spec = Spec(str(TRIAL), 1, (World("protocol"),), ("all",))
    with tempfile.TemporaryDirectory() as folder:
        tally = simulation(spec, trials, keep=Path(folder) / "kept.jsonl")
    spent = results(spec, tally)["timing"]["cpu_seconds"]
    return [{"what": f"of all: {name}", "processor us": round(1e6 * one / trials, 1)} for name, one in spent.items()]
