"""Form pages saved per second, a commit each, with chain, triggers and read model; and facts verified per second.

The peer in the same run is a plain INSERT of the same page into a table without chain, trigger or read model, with a
commit each: the ratio says what the audit trail costs. PostgreSQL comes from `TRIALWRIGHT_TEST_PG`, else a temporary
cluster; absent, its rows are left out. The last row of a database is a whole rehearsed trial through conduct: every
verb, check and verdict, a commit each, sealed.
"""

import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from tests.plugins.acts import act, consent, page
from tests.plugins.databases import cluster, programs

from trialwright import store
from trialwright.store import check

TRIAL = Path(__file__).resolve().parent.parent / "trials" / "time-is-muscle"
PAGES = 2000
FACTS = 20_000
ITEMS = {f"item_{number}": str(number) for number in range(12)}
WANTED = {"sqlite": 200, "postgresql": 500}
PEER = "CREATE TABLE peer (participant TEXT, visit TEXT, form TEXT, repeat TEXT, body TEXT)"
INSERT = "INSERT INTO peer VALUES (%s, %s, %s, %s, %s)"


def main() -> list[dict[str, Any]]:
    """The table of both databases."""
    with tempfile.TemporaryDirectory() as folder:
        rows = _measured("sqlite", Path(folder) / "sqlite", None)
        rows.append(_rehearsed("sqlite", Path(folder) / "sqlite-trial", None))
        for server in _postgresql():
            rows += _measured("postgresql", Path(folder) / "postgresql", _database(server))
            rows.append(_rehearsed("postgresql", Path(folder) / "postgresql-trial", _database(server)))
    return rows


def _postgresql() -> Iterator[str]:
    given, where = os.environ.get("TRIALWRIGHT_TEST_PG"), programs()
    if given:
        yield given
    elif where is not None:
        yield from cluster(where)


def _database(server: str) -> str:
    """A new database on the server."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    name = f"tw_bench_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return "postgresql:///?" + urlencode({**conninfo_to_dict(server), "dbname": name}, quote_via=quote)


def _rehearsed(vendor: str, folder: Path, address: str | None) -> dict[str, Any]:
    import pyrage

    from trialwright import design, simulate
    from trialwright.allocation.slots import sealed_list
    from trialwright.conduct.catalogue import catalogue

    definition = design.read(TRIAL, catalogue())
    (cast,) = simulate.imagine(simulate.program(simulate.read(TRIAL), definition, None), 1, [0])
    key = pyrage.x25519.Identity.generate()
    public = str(key.to_public())
    sealed = sealed_list(cast.list.slots, cast.list.annex, [public])
    recipients = {"pharmacist-1": public}

    def prepare(_: store.DatabaseLedger, vault: store.SealedVault) -> None:
        vault.take_in(sealed, definition.id, purpose="test")

    store.create(folder, database=address, recipients=recipients, prepare=prepare)
    ledger = store.open_ledger(folder)
    began, cpu = time.perf_counter(), time.process_time()
    simulate.rehearse(cast, ledger=ledger, vault=store.open_vault(folder, ledger), keys=[str(key)])
    row = _row("fact through conduct", ledger.head().number, began, cpu)
    ledger.close()
    return {"database": vendor, **row, "wanted per second": WANTED[vendor]}


def _measured(vendor: str, folder: Path, address: str | None) -> list[dict[str, Any]]:
    from django.db import connections

    store.create(folder, database=address)
    ledger = store.open_ledger(folder)
    act(ledger, consent())
    with connections[ledger.alias].cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS peer")
        cursor.execute(PEER)

        def plain(number: int) -> None:
            cursor.execute(INSERT, ("AMC-001-K", f"V{number}", "vitals", "", str(ITEMS)))

        peer = _timed("plain INSERT", PAGES, plain)

    def save(number: int) -> None:
        act(ledger, page(ITEMS, 10, visit=f"V{number}"))

    saved = _timed("page saved", PAGES, save)
    with ledger.act():
        for number in range(FACTS - PAGES):
            ledger.append(page(ITEMS, 10, visit=f"W{number % 500}"))
    began, cpu = time.perf_counter(), time.process_time()
    found = check.chain(ledger.alias, "trial", ())
    verified = _row("fact verified", found.facts, began, cpu)
    assert found.ok
    ledger.close()
    connections.close_all()
    saved |= {"of plain": saved["per second"] / peer["per second"], "wanted per second": WANTED[vendor]}
    verified["wanted per second"] = 100_000
    return [{"database": vendor, **row} for row in (peer, saved, verified)]


def _timed(what: str, times: int, do: Callable[[int], None]) -> dict[str, Any]:
    began, cpu = time.perf_counter(), time.process_time()
    for number in range(times):
        do(number)
    return _row(what, times, began, cpu)


def _row(what: str, times: int, began: float, cpu: float) -> dict[str, Any]:
    wall, spent = time.perf_counter() - began, time.process_time() - cpu
    return {
        "what": what,
        "times": times,
        "per second": round(times / wall),
        "wall ms each": 1000 * wall / times,
        "CPU ms each": 1000 * spent / times,
    }
