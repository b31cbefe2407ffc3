"""The figures of a plate report: each standard curve with what was measured on it, and the verdict in words.

Above, response against content: the curve, the standards, the controls with what is allowed of them, the samples as
marks on the axis, and the range of quantification between shaded sides. Below, how far each standard and control lies
from its nominal content, with the band that the rules allow.
"""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from trialwright.measures.assay import curves
from trialwright.measures.assay.acceptance import Control
from trialwright.measures.assay.calibration import Calibration, Level
from trialwright.measures.assay.runs import Assessed
from trialwright.report.figures import INK, SOFT, png, svg

CURVE, CONTROL, SHADE = "#0b4f8a", "#d97a00", "#eef1f4"
GOOD, BAD = "#1d6b3a", "#a3231f"
"""Green and red beside words that say the same, never instead of them."""
WIDTH, HEIGHT = 8.6, 6.6


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure in both forms, its caption, and the numbers that it was drawn from."""

    name: str
    svg: str
    png: bytes
    caption: str


def curve(assessed: Assessed, salt: str) -> Drawn:
    """The figure of one plate and analyte. `salt` keeps several on one page apart."""

    def draw(figure: Figure) -> None:
        upper = figure.add_axes((0.095, 0.365, 0.885, 0.475))
        lower = figure.add_axes((0.095, 0.09, 0.885, 0.215))
        _title(figure, assessed)
        reach = _reach(assessed)
        _response(upper, assessed, reach)
        _deviations(lower, assessed, reach)

    return Drawn(
        f"{assessed.plate.id}-{assessed.plate.analyte}".strip("-"),
        svg(draw, WIDTH, HEIGHT, salt),
        png(draw, WIDTH, HEIGHT),
        caption(assessed),
    )


def caption(assessed: Assessed) -> str:
    """What the figure shows, with the verdict: for the page, and for who hears it."""
    say = f"Plate {assessed.plate.name}: {assessed.word}. {summary(assessed)}"
    failed = " ".join(verdict.sentence for verdict in assessed.failures)
    return f"{say} {failed}".strip()


def summary(assessed: Assessed) -> str:
    """The curve and the range in one sentence."""
    calibration = assessed.calibration
    if not calibration.usable:
        return f"No curve: {calibration.fits.words[0]}."
    words = {"4pl": "four-parameter", "5pl": "five-parameter"}[calibration.fits.model]
    weights = {"none": "unweighted", "1/y2": "weights 1/y²"}.get(calibration.fits.weights, "")
    weights = weights or f"variance y^{2 * calibration.fits.theta:.2f}"
    if calibration.lloq is None or calibration.uloq is None:
        return f"{words.capitalize()} logistic curve, {weights}; no range of quantification."
    ends = f"{_short(calibration.lloq)} to {_short(calibration.uloq)} {assessed.plate.unit}"
    return f"{words.capitalize()} logistic curve, {weights}; range of quantification {ends}."


def _title(figure: Figure, assessed: Assessed) -> None:
    """What it is and the verdict; the curve in words; and, where a rule is not met, which."""
    figure.text(0.095, 0.957, assessed.plate.name, fontsize=13, fontweight="bold", color=INK)
    figure.text(0.98, 0.957, assessed.word, fontsize=13, fontweight="bold", ha="right", color=verdict_ink(assessed))
    figure.text(0.095, 0.925, summary(assessed), fontsize=9.5, color=SOFT)
    failed = "; ".join(verdict.rule for verdict in assessed.failures)
    dropped = ", ".join(level.name for level in assessed.calibration.dropped)
    notes = [f"Not met: {failed}." if failed else "", f"Dropped from the fit: {dropped}." if dropped else ""]
    words = textwrap.shorten(" ".join(note for note in notes if note), 110, placeholder=" ...")
    figure.text(0.095, 0.896, words, fontsize=9.5, color=verdict_ink(assessed) if failed else SOFT)


def verdict_ink(assessed: Assessed) -> str:
    """The colour of the verdict's word."""
    return GOOD if assessed.accepted else BAD


# ------------------------------------------------------------------ axes


def _reach(assessed: Assessed) -> tuple[float, float]:
    """The contents that the axes show: every standard and control, and the limits, with a margin."""
    seen = [level.nominal for level in assessed.calibration.levels if level.nominal > 0]
    seen += [control.nominal / control.wells[0].dilution for control in assessed.controls if control.nominal > 0]
    seen += [limit for limit in (assessed.calibration.lloq, assessed.calibration.uloq) if limit]
    low, high = min(seen, default=1.0), max(seen, default=10.0)
    margin = (high / low) ** 0.06 if high > low else 2.0
    return low / margin, high * margin


def _content_axis(axes: Axes, calibration: Calibration, reach: tuple[float, float]) -> None:
    """A logarithmic axis with decades and the range of quantification between shaded sides."""
    axes.set_xscale("log")
    axes.set_xlim(*reach)
    decades = 10.0 ** np.arange(math.floor(math.log10(reach[0])), math.ceil(math.log10(reach[1])) + 1)
    steps = (1, 2, 5) if reach[1] / reach[0] < 3000 else (1,)
    ticks = [step * decade for decade in decades for step in steps if reach[0] <= step * decade <= reach[1]]
    axes.set_xticks(ticks, [f"{tick:g}" if 1e-4 < tick < 1e6 else f"{tick:.0e}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    if calibration.lloq is not None and calibration.uloq is not None:
        axes.axvspan(reach[0], calibration.lloq, color=SHADE, lw=0, zorder=0)
        axes.axvspan(calibration.uloq, reach[1], color=SHADE, lw=0, zorder=0)
        for limit in (calibration.lloq, calibration.uloq):
            axes.axvline(limit, color=SOFT, lw=0.8, ls=(0, (2, 2)), zorder=1)


def _response(axes: Axes, assessed: Assessed, reach: tuple[float, float]) -> None:
    calibration = assessed.calibration
    _content_axis(axes, calibration, reach)
    values = [well.response or 0.0 for level in calibration.levels for well in level.wells]
    values += [well.response or 0.0 for control in assessed.controls for well in control.wells]
    logarithmic = bool(values) and min(values) > 0 and max(values) / min(values) > 30
    _drawn_curve(axes, calibration, reach)
    _standards(axes, calibration.levels)
    _controls(axes, assessed.controls)
    _samples(axes, assessed)
    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if max(values) / min(values) < 3000 else (1,)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(min(values) * 0.6, max(values) * 1.5)
    elif values:
        span = max(values) - min(min(values), 0.0) or 1.0
        axes.set_ylim(min(min(values), 0.0) - 0.03 * span, max(values) + 0.08 * span)
    axes.set_ylabel("Response")
    _legend(axes, calibration)
    _name_limits(axes, assessed)


def _drawn_curve(axes: Axes, calibration: Calibration, reach: tuple[float, float]) -> None:
    """Solid between the limits of quantification, thin and broken outside; none where there is no curve."""
    if not calibration.usable:
        axes.annotate(
            f"no curve: {calibration.fits.words[0]}", (0.5, 0.5), xycoords="axes fraction", ha="center", color=BAD
        )
        return
    doses = np.geomspace(*reach, 400)
    responses = curves.predict(calibration.fits.parameters, doses[None, :])[0]
    axes.plot(doses, responses, color=CURVE, lw=1.1, ls=(0, (4, 3)), zorder=2)
    if calibration.lloq is not None and calibration.uloq is not None:
        inside = (doses >= calibration.lloq) & (doses <= calibration.uloq)
        axes.plot(doses[inside], responses[inside], color=CURVE, lw=2.2, zorder=2, label="curve")


def _standards(axes: Axes, levels: Sequence[Level]) -> None:
    """Filled circles; anchors hollow; a dropped standard hollow with a cross through it."""
    dropped = [one for one in levels if one.dropped]
    kinds = (
        ("standard", [one for one in levels if one.role == "standard" and not one.dropped], CURVE, "o"),
        ("anchor", [one for one in levels if one.role == "anchor"], "white", "D"),
        (None, dropped, "white", "o"),
    )
    for label, some, face, marker in kinds:
        doses, heights = _points(some)
        if doses:
            axes.plot(doses, heights, ls="", marker=marker, ms=6.5, mfc=face, mec=CURVE, mew=1.4, zorder=4, label=label)
    if dropped:
        axes.plot(*_points(dropped), ls="", marker="x", ms=9, mec=BAD, mew=1.8, zorder=5, label="standard, dropped")


def _points(levels: Sequence[Level]) -> tuple[list[float], list[float]]:
    wells = [(level.nominal, well.response or 0.0) for level in levels for well in level.wells]
    return [nominal for nominal, _ in wells], [response for _, response in wells]


def _controls(axes: Axes, controls: Sequence[Control]) -> None:
    """Orange squares at the nominal content, over a bar as wide as what is allowed; hollow where it is not kept."""
    if controls:
        axes.plot([], [], "s-", ms=6.5, lw=1.6, color=CONTROL, label="control, with what is allowed")
    for control in controls:
        at = control.nominal / control.wells[0].dilution
        ends = (at * (1 - control.allowed), at * (1 + control.allowed))
        axes.plot(ends, [control.response] * 2, color=CONTROL, lw=1.6, alpha=0.7, zorder=3, solid_capstyle="butt")
        face = CONTROL if control.within else "white"
        axes.plot([at], [control.response], "s", ms=6.5, mfc=face, mec=CONTROL, mew=1.6, zorder=4)


def _samples(axes: Axes, assessed: Assessed) -> None:
    """A mark on the axis for each sample inside the range; how many lie outside is said beside the limits."""
    read = [result.chosen for result in assessed.results if result.chosen is not None]
    inside = [one.content / one.dilution for one in read if one.side == 0 and math.isfinite(one.content)]
    if inside:
        axes.plot(
            inside, [0.0] * len(inside), "|", ms=13, mew=1.2, color=INK, alpha=0.65, clip_on=False, zorder=6,
            transform=axes.get_xaxis_transform(), label=f"sample ({len(inside)} inside the range)",
        )  # fmt: skip


def _legend(axes: Axes, calibration: Calibration) -> None:
    if axes.get_legend_handles_labels()[0]:
        corner: Any = "lower left" if not calibration.usable else "upper left" if calibration.rising else "upper right"
        box = axes.legend(loc=corner, fontsize=9, handlelength=1.6, borderpad=0.5, framealpha=0.92, edgecolor="none")
        box.set_zorder(7)


def _name_limits(axes: Axes, assessed: Assessed) -> None:
    """The limits above the figure, with how many samples lie beyond them."""
    sides = [one.chosen.side for one in assessed.results if one.chosen is not None]
    calibration = assessed.calibration
    if not calibration.usable:
        return
    ends: Any = ((-1, calibration.lloq, "LLOQ", "below", "left"), (1, calibration.uloq, "ULOQ", "above", "right"))
    for side, limit, name, word, align in ends:
        if limit is not None:
            count = sides.count(side)
            words = f"{name} {_short(limit)}"
            more = f" ({count} {'sample' if count == 1 else 'samples'} {word})" if count else ""
            axes.annotate(
                words + more, (limit, 1.015), xycoords=axes.get_xaxis_transform(), ha=align, fontsize=9, color=INK
            )


def _short(number: float) -> str:
    """Six digits, for a limit is named as it was declared, and no exponent where people write none."""
    if number >= 1e6:
        return f"{number:.0f}"
    return f"{number:.6g}" if number >= 1e-3 else f"{number:.2e}"


def _deviations(axes: Axes, assessed: Assessed, reach: tuple[float, float]) -> None:
    """How far standards and controls lie from nominal, in percent; the band is what the rules allow."""
    calibration = assessed.calibration
    _content_axis(axes, calibration, reach)
    counted = calibration.counted
    _band(axes, counted)
    axes.axhline(0, color=SOFT, lw=0.9, zorder=1)
    allowed = [level.allowed for level in counted] + [control.allowed for control in assessed.controls]
    top = 170 * max([*allowed, 0.2])
    for level in calibration.levels:
        if math.isfinite(level.bias):
            good = level.role == "anchor" or (level.within and not level.dropped)
            _deviation(axes, level.nominal, 100 * level.bias, top, CURVE, "o", good and level.role != "anchor")
    for control in assessed.controls:
        if math.isfinite(control.bias):
            at = control.nominal / control.wells[0].dilution
            _deviation(axes, at, 100 * control.bias, top, CONTROL, "s", control.within)
    axes.set_ylim(-top, top)
    axes.set_ylabel("% from nominal")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.0f}".replace("-", "−").replace("+0", "0")))
    axes.set_xlabel(f"{assessed.plate.analyte or 'Content'}, {assessed.plate.unit}")


def _band(axes: Axes, counted: Sequence[Level]) -> None:
    """What is allowed from level to level; wider at the limits of quantification."""
    if not counted:
        return
    edges = [math.sqrt(one.nominal * other.nominal) for one, other in pairwise(counted)]
    starts, ends = [counted[0].nominal, *edges], [*edges, counted[-1].nominal]
    for level, start, end in zip(counted, starts, ends, strict=True):
        height = 100 * level.allowed
        axes.fill_between([start, end], -height, height, color="#dce8f3", lw=0, zorder=0.5)


def _deviation(axes: Axes, at: float, percent: float, top: float, colour: str, marker: str, good: bool) -> None:
    """A point, or an arrow at the edge where it lies beyond the axis."""
    beyond = abs(percent) > 0.97 * top
    height = math.copysign(0.93 * top, percent) if beyond else percent
    shape = ("^" if percent > 0 else "v") if beyond else marker
    axes.plot([at], [height], shape, ms=6, mfc=colour if good else "white", mec=colour, mew=1.4, zorder=4)
    if not good and abs(percent) > 1:
        words = f"{percent:+.0f}".replace("-", "−")
        beside: Any = {"xytext": (6, 0), "textcoords": "offset points", "va": "center", "fontsize": 8.5, "color": INK}
        axes.annotate(words, (at, height), **beside)
