"""The allocator's own log: what it proposed and what it has seen kept, append-only and chained. It holds arms.

seal = SHA-256(frame(previous seal) ‖ frame(canonical [number, instant, kind]) ‖ frame(body)), the first on 64 zeros.

The log decides nothing that the ledger of the clinic has not decided; it remembers, so that a clinic that was set back
is noticed.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from trialwright.allocation.stream import framed
from trialwright.ledger.canonical import canonical, instant_text

FILE = "log.sqlite3"
MADE, STARTED, PROPOSED, KEPT, REFUSED = "made", "started", "proposed", "kept", "refused"
START = "0" * 64

TABLE = """CREATE TABLE entry (number INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
    seal TEXT NOT NULL)"""
GUARDS = tuple(
    f"CREATE TRIGGER entry_{act.lower()} BEFORE {act} ON entry BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
    for act in ("UPDATE", "DELETE")
)


class BrokenLog(Exception):
    """The log was changed, cut inside or reordered; nothing is drawn on it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    number: int
    at: str
    kind: str
    body: Mapping[str, Any]
    seal: str


def create(folder: Path, now: datetime, about: Mapping[str, Any]) -> None:
    """A new log, for its owner's eyes alone."""
    (folder / FILE).touch(mode=0o600, exist_ok=False)
    with writing(folder) as database:
        for statement in (TABLE, *GUARDS):
            database.execute(statement)
        append(database, now, MADE, about)


@contextmanager
def writing(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection; what is appended is on disk when this ends, whole or not at all."""
    database = sqlite3.connect(folder / FILE, isolation_level=None, timeout=30)
    try:
        database.execute("PRAGMA synchronous=FULL")
        database.execute("BEGIN IMMEDIATE")
        yield database
        database.execute("COMMIT")
    finally:
        database.close()


def append(database: sqlite3.Connection, now: datetime, kind: str, body: Mapping[str, Any]) -> None:
    """One more entry, inside `writing`."""
    row = database.execute("SELECT number, seal FROM entry ORDER BY number DESC LIMIT 1").fetchone()
    number, previous = (row[0] + 1, row[1]) if row else (1, START)
    at, text = instant_text(now), canonical(body).decode()
    seal = _seal(previous, number, at, kind, text)
    database.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", (number, at, kind, text, seal))


def entries(folder: Path) -> list[Entry]:
    """The whole log, verified. Raises `BrokenLog`."""
    if not (folder / FILE).is_file():
        raise BrokenLog(f"{FILE} is missing; restore it from its backup")
    # Not read-only: a process that was killed may have left a journal, and SQLite has to roll it back before it reads.
    database = sqlite3.connect(f"file:{folder / FILE}?mode=rw", uri=True, timeout=30)
    try:
        rows = database.execute("SELECT number, at, kind, body, seal FROM entry ORDER BY number").fetchall()
    except sqlite3.DatabaseError as error:
        raise BrokenLog(f"{FILE} cannot be read: {error}") from error
    finally:
        database.close()
    previous, found = START, []
    for expected, (number, at, kind, text, seal) in enumerate(rows, start=1):
        if number != expected or seal != _seal(previous, number, at, kind, text):
            raise BrokenLog(f"entry {expected} of the allocator's log is not as it was written; draw nothing")
        previous = seal
        found.append(Entry(number, at, kind, orjson.loads(text), seal))
    if not found:
        raise BrokenLog("the allocator's log is empty; restore it from its backup")
    return found


def _seal(previous: str, number: int, at: str, kind: str, text: str) -> str:
    return hashlib.sha256(framed(previous.encode(), canonical([number, at, kind]), text.encode())).hexdigest()
