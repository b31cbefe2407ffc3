"""The data monitoring committee's snapshot: blinded tables and sealed labels out, opened tables elsewhere.

    FOLDER/manifest.json     trial, snapshot, files with their SHA-256, and of each randomised label leaf and annex
    FOLDER/labels.json       the sealed slots of the randomised, in the order of their labels
    FOLDER/tables/*.csv      the snapshot as blinded roles see it, sealed items absent

Opening needs the folder and the statistician's key alone: no server, no database.
"""

import csv
import hashlib
import io
import os
import secrets
import shutil
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from trialwright.allocation.held import HeldSlot, held, open_held
from trialwright.allocation.sealing import NotOpened
from trialwright.allocation.slots import WrongSlot
from trialwright.conduct import Desk, Person, open_snapshot
from trialwright.ledger.replay import replay
from trialwright.ledger.snapshot import Snapshot, Table
from trialwright.store.folder import SETTINGS

FORM = "trialwright committee snapshot 1"
MANIFEST, LABELS, TABLES = "manifest.json", "labels.json", "tables"
ARM = "arm"


class CannotHandOut(ValueError):
    """Why a snapshot cannot be written or opened, in a sentence."""


@dataclass(frozen=True, slots=True)
class Written:
    """How many tables and labels, of which snapshot."""

    tables: int
    labels: int
    snapshot: str


def export(folder: Path, desk: Desk, output: Path, meeting: str, by: Person) -> Written:
    """Append that the snapshot is taken, then write it. Opens nothing. Raises `Refused` and `CannotHandOut`."""
    _require_new(output)
    fact = open_snapshot(desk, meeting=meeting, by=by)
    facts = [one for one in desk.ledger.facts() if one.number < fact.number]
    snapshot = Snapshot(replay(facts), facts[-1].head)
    said = fact.payload or {}
    if snapshot.hash != said["snapshot"]:
        raise CannotHandOut("the ledger moved while the snapshot was taken; try again")
    vault: Any = desk.vault
    slots = _sealed(desk, set(snapshot.state.labels))
    files = {f"{TABLES}/{table.name}.csv": _csv(table.columns) for table in _tables(snapshot)}
    files[LABELS] = _labels(slots)
    manifest = {
        "form": FORM,
        "trial": desk.protocol().definition.id,
        "list": _list_name(desk),
        "purpose": said["purpose"],
        "snapshot": snapshot.hash,
        "head": facts[-1].seal,
        "sealed_to": dict(sorted(vault.recipients.items())),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    files[MANIFEST] = orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n"
    _write(output, files, 0o755)
    return Written(len(files) - 2, len(slots), snapshot.hash)


def _tables(snapshot: Snapshot) -> list[Table]:
    """What blinded roles see: sealed items never reached the ledger, so no table holds one."""
    return [snapshot.participants, *(snapshot.form(name) for name in snapshot.forms)]


def _sealed(desk: Desk, labels: set[str]) -> list[HeldSlot]:
    vault: Any = desk.vault
    found = [
        held(slot, kept.annex_sha256)
        for kept in vault.lists()
        for slot in vault.slots(list_id=kept.id)
        if slot.label in labels
    ]
    return sorted(found, key=lambda slot: slot.label)


def _list_name(desk: Desk) -> str:
    vault: Any = desk.vault
    return str(vault.lists()[0].trial)


def _labels(slots: Iterable[HeldSlot]) -> bytes:
    rows = [[slot.label, slot.leaf, slot.annex_sha256, b64encode(slot.ciphertext).decode()] for slot in slots]
    return orjson.dumps(rows, option=orjson.OPT_INDENT_2) + b"\n"


def _csv(columns: Mapping[str, Iterable[str | None]]) -> bytes:
    text = io.StringIO()
    pen = csv.writer(text, lineterminator="\n")
    pen.writerow(columns)
    pen.writerows(["" if value is None else value for value in row] for row in zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def open_folder(folder: Path, output: Path, identity: str) -> Written:
    """Open what `export` wrote, with the arm as last column of every table. Nothing is written where one label does not
    hold what was committed or one file was changed. Raises `CannotHandOut`."""
    _require_new(output)
    if folder.resolve() in output.resolve().parents:
        raise CannotHandOut(f"{output} lies in the blinded folder; name a place elsewhere")
    if any((place / SETTINGS).exists() for place in output.resolve().parents):
        raise CannotHandOut(f"{output} lies in a trial's folder, which holds no arm; name a place elsewhere")
    manifest, contents = _read(folder)
    slots = [HeldSlot(row[0], row[1], row[2], b64decode(row[3])) for row in orjson.loads(contents[LABELS])]
    arms = {slot.label: _arm(slot, identity, manifest["list"]) for slot in slots}
    tables = {name: content for name, content in contents.items() if name.startswith(f"{TABLES}/")}
    people = list(csv.DictReader(io.StringIO(tables[f"{TABLES}/participants.csv"].decode())))
    by_person = {row["participant"]: arms[row["label"]] for row in people if row["label"]}
    files = {name: _joined(content, by_person) for name, content in tables.items()}
    _write(output, files, 0o700)
    return Written(len(files), len(arms), manifest["snapshot"])


def sealed_to(folder: Path) -> Mapping[str, str]:
    """Role -> public key to which the labels of an exported snapshot are sealed. Raises `CannotHandOut`."""
    keys: Mapping[str, str] = _read(folder)[0]["sealed_to"]
    return keys


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    try:
        manifest = orjson.loads((folder / MANIFEST).read_bytes())
        if manifest["form"] != FORM:
            raise ValueError("another form")
        contents = {name: (folder / name).read_bytes() for name in manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotHandOut(f"{folder} is not what `dsmb export` wrote: {error}") from error
    changed = [
        name for name, digest in manifest["files"].items() if hashlib.sha256(contents[name]).hexdigest() != digest
    ]
    if changed:
        raise CannotHandOut(f"{', '.join(changed)} was changed since the export; ask for a new one")
    return manifest, contents


def _arm(slot: HeldSlot, identity: str, trial: str) -> str:
    try:
        return open_held(slot, [identity], trial).arm
    except (NotOpened, WrongSlot) as error:
        raise CannotHandOut(f"label {slot.label}: {error}") from None


def _joined(content: bytes, arms: Mapping[str, str]) -> bytes:
    rows = list(csv.reader(io.StringIO(content.decode())))
    header, *body = rows
    place = header.index("participant")
    text = io.StringIO()
    pen = csv.writer(text, lineterminator="\n")
    pen.writerow([*header, ARM])
    pen.writerows([*row, arms.get(row[place], "")] for row in body)
    return text.getvalue().encode()


def _require_new(output: Path) -> None:
    if output.exists():
        raise CannotHandOut(f"{output} exists; name a new folder")


def _write(output: Path, files: Mapping[str, bytes], mode: int) -> None:
    """A new folder, whole or not at all, with this mode from its first instant."""
    place = output.with_name(f".{output.name}.{secrets.token_hex(4)}.new")
    place.mkdir(mode=mode, parents=True)
    try:
        for name, content in files.items():
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_bytes(content)
        os.rename(place, output)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
