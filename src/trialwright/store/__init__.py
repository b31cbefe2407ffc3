"""The trial on a database: ledger, vault and read models on SQLite or PostgreSQL, and the wiring that opens a desk.

Everything that the layers above may use is here. `settings(folder)` is what Django must be told; a program without
Django settings of its own need not call it.
"""

from pathlib import Path
from typing import Any

from trialwright.store import access
from trialwright.store.access import note
from trialwright.store.backup import backup, restore
from trialwright.store.databases import BadAddress, alias_of
from trialwright.store.databases import settings as _settings
from trialwright.store.folder import NotATrial, TrialFolder, read_folder
from trialwright.store.ledger import ActFailed, DatabaseLedger, Unstorable
from trialwright.store.opening import (
    AlreadyThere,
    create,
    open_access,
    open_desk,
    open_ledger,
    open_vault,
    read_snapshot,
    read_state,
    rebuild,
    verify,
)
from trialwright.store.roles import grants
from trialwright.store.vault import SealedVault, commitment_of
from trialwright.store.world import ServerClock, SystemChance

__all__ = [
    "ActFailed",
    "AlreadyThere",
    "BadAddress",
    "DatabaseLedger",
    "NotATrial",
    "SealedVault",
    "ServerClock",
    "SystemChance",
    "TrialFolder",
    "Unstorable",
    "access",
    "alias_of",
    "backup",
    "commitment_of",
    "create",
    "grants",
    "note",
    "open_access",
    "open_desk",
    "open_ledger",
    "open_vault",
    "read_folder",
    "read_snapshot",
    "read_state",
    "rebuild",
    "restore",
    "settings",
    "verify",
]


def settings(folder: Path) -> dict[str, Any]:
    """Django's settings for the trial in a folder: `globals().update(store.settings(folder))`, then one's own."""
    trial = read_folder(folder)
    return _settings(trial.address, trial.path)
