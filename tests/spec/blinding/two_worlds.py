"""Worlds that are the same but for their allocations, and everything that a blinded person can get of them.

Labels, order, nonces, salts, times and everybody's acts are equal. Only the arms on the list differ: swapped, and
dealt in turn so that other people share an arm. Seals, digests, leaves and roots follow from the arms and differ as
random tokens do; each gets the name of its fact or label, and where two are equal, both the first one's.
"""

import json
import logging
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.plugins.world import HIGH, World, monday_morning
from tests.plugins.worlds import ANNEX, SMALL, allocation_list, holder_key, opened, reopened, small_trial

from trialwright.allocation.annex import Annex
from trialwright.allocation.slots import OpenSlot, sealed_list
from trialwright.conduct import Refused
from trialwright.ledger import kinds
from trialwright.ledger.memory import MemoryLedger
from trialwright.ledger.ports import Ledger
from trialwright.ledger.snapshot import Snapshot
from trialwright.simulate.vault import MemoryVault

Obtained = dict[str, str]
"""What can be obtained, by name."""
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


def in_memory(arranged: Arranged) -> World:
    """The small trial, open in memory, with its list so arranged."""
    return opened(MemoryLedger(), MemoryVault(arranged(allocation_list()), ANNEX), monday_morning())


def on_disk(folder: Path, arranged: Arranged, database: str | None = None) -> World:
    """The same on SQLite, or on an empty PostgreSQL database, behind the sealed vault, in a folder of the same name
    each time."""
    from pyrage import x25519

    from trialwright import store

    holder = str(x25519.Identity.from_str(holder_key()).to_public())

    def prepare(ledger: store.DatabaseLedger, vault: store.SealedVault) -> None:
        vault.take_in(sealed_list(arranged(allocation_list()), ANNEX, [holder]), "PRESS")
        opened(ledger, vault, monday_morning())

    store.create(folder, database=database, recipients={"holder": holder}, prepare=prepare)
    return reopened(folder)


def played(world: World) -> list[str]:
    """The story up to the staged opening; returns every answer that somebody got: `done`, or a refusal to its last
    letter."""
    answers: list[str] = []

    def tries(who: str, verb: str, **details: Any) -> None:
        try:
            world.does(who, verb, **details)
            answers.append("done")
        except Refused as refused:
            answers.append(f"{refused!r} {refused.code} {refused.problems} {refused}")

    people = (("Ann", "none"), ("Bob", "water"), ("Cas", "none"), ("Dot", "none"))
    for name, drug in people:
        world.randomised(name, drug=drug)
        tries("nurse", "randomise", participant=name)
        world.clock.move(days=1)
    for name, _ in people:
        _followed(world, name, tries)
    world.eligible("Eva")
    tries("nurse", "stop_treatment", participant="Ann", reason="a rash")
    tries("investigator", "stop_treatment", participant="Ann", reason="a rash")
    for who in ("nurse", "data manager", "statistician", "escrow holder"):
        tries(who, "unblind", stage="week8", keys=world.keys, why="curious")
    tries("data manager", "lock", stage="week8", why="all seen")
    for query in list(world.state.queries):
        tries("nurse", "answer_query", query=query, text="Yes")
        tries("monitor", "close_query", query=query, text="Thank you")
    tries("investigator", "sign_off", stage="week8", site="NORTH")
    tries("data manager", "lock", stage="week8", why="all seen")
    for who in ("nurse", "escrow holder", "statistician"):
        tries(who, "unblind", stage="week8", keys=world.keys, with_="second escrow holder", why="the first analysis")
    tries("nurse", "randomise", participant="Eva")
    return answers


def _followed(world: World, name: str, tries: Callable[..., None]) -> None:
    """One participant from the draw to week 8."""
    blood = {"participant": name, "form": "blood"}
    tries("laboratory", "record", **blood, visit="START", items={"potassium": "4.4", "renin": "12"})
    tries("laboratory", "record", **blood, visit="WEEK8", items={"potassium": "44"})
    tries("laboratory", "record", **blood, visit="WEEK8", items={}, not_done={"renin": "too thick to run"})
    tries("laboratory", "record", **blood, visit="WEEK8", items={"renin": "915"}, why="first run was spoilt")
    tries("nurse", "record", participant=name, form="pressure", visit="WEEK8", items={"upper": "90", "lower": "95"})
    tries("nurse", "record", participant=name, form="pressure", visit="WEEK8", items=HIGH)
    page = world.page(name, "pressure", "WEEK8")
    change = {"participant": name, "form": "pressure", "visit": "WEEK8", "base": page.number, "why": "misread"}
    tries("nurse", "record", **change, items={"upper": "400"})
    tries("nurse", "record", **change, items={"upper": "230"}, confirmed={"upper": "twice", "wide": "twice"})
    tries("pharmacist", "record", **change, items={"upper": "150"})
    tries("nurse", "record", participant=name, form="events", repeat="+", items={"term": "cough", "worst": "1"})
    tries("monitor", "ask_query", participant=name, form="pressure", visit="WEEK8", text="Which side?")
    tries("investigator", "sign", participant=name, form="pressure", visit="WEEK8")


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


# ---------------------------------------------------------------- obtaining


def of_the_ledger(ledger: Ledger) -> Obtained:
    """Facts as they stand, the state and the snapshot that they give."""
    from trialwright.ledger.replay import replay

    facts = list(ledger.facts())
    state = replay(facts)
    snapshot = Snapshot(state, facts[-1].head)
    return {
        **{f"fact {fact.number}": repr(fact) for fact in facts},
        "state": repr(state),
        "snapshot": snapshot.hash,
        **{f"table {name}": repr(snapshot.form(name).columns) for name in snapshot.forms},
        "people": repr(snapshot.participants.columns),
    }


def of_the_folder(folder: Path) -> Obtained:
    """What a backup holds: files with their sizes, heads, and every table but what is encrypted in it."""
    from trialwright import store

    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    # A database's own size follows from the random length of age's headers; its tables are compared below.
    found = {
        f"file {path.relative_to(folder)}": "" if ".sqlite" in path.name else f"{path.stat().st_size}" for path in files
    }
    found["verified"] = str(store.verify(folder))
    found["heads"] = (folder / "heads.log").read_text(encoding="utf-8")
    for path in folder.glob("*.sqlite3"):
        found |= _tables(path)
    return found


SECRET = {"ciphertext", "annex"}
"""Columns that are encrypted anew each time; the length of what is sealed is compared."""


def _tables(path: Path) -> Obtained:
    found = {}
    with sqlite3.connect(path) as database:
        for name, sql in database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall():
            if name == "django_migrations":
                continue
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({name})")]
            rows = database.execute(f"SELECT * FROM {name}").fetchall()
            shown = [
                [
                    _sealed_length(value) if column in SECRET else value
                    for column, value in zip(columns, row, strict=True)
                ]
                for row in rows
            ]
            found[f"sqlite {name}"] = f"{sql}\n" + "\n".join(map(repr, shown))
    database.close()
    return found


def of_postgresql(address: str) -> Obtained:
    """Every table of a PostgreSQL database in the order in which its rows lie, but what is encrypted in it."""
    import psycopg

    found = {}
    with psycopg.connect(address) as database:
        names = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        for (name,) in names:
            if name == "django_migrations":
                continue
            rows = database.execute(f'SELECT * FROM "{name}"')  # type: ignore[arg-type]
            columns = [column.name for column in rows.description or ()]
            shown = [
                [
                    _sealed_length(bytes(value)) if column in SECRET and value is not None else value
                    for column, value in zip(columns, row, strict=True)
                ]
                for row in rows.fetchall()
            ]
            found[f"postgresql {name}"] = "\n".join(map(repr, shown))
    return found


def _sealed_length(ciphertext: bytes) -> int:
    """How long the sealed part of an age file is; its header has a random length (age's grease) on purpose."""
    return len(ciphertext.partition(b"\n--- ")[2].partition(b"\n")[2])


ROLES = ("investigator", "nurse", "monitor", "data_manager", "sponsor", "assessor", "laboratory")
ADDRESSES = ("/", "/overview", "/participants", "/participants/{}", "/participants/NORTH-099-X", "/nowhere?arm=T")


def of_the_pages(ledger: Ledger, participants: Sequence[str]) -> Obtained:
    """Every page for every blinded role: status, headers, body."""
    from django.test import Client

    from trialwright.web import running, sessions
    from trialwright.web.reading import Reading

    reading = Reading(ledger, lambda: monday_morning().now())
    found = {}
    for role in ROLES:
        link = sessions.Link(role)
        running.start(running.Running(reading, (link,)))
        client = Client()
        client.get(f"/enter/{link.token}")
        for address in ADDRESSES:
            for participant in participants if "{}" in address else [""]:
                where = address.format(participant)
                answer = client.get(where)
                body = re.sub(r'(name="csrfmiddlewaretoken" value=)"[^"]+"', r"\1", answer.content.decode())
                found[f"page {role} {where}"] = f"{answer.status_code} {dict(answer.headers)} {body}"
    return found


def of_the_report(ledger: Ledger, folder: Path) -> Obtained:
    """The blinded report, file by file."""
    from trialwright.ledger.replay import replay
    from trialwright.report import Context, report, write

    facts = list(ledger.facts())
    write(report(small_trial(), Snapshot(replay(facts), facts[-1].head), None, None, Context("")), folder)
    return {f"report {path.name}": path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.*"))}


# ---------------------------------------------------------------- comparing

TOKEN = re.compile(r"\b[0-9a-f]{12,}\b")


def tokens(ledger: Ledger, slots: Sequence[OpenSlot], annex: Annex = ANNEX) -> dict[str, str]:
    """The tokens that may differ between worlds, each with a name: seals and digests by the order in which they come,
    the leaf of a slot by its label (so that equal leaves would get unequal names), the root."""
    named: dict[str, str] = {}
    for fact in ledger.facts():
        named.setdefault(fact.digest, f"<digest {fact.number}>")
        named.setdefault(fact.seal, f"<seal {fact.number}>")
        if fact.kind == kinds.TRIAL_OPENED and fact.payload:
            named.setdefault(fact.payload["root"], "<root>")
    for slot in slots:
        named.setdefault(slot.leaf(annex.trial, annex.sha256), f"<leaf {slot.label}>")
    return named


def normalised(obtained: Mapping[str, str], named: Mapping[str, str]) -> Obtained:
    """The same with the tokens that may differ under their names; a page shows the first twelve characters of some."""
    short = {token[:12]: name for token, name in named.items()}

    def name(found: re.Match[str]) -> str:
        token = found[0]
        return named.get(token, token) if len(token) > 12 else short.get(token, token)

    return {what: TOKEN.sub(name, text) for what, text in obtained.items()}


def differences(one: Obtained, other: Obtained) -> list[str]:
    """What differs between two worlds, by name; empty when nothing can be told from anything."""
    return sorted(what for what in one.keys() | other.keys() if one.get(what) != other.get(what))


def obtained_in_memory(arranged: Arranged, folder: Path | None = None) -> Obtained:
    """Play the story in memory and take everything; the pages and the report too where there is a folder."""
    with listening() as lines:
        world = in_memory(arranged)
        answers = played(world)
        found = of_the_ledger(world.desk.ledger)
        if folder is not None:
            found |= of_the_pages(world.desk.ledger, list(world.numbers.values()))
            found |= of_the_report(world.desk.ledger, folder)
    found |= {f"answer {place}": answer for place, answer in enumerate(answers)}
    found["log"] = "\n".join(lines)
    return normalised(found, tokens(world.desk.ledger, arranged(allocation_list())))


def obtained_on_disk(arranged: Arranged, folder: Path, database: str | None = None) -> Obtained:
    """Play the story behind the sealed vault, on SQLite or on an empty PostgreSQL database, and take the facts, the
    whole folder and every table."""
    from django.db import connections

    with listening() as lines:
        world = on_disk(folder, arranged, database)
        answers = played(world)
        found = of_the_ledger(world.desk.ledger)
        named = tokens(world.desk.ledger, arranged(allocation_list()))
        world.desk.ledger.close()
        connections.close_all()
        found |= of_the_folder(folder)
        if database is not None:
            found |= of_postgresql(database)
            found = {name: text.replace(database, "<database>") for name, text in found.items()}
    found |= {f"answer {place}": answer for place, answer in enumerate(answers)}
    found["log"] = "\n".join(lines)
    heads = [json.loads(line) for line in (folder / "heads.log").read_text(encoding="utf-8").splitlines()]
    for place, head in enumerate(heads):
        named.setdefault(head["signature"], f"<signature {place}>")
        named.setdefault(head["previous"], f"<line {place}>")
    return normalised(found, named)


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
