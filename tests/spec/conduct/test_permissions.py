"""Who may do what is one table; a role that it does not name may do nothing."""

import pytest
from tests.plugins.world import CAST, World

from trialwright.conduct import MAY, Person, Refused
from trialwright.conduct.permissions import DOES, require


@pytest.mark.requirement("AC1", "AC4")
def test_every_role_may_do_exactly_what_the_table_says() -> None:
    table = [
        (
            "investigator",
            "consent, judge, sign, randomise, stop_treatment",
            "open, amend, lock, unblind, ask_query, redact",
        ),
        ("nurse", "consent, record, randomise, answer_query", "judge, sign, stop_treatment, lock, unblind"),
        ("laboratory", "record, answer_query", "consent, randomise, sign, lock"),
        ("monitor", "ask_query, close_query", "record, sign, consent, randomise, lock, redact"),
        ("data_manager", "ask_query, close_query, lock, redact", "consent, randomise, sign, unblind, amend"),
        ("sponsor", "open, activate, amend", "record, consent, sign, randomise, lock, unblind, redact"),
        ("unblinded_statistician", "unblind", "record, randomise, lock, amend"),
        ("administrator", "", "open, record, consent, randomise, lock, unblind, redact, amend, sign"),
        ("statistician", "", "record, unblind, lock"),
    ]
    for role, may, may_not in table:
        person = Person("x", role)
        for verb in filter(None, may.split(", ")):
            require(verb, person)
        for verb in may_not.split(", "):
            with pytest.raises(Refused) as refused:
                require(verb, person)
            assert refused.value.code == "permission"
            assert DOES[verb] in refused.value.sentence


@pytest.mark.requirement("AC1")
def test_no_role_both_enters_data_and_opens_allocations() -> None:
    assert not MAY["unblind"] & (MAY["record"] | MAY["randomise"] | MAY["consent"])
    assert not MAY["lock"] & MAY["unblind"]
    assert set(MAY) == set(DOES)


@pytest.mark.requirement("AC3")
def test_site_staff_act_for_the_participants_of_their_site_only(world: World) -> None:
    world.consented("Ann", "NORTH")
    world.consented("Bob", "WEST")
    table = [
        ("nurse", "Ann", "done"),
        ("nurse", "Bob", "site WEST"),
        ("western nurse", "Ann", "site NORTH"),
        ("western nurse", "Bob", "done"),
    ]
    for who, name, answer in table:
        details = {"form": "person", "visit": "FIRST", "items": {"age": "50"}}
        assert answer in world.says(who, "record", participant=name, **details)


@pytest.mark.requirement("AC1")
def test_a_stranger_may_do_nothing(world: World) -> None:
    world.randomised("Ann")
    page = {"participant": "Ann", "form": "pressure", "visit": "START"}
    table = [
        ("prescreen", {"site": "NORTH", "outcome": "declined", "reason": "-"}),
        ("consent", {"site": "NORTH", "form_version": "1", "scopes": {"trial": True}}),
        ("record", {**page, "items": {"upper": "150"}}),
        ("ask_query", {**page, "text": "?"}),
        ("sign", page),
        ("lock", {"stage": "week8", "why": "-"}),
        ("unblind", {"stage": "week8", "keys": [], "why": "-"}),
        ("redact", {"fact": 5, "items": ["upper"], "why": "-"}),
    ]
    assert CAST["visitor"].role not in set().union(*MAY.values())
    for does, details in table:
        assert "A visitor may not" in world.says("visitor", does, **details)


@pytest.mark.requirement("AT3")
def test_every_verb_leaves_a_fact_with_who_and_role(world: World) -> None:
    """There is no act without its entry, and no switch that would leave it out."""
    world.randomised("Ann")
    roles = {person.id: person.role for person in CAST.values()}
    facts = world.facts()
    assert [fact.number for fact in facts] == list(range(1, len(facts) + 1))
    assert all(roles[fact.by] == fact.role for fact in facts)
