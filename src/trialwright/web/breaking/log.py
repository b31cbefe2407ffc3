"""The break host's own log: hash-chained, append-only, and the only place that says which arm was shown to whom.

SQLite with `synchronous=FULL`: an entry that was acknowledged outlives a power cut. Every entry holds 16 random bytes,
so that nobody can try the two arms against its seal, which the notice carries.
"""

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from trialwright.ledger.canonical import canonical, instant_text

FILE = "log.sqlite3"
GENESIS = "0" * 64
BUSY_SECONDS = 10

MADE, PERSON_ADDED, PERSON_LEFT, SLOTS_CHANGED = "made", "person added", "person left", "slots changed"
OPENED, DRILL, REFUSED = "opened", "drill", "refused"

TABLES = """
CREATE TABLE entry (number INTEGER PRIMARY KEY, body TEXT NOT NULL, seal TEXT NOT NULL);
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'an entry is never changed'); END;
CREATE TRIGGER entry_kept BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'an entry is never deleted'); END;
CREATE TABLE person (id TEXT PRIMARY KEY, name TEXT NOT NULL, site TEXT NOT NULL, salt BLOB NOT NULL,
    passphrase BLOB NOT NULL, secret BLOB NOT NULL, added_at TEXT NOT NULL, left_at TEXT,
    last_code INTEGER NOT NULL DEFAULT 0);
CREATE TABLE failure (person TEXT NOT NULL, at TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `said` is what it holds beside number, instant, kind, salt and the seal before it."""

    number: int
    at: str
    kind: str
    said: Mapping[str, Any]
    seal: str


def create(folder: Path) -> None:
    """Make the log of a new break host, readable to its own user alone."""
    path = folder / FILE
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(_connected(path)) as database:
        database.executescript(TABLES)


def _connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    # No write-ahead log: the file is small, and one file is what is backed up and what an inspector opens.
    database.execute("PRAGMA journal_mode=DELETE")
    database.execute("PRAGMA synchronous=FULL")
    return database


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection to look."""
    with closing(_connected(folder / FILE)) as database:
        yield database


@contextmanager
def writing(folder: Path) -> Iterator[sqlite3.Connection]:
    """One transaction: all of it is on the disk when the block ends, or nothing of it."""
    with closing(_connected(folder / FILE)) as database:
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
        except BaseException:
            database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")


def append(database: sqlite3.Connection, at: datetime, kind: str, said: Mapping[str, Any]) -> Entry:
    """Append an entry in this transaction. The instants never run backwards."""
    row = database.execute("SELECT number, body, seal FROM entry ORDER BY number DESC LIMIT 1").fetchone()
    number, previous, last = (row[0] + 1, row[2], orjson.loads(row[1])["at"]) if row else (1, GENESIS, "")
    instant = max(instant_text(at.astimezone(UTC)), last)
    content = {"number": str(number), "at": instant, "kind": kind, "previous": previous, "said": dict(said)}
    body = canonical({**content, "salt": secrets.token_hex(16)})
    seal = hashlib.sha256(body).hexdigest()
    database.execute("INSERT INTO entry VALUES (?, ?, ?)", (number, body.decode(), seal))
    return Entry(number, instant, kind, dict(said), seal)


def entries(database: sqlite3.Connection, *kinds: str) -> list[Entry]:
    """The entries of these kinds, or all of them, in order."""
    found = []
    for number, body, seal in database.execute("SELECT number, body, seal FROM entry ORDER BY number"):
        content = orjson.loads(body)
        if not kinds or content["kind"] in kinds:
            found.append(Entry(number, content["at"], content["kind"], content["said"], seal))
    return found


def problems(folder: Path) -> list[str]:
    """What is wrong with the chain, in sentences; empty where it holds. No sentence repeats what an entry says."""
    with reading(folder) as database:
        rows = database.execute("SELECT number, body, seal FROM entry ORDER BY number").fetchall()
        triggers = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    wrong = [f"the guard {name} was removed" for name in ("entry_kept", "entry_stays") if name not in triggers]
    previous = GENESIS
    for place, (number, body, seal) in enumerate(rows, start=1):
        content = orjson.loads(body)
        if number != place or content["number"] != str(number) or content["previous"] != previous:
            wrong.append(f"entry {number} does not follow the one before it")
        if hashlib.sha256(body.encode()).hexdigest() != seal:
            wrong.append(f"the seal of entry {number} does not fit what it says")
        previous = seal
    return wrong
