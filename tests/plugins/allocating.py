"""The small trial, minimised by an allocator: its package, its allocator in a process of its own, its clinic."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path

from tests.plugins.randomising import ROOT
from tests.plugins.world import CAST, CountedChance, World, monday_morning
from tests.plugins.worlds import small_trial

from trialwright import conduct, store
from trialwright.allocation.annex import Annex
from trialwright.allocation.assumed import factors
from trialwright.allocation.ceremony import make_package, mask_length
from trialwright.allocation.keys import ALLOCATOR, ESCROW_HOLDERS, SLOT_HOLDERS, make_keys, private_key
from trialwright.allocation.methods import Minimisation
from trialwright.allocation.package import Package
from trialwright.allocation.seed_shares import Share, promised
from trialwright.conduct import Desk
from trialwright.design.model import Definition, Stratum
from trialwright.ledger.heads import new_signing_key, signing_key
from trialwright.store.allocator_folder import PUBLIC, connect, install

PROGRAM = "from trialwright.cli import main; main()"
Prepare = Callable[[store.DatabaseLedger, store.SealedVault], None]
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
PEOPLE = [("none", "44"), ("water", "44"), ("none", "70"), ("water", "70"), ("none", "44")]
"""Tablets before and age of those who come, again and again."""


@cache
def minimised(n: int) -> Definition:
    """The small trial, minimising over the tablets before and the age, for n participants."""
    trial = small_trial()
    age = Stratum(label="Age", item="person.age", map={"70": "older", "*": "younger"})
    plan = trial.randomisation.model_copy(
        update={"n": n, "method": "minimisation", "strata": {**trial.randomisation.strata, "age": age}}
    )
    return trial.model_copy(update={"randomisation": plan})


@dataclass(frozen=True)
class Allocated:
    """A trial folder that is connected to an allocator's, and the folder of all keys."""

    trial: Path
    allocator: Path
    keys: Path
    participants: tuple[str, ...]

    def key(self, role: str) -> str:
        """The private key of a role."""
        return private_key(self.keys / f"{role}.key")

    @property
    def escrow(self) -> list[str]:
        """The keys of both escrow holders."""
        return [self.key(role) for role in ESCROW_HOLDERS]


def packaged(
    definition: Definition,
    keys: Path,
    annex: Annex | None = None,
    secrets: tuple[bytes, bytes] = (b"\x07" * 32, b"\x09" * 32),
) -> Package:
    """The package of a ceremony whose shares everybody knows; the keys of all roles are made in `keys`."""
    recipients = make_keys(keys, keys.parent / "elsewhere", (*SLOT_HOLDERS, *ESCROW_HOLDERS, ALLOCATOR))
    if annex is None:
        method = Minimisation({"T": 1, "P": 1}, factors(definition), "variance", {"age": 2}, Fraction(4, 5))
        annex = Annex(definition.id, method, "5b" * 32, {"T": "The invented tablet", "P": "Placebo"})
    shares = Share("generator", "Gina", secrets[0]), Share("witness", "Will", secrets[1])
    signing = {share.part: signing_key(new_signing_key()) for share in shares}
    return make_package(
        definition,
        annex,
        shares=shares,
        promises=[promised(share, signing[share.part]) for share in shares],
        signing=signing,
        recipients=recipients,
        mask=b"\x5a" * mask_length(annex),
        made_on=date(2026, 2, 1),
    )


def installed(place: Path, package: Package, prepare: Prepare, database: str | None = None) -> tuple[Path, Path]:
    """A trial folder whose ledger and vault `prepare` has furnished, connected to the new folder of an allocator."""
    holders = {role: package.terms.recipients[role] for role in SLOT_HOLDERS}
    store.create(place / "trial", database=database, recipients=holders, prepare=prepare)
    key = place / "keys" / f"{ALLOCATOR}.key"
    install(package, place / "allocator", key, private_key(key), place / "a.socket", NOW)
    connect(place / "trial", place / "allocator" / PUBLIC)
    return place / "trial", place / "allocator"


def allocated(place: Path, n: int, database: str | None = None) -> Allocated:
    """The trial open with n participants who are ready to be randomised, and its allocator, not yet running."""
    place.mkdir(parents=True, exist_ok=True)
    definition = minimised(n)
    package = packaged(definition, place / "keys")
    people: list[str] = []

    def prepare(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
        vault.take_in(package.list, definition.id, kind=package.terms.kind, escrow=package.escrow)
        clock = monday_morning()
        world = World(Desk(ledger, vault, clock, CountedChance()), clock, definition)
        conduct.open_trial(world.desk, definition, by=CAST["sponsor"])
        world.does("sponsor", "activate", site="NORTH")
        for number in range(n):
            drug, age = PEOPLE[number % len(PEOPLE)]
            people.append(world.numbers[world.eligible(f"P{number}", drug=drug, age=age)])

    trial, allocator = installed(place, package, prepare, database)
    return Allocated(trial, allocator, place / "keys", tuple(people))


class Served:
    """An allocator in a process of its own, to be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.starts = 0
        self.process: subprocess.Popen[str] | None = None
        self.said: list[str] = []

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "allocation", "serve", str(self.folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "listening" in line, line + self.process.stdout.read()
        self.said.append(line)
        self.starts += 1

    def kill(self) -> None:
        """Kill -9."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.said.append(self.process.stdout.read())
        self.process.stdout.close()
        self.process = None


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """The allocator of a folder, while this lasts."""
    served = Served(folder)
    served.start()
    try:
        yield served
    finally:
        served.kill()
