"""IgG in serum over the weeks: the mean of imagined people and between which limits nine of ten of them lie."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from trialwright.report.figures import LOOKS, SOFT, png, svg

Rows = Sequence[Mapping[str, Any]]


def course_svg(rows: Rows, title: str) -> str:
    """The figure as SVG. `rows`: week, typical, mean, low, high (g/L)."""
    return svg(_drawing(rows, title), 8.6, 4.2, "immunoglobulin")


def course_picture(rows: Rows, title: str) -> bytes:
    """The same as PNG."""
    return png(_drawing(rows, title), 8.6, 4.2)


def _drawing(rows: Rows, title: str) -> Callable[[Figure], None]:
    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.08, 0.13, 0.68, 0.78))
        look = LOOKS[1]
        weeks = [row["week"] for row in rows]
        axes.fill_between(
            weeks, [row["low"] for row in rows], [row["high"] for row in rows], color=look.colour, alpha=0.14, lw=0
        )
        axes.plot(weeks, [row["mean"] for row in rows], color=look.colour, lw=2.2)
        axes.plot(weeks, [row["typical"] for row in rows], color=SOFT, lw=1.2, ls=(0, (4, 2)))
        axes.set_ylim(0, 1.05 * max(row["high"] for row in rows))
        axes.set_xlim(weeks[0], weeks[-1])
        axes.set_xlabel("Week since the first course")
        axes.set_ylabel("IgG in serum, g/L")
        axes.set_title(title, loc="left", fontsize=10.5, color=SOFT)
        last = rows[-1]
        for words, height, ink, weight in (
            ("Mean of people", last["mean"], look.ink, "bold"),
            ("Nine of ten people", last["high"], look.ink, "normal"),
        ):
            axes.annotate(
                words, (1.02, height), xycoords=("axes fraction", "data"), color=ink, va="center", fontweight=weight
            )
        axes.annotate("- - -  typical person", (1.02, 0.02), xycoords="axes fraction", color=SOFT)

    return draw
