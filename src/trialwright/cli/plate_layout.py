"""`trialwright plate-layout`: where each sample goes, at random and blind to the treatment."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialwright.measures.assay.layout import Arrangement, Specimen, Standard
    from trialwright.measures.assay.plates import Problem

COLUMNS = ("sample", "participant", "visit", "dilution")
STANDARDS = ("role", "level", "nominal", "replicates")
FORBIDDEN = ("arm", "treatment", "allocation", "label", "group", "kit")
"""Columns that a list for the laboratory must not have: with one of them the laboratory could know."""


def plate_layout(
    file: Annotated[Path, typer.Argument(help="CSV: sample, participant, and visit, dilution.", metavar="SAMPLES.csv")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for layout and maps.", metavar="DIR")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same plates.", min=0)],
    standards: Annotated[
        Path | None, typer.Option(help="CSV: role, level, nominal, replicates; on every plate.", metavar="FILE.csv")
    ] = None,
    replicates: Annotated[int, typer.Option(help="Wells of each sample.", min=1, max=8)] = 2,
    size: Annotated[int, typer.Option(help="Wells of a plate: 96 or 384.")] = 96,
    prefix: Annotated[str, typer.Option(help="What the plates' names begin with.")] = "P",
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of sentences.")] = False,
) -> None:
    """Lay samples out over plates: all of a participant on one plate, every position at random.

    Without --standards: eight standard levels S1 to S8 without nominal contents, three controls and a blank, each in
    duplicate. Writes layout.csv (for `assay --layout`), manifest.csv and maps.html to print. No allocation is read.
    """
    from trialwright.measures.assay.layout import TooMuch, arrange
    from trialwright.measures.assay.plates import SHAPES, BadPlates

    if output.exists() and not output.is_dir():
        raise typer.BadParameter(f"{output} is a file; name a folder", param_hint="--output")
    if size not in SHAPES:
        raise typer.BadParameter(f"{size} wells are no plate; 96 or 384", param_hint="--size")
    try:
        specimens = _specimens(file)
        beside = _standards(standards)
        plates = arrange(specimens, beside, seed, replicates, size, prefix)
    except BadPlates as bad:
        for problem in bad.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None
    except (TooMuch, ValueError) as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"{error.filename}: cannot be read: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    _write(plates, output, size, seed)
    _say(plates, output, as_json)


def _specimens(path: Path) -> "list[Specimen]":
    """The tubes of a file. Raises BadPlates with everything that is wrong."""
    from trialwright.measures.assay.layout import Specimen
    from trialwright.measures.assay.plates import BadPlates, Problem
    from trialwright.measures.assay.sheets import NotANumber, number

    rows, problems = _rows(path, ("sample", "participant"), COLUMNS, "a list of samples")
    made = []
    for line, cells in rows:
        for name in ("sample", "participant"):
            if not cells[name]:
                problems.append(Problem(path.name, line, name, f"the row has no {name}"))
        try:
            dilution = number(cells.get("dilution", "")) or 1.0
        except NotANumber as wrong:
            problems.append(Problem(path.name, line, "dilution", str(wrong)))
            continue
        if not 0 < dilution < float("inf"):
            problems.append(Problem(path.name, line, "dilution", f"a dilution of {cells['dilution']} cannot be"))
        made.append(Specimen(cells["sample"], cells["participant"], cells.get("visit", ""), dilution))
    if problems:
        raise BadPlates(problems)
    return made


def _standards(path: Path | None) -> "list[Standard]":
    """What stands on every plate beside the samples."""
    from trialwright.measures.assay.layout import Standard
    from trialwright.measures.assay.plates import ROLES, BadPlates, Problem
    from trialwright.measures.assay.sheets import NotANumber, number

    if path is None:
        made = [Standard("standard", f"S{index}", None) for index in range(1, 9)]
        made += [Standard("qc", level, None) for level in ("low", "middle", "high")]
        return [*made, Standard("blank", "blank", None)]
    rows, problems = _rows(path, ("role",), STANDARDS, "a list of standards")
    made = []
    roles = [role for role in ROLES if role != "sample"]
    for line, cells in rows:
        role = cells["role"].lower()
        if role not in roles:
            problems.append(Problem(path.name, line, "role", f"'{role}' is none of {', '.join(roles)}"))
        try:
            nominal, count = number(cells.get("nominal", "")), number(cells.get("replicates", "")) or 2
        except NotANumber as wrong:
            problems.append(Problem(path.name, line, "nominal", str(wrong)))
            continue
        if (nominal or 0) < 0 or not 1 <= count <= 12 or count != int(count):
            problems.append(Problem(path.name, line, "", "a nominal is from 0, and replicates are 1 to 12"))
            continue
        made.append(Standard(role, cells.get("level", ""), nominal, int(count)))
    if problems:
        raise BadPlates(problems)
    return made


def _rows(
    path: Path, required: "Sequence[str]", known: "Sequence[str]", of_what: str
) -> "tuple[list[tuple[int, dict[str, str]]], list[Problem]]":
    """The rows of a small table as mappings, and what is wrong with it as a table."""
    from trialwright.measures.assay.plates import BadPlates
    from trialwright.measures.assay.sheets import header_problems, ragged, sheet

    found = sheet(path)
    if not found.rows:
        raise BadPlates([found.problem(0, "", f"the file is empty; {of_what} needs {', '.join(required)}")])
    where, problems = header_problems(found, required, known, of_what)
    for name in FORBIDDEN:
        if name in where:
            say = "the list says who belongs to which group; a list for the laboratory must not. Take the column out"
            problems.append(found.problem(found.rows[0].line, name, say))
    if problems:
        raise BadPlates(problems)
    problems = ragged(found, len(where))
    spoilt = {problem.line for problem in problems}
    rows = [row for row in found.rows[1:] if row.line not in spoilt]
    if not rows and not problems:
        problems.append(found.problem(found.rows[0].line, "", "the file has a header and no rows"))
    return [(row.line, {name: row.cell(index) for name, index in where.items()}) for row in rows], problems


def _write(plates: "tuple[Arrangement, ...]", folder: Path, size: int, seed: int) -> None:
    from importlib.metadata import version

    from trialwright.cli.assay import csv_text
    from trialwright.cli.files import write_folder
    from trialwright.report.plate_map import page

    wells = [
        {
            "plate": plate.id,
            "well": well.place,
            "role": well.role,
            "level": well.level,
            "nominal": "" if well.nominal is None else f"{well.nominal:g}",
            "sample": well.sample,
            "dilution": f"{well.dilution:g}",
        }
        for plate in plates
        for well in plate.wells
    ]
    manifest = [
        {"sample": one.sample, "participant": one.participant, "visit": one.visit, "plate": plate.id}
        for plate in plates
        for one in sorted(plate.specimens.values(), key=lambda one: one.sample)
    ]
    maps = page(plates, size, seed, f"trialwright {version('trialwright')}")
    files = {"layout.csv": csv_text(wells), "manifest.csv": csv_text(manifest), "maps.html": maps}
    write_folder(folder, {name: text.encode() for name, text in files.items()})


def _say(plates: "tuple[Arrangement, ...]", folder: Path, as_json: bool) -> None:
    import orjson

    rows = [
        {
            "plate": plate.id,
            "samples": len(plate.specimens),
            "participants": len({one.participant for one in plate.specimens.values()}),
            "wells": len(plate.wells),
        }
        for plate in plates
    ]
    if as_json:
        typer.echo(orjson.dumps({"plates": rows}, option=orjson.OPT_INDENT_2).decode())
        return
    for row in rows:
        about = "plate {plate}: {samples} samples of {participants} participants, {wells} wells"
        typer.echo(about.format(**row))
    typer.echo(f"Print {folder / 'maps.html'}; give {folder / 'layout.csv'} to `trialwright assay --layout`.")
