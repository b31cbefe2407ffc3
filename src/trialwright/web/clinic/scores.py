"""One participant's computed scores by visit, as the clinic sees them: the functions of the analysis, asked for one
person. What rests on anything that the reader may not see does not exist here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trialwright import design
from trialwright.analysis.derived import Observed
from trialwright.analysis.derived.scales import asked_scale, scale_answers
from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.observations import Observations
from trialwright.analysis.scores import Scores, scores
from trialwright.capture.form import FormRules
from trialwright.design.derivations import blinding_of_derivation, is_truth
from trialwright.design.forms import kept
from trialwright.design.model import Definition, Derivation
from trialwright.ledger.replay import Participant
from trialwright.ledger.snapshot import Snapshot
from trialwright.measures.instruments.compiled import explained
from trialwright.web.clinic import participants, words
from trialwright.web.reading import Trial
from trialwright.web.seen import Sees

DECIMALS = 3
"""Of a number below 10, enough for an index of health; a larger one has one. Zeros at the end are not shown."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A score at a visit, what it is called there, such as `moderate`, and what was incomplete; empty where there is
    none."""

    value: str
    category: str
    quality: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One measure over the visits."""

    label: str
    unit: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Computed:
    """The measures that have any value so far, or an answer too few for one, and the labels of their visits."""

    visits: tuple[str, ...]
    rows: tuple[Row, ...]


def computed(trial: Trial, person: Participant, sees: Sees) -> Computed | None:
    """The participant's scores, None while there is none. A measure that cannot be computed is left out."""
    definition = trial.definition
    made = participants.visits_made(trial, person, sees)
    visits = [visit for visit in design.visit_order(definition) if visit in made]
    # Days too are the reader's own: the date of a page that they may not see moves what counts from it.
    observed = Observations(definition, Snapshot(trial.state, trial.head), _rules(definition), sees=sees)
    found: list[Row] = []
    for name, derivation in definition.derivations.items():
        if not visits or blinding_of_derivation(definition, name) not in sees:
            continue
        try:
            one = scores(observed, name, [person.id], visits)
        except NotEstimable:
            continue
        cells = _truths(one) if is_truth(derivation) else _cells(one, _qualities(observed, derivation, one))
        cells = tuple(
            Cell("", "") if visit in _before_baseline(definition, derivation) else cell
            for visit, cell in zip(visits, cells, strict=True)
        )
        if any(cell.value or cell.quality for cell in cells):
            found.append(Row(derivation.label, words.unit_in_words(derivation.unit), cells))
    if not found:
        return None
    kept_places = [
        place
        for place in range(len(visits))
        if any(row.cells[place].value or row.cells[place].quality for row in found)
    ]
    return Computed(
        tuple(definition.visits[visits[place]].label for place in kept_places),
        tuple(Row(row.label, row.unit, tuple(row.cells[place] for place in kept_places)) for row in found),
    )


@kept
def _rules(definition: Definition) -> dict[str, FormRules]:
    """The compiled forms of a definition, kept for the next page."""
    return {}


def _before_baseline(definition: Definition, derivation: Derivation) -> frozenset[str]:
    """The visits before the one that a measure is judged against: there it says nothing yet."""
    order = list(design.visit_order(definition))
    return frozenset(order[: order.index(derivation.baseline)]) if derivation.baseline in order else frozenset()


def _qualities(observed: Observations, derivation: Derivation, one: Scores) -> list[str]:
    """What was not answered at each visit, in words; nothing where there is no questionnaire at all."""
    asked = asked_scale(observed.definition, derivation)
    if asked is None:
        return [""] * len(one.visits)
    told = scale_answers(Observed(observed, one.participants, scores), derivation, one.visits)
    return [
        explained(asked[1], int(why), int(answered)) if answered else ""
        for why, answered in zip(told.why[0], told.answered[0], strict=True)
    ]


def _truths(one: Scores) -> tuple[Cell, ...]:
    return tuple(Cell("" if value != value else "yes" if value else "no", "") for value in one.values[0])


def _cells(one: Scores, qualities: Sequence[str]) -> tuple[Cell, ...]:
    return tuple(_cell(float(value), one, said) for value, said in zip(one.values[0], qualities, strict=True))


def _cell(value: float, one: Scores, quality: str) -> Cell:
    if value != value:
        return Cell("", "", quality)
    text = f"{value:.{DECIMALS if abs(value) < 10 else 1}f}".rstrip("0").rstrip(".")
    return Cell(text.replace("-", "\u2212"), _category(value, one.thresholds), quality)


def _category(value: float, thresholds: Mapping[str, float]) -> str:
    """The highest declared threshold that the value reaches."""
    reached = [(cut, label) for label, cut in thresholds.items() if value >= cut]
    return max(reached)[1] if reached else ""
