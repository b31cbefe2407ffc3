"""The folder of a break host: what lies where, how it is made, and how it is read. It lies outside the trial's folder.

BREAK/break-host.json   which trial, its telephone, its arms in words, where the key is
BREAK/slots.json        every sealed slot in the order of the labels, so that the order of the draws is not here
BREAK/log.sqlite3       the log with the arms that were shown, and the people
BREAK/notices.pem       the key that signs notices; notices.pub is for the clinic
BREAK/outbox/           notices without the arm
BREAK/drills/           reports of the yearly drill
"""

import json
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

import orjson

from trialwright.allocation.check_digits import pure_check_character
from trialwright.allocation.held import HeldSlot, open_held
from trialwright.allocation.keys import public_of
from trialwright.allocation.sealing import NotOpened, sealed
from trialwright.allocation.slots import LABEL_LENGTH, LABEL_LETTERS, OpenSlot, WrongSlot
from trialwright.ledger.heads import new_signing_key, public_key, signing_key
from trialwright.web.breaking import log

SETTINGS, SLOTS, SIGNS, SIGNED_BY = "break-host.json", "slots.json", "notices.pem", "notices.pub"
OUTBOX, DRILLS = "outbox", "drills"
DRILL_ARM = "DRILL"
DRILL_WORDS = "DRILL: this label belongs to no participant"
PADDED = 1024


class NotAHost(ValueError):
    """A folder that is no break host, or one that cannot be made; the reason is the sentence."""


@dataclass(frozen=True, slots=True)
class Arm:
    """An arm in words: its label, and each of its products as (what it is, its role)."""

    label: str
    gives: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Host:
    """What `break-host.json` says. `id` begins every reference. `drill` is the label that belongs to nobody. `key` is
    the path of the private key. `hosts` are the names under which its page may be asked for."""

    folder: Path
    id: str
    trial: str
    title: str
    telephone: str
    key: Path
    drill: str
    roots: tuple[str, ...]
    arms: Mapping[str, Arm] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    zone: str = "UTC"

    @property
    def outbox(self) -> Path:
        """Where notices wait for the clinic."""
        return self.folder / OUTBOX


@dataclass(frozen=True, slots=True)
class About:
    """What a new break host is told of its trial; all of it is known to everybody."""

    trial: str
    title: str
    telephone: str
    arms: Mapping[str, Arm]
    hosts: tuple[str, ...] = ()
    zone: str = "UTC"


def make(
    folder: Path, about: About, slots: Sequence[HeldSlot], roots: Sequence[str], key: Path, identity: str, now: datetime
) -> Host:
    """Make a break host. Every slot is opened once and compared with its leaf, so that a wrong key or list is found now
    and not at night. Raises `NotAHost`."""
    if folder.exists() and any(folder.iterdir()):
        raise NotAHost(f"{folder} exists and is not empty; name a new folder")
    if not about.telephone.strip():
        raise NotAHost("name the 24-hour telephone; it stands on every page")
    require_opens(slots, identity, about.trial)
    drill = _drill_slot(about.trial, identity, {slot.label for slot in slots})
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (OUTBOX, DRILLS):
        (folder / name).mkdir()
    host = Host(
        folder, f"BH{secrets.token_hex(3).upper()}", about.trial, about.title, about.telephone, key.resolve(),
        drill.label, tuple(roots), about.arms, about.hosts, about.zone,
    )  # fmt: skip
    pem = new_signing_key()
    _write(folder / SIGNS, pem, 0o600)
    _write(folder / SIGNED_BY, public_key(signing_key(pem)).encode() + b"\n", 0o644)
    write_slots(folder, [*slots, drill])
    log.create(folder)
    with log.writing(folder) as database:
        said = {"host": host.id, "trial": about.trial, "slots": str(len(slots)), "roots": list(roots)}
        log.append(database, now, log.MADE, said)
    _write(folder / SETTINGS, orjson.dumps(_plain(host), option=orjson.OPT_INDENT_2) + b"\n", 0o600)
    return host


def take_slots(host: Host, slots: Sequence[HeldSlot], roots: Sequence[str], identity: str, now: datetime) -> int:
    """Take in an extension, slots that were sealed anew, or what an allocator drew; returns how many are held now. A
    label never changes its leaf. Raises `NotAHost`."""
    held = read_slots(host.folder)
    changed = [slot.label for slot in slots if slot.label in held and held[slot.label].leaf != slot.leaf]
    if changed:
        raise NotAHost(
            f"label {changed[0]} has another leaf than before; this is not the same list, nothing is taken in"
        )
    require_opens(slots, identity, host.trial)
    held.update({slot.label: slot for slot in slots})
    write_slots(host.folder, list(held.values()))
    with log.writing(host.folder) as database:
        log.append(database, now, log.SLOTS_CHANGED, {"slots": str(len(held) - 1), "roots": list(roots)})
    return len(held) - 1


def read_host(folder: Path) -> Host:
    """The break host in a folder. Raises `NotAHost`."""
    path = folder / SETTINGS
    if not path.is_file():
        raise NotAHost(f"{folder} is no break host: it has no {SETTINGS}; make one with `trialwright break-host make`")
    try:
        found = orjson.loads(path.read_bytes())
        arms = {arm: Arm(said["label"], tuple(map(tuple, said["gives"]))) for arm, said in found.pop("arms").items()}
        key, roots, hosts = Path(found.pop("key")), tuple(found.pop("roots")), tuple(found.pop("hosts"))
        return Host(folder=folder.resolve(), key=key, roots=roots, hosts=hosts, arms=arms, **found)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotAHost(
            f"{path} cannot be read; put it back from the backup, and use the envelopes meanwhile"
        ) from error


def _plain(host: Host) -> dict[str, object]:
    content = asdict(host)
    del content["folder"]
    return {**content, "key": str(host.key)}


def read_slots(folder: Path) -> dict[str, HeldSlot]:
    """Label -> slot, the drill's among them."""
    try:
        rows = orjson.loads((folder / SLOTS).read_bytes())
        return {row[0]: HeldSlot(row[0], row[1], row[2], b64decode(row[3])) for row in rows}
    except (OSError, ValueError, IndexError, TypeError) as error:
        raise NotAHost(f"{folder / SLOTS} cannot be read; use the envelopes and call the trial office") from error


def write_slots(folder: Path, slots: Sequence[HeldSlot]) -> None:
    """Write the slots in the order of their labels, whole or not at all."""
    rows = [
        [slot.label, slot.leaf, slot.annex_sha256, b64encode(slot.ciphertext).decode()]
        for slot in sorted(slots, key=lambda slot: slot.label)
    ]
    write_whole(folder / SLOTS, orjson.dumps(rows), 0o600)


def require_opens(slots: Sequence[HeldSlot], identity: str, trial: str) -> None:
    """Refuse a key that does not open every slot, or a slot that is not what was committed. Says which label, never
    what is in it."""
    if not slots:
        raise NotAHost("there is no slot to hold; is this the trial's folder or its package?")
    for slot in slots:
        try:
            open_held(slot, [identity], trial)
        except (NotOpened, WrongSlot) as error:
            raise NotAHost(f"label {slot.label}: {error}") from None


def _drill_slot(trial: str, identity: str, taken: set[str]) -> HeldSlot:
    """A slot for the yearly drill, sealed to this host alone; it is on no list and no participant can get it."""
    nonce, annex = secrets.token_bytes(32), secrets.token_hex(32)
    label = next(label for label in iter(_random_label, None) if label not in taken)
    slot = OpenSlot("drill", 0, label, DRILL_ARM, nonce)
    content = {
        "trial": trial, "label": label, "arm": DRILL_ARM, "arm_in_words": DRILL_WORDS, "stratum": "drill",
        "position": 0, "annex_sha256": annex, "nonce": nonce.hex(),
    }  # fmt: skip
    return HeldSlot(
        label, slot.leaf(trial, annex), annex, sealed(json.dumps(content).encode().ljust(PADDED), [public_of(identity)])
    )


def _random_label() -> str:
    while True:
        stem = "".join(secrets.choice(LABEL_LETTERS) for _ in range(LABEL_LENGTH))
        if pure_check_character(stem) in LABEL_LETTERS:
            return stem + pure_check_character(stem)


def _write(path: Path, content: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file beside its place and move it there: a reader never meets half of it."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write(aside, content, mode)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
