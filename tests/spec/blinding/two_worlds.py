"""Worlds that are the same but for their allocations, and how they are compared.

Labels, order, nonces, salts, times and everybody's acts are equal. Only the arms on the list differ: swapped, and
dealt in turn so that other people share an arm. Seals, digests, leaves and roots follow from the arms and differ as
random tokens do; each gets the name of its fact or label, and where two are equal, both the first one's.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.plugins.world import CAST, CountedChance, World, monday_morning
from tests.plugins.worlds import ANNEX, SMALL, all_keys, allocation_list, holder_key, public_key, small_trial
from tests.spec.blinding.everything import BLINDED, Story, everything_trial, kits_of, played
from tests.spec.blinding.obtaining import (
    Obtained,
    of_postgresql,
    of_the_folder,
    of_the_ledger,
    of_the_pages,
    of_the_report,
    signatures,
)

from trialwright import conduct
from trialwright.allocation.annex import Annex
from trialwright.allocation.slots import OpenSlot, sealed_list
from trialwright.conduct import Desk
from trialwright.conduct.list_change import RESEAL, ListChange
from trialwright.ledger import kinds
from trialwright.ledger.memory import MemoryLedger
from trialwright.ledger.ports import Ledger
from trialwright.ledger.vault import Vault
from trialwright.simulate.vault import MemoryVault

Arranged = Callable[[Sequence[OpenSlot]], tuple[OpenSlot, ...]]


def as_drawn(slots: Sequence[OpenSlot]) -> tuple[OpenSlot, ...]:
    """The list as it is."""
    return tuple(slots)


def swapped(slots: Sequence[OpenSlot]) -> tuple[OpenSlot, ...]:
    """Everybody gets the other arm."""
    arms = sorted({slot.arm for slot in slots})
    return tuple(replace(slot, arm=arms[1 - arms.index(slot.arm)]) for slot in slots)


def in_turn(slots: Sequence[OpenSlot]) -> tuple[OpenSlot, ...]:
    """In every stratum first all slots of one arm, then those of the other, so that other people share an arm."""
    arms = {
        stratum: iter(sorted(slot.arm for slot in slots if slot.stratum == stratum))
        for stratum in {slot.stratum for slot in slots}
    }
    return tuple(replace(slot, arm=next(arms[slot.stratum])) for slot in slots)


WORLDS: dict[str, Arranged] = {"as drawn": as_drawn, "swapped": swapped, "in turn": in_turn}


# ---------------------------------------------------------------- playing


def _opened(ledger: Ledger, vault: Vault) -> World:
    clock = monday_morning()
    world = World(Desk(ledger, vault, clock, CountedChance()), clock, everything_trial(), all_keys())
    conduct.open_trial(world.desk, everything_trial(), by=CAST["sponsor"])
    for site in ("NORTH", "WEST"):
        world.does("sponsor", "activate", site=site)
    return world


def in_memory(arranged: Arranged) -> Story:
    """The trial, open in memory, with its list so arranged."""
    slots = arranged(allocation_list())
    return Story(_opened(MemoryLedger(), MemoryVault(slots, ANNEX)), kits_of(slots), arranged is not in_turn)


def on_disk(folder: Path, arranged: Arranged, database: str | None = None) -> Story:
    """The same on SQLite, or on an empty PostgreSQL database, behind the sealed vault, in a folder of the same name
    each time."""
    from pyrage import x25519

    from trialwright import store

    slots = arranged(allocation_list())
    holder = str(x25519.Identity.from_str(holder_key()).to_public())

    def prepare(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
        vault.take_in(sealed_list(slots, ANNEX, [holder]), "PRESS")
        _opened(ledger, vault)

    store.create(folder, database=database, recipients={"pharmacist-1": holder}, prepare=prepare)
    clock = monday_morning()
    desk = store.open_desk(folder, clock, CountedChance())
    return Story(World(desk, clock, everything_trial(), all_keys()), kits_of(slots), arranged is not in_turn)


@contextmanager
def listening() -> Iterator[list[str]]:
    """Every line that is logged meanwhile, whoever logs it."""
    lines: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.levelname} {record.name} {record.getMessage()}")

    ear, root = Ear(), logging.getLogger()
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        root.removeHandler(ear)
        root.setLevel(level)


# ---------------------------------------------------------------- comparing

TOKEN = re.compile(r"\b[0-9a-f]{12,}\b")


def tokens(ledger: Ledger, slots: Sequence[OpenSlot], annex: Annex = ANNEX) -> dict[str, str]:
    """The tokens that may differ between worlds, each with a name: seals and digests by the order in which they come,
    the leaf of a slot by its label (so that equal leaves would get unequal names), roots, and what commits to sealed
    words and records."""
    named: dict[str, str] = {}
    for fact in ledger.facts():
        named.setdefault(fact.digest, f"<digest {fact.number}>")
        named.setdefault(fact.seal, f"<seal {fact.number}>")
        said = fact.payload or {}
        if fact.kind == kinds.TRIAL_OPENED and said:
            named.setdefault(said["root"], "<root>")
        if fact.kind == kinds.KITS_LISTED:
            named.setdefault(said["root"], "<root of the kits>")
            named.setdefault(said["digest"], "<package of kits>")
        if said.get("change") == RESEAL:
            named.setdefault(said["digest"], "<slots sealed anew>")
        if fact.kind in (kinds.SUPPLY_SEALED, kinds.LABORATORY_IMPORTED):
            named.setdefault(said["commitment"], f"<commitment {fact.number}>")
    for slot in slots:
        named.setdefault(slot.leaf(annex.trial, annex.sha256), f"<leaf {slot.label}>")
    return named


def normalised(obtained: Mapping[str, str], named: Mapping[str, str]) -> Obtained:
    """The same with the tokens that may differ under their names; a page shows the first twelve characters of some."""
    short = {token[:12]: name for token, name in named.items()}

    def name(found: re.Match[str]) -> str:
        token = found[0]
        return named.get(token, token) if len(token) > 12 else short.get(token, token)

    return {TOKEN.sub(name, what): TOKEN.sub(name, text) for what, text in obtained.items()}


def differences(one: Obtained, other: Obtained) -> list[str]:
    """What differs between two worlds, by name; empty when nothing can be told from anything."""
    return sorted(what for what in one.keys() | other.keys() if one.get(what) != other.get(what))


# ---------------------------------------------------------------- what is obtained of a world


def obtained_in_memory(
    arranged: Arranged, folder: Path | None = None, roles: Sequence[str] = BLINDED, curious: Sequence[str] = ()
) -> Obtained:
    """Play the story in memory and take everything; the pages and the report too where there is a folder, the pages
    both before the lock and at the end, where the `curious` roles try everything."""
    with listening() as lines:
        story = in_memory(arranged)
        ledger, found = story.world.desk.ledger, Obtained()

        def look(when: str, more: Sequence[str] = ()) -> None:
            people = list(story.world.numbers.values())
            pages = of_the_pages(ledger, people, roles, story.world.clock.now(), more)
            found.update({f"{when} {name}": page for name, page in pages.items()})

        if folder is not None:
            story.looks = lambda _: look("before the lock,")
        played(story)
        if folder is not None:
            look("at the end,", curious)
            found |= of_the_report(ledger, folder, everything_trial())
        found |= of_the_ledger(ledger)
    found |= {f"answer {place}": answer for place, answer in enumerate(story.answers)}
    found["log"] = "\n".join(lines)
    return normalised(found, tokens(ledger, arranged(allocation_list())))


def obtained_on_disk(arranged: Arranged, folder: Path, database: str | None = None) -> Obtained:
    """Play the story behind the sealed vault, on SQLite or on an empty PostgreSQL database, and take the facts, the
    whole folder, every table, and every statement that the database was asked."""
    from django.db import connections

    from trialwright import store

    with listening() as lines:
        story = on_disk(folder, arranged, database)
        story.taken_in = lambda _: sealed_anew(story, folder)
        with statements(folder) as asked:
            played(story)
        ledger = story.world.desk.ledger
        found = of_the_ledger(ledger)
        named = tokens(ledger, arranged(allocation_list()))
        ledger.close()  # type: ignore[attr-defined]
        connections.close_all()
        found |= of_the_folder(folder)
        if database is not None:
            found |= of_postgresql(database)
    found |= {f"answer {place}": answer for place, answer in enumerate(story.answers)}
    found["log"], found["statements"] = "\n".join(lines), "\n".join(asked)
    if database is not None:
        found = {name: text.replace(database, "<database>") for name, text in found.items()}
    named |= signatures((folder / "heads.log").read_text(encoding="utf-8"))
    named[store.read_folder(folder).head_key] = "<signs heads>"
    return normalised(found, named)


def sealed_anew(story: Story, folder: Path) -> ListChange:
    """The slots sealed anew, to the same holder and one more, as they lie in a package beside the folder."""
    from trialwright.store import SealedVault
    from trialwright.store.list_changes import list_change, resealed

    holders = {"pharmacist-1": public_key(), "safety-unit": public_key("safety")}
    package = folder.with_name("anew.json")
    package.write_bytes(resealed(folder, [holder_key()], holders).content)
    vault = story.world.desk.vault
    assert isinstance(vault, SealedVault)
    return list_change(folder, package, vault)


@contextmanager
def statements(folder: Path) -> Iterator[list[str]]:
    """Every statement that the trial's database is asked meanwhile: work that differs by arm takes other time."""
    from django.db import connections

    from trialwright import store
    from trialwright.store.opening import alias

    asked: list[str] = []

    def hear(execute: Callable[..., object], sql: str, *more: object) -> object:
        asked.append(sql)
        return execute(sql, *more)

    with connections[alias(store.read_folder(folder))].execute_wrapper(hear):
        yield asked


def obtained_from_a_rehearsal(arranged: Arranged) -> Obtained:
    """Rehearse the small trial where the tablet does nothing, up to the opening after the last lock."""
    from trialwright import simulate

    program = simulate.program(simulate.read(SMALL), small_trial(), "idle")
    (cast,) = simulate.imagine(program, 1, [0])
    drawn = replace(cast.list, slots=arranged(cast.list.slots))
    done = simulate.rehearse(replace(cast, list=drawn))
    ledger = _before_the_opening(done.desk.ledger)
    named = tokens(ledger, drawn.slots, annex=drawn.annex)
    # Renin follows the tablet in every scenario; what commits to it is a random token.
    for fact in ledger.facts():
        if fact.kind == kinds.SEALED_KEPT and fact.payload:
            named.setdefault(fact.payload["commitment"], f"<commitment {fact.number}>")
    return normalised(of_the_ledger(ledger), named)


def _before_the_opening(ledger: Ledger) -> MemoryLedger:
    """The ledger without the final opening, which shows the arms on purpose."""
    kept = MemoryLedger()
    facts = list(ledger.facts())
    assert facts[-1].kind == kinds.TRIAL_UNBLINDED
    kept._facts = facts[:-1]
    kept._head = facts[-2].head
    return kept
