"""The cells of the text files that laboratories and plate readers write, each with its line.

A file of ours is CSV in UTF-8 with commas and decimal points. Machines also write tabs, semicolons with decimal commas,
and UTF-16: what a machine wrote is read as it is, since nobody should have to save raw data again.
"""

import csv
import difflib
import hashlib
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trialwright.measures.assay.plates import BadPlates, Problem

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
LONGEST = 40
"""Characters of a number; longer ones are slips."""

OVERFLOW = {"ovrflw", "overflow", "over", "ovfl", "sat", "saturated", "#sat", "*****"}
"""What readers write where the signal was more than they can measure (product manuals, from memory)."""

NOTHING = {"", "nan", "na", "n/a", "-", "---"}
"""What readers write where they measured nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file that holds anything: its number (the first is 1) and its cells without spaces around them."""

    line: int
    cells: tuple[str, ...]

    def cell(self, index: int) -> str:
        """The cell, empty beyond the end of the row."""
        return self.cells[index] if index < len(self.cells) else ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as rows of cells, the SHA-256 of its bytes, and what separates the cells."""

    file: str
    sha256: str
    rows: tuple[Row, ...]
    delimiter: str

    def problem(self, line: int, column: str, sentence: str, plate: str = "", analyte: str = "") -> Problem:
        return Problem(self.file, line, column, sentence, plate, analyte)


def sheet(path: Path) -> Sheet:
    """Read a file. Raises BadPlates where it is no text or its quotation marks are astray, OSError where it cannot be
    read."""
    content = path.read_bytes()
    text = _decoded(path.name, content)
    first = text[:4000].partition("\n")[0]
    delimiter = max((",", ";", "\t"), key=lambda sign: (first.count(sign), sign == ","))
    return Sheet(path.name, hashlib.sha256(content).hexdigest(), tuple(_rows(path.name, text, delimiter)), delimiter)


def _decoded(name: str, content: bytes) -> str:
    coding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(coding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        say = "the line is not text in UTF-8; export the file again as CSV in UTF-8, or mend the line"
        raise BadPlates([Problem(name, line, "", say)]) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise BadPlates([Problem(name, line, "", "the line holds a zero byte; the file is damaged: export it again")])
    return text


def _rows(name: str, text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            stripped = tuple(cell.strip() for cell in cells)
            if any(stripped):
                yield Row(line, stripped)
            line = reader.line_num + 1
    except csv.Error:
        say = "a quotation mark stands astray; a quoted cell has one at each end"
        raise BadPlates([Problem(name, line, "", say)]) from None


class NotANumber(ValueError):
    """A cell that should hold a number; says what is wrong with it."""


def number(text: str, delimiter: str = ",") -> float | None:
    """The cell as a number; None where nothing was measured, infinite where the reader overflowed. A decimal comma is
    read where commas do not separate cells. Raises NotANumber."""
    plain = text.strip()
    if plain.lower() in NOTHING:
        return None
    if plain.lower() in OVERFLOW:
        return math.inf
    if delimiter != "," and plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    if len(plain) > LONGEST:
        raise NotANumber(f"a number of {len(plain)} characters is a slip; at most {LONGEST} are read")
    if NUMBER.fullmatch(plain):
        return float(plain)
    if NUMBER.fullmatch(plain.replace(",", ".")):
        raise NotANumber(f"'{text}' has a decimal comma; write {plain.replace(',', '.')}")
    raise NotANumber(f"'{text}' is not a number; leave the cell empty if it was not measured")


def header_problems(
    found: Sheet, required: Sequence[str], known: Sequence[str], of_what: str
) -> tuple[dict[str, int], list[Problem]]:
    """Where each column of a table with a header stands, and what is wrong with the header."""
    names = [name.lower() for name in found.rows[0].cells]
    line = found.rows[0].line
    problems = []
    if found.delimiter != ",":
        sign = "semicolons" if found.delimiter == ";" else "tabs"
        problems.append(found.problem(line, "", f"the columns are separated by {sign}; save {of_what} with commas"))
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.append(found.problem(line, name, "the column stands twice"))
    for name in required:
        if name not in names:
            problems.append(found.problem(line, name, f"the column is missing; {of_what} needs {', '.join(required)}"))
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.8)
            problems += [found.problem(line, name, f"the column is unknown; did you mean {close}?") for close in near]
    return {name: index for index, name in enumerate(names)}, problems


def ragged(found: Sheet, width: int) -> list[Problem]:
    """Rows that have not as many cells as the header; a missing or surplus cell shifts every cell after it."""
    say = "the row has {} cells where the header has {}; a decimal comma would do that"
    return [
        found.problem(row.line, "", say.format(len(row.cells), width))
        for row in found.rows[1:]
        if len(row.cells) != width
    ]
