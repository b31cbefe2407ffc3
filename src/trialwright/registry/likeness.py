"""How alike two texts are, for finding which criterion of a register answers which criterion of a definition.

Both texts become sets of words: case, punctuation, British or American spelling and little words do not count. Two
words are one when seven tenths of their letter triples agree, so that a typing error does not part them. Likeness is
the greater of the Dice coefficient and, slightly discounted, the share of the shorter text that the longer one holds
(a definition often shortens a text). 0 is nothing in common, 1 the same words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_LITTLE_WORDS = """
    a an and any are as at be by due e for from g had has have i if in is it its less more no not of on or other
    than that the their this those to two was were when which will with within
"""
_LITTLE = frozenset(_LITTLE_WORDS.split())
_SIGNS = {"≥": ">=", "≤": "<=", "–": "-", "—": "-", "’": "'", "‘": "'", "\u00a0": " "}
_SHORTER_COUNTS = 0.9
_SAME_WORD = 0.7


def plain(text: str) -> str:
    """The text in one spelling: small letters, plain signs, single spaces, no closing full stop."""
    for sign, usual in _SIGNS.items():
        text = text.replace(sign, usual)
    text = re.sub(r"\s*([<>=%]+)\s*", r"\1", text.casefold())
    return re.sub(r"\s+", " ", text).strip().rstrip(".")


@lru_cache(maxsize=4096)
def words(text: str) -> frozenset[str]:
    """The words that count, oe and ae as e, endings of the plural off."""
    found = re.findall(r"[a-z0-9]+", plain(text).replace("oe", "e").replace("ae", "e").replace("isation", "ization"))
    return frozenset(re.sub(r"(?<=[a-z]{3})(?:ies|y|s)$", "", word) for word in found if word not in _LITTLE)


def likeness(first: str, second: str) -> float:
    """From 0 (nothing in common) to 1 (the same words)."""
    one, other = words(first), words(second)
    if not one or not other:
        return 0.0
    shared = _shared(one, other)
    return max(2 * shared / (len(one) + len(other)), _SHORTER_COUNTS * shared / min(len(one), len(other)))


def _shared(one: frozenset[str], other: frozenset[str]) -> int:
    one, other = sorted((one, other), key=sorted)  # the pairing below must not depend on the order given
    common = one & other
    rest, left = one - common, set(other - common)
    count = len(common)
    for word in sorted(rest):
        if twin := next((candidate for candidate in sorted(left) if same_word(word, candidate)), None):
            left.discard(twin)
            count += 1
    return count


def same_word(one: str, other: str) -> bool:
    """Whether two words are one apart from a slip; short words and numbers must be equal."""
    if min(len(one), len(other)) < 5 or one.isdigit() or other.isdigit():
        return one == other
    first, second = _triples(one), _triples(other)
    return 2 * len(first & second) / (len(first) + len(second)) >= _SAME_WORD


def _triples(word: str) -> set[str]:
    padded = f"  {word} "
    return {padded[place : place + 3] for place in range(len(padded) - 2)}


def numbers(text: str) -> frozenset[str]:
    """The numbers in a text as written, trailing zeros and grouping off; "10 %" is 10."""
    return frozenset(
        found.rstrip("0").rstrip(".") if "." in found else found
        for found in re.findall(r"(?<![\w-])\d+(?:\.\d+)?", text)
    )


def paired(first: Sequence[str], second: Sequence[str], enough: float) -> dict[int, int]:
    """Which text of `first` goes with which of `second`, each used once, the most alike first; by place."""
    scored = sorted(
        ((likeness(one, other), -here, -there) for here, one in enumerate(first) for there, other in enumerate(second)),
        reverse=True,
    )
    found: dict[int, int] = {}
    for score, here, there in scored:
        if score >= enough and -here not in found and -there not in found.values():
            found[-here] = -there
    return found
