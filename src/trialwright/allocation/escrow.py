"""The seed and the annex in the hands of two: who holds one share knows nothing, both together draw up the list again.

    secret = {"annex": canonical annex, "seed": 64 hexadecimal digits} padded to a multiple of 512 bytes
    share 1 = as many random bytes        share 2 = secret XOR share 1

Each share is an age file to one holder, JSON inside, so the standard `age` program and a table of XOR would do.
"""

import hashlib
import json
from collections.abc import Sequence

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trialwright.allocation.annex import Annex, read_annex
from trialwright.allocation.sealing import NotOpened, joined, opened, sealed, split
from trialwright.allocation.stream import SEED_BYTES, framed

STEP = 512


class WrongEscrow(Exception):
    """The two shares were opened and do not give a seed and an annex: they are not of one list, or were damaged."""


def secret_length(annex: Annex) -> int:
    """How many random bytes the mask of `to_escrow` needs."""
    return len(_secret(bytes(SEED_BYTES), annex))


def to_escrow(seed: bytes, annex: Annex, mask: bytes, holders: tuple[str, str]) -> tuple[bytes, bytes]:
    """Two age files, one to each holder's public key. `mask`: `secret_length` fresh random bytes."""
    shares = split(_secret(seed, annex), mask)
    first, second = (
        sealed(_share(annex.trial, number, share), [holder])
        for number, (share, holder) in enumerate(zip(shares, holders, strict=True), start=1)
    )
    return first, second


def seed_commitment(seed: bytes) -> str:
    """What commits to a seed, in hexadecimal; for an allocator it stands where a list has its root."""
    return hashlib.sha256(framed(b"trialwright allocation seed 1", seed)).hexdigest()


def answers_with(seed: bytes) -> Ed25519PrivateKey:
    """The key under an allocator's answers. It follows from the seed, so that the signed terms can name its public half
    and nobody can put another allocator in its place."""
    return Ed25519PrivateKey.from_private_bytes(
        hashlib.sha256(framed(b"trialwright allocator answers 1", seed)).digest()
    )


def sealed_secret(seed: bytes, annex: Annex, holder: str) -> bytes:
    """Seed and annex whole, as an age file to one public key: only for an allocator, which has to draw."""
    return sealed(_secret(seed, annex), [holder])


def opened_secret(file: bytes, key: str) -> tuple[bytes, Annex]:
    """Seed and annex of `sealed_secret`. Raises NotOpened or WrongEscrow."""
    return _read_secret(opened(file, [key]), "the file holds no seed")


def from_escrow(files: Sequence[bytes], keys: Sequence[str]) -> tuple[bytes, Annex]:
    """Seed and annex. Raises NotOpened, naming the holder whose key is lacking, or WrongEscrow."""
    first, second = (_opened_share(file, keys, number) for number, file in enumerate(files, start=1))
    if len(first) != len(second):
        raise WrongEscrow("the two shares do not belong together: one is longer")
    return _read_secret(joined(first, second), "the two shares do not belong together: they give no seed")


def _read_secret(content: bytes, otherwise: str) -> tuple[bytes, Annex]:
    try:
        secret = orjson.loads(content)
        return bytes.fromhex(secret["seed"]), read_annex(secret["annex"].encode())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongEscrow(otherwise) from error


def _secret(seed: bytes, annex: Annex) -> bytes:
    text = json.dumps({"annex": annex.canonical.decode(), "seed": seed.hex()}).encode()
    return text.ljust(-(-len(text) // STEP) * STEP)


def _share(trial: str, number: int, share: bytes) -> bytes:
    return json.dumps({"trial": trial, "share": number, "of": 2, "secret": share.hex()}).encode()


def _opened_share(file: bytes, keys: Sequence[str], number: int) -> bytes:
    try:
        content = opened(file, keys)
    except NotOpened as error:
        raise NotOpened(
            f"share {number} of the seed stays closed: the key of escrow holder {number} is not among those given,"
            " or the share is damaged"
        ) from error
    try:
        return bytes.fromhex(json.loads(content)["secret"])
    except (ValueError, KeyError, TypeError) as error:
        raise WrongEscrow(f"share {number} holds no share of a seed") from error
