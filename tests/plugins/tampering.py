"""A database administrator who means harm: gets past the triggers, changes what is kept, and puts the triggers back."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.plugins.acts import act, at, page, play, redaction

from trialwright import store
from trialwright.ledger.fact import Fact, payload_digest, seal_of
from trialwright.ledger.verify import COLUMNS, record

Run = Callable[..., list[tuple[Any, ...]]]
"""run(statement with %s, values) -> rows"""

SIGNED, FACTS = 27, 28
"""The tampered trial: 28 facts, the head signed at 27; fact 4 was redacted by fact 27."""


def small_trial(folder: Path) -> list[Fact]:
    """Play the script into a folder, redact, sign, and add one fact beyond the signed head."""
    ledger = store.open_ledger(folder)
    play(ledger)
    act(ledger, redaction(4, ["note"], {"weight": "71.50"}, 100), 4)
    ledger.sign()
    act(ledger, page({"weight": "73"}, 101))
    return list(ledger.facts())


@contextmanager
def administrator(folder: Path) -> Iterator[Run]:
    """A connection of one's own, without triggers; they are back at the end, as if nothing had happened."""
    address = store.read_folder(folder).address
    with _sqlite(folder) if address.startswith("sqlite") else _postgresql(address) as run:
        yield run


@contextmanager
def _sqlite(folder: Path) -> Iterator[Run]:
    with closing(sqlite3.connect(folder / "trial.sqlite3")) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")

        def run(statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
            return connection.execute(statement.replace("%s", "?"), tuple(values)).fetchall()

        yield run
        for _, text in triggers:
            connection.execute(text)
        connection.commit()


@contextmanager
def _postgresql(address: str) -> Iterator[Run]:
    import psycopg

    with psycopg.connect(address) as connection:
        tables = ("store_fact", "store_access", "store_slot", "store_sealedvalue", "store_list", "store_resealed")
        for table in tables:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")  # type: ignore[arg-type]

        def run(statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
            cursor = connection.execute(statement, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

        yield run
        for table in tables:
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")  # type: ignore[arg-type]


def put(run: Run, fact: Fact) -> None:
    """Insert a fact as it is."""
    names = ", ".join(f'"{column}"' for column in COLUMNS)
    run(f"INSERT INTO store_fact ({names}) VALUES ({', '.join(['%s'] * len(COLUMNS))})", record(fact))


def change(run: Run, number: int, **values: Any) -> None:
    """Change columns of a fact."""
    sets = ", ".join(f'"{column}" = %s' for column in values)
    run(f'UPDATE store_fact SET {sets} WHERE "number" = %s', (*values.values(), number))


def overwrite(run: Run, fact: Fact) -> None:
    """Put a fact in the place of the one with its number."""
    run('DELETE FROM store_fact WHERE "number" = %s', (fact.number,))
    put(run, fact)


def resealed(fact: Fact, **changes: Any) -> Fact:
    """The fact with other content, digest and seal made to fit: what a careful forger writes."""
    forged = fact._replace(**changes)
    if forged.payload is not None and forged.salt is not None:
        forged = forged._replace(digest=payload_digest(forged.salt, forged.payload))
    seal = seal_of(
        forged.number, forged.at, forged.by, forged.role, forged.kind, forged.participant, forged.visit, forged.form,
        forged.repeat, forged.why, forged.version, forged.digest, forged.previous,
    )  # fmt: skip
    return forged._replace(seal=seal)


def resealed_from(facts: Sequence[Fact], number: int, **changes: Any) -> list[Fact]:
    """The whole chain from a fact on, written anew."""
    chain = [resealed(facts[number - 1], **changes)]
    for fact in facts[number:]:
        chain.append(resealed(fact, previous=chain[-1].seal))
    return chain


EARLY = at(0)
"""An instant before everything but the first fact."""
