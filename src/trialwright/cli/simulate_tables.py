"""Operating characteristics for people: tables that a statistician reads, every number with its Monte Carlo error."""

from collections.abc import Mapping, Sequence
from math import floor, log10
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from trialwright.simulate.replay import Replayed

Number = Mapping[str, Any] | None
WORDS = {
    "not_eligible": "not eligible at screening",
    "left_before": "left before randomisation",
    "lost": "lost to follow-up",
    "withdrawn": "consent withdrawn",
    "visits_stopped": "visits stopped",
    "treatment_stopped": "treatment stopped",
}
NARROW = 100
"""A terminal with fewer columns gets the tables with less space between."""
SEVERAL = {"beside_first": "beside\nthe first\nanalysis", "beside_base": "beside\nthe base\nworld"}
"""Columns that stand where there is something to compare."""


def show(result: Mapping[str, Any]) -> None:
    """Print everything that the simulation came to."""
    console = _console()
    worlds = result["worlds"]
    many = f" in each of {len(worlds)} worlds" if len(worlds) > 1 else ""
    console.print(
        f"[bold]{result['trial']}[/bold], {result['trials']:,} simulated trials{many} (seed {result['seed']})"
    )
    for scenario in {world["scenario"]["name"]: world["scenario"] for world in worlds}.values():
        console.print(f"Scenario {scenario['name']} ({scenario['label']}): {scenario['text']}")
    _decisions(console, worlds)
    _estimates(console, worlds)
    _flow(console, worlds)
    _left_out(console, result)
    console.print("Behind each ± stands the Monte Carlo error; a bias has that of the true value in it too.")
    for caveat in result["caveats"]:
        console.print(f"Caveat: {caveat}")
    console.print(f"{result['assumed']} values of scenarios.yaml are assumed (docs/explanation/simulation.md).")
    _speed(console, result)


def _decisions(console: "Console", worlds: Sequence[Mapping[str, Any]]) -> None:
    """Power or type I error of each analysis, and the differences that common random numbers make small."""
    several = {name: any(row[name] for world in worlds for row in world["analyses"]) for name in SEVERAL}
    several["beside_first"] = any(len(world["analyses"]) > 1 for world in worlds)
    refused = ["refused"] if any(row["refused"] for world in worlds for row in world["analyses"]) else []
    names = ("rejects", "%", *(SEVERAL[name] for name in SEVERAL if several[name]), *refused)
    narrow = console.width < NARROW
    table = _table("Analysis", right=names, whole=not narrow, narrow=narrow)
    for place, world in enumerate(worlds):
        if place:
            table.add_section()
        table.add_row(f"[bold]{world['label']}[/bold]")
        for row in world["analyses"]:
            beside = {
                "beside_first": _points(row["beside_first"]) if row is not world["analyses"][0] else "",
                "beside_base": _points(row["beside_base"]),
            }
            table.add_row(
                f"  {_name(row)}",
                row["rate"] or "rejection",
                _share(row["rejected"]),
                *(beside[name] for name in SEVERAL if several[name]),
                *[f"{sum(row['refused'].values()):,}" for _ in refused],
            )
    console.print(table)
    reasons = {reason for world in worlds for row in world["analyses"] for reason in row["refused"]}
    for reason in sorted(reasons):
        console.print(f"Refused in some trials: {reason}")


def _estimates(console: "Console", worlds: Sequence[Mapping[str, Any]]) -> None:
    """How far estimates are from the truth, and how well their errors are known."""
    columns = ("true value", "bias", "coverage %", "mean SE", "SD of estimates", "analysed")
    narrow = console.width < NARROW
    table = _table("Analysis", right=columns, whole=not narrow, narrow=narrow, most=9 if narrow else None)
    for world in worlds:
        rows = [row for row in world["analyses"] if row["estimate"]["value"] is not None]
        if rows:
            if table.row_count:
                table.add_section()
            table.add_row(f"[bold]{world['label']}[/bold]")
        for row in rows:
            analysed = row["analysed"]
            table.add_row(
                f"  {_name(row)}",
                _with_error(row["truth"]),
                _with_error(row["bias"]),
                _share(row["coverage"]),
                _with_error(row["se"]),
                _with_error(row["sd"]),
                " + ".join(f"{analysed[arm]['value']:.1f}" for arm in ("reference", "treatment")),
            )
    if table.row_count:
        console.print(table)


def _flow(console: "Console", worlds: Sequence[Mapping[str, Any]]) -> None:
    names = list(dict.fromkeys(name for world in worlds for name in world["flow"]))
    table = _table("Participants per trial", right=tuple(world["label"] for world in worlds))
    for name in names:
        table.add_row(WORDS.get(name, name), *(_with_error(world["flow"].get(name), 1) for world in worlds))
    if len(worlds) <= 4:
        console.print(table)
        return
    table = _table("World", right=tuple(WORDS.get(name, name) for name in names))
    for world in worlds:
        table.add_row(world["label"], *(_with_error(world["flow"].get(name), 1) for name in names))
    console.print(table)


def _left_out(console: "Console", result: Mapping[str, Any]) -> None:
    for name, one in result["not_simulated"].items():
        console.print(f"Not simulated: {name} ({one['label']}). {one['why']}")


def _speed(console: "Console", result: Mapping[str, Any]) -> None:
    timing = result["timing"]
    rates = ", ".join(f"{name} {rate:,}" for name, rate in timing["trials_per_second"].items())
    console.print(f"Processor time {timing['cpu_seconds_in_all']:.1f} s; trials a second of each part alone: {rates}")


def show_replay(found: "Sequence[Replayed]") -> None:
    """Both p values of each analysis, world by world."""
    console = _console()
    for one in found:
        console.print(f"Trial {one.trial} of world {one.world}, through conduct: {one.facts:,} facts, seal {one.seal}")
        table = _table("Analysis", right=("p in arrays", "p through conduct", "analysed", "equal"))
        for row in one.both:
            name = f"{row.analysis} {row.target}".strip()
            table.add_row(
                name,
                "refused" if row.arrays is None else f"{row.arrays:.12g}",
                "refused" if row.conduct is None else f"{row.conduct:.12g}",
                " + ".join(map(str, row.n)),
                ("yes" if row.equal else "NO") if row.compared else "sealed",
            )
        console.print(table)
        for sentence in dict.fromkeys(row.conduct_says for row in one.both if row.conduct_says):
            console.print(f"Refused through conduct: {sentence}")


# ------------------------------------------------------------------ cells


def _console() -> "Console":
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    if not console.is_terminal:
        console = Console(highlight=False, emoji=False, width=200)
    return console


def _table(
    *left: str, right: Sequence[str] = (), whole: bool = False, narrow: bool = False, most: int | None = None
) -> Any:
    """An empty table; `whole` keeps each number on one line, `narrow` saves space and leaves names their width, `most`
    is the widest that a column of numbers may be."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0) if narrow else (0, 1))
    for name in left:
        table.add_column(name, overflow="fold", min_width=12 if narrow else None)
    for name in right:
        table.add_column(name, justify="right", overflow="fold", no_wrap=whole, max_width=most)
    return table


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['analysis']} {row['target']}".strip()


def _share(share: Number) -> str:
    """A share in per cent with its error; at 0 or 100 % the limit that is sure with 95 % instead."""
    if share is None or share["value"] is None:
        return "-"
    value, error = 100 * share["value"], 100 * share["error"]
    if share["count"] == 0:
        return f"0 (below {100 * share['upper']:.2g})"
    if share["count"] == share["of"]:
        return f"100 (above {100 * share['lower']:.{_places(100 - 100 * share['lower'])}f})"
    return f"{value:.{_places(error)}f} ± {error:.{_places(error)}f}"


def _points(figure: Number) -> str:
    """A difference of two shares, in percentage points."""
    if figure is None or figure["value"] is None:
        return ""
    error = 100 * figure["error"]
    return f"{100 * figure['value']:+.{_places(error)}f} ± {error:.{_places(error)}f}"


def _with_error(figure: Number, least: int = 0) -> str:
    if figure is None or figure["value"] is None:
        return "-"
    value, error = figure["value"], figure["error"]
    if not error:
        return f"{value:.6g}"
    places = max(least, _places(error))
    return f"{value:.{places}f} ± {error:.{places}f}"


def _places(error: float) -> int:
    """Decimals that show two figures of an error, and no more than six."""
    return 0 if error <= 0 else min(6, max(0, 1 - floor(log10(error))))
