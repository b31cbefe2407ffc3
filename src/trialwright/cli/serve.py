"""`trialwright serve`: the web application over a trial's folder."""

from pathlib import Path
from typing import Annotated

import typer


def serve(
    folder: Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")],
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8000,
) -> None:
    """Serve the trial's pages on this machine until Ctrl-C."""
    from trialwright.web.serve import serve as run

    run(folder, port)
