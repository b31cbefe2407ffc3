"""`trialwright dsmb`: the data monitoring committee's statistician takes a blinded snapshot and opens it elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from trialwright.cli.passphrase import PassphraseFile

dsmb_app = typer.Typer(no_args_is_help=True, help="A snapshot for the data monitoring committee.")


@dsmb_app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder.", metavar="FOLDER")],
    meeting: Annotated[str, typer.Option(help="The meeting's number or date.")],
    by: Annotated[str, typer.Option(help="The committee's statistician.")],
) -> None:
    """Write the blinded snapshot with the sealed labels of the randomised. Opens nothing.

    That the statistician takes it to be opened becomes a fact now, since nobody can see an opening that is offline.
    """
    from trialwright import store
    from trialwright.conduct import Person
    from trialwright.store import committee

    desk = store.open_desk(folder)
    try:
        written = committee.export(folder, desk, output, meeting, Person(by, "dsmb_statistician", by))
    finally:
        desk.ledger.close()
    typer.echo(f"{output}: {written.tables} tables, {written.labels} sealed labels, snapshot {written.snapshot[:16]}.")


@dsmb_app.command(name="open")
def open_(
    folder: Annotated[Path, typer.Argument(help="What `dsmb export` wrote.", metavar="FOLDER")],
    key: Annotated[Path, typer.Option(help="The private key of the committee's statistician.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder, readable to you alone.", metavar="OUT")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Open every label, compare it with its commitment and put the arm beside each participant. Works offline."""
    from trialwright.allocation.keys import private_key
    from trialwright.cli.keys import require_own_key
    from trialwright.cli.passphrase import asking
    from trialwright.store import committee

    identity = private_key(key, asking(passphrase_file))
    require_own_key("dsmb-statistician", key, identity, committee.sealed_to(folder))
    opened = committee.open_folder(folder, output, identity)
    typer.echo(f"{output}: {opened.tables} tables with the arm of {opened.labels} participants, each label compared.")
