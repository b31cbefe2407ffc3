"""The databases that tests run on: SQLite in a folder, PostgreSQL from `TRIALWRIGHT_TEST_PG` or a cluster of one's own.

Without PostgreSQL its tests are skipped with the reason; `TRIALWRIGHT_REQUIRE=postgres` makes its absence a failure.
"""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from trialwright.ledger.memory import MemoryLedger
from trialwright.ledger.ports import Ledger


def _absent(reason: str) -> None:
    if "postgres" in os.environ.get("TRIALWRIGHT_REQUIRE", "").split(","):
        pytest.fail(f"PostgreSQL is required here, and {reason}")
    pytest.skip(reason)


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, the newest version first."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def _run(command: list[str], as_user: str | None) -> None:
    """Run a PostgreSQL program; as `postgres` when we are root, because it refuses to run as root."""
    if as_user is not None:
        command = ["runuser", "-u", as_user, "--", *command]
    subprocess.run(command, check=True, capture_output=True, cwd="/")


def cluster(where: Path, lasting: bool = True) -> Iterator[str]:
    """A temporary cluster that listens on a socket in its own folder only, stopped and removed at the end. One that is
    not `lasting` trusts the machine not to lose power, which no test can take away."""
    user = "postgres" if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="tw-pg-"))
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(home, entry.pw_uid, entry.pw_gid)
    data = home / "data"
    try:
        _run([str(where / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"], user)
        options = f"-c fsync={'on' if lasting else 'off'} -k {home} -c listen_addresses= -c max_connections=60"
        start = ["-D", str(data), "-w", "-l", str(home / "log"), "-o", options, "start"]
        _run([str(where / "pg_ctl"), *start], user)
        try:
            yield f"postgresql://postgres@/postgres?host={home}"
        finally:
            _run([str(where / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"], user)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server where tests may make databases."""
    given = os.environ.get("TRIALWRIGHT_TEST_PG")
    if given:
        yield given
        return
    where = programs()
    if where is None:
        _absent("no PostgreSQL was found (set TRIALWRIGHT_TEST_PG or install the server's programs)")
    assert where is not None
    yield from cluster(where, lasting=False)


@pytest.fixture(scope="session")
def new_database(postgres: str) -> Iterator[Callable[[], str]]:
    """Makes an empty database with each call and returns its address."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    made: list[str] = []

    def make() -> str:
        name = f"tw_{secrets.token_hex(6)}"
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        made.append(name)
        parts = conninfo_to_dict(postgres)
        return "postgresql:///?" + urlencode({**parts, "dbname": name}, quote_via=quote)

    yield make
    if not os.environ.get("TRIALWRIGHT_TEST_PG"):
        return  # they go with their cluster
    with psycopg.connect(postgres, autocommit=True) as connection:
        for name in made:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def quick_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: SQLite waits for the disk at every commit, and a test need not."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="tw-", dir=memory))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def vendor(request: pytest.FixtureRequest) -> str:
    """Both databases, one after the other."""
    return str(request.param)


@pytest.fixture
def new_trial(vendor: str, quick_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Path]]:
    """Makes a trial folder on the database under test with each call: `new_trial(**what store.create takes)`."""
    from django.db import connections

    from trialwright import store

    count = iter(range(1000))

    def make(**given: object) -> Path:
        folder = quick_path / f"trial-{next(count)}"
        if vendor == "postgresql":
            given["database"] = request.getfixturevalue("new_database")()
        store.create(folder, **given)  # type: ignore[arg-type]
        return folder

    yield make
    connections.close_all()


@pytest.fixture
def trial_folder(new_trial: Callable[..., Path]) -> Path:
    """An empty trial folder on the database under test."""
    return new_trial()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def any_ledger(request: pytest.FixtureRequest, quick_path: Path) -> Iterator[Ledger]:
    """An empty ledger of each kind: what holds for one must hold for all."""
    if request.param == "memory":
        yield MemoryLedger()
        return
    from django.db import connections

    from trialwright import store

    database = request.getfixturevalue("new_database")() if request.param == "postgresql" else None
    store.create(quick_path / "trial", database=database)
    ledger = store.open_ledger(quick_path / "trial")
    yield ledger
    ledger.close()
    connections.close_all()
