"""`trialwright allocation envelopes`: a printed envelope per label, for the night when no computer answers."""

from pathlib import Path
from typing import Annotated

import typer

from trialwright.cli.passphrase import PassphraseFile


def envelopes(
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder outside the trial's.", metavar="DIR")],
    key: Annotated[Path, typer.Option(help="The private key of somebody who holds the slots.")],
    telephone: Annotated[str, typer.Option(help="The 24-hour telephone.")],
    trial: Annotated[Path | None, typer.Option(help="The trial's folder.", metavar="DIR")] = None,
    package: Annotated[Path | None, typer.Option(help="Or the package of the ceremony.", metavar="FOLDER")] = None,
    definition: Annotated[
        Path | None, typer.Option(help="With --package: the trial's definition.", metavar="TRIAL")
    ] = None,
    page: Annotated[str, typer.Option(help="The address of the break host.")] = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Write the envelopes as a page to print, one sheet per label, and the list of labels to count them by.

    The treatments are in that folder in words: print it in the pharmacy, then delete it.
    """
    from trialwright.allocation.held import open_held
    from trialwright.allocation.keys import KeyFileRefused, private_key, write_private
    from trialwright.cli.passphrase import asking
    from trialwright.cli.sealed_source import arms_in_words, read_source
    from trialwright.report.envelopes import Letter, Study
    from trialwright.report.envelopes import envelopes as printed

    place = output.resolve()
    if output.exists() or any((one / "trialwright.toml").exists() for one in place.parents):
        raise KeyFileRefused(f"{output} exists or lies in a trial's folder; name a new folder elsewhere")
    source = read_source(trial, package, definition)
    identity = private_key(key, asking(passphrase_file))
    words = arms_in_words(source.definition)
    letters = []
    for slot in source.slots:
        opened = open_held(slot, [identity], source.trial)
        label, products = words.get(opened.arm, (opened.words, ()))
        note = opened.words if opened.words not in (opened.arm, label) else ""
        letters.append(Letter(slot.label, label, products, note))
    title = source.definition.title
    study = Study(title.acronym or source.trial, title.official, telephone, page)
    output.mkdir(mode=0o700, parents=True)
    write_private(output / "envelopes.html", printed(letters, study).encode())
    rows = "".join(f"{slot.label},sealed\n" for slot in source.slots)
    write_private(output / "labels.csv", f"label,state\n{rows}".encode())
    typer.echo(f"{output}: {len(letters)} envelopes to print on A4, one side, without scaling.")
    typer.echo("Fold 1, fold 2, seal the open edges, put each into an opaque envelope with its label; then delete it.")
    typer.echo(f"Count them later with  trialwright breaks reconcile DIR --envelopes {output.name}/labels.csv")
