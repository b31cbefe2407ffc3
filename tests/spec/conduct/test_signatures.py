"""A signature stands under a page as it is: whose it is, when, and what it means. A change of the page withdraws it."""

import pytest
from tests.plugins.world import World

from trialwright.ledger import kinds

PAGE = {"participant": "Ann", "form": "pressure", "visit": "FIRST"}


@pytest.mark.requirement("ES1")
def test_a_signature_holds_name_instant_and_meaning(world: World) -> None:
    world.seen("Ann")
    world.clock.move(hours=1)
    signed = world.does("investigator", "sign", **PAGE, meaning="I have seen these values")
    assert signed.kind == kinds.PAGE_SIGNED
    assert signed.payload["name"] == "Iris Investigator"
    assert signed.payload["meaning"] == "I have seen these values"
    assert signed.at == "2026-03-02T09:00:00.000000Z"


@pytest.mark.requirement("ES2")
def test_a_change_of_the_page_withdraws_the_signature(world: World) -> None:
    """The signed content and the signed fact stay in the ledger; the page needs a new signature."""
    world.seen("Ann")
    first = world.does("investigator", "sign", **PAGE)
    table = [
        ("investigator", "sign", {**PAGE}, "This page is signed already", True),
        ("nurse", "record", {**PAGE, "items": {"upper": "150"}, "base": 5, "why": "misread"}, "meanwhile", True),
        ("nurse", "record", {**PAGE, "items": {"upper": "150"}, "base": "now", "why": "misread"}, "done", False),
        ("investigator", "sign", {**PAGE}, "done", True),
    ]
    for who, does, details, answer, stands in table:
        if details.get("base") == "now":
            details["base"] = world.page("Ann", "pressure", "FIRST").number
        assert answer in world.says(who, does, **details)
        assert bool(world.page("Ann", "pressure", "FIRST").signed) is stands
    second = world.facts()[-1]
    assert second.payload["content"] != first.payload["content"]


def test_only_an_investigator_signs_and_only_what_is_there_and_asked_out(world: World) -> None:
    world.seen("Ann")
    table = [
        ("nurse", "sign", {**PAGE}, "A nurse may not sign a page"),
        ("sponsor", "sign", {**PAGE}, "A sponsor may not sign a page"),
        ("investigator", "sign", {**PAGE, "visit": "WEEK8"}, "Ann has no page pressure at WEEK8 to sign"),
        ("monitor", "ask_query", {**PAGE, "text": "Which arm?"}, "done"),
        ("investigator", "sign", {**PAGE}, "Answer Q1 before signing this page"),
        ("nurse", "answer_query", {"query": "Q1", "text": "The left one"}, "done"),
        ("investigator", "sign", {**PAGE}, "done"),
    ]
    for who, does, details, answer in table:
        assert answer in world.says(who, does, **details)
