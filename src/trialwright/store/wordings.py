"""The licensed wordings of a trial: files in its folder, `texts/INSTRUMENT.LANGUAGE.yaml`, which stay there.

They are no facts of the trial and no part of an export; that one was loaded, by whom and with which content,
stands in the access log.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from trialwright import design
from trialwright.conduct.catalogue import catalogue
from trialwright.design.instruments import Instrument
from trialwright.design.model import Definition
from trialwright.design.wordings import Wording, read_wording
from trialwright.ledger.ports import Clock
from trialwright.store import access
from trialwright.store.folder import sync
from trialwright.store.opening import open_access, read_state
from trialwright.store.world import ServerClock, SystemChance

TEXTS = "texts"


def load(folder: Path, source: Path, by: str, clock: Clock | None = None) -> Wording:
    """Check a wording and keep it in the trial's folder, in place of the one before it in that language.

    Raises `design.wordings.WordingErrors` for a file that does not fit the trial; then nothing is kept.
    """
    definition, instruments = _trial(folder)
    wording = read_wording(source, definition, instruments)
    content = source.read_bytes()
    name = f"{wording.instrument}.{wording.language}"
    about = {"wording": name, "licence": wording.licence, "sha256": hashlib.sha256(content).hexdigest()}
    texts = folder / TEXTS
    texts.mkdir(exist_ok=True)
    aside = texts / f".{name}.new"
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    log = open_access(folder)
    try:
        kind = access.WORDING_LOADED
        access.note(log, clock or ServerClock(), SystemChance(), by=by, role="data_manager", kind=kind, about=about)
    finally:
        log.close()
    os.replace(aside, texts / f"{name}.yaml")
    sync(texts)
    return wording


def loaded(folder: Path) -> list[Wording]:
    """The wordings in a trial's folder, by instrument and language. Raises `design.wordings.WordingErrors` for one that
    somebody changed so that it no longer fits."""
    files = sorted((folder / TEXTS).glob("[!.]*.yaml"))
    if not files:
        return []
    definition, instruments = _trial(folder)
    return [read_wording(path, definition, instruments) for path in files]


def lacking(folder: Path) -> list[str]:
    """The instruments of the trial's forms that no wording was loaded of."""
    definition, _ = _trial(folder)
    asked = {form.instrument for form in definition.forms.values() if form.instrument is not None}
    return sorted(asked - {one.instrument for one in loaded(folder)})


def _trial(folder: Path) -> tuple[Definition, Mapping[str, Instrument]]:
    state = read_state(folder)
    return design.from_canonical(state.versions[state.version]), catalogue().instruments or {}
