"""The content tree as one HTML page without any outside resource, and as JSON; both written whole or not at all."""

import os
import shutil
import tempfile
from functools import cache
from importlib import resources
from pathlib import Path

import jinja2
import orjson
from markupsafe import Markup, escape

from trialwright.report.content import Cell, Content, Drawing, Number, Sentence, Table, plain


def html(content: Content) -> str:
    """The report as a page that a browser shows from a file, prints well and reads aloud."""
    return _template().render(content=content, style=Markup(_resource("report.css")), prose_columns=prose_columns)


def json_bytes(content: Content) -> bytes:
    """The same content with every number at full precision, as UTF-8 JSON."""
    tree = {
        "title": content.title,
        "subtitle": content.subtitle,
        "banner": list(content.banner),
        "provenance": dict(content.provenance),
        "results": plain(content.results),
        "sections": [plain(section) for section in content.sections],
    }
    return orjson.dumps(tree, option=orjson.OPT_INDENT_2)


def write(content: Content, folder: Path, private: bool = False) -> Path:
    """Write `index.html` and `report.json` into `folder` and return the page's path. `private`: for the eyes of who
    writes it alone, as is a folder that is made for it.

    The files are written beside the folder first and moved into place by renaming, so that a reader never meets half a
    report; other files in the folder stay.
    """
    folder.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".report-", dir=folder.parent))
    try:
        for name, data in (("report.json", json_bytes(content)), ("index.html", html(content).encode())):
            (aside / name).write_bytes(data)
            os.chmod(aside / name, 0o600 if private else 0o644)
        for name in ("report.json", "index.html"):
            os.replace(aside / name, folder / name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder / "index.html"


def told(sentence: Sentence) -> Markup:
    """Prose with each of its numbers marked up as data, the full value as the attribute."""
    marked = {name: escape(part) if isinstance(part, str) else _datum(part) for name, part in sentence.parts.items()}
    return Markup(str(escape(sentence.pattern))).format(**marked)


def cell(value: Cell) -> Markup:
    """What stands in one place of a table."""
    if isinstance(value, Number):
        return _datum(value)
    return told(value) if isinstance(value, Sentence) else Markup(escape(value))


def named(drawing: Drawing) -> Markup:
    """The figure with its description as its name, for who hears the page."""
    return Markup(drawing.svg.replace("<svg ", f'<svg aria-label="{escape(drawing.description)}" ', 1))


def prose_columns(table: Table) -> list[bool]:
    """Which columns hold words only and are therefore set flush left."""
    rows = [row for row in table.rows if len(row) > 1]
    return [bool(rows) and all(_is_prose(row[index]) for row in rows) for index in range(len(table.columns))]


def _is_prose(value: Cell) -> bool:
    return isinstance(value, str) or (isinstance(value, Sentence) and not value.numbers)


def json_text(value: float) -> str:
    """The value as the JSON beside the page writes it."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _datum(number: Number) -> Markup:
    if number.value is None:
        return Markup('<span aria-label="none">–</span>')
    return Markup('<data value="{}">{}</data>').format(json_text(number.value), number.text)


@cache
def _template() -> jinja2.Template:
    room = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    room.filters["told"] = told
    room.filters["cell"] = cell
    room.filters["named"] = named
    return room.from_string(_resource("report.html.j2"))


def _resource(name: str) -> str:
    return (resources.files("trialwright.report") / name).read_text(encoding="utf-8")
