"""`trialwright screen`: a verdict per criterion for one patient."""

from pathlib import Path
from typing import Annotated

import typer


def screen(
    trial: Annotated[Path, typer.Argument(help="The trial's folder or its trial.yaml.")],
    patient: Annotated[Path, typer.Argument(help="The patient: facts by name, as JSON.", metavar="PATIENT.json")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Who could take part: the verdict per criterion, why, and what is missing. Nothing is stored."""
    import json

    from trialwright import design, eligibility
    from trialwright.cli.wrapped import wrapped
    from trialwright.measures.instruments.offered import INSTRUMENTS_ALONE

    with patient.open("rb") as file:
        told = file.read(eligibility.MOST_BYTES + 1)  # no more, though the file may have no end
    screening = eligibility.screen(design.read(trial, INSTRUMENTS_ALONE), told, str(patient))
    typer.echo(json.dumps(screening.json, ensure_ascii=False, indent=2) if as_json else wrapped(screening.text))
