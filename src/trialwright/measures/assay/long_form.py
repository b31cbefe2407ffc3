"""The long form: one row a well and analyte, with what the well holds and what the reader saw. The same table without
responses is a plate layout.

Columns: `well`, `role` and, as far as they apply, `plate` (the file's name without), `analyte`, `level`, `nominal`,
`response`, `sample`, `dilution` (1 without), `count` (beads), `unit`, `run`, `lot`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trialwright.measures.assay.plates import ROLES, Problem, Well, well_name
from trialwright.measures.assay.sheets import NotANumber, Row, Sheet, header_problems, number, ragged

OPTIONAL = ("plate", "analyte", "level", "nominal", "sample", "dilution", "count", "unit", "run", "lot")
COLUMNS = ("well", "role", "response", *OPTIONAL)
BESIDE = ("participant", "visit", "comment")
"""Columns of a layout or a manifest that may stand in the file and say nothing about a well."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A well with the plate and the analyte that it belongs to, and what the file says of the plate on its row."""

    plate: str
    analyte: str
    well: Well
    unit: str = ""
    run: str = ""
    lot: str = ""


def is_long_form(found: Sheet) -> bool:
    """Whether the first row names a well and a role."""
    names = {name.lower() for name in found.rows[0].cells} if found.rows else set()
    return {"well", "role"} <= names


def entries(found: Sheet, layout: bool = False) -> tuple[list[Entry], list[Problem]]:
    """The rows of a file in long form, each a well, and everything that is wrong with them. A layout needs no column
    `response`."""
    required = ("well", "role") if layout else ("well", "role", "response")
    where, problems = header_problems(found, required, COLUMNS + BESIDE, "a layout" if layout else "the long form")
    if problems:
        return [], problems
    problems = ragged(found, len(found.rows[0].cells))
    spoilt = {problem.line for problem in problems}
    made = []
    for row in found.rows[1:]:
        if row.line not in spoilt:
            entry, wrong = _entry(_Cells(found, row, where))
            made.append(entry)
            problems += wrong
    if not made and not problems:
        problems.append(found.problem(found.rows[0].line, "", "the file has a header and no rows; nothing was read"))
    return [entry for entry in made if entry is not None], problems


@dataclass(frozen=True, slots=True)
class _Cells:
    """One row, asked by the names of its columns."""

    sheet: Sheet
    row: Row
    where: dict[str, int]

    def text(self, name: str) -> str:
        return self.row.cell(self.where[name]) if name in self.where else ""

    def problem(self, column: str, sentence: str) -> Problem:
        return self.sheet.problem(self.row.line, column, sentence, self.plate, self.text("analyte"))

    @property
    def plate(self) -> str:
        return self.text("plate") or Path(self.sheet.file).stem


def _entry(cells: _Cells) -> tuple[Entry | None, list[Problem]]:
    """The row as a well. A row with a problem gives none."""
    problems: list[Problem] = []
    numbers: dict[str, float | None] = {}
    for name in ("nominal", "response", "dilution", "count"):
        try:
            numbers[name] = number(cells.text(name))
        except NotANumber as wrong:
            problems.append(cells.problem(name, str(wrong)))
    place, role = well_name(cells.text("well")), cells.text("role").lower()
    if place is None:
        problems.append(cells.problem("well", f"'{cells.text('well')}' is no well; write a letter and a number: A1"))
    if role not in ROLES:
        problems.append(cells.problem("role", _unknown_role(cells.text("role"))))
    problems += _impossible(cells, role, numbers)
    if problems or place is None:
        return None, problems
    count = numbers["count"]
    well = Well(
        place,
        role,
        cells.text("level"),
        numbers["nominal"],
        numbers["response"],
        cells.text("sample"),
        numbers["dilution"] or 1.0,
        None if count is None else int(count),
        cells.sheet.file,
        cells.row.line,
    )
    told = {name: cells.text(name) for name in ("unit", "run", "lot")}
    return Entry(cells.plate, cells.text("analyte"), well, **told), []


def _unknown_role(text: str) -> str:
    meant = {"std": "standard", "cal": "standard", "calibrator": "standard", "control": "qc", "unknown": "sample"}
    meant |= {"background": "blank", "unk": "sample", "zero": "blank", "ctrl": "qc"}
    hint = f"; write {meant[text.lower()]}" if text.lower() in meant else ""
    return f"'{text}' is no role; the roles are {', '.join(ROLES)}{hint}"


def _impossible(cells: _Cells, role: str, numbers: dict[str, float | None]) -> Iterator[Problem]:
    """What no well can be: a negative content, a dilution that concentrates, a standard without a content."""
    nominal, dilution, count = numbers.get("nominal"), numbers.get("dilution"), numbers.get("count")
    text = cells.text
    if nominal is not None and not 0 <= nominal < float("inf"):
        say = f"a nominal of {text('nominal')} cannot be; it is the content of the well, from 0"
        yield cells.problem("nominal", say)
    if nominal is None and "nominal" in numbers and role in ("standard", "anchor", "qc"):
        yield cells.problem("nominal", f"a {role} needs its nominal content; write it, or give the well another role")
    if dilution is not None and not 0 < dilution < float("inf"):
        say = f"a dilution of {text('dilution')} cannot be; it is a factor: 4 for one part in four, 1 for undiluted"
        yield cells.problem("dilution", say)
    if count is not None and (count < 0 or count != int(min(count, 1e9))):
        yield cells.problem("count", f"a count of {text('count')} beads cannot be")
    if role == "sample" and not text("sample"):
        yield cells.problem("sample", "a sample needs its name; write the number on the tube")


def by_plate(rows: Sequence[Entry], key: Callable[[Entry], tuple[str, str]]) -> dict[tuple[str, str], list[Entry]]:
    """The entries of each plate and analyte, in the order in which they first stand in the file."""
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in rows:
        found.setdefault(key(entry), []).append(entry)
    return found
