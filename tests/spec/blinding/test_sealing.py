"""What is sealed is sealed with every word about it: reasons, confirmations, dates. Renin is sealed in this trial."""

import pytest
from tests.plugins.world import CAST, HIGH, World
from tests.plugins.worlds import in_memory

from trialwright import conduct
from trialwright.conduct import Person, Refused
from trialwright.design.model import Blinding, Definition
from trialwright.ledger import kinds

BLOOD = {"participant": "Ann", "form": "blood"}


def amended(world: World, **changes: object) -> World:
    """The world under another definition."""
    definition = world.definition.model_copy(update={"version": "2", **changes})
    world.does("sponsor", "amend", definition=definition, why="for this paragraph")
    world.does("sponsor", "activate", site="NORTH")
    return world


def with_renin(definition: Definition, **changes: object) -> dict[str, object]:
    """The forms, with something changed of renin."""
    blood = definition.forms["blood"]
    items = tuple(item.model_copy(update=changes) if item.id == "renin" else item for item in blood.items)
    return {**definition.forms, "blood": blood.model_copy(update={"items": items})}


@pytest.mark.requirement("BL2")
def test_a_reason_a_confirmation_and_a_date_go_to_the_vault_with_the_value(world: World) -> None:
    """Nothing of them stands in any fact, whatever a tired person typed into them."""
    world.consented("Ann")
    amended(world, forms=with_renin(world.definition, warn=(0, 100)))
    table = [
        ("START", {"renin": "731"}, {}, {}, None, "confirm it with a reason"),
        ("START", {"renin": "731"}, {}, {"renin": "secret: really 731"}, None, "done"),
        ("START", {"renin": "732"}, {}, {"renin": "secret: twice"}, None, "give the reason of the change"),
        ("START", {"renin": "732"}, {}, {"renin": "secret: twice"}, "secret: not 731", "done"),
        ("WEEK8", {}, {"renin": "secret: too thick"}, {}, None, "done"),
        ("WEEK8", {"potassium": "4", "renin": "55"}, {}, {}, "secret: 55 after all", "done"),
    ]
    for visit, items, not_done, confirmed, why, answer in table:
        more = {"items": items, "not_done": not_done, "confirmed": confirmed, "why": why, "on": "2026-03-02"}
        assert answer in world.says("laboratory", "record", **BLOOD, visit=visit, **more)
    assert not [fact for fact in world.facts() if "secret" in str(fact)]
    assert list(world.person("Ann").pages) == [("WEEK8", "blood", "")]
    kept = list(world.desk.vault.kept(world.keys).values())
    assert [value.get("*confirmed") or value.get("*not_done") for value in kept] == [
        {"renin": "secret: really 731"},
        {"renin": "secret: twice"},
        {"renin": "secret: too thick"},
        None,
    ]
    assert [value.get("*why") for value in kept] == [None, "secret: not 731", None, "secret: 55 after all"]
    assert {value["*on"] for value in kept} == {"2026-03-02"}


@pytest.mark.requirement("BL2")
def test_a_form_that_is_sealed_as_a_whole_leaves_no_page_even_when_it_is_not_done() -> None:
    world = in_memory()
    world.consented("Ann")
    blood = world.definition.forms["blood"]
    items = tuple(item for item in blood.items if item.id == "renin")
    sealed = blood.model_copy(update={"items": items, "blinding": Blinding.SEALED})
    amended(world, forms={**world.definition.forms, "blood": sealed})
    world.does("laboratory", "record", **BLOOD, visit="START", not_done={"*": "secret: the sample was too thick"})
    assert world.facts()[-1].kind == kinds.SEALED_KEPT
    assert world.person("Ann").pages == {}
    assert "secret" not in str(world.facts())


@pytest.mark.requirement("BL2")
def test_nobody_asks_in_the_open_about_what_is_sealed(world: World) -> None:
    world.consented("Ann")
    world.does("laboratory", "record", **BLOOD, visit="START", items={"potassium": "4", "renin": "731"})
    table = [("renin", "Renin is sealed"), ("potassium", "done"), (None, "done")]
    for item, answer in table:
        assert answer in world.says("monitor", "ask_query", **BLOOD, visit="START", item=item, text="Right?")


@pytest.mark.requirement("BL1", "BL2")
def test_whoever_may_know_the_treatments_writes_sealed_items_alone() -> None:
    """A pharmacist who enters a form cannot put an arm into an open item, a reason or a confirmation."""
    world = in_memory()
    world.consented("Ann")
    blood = world.definition.forms["blood"].model_copy(update={"entered_by": ("laboratory", "pharmacist")})
    plan = world.definition.blinding
    unblinded = plan.model_copy(update={"unblinded": (*plan.unblinded, "pharmacist")})
    amended(world, forms={**world.definition.forms, "blood": blood}, blinding=unblinded)
    pharmacist = Person("p20", "pharmacist", "Pia")
    table = [
        ({"items": {"potassium": "4"}}, "A pharmacist may know the treatments"),
        ({"items": {"potassium": "4", "renin": "1"}}, "A pharmacist may know the treatments"),
        ({"not_done": {"potassium": "arm T"}}, "A pharmacist may know the treatments"),
        ({"items": {"renin": "1"}}, "done"),
    ]
    for details, answer in table:
        try:
            number = world.numbers["Ann"]
            conduct.record(world.desk, participant=number, form="blood", visit="START", by=pharmacist, **details)
            said = "done"
        except Refused as refused:
            said = str(refused)
        assert answer in said


@pytest.mark.requirement("BL2")
def test_a_desk_keeps_no_sealed_value_in_its_memory() -> None:
    """Checks look back at the page before; what was sealed on it is gone."""
    world = in_memory()
    world.consented("Ann")
    blood = with_renin(world.definition)["blood"]
    check = (
        world.definition.forms["pressure"]
        .checks[2]
        .model_copy(update={"id": "moved", "item": "potassium", "when": "abs(potassium - prev(potassium)) > 2 mmol/L"})
    )
    amended(world, forms={**world.definition.forms, "blood": blood.model_copy(update={"checks": (check,)})})  # type: ignore[attr-defined]
    world.does("laboratory", "record", **BLOOD, visit="START", items={"potassium": "4", "renin": "731"})
    assert "731" not in str(world.desk.latest)
    world.does("laboratory", "record", **BLOOD, visit="WEEK8", items={"potassium": "9"}, confirmed={"potassium": "-"})
    assert [query.check for query in world.state.queries.values()] == ["moved"]
    assert CAST["laboratory"].id == world.facts()[-1].by


@pytest.mark.requirement("BL1", "AC2")
def test_who_has_opened_allocations_never_acts_in_a_blinded_role_again() -> None:
    """After the staged opening the statistician cannot come back as a data manager."""
    world = in_memory()
    world.randomised("Ann")
    world.page_of("Ann", "pressure", "WEEK8", HIGH)
    world.locked("week8")
    world.page_of("Ann", "pressure", "EXTRA.1", HIGH)
    question = {"participant": world.numbers["Ann"], "form": "pressure", "visit": "EXTRA.1", "text": "Right?"}
    world.does(
        "statistician", "unblind", stage="week8", keys=world.keys, with_="escrow holder", why="the first analysis"
    )
    assert "has opened allocations" in asked(world, "p09", question)
    assert asked(world, "p07", question) == "done"


def asked(world: World, person: str, details: dict[str, str]) -> str:
    """What this person is answered when asking a query as a data manager."""
    try:
        conduct.ask_query(world.desk, by=Person(person, "data_manager"), **details)
    except Refused as refused:
        return str(refused)
    return "done"
