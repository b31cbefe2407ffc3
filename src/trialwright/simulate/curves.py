"""Figures of operating characteristics: how the rate of rejections runs over the sizes, parameters or dropouts of a
grid, with Monte Carlo error bars, as PNG and SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

LIMITS = 1.959963984540054
"""Error bars reach so many Monte Carlo errors to each side: they hold the rate in 95 of 100 simulations."""
COLOURS = ("#0b5394", "#b45309", "#38761d", "#741b47", "#444444", "#1f9d9d", "#a61c00", "#6a51a3")
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")


@dataclass(frozen=True)
class Curve:
    """One line of a figure: the name of its analysis and world, and (place, rate, error) in per cent."""

    name: str
    points: tuple[tuple[float, float, float], ...]
    null: bool


@dataclass(frozen=True)
class Figure:
    """Curves over one quantity; `axis` names it with its unit."""

    key: str
    axis: str
    title: str
    curves: tuple[Curve, ...]
    alpha: float


def figures_of(result: Mapping[str, Any]) -> tuple[Figure, ...]:
    """One figure for each quantity of the grid that takes several values; none where none does."""
    worlds = result["worlds"]
    found = []
    for key, axis in _axes(worlds):
        curves = _curves(worlds, key)
        if any(len(curve.points) > 1 for curve in curves):
            title = f"{result['trial']}: rate of rejections over {axis.partition(' (')[0]}"
            found.append(Figure(key, axis, title, curves, worlds[0]["analyses"][0]["alpha"]))
    return tuple(found)


def _axes(worlds: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    axes = []
    if len({world["n"] for world in worlds}) > 1:
        axes.append(("n", "sample size (participants randomised)"))
    for name in dict.fromkeys(name for world in worlds for name in world["parameters"]):
        axes.append((f"parameter {name}", f"{name} (parameter of the scenario)"))
    if len({world["dropout"] for world in worlds}) > 1:
        axes.append(("dropout", "dropout (factor on the hazards of leaving)"))
    return axes


def _curves(worlds: Sequence[Mapping[str, Any]], key: str) -> tuple[Curve, ...]:
    """The leading target of each analysis, in each of the worlds that are alike but for the quantity. A curve is
    called after what tells it from the others."""
    told = [_others(world, key) for world in worlds]
    plain = {part for part in told[0] if all(part in parts for parts in told)}
    groups: dict[str, list[tuple[float, Mapping[str, Any]]]] = {}
    for world, parts in zip(worlds, told, strict=True):
        name = ", ".join(part for part in parts if part not in plain) or parts[0]
        groups.setdefault(name, []).append((_place(world, key), world))
    curves = []
    for name, members in groups.items():
        members.sort(key=lambda member: member[0])
        for index, row in enumerate(members[0][1]["analyses"]):
            if not row["leading"]:
                continue
            rates = [(place, world["analyses"][index]["rejected"]) for place, world in members]
            points = tuple(
                (place, 100 * rate["value"], 100 * rate["error"]) for place, rate in rates if rate["value"] is not None
            )
            analysis = f"{row['analysis']} {row['target']}".strip()
            curves.append(Curve(f"{analysis}, {name}", points, row["rate"] == "type I error"))
    return tuple(curves)


def _place(world: Mapping[str, Any], key: str) -> float:
    if key.startswith("parameter "):
        return float(world["parameters"].get(key.removeprefix("parameter "), "nan"))
    return float(world[key])


def _others(world: Mapping[str, Any], key: str) -> list[str]:
    """What can tell this world from others, but for the quantity."""
    parts = [world["scenario"]["name"]]
    parts += [f"{name} = {value}" for name, value in world["parameters"].items() if key != f"parameter {name}"]
    parts += [f"n = {world['n']}"] if key != "n" else []
    parts += [f"dropout × {world['dropout']}"] if key != "dropout" else []
    parts += [world["method"].replace("_", " ")]
    return [*parts, "stratified" if world["stratified"] else "not stratified"]


def draw(figures: Sequence[Figure], folder: Path) -> tuple[Path, ...]:
    """Write each figure as PNG and SVG; the same numbers give the same bytes."""
    written = []
    for figure in figures:
        for kind in ("png", "svg"):
            path = folder / f"rates-by-{figure.key.replace(' ', '-')}.{kind}"
            _draw(figure, path)
            written.append(path)
    return tuple(written)


def _draw(figure: Figure, path: Path) -> None:
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "trialwright", "font.size": 10, "svg.fonttype": "none"}):
        from matplotlib.figure import Figure as Canvas

        columns = 2 if len(figure.curves) > 4 else 1
        rows = -(-len(figure.curves) // columns)
        page = Canvas(figsize=(8.4, 5.0 + 0.22 * rows), dpi=150, layout="constrained")
        axes = page.subplots()
        places = sorted({place for curve in figure.curves for place, _, _ in curve.points})
        # Beside each other by a hair, so that one bar does not hide another; together no wider than a tenth of a step.
        gap = min((after - before for before, after in pairwise(places)), default=1.0)
        step = gap * min(0.02, 0.1 / len(figure.curves))
        turns = {False: 0, True: 0}
        for index, curve in enumerate(figure.curves):
            _line(axes, curve, turns[curve.null], step * (index - (len(figure.curves) - 1) / 2))
            turns[curve.null] += 1
        axes.axhline(100 * figure.alpha, color="#888888", linewidth=0.8, linestyle=":")
        if any(not curve.null for curve in figure.curves):
            axes.set_ylim(0, 102)
        else:
            axes.set_ylim(bottom=0)
        axes.set_title(figure.title, loc="left", fontsize=11)
        axes.set_xlabel(
            figure.axis if figure.key.startswith("parameter ") else figure.axis[0].upper() + figure.axis[1:]
        )
        axes.set_ylabel("Trials that reject the null hypothesis (%)")
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        if len(places) <= 12:
            axes.set_xticks(places, [f"{place:g}" for place in places])
        page.legend(
            loc="outside lower left",
            frameon=False,
            fontsize=9,
            ncols=columns,
            alignment="left",
            title=_legend(figure),
            title_fontsize=9,
        )
        page.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else {"Software": None})


def _legend(figure: Figure) -> str:
    return f"Bars: 95 % Monte Carlo limits. Dotted: the two-sided level of {100 * figure.alpha:g} %."


def _line(axes: Any, curve: Curve, index: int, aside: float) -> None:
    places, rates, errors = zip(*curve.points, strict=True) if curve.points else ((), (), ())
    axes.errorbar(
        [place + aside for place in places],
        rates,
        yerr=[LIMITS * error for error in errors],
        label=curve.name,
        capsize=3,
        linewidth=1.4,
        linestyle="--" if curve.null else "-",
        marker=MARKS[(index + index // len(COLOURS)) % len(MARKS)],
        markersize=5,
        markerfacecolor="white" if curve.null else None,
        color=COLOURS[index % len(COLOURS)],
    )
