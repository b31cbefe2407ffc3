"""The fixture `world`: the small trial open on a desk, in memory, on SQLite and on PostgreSQL.

A database is made once per session, with the trial open on it, and copied for each paragraph.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from tests.plugins.world import CAST, CountedChance, MovedClock, World, monday_morning

from trialwright import conduct, design
from trialwright.allocation.annex import Annex
from trialwright.allocation.escrow import secret_length, to_escrow
from trialwright.allocation.methods import Blocks
from trialwright.allocation.slots import OpenSlot, draw_up, sealed_list
from trialwright.conduct import Desk
from trialwright.design.model import Definition
from trialwright.ledger.memory import MemoryLedger
from trialwright.ledger.ports import Ledger
from trialwright.ledger.vault import Vault
from trialwright.simulate.vault import MemoryVault

SMALL = Path(__file__).resolve().parents[1] / "trials" / "small"
ANNEX = Annex("PRESS", Blocks({"T": 1, "P": 1}, (2, 4)), "00" * 32)


@cache
def small_trial() -> Definition:
    """The small trial of the tests."""
    return design.read(SMALL)


@cache
def allocation_list() -> tuple[OpenSlot, ...]:
    """Its list, from a seed of zeros: the same in every test."""
    definition = small_trial()
    return draw_up(ANNEX, design.strata(definition), definition.randomisation.n, bytes(32))


def holder_key(holder: str = "holder") -> str:
    """The private key of the one person who may open every slot and every sealed value here, or of an escrow holder;
    made for this run."""
    return _made_key(holder)


@cache
def _made_key(holder: str) -> str:
    from pyrage import x25519

    return str(x25519.Identity.generate())


def public_key(holder: str = "holder") -> str:
    """Its public half."""
    from pyrage import x25519

    return str(x25519.Identity.from_str(holder_key(holder)).to_public())


def all_keys() -> tuple[str, str, str]:
    """The keys of the holder and of both escrow holders."""
    return holder_key("holder"), holder_key("escrow-1"), holder_key("escrow-2")


def in_escrow() -> tuple[bytes, bytes]:
    """The two shares of the small list's seed and annex."""
    return to_escrow(bytes(32), ANNEX, bytes(secret_length(ANNEX)), (public_key("escrow-1"), public_key("escrow-2")))


def opened(ledger: Ledger, vault: Vault, clock: MovedClock) -> World:
    """The small trial, opened on an empty ledger, both sites active."""
    world = World(Desk(ledger, vault, clock, CountedChance()), clock, small_trial(), all_keys())
    conduct.open_trial(world.desk, small_trial(), by=CAST["sponsor"])
    for site in ("NORTH", "WEST"):
        world.does("sponsor", "activate", site=site)
    return world


def in_memory() -> World:
    """The small trial on a ledger in memory."""
    return opened(MemoryLedger(), MemoryVault(allocation_list(), ANNEX), monday_morning())


def on_disk(folder: Path, database: str | None = None) -> Path:
    """A trial folder with the small trial open on SQLite, or on the PostgreSQL database at the address."""
    from trialwright import store

    holder = public_key()

    def prepare(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
        vault.take_in(sealed_list(allocation_list(), ANNEX, [holder]), "PRESS", escrow=in_escrow())
        opened(ledger, vault, monday_morning())

    store.create(folder, database=database, recipients={"holder": holder}, prepare=prepare)
    return folder


def reopened(folder: Path) -> World:
    """The world on a trial folder."""
    from trialwright import store

    clock = monday_morning()
    return World(store.open_desk(folder, clock, CountedChance()), clock, small_trial(), all_keys())


def copied(template: Path, place: Path) -> Path:
    """A copy of a trial folder and of the signing key beside it."""
    for suffix in ("", ".keys"):
        shutil.copytree(template.with_name(template.name + suffix), place.with_name(place.name + suffix))
    return place


@pytest.fixture(scope="session")
def sqlite_world(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], World]:
    """Opens a copy of the small trial on SQLite."""
    from django.db import connections

    template = on_disk(tmp_path_factory.mktemp("sqlite") / "trial")
    connections.close_all()
    return lambda place: reopened(copied(template, place))


@pytest.fixture(scope="session")
def postgresql_world(
    postgres: str, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Path], World]]:
    """Opens a copy of the small trial on PostgreSQL."""
    import psycopg
    from django.db import connections

    database = new_database()
    template = on_disk(tmp_path_factory.mktemp("postgresql") / "trial", database)
    connections.close_all()
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    copies = (f"{name}_copy_{number}" for number in count())
    made: list[str] = []

    def make(place: Path) -> World:
        made.append(next(copies))
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{made[-1]}" TEMPLATE "{name}"')
        folder = copied(template, place)
        settings = folder / "trialwright.toml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace(database, database.replace(str(name), made[-1])), encoding="utf-8")
        return reopened(folder)

    yield make
    connections.close_all()
    if "TRIALWRIGHT_TEST_PG" not in os.environ:
        return  # the cluster is our own and is thrown away whole
    with psycopg.connect(postgres, autocommit=True) as connection:
        for copy in made:
            connection.execute(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The small trial, open, on each kind of ledger: what a paragraph says holds on all of them."""
    if request.param == "memory":
        yield in_memory()
        return
    from django.db import connections

    yield request.getfixturevalue(f"{request.param}_world")(tmp_path / "trial")
    connections.close_all()
