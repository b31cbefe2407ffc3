"""Backups: a trial folder copied while it is in use, and put back on either database.

A backup is a trial folder of its own on SQLite, whatever the trial runs on, so it can be verified and read like one.
Going back (`restore`) is the same copy the other way, so it is also the way from SQLite to PostgreSQL.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connections, transaction

from trialwright.ledger.ports import Broken
from trialwright.ledger.verify import Verification
from trialwright.store import check, opening, triggers
from trialwright.store.allocator_client import CONNECTED
from trialwright.store.folder import HEADS, SQLITE, TrialFolder, read_folder

TABLES = {
    "store_fact": "number",
    "store_access": "number",
    "store_page": "id",
    "store_list": "id",
    "store_slot": "id",
    "store_resealed": "id",
    "store_sealedvalue": "id",
}
"""Each table and the column of its order."""
AT_ONCE = 1000


class InsideTheTrial(ValueError):
    """A copy of a folder was to be made in that folder."""


def backup(folder: Path, target: Path) -> Verification:
    """Copy a trial folder to a new one, while others may write. Returns how the copy verifies; raises `Broken` where
    it does not, and then leaves no copy, and `InsideTheTrial` for a target in the folder itself."""
    trial = read_folder(folder)
    return _copied(trial, opening.alias(trial), Path(target), None)


def restore(source: Path, folder: Path, database: str | None = None) -> Verification:
    """Make a trial folder from a backup, on SQLite or on the PostgreSQL database named."""
    trial = read_folder(source)
    return _copied(trial, opening.alias(trial), Path(folder), database)


def _copied(trial: TrialFolder, source: str, target: Path, database: str | None) -> Verification:
    if trial.path in target.resolve().parents:
        raise InsideTheTrial(f"{target} lies inside {trial.path}; name a folder outside for the copy")
    # The heads first: a head that is newer than the facts would look as if facts had been cut off.
    heads = trial.heads.read_bytes() if trial.heads.exists() else b""

    def fill(place: TrialFolder, alias: str) -> None:
        _copy_tables(source, alias)
        (place.path / HEADS).write_bytes(heads)
        if (trial.path / CONNECTED).exists():
            shutil.copyfile(trial.path / CONNECTED, place.path / CONNECTED)
        for name in ("uploads", "report", "texts"):
            if (trial.path / name).is_dir():
                shutil.copytree(trial.path / name, place.path / name, dirs_exist_ok=True)
        found = check.verify_folder(place)
        if not found.ok:
            raise Broken(f"the copy does not verify and was not kept: {found}")

    opening.build(target.absolute(), trial, trial.signing_key, database or SQLITE, fill)
    copied = read_folder(target)
    return check.verify_folder(copied)


def _copy_tables(source: str, target: str) -> None:
    """Every row as it is, redacted payloads too, so the triggers of the new database stand aside for this once."""
    with _one_instant(source), connections[target].schema_editor() as editor:
        triggers.remove(editor)
        with connections[target].cursor() as cursor:
            for table, order in TABLES.items():
                for columns, rows in _rows(source, table, order):
                    names = ", ".join(f'"{column}"' for column in columns)
                    places = ", ".join(["%s"] * len(columns))
                    cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)
                if order == "id" and connections[target].vendor == "postgresql":
                    sequence = f"pg_get_serial_sequence('{table}', 'id')"
                    cursor.execute(f"SELECT setval({sequence}, MAX(id)) FROM {table} HAVING MAX(id) > 0")
        triggers.install(editor)


@contextmanager
def _one_instant(alias: str) -> Iterator[None]:
    """Read everything as it stood at one instant, however much is written meanwhile."""
    connection = connections[alias]
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        with transaction.atomic(using=alias), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
        return
    # A plain BEGIN, because this one only reads and must keep nobody from writing.
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _rows(alias: str, table: str, order: str) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
    """The columns and some rows at a time."""
    after = 0
    while True:
        with connections[alias].cursor() as cursor:
            cursor.execute(f'SELECT * FROM {table} WHERE "{order}" > %s ORDER BY "{order}" LIMIT {AT_ONCE}', (after,))
            columns = [entry[0] for entry in cursor.description]
            rows = cursor.fetchall()
        if not rows:
            return
        yield columns, rows
        after = rows[-1][columns.index(order)]
