"""`trialwright kits` without a key: numbers, statuses and places."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialwright.cli.kits_options import By, Folder, Json, Numbers, Place, Reading, Site, SomeNumbers, Why, table

if TYPE_CHECKING:
    from trialwright.conduct import Person
    from trialwright.ledger.fact import Fact


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


def release(folder: Folder, by: By, kits: SomeNumbers = None, place: Place = None, why: Why = None) -> None:
    """Quality assurance releases kits at a place (the depot without): newly made ones, or out of quarantine."""
    _record(folder, "release", kits, place or "depot", by, "quality_assurance", why, ("made", "quarantined"))


def reject(folder: Folder, by: By, kits: Numbers, why: Why, place: Place = None) -> None:
    """Quality assurance rejects kits that are in quarantine or were not yet released."""
    _record(folder, "reject", kits, place or "depot", by, "quality_assurance", why)


def ship(
    folder: Folder,
    by: By,
    site: Site,
    kits: Numbers,
    shipment: Annotated[str, typer.Option(help="The number of the consignment.")] = "",
) -> None:
    """The depot sends kits to a site."""
    _record(folder, "ship", kits, site, by, "depot", None, shipment=shipment)


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
        table(rows)
        typer.echo(", ".join(f"{count} {status}" for status, count in by_status.items() if count) or "No kit.")
        typer.echo("The account is proven." if not problems else "\n".join(["THE ACCOUNT IS NOT PROVEN:", *problems]))
    raise typer.Exit(1 if problems else 0)


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
