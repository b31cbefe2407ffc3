"""An amendment appends the next version of the definition. A site works under it from its own activation on."""

import pytest
from tests.plugins.world import HIGH, World

from trialwright.conduct import Refused


def amended(world: World, version: str = "2", **changes: object) -> object:
    """The definition with another version and these changes."""
    return world.definition.model_copy(update={"version": version, **changes})


@pytest.mark.requirement("DC5")
def test_a_site_works_under_the_new_version_from_its_own_activation(world: World) -> None:
    """A page keeps the version that it was entered under."""
    world.randomised("Ann")
    wider = world.definition.visits["WEEK8"].model_copy(update={"label": "Week 8, by telephone where needed"})
    new = amended(world, visits={**world.definition.visits, "WEEK8": wider})
    table = [
        ("sponsor", "amend", {"definition": new, "why": "the visit moved"}, {"NORTH": "1", "WEST": "1"}),
        ("sponsor", "activate", {"site": "NORTH"}, {"NORTH": "2", "WEST": "1"}),
        ("sponsor", "activate", {"site": "WEST"}, {"NORTH": "2", "WEST": "2"}),
    ]
    for who, does, details, versions in table:
        assert world.says(who, does, **details) == "done"
        assert world.state.sites == versions
    assert world.page_of("Ann", "pressure", "WEEK8", HIGH).version == "2"
    assert world.page("Ann", "pressure", "START").version == "1"
    assert set(world.state.versions) == {"1", "2"}


def test_an_amendment_that_asks_for_a_new_consent_waits_for_it(world: World) -> None:
    world.eligible("Ann")
    form = world.definition.consent.model_copy(update={"form_version": "2"})
    world.does("sponsor", "amend", definition=amended(world, consent=form), why="a new risk", reconsent=True)
    world.does("sponsor", "activate", site="NORTH")
    again = {"site": "NORTH", "scopes": {"trial": True}, "participant": "Ann"}
    table = [
        ("randomise", {"participant": "Ann"}, "the amendment asks for consent to version 2 first"),
        (
            "record",
            {"participant": "Ann", "form": "blood", "visit": "START", "items": {"potassium": "4"}},
            "version 2 first",
        ),
        ("record", {"participant": "Ann", "form": "events", "repeat": "+", "items": {"term": "headache"}}, "done"),
        ("consent", {**again, "form_version": "1"}, "The consent form in force at NORTH is version 2, not 1"),
        ("consent", {**again, "form_version": "2"}, "done"),
        ("randomise", {"participant": "Ann"}, "done"),
    ]
    for does, details, answer in table:
        assert answer in world.says("nurse", does, **details)
    assert world.person("Ann").consent_version == "2"


def test_an_amendment_changes_something_under_a_new_name(world: World) -> None:
    other_annex = world.definition.randomisation.model_copy(update={"annex_sha256": "0" * 64})
    shorter = world.definition.visits["WEEK8"].model_copy(update={"day": 50})
    changed = {"visits": {**world.definition.visits, "WEEK8": shorter}}
    proposals = {
        "the old version number": amended(world, "1", **changed),
        "another trial": amended(world, "2", id="OTHER", **changed),
        "another annex": amended(world, "2", randomisation=other_annex),
        "an earlier week 8": amended(world, "2", **changed),
    }
    table = [
        ("sponsor", "the old version number", "Version 1 exists already"),
        ("sponsor", "another trial", "the definition is of trial OTHER"),
        ("sponsor", "another annex", "An amendment cannot replace the allocation annex"),
        ("nurse", "an earlier week 8", "A nurse may not amend the trial"),
        ("sponsor", "an earlier week 8", "done"),
    ]
    for who, proposal, answer in table:
        assert answer in world.says(who, "amend", definition=proposals[proposal], why="the visit moved")
    said = world.facts()[-1].payload["changes"]
    assert any("50" in sentence for sentence in said)


def test_a_site_that_is_not_activated_enrols_nobody(world: World) -> None:
    table = [
        ("sponsor", "EAST", "The definition has no site EAST"),
        ("sponsor", "NORTH", "Site NORTH works under version 1 already"),
        ("nurse", "NORTH", "A nurse may not activate a site"),
    ]
    for who, site, answer in table:
        assert answer in world.says(who, "activate", site=site)
    del world.state.sites["WEST"]
    with pytest.raises(Refused, match="Site WEST is not activated"):
        world.desk.version_at("WEST")
