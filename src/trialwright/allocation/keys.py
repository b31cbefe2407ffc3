"""Key files of the people who may know, kept outside the trial's folder: who steals the folder must not find what
opens it.

A key file is an age identity, sealed with a passphrase in age's own format (scrypt), so the standard `age` program
opens it and opens things with it: `age -d -i pharmacist-1.key slot.age`. Without a passphrase it is what `age-keygen`
writes.
"""

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyrage

SLOT_HOLDERS = ("pharmacist-1", "pharmacist-2", "safety-unit", "dsmb-statistician", "break-host")
"""To whom every slot is sealed: two pharmacists, because one key may be lost."""

ESCROW_HOLDERS = ("escrow-1", "escrow-2")
"""Who together open the seed after the lock, and neither alone."""

UNBLINDED_MONITOR, ALLOCATOR = "unblinded-monitor", "allocator"
"""Who reads what the pharmacy sealed; the process that draws where a method needs past arms."""

VALUE_READERS = {
    "pharmacist-1": "pharmacist",
    "pharmacist-2": "pharmacist",
    "safety-unit": "safety_unit",
    "dsmb-statistician": "dsmb_statistician",
    UNBLINDED_MONITOR: "unblinded_monitor",
}
"""To whom sealed values (IgG and its proxies, the pharmacy's records) are sealed, and the role in which they act."""

ROLES = SLOT_HOLDERS + ESCROW_HOLDERS
OTHER_ROLES = (UNBLINDED_MONITOR, ALLOCATOR)

Passphrase = str | Callable[[str], str]
"""A passphrase, or who asks for it: called with the name of the key file."""

PRIVATE = "AGE-SECRET-KEY-1"
SEALED = ("age-encryption.org/v1", "-----BEGIN AGE ENCRYPTED FILE-----")
"""How an age file begins, plain and armoured."""
SHORTEST = 12


class KeyFileRefused(Exception):
    """A key file is not written or not read: the place is wrong, the file exists, or others could read it."""


def make_keys(
    folder: Path,
    trial_folder: Path | None = None,
    roles: Sequence[str] = ROLES,
    passphrase: Passphrase | None = None,
) -> Mapping[str, str]:
    """Make a key pair per role: `ROLE.key` (private, mode 0600) and `ROLE.pub`. Returns role -> public key.

    Refuses, before anything is written, a folder inside a trial's (links followed), a trial's folder inside it, an
    existing key, a role that is no plain file name and a passphrase that is too short. Without a passphrase the keys
    lie open, which is for demonstrations.
    """
    keys = folder.resolve()
    trial = _trial_around(keys) if trial_folder is None else trial_folder.resolve()
    if trial is not None and (keys == trial or trial in keys.parents):
        raise KeyFileRefused(
            f"{folder} lies in the trial's folder {trial_folder or trial}; keep private keys elsewhere"
        )
    strange = [role for role in roles if not (role.isascii() and role.replace("-", "").replace("_", "").isalnum())]
    if strange:
        raise KeyFileRefused(f"{', '.join(strange)}: a role is letters, digits, - and _")
    existing = [role for role in roles if (keys / f"{role}.key").exists() or (keys / f"{role}.pub").exists()]
    if existing:
        raise KeyFileRefused(f"{folder} already holds keys for {', '.join(existing)}; a key is never overwritten")
    words = {role: _asked(passphrase, f"{role}.key") for role in roles}
    if any(word is not None and len(word) < SHORTEST for word in words.values()):
        raise KeyFileRefused(f"a passphrase has at least {SHORTEST} characters; four random words make a good one")
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {role: _make(keys, role, words[role]) for role in roles}


def _trial_around(folder: Path) -> Path | None:
    """The trial's folder that this one is or lies in."""
    return next((place for place in (folder, *folder.parents) if (place / "trialwright.toml").exists()), None)


def _asked(passphrase: Passphrase | None, name: str) -> str | None:
    return passphrase(name) if callable(passphrase) else passphrase


def _make(folder: Path, role: str, passphrase: str | None) -> str:
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    text = f"# trialwright key of {role}\n# public key: {public}\n{identity}\n".encode()
    if passphrase is not None:
        text = bytes(pyrage.passphrase.encrypt(text, passphrase, armored=True))
    write_private(folder / f"{role}.key", text)
    _write(folder / f"{role}.pub", f"{public}\n".encode(), 0o644)
    return public


def write_private(path: Path, content: bytes) -> None:
    """A new file for its owner's eyes alone, on disk before this returns. Refuses an existing one, and one inside a
    trial's folder."""
    trial = _trial_around(path.absolute().parent.resolve())
    if trial is not None:
        raise KeyFileRefused(f"{path} lies in the trial's folder {trial}; keep what is secret elsewhere")
    try:
        _write(path, content, 0o600)
    except FileExistsError:
        raise KeyFileRefused(f"{path} exists and is never overwritten; name another file") from None


def _write(path: Path, content: bytes, mode: int) -> None:
    """A new file with this mode from its first instant; never an existing one."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read_private(path: Path) -> bytes:
    """The bytes of a private file. Refuses one that others than its owner can read."""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyFileRefused(
            f"{path} can be read by others; set its mode to 0600 and consider whether the key is still secret"
        )
    return path.read_bytes()


def has_passphrase(path: Path) -> bool:
    """Whether a key file is sealed with a passphrase."""
    return path.read_bytes().startswith(tuple(beginning.encode() for beginning in SEALED))


def private_key(path: Path, passphrase: Passphrase | None = None) -> str:
    """The private key of a key file. Refuses one that others than its owner can read, one without a key, a wrong
    passphrase, and one that needs a passphrase where none is given."""
    return _only_line(_opened(path, passphrase), PRIVATE, path)


def _opened(path: Path, passphrase: Passphrase | None) -> str:
    content = read_private(path)
    if content.startswith(tuple(beginning.encode() for beginning in SEALED)):
        word = _asked(passphrase, path.name)
        if word is None:
            raise KeyFileRefused(f"{path} is sealed with a passphrase; give it at the prompt or in a passphrase file")
        try:
            content = bytes(pyrage.passphrase.decrypt(content, word))
        except pyrage.DecryptError:
            # From None: the library's words would follow ours and say less.
            raise KeyFileRefused(f"the passphrase does not open {path}, or the file is damaged") from None
    return content.decode("ascii", errors="replace")


def public_key(path: Path) -> str:
    """The public key of a `.pub` file. Refuses anything else, a private key above all."""
    text = path.read_text(encoding="ascii", errors="replace")
    if PRIVATE in text or text.startswith(SEALED):
        raise KeyFileRefused(f"{path} holds a private key where a public one belongs; use the file that ends in .pub")
    key = _only_line(text, "age1", path)
    try:
        return str(pyrage.x25519.Recipient.from_str(key))
    except pyrage.RecipientError:
        raise KeyFileRefused(f"{path} does not hold an age public key: {key!r} is none") from None


def public_of(private: str) -> str:
    """The public half of a private key."""
    try:
        return str(pyrage.x25519.Identity.from_str(private).to_public())
    except pyrage.IdentityError:
        raise KeyFileRefused("this is not an age private key (AGE-SECRET-KEY-1...)") from None


def is_public(text: str) -> bool:
    """Whether this is an age public key, every character of it."""
    try:
        pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        return False
    return True


def public_keys(folder: Path, roles: Sequence[str] = ROLES) -> Mapping[str, str]:
    """Role -> public key of the `.pub` files in a folder: all of `roles`, and of the others those that are there.
    Refuses with everything that is missing or shared between two roles."""
    lacking = [role for role in roles if not (folder / f"{role}.pub").is_file()]
    if lacking:
        raise KeyFileRefused(f"{folder} has no public key for {', '.join(lacking)}; each holder hands in ROLE.pub")
    there = (*roles, *(role for role in OTHER_ROLES if role not in roles and (folder / f"{role}.pub").is_file()))
    keys = {role: public_key(folder / f"{role}.pub") for role in there}
    owners: dict[str, list[str]] = {}
    for role, key in keys.items():
        owners.setdefault(key, []).append(role)
    shared = [" and ".join(one) for one in owners.values() if len(one) > 1]
    if shared:
        raise KeyFileRefused(f"the same key stands for {'; '.join(shared)}: one person would hold both parts")
    return keys


def _only_line(text: str, beginning: str, path: Path) -> str:
    found = [line.strip() for line in text.splitlines() if line.strip().startswith(beginning)]
    if len(found) != 1:
        raise KeyFileRefused(f"{path} does not hold exactly one line that begins with {beginning}")
    return found[0]
