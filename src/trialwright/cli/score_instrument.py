"""`trialwright score haq-di ...`: a command for each instrument, and one for those that a file declares."""

import sys
from collections.abc import Callable
from enum import StrEnum
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer
from typer.core import TyperGroup

from trialwright.cli.files import check_output, read_or_refuse, refuse, say_ignored, write_whole
from trialwright.measures.instruments.names import NAMES

if TYPE_CHECKING:
    import polars as pl

    from trialwright.cli.instrument_table import Questionnaires
    from trialwright.design.instruments import Instrument

MUSCLES = "mmt-"
Data = Annotated[Path, typer.Argument(help="CSV, one row per questionnaire.", metavar="FILE.csv")]
Scales = Annotated[list[str] | None, typer.Option("--scale", help="Only this scale; may stand several times.")]
Keep = Annotated[list[str] | None, typer.Option("--keep", help="Carry this column over, for example visit.")]
Partial = Annotated[bool, typer.Option("--partial", help="Score the sound rows; the others say what is wrong.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Write here instead of printing.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of CSV.")]
Digits = Annotated[int, typer.Option(min=0, max=15, help="Digits after the point that are kept.")]
HalfPoints = Annotated[bool, typer.Option("--half-points", help="The form takes half points.")]


class MuscleSet(StrEnum):
    """Which muscle groups were graded."""

    mmt_8 = "mmt-8"
    mmt_8_bilateral = "mmt-8-bilateral"
    mmt_13 = "mmt-13"
    mmt_24 = "mmt-24"
    mmt_26 = "mmt-26"


class ScoreGroup(TyperGroup):
    """`score FILE.yaml DATA.csv` is short for `score instrument FILE.yaml DATA.csv`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the arguments name."""
        if args and args[0].endswith((".yaml", ".yml")) and args[0] not in self.commands:
            args = ["instrument", *args]
        return super().resolve_command(ctx, args)


def add_instruments(app: typer.Typer) -> None:
    """Give the app a command for each instrument that the program brings."""
    for name, label in NAMES.items():
        if not name.startswith(MUSCLES):
            app.command(name, help=_told(name, label))(_with_options(_command(name)))
    app.command("mmt")(_with_options(mmt))
    app.command("instrument")(_with_options(instrument_of_a_file))


def _told(name: str, label: str) -> str:
    return (
        f"{label}, for every row.\n\nColumns: id and the items that `trialwright instruments show {name}` lists. "
        "An empty cell means not answered."
    )


def _command(name: str) -> Callable[..., None]:
    def command(**options: Any) -> None:
        from trialwright.measures.instruments import instrument

        _run(instrument(name), **options)

    return command


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with its own parameters, then those of every scoring (`_run`) in place of `**options`."""
    own = [one for one in signature(command).parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
    shared = list(signature(_run).parameters.values())[1:]
    told: Any = command
    told.__signature__ = Signature([one.replace(kind=Parameter.KEYWORD_ONLY) for one in (*own, *shared)])
    return command


def mmt(
    muscle_set: Annotated[MuscleSet, typer.Option("--set", help="Which groups were graded.")],
    half_points: HalfPoints = False,
    **options: Any,
) -> None:
    """Manual muscle testing: the sums of a set of groups, for every row.

    Columns: id and the groups that `trialwright instruments show mmt-8` (or another set) lists. An empty cell means not
    tested.
    """
    from trialwright.design.instruments import finer
    from trialwright.measures.instruments import instrument

    found = instrument(muscle_set.value)
    _run(finer(found) if half_points else found, **options)


def instrument_of_a_file(
    declaration: Annotated[str, typer.Argument(help="A file that declares an instrument.", metavar="FILE.yaml")],
    half_points: HalfPoints = False,
    **options: Any,
) -> None:
    """An instrument that a file of your own declares, for every row."""
    from trialwright.cli.instruments import instrument_of
    from trialwright.design.instruments import finer

    found = instrument_of(declaration)
    try:
        found = finer(found) if half_points else found
    except ValueError as error:
        refuse(str(error))
    _run(found, **options)


def _run(
    instrument: "Instrument",
    file: Data,
    scale: Scales = None,
    keep: Keep = None,
    partial: Partial = False,
    output: Output = None,
    as_json: Json = False,
    digits: Digits = 6,
) -> None:
    from trialwright.cli.instrument_table import scored

    check_output(output, file)
    found = _read(instrument, file, scale or [], keep or [])
    for problem in found.problems:
        typer.echo(problem.at(str(file)), err=True)
    if found.problems and not partial:
        raise typer.Exit(1)
    if found.bad:
        typer.echo(f"{file}: {len(found.bad)} of {found.kept.height} rows not scored; `why` names them", err=True)
    table = scored(instrument, found, digits)
    if output is None:
        _write(table, found, as_json, sys.stdout.buffer)
    else:
        write_whole(output, lambda out: _write(table, found, as_json, out))


def _read(instrument: "Instrument", file: Path, scales: list[str], keep: list[str]) -> "Questionnaires":
    from trialwright.cli.instrument_table import read_questionnaires
    from trialwright.design.problems import known_or_close

    known = [one.id for one in instrument.scales]
    unknown = [name for name in scales if name not in known]
    if unknown:
        refuse(*(f"{instrument.id} has no scale '{name}' ({known_or_close(name, known)})" for name in unknown))
    found = read_or_refuse(file, lambda path: read_questionnaires(path, instrument, scales, keep))
    say_ignored(file, found.ignored)
    for name, lacks in found.left_out.items():
        typer.echo(f"{file}:1: {name} is left out: no column {_few(lacks)}", err=True)
    return found


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _write(table: "pl.DataFrame", found: "Questionnaires", as_json: bool, out: BinaryIO) -> None:
    """CSV, or one JSON list with one object per row and line: numbers as numbers, null where there is no score."""
    if not as_json:
        table.write_csv(out)
        return
    import polars as pl

    lines: Any = table.with_columns(pl.col(list(found.scales)).cast(pl.Float64)).write_ndjson()
    out.write(b"[\n" + lines.strip().replace("\n", ",\n").encode() + b"\n]\n")
