"""`trialwright allocation annex`: the hash of the restricted annex, for the definition to name beforehand."""

from pathlib import Path
from typing import Annotated

import typer


def annex(
    trial: Annotated[Path, typer.Argument(help="The definition: its folder or file.", metavar="TRIAL")],
    file: Annotated[Path, typer.Argument(help="The annex: `sizes: [4, 6]` and the like.", metavar="ANNEX")],
    test: Annotated[bool, typer.Option("--test", help="The annex of a test list.")] = False,
) -> None:
    """Check an annex against its definition, give it a salt, and print its hash.

    A definition that names this hash as `randomisation.annex_sha256` leaves the generator no choice of parameters once
    the shares are known. The salt keeps the hash from being tried out; it is written into the annex, which stays with
    the generator.
    """
    import os

    from trialwright import design
    from trialwright.allocation.annex import SALT_BYTES
    from trialwright.allocation.ceremony import read_annex_file
    from trialwright.conduct.catalogue import catalogue

    definition = design.read(trial, catalogue())
    salt = os.urandom(SALT_BYTES).hex()
    made = read_annex_file(file, definition, salt, test)
    if made.salt == salt:
        text = file.read_text(encoding="utf-8")
        file.chmod(0o600)  # a hash of two small sizes is tried out in a second by who has the salt
        file.write_text(f'{text}{"" if text.endswith(chr(10)) else chr(10)}salt: "{salt}"\n', encoding="utf-8")
    typer.echo(f"annex_sha256: {made.sha256}")
