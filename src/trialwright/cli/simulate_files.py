"""Operating characteristics as files: JSON with everything, one CSV row for each target and world, and figures."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PLAIN = ("analysis", "label", "method", "target", "level", "leading", "rate", "alpha", "trials", "answered")
FIGURES = ("truth", "estimate", "bias", "se", "sd")
SHARES = ("rejected", "upwards", "downwards", "coverage")
DIFFERENCES = ("beside_first", "beside_base")


def write(out: Path, result: Mapping[str, Any]) -> None:
    """`simulation.json`, `characteristics.csv`, `flow.csv` and the figures of the grid."""
    from trialwright.simulate.curves import draw, figures_of

    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=2, ensure_ascii=False)
    (out / "simulation.json").write_text(text + "\n", encoding="utf-8")
    head = {name: result[name] for name in ("trial", "definition", "version", "seed")}
    worlds = result["worlds"]
    _table(
        out / "characteristics.csv",
        [{**head, **_world(world), **_row(row)} for world in worlds for row in world["analyses"]],
    )
    _table(out / "flow.csv", [{**head, **_world(world), **_figures(world["flow"], world["flow"])} for world in worlds])
    draw(figures_of(result), out)


def _table(path: Path, rows: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _world(world: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: world[name] for name in ("n", "dropout", "method", "stratified")}
    return {"world": world["label"], "scenario": world["scenario"]["name"], **named, **world["parameters"]}


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """One target of one analysis; a column for each number and one for its Monte Carlo error."""
    shares: dict[str, Any] = {}
    for name in SHARES:
        one = row[name] or {}
        shares |= {name: one.get("value"), f"{name} error": one.get("error")}
        shares |= {f"{name} lower": one.get("lower"), f"{name} upper": one.get("upper")}
    return {
        **{name: row[name] for name in PLAIN},
        "refused": sum(row["refused"].values()),
        **shares,
        **_figures(row, FIGURES),
        **_figures(row, DIFFERENCES),
        **{f"analysed {arm}": one["value"] for arm, one in row["analysed"].items()},
    }


def _figures(held: Mapping[str, Any], names: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        one = held[name] or {}
        found |= {name: one.get("value"), f"{name} error": one.get("error")}
    return found
