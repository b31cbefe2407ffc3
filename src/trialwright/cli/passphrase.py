"""Passphrases from the keyboard or from a file, never from the command line, where others could read them."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="A file (mode 0600) whose first line is the passphrase; asked without.",
        metavar="FILE",
    ),
]


def asking(file: Path | None, twice: bool = False) -> Callable[[str], str]:
    """Who asks for the passphrase of a key file: the file's first line, or the person at the keyboard."""
    if file is None:
        return lambda name: str(
            typer.prompt(f"Passphrase of {name}", hide_input=True, confirmation_prompt=twice, err=True)
        )
    from trialwright.allocation.keys import KeyFileRefused, read_private

    word = read_private(file).decode("utf-8", errors="replace").splitlines()[:1]
    if not word or not word[0]:
        raise KeyFileRefused(f"{file} has no passphrase on its first line")
    return lambda name: word[0]
