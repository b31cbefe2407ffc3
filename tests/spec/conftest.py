"""The fixture `world`: the small trial open on a desk, in memory, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.spec.world import CAST, CountedChance, World, monday_morning

from trialwright import conduct, design
from trialwright.allocation.annex import Annex
from trialwright.allocation.slots import OpenSlot, draw_up
from trialwright.conduct import Desk
from trialwright.design.model import Definition
from trialwright.ledger.memory import MemoryLedger
from trialwright.ledger.ports import Ledger
from trialwright.ledger.vault import Vault
from trialwright.simulate.vault import MemoryVault

SMALL = Path(__file__).resolve().parents[1] / "trials" / "small"
ANNEX = Annex("PRESS", {"T": 1, "P": 1}, (2, 4), "00" * 32)


@cache
def small_trial() -> Definition:
    """The small trial of the tests."""
    return design.read(SMALL)


@cache
def allocation_list() -> tuple[OpenSlot, ...]:
    """Its list, from a seed of zeros: the same in every test."""
    definition = small_trial()
    return draw_up(ANNEX, design.strata(definition), definition.randomisation.n, bytes(32))


def opened(ledger: Ledger, vault: Vault, keys: tuple[str, ...] = ()) -> World:
    """The small trial open on this ledger and vault, both sites active."""
    clock = monday_morning()
    world = World(Desk(ledger, vault, clock, CountedChance()), clock, small_trial(), keys)
    conduct.open_trial(world.desk, small_trial(), by=CAST["sponsor"])
    for site in ("NORTH", "WEST"):
        world.does("sponsor", "activate", site=site)
    return world


def in_memory() -> World:
    """The small trial on a ledger in memory."""
    return opened(MemoryLedger(), MemoryVault(allocation_list(), ANNEX))


@pytest.fixture(params=["memory"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The small trial, open, on each kind of ledger: what a paragraph says holds on all of them."""
    yield in_memory()
