"""What laboratory values tell of the arm, by week: one small panel for each item, expected and observed."""

import textwrap
from collections.abc import Mapping, Sequence
from math import ceil

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trialwright.analysis.unblinding_risk import Risk
from trialwright.report.figures import INK, LOOKS, SOFT, png, svg

ACROSS = 4
WIDTH, HEIGHT, TOP, BOTTOM = 9.2, 2.05, 0.25, 0.55


def risk_panels(observed: Sequence[Risk], expected: Sequence[Risk] = (), salt: str = "risk") -> str:
    """The figure as SVG: the share of pairs told apart (from 0 to 1, one half is chance) of each item's value."""
    drawn = _Drawn(observed, expected)
    return svg(drawn.draw, WIDTH, drawn.height, salt)


def risk_picture(observed: Sequence[Risk], expected: Sequence[Risk] = ()) -> bytes:
    """The same as PNG."""
    drawn = _Drawn(observed, expected)
    return png(drawn.draw, WIDTH, drawn.height)


class _Drawn:
    """The panels and where they stand."""

    def __init__(self, observed: Sequence[Risk], expected: Sequence[Risk]) -> None:
        self.observed = {risk.name: risk for risk in observed if risk.visits}
        self.expected = {risk.name: risk for risk in expected if risk.visits}
        self.items = list({risk.name: risk for risk in (*observed, *expected) if self._has(risk)}.values())
        self.rows = max(1, ceil(len(self.items) / ACROSS))
        self.height = TOP + BOTTOM + self.rows * HEIGHT

    def _has(self, risk: Risk) -> bool:
        return risk.name in self.observed or risk.name in self.expected

    def draw(self, figure: Figure) -> None:
        """All panels, with the key above them."""
        for place, risk in enumerate(self.items):
            row, column = divmod(place, ACROSS)
            bottom = (BOTTOM + (self.rows - 1 - row) * HEIGHT) / self.height
            axes = figure.add_axes((0.055 + column * 0.24, bottom, 0.195, 1.3 / self.height))
            _panel(axes, risk, self.expected, self.observed)
            axes.set_yticks([0, 0.5, 1], ["0", "½", "1"] if column == 0 else ["", "", ""])
            if row == self.rows - 1 or place + ACROSS >= len(self.items):
                axes.set_xlabel("Week", fontsize=9)
        _key(figure, bool(self.expected), bool(self.observed), self.height)


def _panel(axes: Axes, risk: Risk, expected: Mapping[str, Risk], observed: Mapping[str, Risk]) -> None:
    dark, light = LOOKS[1], LOOKS[0]
    axes.axhline(0.5, color=SOFT, lw=0.9, ls=(0, (2, 2)))
    model = expected[risk.name].visits if risk.name in expected else ()
    seen = observed[risk.name].visits if risk.name in observed else ()
    band = [(told.week, told.value) for told in model if told.value]
    weeks = [week for week, _ in band]
    axes.fill_between(
        weeks, [one.lower for _, one in band], [one.upper for _, one in band], color=light.colour, alpha=0.2, lw=0
    )
    axes.plot(weeks, [one.estimate for _, one in band], color=light.colour, ls=light.line, lw=1.6)
    changed = [(told.week, told.change.estimate) for told in model if told.change]
    axes.plot([week for week, _ in changed], [one for _, one in changed], color=light.colour, ls=":", lw=1.4)
    for shift, marker, face in ((0.0, "o", dark.colour), (1.9, "D", "white")):
        areas = [(told.week + shift, told.change if shift else told.value) for told in seen]
        weeks = [week for week, area in areas if area]
        known = [area for _, area in areas if area]
        low, high = [one.lower for one in known], [one.upper for one in known]
        axes.vlines(weeks, low, high, colors=dark.colour, lw=1.1, zorder=2, capstyle="projecting")
        points = [one.estimate for one in known]
        axes.plot(weeks, points, marker, color=dark.colour, mfc=face, ms=4.2, mew=1.0)
    axes.set_ylim(-0.03, 1.03)
    planned = [told.week for told in (model or seen)]
    axes.set_xticks(planned, [f"{week:.0f}" for week in planned], fontsize=8)
    axes.set_title("\n".join(textwrap.wrap(risk.label, 24)[:2]), fontsize=9.5, loc="left", color=INK, fontweight="bold")
    where = {"transform": axes.transAxes, "ha": "right", "fontsize": 8, "color": SOFT}
    axes.text(1, 0.02, "sealed" if risk.sealed else "open", **where)  # type: ignore[arg-type]


def _key(figure: Figure, expected: bool, observed: bool, height: float) -> None:
    """What the marks mean, above the panels."""
    dark, light = LOOKS[1], LOOKS[0]
    at = 1 - 0.16 / height
    place = 0.055
    if observed:
        words = "● value, ◇ change from baseline, in this trial, with 95 % intervals"
        figure.text(place, at, words, color=dark.ink, fontsize=9.5, va="center")
    if expected:
        words = "Expected before: ▬ ▬ value, with the band of 95 in 100 trials; ▪▪▪ change"
        below = at - 0.19 / height if observed else at
        figure.text(place, below, words, color=light.ink, fontsize=9.5, va="center")
