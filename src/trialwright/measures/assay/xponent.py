"""Luminex xPONENT CSV exports: a header, then blocks that begin with `DataType:`, one row a well and one column an
analyte.

Read are the blocks Median (the response: median fluorescence of the beads), Count (the beads behind each median),
Units, Dilution Factor, and the expected contents of standards and controls. The block `Result` is not: what the
instrument's own program computed is replaced by our curve. Wells stand as `1(1,A1)`; samples as `Background0`,
`Standard1`, `Control1`, or the laboratory's own names.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from trialwright.measures.assay.plates import Problem, well_name
from trialwright.measures.assay.sheets import NotANumber, Row, Sheet, number

LOCATION = re.compile(r"\d*\(?(?:\d+,\s*)?([A-P]\d{1,2})\)?")
NAMES = {"background": "blank", "blank": "blank", "standard": "standard", "control": "qc"}
"""What the instrument's program calls the wells that are no samples -> role."""

BESIDE = ("location", "sample", "total events", "notes", "")


@dataclass(frozen=True, slots=True)
class Export:
    """One plate as the instrument wrote it. Contents and units are by analyte; `expected` by name of the standard or
    the control and analyte; `medians` and `counts` by well and analyte; `lines` of the wells."""

    batch: str
    analytes: tuple[str, ...]
    samples: dict[str, str]
    medians: dict[tuple[str, str], float | None]
    counts: dict[tuple[str, str], int]
    lines: dict[str, int]
    dilutions: dict[str, float] = field(default_factory=dict)
    expected: dict[tuple[str, str], float] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def role(self, place: str) -> str:
        """blank, standard, qc or sample, by the name that the instrument's program gave."""
        name = re.sub(r"[\s_-]*\d*$", "", self.samples.get(place, "")).lower()
        return NAMES.get(name, "sample")


def is_xponent(found: Sheet) -> bool:
    """Whether the file has a block of the instrument's."""
    return any(_block_name(row) is not None for row in found.rows)


def _block_name(row: Row) -> str | None:
    first = row.cell(0).lower()
    return row.cell(1).lower() if first.rstrip(":") == "datatype" else None


def export(found: Sheet) -> tuple[Export | None, list[Problem]]:
    """The plate of a file, and everything that is wrong with it."""
    blocks = _blocks(found)
    problems = []
    for needed in ("median", "count"):
        if needed not in blocks:
            say = f"the block 'DataType: {needed.title()}' is missing; export the batch again with medians and counts"
            problems.append(found.problem(found.rows[-1].line if found.rows else 0, "", say))
    if problems:
        return None, problems
    median = blocks["median"]
    analytes = tuple(name for name in median[0].cells[2:] if name.lower() not in BESIDE) if median else ()
    if not analytes or len(median) < 2:
        line = median[0].line if median else found.rows[-1].line
        return None, [found.problem(line, "", "the block 'DataType: Median' is empty: no well, or no analyte")]
    problems += _declared(found, len(median) - 1)
    made = Export(_batch(found), analytes, {}, {}, {}, {})
    problems += _values(found, median, analytes, made)
    problems += _counted(found, blocks["count"], analytes, made)
    problems += _told(found, blocks, made)
    return made, problems


def _batch(found: Sheet) -> str:
    named = (row.cell(1) for row in found.rows if row.cell(0).lower() == "batch" and row.cell(1))
    return next(named, Path(found.file).stem)


def _blocks(found: Sheet) -> dict[str, list[Row]]:
    """The rows of each block, its header first."""
    blocks: dict[str, list[Row]] = {}
    current: list[Row] | None = None
    for row in found.rows:
        name = _block_name(row)
        if name is not None:
            current = blocks.setdefault(name, [])
        elif row.cell(0).lower().startswith(("-- crc", "proprietary")):
            current = None
        elif current is not None:
            current.append(row)
    return blocks


def _declared(found: Sheet, wells: int) -> Iterator[Problem]:
    """A file that was cut short has fewer wells than its header says."""
    for row in found.rows:
        if row.cell(0).lower() == "samples" and row.cell(1).isdigit() and int(row.cell(1)) > wells:
            say = f"the header says {row.cell(1)} samples and the medians are of {wells}; the file is cut"
            yield found.problem(row.line, "Samples", f"{say}: export it again")


def _places(found: Sheet, rows: list[Row]) -> Iterator[tuple[Row, str, Problem | None]]:
    for row in rows:
        match = LOCATION.fullmatch(row.cell(0).replace('"', ""))
        place = well_name(match[1]) if match else None
        if place is None:
            yield row, "", found.problem(row.line, "Location", f"'{row.cell(0)}' names no well; it reads 1(1,A1)")
        else:
            yield row, place, None


def _values(found: Sheet, block: list[Row], analytes: tuple[str, ...], made: Export) -> Iterator[Problem]:
    for row, place, wrong in _places(found, block[1:]):
        if wrong:
            yield wrong
            continue
        if place in made.samples:
            say = f"well {place} stands twice, first on line {made.lines[place]}; keep the one that counts"
            yield found.problem(row.line, "Location", say)
        made.samples[place], made.lines[place] = row.cell(1), row.line
        for column, analyte in enumerate(analytes, start=2):
            try:
                made.medians[place, analyte] = number(row.cell(column), found.delimiter)
            except NotANumber as error:
                yield found.problem(row.line, analyte, str(error), analyte=analyte)


def _counted(found: Sheet, block: list[Row], analytes: tuple[str, ...], made: Export) -> Iterator[Problem]:
    """The beads behind each median; the counts must be of the same wells and analytes."""
    header = list(block[0].cells) if block else []
    for analyte in analytes:
        if analyte not in header:
            line = block[0].line if block else found.rows[-1].line
            yield found.problem(line, analyte, f"the block 'DataType: Count' has no {analyte}", analyte=analyte)
    for row, place, wrong in _places(found, block[1:]):
        if wrong:
            yield wrong
            continue
        for analyte in set(analytes) & set(header):
            text = row.cell(header.index(analyte))
            if not text.isdigit():
                yield found.problem(row.line, analyte, f"'{text}' is no number of beads", analyte=analyte)
            else:
                made.counts[place, analyte] = int(text)
    for place in sorted(set(made.samples) - {place for place, _ in made.counts}):
        if header:
            yield found.problem(made.lines[place], "Location", f"well {place} has medians and no bead counts")


def _told(found: Sheet, blocks: dict[str, list[Row]], made: Export) -> Iterator[Problem]:
    """Units, dilution factors, and what standards and controls should hold."""
    for row in blocks.get("units", []):
        if row.cell(0).lower().startswith("analyte"):
            names = row.cells[1:]
        elif row.cell(0).lower().startswith("units"):
            made.units.update(zip(names, row.cells[1:], strict=False))
    for row, place, wrong in _places(found, blocks.get("dilution factor", [])[1:]):
        try:
            factor = number(row.cell(2), found.delimiter)
        except NotANumber:
            factor = -1.0
        if wrong or (factor is not None and not 0 < factor < float("inf")):
            yield wrong or found.problem(row.line, "Dilution Factor", f"'{row.cell(2)}' is no dilution factor")
        elif factor is not None:
            made.dilutions[place] = factor
    for kind in ("standard expected concentration", "control expected concentration"):
        yield from _expected(found, blocks.get(kind, []), made)


def _expected(found: Sheet, block: list[Row], made: Export) -> Iterator[Problem]:
    header = block[0].cells if block else ()
    for row in block[1:]:
        for column, analyte in enumerate(header[1:], start=1):
            try:
                value = number(row.cell(column), found.delimiter)
            except NotANumber as error:
                yield found.problem(row.line, analyte, str(error), analyte=analyte)
                continue
            if value is not None and value < 0:
                yield found.problem(row.line, analyte, f"a nominal of {value:g} cannot be", analyte=analyte)
            elif value is not None:
                made.expected[row.cell(0).lower(), analyte] = value
