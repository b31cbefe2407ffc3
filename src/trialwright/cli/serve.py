"""`trialwright serve`: the web application over a trial's folder."""

from pathlib import Path
from typing import Annotated

import typer


def serve(
    folder: Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 8000,
    host: Annotated[
        str, typer.Option(help="Address to listen at; others than this machine need TLS in front.")
    ] = "127.0.0.1",
    role: Annotated[str, typer.Option(help="The blinded role that the one-time link opens a session for.")] = "monitor",
) -> None:
    """Serve the trial's pages on this machine until Ctrl-C."""
    from trialwright.web.serve import serve as run

    run(folder, port, host, role)
