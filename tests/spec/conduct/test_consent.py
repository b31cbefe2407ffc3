"""Taking part begins with a signed consent: to a version of the form, by scopes. It can be given again and taken
back."""

import pytest
from tests.plugins.world import World

from trialwright.ledger import kinds


@pytest.mark.requirement("RN2")
def test_nothing_is_recorded_of_anybody_before_their_consent(world: World) -> None:
    """A number exists only once consent was given; before that there is only the anonymous log of pre-screening."""
    nobody = "NORTH-001-A"
    table = [
        ("nurse", "record", {"participant": nobody, "form": "person", "visit": "FIRST", "items": {"age": "50"}}),
        ("nurse", "screen", {"participant": nobody}),
        ("nurse", "randomise", {"participant": nobody}),
        ("investigator", "stop_treatment", {"participant": nobody, "reason": "a rash"}),
    ]
    for who, does, details in table:
        assert f"There is no participant {nobody}" in world.says(who, does, **details)


def test_a_consent_names_the_form_in_force_and_the_scopes_it_needs(world: World) -> None:
    table = [
        ("nurse", "NORTH", "1", {"trial": True}, "done"),
        ("nurse", "NORTH", "1", {"trial": True, "blood_bank": False}, "done"),
        ("nurse", "NORTH", "0", {"trial": True}, "The consent form in force at NORTH is version 1, not 0"),
        ("nurse", "NORTH", "1", {"trial": False}, "Without consent to «Taking part in the trial» nobody can take part"),
        ("nurse", "NORTH", "1", {"blood_bank": True}, "Without consent to «Taking part in the trial»"),
        ("nurse", "NORTH", "1", {"trial": True, "photos": True}, "The consent form has no scope photos"),
        ("nurse", "WEST", "1", {"trial": True}, "Noor Nurse does not work at site WEST"),
        ("western nurse", "WEST", "1", {"trial": True}, "done"),
        ("sponsor", "NORTH", "1", {"trial": True}, "A sponsor may not record a consent"),
    ]
    for who, site, form, scopes, answer in table:
        assert answer in world.says(who, "consent", site=site, form_version=form, scopes=scopes)


def test_numbers_run_by_site_and_are_never_used_again(world: World) -> None:
    """A refused consent uses up no number. The last character finds a digit typed wrong or swapped."""
    table = [
        ("Ann", "NORTH", "NORTH-001"),
        ("Bob", "NORTH", "NORTH-002"),
        ("Cas", "WEST", "WEST-001"),
        ("Dot", "NORTH", "NORTH-003"),
    ]
    for name, site, begins in table:
        world.says("nurse", "consent", site="NORTH", form_version="0", scopes={"trial": True})
        world.consented(name, site)
        assert world.numbers[name].startswith(begins + "-")
        assert len(world.numbers[name]) == len(begins) + 2
    assert len(set(world.numbers.values())) == len(table)


def test_taking_consent_back_ends_taking_part_or_only_one_scope(world: World) -> None:
    """No reason is asked for. What was recorded until then stays."""
    for name in ("Ann", "Bob"):
        world.consented(name, blood_bank=True)
        world.page_of(name, "person", "FIRST", {"age": "50"})
    table = [
        ("Ann", ["blood_bank"], "done", {"trial": True, "blood_bank": False}, None),
        ("Ann", ["blood_bank"], "Ann has given no consent to blood_bank", {"trial": True, "blood_bank": False}, None),
        ("Bob", ["trial", "blood_bank"], "done", {"trial": False, "blood_bank": False}, "withdrawn"),
    ]
    for name, scopes, answer, scopes_then, ended in table:
        assert answer in world.says("nurse", "withdraw_consent", participant=name, scopes=scopes)
        assert world.person(name).scopes == scopes_then
        assert world.person(name).ended == ended
        assert world.page(name, "person", "FIRST").items == {"age": "50"}


def test_after_a_withdrawal_nothing_new_is_recorded(world: World) -> None:
    world.randomised("Ann")
    world.does("nurse", "withdraw_consent", participant="Ann", scopes=["trial"])
    table = [
        (
            "nurse",
            "record",
            {"participant": "Ann", "form": "pressure", "visit": "WEEK8", "items": {"upper": "150", "lower": "90"}},
        ),
        ("nurse", "complete", {"participant": "Ann", "on": "2026-03-02"}),
        ("investigator", "stop_treatment", {"participant": "Ann", "reason": "withdrawn"}),
        ("nurse", "withdraw_consent", {"participant": "Ann", "scopes": ["trial"]}),
    ]
    for who, does, details in table:
        assert "Ann" in world.says(who, does, **details)
        assert world.says(who, does, **details) != "done"


def test_the_log_of_prescreening_names_nobody(world: World) -> None:
    table = [
        ("nurse", "not eligible", "pressure too low", "done"),
        ("investigator", "declined", "too far to travel", "done"),
        ("nurse", "maybe", "asked to think", "'maybe' is not an outcome of pre-screening"),
        ("nurse", "other", "x" * 81, "under 80 characters"),
        ("monitor", "declined", "no time", "A monitor may not log a pre-screening"),
    ]
    for who, outcome, reason, answer in table:
        assert answer in world.says(who, "prescreen", site="NORTH", outcome=outcome, reason=reason)
    logged = [fact for fact in world.facts() if fact.kind == kinds.PRESCREEN_LOGGED]
    assert [fact.participant for fact in logged] == [None, None]
    assert world.state.participants == {}
