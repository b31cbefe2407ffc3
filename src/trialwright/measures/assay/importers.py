"""From the files that laboratories have to plates: the long form, plate-reader grids with a layout, and xPONENT exports
(with a layout where the export does not say what the wells hold).

Everything that is wrong with all the files is gathered before anything is refused, each with file, line and column.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from trialwright.logic.units import UnitError
from trialwright.logic.units import unit as unit_of
from trialwright.measures.assay import grids, xponent
from trialwright.measures.assay.long_form import Entry, by_plate, entries, is_long_form
from trialwright.measures.assay.plates import BadPlates, Plate, Problem, Well
from trialwright.measures.assay.sheets import Sheet, sheet


@dataclass(frozen=True, slots=True)
class Reading:
    """The plates of all the files, and everything that is wrong with any of them."""

    plates: tuple[Plate, ...]
    problems: tuple[Problem, ...]

    @property
    def sound(self) -> tuple[Plate, ...]:
        """The plates that nothing is wrong with."""
        return tuple(plate for plate in self.plates if not any(wrong.concerns(plate) for wrong in self.problems))


def read(paths: Sequence[Path], layout: Path | None = None, unit: str = "", analyte: str = "") -> Reading:
    """Read plate files of any known form.

    `layout` says what the wells hold where the files do not; `unit` (UCUM) and `analyte` are those of every plate that
    does not say its own. Raises BadPlates where the layout cannot be read, OSError where a file cannot.
    """
    arranged = _layout(layout) if layout is not None else None
    plates: list[Plate] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            found = sheet(path)
        except BadPlates as bad:
            problems += bad.problems
            continue
        made, wrong = _of(found, arranged)
        problems += wrong
        named = [replace(plate, unit=plate.unit or unit, analyte=plate.analyte or analyte) for plate in made]
        problems += [problem for plate in named for problem in _unsound(plate)]
        plates += named
    problems += _twice(plates)
    return Reading(tuple(plates), tuple(sorted(problems, key=lambda p: (p.file, p.line))))


def _layout(path: Path) -> "_Layout":
    found = sheet(path)
    if not is_long_form(found):
        say = "the layout needs a header with well, role, and as they apply plate, nominal, level, sample, dilution"
        raise BadPlates([Problem(found.file, 1, "", say)])
    rows, problems = entries(found, layout=True)
    if problems:
        raise BadPlates(problems)
    return _Layout(found.file, tuple(rows), "plate" in {name.lower() for name in found.rows[0].cells})


@dataclass(frozen=True, slots=True)
class _Layout:
    """A layout file; `by_name` where it arranges several plates by their names."""

    file: str
    entries: tuple[Entry, ...]
    by_name: bool

    def of(self, plate: str, analyte: str) -> dict[str, Entry]:
        """The wells of a plate for an analyte; a row that names the analyte goes before one that does not."""
        rows = [entry for entry in self.entries if not self.by_name or entry.plate == plate]
        chosen = {entry.well.place: entry for entry in rows if not entry.analyte}
        return chosen | {entry.well.place: entry for entry in rows if entry.analyte and entry.analyte == analyte}

    @property
    def analytes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(entry.analyte for entry in self.entries if entry.analyte)) or ("",)


def _of(found: Sheet, layout: _Layout | None) -> tuple[list[Plate], list[Problem]]:
    """The plates of one file, by what its first rows say it is."""
    if not found.rows:
        return [], [found.problem(0, "", "the file is empty; it needs the wells of a plate")]
    if xponent.is_xponent(found):
        return _bead_plates(found, layout)
    if is_long_form(found):
        return _long(found)
    if grids.is_grid(found):
        return _grid_plates(found, layout)
    say = "the file is no plate: it has neither the columns well, role and response, nor a grid of columns 1 to 12"
    return [], [found.problem(found.rows[0].line, "", f"{say} or 1 to 24, nor a row 'DataType:' of xPONENT")]


def _long(found: Sheet) -> tuple[list[Plate], list[Problem]]:
    rows, problems = entries(found)
    plates = []
    for (name, analyte), group in by_plate(rows, lambda entry: (entry.plate, entry.analyte)).items():
        wells = tuple(entry.well for entry in group)
        told: dict[str, str] = {}
        for part in ("unit", "run", "lot"):
            said = Counter(getattr(entry, part) for entry in group)
            told[part] = next(iter(said))
            if len(said) > 1:
                odd = next(entry for entry in group if getattr(entry, part) != told[part])
                say = f"plate {name} has the {part}s {', '.join(repr(text) for text in said)}; one plate has one {part}"
                problems.append(found.problem(odd.well.line, part, say, name, analyte))
        plates.append(Plate(name, analyte, wells=wells, file=found.file, sha256=found.sha256, **told))
    return plates, problems


def _grid_plates(found: Sheet, layout: _Layout | None) -> tuple[list[Plate], list[Problem]]:
    if layout is None:
        say = "a grid does not say what its wells hold; give --layout FILE with well, role, nominal, sample, dilution"
        return [], [found.problem(found.rows[0].line, "", say)]
    made, problems = grids.grids(found)
    plates = []
    for grid in made:
        for analyte in layout.analytes:
            arranged = layout.of(grid.plate, analyte)
            problems += _unarranged(found, layout, grid.plate, arranged)
            wells = tuple(
                replace(
                    entry.well,
                    response=grid.responses.get(place),
                    file=found.file,
                    line=grid.lines.get(place, 0),
                    column=place[1:],
                )
                for place, entry in arranged.items()
            )
            unit = _said(arranged, "unit")
            plates.append(Plate(grid.plate, analyte, unit, wells, found.file, found.sha256, lot=_said(arranged, "lot")))
    return plates, problems


def _said(arranged: Mapping[str, Entry], part: str) -> str:
    return next((getattr(entry, part) for entry in arranged.values() if getattr(entry, part)), "")


def _unarranged(found: Sheet, layout: _Layout, plate: str, arranged: Mapping[str, Entry]) -> Iterator[Problem]:
    if not arranged:
        known = ", ".join(dict.fromkeys(entry.plate for entry in layout.entries))
        say = f"{layout.file} has no plate {plate}; its plates are {known}"
        yield found.problem(found.rows[0].line, "", say, plate)


def _bead_plates(found: Sheet, layout: _Layout | None) -> tuple[list[Plate], list[Problem]]:
    """A plate for each analyte of a bead assay."""
    export, problems = xponent.export(found)
    if export is None:
        return [], problems
    plates = []
    for analyte in export.analytes:
        arranged = layout.of(export.batch, analyte) if layout else {}
        if layout is not None:
            problems += _unarranged(found, layout, export.batch, arranged)
        wells = []
        for place, line in export.lines.items():
            well, wrong = _bead_well(found, export, place, analyte, arranged.get(place))
            wells.append(replace(well, file=found.file, line=line, column=analyte))
            problems += [wrong] if wrong else []
        unit = _said(arranged, "unit") or export.units.get(analyte, "")
        plates.append(Plate(export.batch, analyte, unit, tuple(wells), found.file, found.sha256))
    return plates, problems


def _bead_well(
    found: Sheet, export: xponent.Export, place: str, analyte: str, arranged: Entry | None
) -> tuple[Well, Problem | None]:
    """What a well holds: by the layout where it has the well, else by the instrument's names."""
    name = export.samples[place]
    response, count = export.medians.get((place, analyte)), export.counts.get((place, analyte))
    if arranged is not None:
        return replace(arranged.well, response=response, count=count), None
    role = export.role(place)
    nominal = export.expected.get((name.lower(), analyte))
    sample = name if role == "sample" else ""
    dilution = export.dilutions.get(place, 1.0)
    well = Well(place, role, name, nominal, response, sample, dilution, count)
    if nominal is None and role in ("standard", "qc"):
        say = f"{name} in well {place} has no expected content; give --layout FILE with its nominal for {analyte}"
        return well, found.problem(export.lines[place], analyte, say, export.batch, analyte)
    return well, None


def _unsound(plate: Plate) -> Iterator[Problem]:
    """What is wrong with a plate whatever the rules are: nothing measured, a well twice, no unit, an unknown unit."""
    if not any(well.response is not None for well in plate.wells):
        yield plate.problem("it is empty: no well has a response; export the readings again")
    seen: dict[str, Well] = {}
    for well in plate.wells:
        if well.place in seen:
            say = f"well {well.place} stands twice, first on line {seen[well.place].line}; keep the row that counts"
            yield plate.problem(say, well, "well")
        seen.setdefault(well.place, well)
    if not plate.analyte and plate.of("sample"):
        say = "it does not say what was measured; write a column analyte, or give --analyte with the name of the test"
        yield plate.problem(say, None, "analyte")
    if not plate.unit:
        yield plate.problem(
            "it has no unit; write a column unit, or give --unit with a UCUM code such as pg/mL", None, "unit"
        )
    else:
        try:
            unit_of(plate.unit)
        except UnitError as wrong:
            yield plate.problem(f"{wrong}; a unit is a UCUM code such as pg/mL", None, "unit")


def _twice(plates: Sequence[Plate]) -> Iterator[Problem]:
    """Two plates of one name and analyte cannot be told apart in the results."""
    seen: dict[tuple[str, str], Plate] = {}
    for plate in plates:
        first = seen.setdefault((plate.id, plate.analyte), plate)
        if first is not plate:
            yield plate.problem(f"{first.file} has a plate of that name and analyte already; name one of them anew")
