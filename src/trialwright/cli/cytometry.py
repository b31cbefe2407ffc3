"""`trialwright cytometry`: a marker on gated cells, from FCS files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialwright.measures.assay.plates import Problem
    from trialwright.measures.cytometry import Measured, Result, Tube
    from trialwright.measures.cytometry_panel import Panel


def cytometry(
    files: Annotated[list[Path], typer.Argument(help="Flow cytometry files.", metavar="FILE.fcs")],
    panel: Annotated[Path, typer.Option(help="Marker, gates and what is reported.", metavar="PANEL.yaml")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for results.", metavar="DIR")],
    tubes: Annotated[
        Path | None,
        typer.Option(help="CSV: file, sample, role (stained, isotype, fmo, unstained).", metavar="FILE.csv"),
    ] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Work out sound files; name the others.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """Median fluorescence of a marker on gated cells, its ratio to a control, or antibodies bound per cell.

    Without --tubes every file is a stained sample of its own name. Writes results.csv (as `lab import` takes it),
    events.csv with the count of every gate, and a figure of each sample. Exit code 1 where a sample has too few cells
    for a value, although all is written; 0 with --partial.
    """
    from trialwright.measures.cytometry import results
    from trialwright.measures.cytometry_panel import BadCytometry
    from trialwright.measures.cytometry_panel import panel as panel_of

    if output.exists() and not output.is_dir():
        raise typer.BadParameter(f"{output} is a file; name a folder", param_hint="--output")
    problems: list[Problem] = []
    try:
        declared = panel_of(panel)
        known = _tubes(tubes, files)
        measured = _measured(files, known, declared, problems)
        if problems and not (partial and measured):
            raise BadCytometry(problems)
        if partial:
            measured = _with_controls(measured, declared, problems)
            if problems and not any(one.tube.role == "stained" for one in measured):
                raise BadCytometry(problems)  # nothing is left
        found = results(measured, declared)
    except BadCytometry as bad:
        _complain(bad.problems)
    except OSError as error:
        typer.echo(f"{error.filename}: cannot be read: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    _write(found, measured, declared, output)
    for problem in problems:
        typer.echo(f"left out: {problem}", err=True)
    _say(found, declared, as_json)
    if not partial and any(one.value is None for one in found):
        raise typer.Exit(1)


def _complain(problems: "Sequence[Problem]") -> None:
    for problem in problems:
        typer.echo(str(problem), err=True)
    raise typer.Exit(1)


def _measured(
    files: list[Path], known: "dict[str, Tube]", panel: "Panel", problems: "list[Problem]"
) -> "list[Measured]":
    """Every file that can be read and gated; the others' problems are added to the list."""
    from trialwright.measures.cytometry import measure, read
    from trialwright.measures.cytometry_panel import BadCytometry

    made = []
    for path in files:
        try:
            made.append(measure(read(path), known[path.name], panel))
        except BadCytometry as bad:
            problems += bad.problems
    return made


def _with_controls(measured: "list[Measured]", panel: "Panel", problems: "list[Problem]") -> "list[Measured]":
    """Samples whose control could not be read are left out too, and named."""
    from trialwright.measures.assay.plates import Problem

    have = {(one.tube.sample, one.tube.role) for one in measured}
    lost = [
        one
        for one in measured
        if one.tube.role == "stained" and panel.control != "none" and (one.tube.sample, panel.control) not in have
    ]
    problems += [Problem(one.file, 0, "", f"sample {one.tube.sample} has no {panel.control} control") for one in lost]
    return [one for one in measured if one not in lost]


def _tubes(path: Path | None, files: list[Path]) -> "dict[str, Tube]":
    """What each file is. Raises BadCytometry where the list and the files do not fit."""
    from trialwright.measures.assay.plates import BadPlates, Problem
    from trialwright.measures.assay.sheets import header_problems, ragged, sheet
    from trialwright.measures.cytometry import Tube
    from trialwright.measures.cytometry_panel import CONTROLS, BadCytometry

    if path is None:
        return {file.name: Tube(file.stem) for file in files}
    roles = ("stained", *CONTROLS[:-1])
    try:
        found = sheet(path)
    except BadPlates as bad:
        raise BadCytometry(bad.problems) from None
    if not found.rows:
        raise BadCytometry([found.problem(0, "", "the list of tubes is empty; it needs file, sample, role")])
    where, problems = header_problems(
        found, ("file", "sample", "role"), ("file", "sample", "role"), "the list of tubes"
    )
    if problems:
        raise BadCytometry(problems)
    problems = ragged(found, len(where))
    made = {}
    for row in found.rows[1:]:
        name, sample, role = (row.cell(where[key]) for key in ("file", "sample", "role"))
        if role.lower() not in roles:
            problems.append(found.problem(row.line, "role", f"'{role}' is none of {', '.join(roles)}"))
        if name in made:
            problems.append(found.problem(row.line, "file", f"{name} stands twice"))
        made[name] = Tube(sample, role.lower())
    for file in files:
        if file.name not in made:
            problems.append(Problem(path.name, 0, "file", f"{file.name} does not stand in the list of tubes"))
    if problems:
        raise BadCytometry(problems)
    return made


def _write(found: "tuple[Result, ...]", measured: "list[Measured]", panel: "Panel", folder: Path) -> None:
    from trialwright.cli.assay import csv_text, file_names
    from trialwright.cli.files import write_folder
    from trialwright.report.cytometry import histogram

    events = [
        {
            "file": one.file,
            "sample": one.tube.sample,
            "role": one.tube.role,
            "events": str(one.events),
            **{f"in {name}": str(count) for name, count in one.gated},
            "median": "" if one.median is None else f"{one.median:.6g}",
            "source": one.sha256,
        }
        for one in measured
    ]
    files = {
        "results.csv": csv_text([_row(one, panel) for one in found]).encode(),
        "events.csv": csv_text(events).encode(),
    }
    for number, (name, one) in enumerate(zip(file_names([one.sample for one in found]), found, strict=True)):
        drawn = histogram(one, panel, f"cytometry{number}")
        files[f"figures/{name}.svg"], files[f"figures/{name}.png"] = drawn.svg.encode(), drawn.png
    write_folder(folder, files)


def _row(one: "Result", panel: "Panel") -> dict[str, str]:
    from trialwright.measures.assay.tables import FLAGS
    from trialwright.measures.cytometry_panel import REPORTS

    limit = one.value.limit if one.value is not None else None
    return {
        "sample": one.sample,
        "test": panel.test,
        "value": "" if one.value is None else str(one.value),
        "unit": REPORTS[panel.report],
        "flag": "" if one.value is None else FLAGS[int(one.value.sign)],
        "limit": "" if limit is None else format(limit, "f"),
        "run": one.stained.file,
        "quality": "; ".join(one.quality),
        "source": one.stained.sha256,
    }


def _say(found: "tuple[Result, ...]", panel: "Panel", as_json: bool) -> None:
    import orjson

    rows = [{**_row(one, panel), "events": str(one.stained.last)} for one in found]
    if as_json:
        typer.echo(orjson.dumps({"results": rows}, option=orjson.OPT_INDENT_2).decode())
        return
    wide = max(len(row["sample"]) for row in rows)
    for row in rows:
        value = row["value"] or "no value"
        why = f"  ({row['quality']})" if row["quality"] else ""
        typer.echo(f"{row['sample']:<{wide}}  {panel.test} {panel.report} {value}, {row['events']} cells{why}")
