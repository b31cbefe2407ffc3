"""`trialwright analyse` and `trialwright report`: the planned analyses on a snapshot, and the report."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trialwright.cli.passphrase import PassphraseFile

if TYPE_CHECKING:
    from trialwright.analysis.unblinding_risk import Risk

Keys = Annotated[
    list[Path],
    typer.Option("--keys", help="Both escrow holders' key files, each with --keys; without them all stays blinded."),
]
By = Annotated[str | None, typer.Option(help="Who opens the treatments or the sealed values; recorded in the ledger.")]
With = Annotated[str | None, typer.Option("--with", help="The escrow holder who opens them with you; recorded too.")]
EscrowLost = Annotated[
    bool, typer.Option("--escrow-lost", help="A share of the seed is lost: open slot by slot, with a holder's key.")
]
SealedKey = Annotated[
    Path | None,
    typer.Option(
        "--sealed-key",
        help="After the final unblinding: the key file of a pharmacist, the safety unit, the committee's "
        "statistician or the unblinded monitor, which opens the sealed values (with --by).",
        metavar="KEY",
    ),
]


def analyse(
    folder: Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")],
    keys: Keys = [],  # noqa: B006 - typer's way to say «none given»
    by: By = None,
    with_: With = None,
    passphrase_file: PassphraseFile = None,
    escrow_lost: EscrowLost = False,
    sealed_key: SealedKey = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """Run the analyses that the definition plans on the trial's snapshot."""
    from trialwright.cli.unblinded import Opening, results
    from trialwright.cli.wrapped import wrapped
    from trialwright.report import results_json, results_text

    planned = results(folder, Opening(keys, by, with_, passphrase_file, escrow_lost, sealed_key))
    typer.echo(results_json(planned) if as_json else wrapped(results_text(planned)))


def report(
    folder: Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")],
    keys: Keys = [],  # noqa: B006 - typer's way to say «none given»
    by: By = None,
    with_: With = None,
    passphrase_file: PassphraseFile = None,
    escrow_lost: EscrowLost = False,
    sealed_key: SealedKey = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder of the report; DIR/report.")] = None,
    scenarios: Annotated[
        Path | None,
        typer.Option(
            help="The folder of the trial's definition with scenarios.yaml: for unblinded readers, what laboratory "
            "values were expected to tell beside what they told.",
            metavar="TRIAL",
        ),
    ] = None,
) -> None:
    """Write the trial's report: one self-contained page and the same content as JSON."""
    from trialwright.cli.unblinded import Opening, write_report

    opening = Opening(keys, by, with_, passphrase_file, escrow_lost, sealed_key)
    imagined = None if scenarios is None else partial(_expected, scenarios)
    typer.echo(write_report(folder, output or folder / "report", opening, imagined))


def _expected(trial: Path) -> "Sequence[Risk]":
    from trialwright import design, simulate
    from trialwright.conduct.catalogue import catalogue
    from trialwright.simulate.unblinding_risk import expected

    return expected(simulate.program(simulate.read(trial), design.read(trial, catalogue())))
