"""The folder of an allocator: what lies where, how it is made and read. It belongs to a user of its own, and lies
outside the trial's folder.

ALLOCATOR/allocator.json   which trial, root and annex hash, whose keys slots are sealed to, socket, where the key is
ALLOCATOR/allocator.age    seed and annex, sealed to the allocator's key (from the package of the ceremony)
ALLOCATOR/signs.pem        the key that signs its answers
ALLOCATOR/log.sqlite3      every draw with its arm, append-only, chained: whoever reads this file knows the allocation
ALLOCATOR/README.txt       says so
ALLOCATOR/public.json      what the clinic is given: socket and the public half of the signing key
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.db import connections

from trialwright.allocation.allocator import Allocator
from trialwright.allocation.escrow import WrongEscrow, answers_with, opened_secret, seed_commitment
from trialwright.allocation.keys import SLOT_HOLDERS, write_private
from trialwright.allocation.package import ALLOCATOR, Package
from trialwright.allocation.sealing import NotOpened
from trialwright.ledger.heads import public_key, signing_key
from trialwright.store import allocator_log as log
from trialwright.store.agreed import allocator_key
from trialwright.store.allocator_client import CONNECTED, Connected, read_public
from trialwright.store.folder import read_folder, sync
from trialwright.store.opening import alias

SETTINGS, SECRET, SIGNS, PUBLIC, README = "allocator.json", "allocator.age", "signs.pem", "public.json", "README.txt"
LONGEST_SOCKET = 100
"""Bytes of a socket's path; the system allows 107."""

WORDS = """The allocator of trial {trial}.

log.sqlite3 holds the treatment of every participant in plain words: whoever reads this folder knows the allocation.
It belongs to a user of its own. Nobody who enrols, treats, measures or analyses may read it, and no backup of the
clinic may hold it. Keep a backup of it with the people who hold the escrow.
"""


class NotAnAllocator(ValueError):
    """A folder that is no allocator, or one that cannot be made; the reason is the sentence."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `allocator.json` says. `holders` is role -> age public key of those to whom slots are sealed; `key` the
    path of the allocator's private key."""

    folder: Path
    trial: str
    root: str
    annex_sha256: str
    holders: Mapping[str, str]
    socket: Path
    key: Path
    public_key: str


def install(package: Package, folder: Path, key: Path, identity: str, socket: Path | None, now: datetime) -> Settings:
    """Make the folder of an allocator from the package of the ceremony. Seed and annex are opened once and held
    against what was committed. Raises `NotAnAllocator`."""
    terms = package.terms
    if terms.kind != ALLOCATOR or package.allocator is None:
        raise NotAnAllocator(f"this package is a sealed list ({terms.method}), which needs no allocator")
    if folder.exists() and any(folder.iterdir()):
        raise NotAnAllocator(f"{folder} exists and is not empty; name a new folder")
    place = (socket or folder.with_name(f"{folder.name}.socket")).absolute()
    if len(os.fsencode(place)) > LONGEST_SOCKET:
        raise NotAnAllocator(f"{place} is too long for a socket ({LONGEST_SOCKET} bytes); name a shorter --socket")
    _opened(package.allocator, identity, terms.root, terms.annex_sha256)
    answers = answers_with(opened_secret(package.allocator, identity)[0])
    public = public_key(answers)
    if public != terms.allocator_key:
        raise NotAnAllocator("the key under the answers is not the one that the signed terms name")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = answers.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    holders = {role: terms.recipients[role] for role in SLOT_HOLDERS}
    made = Settings(
        folder.resolve(), terms.trial, terms.root, terms.annex_sha256, holders, place, key.resolve(), public
    )
    write_private(folder / SIGNS, pem)
    write_private(folder / SECRET, package.allocator)
    write_private(folder / README, WORDS.format(trial=terms.trial).encode())
    shown = {"trial": terms.trial, "root": terms.root, "socket": str(place), "public_key": public}
    (folder / PUBLIC).write_text(json.dumps(shown, indent=1) + "\n", encoding="utf-8")
    log.create(folder, now, {"trial": terms.trial, "root": terms.root, "annex": terms.annex_sha256})
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(made).items()}
    write_private(folder / SETTINGS, json.dumps(plain, indent=1).encode() + b"\n")
    return made


def read_settings(folder: Path) -> Settings:
    """The settings in a folder. Raises `NotAnAllocator`."""
    path = folder / SETTINGS
    if not path.is_file():
        raise NotAnAllocator(
            f"{folder} is no allocator: it has no {SETTINGS}; make one with `trialwright allocation install`"
        )
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        paths = {name: Path(said.pop(name)) for name in ("socket", "key")}
        return Settings(**{**said, **paths, "folder": folder.resolve()})
    except (ValueError, KeyError, TypeError) as error:
        raise NotAnAllocator(f"{path} cannot be read: {error}") from error


def opened(settings: Settings, identity: str) -> Allocator:
    """Seed and annex, ready to draw, with the allocator's private key. Raises `NotAnAllocator`."""
    return _opened((settings.folder / SECRET).read_bytes(), identity, settings.root, settings.annex_sha256)


def signs(settings: Settings) -> Ed25519PrivateKey:
    """The key under the answers."""
    return signing_key((settings.folder / SIGNS).read_bytes())


def connect(trial: Path, public: Path) -> Connected:
    """Give a trial the public file of its allocator. Raises `NotAnAllocator` where the trial is run on a list, or on
    another seed."""
    try:
        found = read_public(public)
    except (OSError, ValueError) as error:
        raise NotAnAllocator(str(error)) from error
    with connections[alias(read_folder(trial))].cursor() as cursor:
        cursor.execute("SELECT root, trial, kind FROM store_list ORDER BY id LIMIT 1")
        row = cursor.fetchone()
    if row is None or row[2] != ALLOCATOR:
        raise NotAnAllocator(f"{trial} is run on a sealed list and needs no allocator")
    if (found.root, found.trial) != (row[0], row[1]):
        raise NotAnAllocator(f"this allocator draws from another seed than {trial} was opened with")
    if not is_of(found, alias(read_folder(trial))):
        raise NotAnAllocator(f"the answers of this allocator are signed by another key than {trial} was opened with")
    place = trial / f".{CONNECTED}.new"
    place.write_bytes(public.read_bytes())
    os.replace(place, trial / CONNECTED)
    sync(trial)
    return found


def is_of(found: Connected, name: str) -> bool:
    """Whether an allocator signs with the key that the signed terms of this trial name."""

    def rows(query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with connections[name].cursor() as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall())

    return allocator_key(rows) in (None, found.public_key)


def _opened(secret: bytes, identity: str, root: str, annex_sha256: str) -> Allocator:
    try:
        seed, annex = opened_secret(secret, identity)
    except (NotOpened, WrongEscrow) as error:
        raise NotAnAllocator(f"seed and annex stay closed: {error}") from error
    if seed_commitment(seed) != root or annex.sha256 != annex_sha256:
        raise NotAnAllocator("seed and annex are not the ones that were committed; draw nothing with them")
    return Allocator(annex, seed)
