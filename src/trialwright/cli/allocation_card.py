"""`trialwright allocation card`: the card that a participant carries, with the label and the 24-hour telephone."""

from pathlib import Path
from typing import Annotated

import typer


def card(
    folder: Annotated[Path, typer.Argument(help="The trial's folder.", metavar="DIR")],
    participant: Annotated[str, typer.Option(help="The participant's number.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A new HTML file to print.", metavar="FILE")],
    telephone: Annotated[
        str | None, typer.Option(help="The 24-hour telephone; [emergency] of the settings without.")
    ] = None,
    page: Annotated[str, typer.Option(help="The address of the break host.")] = "",
    language: Annotated[str, typer.Option(help="en or nl.")] = "en",
) -> None:
    """Write a participant's card. It names every treatment that the study compares, so it tells none."""
    from trialwright import store
    from trialwright.conduct import Refused
    from trialwright.conduct.protocol import from_canonical
    from trialwright.report.envelopes import WORDS, Card, Study
    from trialwright.report.envelopes import card as printed
    from trialwright.store.breaks import emergency

    if language not in WORDS:
        raise typer.BadParameter(f"one of {', '.join(WORDS)}", param_hint="--language")
    number = telephone or emergency(folder).telephone
    if not number:
        raise store.NotATrial("name the 24-hour telephone, or write it under [emergency] in trialwright.toml")
    state = store.read_state(folder)
    person = state.participants.get(participant)
    if person is None or person.allocation is None:
        raise Refused(f"{participant} is no randomised participant; the card is given after the draw.", "randomised")
    definition = from_canonical(state.versions[state.version]).definition
    compared = ("investigational", "placebo", "active comparator")
    products = sorted(one.label for one in definition.interventions.values() if one.role in compared)
    title = definition.title
    study = Study(title.acronym or definition.id, title.official, number, page)
    with output.open("x", encoding="utf-8") as file:
        file.write(printed(Card(participant, person.allocation.label, tuple(products)), study, language))
    typer.echo(f"{output}: card of {participant}, label {person.allocation.label}.")
