"""`trialwright kits`: numbered kits, from the sealed list to the account.

Two kinds of command: those that speak of numbers, statuses and places, which anybody of the right role may use, and
those that open what a kit holds with a private key, on the machine of whoever has it.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialwright.cli.passphrase import PassphraseFile

if TYPE_CHECKING:
    from trialwright.allocation.stream import Draws
    from trialwright.cli.kits_client import Holder
    from trialwright.conduct import Person
    from trialwright.ledger.fact import Fact

kits_app = typer.Typer(no_args_is_help=True, help="Numbered kits: seal, ship, hand out, account for, plan.")

Folder = Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")]
Trial = Annotated[Path, typer.Argument(help="The trial's definition: its folder or its trial.yaml.")]
Numbers = Annotated[list[str], typer.Argument(help="Kit numbers as on the labels.", metavar="KIT...")]
SomeNumbers = Annotated[
    list[str] | None, typer.Argument(help="Kit numbers; all that it can be without.", metavar="[KIT...]")
]
By = Annotated[str, typer.Option("--by", help="Who does this: the person's id in the trial.")]
Why = Annotated[str | None, typer.Option("--why", help="The reason in words; it stays with the act.")]
Site = Annotated[str, typer.Option("--site", help="The site.")]
Place = Annotated[str | None, typer.Option("--place", help="A site, or `depot`.")]
Keys = Annotated[list[Path], typer.Option("--key", help="A private key file of somebody who may know.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
Reading = Annotated[str | None, typer.Option("--reading", help="The temperature found, in degrees Celsius.")]


# ------------------------------------------------------------------ the sealed list


@kits_app.command()
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


@kits_app.command("take-in")
def take_in(
    folder: Folder,
    file: Annotated[Path, typer.Argument(help="The package of `kits generate`.", metavar="FILE")],
    by: By,
    role: Annotated[str, typer.Option(help="depot or pharmacist.")] = "depot",
) -> None:
    """Take a sealed kit list into the trial: its kits are then at the depot and wait for their release."""
    from trialwright import conduct, store
    from trialwright.allocation.kits import digest

    content = file.read_bytes()
    place = store.read_folder(folder).uploads / digest(content)
    desk = store.open_desk(folder)
    try:
        # The file first: a list without its file could never be opened, a file without its list is harmless.
        new = not place.exists()
        if new:
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(content)
        try:
            fact = conduct.list_kits(desk, package=content, by=conduct.Person(by, role, by))
        except conduct.Refused:
            if new:
                place.unlink()
            raise
    finally:
        desk.ledger.close()
    _said(fact, f"{len((fact.payload or {})['kits'])} kits taken in at the depot.")


# ------------------------------------------------------------------ numbers, statuses, places


@kits_app.command()
def release(folder: Folder, by: By, kits: SomeNumbers = None, place: Place = None, why: Why = None) -> None:
    """Quality assurance releases kits at a place (the depot without): newly made ones, or out of quarantine."""
    _record(folder, "release", kits, place or "depot", by, "quality_assurance", why, ("made", "quarantined"))


@kits_app.command()
def reject(folder: Folder, by: By, kits: Numbers, why: Why, place: Place = None) -> None:
    """Quality assurance rejects kits that are in quarantine or were not yet released."""
    _record(folder, "reject", kits, place or "depot", by, "quality_assurance", why)


@kits_app.command()
def ship(
    folder: Folder,
    by: By,
    site: Site,
    kits: Numbers,
    shipment: Annotated[str, typer.Option(help="The number of the consignment.")] = "",
) -> None:
    """The depot sends kits to a site."""
    _record(folder, "ship", kits, site, by, "depot", None, shipment=shipment)


@kits_app.command()
def receive(
    folder: Folder,
    by: By,
    site: Site,
    kits: SomeNumbers = None,
    incident: Annotated[str | None, typer.Option("--incident", help="What went wrong on the way, in words.")] = None,
    reading: Reading = None,
    role: Annotated[str, typer.Option(help="nurse, investigator or pharmacist.")] = "nurse",
) -> None:
    """Record what arrived at a site: the kits named, or all that are under way. After a transport outside the declared
    temperatures they are in quarantine at once."""
    from trialwright import conduct

    def do(desk: Any, person: Any) -> Any:
        numbers = kits or _those(desk, site, ("under way",))
        return conduct.receive_kits(
            desk, numbers=numbers, site=site, by=person, excursion=incident, reading=reading, why=incident
        )

    fact = _done(folder, by, role, do)
    _said(fact, "Received.")


@kits_app.command()
def quarantine(
    folder: Folder,
    by: By,
    place: Annotated[str, typer.Option("--place", help="A site, or `depot`.")],
    why: Annotated[str, typer.Option("--why", help="What happened, in words.")],
    kits: SomeNumbers = None,
    reading: Reading = None,
    role: Annotated[str, typer.Option(help="Whoever found it: nurse, pharmacist, depot, monitor ...")] = "nurse",
) -> None:
    """Put every kit in stock at a place, or those named, in quarantine at once."""
    from trialwright import conduct

    def do(desk: Any, person: Any) -> Any:
        return conduct.quarantine_kits(desk, place=place, by=person, why=why, reading=reading, numbers=kits or None)

    _said(_done(folder, by, role, do), "In quarantine; quality assurance releases or rejects.")


@kits_app.command("return")
def return_(
    folder: Folder,
    by: By,
    site: Site,
    kits: Numbers,
    why: Why = None,
    role: Annotated[str, typer.Option(help="nurse, investigator or pharmacist.")] = "nurse",
) -> None:
    """Record kits that participants brought back."""
    _record(folder, "return", kits, site, by, role, why)


@kits_app.command()
def remove(
    folder: Folder,
    movement: Annotated[str, typer.Argument(help="damage, lose, expire or destroy.", metavar="WHAT")],
    by: By,
    place: Annotated[str, typer.Option("--place", help="A site, or `depot`.")],
    kits: Numbers,
    why: Why = None,
    role: Annotated[str, typer.Option(help="pharmacist, depot or nurse.")] = "pharmacist",
) -> None:
    """Record that kits were damaged or lost, expired, or were destroyed."""
    if movement not in ("damage", "lose", "expire", "destroy"):
        raise typer.BadParameter(f"'{movement}' is none of damage, lose, expire, destroy", param_hint="WHAT")
    _record(folder, movement, kits, place, by, role, why)


@kits_app.command()
def account(folder: Folder, place: Place = None, as_json: Json = False) -> None:
    """Where every kit is: numbers, statuses and places, and whether the records prove it. Exit code 1 where not."""
    from trialwright import store
    from trialwright.allocation.stock import counts
    from trialwright.cli.kits_client import blinded_account, unproven

    desk = store.open_desk(folder)
    try:
        rows, problems = blinded_account(desk, place), unproven(desk)
        by_status = counts(desk.state.kits, place)
    finally:
        desk.ledger.close()
    if as_json:
        typer.echo(json.dumps({"kits": rows, "counts": by_status, "problems": problems}, indent=2, ensure_ascii=False))
    else:
        _table(rows)
        typer.echo(", ".join(f"{count} {status}" for status, count in by_status.items() if count) or "No kit.")
        typer.echo("The account is proven." if not problems else "\n".join(["THE ACCOUNT IS NOT PROVEN:", *problems]))
    raise typer.Exit(1 if problems else 0)


# ------------------------------------------------------------------ with a key


@kits_app.command()
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


@kits_app.command("plan-shipment")
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


@kits_app.command()
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
        _table(rows)
        for site, arms in lacking.items():
            for arm, count in arms.items():
                typer.echo(f"{site}: {count} kits of {arm} below the floor")
        typer.echo("\n".join(problems) or "Every kit went to a participant of its arm.")
    raise typer.Exit(1 if problems else 0)


# ------------------------------------------------------------------ beforehand


@kits_app.command()
def simulate(
    trial: Trial,
    trials: Annotated[int, typer.Option(min=1, help="How many imagined trials.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 1,
    scenario: Annotated[str | None, typer.Option(help="A scenario of scenarios.yaml; the default one without.")] = None,
    made: Annotated[
        int | None, typer.Option(min=1, help="Kits made, per unit of an arm's share; ample without.")
    ] = None,
    shelf_life: Annotated[int | None, typer.Option(min=1, help="Days until they expire; never without.")] = None,
    as_json: Json = False,
) -> None:
    """How likely it is that a kit is lacking, at each site and in the trial, and how many kits are left over."""
    from trialwright.cli.progress import progress
    from trialwright.simulate.kits import Making, simulated

    with progress("Supplying imagined trials", total=trials, unit="trials") as step:
        result = simulated(trial, seed, trials, scenario, Making(made, shelf_life), step)
    if as_json:
        typer.echo(json.dumps(result, indent=2, ensure_ascii=False))
        return
    show_supply(result)


def show_supply(result: dict[str, Any]) -> None:
    """The figures of a simulated supply, each with its Monte Carlo error."""
    out = result["stock_out"]
    rows = [("a kit lacking at any visit, % of trials", out["trial"])]
    rows += [(f"at site {site}, % of trials", share) for site, share in out["sites"].items()]
    rows += [("at one visit, % of visits", out["visit"])]
    for name, words in (("shipments", "shipments"), ("sent", "kits sent"), ("dispensed", "kits dispensed")):
        rows.append((words, result[name]))
    rows.append(("left over, % of kits sent", result["waste"]))
    for words, figure in rows:
        error = "" if figure["error"] is None else f" ± {figure['error']:.2g}"
        most = f" (at most {figure['upper']:.2g} with 95 % confidence)" if "upper" in figure else ""
        typer.echo(f"{words:<44}{'-' if figure['mean'] is None else format(figure['mean'], '.4g')}{error}{most}")
    typer.echo(f"At most {result['most_sent']} kits were sent in {result['times']} trials.")


# ------------------------------------------------------------------ shared by the commands


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


def _done(folder: Path, by: str, role: str, do: Any) -> "Fact":
    from trialwright import store
    from trialwright.conduct import Person

    desk = store.open_desk(folder)
    try:
        fact: Fact = do(desk, Person(by, role, by))
        return fact
    finally:
        desk.ledger.close()


def _record(
    folder: Path,
    movement: str,
    numbers: list[str] | None,
    place: str,
    by: str,
    role: str,
    why: str | None,
    otherwise: tuple[str, ...] = (),
    shipment: str = "",
) -> None:
    from trialwright import conduct

    def do(desk: Any, person: "Person") -> Any:
        chosen = numbers or _those(desk, place, otherwise)
        return conduct.move_kits(
            desk, movement=movement, numbers=chosen, place=place, by=person, why=why, shipment=shipment
        )

    _said(_done(folder, by, role, do), "Recorded.")


def _those(desk: Any, place: str, statuses: tuple[str, ...]) -> list[str]:
    """All kits at a place that have one of these statuses."""
    return [number for number, kit in sorted(desk.state.kits.items()) if kit.place == place and kit.status in statuses]


def _said(fact: "Fact", words: str) -> None:
    numbers = (fact.payload or {})["kits"]
    typer.echo(f"{words} {len(numbers)} {'kit' if len(numbers) == 1 else 'kits'} (fact {fact.number}).")


def _table(rows: list[dict[str, str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    if not rows:
        return
    table = Table(box=box.SIMPLE_HEAD)
    for name in rows[0]:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*row.values())
    console = Console(highlight=False, emoji=False)
    console.soft_wrap = not console.is_terminal
    console.print(table)
