"""The folder of a trial: what lies where, and `trialwright.toml`, which says where the rest is.

    DIR/trialwright.toml   database address, zone, public keys, where the head-signing key is
    DIR/trial.sqlite3      ledger, vault and read models (unless they are on PostgreSQL)
    DIR/heads.log          signed heads, one line each
    DIR/uploads/           files by their SHA-256
    DIR/report/            what was reported

No private key lies here: the keys of the people who may know stay with them, and the head-signing key in a declared
place outside.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SETTINGS = "trialwright.toml"
HEADS = "heads.log"
SQLITE = "sqlite:///trial.sqlite3"

DEMONSTRATION = (
    "# A DEMONSTRATION: this program made the keys and the allocation list, from a seed that anybody can repeat.",
    "demonstration = true",
)


class NotATrial(ValueError):
    """A folder that is no trial, or whose settings cannot be read; the reason is the sentence."""


@dataclass(frozen=True, slots=True)
class TrialFolder:
    """What `trialwright.toml` says. `recipients` is role -> age public key; `signs` the path of the head-signing
    private key, relative to the folder or absolute; `demonstration` that this program made the keys and the list;
    `emergency` what `store.breaks` reads, kept when the settings are written anew."""

    path: Path
    address: str
    zone: str
    head_key: str
    signs: str
    recipients: Mapping[str, str] = field(default_factory=dict)
    demonstration: bool = False
    emergency: Mapping[str, str] = field(default_factory=dict)

    @property
    def heads(self) -> Path:
        """The heads log."""
        return self.path / HEADS

    @property
    def uploads(self) -> Path:
        """Files by hash."""
        return self.path / "uploads"

    @property
    def report(self) -> Path:
        """What was reported."""
        return self.path / "report"

    @property
    def signing_key(self) -> Path:
        """Where the head-signing private key is; the file may be out of this process's reach."""
        return (self.path / self.signs).resolve()


def write_settings(trial: TrialFolder) -> None:
    """Write `trialwright.toml`."""
    lines = [
        "# The settings of this trial. Private keys never lie in this folder.",
        *(DEMONSTRATION if trial.demonstration else ()),
        f"zone = {_text(trial.zone)}",
        "",
        "[database]",
        f"address = {_text(trial.address)}",
        "",
        "[heads]",
        f"public_key = {_text(trial.head_key)}",
        f"signing_key = {_text(trial.signs)}",
        "",
        "[recipients]",
        *(f"{_text(role)} = {_text(key)}" for role, key in trial.recipients.items()),
        *(["", "[emergency]"] if trial.emergency else []),
        *(f"{_text(name)} = {_text(value)}" for name, value in trial.emergency.items()),
    ]
    aside = trial.path / f".{SETTINGS}.new"
    with aside.open("w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, trial.path / SETTINGS)


def _text(value: str) -> str:
    # A JSON string without escapes beyond TOML's is a TOML basic string.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def read_folder(path: Path) -> TrialFolder:
    """The trial in a folder. Raises `NotATrial` with everything that is wrong in the settings."""
    path = Path(path)
    source = path / SETTINGS
    if not source.is_file():
        raise NotATrial(
            f"{path} is no trial folder: it has no {SETTINGS}. `trialwright open TRIAL DIR --package PACKAGE"
            " --by NAME` begins a trial there, `trialwright demo DIR` makes a demonstration."
        )
    try:
        content = tomllib.loads(source.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NotATrial(f"{source} cannot be read: {error}") from error
    wanted = {("zone",): "", ("database", "address"): "", ("heads", "public_key"): "", ("heads", "signing_key"): ""}
    wrong = []
    for place in wanted:
        value = _at(content, place)
        if not isinstance(value, str) or not value:
            wrong.append(f"{'.'.join(place)} is missing or no text")
        wanted[place] = value if isinstance(value, str) else ""
    recipients = content.get("recipients", {})
    if not isinstance(recipients, dict) or not all(isinstance(key, str) for key in recipients.values()):
        wrong.append("recipients must be role = public key")
    if wrong:
        raise NotATrial(f"{source}: " + "; ".join(wrong))
    zone, address, head_key, signs = wanted.values()
    demonstration, said = content.get("demonstration") is True, content.get("emergency")
    emergency = {str(name): str(value) for name, value in said.items()} if isinstance(said, dict) else {}
    return TrialFolder(path.resolve(), address, zone, head_key, signs, recipients, demonstration, emergency)


def _at(content: Mapping[str, Any], place: tuple[str, ...]) -> Any:
    value: Any = content
    for name in place:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def sync(folder: Path) -> None:
    """Make the entries of a folder last on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
