"""The pharmacist's own journal: what was prepared and not yet released, sealed to the pharmacists alone.

One line for each entry: an age file in base64, which names the line before it by its SHA-256, so that a line that was
taken out shows. A line that a crash cut off was never acknowledged and is dropped.
"""

import base64
import fcntl
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trialwright.allocation.sealing import NotOpened, opened, sealed

PREPARED, RELEASED = "prepared", "released"
STEP = 4096
"""Entries are padded to multiples of this many bytes."""


class JournalRefused(Exception):
    """A journal that cannot be read, or lies where it must not."""


class Journal:
    """The journal in a file; `key` is the pharmacist's private key, `recipients` the public keys of all pharmacists."""

    def __init__(self, path: Path, key: str, recipients: Sequence[str]) -> None:
        place = path.resolve()
        if any((one / "trialwright.toml").exists() for one in place.parents):
            raise JournalRefused(f"{path} lies in a trial's folder; keep the journal beside your key, elsewhere")
        self._path, self._key, self._recipients = path, key, tuple(dict.fromkeys(recipients))

    def entries(self) -> list[dict[str, Any]]:
        """What was written, oldest first. Raises `JournalRefused` for a line that is damaged, missing or not ours."""
        found, previous = [], ""
        for number, line in enumerate(self._lines(), start=1):
            try:
                entry = json.loads(opened(base64.b64decode(line, validate=True), [self._key]))
            except (NotOpened, ValueError) as error:
                raise JournalRefused(f"line {number} of {self._path} is not opened by this key: {error}") from None
            if entry["previous"] != previous:
                raise JournalRefused(f"a line before line {number} of {self._path} is missing")
            previous = hashlib.sha256(line).hexdigest()
            found.append(entry)
        return found

    def waiting(self) -> list[dict[str, Any]]:
        """The preparations that were not released yet."""
        entries = self.entries()
        done = {name for entry in entries if entry["entry"] == RELEASED for name in entry["references"]}
        return [
            entry["record"]
            for entry in entries
            if entry["entry"] == PREPARED and entry["record"]["reference"] not in done
        ]

    def course(self, participant: str, visit: str) -> dict[str, Any] | None:
        """The first preparation of this course: its weight and number of days hold for the others."""
        mine = (entry["record"] for entry in self.entries() if entry["entry"] == PREPARED)
        return next((one for one in mine if (one["participant"], one["visit"]) == (participant, visit)), None)

    def prepared(self, record: Mapping[str, Any]) -> None:
        """Note a preparation; on disk before this returns."""
        self._append({"entry": PREPARED, "record": dict(record)})

    def released(self, references: Sequence[str]) -> None:
        """Note that these were released."""
        self._append({"entry": RELEASED, "references": list(references)})

    def _lines(self) -> list[bytes]:
        whole = self._path.read_bytes() if self._path.exists() else b""
        return whole[: whole.rfind(b"\n") + 1].splitlines()

    def _append(self, entry: Mapping[str, Any]) -> None:
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # two windows of one pharmacist take turns
            whole = file.read()
            end = whole.rfind(b"\n") + 1
            lines = whole[:end].splitlines()
            previous = hashlib.sha256(lines[-1]).hexdigest() if lines else ""
            plain = json.dumps({**entry, "previous": previous}).encode()
            line = base64.b64encode(sealed(plain.ljust(-(-len(plain) // STEP) * STEP), self._recipients))
            file.seek(end)
            file.truncate()
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
