"""The figures, drawn by matplotlib into SVG with real text, readable in colour, by the colour-blind and in greyscale.

Arms differ in three ways at once: hue, lightness, and marker or line or hatch. Without arms (before unblinding) there
is one neutral series. The same numbers give the same bytes: no date, no random ids.
"""

import io
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Limits = tuple[float, float] | None
"""The range of the axis; None lets the data say."""

INK, SOFT, RULE = "#1b1f24", "#57606a", "#d5dae0"


@dataclass(frozen=True, slots=True)
class Look:
    """How one series is drawn; `ink` is the same hue, dark enough for small words on white."""

    colour: str
    ink: str
    marker: str
    line: Any
    hatch: str
    filled: bool


POOLED = Look("#39434d", "#39434d", "o", "-", "", True)
# First the reference, then the treatment: a light orange, dashed, hollow; a dark blue, solid, filled.
LOOKS = (Look("#d97a00", "#9a4f00", "s", (0, (5, 2)), "////", False), Look("#0b4f8a", "#0b4f8a", "o", "-", "", True))


@dataclass(frozen=True, slots=True)
class Point:
    """A mean at a visit with its confidence limits (None with fewer than two values) and how many it is of."""

    week: float
    visit: str
    mean: float | None
    lower: float | None
    upper: float | None
    n: int


def looks(names: Sequence[str]) -> Mapping[str, Look]:
    """The look of each series; one series alone is neutral."""
    if len(names) == 1:
        return {names[0]: POOLED}
    return {name: LOOKS[index % len(LOOKS)] for index, name in enumerate(names)}


def means_by_visit(
    series: Mapping[str, Sequence[Point]], label: str, limits: Limits = None, salt: str = "means"
) -> str:
    """Mean with 95 % confidence interval per visit and series; visits at their true distances in weeks. `salt` keeps
    several such figures on one page apart."""

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.085, 0.24, 0.68, 0.72))
        ends: list[tuple[float, str, Look]] = []
        for index, (name, look) in enumerate(looks(list(series)).items()):
            known = [point for point in series[name] if point.mean is not None]
            shift = (index - (len(series) - 1) / 2) * 0.35
            weeks = [point.week + (shift if point.week else 0) for point in known]
            means = [float(point.mean or 0) for point in known]
            for week, point in zip(weeks, known, strict=True):
                if point.lower is not None and point.upper is not None:
                    axes.plot(
                        [week, week], [point.lower, point.upper], color=look.colour, lw=1.2, solid_capstyle="butt"
                    )
            face = look.colour if look.filled else "white"
            axes.plot(
                weeks, means, color=look.colour, ls=look.line, lw=2, marker=look.marker, ms=6.5, mfc=face, mew=1.6
            )
            if known:
                ends.append((float(known[-1].mean or 0), name, look))
        axes.set_ylabel(label)
        _height(axes, limits)
        _visit_axis(axes, series)
        _name_ends(axes, ends)
        _numbers_below(axes, series)

    return svg(draw, 8.6, 4.6, salt)


def individual_curves(
    series: Mapping[str, Sequence[Sequence[tuple[float, float]]]], label: str, limits: Limits = None
) -> str:
    """Every participant's own curve, one panel per series, with the median of the panel on top."""

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(series), sharey=True, squeeze=False)[0]
        for axes, (name, look) in zip(panels, looks(list(series)).items(), strict=True):
            curves = series[name]
            for curve in curves:
                axes.plot(*zip(*curve, strict=True), color=look.colour, lw=0.8, alpha=0.38)
            weeks = sorted({week for curve in curves for week, _ in curve})
            middle = [
                float(np.median([value for curve in curves for at, value in curve if at == week])) for week in weeks
            ]
            face = look.colour if look.filled else "white"
            axes.plot(
                weeks, middle, color=INK, lw=2.4, ls=look.line, marker=look.marker, ms=6, mfc=face, mec=INK, mew=1.4
            )
            axes.set_title(f"{name} ({len(curves)})", loc="left", fontsize=11, fontweight="bold", color=INK)
            axes.set_xticks(weeks, [f"{week:g}" for week in weeks])
            axes.set_xlabel("Week")
            _height(axes, limits)
        panels[0].set_ylabel(label)
        figure.subplots_adjust(left=0.075, right=0.99, bottom=0.13, top=0.92, wspace=0.06)

    return svg(draw, 8.6, 4.3, "curves")


def waterfall(
    series: Mapping[str, Sequence[float]],
    thresholds: Mapping[str, float],
    label: str,
    limits: Limits = None,
    better: str | None = "higher",
) -> str:
    """One bar per participant, from the best response to the least; thresholds as labelled lines. `better`: whether
    `higher` or `lower` is better; None where nobody says it, then from the highest on."""

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.075, 0.1, 0.8, 0.86))
        appearance = looks(list(series))
        bars = sorted(((value, name) for name, values in series.items() for value in values), reverse=better != "lower")
        least = 0.007 * max((abs(value) for value, _ in bars), default=0.0)
        for name, look in appearance.items():
            at = [index for index, (_, who) in enumerate(bars) if who == name]
            face = look.colour if look.filled else "white"
            # A score of nought still shows that the participant was there.
            heights = [bars[index][0] if abs(bars[index][0]) > least else least for index in at]
            axes.bar(at, heights, 0.8, color=face, edgecolor=look.colour, hatch=look.hatch, lw=1, label=name)
        for name, height in thresholds.items():
            axes.axhline(height, color=SOFT, lw=0.8, ls=(0, (2, 2)), zorder=0)
            axes.annotate(
                f"{name} {height:g}", (1.01, height), xycoords=("axes fraction", "data"), va="center", color=SOFT
            )
        if len(series) > 1:
            corner: Literal["upper left", "upper right"] = "upper left" if better == "lower" else "upper right"
            axes.legend(frameon=False, loc=corner, handlelength=1.4, handleheight=1.1)
        axes.set_xlim(-0.8, len(bars) - 0.2)
        axes.set_xticks([])
        axes.set_xlabel(f"{len(bars)} participants, {'highest' if better is None else 'best'} first")
        axes.set_ylabel(label)
        _height(axes, limits)

    return svg(draw, 8.6, 4.3, "waterfall")


def survival_curves(
    curves: Mapping[str, Any], label: str, end: float, ticks: Sequence[float], salt: str = "survival"
) -> str:
    """Share with the event so far (1 - S) in steps, censoring ticks, and the numbers at risk underneath. `salt` keeps
    several such figures on one page apart."""

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.075, 0.27, 0.69, 0.69))
        ends: list[tuple[float, str, Look]] = []
        for name, look in looks(list(curves)).items():
            steps = curves[name].steps
            times = [0.0, *(step.time for step in steps), end]
            heights = [0.0, *(100 * (1 - step.survival) for step in steps)]
            heights.append(heights[-1])
            axes.step(times, heights, where="post", color=look.colour, ls=look.line, lw=2)
            gone = [(step.time, 100 * (1 - step.survival)) for step in steps if step.censored]
            axes.plot([time for time, _ in gone], [height for _, height in gone], "|", color=look.colour, ms=9, mew=1.4)
            ends.append((heights[-1], name, look))
        axes.set_xlim(0, end)
        axes.set_ylim(0, 100)
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xlabel("Weeks since randomisation")
        axes.set_ylabel(label)
        _name_ends(axes, ends)
        at_risk = {
            name: [(tick, sum(_gone(step) for step in curve.steps if step.time >= tick)) for tick in ticks]
            for name, curve in curves.items()
        }
        _counts_below(axes, at_risk, "Still waiting", -0.27)

    return svg(draw, 8.6, 4.6, salt)


def _gone(step: Any) -> int:
    return int(step.events + step.censored)


def _height(axes: Axes, limits: Limits) -> None:
    if limits is not None:
        span = limits[1] - limits[0]
        axes.set_ylim(limits[0] - 0.015 * span, limits[1] + 0.015 * span)


def _visit_axis(axes: Axes, series: Mapping[str, Sequence[Point]]) -> None:
    points = {point.week: point.visit for line in series.values() for point in line}
    weeks = sorted(points)
    axes.set_xticks(weeks, [f"{week:g}" for week in weeks])
    axes.set_xlabel("Week")
    axes.set_xlim(-0.8, max(weeks, default=1) + 0.8)


def _name_ends(axes: Axes, ends: Sequence[tuple[float, str, Look]]) -> None:
    """Name each line at its end, moved apart where the ends are close; no legend to look up."""
    low, high = axes.get_ylim()
    gap, taken = 0.12 * (high - low), -np.inf
    for height, name, look in sorted(ends, key=lambda end: end[0]):
        place = taken = max(height, taken + gap)
        words = "\n".join(textwrap.wrap(name, 18))
        axes.annotate(
            words,
            (1.02, place),
            xycoords=("axes fraction", "data"),
            color=look.ink,
            va="center",
            fontweight="bold",
        )


def _numbers_below(axes: Axes, series: Mapping[str, Sequence[Point]]) -> None:
    counts = {name: [(point.week, point.n) for point in line] for name, line in series.items()}
    _counts_below(axes, counts, "Participants measured", -0.23)


def _counts_below(axes: Axes, counts: Mapping[str, Sequence[tuple[float, int]]], title: str, top: float) -> None:
    """A row of numbers for each series under the axis, and at their right end what they count."""
    appearance = looks(list(counts))
    for row, (name, numbers) in enumerate(counts.items()):
        look, height = appearance[name], top - 0.065 * row
        words = title if len(counts) == 1 else textwrap.shorten(name, 32, placeholder=" ...")
        axes.annotate(words, (1.02, height), xycoords="axes fraction", color=look.ink, fontsize=8.5)
        for at, number in numbers:
            axes.annotate(
                f"{number}",
                (at, height),
                xycoords=("data", "axes fraction"),
                ha="center",
                color=look.ink,
                fontsize=9,
            )


SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10.5,
    # A dollar sign in the name of an arm is a dollar sign.
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "ytick.left": False,
    "hatch.linewidth": 0.9,
}
"""The house style of every figure."""


def svg(draw: Callable[[Figure], None], width: float, height: float, salt: str) -> str:
    """SVG text of a figure in inches; fonts stay text, so the page's own font is used and words can be searched."""
    with matplotlib.rc_context(SETTINGS | {"svg.hashsalt": salt}):
        figure = Figure(figsize=(width, height))
        draw(figure)
        sheet = io.StringIO()
        figure.savefig(sheet, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return _embeddable(sheet.getvalue(), salt)


def png(draw: Callable[[Figure], None], width: float, height: float, dots_per_inch: int = 160) -> bytes:
    """The same figure as PNG on white, for documents that take no SVG."""
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(width, height))
        draw(figure)
        sheet = io.BytesIO()
        figure.savefig(sheet, format="png", dpi=dots_per_inch, metadata={"Software": None})
    return sheet.getvalue()


def _embeddable(sheet: str, salt: str) -> str:
    """Without prologue and metadata; ids made unique to the figure, since one page holds several."""
    body = sheet[sheet.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"\*\{([^}]*)\}", rf"#svg-{salt} *{{\1}}", body)
    body = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{salt}-", body)
    return body.replace("<svg ", f'<svg id="svg-{salt}" role="img" ', 1).strip()
