"""Key files of the people who may know, kept outside the trial's folder: who steals the folder must not find what
opens it.

A key file is what `age-keygen` writes, so the standard `age` program reads it.
"""

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyrage

SLOT_HOLDERS = ("pharmacist-1", "pharmacist-2", "safety-unit", "dsmb-statistician", "break-host")
"""To whom every slot is sealed: two pharmacists, because one key may be lost."""

ESCROW_HOLDERS = ("escrow-1", "escrow-2")
"""Who together open the seed after the lock, and neither alone."""

ROLES = SLOT_HOLDERS + ESCROW_HOLDERS


class KeyFileRefused(Exception):
    """A key file is not written or not read: the place is wrong, the file exists, or others could read it."""


def make_keys(folder: Path, trial_folder: Path, roles: Sequence[str] = ROLES) -> Mapping[str, str]:
    """Make a key pair per role: `ROLE.key` (private, mode 0600) and `ROLE.pub`. Returns role -> public key.

    Refuses, before anything is written, a folder inside the trial's (links followed), a trial's folder inside it, an
    existing key and a role that is no plain file name.
    """
    keys, trial = folder.resolve(), trial_folder.resolve()
    if keys == trial or trial in keys.parents:
        raise KeyFileRefused(f"{folder} lies in the trial's folder {trial_folder}; keep private keys elsewhere")
    strange = [role for role in roles if not (role.isascii() and role.replace("-", "").replace("_", "").isalnum())]
    if strange:
        raise KeyFileRefused(f"{', '.join(strange)}: a role is letters, digits, - and _")
    existing = [role for role in roles if (keys / f"{role}.key").exists() or (keys / f"{role}.pub").exists()]
    if existing:
        raise KeyFileRefused(f"{folder} already holds keys for {', '.join(existing)}; a key is never overwritten")
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {role: _make(keys, role) for role in roles}


def _make(folder: Path, role: str) -> str:
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    _write(folder / f"{role}.key", f"# trialwright key of {role}\n# public key: {public}\n{identity}\n", 0o600)
    _write(folder / f"{role}.pub", f"{public}\n", 0o644)
    return public


def _write(path: Path, text: str, mode: int) -> None:
    """A new file with this mode from its first instant; never an existing one."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)


def private_key(path: Path) -> str:
    """The private key of a key file. Refuses one that others than its owner can read, and one without a key."""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyFileRefused(
            f"{path} can be read by others; set its mode to 0600 and consider whether the key is still secret"
        )
    return _only_line(path, "AGE-SECRET-KEY-1")


def public_key(path: Path) -> str:
    """The public key of a `.pub` file."""
    return _only_line(path, "age1")


def _only_line(path: Path, beginning: str) -> str:
    lines = [line.strip() for line in path.read_text(encoding="ascii", errors="replace").splitlines()]
    found = [line for line in lines if line.startswith(beginning)]
    if len(found) != 1:
        raise KeyFileRefused(f"{path} does not hold exactly one line that begins with {beginning}")
    return found[0]
