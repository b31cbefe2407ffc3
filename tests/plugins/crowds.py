"""A trial with many participants who are ready to be randomised, made once and copied for every ride.

Its list is shorter than the rules allow (every stratum must have as many slots as the trial has places), so that it
can run out: the check of the list is passed over at the opening, and nothing else is.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from unittest import mock

from tests.plugins.draws import Listed
from tests.plugins.world import CAST, CountedChance, World, monday_morning
from tests.plugins.worlds import ANNEX, copied, holder_key, small_trial

from trialwright import conduct, design, store
from trialwright.allocation.slots import draw_up, sealed_list
from trialwright.conduct import Desk

LEVELS = ("none", "water")
"""What participants answer, in each stratum another thing."""


@dataclass(frozen=True)
class Crowd:
    """A trial folder on SQLite in which so many of the participants can be randomised (`places`). `listed` is the list,
    None where an allocator draws: then the trial is full where a list would be exhausted."""

    folder: Path
    places: int
    participants: tuple[str, ...]
    listed: Listed | None


def crowd(folder: Path, slots: int, surplus: int = 3) -> Crowd:
    """`slots` places and `slots + surplus` participants in each stratum: consented, screened and eligible, with a
    complete baseline."""
    from pyrage import x25519

    trial = small_trial()
    more = trial.randomisation.model_copy(update={"n": 4 * slots})
    definition = trial.model_copy(update={"randomisation": more})
    drawn_up = draw_up(ANNEX, design.strata(definition), slots, bytes(32))
    holder = str(x25519.Identity.from_str(holder_key()).to_public())
    people: list[str] = []

    def prepare(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
        vault.take_in(sealed_list(drawn_up, ANNEX, [holder]), "PRESS")
        clock = monday_morning()
        world = World(Desk(ledger, vault, clock, CountedChance()), clock, definition)
        with mock.patch("trialwright.conduct.opening._wrong_list"):
            people.extend(gathered(world, slots + surplus))

    store.create(folder, recipients={"holder": holder}, prepare=prepare)
    listed = {(slot.stratum, slot.position): slot.label for slot in drawn_up}
    return Crowd(folder, slots * len(LEVELS), tuple(people), listed)


def gathered(world: World, each: int) -> list[str]:
    """Open the trial of a world and bring so many participants of each level to the draw, through conduct."""
    conduct.open_trial(world.desk, world.definition, by=CAST["sponsor"])
    world.does("sponsor", "activate", site="NORTH")
    names = [(f"P{number} {drug}", drug) for number in range(each) for drug in LEVELS]
    return [world.numbers[world.eligible(name, drug=drug)] for name, drug in names]


Copy = Callable[[], Path]
"""Makes one more copy of the crowd's trial folder."""


@contextmanager
def sqlite_copies(crowd: Crowd, place: Path) -> Iterator[Copy]:
    """Copies on SQLite, each thrown away when the next one is made."""
    numbers = count()

    def copy() -> Path:
        shutil.rmtree(place, ignore_errors=True)
        target = place / f"ride-{next(numbers)}" / "trial"
        target.parent.mkdir(parents=True)
        return copied(crowd.folder, target)

    yield copy
    shutil.rmtree(place, ignore_errors=True)


@contextmanager
def postgresql_copies(crowd: Crowd, place: Path, server: str, template: str) -> Iterator[Copy]:
    """Copies on PostgreSQL, by the server itself from the database at `template`; each is dropped when the next one is
    made."""
    import psycopg
    from django.db import connections

    name = str(psycopg.conninfo.conninfo_to_dict(template)["dbname"])
    source = place / "template" / "trial"
    store.restore(crowd.folder, source, template)
    connections.close_all()
    numbers, ride = count(), f"{name}_ride"

    def drop() -> None:
        connections.close_all()
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{ride}" WITH (FORCE)')

    def copy() -> Path:
        drop()
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{ride}" TEMPLATE "{name}"')
        target = place / f"ride-{next(numbers)}" / "trial"
        target.parent.mkdir(parents=True)
        folder = copied_with_key(source, crowd.folder, target)
        settings = folder / "trialwright.toml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace(template, template.replace(name, ride)), encoding="utf-8")
        return folder

    yield copy
    drop()


def copied_with_key(source: Path, keyed: Path, target: Path) -> Path:
    """A copy of one folder with the signing key that lies beside another."""
    shutil.copytree(source, target)
    keys = keyed.with_name(keyed.name + ".keys")
    shutil.copytree(keys, target.with_name(target.name + ".keys"))
    return target
