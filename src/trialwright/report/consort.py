"""The flow of participants as a CONSORT diagram in SVG, laid out here: four phases, boxes in rows, arrows between them.

Text in SVG does not wrap by itself, so lines are broken by an estimate of their width; the boxes are as high as their
lines need and the rows as high as their highest box.
"""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from trialwright.report.flow import ArmFlow, Flow, Reasons

WIDTH, GUTTER, SIDE = 900.0, 28.0, 34.0
LINE, PAD, GAP, ROW = 18.0, 11.0, 34.0, 78.0
# Average advance of a letter at 13.5 px in the page's sans fonts; a little wide, so that no line touches its box.
LETTER = 6.9
TIP = 'marker-end="url(#consort-tip)"'
STYLE = """
#svg-consort { font: 13.5px sans-serif }
#svg-consort rect { fill: #fff; stroke: #57606a }
#svg-consort text { fill: #1b1f24 }
#svg-consort path { fill: none; stroke: #57606a; stroke-width: 1.2 }
#svg-consort marker path { fill: #57606a; stroke: none }
#svg-consort .phase rect { fill: #e8f0f7; stroke: none }
#svg-consort .phase text { fill: #0b4f8a; font-weight: 600 }
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a box; `strong` for its heading, `indent` for a reason under it."""

    words: str
    strong: bool = False
    indent: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A box with its place; `height` follows from the lines."""

    x: float
    y: float
    width: float
    lines: tuple[Line, ...]
    least: float = 0.0

    @property
    def height(self) -> float:
        return max(LINE * len(self.lines) + 2 * PAD - 3, self.least)

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height


def consort(flow: Flow) -> str:
    """The diagram as an `svg` element; numbers and words come from `flow` alone."""
    shapes: list[str] = []
    spine = SIDE + GUTTER
    column = (WIDTH - spine - GUTTER) / 2
    enrolled, enrolment = _enrolment(flow, spine, column)
    shapes += enrolment
    rows = [enrolled]
    arms = len(flow.arms)
    width = (WIDTH - spine - GUTTER * (arms - 1)) / arms if arms > 1 else column
    tops: list[Box] = []
    bottom = enrolled[1]
    for phase in (_allocation, _follow_up, _analysis):
        places = [spine + index * (width + GUTTER) for index in range(arms)]
        boxes = _level([_box(x, bottom + GAP, width, phase(arm)) for x, arm in zip(places, flow.arms, strict=True)])
        shapes += [_draw(box) for box in boxes]
        shapes += [_down(above, below) for above, below in zip(tops, boxes, strict=True)] if tops else []
        if not tops:
            shapes += _fork(spine + column / 2, bottom, boxes)
        tops, previous = boxes, bottom
        bottom = max(box.bottom for box in boxes)
        rows.append((previous + GAP, bottom))
    names = ("Enrolment", "Allocation", "Follow-up", "Analysis")
    labels = [_phase(name, top, end) for name, (top, end) in zip(names, rows, strict=True)]
    return _sheet(bottom + 6, labels + shapes)


def _enrolment(flow: Flow, spine: float, column: float) -> tuple[tuple[float, float], list[str]]:
    """Boxes down the left, losses to the right of the arrow between them."""
    first = _lines("Approached", flow.approached)
    second = _lines("Consented and assessed for eligibility", flow.consented)
    beside = [
        _lines("Did not take part", sum(n for _, n in flow.not_consented), flow.not_consented),
        _lines("Not randomised", flow.excluded_total + flow.waiting, (*flow.excluded, *_waiting(flow))),
    ]
    shapes: list[str] = []
    y = 4.0
    above = _box(spine, y, column, first)
    for lines, side in zip((second, _lines("Randomised", flow.randomised)), beside, strict=True):
        aside = _box(spine + column + GUTTER, above.bottom + GAP / 2, column, side)
        below = _box(spine, aside.bottom + GAP / 2, column, lines)
        turn = aside.y + aside.height / 2
        shapes += [_draw(above), _draw(aside), _down(above, below)]
        shapes.append(_arrow(above.middle, turn, aside.x, turn))
        above = below
    shapes.append(_draw(above))
    return (y, above.bottom), shapes


def _level(boxes: list[Box]) -> list[Box]:
    """The boxes of one row, all as high as the highest, and high enough for the name of the phase beside them."""
    least = max(ROW, *(box.height for box in boxes))
    return [replace(box, least=least) for box in boxes]


def _waiting(flow: Flow) -> Reasons:
    return (("Not yet decided", flow.waiting),) if flow.waiting else ()


def _allocation(arm: ArmFlow) -> Iterable[Line]:
    yield from _lines(arm.label, arm.allocated)
    if arm.received is not None:
        yield Line(f"Received the allocated treatment: {arm.received}")
        if arm.not_received:
            yield Line(f"Did not receive it: {arm.not_received}")


def _follow_up(arm: ArmFlow) -> Iterable[Line]:
    yield from _lines("Left the trial early", sum(n for _, n in arm.left), arm.left)
    yield from _lines("Stopped treatment", sum(n for _, n in arm.stopped_treatment), arm.stopped_treatment)
    yield Line(f"Completed: {arm.completed}")
    if arm.in_follow_up:
        yield Line(f"Still in follow-up: {arm.in_follow_up}")


def _analysis(arm: ArmFlow) -> Iterable[Line]:
    if arm.analysed is None:
        yield Line("Not analysed yet", strong=True)
        return
    yield from _lines("In the primary analysis", arm.analysed)
    for reason, count in arm.not_analysed:
        yield Line(f"Not analysed: {reason[0].lower() + reason[1:]} ({count})")


def _lines(heading: str, count: int, reasons: Reasons = ()) -> tuple[Line, ...]:
    return (Line(f"{heading} (n = {count})", strong=True), *(Line(f"{why} ({n})", indent=True) for why, n in reasons))


def _box(x: float, y: float, width: float, lines: Iterable[Line]) -> Box:
    broken: list[Line] = []
    for line in lines:
        room = int((width - 2 * PAD - (12 if line.indent else 0)) / (LETTER * (1.08 if line.strong else 1)))
        for part in textwrap.wrap(line.words, room) or [""]:
            broken.append(Line(part, line.strong, line.indent))
    return Box(x, y, width, tuple(broken))


def _draw(box: Box) -> str:
    """One box with its text; each line is a `tspan` so that a reader hears it as one sentence after the other."""
    words = []
    for index, line in enumerate(box.lines):
        x, y = box.x + PAD + (12 if line.indent else 0), box.y + PAD + 11 + LINE * index
        weight = ' font-weight="600"' if line.strong else ""
        words.append(f'<text x="{x:.1f}" y="{y:.1f}"{weight}>{escape(line.words)}</text>')
    frame = f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="3"/>'
    return f"<g>{frame}{''.join(words)}</g>"


def _down(above: Box, below: Box) -> str:
    return _arrow(above.middle, above.bottom, below.middle, below.y)


def _fork(middle: float, top: float, boxes: Sequence[Box]) -> list[str]:
    """From one box to each arm: down, across, down."""
    start = f"M{middle:.1f} {top:.1f}V{top + GAP / 2:.1f}"
    return [f'<path d="{start}H{box.middle:.1f}V{box.y - 2:.1f}" {TIP}/>' for box in boxes]


def _arrow(x0: float, y0: float, x1: float, y1: float) -> str:
    back = (2 if x1 > x0 else 0, 2 if y1 > y0 else 0)
    return f'<path d="M{x0:.1f} {y0:.1f}L{x1 - back[0]:.1f} {y1 - back[1]:.1f}" {TIP}/>'


def _phase(name: str, top: float, bottom: float) -> str:
    place = f"translate({SIDE / 2 + 2.5:.1f} {(top + bottom) / 2:.1f}) rotate(-90)"
    return (
        f'<g class="phase"><rect x="0" y="{top:.1f}" width="{SIDE - 4}" height="{bottom - top:.1f}" rx="3"/>'
        f'<text transform="{place}" text-anchor="middle">{name}</text></g>'
    )


def _sheet(height: float, shapes: Sequence[str]) -> str:
    tip = (
        '<defs><marker id="consort-tip" viewBox="0 0 8 8" refX="6.5" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto" markerUnits="userSpaceOnUse"><path d="M0 0.5L8 4L0 7.5z"/></marker></defs>'
    )
    return (
        f'<svg id="svg-consort" role="img" xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 {WIDTH + 2:.0f} '
        f'{height + 2:.0f}">'
        f"<style>{STYLE}</style>{tip}{''.join(shapes)}</svg>"
    )
