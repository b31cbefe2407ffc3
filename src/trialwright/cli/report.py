"""`trialwright analyse` and `trialwright report`: the planned analyses on a snapshot, and the report."""

from pathlib import Path
from typing import Annotated

import typer

from trialwright.cli.passphrase import PassphraseFile

Keys = Annotated[
    list[Path],
    typer.Option("--keys", help="Both escrow holders' key files, each with --keys; without them all stays blinded."),
]
By = Annotated[str | None, typer.Option(help="Who opens the treatments; recorded in the ledger.")]
With = Annotated[str | None, typer.Option("--with", help="The escrow holder who opens them with you; recorded too.")]


def analyse(
    folder: Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")],
    keys: Keys = [],  # noqa: B006 - typer's way to say «none given»
    by: By = None,
    with_: With = None,
    passphrase_file: PassphraseFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """Run the analyses that the definition plans on the trial's snapshot."""
    from trialwright.cli.unblinded import results
    from trialwright.cli.wrapped import wrapped
    from trialwright.report import results_json, results_text

    planned = results(folder, keys, by, with_, passphrase_file)
    typer.echo(results_json(planned) if as_json else wrapped(results_text(planned)))


def report(
    folder: Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")],
    keys: Keys = [],  # noqa: B006 - typer's way to say «none given»
    by: By = None,
    with_: With = None,
    passphrase_file: PassphraseFile = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder of the report; DIR/report.")] = None,
) -> None:
    """Write the trial's report: one self-contained page and the same content as JSON."""
    from trialwright.cli.unblinded import write_report

    typer.echo(write_report(folder, keys, output or folder / "report", by, with_, passphrase_file))
