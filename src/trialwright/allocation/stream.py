"""Chance that can be repeated and proved: a stream of integers from a 32-byte seed, one stream per label.

    key    = SHA-256(frame(DOMAIN) ‖ frame(seed) ‖ frame(label))        frame(x) = length of x in 4 bytes ‖ x
    block  = SHA-256(key ‖ counter in 8 bytes)                          counter = 0, 1, 2 ...
    words  = each block cut into four integers of 64 bits; all numbers big-endian

It depends on no library's generator, whose streams change between versions, and an observer of any number of outputs
learns nothing of the seed. Integers below n come by rejection, so that every value is exactly equally likely.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")

DOMAIN = b"trialwright allocation stream 1"
SEED_BYTES = 32
WORD_BYTES = 8
WORDS_PER_BLOCK = 4
WORDS = 1 << 8 * WORD_BYTES


def framed(*parts: bytes) -> bytes:
    """Parts joined so that no other parts give the same bytes: each with its length before it."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


@dataclass(frozen=True, slots=True)
class Stream:
    """All the chance of one list, addressed by label. Raises ValueError for a seed that is not 32 bytes."""

    seed: bytes

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_BYTES:
            raise ValueError(f"a seed has {SEED_BYTES} bytes; this one has {len(self.seed)}")

    def __repr__(self) -> str:
        return "Stream(seed=...)"  # a seed in a log or a traceback would be the whole list

    def draws(self, label: str, position: int = 0) -> "Draws":
        """A cursor in the stream of `label`, standing before word `position`."""
        return Draws(hashlib.sha256(framed(DOMAIN, self.seed, label.encode())).digest(), position)


class Draws:
    """A cursor in one stream. `position` is the number of words consumed; a cursor made anew there goes on alike."""

    __slots__ = ("_block", "_held", "_key", "position")

    def __init__(self, key: bytes, position: int = 0) -> None:
        self._key = key
        self._held = -1
        self._block = b""
        self.position = position

    def word(self) -> int:
        """The next 64 bits."""
        number, place = divmod(self.position, WORDS_PER_BLOCK)
        if number != self._held:
            self._block = hashlib.sha256(self._key + number.to_bytes(8, "big")).digest()
            self._held = number
        self.position += 1
        start = place * WORD_BYTES
        return int.from_bytes(self._block[start : start + WORD_BYTES], "big")

    def below(self, bound: int) -> int:
        """An integer from 0 to bound - 1, each equally likely. Of one possibility nothing is drawn."""
        if not 0 < bound <= WORDS:
            raise ValueError(f"an integer below {bound} cannot be drawn")
        if bound == 1:
            return 0
        limit = WORDS - WORDS % bound  # above it the lowest remainders would be favoured
        while True:
            word = self.word()
            if word < limit:
                return word % bound

    def one_of(self, items: Sequence[Item]) -> Item:
        """One of the items, each equally likely."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[Item]) -> tuple[Item, ...]:
        """The items in an order of which every one is equally likely (Fisher-Yates, from the last place down)."""
        order = list(items)
        for place in range(len(order) - 1, 0, -1):
            other = self.below(place + 1)
            order[place], order[other] = order[other], order[place]
        return tuple(order)

    def octets(self, count: int) -> bytes:
        """The next `count` bytes; the rest of the last word is left unused."""
        words = -(-count // WORD_BYTES)
        return b"".join(self.word().to_bytes(WORD_BYTES, "big") for _ in range(words))[:count]
