"""The two shares of the seed, and the people who stand for them: commit first, show later, sign with one's own key.

Generator and witness each draw 32 bytes and hand the other the commitment to them before either shows anything. The
seed is made of both shares, so neither of the two can choose the list, whatever they try.

    commitment = SHA-256(frame(DOMAIN) ‖ frame(share))        seed = SHA-256(share of the generator ‖ of the witness)
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from trialwright.allocation.keys import KeyFileRefused, read_private, write_private
from trialwright.allocation.sealing import share_commitment
from trialwright.allocation.stream import SEED_BYTES
from trialwright.ledger.canonical import canonical
from trialwright.ledger.heads import new_signing_key, public_key, signing_key

GENERATOR, WITNESS = "generator", "witness"
PARTS = (GENERATOR, WITNESS)
COMMITMENT, SIGNING, USED = ".commitment", ".signing-key", ".used"
"""What is added to the name of a share's file for its commitment, for its holder's signing key, and for what it was
used for."""


class ShareRefused(ValueError):
    """A share is not made or not taken; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Share:
    """One person's share of the seed. `part` is 'generator' or 'witness'."""

    part: str
    name: str
    secret: bytes

    def __repr__(self) -> str:
        return f"Share(part={self.part!r}, name={self.name!r}, ...)"

    @property
    def commitment(self) -> str:
        """What its holder hands over before the share is shown."""
        return share_commitment(self.secret)


@dataclass(frozen=True, slots=True)
class Promise:
    """A commitment as it is handed over: whose it is, the key that they sign with, and their signature under it."""

    part: str
    name: str
    commitment: str
    public_key: str
    signature: str

    @property
    def stands(self) -> bool:
        """Whether the signature is of the key that the promise names."""
        return signed_by(self.public_key, self.signature, _promised(self))


def _promised(promise: Promise) -> Mapping[str, Any]:
    return {key: value for key, value in asdict(promise).items() if key != "signature"}


def promised(share: Share, key: Ed25519PrivateKey) -> Promise:
    """The commitment to a share, signed."""
    bare = Promise(share.part, share.name, share.commitment, public_key(key), "")
    return Promise(bare.part, bare.name, bare.commitment, bare.public_key, signature(key, _promised(bare)))


def signature(key: Ed25519PrivateKey, statement: Mapping[str, Any]) -> str:
    """A person's signature under a canonical statement, in hexadecimal."""
    return key.sign(canonical(statement)).hex()


def signed_by(public: str, signed: str, statement: Mapping[str, Any]) -> bool:
    """Whether the signature is that key's under this statement."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signed), canonical(statement))
    except (InvalidSignature, ValueError):
        return False
    return True


def refuse_grinding(shares: Sequence[Share], promises: Sequence[Promise]) -> None:
    """Both shares must be the ones that two people committed to. Raises ShareRefused with all that is wrong."""
    wrong = []
    by_part = {promise.part: promise for promise in promises}
    for part in PARTS:
        share = next((one for one in shares if one.part == part), None)
        promise = by_part.get(part)
        if share is None:
            wrong.append(f"there is no share of the {part}")
        elif promise is None:
            wrong.append(f"there is no commitment of the {part}; commitments are exchanged before shares are shown")
        elif not promise.stands:
            wrong.append(f"the commitment of the {part} is not signed by the key that it names")
        elif promise.commitment != share.commitment or promise.name != share.name:
            wrong.append(f"the share of the {part} is not the one that {promise.name} committed to")
    if len(by_part) == 2 and _same(by_part[GENERATOR], by_part[WITNESS]):
        wrong.append("generator and witness are two people; these two commitments are of one")
    if wrong:
        raise ShareRefused("; ".join(wrong))


def _same(one: Promise, other: Promise) -> bool:
    alike = one.name.strip().casefold() == other.name.strip().casefold()
    return alike or one.public_key == other.public_key or one.commitment == other.commitment


# ------------------------------------------------------------------ files


def beside(file: Path, ending: str) -> Path:
    """The file of a share's commitment or signing key."""
    return file.with_name(file.name + ending)


def make_share(file: Path, part: str, name: str, secret: bytes, signing: Path | None = None) -> Promise:
    """Write a share (0600), its commitment beside it, and its holder's signing key unless `signing` names one. Nothing
    is written where one of them exists."""
    if part not in PARTS or not name.strip():
        raise ShareRefused("a share is of the generator or of the witness, and names its holder")
    if len(secret) != SEED_BYTES:
        raise ShareRefused(f"a share has {SEED_BYTES} bytes")
    key_file = signing or beside(file, SIGNING)
    made = [file, beside(file, COMMITMENT), *([] if signing else [key_file])]
    there = [str(path) for path in made if path.exists()]
    if there:
        raise ShareRefused(f"{', '.join(there)} exists already; a share is made once and never overwritten")
    if signing is None:
        write_private(key_file, new_signing_key())
    share = Share(part, name.strip(), secret)
    promise = promised(share, read_signing_key(key_file))
    write_private(file, _text({"part": part, "name": share.name, "share": secret.hex()}))
    beside(file, COMMITMENT).write_bytes(_text(asdict(promise)))
    return promise


def _text(content: Mapping[str, str]) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def read_share(file: Path) -> Share:
    """A share from its file. Raises ShareRefused or KeyFileRefused."""
    try:
        held = json.loads(read_private(file))
        secret = bytes.fromhex(held["share"])
        share = Share(str(held["part"]), str(held["name"]), secret)
    except (ValueError, KeyError, TypeError):
        raise ShareRefused(f"{file} is not a share of a seed, or it was cut off") from None
    if share.part not in PARTS or len(secret) != SEED_BYTES:
        raise ShareRefused(f"{file} is not a whole share of a seed")
    return share


def read_promise(file: Path) -> Promise:
    """A commitment from its file."""
    try:
        held = json.loads(file.read_bytes())
        return Promise(**{name: str(held[name]) for name in Promise.__slots__})
    except (ValueError, KeyError, TypeError):
        raise ShareRefused(f"{file} is not the commitment to a share, or it was cut off") from None


def read_signing_key(file: Path) -> Ed25519PrivateKey:
    """A person's signing key. Raises KeyFileRefused."""
    try:
        return signing_key(read_private(file))
    except ValueError:
        raise KeyFileRefused(f"{file} is not an Ed25519 private key") from None


def use(files: Sequence[Path], purpose: str) -> None:
    """Note what shares are used for, and refuse shares that made a list of the other purpose: both lists would have the
    same order, and a test list is opened by whoever tries it out. Raises ShareRefused."""
    notes = {file: beside(file, USED) for file in files}
    for file, note in notes.items():
        if note.exists() and (was := note.read_text(encoding="utf-8").strip()) != purpose:
            raise ShareRefused(
                f"{file} made a {was} list before, and whoever opens that knows the order of this one too; draw new "
                "shares for the other list"
            )
    for note in notes.values():
        note.write_text(f"{purpose}\n", encoding="utf-8")


def wipe(file: Path) -> None:
    """Overwrite a file with random bytes, force them to disk, and delete it. On flash memory and on snapshotting or
    networked disks older copies can survive that: use a machine that is itself wiped, or a disk in memory."""
    size = file.stat().st_size
    with file.open("r+b") as held:
        held.write(os.urandom(size))
        held.flush()
        os.fsync(held.fileno())
    file.unlink()
