"""`trialwright registry ...`: records of trials from registers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from trialwright.registry.compare import Comparison
    from trialwright.registry.record import Record

registry_app = typer.Typer(help="Records of trials from registers.", no_args_is_help=True)


@registry_app.callback()
def _group() -> None:
    """Records of trials from registers."""


@registry_app.command("import")
def import_page(
    file: Annotated[Path, typer.Argument(help="A page of a register, saved as text.")],
    compare: Annotated[Path | None, typer.Option(help="Compare with the definition of this trial.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file instead.")] = None,
) -> None:
    """Read a saved register page into a record; with --compare, put it beside a definition field by field."""
    from trialwright import registry
    from trialwright.cli.wrapped import wrapped

    try:
        record = registry.read(file)
    except registry.UnreadablePage as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    comparison = _compared(record, compare) if compare else None
    text = _as_json(record, comparison) if json else _as_text(record, comparison)
    if output is None:
        typer.echo(text if json else wrapped(text))
    else:
        output.write_text(text + "\n", encoding="utf-8")


def _compared(record: "Record", trial: Path) -> "Comparison":
    from trialwright import design
    from trialwright.measures.instruments.offered import INSTRUMENTS_ALONE
    from trialwright.registry.compare import compare

    try:
        definition = design.read(trial, INSTRUMENTS_ALONE)
    except (OSError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    return compare(record, definition)


def _as_json(record: "Record", comparison: "Comparison | None") -> str:
    import orjson

    from trialwright.registry import compare
    from trialwright.registry.record import as_plain

    content: dict[str, Any] = {"record": as_plain(record)}
    if comparison is not None:
        content["comparison"] = compare.as_plain(comparison)
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()


def _as_text(record: "Record", comparison: "Comparison | None") -> str:
    from trialwright.registry.show import comparison_lines, record_lines

    lines = record_lines(record) if comparison is None else comparison_lines(comparison)
    return "\n".join(lines)
