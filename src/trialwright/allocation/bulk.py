"""The commitments of a whole list, many at once: what `slots.draw_up` and `OpenSlot.leaf` give, row for row.

`draw_up` is the specification: it can be read beside its formulas. This is for the proof of large lists, a hundred
thousand slots in a second. It reads the same streams in long stretches, and falls back on the simple cursor wherever a
word would have been rejected (once in 10^18 words), so a test that the two agree covers every other case.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialwright.allocation.annex import Annex
from trialwright.allocation.check_digits import ALPHABET, VALUE
from trialwright.allocation.methods import Blocks, Method, list_for
from trialwright.allocation.slots import DOMAIN, LABEL_LENGTH, LABEL_LETTERS, NONCE_BYTES, draw_up
from trialwright.allocation.stream import DOMAIN as STREAM
from trialwright.allocation.stream import WORDS, WORDS_PER_BLOCK, Stream, framed

SHORTEST, LONGEST = 64, 4096
"""Words that are read at once: few for a short list, more and more for a long one."""
BOUND = len(LABEL_LETTERS)
ON_THE_SAFE_SIDE = WORDS - (1 << 32)
"""No bound below 2^32 rejects a word under this."""


class Rejected(Exception):
    """A word that the simple cursor might have to draw again."""


@dataclass(frozen=True, slots=True)
class Regenerated:
    """A list drawn up again, as columns: `stratum` and `position` say where, `leaf` is the commitment in
    hexadecimal."""

    stratum: list[str]
    position: list[int]
    label: list[str]
    arm: list[str]
    leaf: list[str]


def regenerated(annex: Annex, strata: Sequence[str], n: int, seed: bytes) -> Regenerated:
    """Columns of `draw_up(annex, strata, n, seed)` with their leaves."""
    try:
        return _at_once(annex, strata, n, seed)
    except Rejected:
        slots = draw_up(annex, strata, n, seed)
        return Regenerated(
            [slot.stratum for slot in slots],
            [slot.position for slot in slots],
            [slot.label for slot in slots],
            [slot.arm for slot in slots],
            [slot.leaf(annex.trial, annex.sha256) for slot in slots],
        )


def _at_once(annex: Annex, strata: Sequence[str], n: int, seed: bytes) -> Regenerated:
    if not strata or len(set(strata)) != len(strata) or n < 1:
        raise ValueError("a list needs at least one stratum, each named once, and at least one slot in each")
    stream = Stream(seed)
    labels = _labels(stream, n * len(strata))
    arms: list[str] = []
    leaves: list[str] = []
    for place, stratum in enumerate(strata):
        drawn = _arms(annex.method, stratum, n, stream)
        nonces = _octets(_key(stream, f"nonce:{stratum}"), n)
        arms += drawn
        leaves += _leaves(annex, stratum, labels[place * n : (place + 1) * n], drawn, nonces)
    where = [stratum for stratum in strata for _ in range(n)]
    return Regenerated(where, list(range(1, n + 1)) * len(strata), labels, arms, leaves)


def _key(stream: Stream, label: str) -> bytes:
    return hashlib.sha256(framed(STREAM, stream.seed, label.encode())).digest()


def _blocks(key: bytes, first: int, count: int) -> list[bytes]:
    sha256 = hashlib.sha256
    return [sha256(key + number.to_bytes(8, "big")).digest() for number in range(first, first + count)]


def _octets(key: bytes, n: int) -> list[bytes]:
    """Nonces: a nonce of 32 bytes is exactly one block of its stream."""
    if NONCE_BYTES != 8 * WORDS_PER_BLOCK:
        raise Rejected
    return _blocks(key, 0, n)


def _leaves(annex: Annex, stratum: str, labels: list[str], arms: Sequence[str], nonces: list[bytes]) -> list[str]:
    """SHA-256 over the framed parts, of which all but position, label, arm and nonce stay the same."""
    sha256 = hashlib.sha256
    before = framed(DOMAIN, annex.trial.encode(), annex.sha256.encode(), stratum.encode())
    framed_arms = {arm: framed(arm.encode()) + NONCE_BYTES.to_bytes(4, "big") for arm in set(arms)}
    label_frame = (LABEL_LENGTH + 1).to_bytes(4, "big")
    leaves = []
    for digits in range(1, len(str(len(arms))) + 1):
        start, stop = 10 ** (digits - 1), min(10**digits, len(arms) + 1)
        head = before + digits.to_bytes(4, "big")
        leaves += [
            sha256(head + b"%d" % place + label_frame + label.encode() + framed_arms[arm] + nonce).hexdigest()
            for place, label, arm, nonce in zip(
                range(start, stop),
                labels[start - 1 : stop - 1],
                arms[start - 1 : stop - 1],
                nonces[start - 1 : stop - 1],
                strict=True,
            )
        ]
    return leaves


# ---------------------------------------------------------------- arms


def _arms(method: Method, stratum: str, n: int, stream: Stream) -> Sequence[str]:
    if not isinstance(method, Blocks):
        return list_for(method, stratum, n, stream)
    words = _words(_key(stream, f"stratum:{stratum}"))
    sizes, unshuffled = method.sizes, method.unshuffled
    choices = len(sizes)
    arms: list[str] = []
    while len(arms) < n:
        size = sizes[next(words) % choices] if choices > 1 else sizes[0]
        order = list(unshuffled[size])
        for place in range(size - 1, 0, -1):
            other = next(words) % (place + 1)
            order[place], order[other] = order[other], order[place]
        arms += order
    return arms[:n]


def _words(key: bytes) -> Iterator[int]:
    """The words of a stream. Raises `Rejected` at the first that a draw might pass over."""
    first, count = 0, SHORTEST // WORDS_PER_BLOCK
    while True:
        words = struct.unpack(f">{count * WORDS_PER_BLOCK}Q", b"".join(_blocks(key, first, count)))
        if max(words) >= ON_THE_SAFE_SIDE:
            raise Rejected
        yield from words
        first += count
        count = min(2 * count, LONGEST // WORDS_PER_BLOCK)


# ---------------------------------------------------------------- labels


def _labels(stream: Stream, n: int) -> list[str]:
    """The first `n` labels: stems of which the check character is a letter that is never misread, no two alike."""
    key = _key(stream, "label")
    labels: list[str] = []
    given: set[str] = set()
    first = 0
    while len(labels) < n:
        # Of 37 check characters 27 are letters, so a little more than 37 stems give 27 labels.
        stems = (n - len(labels)) * 38 // BOUND + 64
        blocks = -(-stems * LABEL_LENGTH // WORDS_PER_BLOCK // LABEL_LENGTH) * LABEL_LENGTH
        for label in _spelled(np.frombuffer(b"".join(_blocks(key, first, blocks)), ">u8")):
            if label not in given:
                given.add(label)
                labels.append(label)
        first += blocks
    return labels[:n]


def _spelled(words: NDArray[np.uint64]) -> list[str]:
    if int(words.max()) >= ON_THE_SAFE_SIDE:
        raise Rejected
    letters = (words % np.uint64(BOUND)).astype(np.int64).reshape(-1, LABEL_LENGTH)
    values = np.array([VALUE[letter] for letter in LABEL_LETTERS])[letters]
    check = np.zeros(len(values), dtype=np.int64)
    for place in range(LABEL_LENGTH):
        check = (check + values[:, place]) * 2 % 37
    check = (1 - check) % 37
    usable = np.array([letter in LABEL_LETTERS for letter in ALPHABET + "*"])[check]
    characters = np.frombuffer((ALPHABET + "*").encode(), np.uint8)
    spelled = np.column_stack([characters[values[usable]], characters[check[usable]]])
    text = spelled.tobytes().decode()
    width = LABEL_LENGTH + 1
    return [text[start : start + width] for start in range(0, len(text), width)]
