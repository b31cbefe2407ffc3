"""Every participant's value by visit, what lies beyond a limit as an open triangle at it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from trialwright.report.figures import INK, SOFT, looks, svg


@dataclass(frozen=True, slots=True)
class Cloud:
    """The values of one visit with their signs (-1 below, 1 above the limit that stands in their place), and the median
    with its sign; None where there is none."""

    week: float
    values: tuple[float, ...]
    signs: tuple[int, ...]
    median: tuple[float, int] | None


def values_by_visit(series: Mapping[str, Sequence[Cloud]], label: str, logarithmic: bool, salt: str) -> str:
    """One panel for each series, visits at equal distances."""

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(series), sharey=True, squeeze=False)[0]
        for axes, (name, look) in zip(panels, looks(list(series)).items(), strict=True):
            for place, cloud in enumerate(series[name]):
                _scattered(axes, place, cloud, look.colour)
                _median(axes, place, cloud)
            axes.set_title(name, loc="left", fontsize=11, fontweight="bold", color=INK)
            axes.set_xticks(range(len(series[name])), [f"{cloud.week:g}" for cloud in series[name]])
            axes.set_xlabel("Week")
            if logarithmic:
                axes.set_yscale("log")
                axes.yaxis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0)))
                axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
                axes.yaxis.set_minor_formatter(NullFormatter())
        panels[0].set_ylabel(label)
        figure.subplots_adjust(left=0.1, right=0.99, bottom=0.13, top=0.92, wspace=0.06)

    return svg(draw, 8.6, 4.3, salt)


def _scattered(axes: Axes, place: int, cloud: Cloud, colour: str) -> None:
    """Each value beside its neighbours, spread by its rank so that equal limits do not hide each other."""
    order = sorted(range(len(cloud.values)), key=lambda index: cloud.values[index])
    spread = {index: 0.28 * ((7 * rank) % 11 / 5 - 1) for rank, index in enumerate(order)}
    for sign, marker in ((0, "o"), (-1, "v"), (1, "^")):
        mine = [index for index in order if cloud.signs[index] == sign]
        at, heights = [place + spread[index] for index in mine], [cloud.values[index] for index in mine]
        face = colour if sign == 0 else "none"
        axes.plot(at, heights, marker, ms=4.5 if sign == 0 else 5.5, mfc=face, mec=colour, mew=0.9, alpha=0.75)


def _median(axes: Axes, place: int, cloud: Cloud) -> None:
    """A bar at the median; dotted at the limit that a median lies beyond."""
    if cloud.median is None:
        return
    height, sign = cloud.median
    colour, line = (INK, "-") if sign == 0 else (SOFT, (0, (1, 1)))
    axes.plot([place - 0.34, place + 0.34], [height, height], color=colour, ls=line, lw=2.2, solid_capstyle="butt")
