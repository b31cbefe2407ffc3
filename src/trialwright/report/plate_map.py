"""Plate layouts to print: one page of A4 a plate, the wells as they lie under the pipette."""

import textwrap
from collections.abc import Sequence
from functools import cache
from importlib import resources
from string import ascii_uppercase

import jinja2
from markupsafe import Markup, escape

from trialwright.measures.assay.layout import Arrangement
from trialwright.measures.assay.plates import SHAPES, Well, position

FILLS = {
    "sample": ("#ffffff", "#1b1f24"),
    "standard": ("#cfe0f0", "#0b3c68"),
    "anchor": ("#e6eff8", "#0b3c68"),
    "qc": ("#fbe3c6", "#7a3e00"),
    "blank": ("#e4e7ea", "#57606a"),
}
"""Ground and ink of each role; the word in the well says the same."""
WIDTH, HEIGHT, LEFT, TOP = 1040.0, 640.0, 36.0, 30.0


def page(arrangements: Sequence[Arrangement], size: int, seed: int, made_by: str) -> str:
    """The maps of all plates as one page that prints a sheet a plate."""
    drawn = [(one, Markup(svg(one, size))) for one in arrangements]
    return _template().render(plates=drawn, seed=seed, made_by=made_by, fills=FILLS, roles=_roles(arrangements))


def _roles(arrangements: Sequence[Arrangement]) -> list[str]:
    found = {well.role for one in arrangements for well in one.wells}
    return [role for role in FILLS if role in found]


def svg(arrangement: Arrangement, size: int) -> str:
    """The map of one plate."""
    rows, columns = SHAPES[size]
    wide, high = (WIDTH - LEFT) / columns, (HEIGHT - TOP) / rows
    heads = [_text(LEFT + (column + 0.5) * wide, TOP - 9, str(column + 1), 15, "#57606a") for column in range(columns)]
    heads += [_text(16, TOP + (row + 0.5) * high + 5, ascii_uppercase[row], 15, "#57606a") for row in range(rows)]
    known = {position(well.place): well for well in arrangement.wells}
    cells = [
        _cell(LEFT + column * wide, TOP + row * high, wide, high, known.get((row, column)))
        for row in range(rows)
        for column in range(columns)
    ]
    label = f"Plate {arrangement.id}: {len(arrangement.wells)} of {size} wells"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT + 2:g}" role="img"'
    return f'{head} aria-label="{escape(label)}">{"".join([*cells, *heads])}</svg>'


def _cell(x: float, y: float, wide: float, high: float, well: Well | None) -> str:
    """A well: its role by colour and word, what stands in it, and a dilution where there is one."""
    fill, ink = FILLS[well.role] if well else ("#ffffff", "#57606a")
    dash = "" if well else ' stroke-dasharray="3 3"'
    box = (
        f'<rect x="{x + 2:.1f}" y="{y + 2:.1f}" width="{wide - 4:.1f}" height="{high - 4:.1f}" rx="6" '
        f'fill="{fill}" stroke="#aab2bb"{dash}/>'
    )
    if well is None:
        return box
    size = 12.5 if wide > 60 else 7.5
    letters = max(4, int((wide - 8) / (0.58 * size)))
    lines = _words(well, letters)
    start = y + high / 2 - (len(lines) - 1) * size * 0.6 + size * 0.35
    words = [
        _text(x + wide / 2, start + index * size * 1.2, line, size, ink, 600 if index == 0 else 400)
        for index, line in enumerate(lines)
    ]
    return box + "".join(words)


def _words(well: Well, letters: int) -> list[str]:
    """What stands in a well, on at most four lines."""
    if well.role == "sample":
        lines = textwrap.wrap(well.sample, letters)[:3]
        return [*lines, f"1:{well.dilution:g}"] if well.dilution != 1 else lines
    if well.role == "blank":
        return ["blank"]
    word = {"standard": "std", "anchor": "anchor", "qc": "QC"}[well.role]
    nominal = [f"{well.nominal:g}"] if well.nominal is not None else []
    return [word, *textwrap.wrap(well.level, letters)[:2], *nominal]


def _text(x: float, y: float, words: str, size: float, ink: str, weight: int = 400) -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" font-weight="{weight}" fill="{ink}" text-anchor="middle"'
    return f"<text {where}>{escape(words)}</text>"


@cache
def _template() -> jinja2.Template:
    room = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    text = (resources.files("trialwright.report") / "plate_map.html.j2").read_text(encoding="utf-8")
    return room.from_string(text)
