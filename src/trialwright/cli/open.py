"""`trialwright open`: a trial begins, with a definition that is frozen and a list that two people made."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trialwright.allocation.package import Package
    from trialwright.conduct import Person
    from trialwright.design.model import Definition


def open_(
    trial: Annotated[Path, typer.Argument(help="The trial's folder or its trial.yaml.", metavar="TRIAL")],
    folder: Annotated[Path, typer.Argument(help="A new folder for the running trial.", metavar="DIR")],
    package: Annotated[Path, typer.Option(help="The package of the allocation list.", metavar="PACKAGE")],
    by: Annotated[str, typer.Option(help="Who opens the trial for the sponsor.", metavar="NAME")],
    published: Annotated[
        Path | None, typer.Option(help="The published root: root.txt as it came back from outside.", metavar="FILE")
    ] = None,
    accepted_by: Annotated[
        str | None, typer.Option(help="Who accepts what the definition assumes.", metavar="NAME")
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="postgresql://USER@HOST/NAME of an empty database; SQLite without.")
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="A folder outside DIR for the key that signs heads; DIR.keys without.")
    ] = None,
    rehearsal: Annotated[
        bool, typer.Option("--rehearsal", help="Imaginary participants and a test list; never a real trial.")
    ] = False,
) -> None:
    """Check the package, make the folder, take the list in and open the trial.

    Fact 1 carries the definition, the root of the list and who made, witnessed and reviewed it. Everything that is
    wrong is said at once, and then nothing is made. The folder holds no key that opens an allocation.
    """
    from trialwright import design
    from trialwright.allocation.package import PackageRefused, read_package
    from trialwright.conduct import Person
    from trialwright.conduct.catalogue import catalogue
    from trialwright.store.opening import require_room

    require_room(folder)
    definition = design.read(trial, catalogue())
    held = read_package(package)
    person = Person(by.strip(), "sponsor", by.strip())
    wrong = _wrong(held, definition, published, person, accepted_by, rehearsal)
    if wrong:
        raise PackageRefused(("the trial is not opened:", *(f"  - {one}" for one in wrong)))
    made = open_folder(
        folder,
        definition,
        held,
        by=person,
        accepted_by=accepted_by,
        published=published is not None,
        database=database,
        keys=keys,
        rehearsal=rehearsal,
    )
    typer.echo(f"{made}: {definition.id} version {definition.version} is open{' (REHEARSAL)' if rehearsal else ''}.")
    typer.echo(f"  root {held.terms.root}")
    typer.echo(f"  next: trialwright ledger verify {made}, then activate the sites")


def _wrong(
    package: "Package",
    definition: "Definition",
    published: Path | None,
    by: "Person",
    accepted_by: str | None,
    rehearsal: bool,
) -> list[str]:
    """Everything that speaks against it: of the package, and of conduct."""
    from trialwright import store
    from trialwright.allocation.acceptance import read_published, unfit
    from trialwright.conduct.opening import objections

    text = read_published(published) if published is not None else None
    refusals = objections(
        definition,
        store.commitment_of(package, published is not None),
        by=by,
        accepted_by=accepted_by,
        rehearsal=rehearsal,
    )
    said = ("list", "test list", "production list", "same person")  # these stand in the package's own words already
    return [
        *unfit(package, definition, rehearsal=rehearsal, published=text),
        *(str(refused).replace("\n", "\n    ") for refused in refusals if refused.code not in said),
    ]


def open_folder(
    folder: Path,
    definition: "Definition",
    package: "Package",
    *,
    by: "Person",
    accepted_by: str | None,
    published: bool,
    rehearsal: bool,
    database: str | None = None,
    keys: Path | None = None,
) -> Path:
    """The trial's folder with its list taken in and the trial open; nothing where that fails."""
    from trialwright import store
    from trialwright.conduct import Desk, open_trial

    def prepare(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
        vault.take_in_package(package, published)
        desk = Desk(ledger, vault, store.ServerClock(), store.SystemChance())
        open_trial(desk, definition, by=by, accepted_by=accepted_by, rehearsal=rehearsal)

    zone = next(iter(definition.sites.values())).zone
    recipients = package.terms.recipients
    made = store.create(folder, zone=zone, database=database, recipients=recipients, keys=keys, prepare=prepare)
    return made.path
