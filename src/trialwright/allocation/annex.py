"""The restricted annex: what of the method nobody who enrols may know. The definition carries only its hash.

A hash of two small block sizes could be tried out in a second, so the annex holds 32 random bytes of salt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import orjson

from trialwright.allocation.blocks import Blocks
from trialwright.ledger.canonical import canonical, fingerprint

SALT_BYTES = 32


@dataclass(frozen=True)
class Annex:
    """The annex of one list: the trial's name, the ratio of the arms and the possible block sizes.

    salt: 32 random bytes in hexadecimal. words: what each arm is called on an envelope; by default its own name.
    """

    trial: str
    ratio: Mapping[str, int]
    sizes: tuple[int, ...]
    salt: str
    words: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(bytes.fromhex(self.salt)) != SALT_BYTES:
            raise ValueError(f"the salt of an annex has {SALT_BYTES} bytes")
        unknown = set(self.words) - set(self.ratio)
        if unknown:
            raise ValueError(f"words for {', '.join(sorted(unknown))}, which the ratio does not name")
        _ = self.blocks  # a ratio or size that cannot be is refused here

    def __repr__(self) -> str:
        return f"Annex(trial={self.trial!r}, ...)"

    @cached_property
    def blocks(self) -> Blocks:
        """The method, ready to draw. The arms stand in the order of their names, so that the annex has one meaning."""
        return Blocks({arm: self.ratio[arm] for arm in sorted(self.ratio)}, tuple(sorted(self.sizes)))

    @cached_property
    def canonical(self) -> bytes:
        """The one text of this annex."""
        return canonical(self._plain())

    @cached_property
    def sha256(self) -> str:
        """What the definition and every leaf carry."""
        return fingerprint(self._plain())

    def _plain(self) -> dict[str, object]:
        return {
            "method": "permuted_block",
            "ratio": dict(self.ratio),
            "salt": self.salt,
            "sizes": sorted(self.sizes),
            "trial": self.trial,
            "words": dict(self.words),
        }

    def in_words(self, arm: str) -> str:
        """What the arm is called on an envelope or in an emergency."""
        return self.words.get(arm, arm)


def read_annex(content: bytes) -> Annex:
    """The annex of canonical bytes. Raises ValueError for anything else."""
    try:
        plain = orjson.loads(content)
        ratio = {arm: int(share) for arm, share in plain["ratio"].items()}
        annex = Annex(plain["trial"], ratio, tuple(int(size) for size in plain["sizes"]), plain["salt"], plain["words"])
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError("this is not an allocation annex") from error
    if annex.canonical != content:
        raise ValueError("the annex is not in its canonical form, so its hash would be another")
    return annex
