"""Ask once, be answered for ever: a request to randomise has a key, and the same key always gets the same answer.

A browser that lost its connection, a nurse who pressed twice and a program that tries again all ask with the key that
they made up before asking. Whoever asks with a key of its own, or with none, is told that the participant is randomised
already.
"""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.plugins.world import World
from tests.plugins.worlds import in_memory

from trialwright.conduct import Refused
from trialwright.ledger import kinds
from trialwright.ledger.replay import replay


@pytest.mark.requirement("RN4")
def test_the_same_request_gets_the_very_same_fact_and_changes_nothing(world: World) -> None:
    world.eligible("Ann")
    first = world.does("nurse", "randomise", participant="Ann", request="key-1")
    head = world.desk.ledger.head()
    for who in ("nurse", "investigator", "nurse"):
        assert world.does(who, "randomise", participant="Ann", request="key-1") == first
        assert world.desk.ledger.head() == head
    assert (first.payload or {})["request"] == "key-1"
    assert world.state.drawn == {"drug:none": 1}


@pytest.mark.requirement("RN4")
def test_a_desk_that_was_opened_afterwards_gives_the_same_answer(world: World) -> None:
    world.eligible("Ann")
    first = world.does("nurse", "randomise", participant="Ann", request="key-1")
    world.desk.recover()
    assert world.does("nurse", "randomise", participant="Ann", request="key-1") == first
    assert replay(world.facts()) == world.state


@pytest.mark.requirement("RN4")
def test_who_asks_otherwise_is_told_in_a_sentence(world: World) -> None:
    world.eligible("Ann")
    world.eligible("Bob")
    world.does("nurse", "randomise", participant="Ann", request="key-1")
    table = [
        ("Ann", "key-2", "Ann is randomised already (label "),
        ("Ann", None, "Ann is randomised already (label "),
        ("Bob", "key-1", "This request was made for somebody else; ask for Bob with a new key."),
        ("Bob", "", "The key of a request is one to 100 plain letters, digits and signs; make a new one."),
        ("Bob", "x" * 101, "The key of a request is one to 100 plain letters"),
        ("Bob", "a\nb", "The key of a request is one to 100 plain letters"),
        ("Bob", "a\0b", "The key of a request is one to 100 plain letters"),
        ("Bob", "clé", "The key of a request is one to 100 plain letters"),
    ]
    for name, key, answer in table:
        assert answer in world.says("nurse", "randomise", participant=name, request=key), (name, key)
    assert world.person("Bob").allocation is None


@pytest.mark.requirement("RN4", "AC1")
def test_a_key_gives_nobody_an_answer_who_may_not_ask(world: World) -> None:
    world.eligible("Ann")
    world.does("nurse", "randomise", participant="Ann", request="key-1")
    table = [
        ("western nurse", "Wim West does not work at site NORTH"),
        ("monitor", "A monitor may not randomise a participant"),
    ]
    for who, answer in table:
        assert answer in world.says(who, "randomise", participant="Ann", request="key-1")


@pytest.mark.requirement("RN4")
def test_the_answer_is_the_same_after_the_participant_has_left_the_trial(world: World) -> None:
    world.eligible("Ann")
    first = world.does("nurse", "randomise", participant="Ann", request="key-1")
    world.does("nurse", "withdraw_consent", participant="Ann", scopes=["trial"])
    assert world.does("nurse", "randomise", participant="Ann", request="key-1") == first
    assert "Ann withdrew consent" in world.says("nurse", "randomise", participant="Ann", request="key-2")


@pytest.mark.requirement("RN4")
def test_a_request_that_was_refused_may_succeed_later_under_its_key(world: World) -> None:
    """A refusal is not kept: what stood in the way can be put right."""
    world.seen("Ann")
    assert "Ann is not screened" in world.says("nurse", "randomise", participant="Ann", request="key-1")
    world.does("nurse", "screen", participant="Ann")
    world.page_of("Ann", "pressure", "START", {"upper": "160", "lower": "95"})
    assert world.says("nurse", "randomise", participant="Ann", request="key-1") == "done"


@pytest.mark.requirement("RN4")
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(["Ann", "Bob", "Cas"]), st.sampled_from(["k1", "k2", None])), max_size=9))
def test_in_any_order_of_requests_each_participant_and_each_key_has_one_draw(asked: list) -> None:
    world = in_memory()
    for name in ("Ann", "Bob", "Cas"):
        world.eligible(name)
    answered: dict[tuple[str, str | None], object] = {}
    for name, key in asked:
        fact = None
        with suppress(Refused):
            fact = world.does("nurse", "randomise", participant=name, request=key)
        if fact is not None:
            assert answered.setdefault((name, key), fact) == fact
            assert key is not None or list(answered).count((name, key)) == 1
    drawn = [fact for fact in world.facts() if fact.kind == kinds.ALLOCATION_DRAWN]
    assert len({fact.participant for fact in drawn}) == len(drawn)
    keys = [fact.payload["request"] for fact in drawn if fact.payload and fact.payload["request"]]
    assert len(set(keys)) == len(keys)
    assert {name for name, _ in asked} >= {world.named(fact.participant or "") for fact in drawn}
