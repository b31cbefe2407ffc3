"""`trialwright allocation share`: one person's share of the seed, and the commitment to it."""

from pathlib import Path
from typing import Annotated

import typer


def share(
    out: Annotated[Path, typer.Argument(help="A new file for the share; it stays secret.", metavar="OUT")],
    part: Annotated[str, typer.Option("--as", help="generator or witness.")],
    name: Annotated[str, typer.Option(help="Who you are, as the trial knows you.")],
    signing_key: Annotated[
        Path | None, typer.Option(help="Your own Ed25519 key (PEM); one is made without.", metavar="FILE")
    ] = None,
) -> None:
    """Draw 32 bytes from this machine's source of chance and commit to them.

    Hand OUT.commitment to the other person, and keep theirs, before either of you shows a share: then neither can
    choose the list. Nothing here needs a network or the trial's folder.
    """
    import os

    from trialwright.allocation.seed_shares import COMMITMENT, PARTS, SIGNING, beside, make_share
    from trialwright.allocation.stream import SEED_BYTES

    if part not in PARTS:
        raise typer.BadParameter("say generator or witness", param_hint="--as")
    promise = make_share(out, part, name, os.urandom(SEED_BYTES), signing_key)
    other = PARTS[1 - PARTS.index(part)]
    typer.echo(f"{out}  your share; show it to nobody before you hold the commitment of the {other}")
    typer.echo(f"{beside(out, COMMITMENT)}  hand this to the {other} now: {promise.commitment}")
    if signing_key is None:
        typer.echo(f"{beside(out, SIGNING)}  your signing key; you sign the list with it")
