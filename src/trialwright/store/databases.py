"""Where the databases are: addresses, Django's settings for them, and what a connection must know.

The same migrations serve SQLite (the embedded default: WAL, synchronous=FULL, one writer) and PostgreSQL. Several
trials can be open in one process: each address has its own alias.
"""

import hashlib
import os
import threading
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import django
from django.conf import settings as django_settings
from django.db import connections
from django.db.backends.signals import connection_created

SQLITE_BEGINS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA trusted_schema=ON"
"""FULL, because an acknowledged fact must outlive a power cut; secure_delete, because a redacted text must be gone."""

BUSY_SECONDS = 30
"""How long a writer waits for another process before it gives up."""

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ncpfs", "fuse.sshfs", "glusterfs", "fuse.glusterfs"}
    | {"ceph", "fuse.ceph", "lustre", "gpfs", "beegfs"}
)
"""File systems on which SQLite's locks cannot be trusted (sqlite.org/faq.html, question 5)."""


class BadAddress(ValueError):
    """A database address that cannot be used, with the reason in a sentence."""


def database(address: str, folder: Path) -> dict[str, Any]:
    """Django's settings for a database address: `sqlite:///FILE` (relative to the trial folder) or
    `postgresql://USER@HOST/NAME`. Raises `BadAddress`."""
    if address.startswith("sqlite:///"):
        path = folder / address.removeprefix("sqlite:///")
        require_local(path)
        options = {"transaction_mode": "IMMEDIATE", "timeout": BUSY_SECONDS, "init_command": SQLITE_BEGINS}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path.resolve()), "OPTIONS": options}
    if address.startswith(("postgresql://", "postgres://")):
        return _postgresql(address)
    raise BadAddress(
        f"{address!r} is no database address; write sqlite:///trial.sqlite3 or postgresql://USER@HOST/NAME"
    )


def _postgresql(address: str) -> dict[str, Any]:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = dict(conninfo_to_dict(address))
    except ProgrammingError as error:
        raise BadAddress(f"the database address cannot be read: {error}") from error
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "CONN_MAX_AGE": None,
        "OPTIONS": parts,
    }


def require_local(path: Path, mounts: str | None = None) -> None:
    """Refuse a database file on a network file system. `mounts` is the text of the system's mount table; systems
    without one are not checked."""
    if mounts is None:
        table = Path("/proc/self/mounts")
        mounts = table.read_text() if table.exists() else ""
    place, kind = "", ""
    target = str(path.resolve())
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(place):
            place, kind = point, fields[2]
    if kind in NETWORK_FILE_SYSTEMS:
        raise BadAddress(
            f"{path.name} would lie on a network file system ({kind} at {place}), where SQLite can lose data; "
            "use a local disk, or PostgreSQL"
        )


def settings(address: str, folder: Path) -> dict[str, Any]:
    """The least that Django must be told; the web application adds its own."""
    return {
        "INSTALLED_APPS": ["trialwright.store"],
        "DATABASES": {"default": database(address, folder)},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
    }


def _place(config: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(config.get(name, "")) for name in ("ENGINE", "NAME", "USER", "HOST", "PORT"))


def alias_of(address: str, folder: Path) -> str:
    """Django's alias for this database; the first call in a process without settings of its own configures Django."""
    if not django_settings.configured:
        django_settings.configure(**settings(address, folder))
        django.setup()
    config = database(address, folder)
    for alias, known in connections.settings.items():
        if _place(known) == _place(config):
            return str(alias)
    alias = "trial-" + hashlib.sha256("\n".join(_place(config)).encode()).hexdigest()[:16]
    connections.settings[alias] = connections.configure_settings({"default": config})["default"]
    return alias


def forget(alias: str, lasting: bool = False) -> None:
    """Close this thread's connection and, unless it is `lasting`, forget the address: its file is about to move."""
    connections[alias].close()
    if not lasting:
        del connections[alias]
        if alias != "default":
            connections.settings.pop(alias, None)


_WRITERS: dict[str, threading.Lock] = defaultdict(threading.Lock)
_GUARD = threading.Lock()


def writer(alias: str) -> threading.Lock:
    """The one writer's lock of a database in this process. Waiting here is fair; waiting in SQLite is a poll."""
    with _GUARD:
        return _WRITERS["\n".join(_place(connections.settings[alias])) + str(os.getpid())]


def _introduce(connection: Any, **_: Any) -> None:
    """Give an SQLite connection the two functions that its triggers ask. A tool without them cannot write."""
    connection.trialwright_actor = connection.trialwright_since = None
    if connection.vendor == "sqlite":
        for name in ("trialwright_actor", "trialwright_since"):
            connection.connection.create_function(name, 0, partial(getattr, connection, name, None))


connection_created.connect(_introduce, dispatch_uid="trialwright.store")
