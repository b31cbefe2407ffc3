"""The register page of the reference trial: what it says, and what it lost."""

from pathlib import Path

import pytest

from trialwright import registry
from trialwright.registry.record import Ages, Criterion, Record

PAGE = "trial/register/medpath_2024-516057-42-00.txt"


@pytest.fixture(scope="module")
def record(shared: Path) -> Record:
    return registry.read(shared / PAGE)


def node(record: Record, identity: str) -> Criterion:
    return next(inner for top in record.criteria for inner in top.walk() if inner.id == identity)


def test_the_fields_of_the_page_are_read(record: Record) -> None:
    expected = {
        "register": "CTIS", "phase": "2", "sponsor": "Stichting Amsterdam UMC", "sex": None, "description": None,
        "conditions": ("Idiopathic inflammatory myopathy",), "ages": Ages(18, None),
        "statuses": ("Authorised, recruitment pending", "Not yet recruiting"),
    }  # fmt: skip
    assert {name: getattr(record, name) for name in expected} == expected
    assert [identifier.value for identifier in record.identifiers] == ["2024-516057-42-00"]
    assert record.enrolment is not None
    assert record.enrolment.count == 48
    assert [(place.name, place.city, place.country) for place in record.locations] == [
        ("Amsterdam UMC Stichting", "Amsterdam", "Netherlands")
    ]


def test_randomisation_and_blinding_stand_in_the_title_only_and_are_marked_as_derived(record: Record) -> None:
    assert (record.design.allocation, record.design.masking) == ("randomized", "double blind")
    where = record.came_from("design.masking")
    assert where is not None
    assert (where.how, where.line) == ("derived", 3)


def test_five_inclusions_and_five_exclusions_keep_their_place_on_the_page(record: Record) -> None:
    tops = [(top.id, top.span.line) for top in record.criteria]
    assert tops == [
        ("I1", 31), ("I2", 33), ("I3", 35), ("I4", 37), ("I5", 39),
        ("E1", 43), ("E2", 45), ("E3", 47), ("E4", 49), ("E5", 51),
    ]  # fmt: skip


def test_typing_errors_of_the_page_are_kept(record: Record) -> None:
    assert "accordiging" in node(record, "I2").text
    assert any("biomakers" in outcome.name for outcome in record.outcomes)


def test_the_flattened_lists_are_nested_again(record: Record) -> None:
    assert [child.text for child in node(record, "I2").children] == [
        "dermatomyositis",
        "antisynthetase syndrome",
        "Immune mediated necrotizing myopathy",
        "overlap/non-specific myositis, including polymyositis.",
    ]
    assert [len(node(record, top).children) for top in ("E1", "E3", "E4")] == [4, 5, 2]
    assert (node(record, "E4").joiner, node(record, "E4").joiner_stated) == ("any", True)


def test_the_exceptions_of_exclusion_5_are_nested_and_marked(record: Record) -> None:
    roles = [(inner.id, inner.role) for inner in node(record, "E5").walk()]
    assert roles == [
        ("E5", "criterion"),
        ("E5.1", "exceptions"),
        ("E5.1.1", "exception"),
        ("E5.1.1.1", "exception"),
        ("E5.1.1.2", "exception"),
        ("E5.1.1.3", "exception"),
        ("E5.1.1.3.1", "condition"),
        ("E5.1.1.3.2", "condition"),
        ("E5.1.1.3.3", "condition"),
    ]
    third = node(record, "E5.1.1.3")
    assert (third.joiner, third.joiner_stated) == ("all", True)
    assert node(record, "E5.1.1").judgement == "as carefully judged by the treating physician at a screening visit"
    assert "every exclusion" in (node(record, "E5.1").note or "")
    assert "same bullet" in (node(record, "E5.1.1").note or "")


def test_the_time_frame_and_the_instrument_are_read_out_of_the_name_of_the_primary_outcome(record: Record) -> None:
    primary = record.outcomes[0]
    assert (primary.level, primary.measure, primary.time_frames, primary.instrument) == (
        "primary", "treatment response", ("P12W",), "total improvement score",
    )  # fmt: skip


def test_outcomes_printed_twice_are_kept_once(record: Record) -> None:
    secondary = [outcome for outcome in record.outcomes if outcome.level == "secondary"]
    assert [
        (outcome.measure, outcome.instrument, outcome.components, outcome.time_frames) for outcome in secondary
    ] == [
        ("Health related quality of life (HR-QoL)", "EQ-5D", (), ()),
        ("Physical functioning", "accelerometry", (), ()),
        ("presence of muscle edema as a marker of disease activity", "whole body muscle MRI", (), ()),
        ("interferon biomakers", None, ("CXCL-10", "galectin-9", "Siglec-1"), ()),
        ("IgG blood levels", None, (), ()),
    ]


def test_what_the_page_lost_is_named(record: Record) -> None:
    lost = {(loss.field, loss.how) for loss in record.losses}
    for field in (
        "identifiers.linked",
        "arms",
        "interventions",
        "blinding",
        "schedule",
        "acronym",
        "objectives.secondary",
    ):
        assert (field, "not on the page") in lost
    for field in ("sex", "design.text", "description"):
        assert (field, "said to be unknown") in lost
    assert [loss.line for loss in record.losses if loss.field == "outcomes.secondary.time_frame"] == [
        67,
        71,
        75,
        79,
        83,
    ]
    assert {field for field, how in lost if how == "flattened"} == {
        "criteria.I2",
        "criteria.E3",
        "criteria.E4",
        "criteria.E5",
    }
    assert ("outcomes.method", "printed twice") in lost
    assert ("locations.contact", "withheld here") in lost
