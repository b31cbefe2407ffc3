"""A laboratory's file, split while it is read: the rows of open tests, and everything else.

Whatever is not known to be open is treated as sealed: a test of another name, a row that cannot be read. So the two
parts are told apart line by line, and nothing in one line (a stray quotation mark, a byte that is no letter, a comma
too many) changes how another is read. Rows of the open part are counted among themselves: their numbers say nothing of
what stood between them.
"""

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from trialwright import design
from trialwright.design.laboratory import LaboratoryPlan, LabTest
from trialwright.design.laboratory_tests import is_sealed
from trialwright.design.model import Definition
from trialwright.ledger.canonical import canonical

REQUIRED = ("sample", "test", "value", "unit")
COLUMNS = (
    "laboratory", "sample", "participant", "visit", "test", "value", "unit", "taken", "reported", "low", "high", "flag",
    "limit", "run", "quality", "confirmed", "comment", "source",
)  # fmt: skip
MANIFEST = ("sample", "participant", "visit", "taken", "laboratory")
LONGEST = 2000
"""Characters of a cell; longer ones are slips."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its number among the rows of its part, from 1, its cells by column, and what is wrong with it as a
    row."""

    row: int
    cells: Mapping[str, str]
    wrong: str = ""

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    @property
    def about(self) -> str:
        """The row in words."""
        named = [f"sample {self['sample']}"] if self["sample"] else []
        return f"row {self.row} ({', '.join([*named, self['test'] or 'no test'])})"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing wrong with a row, at a column (empty: the row as a whole)."""

    line: Line
    column: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.line.about}{', ' if self.column else ''}{self.column}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Parts:
    """A file in its two parts. `ignored` names columns that mean nothing here."""

    open: tuple[Line, ...]
    rest: tuple[Line, ...]
    ignored: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over the open rows alone, without columns that mean nothing here. One over the whole file, or over a
        column of a sealed test beside an open one, would let anybody try out what is sealed in it."""
        rows = [{name: text for name, text in line.cells.items() if name in COLUMNS} for line in self.open]
        return hashlib.sha256(canonical(rows)).hexdigest()


class BadHeader(ValueError):
    """The header cannot be used; the sentences say all that is wrong with it."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = tuple(sentences)


@dataclass(frozen=True)
class Names:
    """By which names files may call the tests: name, folded, -> key of the test. `mentions`: a sealed name anywhere in
    a line, folded."""

    open: Mapping[str, str]
    sealed: Mapping[str, str]

    @cached_property
    def mentions(self) -> Callable[[str], object]:
        """Whether a folded line speaks of a sealed test: one of its names stands in it as a word."""
        words = "|".join(re.escape(name) for name in self.sealed if name)
        return re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])").search if words else lambda line: None

    def test(self, name: str) -> str | None:
        """The key of a test."""
        return self.open.get(folded(name)) or self.sealed.get(folded(name))


def folded(name: str) -> str:
    """A name as it is compared: without outer spaces, whatever the case of its letters."""
    return name.strip().casefold()


def names_of(definition: Definition, plan: LaboratoryPlan, others: Iterable[Definition] = ()) -> Names:
    """The names of the open tests and those of the sealed ones. `others`: versions that sites still work under; what is
    sealed in one of them is sealed, the item as well as the name that a laboratory still uses for it."""
    versions, known = (definition, *others), (dict[str, str](), dict[str, str]())
    old = {name for one in others for name in _sealed_names(one)}
    for key, test in plan.tests.items():
        sealed = any(_sealed_in(one, test) for one in versions)
        for name in map(folded, (key, *test.codes)):
            known[sealed or name in old][name] = key
    return Names(known[0], dict.fromkeys(old, "") | known[1])


def _sealed_names(definition: Definition) -> Iterator[str]:
    """What a version calls its sealed tests."""
    for key, test in definition.laboratory.tests.items() if definition.laboratory else ():
        if _sealed_in(definition, test):
            yield from map(folded, (key, *test.codes))


def _sealed_in(definition: Definition, test: LabTest) -> bool:
    known = definition.forms.get(test.form)
    return known is not None and is_sealed(definition, test)


def split(content: bytes, names: Names) -> Parts:
    """The two parts of a file. Raises BadHeader."""
    lines = _lines(content)
    header = _header(next(lines, b""), COLUMNS, REQUIRED)
    parts: tuple[list[Line], list[Line]] = ([], [])
    for text in lines:
        cells, wrong = _cells(text, header)
        part = parts[0] if _is_open(text, cells, wrong, header, names) else parts[1]
        part.append(Line(len(part) + 1, dict(zip(header, cells, strict=False)), wrong))
    return Parts(tuple(parts[0]), tuple(parts[1]), tuple(name for name in header if name not in COLUMNS))


def _is_open(line: bytes, cells: list[str], wrong: str, header: list[str], names: Names) -> bool:
    """Whether a row belongs to an open test beyond doubt. Cells of a spoilt row may have moved or run together, so it
    must not name a sealed test anywhere."""
    place = header.index("test")
    if place >= len(cells) or folded(cells[place]) not in names.open:
        return False
    return not wrong or not names.mentions(line.decode(errors="replace").casefold())


def manifest_of(content: bytes) -> dict[str, Line]:
    """Sample -> what a manifest says of it. Raises BadHeader for everything that is wrong with it."""
    lines = _lines(content)
    header = _header(next(lines, b""), MANIFEST, ("sample",))
    found: dict[str, Line] = {}
    wrong = []
    for number, text in enumerate(lines, start=1):
        cells, bad = _cells(text, header)
        line = Line(number, dict(zip(header, cells, strict=False)), bad)
        before = found.setdefault(line["sample"], line)
        if bad or not line["sample"]:
            wrong.append(f"manifest, row {number}: {bad or 'no sample is named'}")
        elif before is not line and before.cells != line.cells:
            wrong.append(
                f"manifest, row {number}, sample: {line['sample']} stands in row {before.row} with other words"
            )
    if wrong:
        raise BadHeader(wrong)
    return found


def _lines(content: bytes) -> Iterator[bytes]:
    """The lines of a file that are not blank. A row is a line: a line break inside a cell is not taken."""
    text = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return (line for line in text.split(b"\n") if line.strip(b", \t"))


def _header(line: bytes, known: tuple[str, ...], required: tuple[str, ...]) -> list[str]:
    cells, wrong = _cells(line, None)
    header = [cell.casefold() for cell in cells]
    if wrong:
        raise BadHeader([f"the header: {wrong}"])
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        kind = "semicolons" if ";" in header[0] else "tabs"
        raise BadHeader([f"the columns are separated by {kind}; save the file with commas"])
    found = [f"the column '{name}' is missing" for name in required if name not in header]
    if found and sum(name in known for name in header) < 2:
        # Perhaps there is no header, and this is the row of a sealed test: nothing that stands in it is quoted.
        raise BadHeader([*found, "the first line of the file must name the columns"])
    found += [f"the column '{name}' stands twice" for name in sorted({n for n in header if header.count(n) > 1})]
    for name in header:
        near = design.nearest(name, [one for one in known if one not in header]) if name not in known else None
        found += [f"the column '{name}' is unknown; did you mean '{near}'?"] if near else []
    if found:
        raise BadHeader(found)
    return header


def _cells(line: bytes, header: list[str] | None) -> tuple[list[str], str]:
    """The cells of one line, and what is wrong with it as a row."""
    wrong = ""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text, wrong = line.decode(errors="backslashreplace"), "the row is not UTF-8 text; save the file as CSV in UTF-8"
    try:
        cells = next(csv.reader(io.StringIO(text), strict=True), [])
    except csv.Error:
        cells = text.split(",")
        wrong = wrong or "a quotation mark stands astray; a quoted cell has one at each end, on the same line"
    cells = [cell.strip() for cell in cells]
    if header is not None and len(cells) != len(header):
        comma = "; a decimal comma would do that" if len(cells) > len(header) else ""
        wrong = wrong or f"the row has {len(cells)} cells where the header has {len(header)}{comma}"
    if any(len(cell) > LONGEST for cell in cells):
        wrong = wrong or f"a cell has more than {LONGEST} characters"
    if any(not letter.isprintable() for cell in cells for letter in cell):
        wrong = wrong or "a cell holds a control character; type it again without pasting"
    return cells, wrong
