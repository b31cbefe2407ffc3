"""`trialwright kits` with a key, on the machine of whoever holds it: seal, choose, plan, open."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialwright.cli.kits_options import By, Folder, Json, Keys, Place, Site, Trial, Why, table
from trialwright.cli.passphrase import PassphraseFile

if TYPE_CHECKING:
    from trialwright.allocation.stream import Draws
    from trialwright.cli.kits_client import Holder


def generate(
    trial: Trial,
    out: Annotated[Path, typer.Argument(help="The package to write.", metavar="FILE")],
    lot: Annotated[list[str], typer.Option("--lot", help="What was made, per lot: ARM:LOT:EXPIRY:KITS.")],
    keys: Annotated[Path, typer.Option("--keys", help="The folder with the holders' public keys (ROLE.pub).")],
    after: Annotated[
        Path | None, typer.Option("--after", help="The trial's folder, whose kit numbers are not used again.")
    ] = None,
    test: Annotated[bool, typer.Option("--test", help="A test list, for rehearsals and demonstrations alone.")] = False,
) -> None:
    """Give every kit a random number and seal what it holds to the holders.

    Whoever runs this knows the kits: it belongs to who labels them. The random seed is not kept.
    """
    import secrets

    from trialwright import store
    from trialwright.allocation.annex import PRODUCTION, TEST
    from trialwright.allocation.keys import public_key, public_keys
    from trialwright.allocation.kits import (
        KIT_HOLDERS,
        OTHER_KIT_HOLDERS,
        KitOrder,
        draw_up_kits,
        package,
        sealed_kits,
    )
    from trialwright.cli.kits_client import trial_of

    definition = trial_of(trial)
    words = {key: arm.label for key, arm in definition.arms.items()}
    try:
        order = KitOrder(
            definition.id, tuple(map(_lot, lot)), tuple(definition.arms), TEST if test else PRODUCTION, words
        )
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--lot") from None
    public = public_keys(keys, KIT_HOLDERS)
    recipients = [public[role] for role in KIT_HOLDERS]
    recipients += [public_key(keys / f"{role}.pub") for role in OTHER_KIT_HOLDERS if (keys / f"{role}.pub").is_file()]
    taken = store.read_state(after).kits if after is not None else {}
    made = sealed_kits(draw_up_kits(order, secrets.token_bytes(32), taken), order, recipients)
    with out.open("xb") as file:
        file.write(package(made))
    typer.echo(f"{len(made.kits)} kits, to be used by {made.use_by}, sealed to {len(recipients)} holders in {out}.")
    typer.echo(f"Root {made.root}")


def _lot(text: str) -> Any:
    from datetime import date

    from trialwright.allocation.kits import Lot

    try:
        arm, number, expiry, count = text.split(":")
        return Lot(arm, number, date.fromisoformat(expiry), int(count))
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' is no lot: write ARM:LOT:EXPIRY:KITS, such as T:A1234:2027-06-30:60", param_hint="--lot"
        ) from None


def dispense(
    folder: Folder,
    participant: Annotated[str, typer.Option("--participant", help="The participant's number.")],
    visit: Annotated[str, typer.Option("--visit", help="The visit.")],
    key: Keys,
    by: By,
    replaces: Annotated[str, typer.Option("--replaces", help="The damaged or lost kit in whose stead.")] = "",
    why: Why = None,
    role: Annotated[str, typer.Option(help="pharmacist or dispensing_service.")] = "pharmacist",
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Choose and record the kits of a visit. Prints their numbers and nothing else."""
    from trialwright.cli.kits_client import dispense as chosen
    from trialwright.conduct import Person

    holder = _holder(folder, key, passphrase_file)
    try:
        fact = chosen(
            holder,
            participant=participant,
            visit=visit,
            by=Person(by, role, by),
            draws=_draws(),
            replaces=replaces,
            why=why,
        )
    finally:
        _close(holder)
    numbers = (fact.payload or {})["kits"]
    typer.echo(json.dumps({"kits": numbers, "fact": fact.number}) if as_json else "\n".join(numbers))


def plan_shipment(
    folder: Folder, site: Site, key: Keys, passphrase_file: PassphraseFile = None, as_json: Json = False
) -> None:
    """The kits that a site is sent now, mixed. Whether, when and how many does not depend on any allocation."""
    from trialwright.cli.kits_client import shipment

    holder = _holder(folder, key, passphrase_file)
    try:
        numbers = shipment(holder, site, _draws())
    finally:
        _close(holder)
    if as_json:
        typer.echo(json.dumps({"site": site, "kits": list(numbers)}))
    else:
        typer.echo("\n".join(numbers) if numbers else f"Nothing is to be sent to {site} now.")


def contents(
    folder: Folder, key: Keys, place: Place = None, passphrase_file: PassphraseFile = None, as_json: Json = False
) -> None:
    """The unblinded account: what every kit holds, its lot and expiry, what runs short where, and whether every
    participant was handed kits of their arm. Exit code 1 where not."""
    from trialwright.cli.kits_client import opened_account, shortage

    holder = _holder(folder, key, passphrase_file)
    try:
        rows, problems = opened_account(holder, place)
        sites = [place] if place and place != "depot" else list(holder.desk.state.sites)
        lacking = {site: shortage(holder, site) for site in sites}
    finally:
        _close(holder)
    if as_json:
        typer.echo(
            json.dumps({"kits": rows, "below_floor": lacking, "problems": problems}, indent=2, ensure_ascii=False)
        )
    else:
        table(rows)
        for site, arms in lacking.items():
            for arm, count in arms.items():
                typer.echo(f"{site}: {count} kits of {arm} below the floor")
        typer.echo("\n".join(problems) or "Every kit went to a participant of its arm.")
    raise typer.Exit(1 if problems else 0)


def _holder(folder: Path, keys: list[Path], passphrase_file: Path | None) -> "Holder":
    from trialwright import store
    from trialwright.allocation.keys import private_key
    from trialwright.cli.kits_client import Holder, sealed_lists
    from trialwright.cli.passphrase import asking

    private = tuple(private_key(path, asking(passphrase_file)) for path in keys)
    desk = store.open_desk(folder)
    return Holder(desk, sealed_lists(desk, store.read_folder(folder).uploads), private)


def _close(holder: "Holder") -> None:
    """A ledger on a database signs its head when it is closed."""
    ledger: Any = holder.desk.ledger
    ledger.close()


def _draws() -> "Draws":
    """Chance from the operating system, fresh for each choice."""
    import secrets

    from trialwright.allocation.stream import Stream

    return Stream(secrets.token_bytes(32)).draws("kits")
