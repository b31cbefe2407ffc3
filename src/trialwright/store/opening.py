"""Create a trial folder, open its ledger, vault and desk, read it, verify it."""

import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connections

from trialwright.ledger.fact import EMPTY
from trialwright.ledger.heads import (
    ACCESS,
    TRIAL,
    append_head,
    new_signing_key,
    public_key,
    read_heads_file,
    signing_key,
)
from trialwright.ledger.ports import Broken
from trialwright.ledger.replay import State
from trialwright.ledger.snapshot import Snapshot
from trialwright.ledger.verify import Verification
from trialwright.store import check, pages
from trialwright.store.allocator_client import connected
from trialwright.store.databases import alias_of, forget
from trialwright.store.folder import SQLITE, NotATrial, TrialFolder, read_folder, sync, write_settings
from trialwright.store.ledger import DatabaseLedger, Signer
from trialwright.store.vault import SealedVault
from trialwright.store.world import ServerClock

SIGNING_KEY = "head-signing.pem"


class AlreadyThere(ValueError):
    """There is something already where a trial was to be created."""


def create(
    folder: Path,
    *,
    zone: str = "Europe/Amsterdam",
    database: str | None = None,
    recipients: Mapping[str, str] | None = None,
    keys: Path | None = None,
    prepare: Callable[[DatabaseLedger, SealedVault], None] | None = None,
    demonstration: bool = False,
) -> TrialFolder:
    """Make a trial folder, whole or not at all: it is built beside its place and moved there at the end.

    `database` is a PostgreSQL address, None for SQLite in the folder. `recipients` is role -> age public key. `keys`
    is a folder outside for the head-signing key, which is made when it is not there (default: `FOLDER.keys` beside).
    `demonstration` marks the folder as one whose keys and list this program made.
    `prepare(ledger, vault)` takes in the sealed list and opens the trial before the folder appears.
    """
    folder = Path(folder).absolute()
    require_room(folder)
    _known_zone(zone)
    made_here = not _keys_of(folder, keys).exists()
    private = _signing_key(folder, keys)
    public = public_key(signing_key(private.read_bytes()))
    settings = TrialFolder(folder, database or SQLITE, zone, public, "", dict(recipients or {}), demonstration)

    def fill(place: TrialFolder, alias: str) -> None:
        key = signing_key(private.read_bytes())
        for name in (TRIAL, ACCESS):
            append_head(place.heads, EMPTY, name, ServerClock().now(), key)
        if prepare is not None:
            ledger = DatabaseLedger(alias, TRIAL, _signer(place))
            prepare(ledger, SealedVault(ledger, place.recipients))
            ledger.sign()

    try:
        return build(folder, settings, private, settings.address, fill)
    except BaseException:
        if made_here:  # nothing was begun, so nothing is signed with it
            private.unlink()
            private.parent.rmdir()
        raise


def require_room(folder: Path) -> None:
    """Refuse a place that is taken."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise AlreadyThere(f"{folder} exists and is not empty; name a new folder")


def build(
    folder: Path, settings: TrialFolder, private: Path, address: str, fill: Callable[[TrialFolder, str], None]
) -> TrialFolder:
    """Make a folder with these settings beside its place, let `fill(place, alias)` furnish it, and move it there."""
    require_room(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    place = folder.parent / f".{folder.name}.{secrets.token_hex(4)}.new"
    place.mkdir(mode=0o750)  # nobody else on this machine reads ciphertexts; a group may, such as the pharmacy's
    trial = replace(settings, path=place, address=address, signs=_declared(private, folder))
    try:
        _furnish(trial, fill)
        os.rename(place, folder)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    sync(folder.parent)
    return read_folder(folder)


def _known_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise NotATrial(f"{zone!r} is no time zone; write one such as Europe/Amsterdam") from error


def _keys_of(folder: Path, keys: Path | None) -> Path:
    return Path(keys).absolute() if keys is not None else folder.parent / f"{folder.name}.keys"


def _signing_key(folder: Path, keys: Path | None) -> Path:
    """The private key's file, made when it is not there; never inside the trial folder."""
    keys = _keys_of(folder, keys)
    if keys == folder or folder in keys.parents:
        raise NotATrial("private keys never lie in the trial's folder; name a folder for them elsewhere")
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = keys / SIGNING_KEY
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(new_signing_key())
            file.flush()
            os.fsync(file.fileno())
        sync(keys)
    return path


def _declared(private: Path, folder: Path) -> str:
    """How the settings name the key: relative where it lies beside the folder, so that both can move together."""
    return os.path.relpath(private, folder) if folder.parent in private.parents else str(private)


def _furnish(trial: TrialFolder, fill: Callable[[TrialFolder, str], None]) -> None:
    """Everything that a trial folder holds."""
    trial.uploads.mkdir()
    trial.report.mkdir()
    write_settings(trial)
    alias = alias_of(trial.address, trial.path)
    try:
        _tables(alias)
        fill(trial, alias)
    finally:
        forget(alias, lasting=trial.address != SQLITE)
    sync(trial.path)


def _tables(alias: str) -> None:
    """Run the migrations on a database that holds no trial yet."""
    from django.core.management import call_command

    connection = connections[alias]
    if "store_fact" in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute("SELECT (SELECT COUNT(*) FROM store_fact), (SELECT COUNT(*) FROM store_slot)")
            facts, slots = cursor.fetchone()
        if facts or slots:
            raise AlreadyThere(f"this database holds a trial already ({facts} facts, {slots} slots); name an empty one")
    call_command("migrate", "store", database=alias, verbosity=0, interactive=False)


def _signer(trial: TrialFolder) -> Signer | None:
    """Who signs heads, or None where this process cannot reach the private key (another one signs then)."""
    try:
        key = signing_key(trial.signing_key.read_bytes())
    except OSError:
        return None
    if public_key(key) != trial.head_key:
        raise NotATrial(f"{trial.signing_key.name} is not the private half of this trial's head-signing key")
    return Signer(trial.heads, key, ServerClock().now)


def alias(trial: TrialFolder) -> str:
    """Django's alias of an existing trial's database. Raises `NotATrial` when its file is gone."""
    lost = check.lost_file(trial)
    if lost is not None:
        raise NotATrial(lost)
    return alias_of(trial.address, trial.path)


def open_ledger(folder: Path, chain: str = TRIAL) -> DatabaseLedger:
    """The ledger of a trial folder, verified. Raises `Broken`, with the first thing that is wrong, where it does not
    verify: such a ledger is never appended to."""
    trial = read_folder(folder)
    name = alias(trial)
    log = read_heads_file(trial.heads, trial.head_key)
    with check.as_it_is(name):
        found = check.chain(name, chain, log.of(chain))
    problems = [problem.sentence for problem in found.problems] + list(log.problems) + check.dropped(name)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise Broken(
            f"this ledger does not verify and is not appended to: {problems[0]}{more};"
            f" run trialwright ledger verify {folder}"
        )
    return DatabaseLedger(name, chain, _signer(trial), found.head)


def open_access(folder: Path) -> DatabaseLedger:
    """The second chain: who logged in, read sensitive data, exported, printed."""
    return open_ledger(folder, ACCESS)


def open_vault(folder: Path, ledger: DatabaseLedger) -> SealedVault:
    """The vault beside an open ledger."""
    return SealedVault(ledger, read_folder(folder).recipients, connected(folder))


def open_desk(folder: Path, clock: Any = None, chance: Any = None) -> Any:
    """`conduct.Desk` on a trial folder, with the server's clock and the system's chance."""
    from trialwright.conduct import Desk
    from trialwright.store.world import SystemChance

    ledger = open_ledger(folder)
    return Desk(ledger, open_vault(folder, ledger), clock or ServerClock(), chance or SystemChance())


def read_state(folder: Path) -> State:
    """The state of the trial as its facts give it."""
    return check.state_of(alias(read_folder(folder)))


def read_snapshot(folder: Path) -> Snapshot:
    """The trial as tables, at its head now."""
    ledger = DatabaseLedger(alias(read_folder(folder)))
    head = ledger.head()
    state = State()
    for fact in ledger.facts():
        if fact.number > head.number:
            break
        state.apply(fact)
    return Snapshot(state, head)


def verify(folder: Path, anchor: Path | None = None) -> Verification:
    """Verify a trial folder; `anchor` is a copy of its heads log that was kept elsewhere."""
    return check.verify_folder(read_folder(folder), anchor)


def rebuild(folder: Path) -> int:
    """Make the read models again from the facts; returns how many pages there are."""
    ledger = open_ledger(folder)
    with ledger.act(), connections[ledger.alias].cursor() as cursor:
        return pages.rebuild(cursor, check.state_of(ledger.alias))
