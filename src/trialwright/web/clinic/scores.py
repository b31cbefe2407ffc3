"""One participant's computed scores by visit, as the clinic sees them: the functions of the analysis, asked for one
person. What rests on anything that the reader may not see does not exist here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trialwright import design
from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.observations import Observations
from trialwright.analysis.scores import Scores, scores
from trialwright.capture.form import FormRules
from trialwright.design.derivations import blinding_of_derivation
from trialwright.design.forms import kept
from trialwright.design.model import Definition
from trialwright.ledger.replay import Participant
from trialwright.ledger.snapshot import Snapshot
from trialwright.web.clinic import participants
from trialwright.web.reading import Trial
from trialwright.web.seen import Sees

DECIMALS = 3
"""Enough for an index of health; zeros at the end are not shown."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A score at a visit and what it is called there, such as `moderate`; empty where there is none."""

    value: str
    category: str


@dataclass(frozen=True, slots=True)
class Row:
    """One measure over the visits."""

    label: str
    unit: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Computed:
    """The measures that have any value so far, and the labels of the visits that have one."""

    visits: tuple[str, ...]
    rows: tuple[Row, ...]


def computed(trial: Trial, person: Participant, sees: Sees) -> Computed | None:
    """The participant's scores, None while there is none. A measure that cannot be computed is left out."""
    definition = trial.definition
    made = participants.visits_made(trial, person, sees)
    visits = [visit for visit in design.visit_order(definition) if visit in made]
    observed = Observations(definition, Snapshot(trial.state, trial.head), _rules(definition))
    found: list[tuple[Row, Scores]] = []
    for name, derivation in definition.derivations.items():
        if not visits or blinding_of_derivation(definition, name) not in sees:
            continue
        try:
            one = scores(observed, name, [person.id], visits)
        except NotEstimable:
            continue
        if any(value == value for value in one.values[0]):
            found.append((Row(derivation.label, derivation.unit or "", _cells(one)), one))
    if not found:
        return None
    kept_places = [place for place in range(len(visits)) if any(row.cells[place].value for row, _ in found)]
    return Computed(
        tuple(definition.visits[visits[place]].label for place in kept_places),
        tuple(Row(row.label, row.unit, tuple(row.cells[place] for place in kept_places)) for row, _ in found),
    )


@kept
def _rules(definition: Definition) -> dict[str, FormRules]:
    """The compiled forms of a definition, kept for the next page."""
    return {}


def _cells(one: Scores) -> tuple[Cell, ...]:
    return tuple(_cell(float(value), one) for value in one.values[0])


def _cell(value: float, one: Scores) -> Cell:
    if value != value:
        return Cell("", "")
    text = f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")
    return Cell(text.replace("-", "\u2212"), _category(value, one.thresholds))


def _category(value: float, thresholds: Mapping[str, float]) -> str:
    """The highest declared threshold that the value reaches."""
    reached = [(cut, label) for label, cut in thresholds.items() if value >= cut]
    return max(reached)[1] if reached else ""
