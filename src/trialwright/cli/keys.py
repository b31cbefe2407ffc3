"""`trialwright keys`: make key files, look at one, try one. No private key is ever shown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from trialwright.cli.passphrase import PassphraseFile, asking

keys_app = typer.Typer(
    no_args_is_help=True, help="The key files of the people who may know.", pretty_exceptions_enable=False
)

KeyFile = Annotated[Path, typer.Argument(help="A key file (ROLE.key).", metavar="KEY")]


@keys_app.command()
def make(
    folder: Annotated[Path, typer.Argument(help="A folder outside every trial's.", metavar="FOLDER")],
    role: Annotated[list[str] | None, typer.Option("--role", help="pharmacist-1, escrow-2 ...; repeatable.")] = None,
    passphrase_file: PassphraseFile = None,
    no_passphrase: Annotated[
        bool, typer.Option("--no-passphrase", help="Leave the keys open; for demonstrations.")
    ] = False,
) -> None:
    """Make ROLE.key (private, for its holder alone) and ROLE.pub (public, for the ceremony).

    Each holder makes their own on their own machine. The passphrase is asked twice. The files are those of the standard
    `age` program, which opens them where this one is not at hand.
    """
    from trialwright.allocation.keys import make_keys

    if not role:
        from trialwright.allocation.keys import OTHER_ROLES, ROLES

        raise typer.BadParameter(f"name one: {', '.join((*ROLES, *OTHER_ROLES))}", param_hint="--role")
    if no_passphrase and passphrase_file:
        raise typer.BadParameter("with a passphrase or without one?", param_hint="--no-passphrase")
    made = make_keys(folder, None, role, None if no_passphrase else asking(passphrase_file, twice=True))
    for name, public in made.items():
        typer.echo(f"{folder / name}.key  keep it, and its passphrase elsewhere; nobody else needs it, ever")
        typer.echo(f"{folder / name}.pub  {public}  hand this in")
    if no_passphrase:
        typer.echo("Without a passphrase: whoever copies a file has the key. Good for a demonstration.", err=True)


@keys_app.command()
def show(key: KeyFile, passphrase_file: PassphraseFile = None) -> None:
    """Show the public half of a key file and how it is protected."""
    from trialwright.allocation.keys import has_passphrase, private_key, public_of

    sealed = has_passphrase(key)
    public = public_of(private_key(key, asking(passphrase_file) if sealed else None))
    typer.echo(f"{key}: {public}")
    typer.echo("Sealed with a passphrase." if sealed else "NOT sealed with a passphrase.")


@keys_app.command()
def check(
    key: KeyFile,
    trial: Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Say whether a key opens what a trial's folder seals to it, without showing anything of it.

    Worth doing once a year, and before a holder leaves: a key that nobody can use is a lost key.
    """
    from trialwright import store
    from trialwright.allocation.keys import private_key, public_of
    from trialwright.store.list_changes import recipients_of

    private = private_key(key, asking(passphrase_file))
    agreed = recipients_of(trial)
    roles = [role for role, public in agreed.items() if public == public_of(private)]
    if not roles:
        typer.echo(f"{key} is none of the keys that {trial} seals to: {', '.join(agreed)}.", err=True)
        raise typer.Exit(1)
    ledger = store.open_ledger(trial)
    opens = store.open_vault(trial, ledger).opens(private)
    typer.echo(f"{key} is the key of {', '.join(roles)}.")
    typer.echo(
        f"It opens {', '.join(opens)}." if opens else "It opens no slot and no share; sealed values alone may be."
    )
    if not opens and not set(roles) <= {"unblinded-monitor", "allocator"}:
        raise typer.Exit(1)


def require_own_key(role: str, key: Path, private: str, recipients: Mapping[str, str]) -> None:
    """Refuse the key of another holder: it would open the slots too, and the record would name the wrong one. A list
    that names no holder of this role is not looked at."""
    from trialwright.allocation.keys import KeyFileRefused, public_of

    public = public_of(private)
    whose = [holder for holder, known in recipients.items() if known == public]
    if role in recipients and recipients[role] != public and whose:
        raise KeyFileRefused(f"{key} is the key of {whose[0]}, not of {role}; take {role}.key")
