"""The figure of the allocation plan: how often each method is guessed against how unequal it leaves the worst stratum.

Every point bears its name; no legend has to be looked up. The same numbers give the same bytes.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, hypot, radians, sin
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from trialwright.report.figures import INK, RULE, SOFT

SALT = "allocation-plan"
KINDS = {
    "over all": ("#7a828b", "o", "white", "Not stratified"),
    "in each stratum": ("#0b4f8a", "s", "#0b4f8a", "Stratified"),
    "over the factors": ("#9a4f00", "^", "#d97a00", "Minimised (needs an allocator)"),
}
"""Where a method is applied -> ink, marker, face of the marker, words."""
Side = Literal["left", "center", "right"]


def _around() -> Iterator[tuple[float, float, Side]]:
    """Where a name may stand beside its point, in points, the best place first: nearer before farther."""
    for away in (8, 15, 24, 34, 46):
        for turn in (0, 180, 90, 270, 45, 315, 135, 225):
            across, up = away * cos(radians(turn)), away * sin(radians(turn))
            yield across, up * 1.1, "left" if across > 1 else "right" if across < -1 else "center"


@dataclass(frozen=True, slots=True)
class Spot:
    """One method: its short name, where it is applied (a key of KINDS), right guesses in per cent, imbalance."""

    name: str
    place: str
    guessed: float
    unequal: float
    marked: bool = False
    """Whether it is the recommended one."""


def trade_off(spots: Sequence[Spot], title: str, unequal: str) -> tuple[str, bytes]:
    """The figure as SVG text and as PNG; `unequal` is the label of the vertical axis."""
    settings: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": SALT,
        "font.family": "sans-serif",
        "font.size": 10,
        "text.parse_math": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": SOFT,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": RULE,
        "grid.linewidth": 0.6,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
    }
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(9.4, 6.2))
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.075, 0.1, 0.9, 0.78))
        _draw(axes, spots, title, unequal)
        sheet, picture = io.StringIO(), io.BytesIO()
        figure.savefig(picture, format="png", dpi=150, facecolor="white", metadata={"Software": None})
        figure.savefig(sheet, format="svg", facecolor="white", metadata={"Date": None, "Creator": None})
    return sheet.getvalue(), picture.getvalue()


def _draw(axes: Axes, spots: Sequence[Spot], title: str, unequal: str) -> None:
    for spot in spots:
        ink, marker, face, _ = KINDS[spot.place]
        size = 9 if spot.marked else 6.5
        axes.plot([spot.guessed], [spot.unequal], marker, ms=size, color=ink, mfc=face, mew=1.4, zorder=3)
        if spot.marked:
            axes.plot([spot.guessed], [spot.unequal], "o", ms=17, mfc="none", color=INK, mew=1.3, zorder=2)
    axes.set_xlabel("Arms guessed by one who knows the method and all earlier arms, %", color=INK)
    axes.set_ylabel(unequal, color=INK)
    axes.set_title(title, loc="left", color=INK, fontweight="bold", pad=26)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.07)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * 1.04)
    _name(axes, spots)
    _kinds(axes, {spot.place for spot in spots})


def _name(axes: Axes, spots: Sequence[Spot]) -> None:
    """A name beside each point, at the first place around it where it covers neither a point nor another name."""
    canvas = axes.figure.canvas
    renderer = canvas.get_renderer()  # type: ignore[attr-defined]
    at = [axes.transData.transform((spot.guessed, spot.unequal)) for spot in spots]
    taken = [Bbox.from_bounds(x - 5, y - 5, 10, 10) for x, y in at]
    inside = axes.get_window_extent(renderer)
    for spot in sorted(spots, key=lambda spot: (not spot.marked, -spot.unequal, spot.guessed)):
        ink = KINDS[spot.place][0]
        words = axes.annotate(
            spot.name,
            (spot.guessed, spot.unequal),
            xytext=(0, 0),
            textcoords="offset points",
            color=ink,
            fontsize=9,
            fontweight="bold" if spot.marked else "normal",
            va="center",
            zorder=4,
        )
        for across, up, side in _around():
            further = 1.6 if spot.marked else 1.0
            words.xyann = (across * further, up * further)
            words.set_horizontalalignment(side)
            box = words.get_window_extent(renderer)
            if (
                inside.containsx(box.x0)
                and inside.containsx(box.x1)
                and not any(box.overlaps(other) for other in taken)
            ):
                break
        taken.append(words.get_window_extent(renderer))
        if hypot(*words.xyann) > 16:
            line = {"arrowstyle": "-", "color": ink, "lw": 0.6, "shrinkA": 0, "shrinkB": 4}
            at_point = (spot.guessed, spot.unequal)
            axes.annotate("", at_point, xytext=words.xyann, textcoords="offset points", zorder=1, arrowprops=line)


def _kinds(axes: Axes, places: set[str]) -> None:
    """What the colours mean, once, above the figure and in the colours themselves."""
    across = 0.0
    for place, (ink, marker, face, words) in KINDS.items():
        if place in places:
            axes.plot([across + 0.006], [1.03], marker, color=ink, mfc=face, mew=1.4, ms=6.5, transform=axes.transAxes,
                      clip_on=False)  # fmt: skip
            axes.annotate(words, (across + 0.02, 1.03), xycoords="axes fraction", color=ink, va="center", fontsize=9)
            across += 0.04 + 0.0115 * len(words)
    axes.annotate(
        "ring: recommended", (1, 1.03), xycoords="axes fraction", color=INK, va="center", ha="right", fontsize=9
    )
