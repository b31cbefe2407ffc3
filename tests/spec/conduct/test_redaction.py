"""What should never have been typed is redacted: logged, justified, gone, and the chain stays whole."""

import pytest
from tests.plugins.world import World

from trialwright.ledger import kinds
from trialwright.ledger.fact import seal_stands
from trialwright.ledger.replay import replay


@pytest.mark.requirement("AT5")
def test_a_name_in_a_free_text_goes_and_the_chain_stays_whole(world: World) -> None:
    world.consented("Ann")
    typed = world.page_of("Ann", "person", "FIRST", {"age": "50", "remark": "Mrs A. Example, call her son"})
    before = world.facts()
    redaction = world.does("data manager", "redact", fact=typed.number, items=["remark"], why="a name was typed")
    facts = world.facts()
    assert "Example" not in " ".join(str(fact) for fact in facts)
    assert [fact.seal for fact in facts[: len(before)]] == [fact.seal for fact in before]
    assert facts[typed.number - 1].digest == typed.digest
    assert all(seal_stands(fact) for fact in facts)
    assert redaction.kind == kinds.PAYLOAD_REDACTED
    assert (redaction.by, redaction.why) == ("p07", "a name was typed")
    page = world.page("Ann", "person", "FIRST")
    assert page.items == {"age": "50"}
    assert page.redacted == {"remark"}


@pytest.mark.requirement("AT1", "AT5")
def test_after_a_redaction_a_replay_still_gives_the_state(world: World) -> None:
    """Dates, reasons and values that came later are not lost with the payload."""
    world.consented("Ann")
    typed = world.page_of("Ann", "person", "FIRST", {"age": "50", "remark": "Mrs A. Example"})
    world.does(
        "nurse",
        "record",
        participant="Ann",
        form="person",
        visit="FIRST",
        items={"age": "51"},
        base=typed.number,
        why="misread",
    )
    world.does("data manager", "redact", fact=typed.number, items=["remark"], why="a name was typed")
    assert replay(world.facts()) == world.state
    assert world.page("Ann", "person", "FIRST").items == {"age": "51"}
    assert world.page("Ann", "person", "FIRST").on == "2026-03-02"


@pytest.mark.requirement("AT5")
def test_a_redaction_has_its_justification_and_its_limits(world: World) -> None:
    world.consented("Ann")
    number = world.page_of("Ann", "person", "FIRST", {"age": "50", "remark": "Mrs A. Example"}).number
    table = [
        ("nurse", number, ["remark"], "a name", "A nurse may not redact a value"),
        ("data manager", number, ["remark"], " ", "A redaction needs its justification in words"),
        ("data manager", number, ["name"], "a name", f"Fact {number} holds no item name"),
        ("data manager", number, [], "a name", f"Fact {number} holds no item"),
        ("data manager", 1, ["definition"], "a name", "Fact 1 is no recorded page"),
        ("data manager", 999, ["remark"], "a name", "Fact 999 is no recorded page"),
        ("data manager", number, ["remark"], "a name", "done"),
        ("data manager", number, ["age"], "another name", f"Fact {number} was redacted before"),
    ]
    for who, fact, items, why, answer in table:
        assert answer in world.says(who, "redact", fact=fact, items=items, why=why)
