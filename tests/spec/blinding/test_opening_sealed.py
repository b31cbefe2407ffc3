"""Sealed values are opened for the analysis once, after the final lock and the planned unblinding, by who has a key."""

from decimal import Decimal
from typing import Any

import pytest
from tests.plugins import laboratory
from tests.plugins.world import CAST, HIGH, World
from tests.plugins.worlds import in_memory, small_trial

from trialwright import conduct
from trialwright.analysis.observations import Observations
from trialwright.conduct import Refused
from trialwright.ledger import kinds
from trialwright.ledger.snapshot import Snapshot

BLOOD = {"form": "blood", "on": "2026-03-02"}


def told(world: World) -> None:
    """Two participants with renin, of which one value was corrected and one turned out to be none."""
    for name in ("Ann", "Bob"):
        world.randomised(name)
        world.page_of(name, "pressure", "WEEK8", HIGH)
        world.does(
            "laboratory", "record", participant=name, visit="START", items={"renin": "20", "potassium": "4"}, **BLOOD
        )
        world.does("laboratory", "record", participant=name, visit="WEEK8", items={"renin": "30.5"}, **BLOOD)
    again = {"participant": "Ann", "visit": "WEEK8", **BLOOD}
    world.does("laboratory", "record", **again, items={"renin": "44.7"}, why="the tubes were exchanged")
    again["participant"] = "Bob"
    world.does("laboratory", "record", **again, items={}, not_done={"renin": "haemolysed"}, why="haemolysed after all")
    for name in ("Ann", "Bob"):
        world.does("nurse", "complete", participant=name, on="2026-03-02")


def unblinded(world: World) -> None:
    """Both locks, and the planned unblinding."""
    world.locked("week8", "final")
    two = {"with_": "second escrow holder", "keys": world.keys}
    world.does("escrow holder", "unblind", stage="final", **two, why="the end of the trial")


def opens(world: World, who: str = "safety unit") -> tuple[Any, Any]:
    """What the person who opens is handed."""
    return conduct.open_sealed(world.desk, keys=world.keys, by=CAST[who], why="the planned analysis")


@pytest.mark.requirement("BL1", "BL2", "BL5")
def test_sealed_values_stay_closed_to_everybody_until_the_final_unblinding(world: World) -> None:
    told(world)
    people = (
        "nurse",
        "monitor",
        "data manager",
        "escrow holder",
        "statistician",
        "safety unit",
        "committee statistician",
    )
    may = {"statistician", "safety unit", "committee statistician"}
    details = {"keys": world.keys, "why": "the planned analysis"}

    def answers() -> list[str]:
        return [world.says(who, "open_sealed", **details) for who in people]

    def expected(able: str) -> list[tuple[str, str]]:
        return [(who, able if who in may else "may not open the sealed values") for who in people]

    for (who, answer), said in zip(expected("after the final lock"), answers(), strict=True):
        assert answer in said, who
    world.locked("week8")
    staged = {"stage": "week8", "keys": world.keys, "with_": "escrow holder", "why": "the first analysis"}
    world.does("statistician", "unblind", **staged)
    for (who, answer), said in zip(expected("after the final lock"), answers(), strict=True):
        assert answer in said, f"{who} after a staged opening"
    world.locked("final")
    for (who, answer), said in zip(expected("after the final lock"), answers(), strict=True):
        assert answer in said, f"{who} after the lock alone"
    two = {"with_": "second escrow holder", "keys": world.keys}
    world.does("escrow holder", "unblind", stage="final", **two, why="the end of the trial")
    for (who, answer), said in zip(expected("done"), answers(), strict=True):
        assert answer in said, f"{who} at the end"


@pytest.mark.requirement("BL2", "AT1")
def test_the_opening_is_a_fact_without_a_value_and_the_last_of_corrected_values_counts(world: World) -> None:
    told(world)
    unblinded(world)
    fact, opened = opens(world)
    assert (fact.kind, fact.role) == (kinds.SEALED_OPENED, "safety_unit")
    assert {name: fact.payload[name] for name in ("stage", "pages", "values")} == {
        "stage": "final",
        "pages": "4",
        "values": "6",
    }
    assert not [one for one in world.facts() if "44.7" in str(one.payload) or "haemolysed" in str(one.payload)]
    ann, bob = (opened[world.numbers[name]] for name in ("Ann", "Bob"))
    table = [
        (ann["START", "blood", ""], {"renin": "20"}, {}, 1),
        (ann["WEEK8", "blood", ""], {"renin": "44.7"}, {}, 2),
        (bob["START", "blood", ""], {"renin": "20"}, {}, 1),
        (bob["WEEK8", "blood", ""], {"renin": None}, {"renin": "haemolysed"}, 2),
    ]
    for page, items, not_done, kept in table:
        assert (page.items, page.not_done, len(page.kept), page.on) == (items, not_done, kept, "2026-03-02")


@pytest.mark.requirement("BL2")
def test_opened_values_stand_beside_the_open_ones_in_the_tables_and_leave_the_hash_alone(world: World) -> None:
    told(world)
    unblinded(world)
    closed = Snapshot(world.state, world.desk.ledger.head())
    opened = closed.with_opened(opens(world)[1])
    assert "renin" not in closed.form("blood").columns
    rows = [(row["visit"], row["potassium"], row["renin"]) for row in opened.form("blood").rows()]
    assert rows == [("START", "4", "20"), ("WEEK8", None, "44.7"), ("START", "4", "20"), ("WEEK8", None, None)]
    assert opened.hash == closed.hash
    for snapshot, numbers in ((closed, [None, None]), (opened, [20, Decimal("44.7")])):
        seen = Observations(small_trial(), snapshot)
        assert seen.numbers([world.numbers["Ann"]], ["START", "WEEK8"], "blood.renin") == numbers


@pytest.mark.requirement("BL2")
def test_the_memory_vault_and_the_sealed_vault_give_the_same_tables(world: World) -> None:
    """One story behind every vault; each is compared with the one in memory."""
    tables = []
    for one in (world, in_memory()):
        told(one)
        unblinded(one)
        snapshot = Snapshot(one.state, one.desk.ledger.head()).with_opened(opens(one)[1])
        tables.append((snapshot.hash, {name: dict(snapshot.form(name).columns) for name in snapshot.forms}))
    assert tables[0] == tables[1]


@pytest.mark.requirement("BL2")
@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_a_key_to_which_nothing_is_sealed_opens_nothing_and_leaves_no_fact(world: World) -> None:
    from tests.plugins.worlds import holder_key

    told(world)
    unblinded(world)
    before = world.desk.ledger.head()
    for keys in ((), (holder_key("escrow-1"),), (holder_key("stranger"),)):
        with pytest.raises(Refused, match="The sealed values were not opened"):
            conduct.open_sealed(world.desk, keys=keys, by=CAST["safety unit"], why="the planned analysis")
    with pytest.raises(Refused, match="reason"):
        conduct.open_sealed(world.desk, keys=world.keys, by=CAST["safety unit"], why=" ")
    assert world.desk.ledger.head() == before


@pytest.mark.requirement("BL2")
def test_who_has_opened_them_never_acts_in_a_blinded_role_again() -> None:
    world = in_memory()
    told(world)
    unblinded(world)
    opens(world, "committee statistician")
    assert CAST["committee statistician"].id in world.state.knowing


@pytest.mark.requirement("BL2", "AT1")
def test_what_a_laboratory_sent_sealed_is_opened_with_what_was_typed_in_the_order_of_the_facts() -> None:
    """A file, a correction by hand, another file: the last one counts, the first ones stay in the trail."""
    world = laboratory.laboratory_world()
    ann = {"participant": "Ann", "visit": "START", "form": "blood"}
    laboratory.taken_in(world, [laboratory.result(world), laboratory.result(world, test="RENIN", value="20")])
    base = world.page("Ann", "blood", "START").number
    world.does("laboratory", "record", **ann, items={"renin": "25"}, why="misread", base=base)
    laboratory.taken_in(world, [laboratory.result(world, "Bob", "RENIN", "31.5")])
    again = {"sample": "S-Ann-2", "taken": "2026-03-02"}
    laboratory.taken_in(world, [laboratory.result(world, test="RENIN", value="22.5", **again)], why="run again")
    for name in ("Ann", "Bob"):
        world.does("nurse", "withdraw_consent", participant=name, scopes=["trial"])
    world.locked("week8", "final")
    two = {"with_": "second escrow holder", "keys": world.keys}
    world.does("escrow holder", "unblind", stage="final", **two, why="the end of the trial")
    opened = opens(world)[1]
    pages = {name: opened[world.numbers[name]]["START", "blood", ""] for name in ("Ann", "Bob")}
    assert [float(pages[name].items["renin"] or 0) for name in ("Ann", "Bob")] == [22.5, 31.5]
    assert (len(pages["Ann"].kept), len(pages["Bob"].kept)) == (3, 1)
    snapshot = Snapshot(world.state, world.desk.ledger.head()).with_opened(opened)
    rows = {(row["participant"], row["potassium"]): row["renin"] for row in snapshot.form("blood").rows()}
    assert rows[world.numbers["Ann"], "4.4"] == pages["Ann"].items["renin"]
