"""What a simulation came to: numbers with their Monte Carlo errors, as plain mappings for tables, JSON and figures."""

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from math import hypot
from typing import Any

from trialwright import design
from trialwright.simulate.crowds import FLOW
from trialwright.simulate.planned import Planned
from trialwright.simulate.prepared import Ready, Spec, base_of, ready
from trialwright.simulate.tallies import Figure, Tally, deviation, drawer, mean, paired_share, share

ENDS = ("lost", "withdrawn", "visits_stopped", "treatment_stopped")


def results(spec: Spec, tally: Tally) -> dict[str, Any]:
    """Everything that is printed and written; `timing` alone differs from run to run. Shares are between 0 and 1."""
    prepared = ready(spec)
    worlds = [drawer(str(place), tally) for place in range(len(spec.worlds))]
    trials = worlds[0].get("trials", 0)
    return {
        "trial": prepared.definition.id,
        "definition": design.fingerprint(prepared.definition),
        "version": version("trialwright"),
        "seed": spec.seed,
        "trials": trials,
        "caveats": list(prepared.source.scenarios.caveats),
        "assumed": len(prepared.source.assumed),
        "not_simulated": {
            name: {"label": prepared.definition.analyses[name.partition(" ")[0]].label, "why": why}
            for name, why in prepared.lacking.items()
        },
        "worlds": [_world(spec, prepared, place, worlds) for place in range(len(spec.worlds))],
        "timing": _timing(drawer("cpu", tally), trials * len(spec.worlds)),
    }


def _world(spec: Spec, prepared: Ready, place: int, worlds: list[Tally]) -> dict[str, Any]:
    world, tally, program = spec.worlds[place], worlds[place], prepared.programs[place]
    truths = spec.truths[place] if spec.truths else {}
    base = base_of(spec.worlds, place)
    trials = tally.get("trials", 0)
    chosen = prepared.source.scenarios.scenarios[world.scenario]
    names = [name for name in (*FLOW, *ENDS) if f"flow|{name} sum" in tally]
    flow = drawer("flow", tally)
    rows = []
    for planned in prepared.planned[place]:
        for index in range(len(planned.targets)):
            name = f"{planned.id}|{index}"
            rows.append(_row(planned, index, drawer(name, tally), trials, truths.get(name)))
    return {
        "label": world.label,
        "scenario": {"name": world.scenario, "label": chosen.label, "text": chosen.text},
        "n": program.definition.randomisation.n,
        "parameters": {name: str(value) for name, value in world.parameters},
        "dropout": str(world.dropout),
        "method": program.definition.randomisation.method,
        "stratified": bool(program.definition.randomisation.strata),
        "base": None if base == place else spec.worlds[base].label,
        "flow": {name: asdict(mean(flow, name, trials)) for name in names},
        "analyses": rows,
    }


def _row(planned: Planned, index: int, tally: Tally, trials: int, truth: tuple[float, float] | None) -> dict[str, Any]:
    """One target of one analysis. `rate` says what its rejections are: power, or the type I error where the truth is
    exactly nought."""
    answered = tally.get("answered", 0)
    estimate = mean(tally, "estimate", answered)
    target = planned.targets[index]
    return {
        "analysis": planned.id,
        "label": planned.plan.label,
        "method": planned.plan.method,
        "level": planned.plan.level,
        "target": target.label,
        "leading": index == planned.leading,
        "alpha": float(planned.plan.alpha),
        "rate": None if truth is None else ("type I error" if truth == (0.0, 0.0) else "power"),
        "trials": trials,
        "answered": answered,
        "refused": {name[9:]: count for name, count in tally.items() if name.startswith("refused: ")},
        "rejected": asdict(share(tally.get("rejected", 0), answered)),
        "upwards": asdict(share(tally["upwards"], answered)) if "upwards" in tally else None,
        "downwards": asdict(share(tally["downwards"], answered)) if "downwards" in tally else None,
        "truth": None if truth is None else asdict(Figure(*truth)),
        "estimate": asdict(estimate),
        "bias": asdict(_bias(estimate, truth)),
        "coverage": asdict(share(tally["covered"], answered)) if "covered" in tally else None,
        "se": asdict(mean(tally, "se", answered)),
        "sd": asdict(deviation(tally, "estimate", answered)) if "estimate sum" in tally else asdict(Figure(None, None)),
        "analysed": {arm: asdict(mean(tally, arm, answered)) for arm in ("reference", "treatment")},
        "beside_first": _paired(drawer("first", tally)),
        "beside_base": _paired(drawer("base", tally)),
    }


def _bias(estimate: Figure, truth: tuple[float, float] | None) -> Figure:
    """Mean estimate minus the truth; both errors are in its error."""
    if estimate.value is None or truth is None:
        return Figure(None, None)
    return Figure(estimate.value - truth[0], None if estimate.error is None else hypot(estimate.error, truth[1]))


def _paired(tally: Tally) -> dict[str, float | None] | None:
    """The difference of the rejection rates of the same trials, this one minus the other."""
    if "both" not in tally:
        return None
    return asdict(paired_share(tally["only this"], tally["only other"], tally["both"]))


def _timing(spent: Mapping[str, int], trials: int) -> dict[str, Any]:
    """Processor seconds by part, and trials a second where the part is taken alone."""
    return {
        "cpu_seconds": {name: round(spent[name] / 1e9, 3) for name in spent},
        "trials_per_second": {name: round(trials * 1e9 / max(1, spent[name])) for name in spent},
        "cpu_seconds_in_all": round(sum(spent.values()) / 1e9, 3),
    }
