"""Imaginary plates: a curve that is known, the wells that it gives, and the files that machines would write of them."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from trialwright.measures.assay.plates import Plate, Well, place_of

TRUE = (-1.1, 0.05, 3.0, 400.0, 1.0)
"""b, c, d, e, g of the curve that most tests use: it rises from 0.05 to 3.0, half way at 400."""

NOMINAL = (2000.0, 1000.0, 500.0, 250.0, 125.0, 62.5, 31.25, 15.625)
CONTROLS = {"low": 45.0, "middle": 300.0, "high": 1500.0}
COLUMNS = ("plate", "analyte", "well", "role", "level", "nominal", "response", "sample", "dilution", "unit")


def response(content: float, truth: Sequence[float] = TRUE) -> float:
    """The response of the curve at a content."""
    b, c, d, e, g = truth
    if content == 0:
        return c if b < 0 else d
    return c + (d - c) / (1 + (content / e) ** b) ** g


@dataclass(frozen=True)
class Recipe:
    """What stands on an imaginary plate. `samples` maps a name to its content (and, after a colon, a dilution)."""

    standards: tuple[float, ...] = NOMINAL
    anchors: tuple[float, ...] = ()
    controls: Mapping[str, float] = None  # type: ignore[assignment]
    samples: Mapping[str, float] = None  # type: ignore[assignment]
    blanks: int = 2
    replicates: int = 2
    noise: float = 0.0
    seed: int = 1
    truth: tuple[float, ...] = TRUE


def plate(recipe: Recipe = Recipe(), name: str = "P1", analyte: str = "CXCL10", unit: str = "pg/mL") -> Plate:
    """The plate of a recipe. Wells are filled row by row; noise multiplies each response by exp(noise z)."""
    wanted: list[Well] = [Well("", "blank", "blank", sample="")] * recipe.blanks
    for number, nominal in enumerate(recipe.standards, start=1):
        wanted += [Well("", "standard", f"S{number}", nominal)] * recipe.replicates
    for number, nominal in enumerate(recipe.anchors, start=1):
        wanted += [Well("", "anchor", f"A{number}", nominal)] * recipe.replicates
    for level, nominal in (CONTROLS if recipe.controls is None else recipe.controls).items():
        wanted += [Well("", "qc", level, nominal)] * 2
    for name_, content in (recipe.samples or {}).items():
        sample, _, dilution = name_.partition(":")
        factor = float(dilution or 1)
        wanted += [Well("", "sample", "", content / factor, sample=sample, dilution=factor)] * recipe.replicates
    scatter = np.exp(recipe.noise * np.random.default_rng(recipe.seed).normal(size=len(wanted)))
    wells = [
        replace(
            well,
            place=place_of(index // 12, index % 12),
            response=response(well.nominal or 0.0, recipe.truth) * float(scatter[index]),
            nominal=None if well.role in ("sample", "blank") else well.nominal,
            file=f"{name}.csv",
            line=index + 2,
        )
        for index, well in enumerate(wanted)
    ]
    return Plate(name, analyte, unit, tuple(wells), f"{name}.csv")


def long_form(plates: Sequence[Plate]) -> str:
    """The plates as CSV in long form."""
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in plates:
        for w in one.wells:
            cells = [one.id, one.analyte, w.place, w.role, w.level, _text(w.nominal), _text(w.response), w.sample]
            writer.writerow([*cells, f"{w.dilution:g}", one.unit])
    return sheet.getvalue()


def _text(number: float | None) -> str:
    return "" if number is None else repr(number)


def written(path: Path, plates: Sequence[Plate]) -> Path:
    """The plates in a file."""
    path.write_text(long_form(plates), encoding="utf-8")
    return path


def grid(one: Plate, delimiter: str = ",") -> str:
    """The responses of a plate as a reader writes them."""
    rows, columns = one.shape
    found = {well.place: well.response for well in one.wells}
    lines = [delimiter.join(["", *(str(column + 1) for column in range(columns))])]
    for row in range(rows):
        cells = [_text(found.get(place_of(row, column))) for column in range(columns)]
        cells = [cell.replace(".", ",") for cell in cells] if delimiter == ";" else cells
        lines.append(delimiter.join(["ABCDEFGHIJKLMNOP"[row], *cells]))
    return "\n".join(lines) + "\n"


def layout(one: Plate) -> str:
    """What the wells of a plate hold, as a layout file of a single plate."""
    rows = ["well,role,level,nominal,sample,dilution,unit"]
    rows += [f"{w.place},{w.role},{w.level},{_text(w.nominal)},{w.sample},{w.dilution:g},{one.unit}" for w in one.wells]
    return "\n".join(rows) + "\n"


def xponent(plates: Sequence[Plate], counts: Mapping[tuple[str, str], int] | None = None, batch: str = "B1") -> str:
    """A bead assay's export: the plates are the analytes, with the same wells; responses times 1000 are medians."""
    first = plates[0]
    analytes = [one.analyte for one in plates]
    names = _bead_names(first)
    lines = ["Program,xPONENT,,FLEXMAP 3D", "Build,4.2.1324.0", f"Batch,{batch}", ""]
    lines += [f"Samples,{len(first.wells)},Min Events,50 Per Bead", "", "Results", ""]
    head = ",".join(["Location", "Sample", *analytes, "Total Events"])
    medians = {(w.place, one.analyte): _text(round(1000 * (w.response or 0), 1)) for one in plates for w in one.wells}
    beads = {key: str((counts or {}).get(key, 100)) for key in medians}
    for kind, table in (("Median", medians), ("Count", beads)):
        lines += [f"DataType:,{kind}", head]
        for number, well in enumerate(first.wells, start=1):
            cells = [table[well.place, analyte] for analyte in analytes]
            lines.append(",".join([f'"{number}(1,{well.place})"', names[well.place], *cells, "999"]))
        lines.append("")
    units = ",".join(one.unit for one in plates)
    lines += ["DataType:,Units", "Analyte:," + ",".join(analytes), f"Units:,{units}", ""]
    lines += ["DataType:,Dilution Factor", "Location,Sample,Dilution Factor"]
    for number, well in enumerate(first.wells, start=1):
        lines.append(f'"{number}(1,{well.place})",{names[well.place]},{well.dilution:g}')
    for kind, role in (("Standard", "standard"), ("Control", "qc")):
        lines += ["", f"DataType:,{kind} Expected Concentration", "Reagent," + ",".join(analytes)]
        expected: dict[str, list[str]] = {}
        for one in plates:
            for name in dict.fromkeys(names[well.place] for well in one.of(role)):
                nominal = next(well.nominal for well in one.of(role) if names[well.place] == name)
                expected.setdefault(name, []).append(_text(nominal))
        lines += [",".join([name, *cells]) for name, cells in expected.items()]
    return "\n".join([*lines, "", "-- CRC --", "1234abcd"]) + "\n"


def _bead_names(one: Plate) -> dict[str, str]:
    """What the instrument's program calls the wells."""
    numbers: dict[str, int] = {}
    names = {}
    for well in one.wells:
        kind = {"blank": "Background", "standard": "Standard", "qc": "Control"}.get(well.role, "")
        key = f"{kind} {well.level}"
        if kind and key not in numbers:
            numbers[key] = sum(other.startswith(kind) for other in numbers) + (kind != "Background")
        names[well.place] = f"{kind}{numbers[key]}" if kind else well.sample
    return names
