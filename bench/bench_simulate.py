"""A simulated trial of 48 participants from arrival to p value, and what it is made of.

The figure to reach: a million trials, the score by analysis of covariance and by the mixed model with Kenward-Roger,
in at most 60 s on two cores, aim 20.
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from trialwright.simulate.characteristics import simulation, with_truths
from trialwright.simulate.prepared import Spec, ready
from trialwright.simulate.results import results
from trialwright.simulate.worlds import World

TRIAL = Path(__file__).resolve().parents[1] / "trials" / "time-is-muscle"
TRIALS = 40_000
MILLION = 1_000_000


def main() -> list[dict[str, object]]:
    """Processor time for each part, then the whole command on all cores."""
    spec = Spec(str(TRIAL), 1, (World("protocol"),), ("PRIMARY", "LONGITUDINAL"))
    ready(spec)
    spec = with_truths(spec, 5_000)
    rows: list[dict[str, object]] = [*_parts(spec)]
    rows.append(_million())
    return rows + _all_analyses()


def _million() -> dict[str, object]:
    """The command as it is typed, from its start to its tables, with a process for every core."""
    command = [sys.executable, "-c", "from trialwright.cli import main; main()", "simulate", str(TRIAL)]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    subprocess.run([*command, "--trials", str(MILLION), "--scenario", "protocol"], check=True, capture_output=True)
    wall, after = perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    each = {"processor us": round(1e6 * spent / MILLION, 1), "wall us": round(1e6 * wall / MILLION, 1)}
    return {"what": "the command, a million trials", **each, "wall s": round(wall, 1)}


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
