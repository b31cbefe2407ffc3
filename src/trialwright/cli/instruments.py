"""`trialwright instruments ...`: which questionnaires and muscle tests there are, and what each one is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trialwright.design.instruments import Instrument

instruments_app = typer.Typer(
    help="Questionnaires and muscle tests: what they ask and how they are scored.", no_args_is_help=True
)


@instruments_app.callback()
def _group() -> None:
    """Questionnaires and muscle tests: what they ask and how they are scored."""


@instruments_app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """The instruments that the program brings. Others are declared in a file: see `instruments show haq-di`."""
    from trialwright.measures.instruments import INSTRUMENTS, instrument

    found = [instrument(name) for name in INSTRUMENTS]
    if as_json:
        import orjson

        from trialwright.measures.instruments.metadata import as_plain

        typer.echo(orjson.dumps([as_plain(one) for one in found], option=orjson.OPT_INDENT_2).decode())
        return
    from trialwright.cli.instrument_page import listed

    listed(found)


@instruments_app.command()
def show(
    name: Annotated[
        str, typer.Argument(help="The id of an instrument, or a file that declares one.", metavar="ID|FILE.yaml")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a page.")] = False,
) -> None:
    """What an instrument asks, how it is scored, what is done about missing answers, and where each rule comes from."""
    found = instrument_of(name)
    if as_json:
        import orjson

        from trialwright.measures.instruments.metadata import as_plain

        typer.echo(orjson.dumps(as_plain(found), option=orjson.OPT_INDENT_2).decode())
        return
    from trialwright.cli.instrument_page import shown

    shown(found)


def instrument_of(name: str) -> "Instrument":
    """The instrument of that id, or the one that a file declares; exit 1 with every problem where there is none."""
    from trialwright.design.problems import known_or_close
    from trialwright.design.read_instrument import InstrumentErrors, read_instrument
    from trialwright.measures.instruments import INSTRUMENTS, instrument

    if name in INSTRUMENTS:
        return instrument(name)
    if not name.endswith((".yaml", ".yml")):
        typer.echo(f"no instrument '{name}' ({known_or_close(name, INSTRUMENTS)}); a file ends in .yaml", err=True)
        raise typer.Exit(1)
    try:
        return read_instrument(Path(name))
    except InstrumentErrors as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(1) from None
