"""Sealing to public keys, and the seed in the hands of two: real age files, readable with the standard `age` program.

The server holds recipients (public keys, `age1...`) and can add; only who holds an identity (private key) can read.
"""

import hashlib
from collections.abc import Sequence

import pyrage

from trialwright.allocation.stream import SEED_BYTES, framed


class NotOpened(Exception):
    """None of the keys given opens it, or it is damaged."""


def sealed(content: bytes, recipients: Sequence[str]) -> bytes:
    """The content as an age file that any one of the recipients can open. Raises ValueError for a key that is none."""
    if not recipients:
        raise ValueError("sealing needs at least one recipient, or nobody could ever open it")
    return bytes(pyrage.encrypt(content, [_recipient(key) for key in recipients]))


def opened(ciphertext: bytes, identities: Sequence[str]) -> bytes:
    """The content, with any of the private keys (`AGE-SECRET-KEY-1...`). Raises NotOpened; it never repeats a key."""
    if not identities:
        raise NotOpened("no key was given")
    keys = [_identity(key) for key in identities]
    try:
        return bytes(pyrage.decrypt(ciphertext, keys))
    except pyrage.DecryptError as error:
        raise NotOpened("none of the keys given opens it, or it is damaged") from error


def sealed_to(ciphertext: bytes) -> int:
    """To how many keys an age file is sealed, as its header says: what a program that seals to one more would show.
    (A `grease` stanza is what age adds so that readers stay tolerant; it opens nothing.)"""
    header = ciphertext.partition(b"\n--- ")[0].split(b"\n")
    kinds = [line.split(b" ")[1] for line in header if line.startswith(b"-> ")]
    return sum(not kind.endswith(b"-grease") for kind in kinds)


def _recipient(key: str) -> pyrage.x25519.Recipient:
    try:
        return pyrage.x25519.Recipient.from_str(key.strip())
    except pyrage.RecipientError as error:
        raise ValueError(f"{key!r} is not an age public key (age1...)") from error


def _identity(key: str) -> pyrage.x25519.Identity:
    try:
        return pyrage.x25519.Identity.from_str(key.strip())
    except pyrage.IdentityError:
        # Raised from None: the library's message could repeat a private key.
        raise NotOpened("one of the keys given is not an age private key (AGE-SECRET-KEY-1...)") from None


def combined_seed(generator_share: bytes, witness_share: bytes) -> bytes:
    """SHA-256(rG ‖ rW). Each share is committed before the other is shown, so that neither of the two can choose the
    list.
    """
    for share in (generator_share, witness_share):
        if len(share) != SEED_BYTES:
            raise ValueError(f"a share of the seed has {SEED_BYTES} bytes; this one has {len(share)}")
    return hashlib.sha256(generator_share + witness_share).digest()


def share_commitment(share: bytes) -> str:
    """What generator and witness show each other before they show their shares."""
    return hashlib.sha256(framed(b"trialwright allocation share 1", share)).hexdigest()


def split(seed: bytes, mask: bytes) -> tuple[bytes, bytes]:
    """The seed as two shares for two escrow holders; one alone says nothing. `mask` is as many fresh random bytes."""
    if len(mask) != len(seed):
        raise ValueError(f"the mask has {len(mask)} bytes where the seed has {len(seed)}")
    return mask, bytes(left ^ right for left, right in zip(seed, mask, strict=True))


def joined(first: bytes, second: bytes) -> bytes:
    """The seed of two shares, in either order."""
    return split(first, second)[1]
