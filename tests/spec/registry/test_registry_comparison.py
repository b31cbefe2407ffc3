"""The register page of the reference trial beside its definition."""

from pathlib import Path

import pytest

from trialwright import design, registry
from trialwright.registry.compare import compare
from trialwright.registry.rows import Row

TRIAL = Path(__file__).resolve().parents[3] / "trials" / "time-is-muscle"
PAGE = "trial/register/medpath_2024-516057-42-00.txt"


@pytest.fixture(scope="module")
def rows(shared: Path) -> dict[str, Row]:
    comparison = compare(registry.read(shared / PAGE), design.read(TRIAL))
    return {row.field: row for row in comparison.rows}


def test_the_definition_says_what_the_register_says(rows: dict[str, Row]) -> None:
    same = ("title", "sponsor", "conditions", "status", "phase", "enrolment", "ages", "blinding", "design.allocation")
    assert {name: rows[name].verdict for name in same} == dict.fromkeys(same, "same")
    assert [row.field for row in rows.values() if row.verdict in ("differs", "only in register")] == []


def test_every_criterion_of_the_page_is_found_in_the_definition(rows: dict[str, Row]) -> None:
    pairs = {
        row.field for row in rows.values() if row.field.startswith("criteria.") and row.register and row.definition
    }
    for field in ("I1", "I2", "I3", "I4", "I5", "E1", "E2", "E3.1 = E3a", "E3.5 = E3e", "E4", "E5"):
        assert f"criteria.{field}" in pairs


def test_the_three_exceptions_of_exclusion_5_are_set_beside_their_own(rows: dict[str, Row]) -> None:
    for printed, defined in (("E5.1.1.1", "E5.x1"), ("E5.1.1.2", "E5.x2"), ("E5.1.1.3", "E5.x3")):
        assert f"criteria.{printed} = {defined}" in rows
    assert rows["criteria.E5.1.1.3.1 = E5.x3.stable"].verdict == "same"


def test_the_page_gives_a_time_frame_for_the_primary_outcome_alone_and_it_agrees(
    rows: dict[str, Row],
) -> None:
    frames = {row.field: (row.register, row.verdict) for row in rows.values() if row.field.endswith(".time_frame")}
    assert frames.pop("outcomes.TIS12.time_frame") == ("P12W", "same")
    assert set(frames.values()) == {(None, "only in definition")}
    assert set(frames) == {f"outcomes.{key}.time_frame" for key in ("EQ", "ACTIVITY", "OEDEMA", "MARKERS", "IGG")}


def test_what_the_page_lost_stands_in_the_definition(rows: dict[str, Row]) -> None:
    for field in ("acronym", "arms", "interventions", "schedule", "conditions.codes", "funding"):
        assert rows[field].verdict == "only in definition"
