"""`trialwright wordings`: the licensed texts of a trial's questionnaires."""

from pathlib import Path
from typing import Annotated

import typer

wordings_app = typer.Typer(no_args_is_help=True, help="Licensed texts of questionnaires: load a sponsor's, list them.")

Folder = Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")]


@wordings_app.command()
def load(
    folder: Folder,
    file: Annotated[Path, typer.Argument(help="The wording.", metavar="FILE.yaml")],
    by: Annotated[str, typer.Option("--by", help="Who loads it.")],
) -> None:
    """Keep the texts that a licence grants for this trial; pages show them in place of the neutral labels.

    The file names instrument, language, version and licence, and gives each item its text (`items: {dress_1: ...}`)
    and, where the licence covers them, the answers. It stays in the trial's folder: the definition, the ledger and
    every export do without it.
    """
    from trialwright.design.wordings import WordingErrors
    from trialwright.store import wordings

    try:
        wording = wordings.load(folder, file, by)
    except WordingErrors as wrong:
        for problem in wrong.problems:
            typer.echo(str(problem), err=True)
        typer.echo("Nothing was loaded.", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{wording.instrument}, {wording.language}: {len(wording.items)} items ({wording.licence})")


@wordings_app.command("list")
def list_(
    folder: Folder, as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False
) -> None:
    """The texts that were loaded, and those that the trial's questionnaires still lack."""
    from trialwright.store import wordings

    loaded = wordings.loaded(folder)
    if as_json:
        import json

        keys = {"instrument", "language", "version", "licence"}
        typer.echo(json.dumps([one.model_dump(include=keys) for one in loaded], indent=1, ensure_ascii=False))
        return
    for one in loaded:
        typer.echo(f"{one.instrument}, {one.language}, version {one.version}: {one.licence}")
    lacking = wordings.lacking(folder)
    if lacking:
        typer.echo(f"Without a text, so shown by neutral labels: {', '.join(lacking)}")
    if not (loaded or lacking):
        typer.echo("No form of the trial is an instrument, so there is no text to load.")
