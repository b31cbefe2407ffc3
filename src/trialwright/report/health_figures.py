"""Two figures of health states: the Health Profile Grid, and how many have problems in each dimension."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from trialwright.report.figures import INK, RULE, SOFT, looks, svg

Pairs = Sequence[tuple[float, float]]
"""(rank before, rank after) of each person."""


def profile_grid(series: Mapping[str, Pairs], states: int, before: str, after: str) -> str:
    """A point for each person: the rank of the state before, that of the state after; the best state has rank 1. Above
    the diagonal health is worse than before, below it better."""

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.12, 0.11, 0.62, 0.85))
        axes.plot([1, states], [1, states], color=SOFT, lw=0.9, zorder=0)
        for name, look in looks(list(series)).items():
            points = np.array(series[name], dtype=np.float64).reshape(-1, 2)
            face = look.colour if look.filled else "white"
            axes.plot(
                points[:, 0],
                points[:, 1],
                look.marker,
                color=look.colour,
                mfc=face,
                ms=6,
                mew=1.3,
                ls="",
                label="\n".join(textwrap.wrap(name, 20)),
            )
        for words, place in (("worse", (0.03, 0.97)), ("better", (0.97, 0.03))):
            left = words == "worse"
            axes.annotate(
                words, place, xycoords="axes fraction", color=SOFT, ha="left" if left else "right",
                va="top" if left else "bottom", fontstyle="italic",
            )  # fmt: skip
        margin = 0.02 * states
        axes.set_xlim(1 - margin, states + margin)
        axes.set_ylim(1 - margin, states + margin)
        axes.set_aspect("equal")
        axes.grid(visible=True, axis="both", color=RULE, lw=0.6)
        axes.set_xlabel(f"Rank of the health state, {before} (1 is the best)")
        axes.set_ylabel(f"Rank of the health state, {after}")
        if len(series) > 1:
            axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.02, 1.0), handletextpad=0.4)

    return svg(draw, 7.4, 5.6, "profile-grid")


def problem_bars(panels: Mapping[str, Mapping[str, Sequence[float]]], dimensions: Sequence[str]) -> str:
    """Per cent of people with any problem in each dimension: a panel for each visit, a bar for each arm."""

    def draw(figure: Figure) -> None:
        several = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (title, series) in zip(several, panels.items(), strict=True):
            width = 0.8 / max(1, len(series))
            for index, (name, look) in enumerate(looks(list(series)).items()):
                face = look.colour if look.filled else "white"
                at = np.arange(len(dimensions)) + (index - (len(series) - 1) / 2) * width
                heights = [0.0 if value != value else value for value in series[name]]
                axes.bar(
                    at, heights, width * 0.9, color=face, edgecolor=look.colour, hatch=look.hatch, lw=1, label=name
                )
                for place, height in zip(at, heights, strict=True):
                    axes.annotate(f"{height:.0f}", (place, height + 1), ha="center", fontsize=8, color=look.ink)
            axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)
            axes.set_xticks(range(len(dimensions)), list(dimensions))
            axes.set_ylim(0, 108)
            axes.set_yticks(range(0, 101, 20))
        several[0].set_ylabel("With problems (%)")
        handles, names = several[0].get_legend_handles_labels()
        if len(names) > 1:
            figure.legend(handles, names, frameon=False, loc="lower center", ncols=len(names), handlelength=1.4)
        figure.subplots_adjust(left=0.075, right=0.99, bottom=0.19 if len(names) > 1 else 0.1, top=0.91, wspace=0.06)

    return svg(draw, 8.6, 3.9, "problems")
