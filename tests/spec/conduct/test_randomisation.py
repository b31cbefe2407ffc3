"""The draw: one slot for an eligible participant with a complete baseline, once, and without a way back."""

import pytest
from tests.plugins.world import HIGH, World


@pytest.mark.requirement("RN2")
def test_nobody_is_drawn_before_verdict_and_baseline_stand(world: World) -> None:
    world.consented("Ann")
    world.seen("Bob")
    world.seen("Cas", {"age": "17"})
    world.does("nurse", "screen", participant="Cas")
    world.seen("Dot")
    world.does("nurse", "screen", participant="Dot")
    world.seen("Eva")
    world.does("nurse", "screen", participant="Eva")
    world.page_of("Eva", "pressure", "START", {"upper": "160"})
    table = [
        ("Ann", "consent only", "Ann is not screened; only an eligible participant is randomised"),
        ("Bob", "pages, no verdict", "Bob is not screened"),
        ("Cas", "seventeen", "only an eligible participant is randomised"),
        ("Dot", "no start page", "The baseline of Dot is not complete; record these at START first"),
        ("Eva", "half a start page", "Diastolic pressure (pressure.lower)"),
    ]
    for name, what, answer in table:
        assert answer in world.says("nurse", "randomise", participant=name), what
        assert world.person(name).allocation is None


@pytest.mark.requirement("RN2")
def test_a_verdict_that_newer_pages_overturn_no_longer_allows_the_draw(world: World) -> None:
    world.eligible("Ann")
    page = world.page("Ann", "person", "FIRST")
    world.does(
        "nurse",
        "record",
        participant="Ann",
        form="person",
        visit="FIRST",
        items={"age": "17"},
        base=page.number,
        why="misread",
    )
    assert "The verdict of Ann no longer stands" in world.says("nurse", "randomise", participant="Ann")


@pytest.mark.requirement("RN4")
def test_nobody_is_randomised_twice(world: World) -> None:
    """Asked again, the desk says which label was drawn and changes nothing."""
    world.randomised("Ann")
    label = world.person("Ann").allocation.label
    for who in ("nurse", "investigator", "nurse"):
        said = world.says(who, "randomise", participant="Ann")
        assert "Ann is randomised already" in said
        assert label in said
    assert list(world.state.labels) == [label]


@pytest.mark.requirement("RN1", "BL2")
def test_a_draw_shows_stratum_position_and_label_and_never_an_arm(world: World) -> None:
    table = [
        ("Ann", "none", "none", 1),
        ("Bob", "water", "some", 1),
        ("Cas", "none", "none", 2),
        ("Dot", "water", "some", 2),
    ]
    for name, drug, level, position in table:
        world.randomised(name, drug=drug)
        drawn = world.person(name).allocation
        assert (drawn.levels, drawn.stratum, drawn.position) == ({"drug": level}, f"drug:{level}", position)
    for fact in world.facts():
        said = (
            " ".join(str(value) for value in (fact.payload or {}).values()) if fact.kind == "allocation.drawn" else ""
        )
        assert "Invented tablet" not in said
        assert set(fact.payload or {}) == {"stratum", "levels", "position", "label", "leaf", "request"} or not said


def test_the_places_of_the_trial_are_counted(world: World) -> None:
    for number in range(12):
        world.randomised(f"P{number}", drug="water" if number % 2 else "none")
    world.eligible("Zoe")
    assert "All 12 places of the trial are taken" in world.says("nurse", "randomise", participant="Zoe")


@pytest.mark.requirement("RN3", "AC1")
def test_only_staff_of_the_participating_site_draw(world: World) -> None:
    world.eligible("Ann")
    table = [
        ("western nurse", "Wim West does not work at site NORTH"),
        ("sponsor", "A sponsor may not randomise a participant"),
        ("statistician", "An unblinded statistician may not randomise a participant"),
        ("pharmacist", "An unblinded pharmacist may not randomise a participant"),
        ("monitor", "A monitor may not randomise a participant"),
        ("investigator", "done"),
    ]
    for who, answer in table:
        assert answer in world.says(who, "randomise", participant="Ann")


def test_a_new_measurement_after_the_draw_changes_no_allocation(world: World) -> None:
    world.randomised("Ann")
    before = world.person("Ann").allocation
    world.page_of("Ann", "pressure", "WEEK8", HIGH)
    assert world.person("Ann").allocation == before
