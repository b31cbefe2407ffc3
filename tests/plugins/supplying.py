"""A small trial whose treatment is weighed out and infused, and the acts of its pharmacy."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.plugins.editing import edited
from tests.plugins.world import CAST, HIGH, CountedChance, World, monday_morning
from tests.plugins.worlds import ANNEX, all_keys, allocation_list, in_escrow, public_key

from trialwright import conduct, design
from trialwright.allocation.slots import OpenSlot, sealed_list
from trialwright.conduct import Desk, Person
from trialwright.conduct.prepare import planned
from trialwright.conduct.release import day_text
from trialwright.design.model import Definition
from trialwright.ledger.canonical import instant_text
from trialwright.ledger.memory import MemoryLedger
from trialwright.ledger.ports import Ledger
from trialwright.ledger.vault import Vault
from trialwright.simulate.vault import MemoryVault

PHARMACIST = Person("p31", "pharmacist", "Pia Pharmacist")
EDITS = (
    ("blinded: [investigator, nurse, monitor, data_manager]\n  unblinded: [unblinded_pharmacist, ",
     "blinded: [investigator, nurse, monitor, data_manager]\n  unblinded: [pharmacist, "),
    ("unblinded_pharmacist: Pharmacist", "pharmacist: Pharmacist"),
    ("dose: 10 mg/d", "dose: 2 g/kg"),
    ("  events: {log: true", "  bag: [START, WEEK8]\n  events: {log: true"),
    ("  events:\n    label: Adverse", """  bag:
    label: Infusion
    repeat: day
    blinding: masked_for_assessors
    src: invented
    items:
      - {id: label, type: slot_label, label: Label on the bags, required: true}
      - {id: volume, type: decimal, label: Volume given, unit: mL}
  events:
    label: Adverse"""),
    ("sites:\n", """supply:
  prepared_by: pharmacist
  product: tablet
  placebo: placebo
  form: bag
  days: [2, 5]
  first_day: {visits: [START], at_most: 30 g}
  weight: {item: pressure.weight}
  rounding: {within: 5 %}
  vials: [1 g, 2.5 g, 5 g, 10 g, 20 g]
  concentration: 50 mg/mL
  bag: 500 mL
  in_use_life: 7 d
  second_check: true
  ready_at: ["10:00", "14:00"]
  src: invented
sites:
"""),
)  # fmt: skip


@cache
def infused_trial() -> Definition:
    """The small trial with infusions."""
    with TemporaryDirectory() as folder:
        return design.read(edited(Path(folder), *EDITS))


def opened(ledger: Ledger, vault: Vault) -> World:
    """The trial open on an empty ledger, at eight on a Monday morning (nine at the northern site)."""
    clock = monday_morning()
    world = World(Desk(ledger, vault, clock, CountedChance()), clock, infused_trial(), all_keys())
    conduct.open_trial(world.desk, infused_trial(), by=CAST["sponsor"])
    for site in ("NORTH", "WEST"):
        world.does("sponsor", "activate", site=site)
    return world


def in_memory(slots: Sequence[OpenSlot] | None = None) -> World:
    """The trial in memory, with a list of its own where one is given."""
    return opened(MemoryLedger(), MemoryVault(slots or allocation_list(), ANNEX))


def on_disk(folder: Path, slots: Sequence[OpenSlot] | None = None) -> World:
    """The trial in a folder on SQLite. The fixture's holder is both pharmacists' public key in the settings."""
    from trialwright import store

    public = public_key()

    def prepare(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
        vault.take_in(sealed_list(slots or allocation_list(), ANNEX, [public]), "PRESS", escrow=in_escrow())
        opened(ledger, vault)

    store.create(folder, recipients={"pharmacist-1": public}, prepare=prepare)
    clock = monday_morning()
    return World(store.open_desk(folder, clock, CountedChance()), clock, infused_trial(), all_keys())


def treated(world: World, name: str, weight: str = "70", **person: str) -> str:
    """Somebody who is randomised, with a weight."""
    world.seen(name, person)
    world.does("nurse", "screen", participant=name)
    world.page_of(name, "pressure", "START", {**HIGH, "weight": weight})
    world.does("nurse", "randomise", participant=name)
    return name


def prepared(world: World, name: str, visit: str = "START", days: int = 3, **changes: Any) -> dict[str, Any]:
    """What a pharmacist noted of a course: prepared now, opened with the key, as the client would."""
    person = world.person(name)
    plan = planned(world.desk.protocol(), person, visit, days)
    label = person.allocation.label if person.allocation else ""
    arm = world.desk.vault.opened([label], world.keys)[label]
    return {
        "reference": f"reference {name} {visit} {world.clock.now():%d}",
        "participant": person.id,
        "visit": visit,
        "day": day_text(range(1, days + 1)),
        "days": str(days),
        "label": label,
        "arm": arm,
        "product": {"T": "tablet", "P": "placebo"}[arm],
        "lots": lots_of(arm),
        "grams": "140",
        "volume_ml": str(plan.course.volume_ml),
        "bags": str(sum(len(day.bags) for day in plan.course.days)),
        "prepared_at": instant_text(world.clock.now()),
        "by": "Pia Pharmacist",
        "checked_by": "Sid Second",
        **changes,
    }


def lots_of(arm: str) -> list[Mapping[str, str]]:
    """Very different records for the two arms, so that a leak by length would show."""
    if arm == "P":
        return [{"product": "placebo", "lot": "S1", "size": "500 mL", "count": "6"}]
    return [
        {"product": "tablet", "lot": f"N{number:012}", "size": size, "count": str(number)}
        for number, size in enumerate(("1 g", "2.5 g", "5 g", "10 g", "20 g"), start=1)
    ]
