"""`trialwright allocation review`: a second unblinded person opens the list and holds it against its specification."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialwright.cli.passphrase import PassphraseFile, asking

if TYPE_CHECKING:
    from trialwright.allocation.package import Package
    from trialwright.allocation.review import Report


def review(
    package: Annotated[Path, typer.Argument(help="The package's folder.", metavar="PACKAGE")],
    key: Annotated[Path, typer.Option(help="The key file of a slot holder.", metavar="KEY")],
    trial: Annotated[Path, typer.Option(help="The definition: its folder or file.", metavar="TRIAL")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A new .html or .txt file.", metavar="FILE")],
    sign: Annotated[
        Path | None, typer.Option(help="Sign the package with this key; it is made if it is not there.", metavar="FILE")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who reviews, as the trial knows you; needed with --sign.")] = None,
    slots: Annotated[
        int | None, typer.Option(min=1, help="Of an extension: how many slots each stratum was to get.")
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Open every slot and report counts, blocks, order, labels, ratio, leaves, root and annex against the definition.

    UNBLINDED: the report names arms. It is written for the reviewer alone, never in the package's folder nor in a
    trial's. The reviewer is neither generator nor witness and takes no blinded part in the trial.
    """
    from trialwright import design
    from trialwright.allocation.keys import private_key
    from trialwright.allocation.package import read_package, sign_review
    from trialwright.allocation.review import review as reviewed
    from trialwright.allocation.review_page import verdict
    from trialwright.conduct.catalogue import catalogue

    if sign is not None and not by:
        raise typer.BadParameter("say who reviews", param_hint="--by")
    if sign is None and by:
        raise typer.BadParameter("a name without a signature says nothing; name your signing key", param_hint="--sign")
    _require_place(output, package)
    report = reviewed(
        read_package(package), design.read(trial, catalogue()), [private_key(key, asking(passphrase_file))], slots
    )
    signed = _signed(report, sign, by.strip()) if report.right and sign is not None and by else None
    _write(report, output)
    typer.echo(verdict(report))
    typer.echo(f"{output}: UNBLINDED, for your file alone", err=True)
    if not report.right:
        raise typer.Exit(1)
    if signed is not None and by:
        sign_review(package, signed)
        typer.echo(f"{package}: signed as reviewed by {by.strip()}.")


def _require_place(output: Path, package: Path) -> None:
    """The report never lies where blinded people or the server look."""
    folders = [output.resolve().parent, *output.resolve().parent.parents]
    if package.resolve() in folders:
        raise typer.BadParameter("the report names arms and never lies in the package", param_hint="--output")
    if any((folder / "trialwright.toml").exists() for folder in folders):
        raise typer.BadParameter("the report names arms and never lies in a trial's folder", param_hint="--output")
    if output.exists():
        raise typer.BadParameter("it exists and is never overwritten; name another file", param_hint="--output")
    if output.suffix not in (".html", ".txt"):
        raise typer.BadParameter("name a file that ends in .html or .txt", param_hint="--output")


def _write(report: "Report", output: Path) -> None:
    from trialwright.allocation.keys import write_private
    from trialwright.allocation.review_page import as_html, as_text

    write_private(output, (as_html if output.suffix == ".html" else as_text)(report).encode())


def _signed(report: "Report", key_file: Path, by: str) -> "Package":
    """The package with the reviewer's signature under the terms; refused to who made or witnessed the list, before
    anything is written."""
    from trialwright.allocation.keys import write_private
    from trialwright.allocation.package import PackageRefused, problems, reviewed_package
    from trialwright.allocation.seed_shares import read_signing_key
    from trialwright.ledger.heads import new_signing_key, signing_key

    new = None if key_file.exists() else new_signing_key()
    key = read_signing_key(key_file) if new is None else signing_key(new)
    signed = reviewed_package(report.package, by, datetime.now(UTC).date().isoformat(), key)
    wrong = problems(signed)
    if wrong:
        raise PackageRefused(wrong)
    if new is not None:
        write_private(key_file, new)
    return signed
