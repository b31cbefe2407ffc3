"""What the clinic's page of a participant says of questionnaires: the scores, and what was not answered."""

import pytest
from tests.plugins.editing import QUESTIONNAIRES

from trialwright import design, simulate
from trialwright.conduct.catalogue import catalogue
from trialwright.ledger.memory import MemoryLedger
from trialwright.web import classes
from trialwright.web.clinic import scores
from trialwright.web.reading import Reading


@pytest.fixture(scope="module")
def panels() -> list[scores.Computed]:
    """The scores panels of everybody of one rehearsed trial."""
    definition = design.read(QUESTIONNAIRES, catalogue())
    ledger = MemoryLedger()
    (cast,) = simulate.imagine(simulate.program(simulate.read(QUESTIONNAIRES), definition), 3, [5])
    simulate.rehearse(cast, ledger=ledger)
    with Reading(ledger).trial() as trial:
        assert trial is not None
        every = [scores.computed(trial, one, classes.seen_by("assessor")) for one in trial.state.participants.values()]
    return [one for one in every if one is not None]


def cells(panels: list[scores.Computed], label: str) -> list[scores.Cell]:
    return [cell for one in panels for row in one.rows if row.label == label for cell in row.cells]


def test_a_score_says_what_was_not_answered(panels: list[scores.Computed]) -> None:
    """What was scored from the rest, and what could not be scored at all; nothing beside a whole questionnaire and
    where there is none."""
    haq, exhaustion = cells(panels, "HAQ disability index"), cells(panels, "Exhaustion")
    assert {cell.quality for cell in haq if cell.value} == {"", "7 of 8 categories answered: mean of the answered"}
    assert {cell.quality for cell in exhaustion if cell.value} == {""}
    assert any("needed" in cell.quality for cell in exhaustion if not cell.value)
    assert any(cell.value == cell.quality == "" for cell in exhaustion)


def test_a_deterioration_is_told_in_words(panels: list[scores.Computed]) -> None:
    assert {cell.value for cell in cells(panels, "Confirmed deterioration")} == {"", "yes", "no"}


def test_every_declared_measure_that_has_a_value_is_on_somebody_s_page(panels: list[scores.Computed]) -> None:
    labels = {row.label for one in panels for row in one.rows}
    assert labels == {one.label for one in design.read(QUESTIONNAIRES, catalogue()).derivations.values()}
