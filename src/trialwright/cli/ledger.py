"""`trialwright ledger`: integrity and safety of what was recorded."""

from pathlib import Path
from typing import Annotated

import typer

ledger_app = typer.Typer(no_args_is_help=True, help="Verify what was recorded, back it up, put it back.")

Folder = Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


@ledger_app.command()
def verify(
    folder: Folder,
    heads: Annotated[
        Path | None, typer.Option("--heads", help="A copy of heads.log that was kept elsewhere.", metavar="FILE")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find what was edited, deleted, reordered, inserted, backdated or cut off, and name the first bad fact."""
    from trialwright import store

    found = store.verify(folder, heads)
    if as_json:
        typer.echo(_json(found))
    else:
        typer.echo(f"{folder}: {'verified' if found.ok else 'DOES NOT VERIFY'}")
        typer.echo(str(found))
    raise typer.Exit(0 if found.ok else 1)


@ledger_app.command()
def backup(
    folder: Folder,
    target: Annotated[Path, typer.Argument(help="A new folder for the copy.", metavar="BACKUP")],
) -> None:
    """Copy a trial's folder, also while it is in use. The copy is verified; it can be read like any trial's folder."""
    from trialwright import store

    typer.echo(f"{target}: {store.backup(folder, target)}")


@ledger_app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A backup.", metavar="BACKUP")],
    folder: Annotated[Path, typer.Argument(help="A new folder for the trial.", metavar="DIR")],
    database: Annotated[
        str | None, typer.Option("--database", help="postgresql://USER@HOST/NAME of an empty database; SQLite without.")
    ] = None,
) -> None:
    """Make a trial's folder from a backup, on SQLite or on PostgreSQL."""
    from trialwright import store

    typer.echo(f"{folder}: {store.restore(source, folder, database)}")


@ledger_app.command()
def grants(role: Annotated[str, typer.Argument(help="The role that the application works as.")]) -> None:
    """Print what the owner of a PostgreSQL database runs once, so that the application cannot change its guards."""
    from trialwright import store

    try:
        statements = store.grants(role)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="ROLE") from None
    for statement in statements:
        typer.echo(f"{statement};")


@ledger_app.command()
def rebuild(folder: Folder) -> None:
    """Make the pages again from their facts."""
    from trialwright import store

    typer.echo(f"{folder}: {store.rebuild(folder)} pages made again")


def _json(found: object) -> str:
    import json

    from trialwright.ledger.verify import Verification

    assert isinstance(found, Verification)
    return json.dumps(
        {
            "ok": found.ok,
            "facts": found.facts,
            "seal": found.head.seal,
            "signed": found.signed,
            "beyond": found.beyond,
            "first_bad": found.first_bad,
            "warnings": list(found.warnings),
            "problems": [{"fact": problem.number, "what": problem.sentence} for problem in found.problems],
        },
        indent=2,
        ensure_ascii=False,
    )
