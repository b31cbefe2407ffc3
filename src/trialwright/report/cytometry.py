"""The figure of a sample by flow cytometry: the marker on the gated cells, stained and control, with their medians."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from trialwright.measures.cytometry import Measured, Result
from trialwright.measures.cytometry_panel import Panel
from trialwright.report.assay import Drawn
from trialwright.report.figures import INK, SOFT, png, svg

STAINED, CONTROL = "#0b4f8a", "#8b949e"
WIDTH, HEIGHT = 8.6, 3.9
BINS = 160


def histogram(result: Result, panel: Panel, salt: str) -> Drawn:
    """Share of the gated cells by fluorescence. The axis is logarithmic for the figure alone; cells at or below 0
    stand at its left end."""

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.075, 0.14, 0.9, 0.66))
        figure.text(0.075, 0.93, f"{panel.test}, {result.sample}", fontsize=13, fontweight="bold", color=INK)
        figure.text(0.975, 0.93, _value(result, panel), fontsize=13, fontweight="bold", color=INK, ha="right")
        figure.text(0.075, 0.87, caption(result, panel), fontsize=9.5, color=SOFT)
        _curves(axes, result)
        axes.set_xlabel(f"{panel.marker}, fluorescence")
        axes.set_ylabel("Share of cells")
        axes.set_yticks([])

    said = f"{panel.test}, {result.sample}: {_value(result, panel)}. {caption(result, panel)}"
    return Drawn(result.sample, svg(draw, WIDTH, HEIGHT, salt), png(draw, WIDTH, HEIGHT), said)


def _value(result: Result, panel: Panel) -> str:
    if result.value is None:
        return "no value"
    words = {"ratio": "ratio to the {} control", "median": "median", "antibodies": "antibodies per cell"}
    number = str(result.value) if result.value.limit is not None else f"{float(result.value.value):.4g}"
    return f"{words[panel.report].format(panel.control)} {number}"


def caption(result: Result, panel: Panel) -> str:
    """The cells behind the number."""
    gates = ", then ".join(f"{count} {name}" for name, count in result.stained.gated)
    words = f"{result.stained.events} events: {gates}."
    return f"{words} {'; '.join(result.quality)}" if result.quality else words


def _curves(axes: Axes, result: Result) -> None:
    drawn = [
        (one, label) for one, label in ((result.control, "control"), (result.stained, "stained")) if one is not None
    ]
    above = np.concatenate([one.values[one.values > 0] for one, _ in drawn])
    low, high = (
        (max(float(np.quantile(above, 0.001)) * 0.7, 1.0), float(above.max()) * 1.4) if len(above) else (1.0, 10.0)
    )
    edges = np.geomspace(low, max(high, low * 10), BINS + 1)
    axes.set_xscale("log")
    axes.set_xlim(edges[0], edges[-1])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    tops = [_curve(axes, one, label, edges) for one, label in drawn]
    axes.set_ylim(0, 1.22 * max([*tops, 1e-9]))
    for one, label in drawn:
        _median(axes, one, label)


def _curve(axes: Axes, one: Measured, label: str, edges: Any) -> float:
    """One population, smoothed a little; its highest point."""
    counts, _ = np.histogram(np.clip(one.values, edges[0], edges[-1]), edges)
    kernel = np.exp(-0.5 * (np.arange(-6, 7) / 2.5) ** 2)
    share = np.convolve(counts / max(len(one.values), 1), kernel / kernel.sum(), mode="same")
    middles = np.sqrt(edges[:-1] * edges[1:])
    colour = STAINED if label == "stained" else CONTROL
    axes.fill_between(middles, share, color=colour, alpha=0.28 if label == "stained" else 0.22, lw=0)
    axes.plot(middles, share, color=colour, lw=1.8, ls="-" if label == "stained" else (0, (4, 2)))
    return float(share.max())


def _median(axes: Axes, one: Measured, label: str) -> None:
    if one.median is None or one.median <= 0:
        return
    colour = STAINED if label == "stained" else SOFT
    axes.axvline(one.median, color=colour, lw=1.1, ls="-" if label == "stained" else (0, (4, 2)))
    right = label == "stained"
    axes.annotate(
        f"{label}, median {one.median:.4g}", (one.median, 0.95), xycoords=axes.get_xaxis_transform(),
        xytext=(5 if right else -5, 0), textcoords="offset points", ha="left" if right else "right", fontsize=9.5,
        color=colour, fontweight="bold",
    )  # fmt: skip
