"""`trialwright allocation install`, `serve` and `connect`: the process that draws where a method looks at earlier
participants."""

from pathlib import Path
from typing import Annotated

import typer

from trialwright.cli.passphrase import PassphraseFile

Folder = Annotated[Path, typer.Argument(help="The allocator's folder.", metavar="ALLOCATOR")]


def install(
    package: Annotated[Path, typer.Argument(help="The package of the ceremony.", metavar="PACKAGE")],
    folder: Folder,
    key: Annotated[Path, typer.Option(help="The private key of the allocator.")],
    socket: Annotated[
        Path | None, typer.Option(help="Where the clinic will reach it; beside the folder without.", metavar="PATH")
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make the folder of an allocator, under its own user, from the package of the ceremony.

    Seed and annex are opened once and held against what was committed. Nothing of an arm is printed.
    """
    from trialwright.allocation.keys import private_key
    from trialwright.allocation.package import read_package
    from trialwright.cli.passphrase import asking
    from trialwright.store.allocator_folder import PUBLIC
    from trialwright.store.allocator_folder import install as make
    from trialwright.store.world import ServerClock

    _require_outside(folder)
    identity = private_key(key, asking(passphrase_file))
    made = make(read_package(package), folder, key, identity, socket, ServerClock().now())
    typer.echo(f"{folder}: allocator of {made.trial}, root {made.root}")
    typer.echo(f"Start it    trialwright allocation serve {folder}")
    typer.echo(f"Connect it  trialwright allocation connect DIR {folder / PUBLIC}")
    typer.echo("Its log holds every treatment in plain words; nobody of the clinic may read this folder.")


def serve(folder: Folder, passphrase_file: PassphraseFile = None) -> None:
    """Draw for the clinic, over a Unix socket (mode 0660), until stopped."""
    from trialwright.allocation.keys import private_key
    from trialwright.cli.passphrase import asking
    from trialwright.store.allocator_folder import read_settings
    from trialwright.store.allocator_server import serve as run
    from trialwright.store.world import ServerClock

    settings = read_settings(folder)
    identity = private_key(settings.key, asking(passphrase_file))
    try:
        run(settings, identity, ServerClock().now, typer.echo)
    except KeyboardInterrupt:
        typer.echo("stopped")


def connect(
    trial: Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")],
    public: Annotated[Path, typer.Argument(help="The public file of the allocator.", metavar="PUBLIC")],
) -> None:
    """Tell a trial where its allocator is and how its answers are recognised; it must be the one of its own seed."""
    from trialwright.store.allocator_folder import connect as tell

    typer.echo(f"{trial}: draws come from the allocator at {tell(trial, public).socket}.")


def _require_outside(folder: Path) -> None:
    place = next((one for one in folder.absolute().parents if (one / "trialwright.toml").exists()), None)
    if place is not None:
        from trialwright.store.allocator_folder import NotAnAllocator

        raise NotAnAllocator(f"{folder} lies in the trial's folder {place}; its log holds arms: keep it elsewhere")
