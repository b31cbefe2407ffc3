"""`trialwright safety`: the safety unit opens one participant for a suspected unexpected serious adverse reaction."""

from pathlib import Path
from typing import Annotated

import typer

from trialwright.cli.passphrase import PassphraseFile

safety_app = typer.Typer(no_args_is_help=True, help="What only the safety unit does, with its key.")


@safety_app.callback()
def _group() -> None:
    """What only the safety unit does, with its key."""


@safety_app.command(name="open")
def open_(
    folder: Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")],
    participant: Annotated[str, typer.Option(help="Whose treatment; one participant.")],
    key: Annotated[Path, typer.Option(help="The safety unit's private key.")],
    why: Annotated[str, typer.Option(help="For which report; sealed.")],
    by: Annotated[str, typer.Option(help="Who opens it.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A new file instead of the terminal.", metavar="FILE")
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Open one participant's treatment for a safety report. Investigators and analysts stay blind.

    The ledger keeps that it was opened, not what it is; the treatment is on this terminal or in FILE alone.
    """
    from trialwright import store
    from trialwright.allocation.keys import KeyFileRefused, private_key
    from trialwright.cli.keys import require_own_key
    from trialwright.cli.passphrase import asking
    from trialwright.cli.sealed_source import arms_in_words
    from trialwright.conduct import Person, open_for_safety
    from trialwright.store import breaks

    if output is not None and (
        output.exists() or any((place / "trialwright.toml").exists() for place in output.resolve().parents)
    ):
        raise KeyFileRefused(f"{output} exists or lies in a trial's folder; name a new file elsewhere")
    identity = private_key(key, asking(passphrase_file))
    desk = store.open_desk(folder)
    try:
        require_own_key("safety-unit", key, identity, desk.vault.recipients)
        fact, arm = open_for_safety(
            desk, participant=participant, keys=[identity], why=why, by=Person(by, "safety_unit", by)
        )
        words = arms_in_words(desk.protocol().definition)
        breaks.write_letters(folder, desk)
    finally:
        desk.ledger.close()
    label, products = words.get(arm, (arm, ()))
    lines = [
        f"Participant {participant}, label {(fact.payload or {})['label']}, was allocated to: {label}",
        *(f"  {product} [{role}]" for product, role in products),
        "For the safety unit and the authority only. The participant's doctors and all who analyse stay blind.",
    ]
    _hand_over("\n".join(lines) + "\n", output)
    typer.echo(f"Recorded as fact {fact.number}, without the treatment.", err=output is None)


def _hand_over(text: str, output: Path | None) -> None:
    from trialwright.allocation.keys import write_private

    if output is None:
        typer.echo(text, nl=False)
        return
    write_private(output, text.encode())
    typer.echo(f"Written to {output}, readable to you alone.")
