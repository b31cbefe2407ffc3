"""Plates and their wells as records, and what can be wrong with the files that they come from.

A plate here is one analyte on one physical plate: a bead assay with twelve analytes gives twelve plates of the same
name, each with a standard curve, controls and a verdict of its own.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

ROLES = ("standard", "anchor", "qc", "sample", "blank")
"""standard: a calibrator of known content; anchor: a calibrator outside the range of quantification that only steadies
the fit; qc: a control of known content; sample: a participant's; blank: everything but the analyte."""

SHAPES = {96: (8, 12), 384: (16, 24)}
"""Rows and columns of the plates that are known, by the number of wells."""

WELL = re.compile(r"([A-Pa-p])0*([1-9]|1\d|2[0-4])")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a file: the line (1 is the first; 0 is the file as a whole), the column, what to do; and
    which plate and which analyte it spoils (empty: every one in the file)."""

    file: str
    line: int
    column: str
    sentence: str
    plate: str = ""
    analyte: str = ""

    def concerns(self, plate: "Plate") -> bool:
        """Whether the plate cannot be worked out because of it."""
        named = self.plate in ("", plate.id) and self.analyte in ("", plate.analyte)
        return named and self.file == plate.file

    def __str__(self) -> str:
        """`file:line:column: sentence`, the form that editors can follow; what cannot be printed is shown escaped."""
        place = (self.file, str(self.line or ""), self.column)
        text = ":".join(part for part in place if part) + ": " + self.sentence
        return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


class BadPlates(Exception):
    """Files that cannot be worked out as they are; `problems` holds everything that is wrong with them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class Well:
    """One well for one analyte. `response` is None where the reader gave none, infinite where it overflowed; `nominal`
    is what a standard or a control should hold, in the plate's unit; `dilution` is the factor that brings the content
    of the well back to that of the specimen (4 for one part in four); `count` is the number of beads behind a median.
    """

    place: str
    role: str
    level: str = ""
    nominal: float | None = None
    response: float | None = None
    sample: str = ""
    dilution: float = 1.0
    count: int | None = None
    file: str = ""
    line: int = 0
    column: str = "response"

    @property
    def measured(self) -> bool:
        """Whether there is a finite response."""
        return self.response is not None and math.isfinite(self.response)

    @property
    def name(self) -> str:
        """What a level or a specimen is called where no name was given."""
        if self.role == "sample":
            return self.sample
        return self.level or (f"{self.nominal:g}" if self.nominal is not None else self.role)


@dataclass(frozen=True, slots=True)
class Plate:
    """One analyte on one plate: the wells, the unit of contents (UCUM), where they were read, and the run and the lot
    of reagents where the file says them. `sha256` is of the file as it lies."""

    id: str
    analyte: str
    unit: str
    wells: tuple[Well, ...]
    file: str = ""
    sha256: str = ""
    run: str = ""
    lot: str = ""

    @property
    def name(self) -> str:
        """Plate and analyte, as they are printed."""
        return f"{self.id}, {self.analyte}" if self.analyte else self.id

    def of(self, *roles: str) -> tuple[Well, ...]:
        """The wells of these roles, in the order of the file."""
        return tuple(well for well in self.wells if well.role in roles)

    def problem(self, sentence: str, well: Well | None = None, column: str = "") -> Problem:
        """A problem of this plate: at a well's place in the file, or of the plate as a whole."""
        if well is None:
            return Problem(self.file, 0, column, f"plate {self.name}: {sentence}", self.id, self.analyte)
        return Problem(well.file or self.file, well.line, column or well.column, sentence, self.id, self.analyte)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the smallest known plate that has every well."""
        rows, columns = SHAPES[96]
        if any(row >= rows or column >= columns for row, column in map(position, (w.place for w in self.wells))):
            return SHAPES[384]
        return rows, columns


def well_name(text: str) -> str | None:
    """The well as `A1` to `P24`, whatever its zeros and case; None where the text names no well."""
    found = WELL.fullmatch(text.strip())
    return f"{found[1].upper()}{int(found[2])}" if found else None


def position(place: str) -> tuple[int, int]:
    """Row and column from 0 of a well's name."""
    return ascii_uppercase.index(place[0]), int(place[1:]) - 1


def place_of(row: int, column: int) -> str:
    """The name of the well at a row and a column from 0."""
    return f"{ascii_uppercase[row]}{column + 1}"


def levels(wells: Sequence[Well]) -> dict[float, tuple[Well, ...]]:
    """The wells of each nominal content, from the lowest; wells without one are left out."""
    found: dict[float, list[Well]] = {}
    for well in wells:
        if well.nominal is not None:
            found.setdefault(well.nominal, []).append(well)
    return {nominal: tuple(found[nominal]) for nominal in sorted(found)}


def listed(wells: Sequence[Well]) -> str:
    """The names of wells with commas, the last with an `and`."""
    names = [well.place for well in wells]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "no well"
