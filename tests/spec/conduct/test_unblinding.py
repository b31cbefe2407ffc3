"""The allocations are opened after a lock, by two people together, with the keys of both escrow holders."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.plugins.tampering import administrator
from tests.plugins.world import CAST, HIGH, World
from tests.plugins.worlds import ANNEX, holder_key, public_key

from trialwright.allocation.escrow import secret_length, to_escrow
from trialwright.conduct import Refused, unblind

TWO = {"with_": "second escrow holder", "why": "the final analysis"}
"""The second person of a final opening."""


def finished(world: World, *stages: str) -> World:
    """Four participants who finished, and these locks."""
    for name, drug in (("Ann", "none"), ("Bob", "water"), ("Cas", "none"), ("Dot", "water")):
        world.randomised(name, drug=drug)
        world.page_of(name, "pressure", "WEEK8", HIGH)
        world.does("nurse", "complete", participant=name, on="2026-03-02")
    world.locked(*stages)
    return world


@pytest.mark.requirement("BL1", "AC6")
def test_nothing_is_opened_before_its_lock_or_by_others(world: World) -> None:
    """After a staged lock the firewall of that stage alone learns the arms, with an escrow holder beside it."""
    finished(world)
    how = {"keys": world.keys, "why": "analysis", "with_": "escrow holder"}
    assert "Lock week8 is not set" in world.says("statistician", "unblind", stage="week8", **how)
    world.locked("week8")
    table = [
        ("investigator", "week8", "An investigator may not unblind the trial"),
        ("sponsor", "week8", "A sponsor may not unblind the trial"),
        ("data manager", "week8", "A data manager may not unblind the trial"),
        ("second escrow holder", "week8", "After lock week8 only unblinded statistician may be unblinded"),
        ("statistician", "final", "Lock final is not set"),
        ("statistician", "week8", "done"),
    ]
    for who, stage, answer in table:
        assert answer in world.says(who, "unblind", stage=stage, **how)


@pytest.mark.requirement("BL2", "RN5")
def test_one_person_alone_opens_nothing(world: World) -> None:
    finished(world, "week8", "final")
    table = [
        ("escrow holder", None, "Two people open the allocations together; name the second one"),
        ("escrow holder", "escrow holder", "Esther Escrow is both people; the second one is somebody else"),
        ("escrow holder", "investigator", "An investigator may not unblind the trial"),
        ("escrow holder", "data manager", "A data manager may not unblind the trial"),
        ("escrow holder", "second escrow holder", "done"),
        ("statistician", "escrow holder", "done"),
    ]
    for who, second, answer in table:
        assert answer in world.says(who, "unblind", stage="final", keys=world.keys, with_=second, why="the end")


@pytest.mark.requirement("BL2", "BL5")
def test_a_staged_opening_leaves_no_arm_and_no_digest_of_the_arms_in_the_ledger(world: World) -> None:
    """Who opened, with whom, when and at which stage is kept. Forty-eight coin flips could be tried out against a
    digest."""
    finished(world, "week8")
    opened = world.does(
        "statistician", "unblind", stage="week8", keys=world.keys, with_="escrow holder", why="the analysis of week 8"
    )
    assert opened.by == "p09"
    assert opened.payload == {"stage": "week8", "with": "p10", "how": "escrow", "opened": "4", "assignments": {}}
    assert world.state.assignments == {}


@pytest.mark.requirement("BL5", "RN5")
def test_the_final_opening_says_who_had_what(world: World) -> None:
    """The same slots open to the same arms; the ledger's own copy is checked against them."""
    finished(world, "week8", "final")
    world.does("escrow holder", "unblind", stage="final", keys=world.keys, **TWO)
    arms = world.state.assignments
    assert set(arms) == {world.numbers[name] for name in ("Ann", "Bob", "Cas", "Dot")}
    assert set(arms.values()) <= {"T", "P"}
    labels = [world.person(name).allocation.label for name in ("Ann", "Bob", "Cas", "Dot")]
    again = world.desk.vault.whole(world.keys)
    assert [again[label] for label in labels] == [arms[world.numbers[name]] for name in ("Ann", "Bob", "Cas", "Dot")]


@pytest.mark.requirement("BL5", "AC2")
def test_both_people_know_from_then_on(world: World) -> None:
    """Neither of the two acts in a blinded role again."""
    finished(world, "week8", "final")
    world.does("escrow holder", "unblind", stage="final", keys=world.keys, **TWO)
    assert world.state.knowing == {"p10", "p12"}


@pytest.mark.requirement("BL1", "BL2")
def test_behind_a_firewall_stands_nobody_who_acted_in_a_blinded_role(world: World) -> None:
    """The name is looked up in the ledger, whatever role it claims now."""
    finished(world, "week8")
    nurse = replace(CAST["statistician"], id=CAST["nurse"].id, name="Noor Nurse")
    holder = CAST["escrow holder"]
    before = world.desk.ledger.head()
    for by, other in ((nurse, holder), (CAST["statistician"], replace(holder, id=CAST["investigator"].id))):
        with pytest.raises(Refused, match="which is blinded; after a staged lock somebody else opens"):
            unblind(world.desk, stage="week8", keys=world.keys, by=by, with_=other, why="the first analysis")
    assert world.desk.ledger.head() == before


# ------------------------------------------------------------------ behind a sealed vault


@pytest.mark.requirement("BL2", "RN5")
def test_both_shares_are_needed_and_the_right_ones(sqlite_world: Callable[[Path], World], tmp_path: Path) -> None:
    """One key, a stranger's, the key of somebody who opens every single slot: each is a sentence, nothing changes."""
    world = finished(sqlite_world(tmp_path / "trial"), "week8", "final")
    first, second = holder_key("escrow-1"), holder_key("escrow-2")
    table = [
        ((), "share 1 of the seed stays closed"),
        ((first,), "share 2 of the seed stays closed: the key of escrow holder 2 is not among those given"),
        ((second,), "share 1 of the seed stays closed: the key of escrow holder 1 is not among those given"),
        ((first, first), "share 2 of the seed stays closed"),
        ((first, holder_key("stranger")), "share 2 of the seed stays closed"),
        ((holder_key(),), "share 1 of the seed stays closed"),
        ((first, "no key"), "share 1 of the seed stays closed"),
        ((second, first), "done"),
    ]
    for keys, answer in table:
        assert answer in world.says("escrow holder", "unblind", stage="final", keys=keys, **TWO)


@pytest.mark.requirement("BL4", "RN5")
def test_where_a_share_is_lost_two_people_open_slot_by_slot(
    sqlite_world: Callable[[Path], World], tmp_path: Path
) -> None:
    """With the key of somebody to whom the slots are sealed; the fact says that it was so. An escrow key alone opens no
    slot."""
    world = finished(sqlite_world(tmp_path / "trial"), "week8", "final")
    lost = {"stage": "final", "escrow_lost": True}
    assert "Two people open" in world.says("escrow holder", "unblind", **lost, keys=(holder_key(),), why="fire")
    refused = world.says("escrow holder", "unblind", **lost, keys=(holder_key("escrow-1"),), **TWO)
    assert "The allocations were not opened: none of the keys given opens it" in refused
    fact = world.does("escrow holder", "unblind", **lost, keys=(holder_key(),), **TWO)
    assert fact.payload["how"] == "slots"
    assert world.state.assignments == fact.payload["assignments"]
    labels = {label: world.state.assignments[who] for label, who in world.state.labels.items()}
    assert world.desk.vault.whole(world.keys) == labels


@pytest.mark.requirement("BL2", "RN5")
def test_a_seed_that_does_not_give_the_committed_list_opens_nothing(
    sqlite_world: Callable[[Path], World], tmp_path: Path
) -> None:
    """Somebody exchanged the shares for those of a list of their own."""
    world = finished(sqlite_world(tmp_path / "trial"), "week8", "final")
    holders = (public_key("escrow-1"), public_key("escrow-2"))
    other = to_escrow(b"\1" * 32, ANNEX, bytes(secret_length(ANNEX)), holders)
    with administrator(tmp_path / "trial") as run:
        run("UPDATE store_list SET escrow_1 = %s, escrow_2 = %s", other)
    refused = world.says("escrow holder", "unblind", stage="final", keys=world.keys, **TWO)
    assert "The allocations were not opened: the seed in escrow does not give the list" in refused
    assert world.state.assignments == {}
