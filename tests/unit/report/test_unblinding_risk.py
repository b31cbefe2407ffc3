"""What the unblinded report says of laboratory values: sentences, figure and numbers agree."""

from xml.etree import ElementTree

import pytest
from tests.plugins.worlds import in_memory, small_trial

from trialwright.analysis.estimates import Interval
from trialwright.analysis.observations import Observations
from trialwright.analysis.unblinding_risk import Risk, Told
from trialwright.ledger.snapshot import Snapshot
from trialwright.report.content import Drawing, Paragraph, Table
from trialwright.report.risk_figure import risk_panels, risk_picture
from trialwright.report.unblinding_risk import risk_section


def told(value: tuple[float, float, float], change: tuple[float, float, float] | None = None) -> tuple[Told, ...]:
    """Week 8 of a risk."""
    return (Told("WEEK8", 8.0, (24, 24), Interval(*value), Interval(*change) if change else None),)


RENIN = Risk("blood.renin", "Renin", True, told((0.9, 0.78, 0.96), (0.95, 0.85, 0.98)))
CLOSED = Risk("blood.renin", "Renin", True, ())
POTASSIUM = Risk("blood.potassium", "Potassium", False, told((0.3, 0.18, 0.45)))
QUIET = Risk("blood.potassium", "Potassium", False, told((0.52, 0.36, 0.68)))
BEFORE = Risk("blood.renin", "Renin", True, told((0.85, 0.72, 0.94)))


@pytest.fixture(scope="module")
def seen() -> Observations:
    world = in_memory()
    return Observations(small_trial(), Snapshot(world.state, world.desk.ledger.head()))


def said(seen: Observations, *risks: Risk, expected: tuple[Risk, ...] = ()) -> str:
    """The paragraphs of the section."""
    section = risk_section(seen, risks, expected)
    assert section is not None
    return " ".join(block.says.text for block in section.blocks if isinstance(block, Paragraph))


def test_sealed_and_open_values_are_spoken_of_apart(seen: Observations) -> None:
    words = said(seen, RENIN, POTASSIUM, expected=(BEFORE,))
    table = [
        "Of the sealed values, Renin tells most",
        "right about 90 %",
        "(78 to 96 %)",
        "Before the trial 85 % of pairs were expected there (72 to 94 %",
        "Nobody could be unblinded by them",
        "Of the values that stay open, Potassium tells most",
        "right about 70 %",
        "(55 to 82 %)",
        "the declared risk that is left",
    ]
    for sentence in table:
        assert sentence in words


def test_a_value_whose_interval_includes_one_half_is_not_said_to_tell(seen: Observations) -> None:
    assert "do not show that it tells anything" in said(seen, RENIN, QUIET)
    assert "do not show" not in said(seen, RENIN, POTASSIUM)


def test_of_closed_values_the_section_says_that_they_are_closed_and_draws_what_was_expected(seen: Observations) -> None:
    section = risk_section(seen, (CLOSED, POTASSIUM), (BEFORE,))
    assert section is not None
    assert "were not opened" in said(seen, CLOSED, POTASSIUM)
    (drawing,) = (block for block in section.blocks if isinstance(block, Drawing))
    assert "Renin" in drawing.svg
    (table,) = (block for block in section.blocks if isinstance(block, Table))
    assert [row[0] for row in table.rows] == ["Renin (sealed)", "Not opened", "Potassium (open)", table.rows[3][0]]


def test_where_no_form_holds_a_laboratory_value_there_is_no_section(seen: Observations) -> None:
    assert risk_section(seen, ()) is None


def test_the_figure_is_well_formed_and_the_same_each_time() -> None:
    first = risk_panels([RENIN, POTASSIUM], [BEFORE])
    assert first == risk_panels([RENIN, POTASSIUM], [BEFORE])
    ElementTree.fromstring(first)
    for words in ("Renin", "Potassium", "sealed", "open", "Expected before", "in this trial"):
        assert words in first
    assert "Expected before" not in risk_panels([RENIN])
    assert "in this trial" not in risk_panels([], [BEFORE])
    assert risk_picture([RENIN]).startswith(b"\x89PNG")
