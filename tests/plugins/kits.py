"""The small trial with numbered kits, opened in memory or in a folder, and a kit list for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

from tests.plugins.editing import edited
from tests.plugins.world import CAST, NORTH, CountedChance, World, monday_morning
from tests.plugins.worlds import ANNEX, all_keys, allocation_list, public_key

from trialwright import conduct, design
from trialwright.allocation.kits import KitOrder, Lot, OpenKit, SealedKits, draw_up_kits, package, sealed_kits
from trialwright.allocation.slots import OpenSlot
from trialwright.allocation.stream import Stream
from trialwright.cli.kits_client import Holder, dispense, shipment
from trialwright.conduct import Desk, Person
from trialwright.design.model import Definition
from trialwright.ledger import kits
from trialwright.ledger.fact import Fact
from trialwright.ledger.memory import MemoryLedger
from trialwright.simulate.vault import MemoryVault

SECTION = """kits:
  dispense: {START: 1, WEEK8: 1}
  lasts_days: 80
  margin_days: 7
  storage_celsius: [2, 25]
  resupply: {floor: 1, target: 3, lead_days: 3, interval_days: 7, shipment: 2}
  src: invented
"""
"""What the small trial's definition says when it ships kits."""

PHARMACIST = Person("k1", "pharmacist", "Pia Pharmacist", NORTH)
DEPOT = Person("k2", "depot", "Dan Depot")
QUALITY = Person("k3", "quality_assurance", "Qi Quality")
NURSE = CAST["nurse"]
MONITOR = CAST["monitor"]

SWAPPED = {"T": "P", "P": "T"}


def with_kits(folder: Path, *edits: tuple[str, str]) -> Path:
    """A copy of the small trial that ships kits, edited further."""
    return edited(folder, ("randomisation:\n", SECTION + "randomisation:\n"), *edits)


@cache
def kit_trial() -> Definition:
    """Its definition."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return design.read(with_kits(Path(folder)))


ORDER = KitOrder(
    "PRESS",
    (Lot("P", "LOT-77", date(2027, 6, 30), 20), Lot("T", "LOT-12", date(2027, 3, 31), 20)),
    ("P", "T"),
)
"""Forty kits: the placebo expires three months later than the tablet, which nobody may see."""


@cache
def open_kits() -> tuple[OpenKit, ...]:
    """They, from a seed of zeros."""
    return draw_up_kits(ORDER, bytes(32))


def swapped_kits(made: Sequence[OpenKit]) -> tuple[OpenKit, ...]:
    """The same numbers, each holding the other arm from the other lot."""
    lots = {lot.arm: (lot.lot, lot.expiry.isoformat()) for lot in ORDER.lots}
    found = []
    for kit in made:
        arm = SWAPPED[kit.arm]
        found.append(replace(kit, arm=arm, lot=lots[arm][0], expiry=lots[arm][1]))
    return tuple(found)


def swapped_slots(slots: Sequence[OpenSlot]) -> tuple[OpenSlot, ...]:
    """The same labels, each with the other arm."""
    return tuple(replace(slot, arm=SWAPPED[slot.arm]) for slot in slots)


@dataclass
class KitWorld:
    """The small trial with kits, its people, and who holds a key."""

    world: World
    holder: Holder
    sealed: SealedKits
    choices: int = 0

    @property
    def desk(self) -> Desk:
        """The desk."""
        return self.world.desk

    def draws(self):  # type: ignore[no-untyped-def]
        """Chance for one choice, the same in every run."""
        self.choices += 1
        return Stream(bytes(32)).draws(f"choice {self.choices}")

    def send(self, site: str = "NORTH") -> tuple[str, ...]:
        """What is to be sent to a site now, shipped and received at once."""
        numbers = shipment(self.holder, site, self.draws())
        if numbers:
            conduct.move_kits(self.desk, movement=kits.SHIP, numbers=numbers, place=site, by=DEPOT)
            nurse = NURSE if site == "NORTH" else CAST["western nurse"]
            conduct.receive_kits(self.desk, numbers=numbers, site=site, by=nurse)
        return numbers

    def handed(self, name: str, visit: str = "START", replaces: str = "", why: str | None = None) -> Fact:
        """Kits chosen and handed out by the pharmacist."""
        number = self.world.numbers[name]
        return dispense(
            self.holder,
            participant=number,
            visit=visit,
            by=PHARMACIST,
            draws=self.draws(),
            replaces=replaces,
            why=why,
        )

    def arm(self, name: str) -> str:
        """A participant's arm."""
        number = self.world.numbers[name]
        return self.holder.arms([number])[number]

    def held(self, number: str) -> OpenKit:
        """What a kit holds."""
        return self.holder.contents([number])[number]

    def status(self, number: str) -> str:
        """A kit's status."""
        return self.desk.state.kits[number].status


def opened(desk: Desk, world: World) -> None:
    """Open the trial and activate both sites."""
    conduct.open_trial(desk, kit_trial(), by=CAST["sponsor"])
    for site in ("NORTH", "WEST"):
        world.does("sponsor", "activate", site=site)


def kit_world(swapped: bool = False) -> KitWorld:
    """The trial open in memory, a kit list taken in and released at the depot."""
    slots = swapped_slots(allocation_list()) if swapped else allocation_list()
    made = swapped_kits(open_kits()) if swapped else open_kits()
    clock = monday_morning()
    desk = Desk(MemoryLedger(), MemoryVault(slots, ANNEX), clock, CountedChance())
    world = World(desk, clock, kit_trial(), all_keys())
    opened(desk, world)
    sealed = sealed_kits(made, ORDER, [public_key()])
    found = KitWorld(world, Holder(desk, {sealed.root: sealed}, all_keys()[:1]), sealed)
    conduct.list_kits(desk, package=package(sealed), by=DEPOT)
    conduct.move_kits(desk, movement=kits.RELEASE, numbers=sealed.numbers, place=kits.DEPOT, by=QUALITY)
    return found
