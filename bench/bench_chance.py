"""What an imagined value costs: addressed draws beside NumPy's generator, and whole trials beside the plain reference.

The draws of NumPy's generator come one after the other from a state; ours are each a function of their address. The
trials are the reference trial's: what the core set measures of 48 people at all visits need. CPU time on one core.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from trialwright import design, simulate
from trialwright.compute import chance, functions, native
from trialwright.simulate.formula import Codes
from trialwright.simulate.variables import Address, Table, reached

ROOT = Path(__file__).resolve().parent.parent
TRIALS, TOGETHER, REFERENCE_TRIALS = 20_000, 250, 500
PEOPLE = 48
DRAWS = 8_192
MEASURES = ("phga", "ptga", "mmt", "haq", "exm")
ENZYMES = ("ck", "aldolase", "alt", "ast", "ldh")
WANTED = [*MEASURES, *ENZYMES, *(f"{enzyme}_uln" for enzyme in ENZYMES), "subtype", "sex"]
CHILD = "import bench.bench_chance as bench; print(bench.reference_seconds())"
Row = dict[str, Any]


def seconds(work: Callable[[], object], times: int = 200) -> float:
    """The least CPU time of several runs."""
    spent = []
    for _ in range(times):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def row(what: str, ours: float, peer: str, theirs: float, unit: str) -> Row:
    """One line of the table."""
    return {"what": what, "ours": ours, "unit": unit, "peer": peer, "theirs": theirs, "times": theirs / ours}


def of_draws() -> list[Row]:
    """Nanoseconds for each draw and each function."""
    slots = np.arange(DRAWS // 8)[:, None]
    names = [f"variable {number}" for number in range(8)]
    generator = np.random.default_rng(1)
    u = generator.random(DRAWS)
    x = generator.normal(size=DRAWS)

    def nanoseconds(work: Callable[[], object]) -> float:
        return seconds(work) / DRAWS * 1e9

    uniform = nanoseconds(lambda: chance.uniforms(1, names, 0, slots, 0))
    return [
        row("uniform draw", uniform, "Generator.random", nanoseconds(lambda: generator.random(DRAWS)), "ns"),
        row(
            "normal draw",
            nanoseconds(lambda: functions.normal_quantile(chance.uniforms(1, names, 0, slots, 0))),
            "Generator.standard_normal",
            nanoseconds(lambda: generator.standard_normal(DRAWS)),
            "ns",
        ),
        row(
            "normal quantile",
            nanoseconds(lambda: functions.normal_quantile(u)),
            "scipy.special.ndtri",
            nanoseconds(lambda: special.ndtri(u)),
            "ns",
        ),
        row("exp", nanoseconds(lambda: functions.exp(x)), "numpy.exp", nanoseconds(lambda: np.exp(x)), "ns"),
        row("log", nanoseconds(lambda: functions.log(u)), "numpy.log", nanoseconds(lambda: np.log(u)), "ns"),
    ]


def tables(program: simulate.Program) -> tuple[Table, Table, Table]:
    """What the core set measures need of screening, course and visits."""
    needed = reached(WANTED, program.uses)
    visits = program.visit_table.only(WANTED, program.uses).keeping(WANTED)
    return (
        program.screening.only(WANTED, program.uses).keeping(needed),
        program.course.only(WANTED, program.uses).keeping(needed),
        visits,
    )


def imagine(
    program: simulate.Program,
    fill: Callable[[Table, dict[str, Any], Address], dict[str, Any]],
    three: Sequence[Table],
    trials: range,
) -> dict[str, Any]:
    """Fill the tables for all people of some trials."""
    people, places = len(trials) * PEOPLE, np.arange(len(program.visits))[None, :]
    trial = np.repeat(np.array(trials, dtype=np.uint64), PEOPLE)[:, None]
    slot = np.tile(np.arange(PEOPLE), len(trials))[:, None]
    nothing = np.zeros((people, 1), dtype=np.int64)
    names: dict[str, Any] = dict(program.parameters)
    names["fate"] = Codes(nothing, tuple(program.scenarios.fates))
    names["screened"] = names["day0"] = np.zeros((people, 1))
    names["arm"] = Codes(slot % 2, program.arms)
    names["week"] = program.weeks[None, :]
    names["on"] = np.broadcast_to(program.days.astype(np.float64), (people, places.size))
    for table, place in zip(three, (nothing, nothing[:1], places), strict=True):
        names.update(fill(table, names, Address(1, trial, slot, place)))
    return names


def the_program() -> simulate.Program:
    """The reference trial under its default scenario."""
    folder = ROOT / "trials" / "time-is-muscle"
    return simulate.program(simulate.read(folder), design.read(folder))


def reference_seconds() -> float:
    """CPU seconds of some trials by NumPy alone; in a process that has no kernel."""
    program = the_program()
    three = tables(program)
    return seconds(lambda: imagine(program, Table.fill, three, range(REFERENCE_TRIALS)), 3)


def of_trials() -> list[Row]:
    """Microseconds for each trial, by the kernel in pieces that stay in the caches."""
    program = the_program()
    three = tables(program)

    def many() -> None:
        for start in range(0, TRIALS, TOGETHER):
            imagine(program, Table.fill, three, range(start, start + TOGETHER))

    ours = seconds(many, 3) / TRIALS * 1e6
    alone = {**os.environ, "TRIALWRIGHT_KERNEL": "off"}
    done = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, text=True, check=True, cwd=ROOT, env=alone
    )
    name = f"core set of {PEOPLE} people at {len(program.visits)} visits"
    return [row(name, ours, "the reference", float(done.stdout) / REFERENCE_TRIALS * 1e6, "us per trial")]


def main() -> list[Row]:
    """The rows of the table."""
    print(f"width of the kernel: {native.width()}")
    return of_draws() + of_trials()
