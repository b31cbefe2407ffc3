"""The power of a planned trial over the true difference: a curve by the t test with a band for another spread, and one
with the planned covariates."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trialwright.report.figures import INK, LOOKS, SOFT, svg


@dataclass(frozen=True, slots=True)
class Curves:
    """What is drawn: shares from 0 to 1 over `differences`; `adjusted` is None without covariates.

    `spread` is the power with the standard deviation larger and smaller; `marks` the difference and the power of points
    to be named; `assumed` the difference of the plan.
    """

    differences: Sequence[float]
    plain: Sequence[float]
    spread: tuple[Sequence[float], Sequence[float]]
    adjusted: Sequence[float] | None
    marks: Sequence[tuple[float, float]]
    assumed: float
    names: tuple[str, str, str]
    """Of the plain curve, of the band, of the adjusted curve."""


def power_curves(curves: Curves, label: str) -> str:
    """The figure as SVG; the horizontal axis is the true difference in the unit of the outcome, `label` names it."""

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.075, 0.13, 0.69, 0.83))
        dark, light = LOOKS[1], LOOKS[0]
        low, high = ([100 * power for power in side] for side in curves.spread)
        axes.fill_between(curves.differences, low, high, color=dark.colour, alpha=0.13, lw=0)
        axes.plot(curves.differences, [100 * power for power in curves.plain], color=dark.colour, lw=2.2)
        if curves.adjusted is not None:
            heights = [100 * power for power in curves.adjusted]
            axes.plot(curves.differences, heights, color=light.colour, ls=light.line, lw=2)
        axes.axvline(curves.assumed, color=SOFT, lw=0.8, ls=(0, (2, 2)), zorder=0)
        axes.annotate("assumed", (curves.assumed, 1.5), xytext=(4, 0), textcoords="offset points", color=SOFT)
        for difference, power in curves.marks:
            axes.plot([difference], [100 * power], "o", color=dark.colour, ms=6.5)
            axes.annotate(
                f"{100 * power:.0f} % at {difference:.1f}", (difference, 100 * power), xytext=(9, -13),
                textcoords="offset points", color=INK, fontsize=9.5,
            )  # fmt: skip
        axes.set_xlim(0, curves.differences[-1])
        axes.set_ylim(0, 101.5)
        axes.set_yticks([0, 20, 40, 60, 80, 90, 100])
        axes.set_xlabel(label)
        axes.set_ylabel("Chance of a significant difference, %")
        _names(axes, curves)

    return svg(draw, 8.6, 4.6, "power")


def _names(axes: Axes, curves: Curves) -> None:
    """Beside the plot, at fixed heights: the curves all end at 100 %."""
    dark, light = LOOKS[1].ink, LOOKS[0].ink
    rows = [(curves.names[0], dark, "bold", 0.72), (curves.names[1], SOFT, "normal", 0.655)]
    if curves.adjusted is not None:
        rows.append((curves.names[2], light, "bold", 0.93))
    for words, ink, weight, height in rows:
        axes.annotate(
            words, (1.02, height), xycoords="axes fraction", color=ink, va="top", fontweight=weight, fontsize=10
        )
