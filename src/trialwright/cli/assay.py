"""`trialwright assay`: from plates to results, with a verdict on every curve."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialwright.cli.files import write_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialwright.measures.assay.calibration import Choices
    from trialwright.measures.assay.importers import Reading
    from trialwright.measures.assay.plates import Plate, Problem
    from trialwright.measures.assay.rules import Rules
    from trialwright.measures.assay.runs import Assessed


class Curve(StrEnum):
    """Which standard curve is fitted."""

    four = "4pl"
    five = "5pl"
    best = "best"


class Weights(StrEnum):
    """How the wells are weighted."""

    none = "none"
    inverse = "1/y2"
    power = "power"


def assay(
    files: Annotated[list[Path], typer.Argument(help="Plates: long form, reader grid, xPONENT.", metavar="PLATE.csv")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for results and report.", metavar="DIR")],
    rules: Annotated[str, typer.Option(help="Rule set by name, or a YAML file.", metavar="NAME|FILE")] = "ich-m10",
    model: Annotated[Curve | None, typer.Option(help="Curve; as the rules say without.")] = None,
    weights: Annotated[Weights | None, typer.Option(help="Weights of the wells; as the rules say without.")] = None,
    unit: Annotated[str, typer.Option(help="UCUM unit of plates that do not say theirs.", metavar="CODE")] = "",
    analyte: Annotated[str, typer.Option(help="Test of plates that do not say theirs.", metavar="NAME")] = "",
    layout: Annotated[Path | None, typer.Option(help="What the wells of grids hold.", metavar="FILE.csv")] = None,
    lloq: Annotated[float | None, typer.Option(help="Declared lower limit of quantification.")] = None,
    uloq: Annotated[float | None, typer.Option(help="Declared upper limit of quantification.")] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Work out sound plates; flag the others.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """Fit the standard curve of every plate, judge the plate by a rule set, and read the samples.

    Writes results.csv (as `lab import` takes it), samples.csv, standards.csv, qcs.csv, verdicts.csv, curves.json,
    report.html, and every figure as SVG and PNG. A value beyond a limit of quantification stays `<` or `>` the limit.
    Exit code 1 where a plate is rejected, although all is written; 0 with --partial.
    """
    from trialwright.measures.assay import importers, runs
    from trialwright.measures.assay.calibration import Choices
    from trialwright.measures.assay.plates import BadPlates
    from trialwright.measures.assay.rules import rules as rule_set

    if output.exists() and not output.is_dir():
        raise typer.BadParameter(f"{output} is a file; name a folder", param_hint="--output")
    if lloq is not None and uloq is not None and not 0 < lloq < uloq:
        raise typer.BadParameter("the lower limit lies above 0 and below the upper one", param_hint="--lloq")
    try:
        chosen = rule_set(rules)
        reading = importers.read(files, layout, unit, analyte)
    except BadPlates as bad:
        _refuse(bad.problems)
    except OSError as error:
        typer.echo(f"{error.filename}: cannot be read: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    analytes = {plate.analyte for plate in reading.plates}
    if (lloq is not None or uloq is not None) and len(analytes) > 1:
        say = f"declared limits are of one analyte, and the files have {len(analytes)}; run them apart"
        raise typer.BadParameter(say, param_hint="--lloq")
    problems = [*reading.problems, *runs.problems(reading.sound, chosen)]
    sound = [plate for plate in reading.plates if not any(problem.concerns(plate) for problem in problems)]
    if problems and (not partial or not sound):
        _refuse(problems)
    choices = Choices(None if model is None else model.value, None if weights is None else weights.value, lloq, uloq)
    _check_limits(sound, lloq, uloq)
    try:
        accepted = _work_out(reading, sound, problems, chosen, choices, output, as_json)
    except BadPlates as bad:
        _refuse(bad.problems)
    if not (accepted or partial):
        raise typer.Exit(1)


def _check_limits(plates: "list[Plate]", lloq: float | None, uloq: float | None) -> None:
    """A declared limit beyond every standard would leave nothing between the limits."""
    nominal = [well.nominal for plate in plates for well in plate.of("standard") if well.nominal]
    if not nominal:
        return
    if lloq is not None and lloq >= max(nominal):
        say = f"{lloq:g} lies above the standards, which end at {max(nominal):g}"
        raise typer.BadParameter(say, param_hint="--lloq")
    if uloq is not None and uloq <= min(nominal):
        say = f"{uloq:g} lies below the standards, which begin at {min(nominal):g}"
        raise typer.BadParameter(say, param_hint="--uloq")


def _refuse(problems: "Sequence[Problem]") -> None:
    for problem in problems:
        typer.echo(str(problem), err=True)
    raise typer.Exit(1)


def _work_out(
    reading: "Reading",
    sound: "list[Plate]",
    problems: "list[Problem]",
    rules: "Rules",
    choices: "Choices",
    output: Path,
    as_json: bool,
) -> bool:
    """Write and show everything; whether every plate that was worked out is accepted."""
    from trialwright.measures.assay import runs, tables

    assessed = runs.assay(sound, rules, choices)
    left_out = [plate for plate in reading.plates if plate not in sound]
    write_folder(output, _files(assessed, left_out, problems, rules))
    for problem in problems:
        typer.echo(f"left out: {problem}", err=True)
    if as_json:
        typer.echo(_json(tables.plates(assessed), left_out, problems))
    else:
        _show(assessed, left_out, output)
    return all(one.accepted for one in assessed)


def _files(
    assessed: "tuple[Assessed, ...]", left_out: "list[Plate]", problems: "list[Problem]", rules: "Rules"
) -> dict[str, bytes]:
    """Every file by its name in the folder, made whole before the first is written."""
    from importlib.metadata import version

    import orjson

    from trialwright.measures.assay import tables
    from trialwright.report.assay import curve
    from trialwright.report.assay_page import page

    drawn = [curve(one, f"curve{number}") for number, one in enumerate(assessed, start=1)]
    results = tables.results(assessed, rules) + tables.not_worked_out(left_out, problems)
    sheets = {
        "results.csv": csv_text(results, tables.RESULTS),
        "plates.csv": csv_text(tables.plates(assessed)),
        "samples.csv": csv_text(tables.samples(assessed)),
        "standards.csv": csv_text(tables.standards(assessed)),
        "qcs.csv": csv_text(tables.controls(assessed)),
        "verdicts.csv": csv_text(tables.verdicts(assessed)),
    }
    files = {name: text.encode() for name, text in sheets.items()}
    files["curves.json"] = orjson.dumps(tables.curves(assessed), option=orjson.OPT_INDENT_2) + b"\n"
    about = {"trialwright": version("trialwright")}
    files["report.html"] = page(assessed, drawn, rules, left_out, problems, about).encode()
    for name, figure in zip(file_names([figure.name for figure in drawn]), drawn, strict=True):
        files[f"figures/{name}.svg"] = figure.svg.encode()
        files[f"figures/{name}.png"] = figure.png
    return files


def file_names(names: list[str]) -> list[str]:
    """Names as names of files; two that become the same get a number."""
    import re

    plain = [re.sub(r"[^\w.-]+", "_", name).strip("._") or "plate" for name in names]
    return [name if plain.count(name) == 1 else f"{name}-{index}" for index, name in enumerate(plain, start=1)]


def csv_text(rows: "list[dict[str, str]]", columns: "Sequence[str]" = ()) -> str:
    """Rows as CSV under a header; without rows the header alone."""
    import csv
    import io

    sheet = io.StringIO(newline="")
    writer = csv.DictWriter(sheet, columns or (list(rows[0]) if rows else []), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return sheet.getvalue()


def _json(rows: "list[dict[str, str]]", left_out: "list[Plate]", problems: "list[Problem]") -> str:
    import orjson

    tree = {
        "plates": rows,
        "left_out": [{"plate": plate.id, "analyte": plate.analyte} for plate in left_out],
        "problems": [str(problem) for problem in problems],
    }
    return orjson.dumps(tree, option=orjson.OPT_INDENT_2).decode()


COLUMNS = {
    "plate": "plate",
    "analyte": "analyte",
    "verdict": "verdict",
    "curve": "curve",
    "lloq": "LLOQ",
    "uloq": "ULOQ",
    "unit": "unit",
    "standards": "standards",
    "controls": "controls",
    "inside": "inside",
    "below": "below",
    "above": "above",
}


def _show(assessed: "tuple[Assessed, ...]", left_out: "list[Plate]", output: Path) -> None:
    """The plates with their verdicts, then why each rejected one is rejected."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from trialwright.measures.assay import tables
    from trialwright.report.assay_page import headline

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name, head in COLUMNS.items():
        table.add_column(head, justify="left" if name in ("plate", "analyte", "verdict", "unit") else "right")
    for row in tables.plates(assessed):
        colour = "red" if row["verdict"] == "rejected" else "green"
        cells = [escape(row[name]) for name in COLUMNS]
        cells[2] = f"[{colour}]{cells[2]}[/{colour}]"
        table.add_row(*cells)
    console = Console(highlight=False, emoji=False, width=None if _terminal() else 160)
    console.print(table)
    for one in assessed:
        for verdict in one.failures:
            console.print(escape(f"{one.plate.name}: {verdict.sentence}"), soft_wrap=True)
    console.print(escape(f"{headline(assessed, left_out)} The report: {output / 'report.html'}"), soft_wrap=True)


def _terminal() -> bool:
    import sys

    return sys.stdout.isatty()
