"""Several desks on one ledger, and acts that fail: what a desk believes is what the ledger holds."""

from collections.abc import Iterator

import pytest
from tests.plugins.world import CAST, HIGH, CountedChance, World, monday_morning
from tests.plugins.worlds import in_memory

from trialwright import conduct
from trialwright.conduct import Desk
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import replay


def beside(world: World) -> World:
    """Another desk on the same ledger and vault."""
    desk = Desk(world.desk.ledger, world.desk.vault, monday_morning(), CountedChance())
    return World(desk, monday_morning(), world.definition, numbers=world.numbers)


def test_two_desks_take_turns_and_agree_also_after_a_redaction_by_the_other() -> None:
    one = in_memory()
    two = beside(one)
    one.consented("Ann")
    two.page_of("Ann", "pressure", "FIRST", {"upper": "110", "lower": "90"})
    one.page_of("Ann", "pressure", "START", {"upper": "180", "lower": "95"})
    assert [query.check for query in one.state.queries.values()] == ["jump"]
    typed = one.page_of("Ann", "person", "FIRST", {"age": "50", "remark": "Mrs A. Example"})
    two.does("data manager", "redact", fact=typed.number, items=["remark"], why="a name was typed")
    two.page_of("Ann", "blood", "START", {"potassium": "4"})
    one.does("monitor", "close_query", query="Q1", text="seen")
    two.desk.catch_up()
    assert one.state == two.state == replay(one.facts())
    assert "Example" not in f"{one.state} {two.state} {one.desk.latest} {two.desk.latest}"


def test_a_failed_act_is_forgotten_although_another_desk_has_filled_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the failure the ledger is as long as before it, with the fact of somebody else at its end."""
    one = in_memory()
    two = beside(one)
    one.consented("Ann")
    recover = Desk.recover

    def later(desk: Desk) -> None:
        if desk is one.desk:
            two.page_of("Ann", "person", "FIRST", {"age": "50"})
        recover(desk)

    def broken(*details: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(Desk, "recover", later)
    monkeypatch.setattr("trialwright.ledger.memory.MemoryLedger.__exit__", failing(one))
    with pytest.raises(RuntimeError, match="full"):
        one.page_of("Ann", "pressure", "FIRST", HIGH)
    monkeypatch.undo()
    one.desk.catch_up()
    assert one.state == two.state == replay(two.facts())
    assert list(one.person("Ann").pages) == [("FIRST", "person", "")]


def failing(world: World):  # type: ignore[no-untyped-def]
    """An end of the transaction that fails for the first desk's page and undoes it."""
    from trialwright.ledger.memory import MemoryLedger

    end = MemoryLedger.__exit__
    done: list[bool] = []

    def fail(ledger: MemoryLedger, *failure: object) -> None:
        if not done:
            done.append(True)
            end(ledger, RuntimeError, None, None)
            raise RuntimeError("the disk is full")
        end(ledger, *failure)  # type: ignore[arg-type]

    return fail


def test_a_desk_that_cannot_read_after_a_failure_reads_everything_at_the_next_act(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = in_memory()
    world.consented("Ann")
    facts = world.desk.ledger.facts

    def unreachable(after: int = 0) -> Iterator[Fact]:
        raise OSError("the database is gone")

    monkeypatch.setattr("trialwright.ledger.memory.MemoryLedger.__exit__", failing(world))
    monkeypatch.setattr(world.desk.ledger, "facts", unreachable)
    with pytest.raises(OSError, match="gone"):
        conduct.record(
            world.desk,
            participant=world.numbers["Ann"],
            form="person",
            visit="FIRST",
            items={"age": "50"},
            by=CAST["nurse"],
        )
    monkeypatch.setattr(world.desk.ledger, "facts", facts)
    world.page_of("Ann", "pressure", "FIRST", HIGH)
    assert list(world.person("Ann").pages) == [("FIRST", "pressure", "")]
    assert world.state == replay(world.facts())
