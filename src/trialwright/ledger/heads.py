"""Signed heads: what lets a reader see that a chain was cut or written anew.

A chain alone cannot show that its end is missing, nor that somebody sealed all of it again. So its head is signed with
Ed25519 from time to time and appended to the heads log, one canonical JSON line each. Every line carries the hash of
the line before it. A copy of the log kept elsewhere (the sponsor's mail, a printed page) is the outside anchor.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from io import BufferedRandom
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from trialwright.ledger.canonical import canonical, instant_text
from trialwright.ledger.fact import GENESIS, Head
from trialwright.ledger.ports import Broken

TRIAL = "trial"
"""The chain of the trial's facts."""
ACCESS = "access"
"""The chain of log-ins, reads of sensitive data and exports."""
SIGN_EVERY = 100
"""After how many facts a head is signed by itself; closing a ledger signs as well."""


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head and who vouches for it: `at` is the last fact's instant, `signed` the instant of signing, `previous` the
    SHA-256 of the log line before."""

    chain: str
    number: int
    seal: str
    at: str
    signed: str
    previous: str
    signature: str


@dataclass(frozen=True, slots=True)
class HeadsLog:
    """A heads log as read: the heads whose signatures stand, and what is wrong with the rest, in sentences."""

    heads: tuple[SignedHead, ...]
    problems: tuple[str, ...]

    def of(self, chain: str) -> tuple[SignedHead, ...]:
        """The heads of one chain, in the order of the log."""
        return tuple(head for head in self.heads if head.chain == chain)


def new_signing_key() -> bytes:
    """A fresh Ed25519 private key as PEM. It belongs outside the trial folder."""
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def signing_key(pem: bytes) -> Ed25519PrivateKey:
    """The private key in a PEM file. Raises ValueError for anything else."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the head-signing key is not an Ed25519 key")
    return key


def public_key(key: Ed25519PrivateKey) -> str:
    """The public half in hexadecimal: what the trial folder holds."""
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return raw.hex()


def _signed_bytes(head: SignedHead) -> bytes:
    content = asdict(head)
    del content["signature"]
    return canonical(content)


def line_of(head: SignedHead) -> bytes:
    """The head as its line in the log, with the line end."""
    return canonical(asdict(head)) + b"\n"


def sign(head: Head, chain: str, signed: datetime, previous: str, key: Ed25519PrivateKey) -> SignedHead:
    """The head, signed."""
    bare = SignedHead(chain, head.number, head.seal, head.at, instant_text(signed), previous, "")
    signature = key.sign(_signed_bytes(bare)).hex()
    return SignedHead(chain, head.number, head.seal, head.at, bare.signed, previous, signature)


def _parsed(line: bytes) -> SignedHead:
    """The head on a line; ValueError when the line is not exactly what `line_of` writes."""
    content = orjson.loads(line)
    if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
        raise ValueError("not a mapping of texts")
    try:
        head = SignedHead(**{**content, "number": int(content["number"])})
    except (KeyError, TypeError) as error:
        raise ValueError("not the fields of a head") from error
    if line_of(head) != line:
        raise ValueError("not in canonical form")
    return head


def _signature_stands(head: SignedHead, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(bytes.fromhex(head.signature), _signed_bytes(head))
    except (InvalidSignature, ValueError):
        return False
    return True


def read_heads(lines: Iterable[bytes], public: str, name: str = "heads.log") -> HeadsLog:
    """Read a heads log against the public key (hexadecimal); `name` is the file that problems name.

    A last line without its end is a signature that was under way when the machine stopped: nothing rests on it, and it
    is passed over.
    """
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    heads: list[SignedHead] = []
    problems: list[str] = []
    previous, last = GENESIS, {TRIAL: -1, ACCESS: -1}
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            break
        try:
            head = _parsed(line)
        except ValueError:
            problems.append(f"{name}:{number}: this line cannot be read as a signed head: it was edited or damaged")
        else:
            if not _signature_stands(head, key):
                problems.append(f"{name}:{number}: head {head.number} is not signed by this trial's key")
            elif head.previous != previous:
                problems.append(f"{name}:{number}: this line does not follow the line before it: lines were removed")
                heads.append(head)
            elif head.number <= last.get(head.chain, -1):
                problems.append(f"{name}:{number}: this line goes back to head {head.number}")
            else:
                heads.append(head)
            last[head.chain] = max(head.number, last.get(head.chain, -1))
        previous = hashlib.sha256(line).hexdigest()
    return HeadsLog(tuple(heads), tuple(problems))


def read_heads_file(path: Path, public: str) -> HeadsLog:
    """Read the heads log in a file; a missing or empty one is a problem, because creation writes its first line."""
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return HeadsLog((), (f"the heads log {path.name} is missing",))
    if not any(line.endswith(b"\n") for line in lines):
        return HeadsLog((), (f"the heads log {path.name} is empty",))
    return read_heads(lines, public, path.name)


def append_head(path: Path, head: Head, chain: str, signed: datetime, key: Ed25519PrivateKey) -> SignedHead | None:
    """Sign a head and append it to the log, on disk before this returns. None when the log holds this head or a later
    one of the chain (another process was quicker). Call it only after the facts are committed: a head beyond the end
    of its chain means that facts were cut off."""
    with path.open("a+b") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        lines = _whole_lines(log)
        try:
            last = _last_number(lines, chain)
        except ValueError:
            raise Broken(
                f"{path} holds a line that is no signed head; run trialwright ledger verify {path.parent}"
            ) from None
        if head.number <= last:
            return None
        previous = hashlib.sha256(lines[-1]).hexdigest() if lines else GENESIS
        entry = sign(head, chain, signed, previous, key)
        log.write(line_of(entry))
        log.flush()
        os.fsync(log.fileno())
        return entry


def _whole_lines(log: BufferedRandom) -> list[bytes]:
    """The finished lines; the rest of an unfinished last one is cut off, so that the next begins a line."""
    log.seek(0)
    lines = log.read().splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n"):
        lines.pop()
        log.truncate(sum(map(len, lines)))
    return lines


def _last_number(lines: Sequence[bytes], chain: str) -> int:
    for line in reversed(lines):
        head = _parsed(line)
        if head.chain == chain:
            return head.number
    return -1
