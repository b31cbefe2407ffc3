"""The small trial with a laboratory part: open tests, one sealed one, a laboratory with reference ranges."""

import csv
import io
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.plugins.editing import edited
from tests.plugins.world import CAST, CountedChance, MovedClock, World, monday_morning
from tests.plugins.worlds import ANNEX, all_keys, allocation_list, holder_key

from trialwright import conduct, design
from trialwright.allocation.slots import sealed_list
from trialwright.conduct import Desk
from trialwright.conduct.import_results import Imported
from trialwright.design.model import Definition
from trialwright.ledger.memory import MemoryLedger
from trialwright.simulate.vault import MemoryVault

SECTION = """laboratory:
  src: invented
  late_after_days: 7
  around_visit_days: 2
  sex: person.sex
  age: person.age
  laboratories:
    CITY: {label: City laboratory}
    FAR: {label: Far laboratory}
  tests:
    K: {item: blood.potassium, codes: [potassium], units: [mmol/L, mg/dL], molar_mass: 39.0983}
    ALT: {item: blood.alt, units: [U/L, ukat/L], upper: alt_uln, multiples: true, grades: [1, 3, 5, 20]}
    CRP: {item: blood.crp, units: [mg/L]}
    RENIN: {item: blood.renin, codes: [renin mass], units: [ng/L, pg/mL]}
  ranges:
    - {laboratory: CITY, test: ALT, sex: M, high: 50, valid_from: 2026-01-01}
    - {laboratory: CITY, test: ALT, sex: F, to_age: 60, high: 0.5, unit: ukat/L, valid_from: 2026-01-01}
    - {laboratory: CITY, test: ALT, sex: F, from_age: 60, high: 40, valid_from: 2026-01-01, valid_to: 2026-03-01}
    - {laboratory: CITY, test: K, low: 3.5, high: 5.1, valid_from: 2026-01-01}
    - {laboratory: CITY, test: RENIN, low: 2, high: 30, valid_from: 2026-01-01}
"""
ITEMS = """      - {id: alt, type: decimal, label: Alanine transferase, unit: U/L, range: [0, 50000], warn: [3, 1000]}
      - {id: alt_uln, type: decimal, label: "Alanine transferase, upper limit", unit: U/L, range: [1, 500]}
      - {id: crp, type: decimal, label: C-reactive protein, unit: mg/L, range: [0, 1000], lloq: 1, below: crp_below}
      - {id: crp_below, type: boolean, label: C-reactive protein below the limit}
"""
EDITS = (
    ("      - {id: renin,", f"{ITEMS}      - {{id: renin,"),
    ("sites:\n  src: invented\n", f"{SECTION}sites:\n  src: invented\n"),
    ("blood: [START, WEEK8]", "blood: [START, WEEK8, EXTRA]"),
)
COLUMNS = ("sample", "participant", "visit", "test", "value", "unit", "taken")


@cache
def laboratory_trial() -> Definition:
    """The definition."""
    with TemporaryDirectory() as folder:
        return design.read(edited(Path(folder), *EDITS))


def laboratory_world() -> World:
    """The trial, open in memory, both sites active, with Ann (a woman of 50) and Bob (a man), seen on 2 March 2026."""
    clock = monday_morning()
    world = opened(Desk(MemoryLedger(), MemoryVault(allocation_list(), ANNEX), clock, CountedChance()), clock)
    return with_people(world)


def opened(desk: Desk, clock: MovedClock) -> World:
    """The trial, opened on a desk, both sites active."""
    world = World(desk, clock, laboratory_trial(), all_keys())
    conduct.open_trial(desk, laboratory_trial(), by=CAST["sponsor"])
    for site in ("NORTH", "WEST"):
        world.does("sponsor", "activate", site=site)
    return world


def in_a_folder(folder: Path) -> World:
    """The trial in a folder on SQLite, behind the sealed vault; nobody is in it yet."""
    from pyrage import x25519

    from trialwright import store

    holder = str(x25519.Identity.from_str(holder_key()).to_public())

    def prepare(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
        vault.take_in(sealed_list(allocation_list(), ANNEX, [holder]), "PRESS")
        clock = monday_morning()
        opened(Desk(ledger, vault, clock, CountedChance()), clock)

    store.create(folder, recipients={"pharmacist-1": holder}, prepare=prepare)
    clock = monday_morning()
    return World(store.open_desk(folder, clock, CountedChance()), clock, laboratory_trial(), all_keys())


def with_people(world: World) -> World:
    """The same with Ann and Bob in it."""
    for name, sex in (("Ann", "F"), ("Bob", "M")):
        world.seen(name, {"sex": sex})
        page = {"participant": name, "form": "pressure", "visit": "START", "items": {"upper": "150", "lower": "95"}}
        world.does("nurse", "record", **page, on="2026-03-02")
    return world


Rows = Sequence[Mapping[str, str]]


def result(world: World, name: str = "Ann", test: str = "K", value: str = "4.4", **more: str) -> dict[str, str]:
    """A row of a file: a sound result of the visit START."""
    unit = {"K": "mmol/L", "ALT": "U/L", "CRP": "mg/L", "RENIN": "ng/L"}.get(test, "1")
    row = {"sample": f"S-{name}", "participant": world.numbers.get(name, name), "visit": "START", "test": test}
    return {"laboratory": "CITY", **row, "value": value, "unit": unit, "taken": "2026-03-02", **more}


def as_csv(rows: Rows, columns: Sequence[str] = ()) -> bytes:
    """The rows as a file, under every column that one of them has."""
    names = list(dict.fromkeys([*columns, *COLUMNS, *(name for row in rows for name in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def taken_in(world: World, rows: Rows, **more: Any) -> Imported:
    """Hand a file with these rows in. Raises `Refused`."""
    return conduct.import_results(world.desk, content=as_csv(rows), by=CAST["laboratory"], **more)
