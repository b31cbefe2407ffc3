"""The restricted annex: what of the method nobody who enrols may know. The definition carries only its hash.

A hash of two small block sizes could be tried out in a second, so the annex holds 32 random bytes of salt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import orjson

from trialwright.allocation.methods import Impossible, Method, method_of
from trialwright.ledger.canonical import canonical, fingerprint

SALT_BYTES = 32
SEALED_STEP = 1024
"""An annex is sealed at a multiple of this many bytes: its own length would tell how many block sizes it has."""
PRODUCTION, TEST = "production", "test"


@dataclass(frozen=True)
class Annex:
    """The annex of one list: the trial's name, the method with its ratio and parameters, and what the list is for.

    salt: 32 random bytes in hexadecimal. words: what each arm is called on an envelope; by default its own name.
    purpose: 'production' or 'test'; it is part of the hash and so of every leaf: a test list never passes for a
    production list (RN8).
    """

    trial: str
    method: Method
    salt: str
    words: Mapping[str, str] = field(default_factory=dict)
    purpose: str = PRODUCTION

    def __post_init__(self) -> None:
        if len(bytes.fromhex(self.salt)) != SALT_BYTES:
            raise ValueError(f"the salt of an annex has {SALT_BYTES} bytes")
        unknown = set(self.words) - set(self.method.ratio)
        if unknown:
            raise ValueError(f"words for {', '.join(sorted(unknown))}, which the ratio does not name")
        if self.purpose not in (PRODUCTION, TEST):
            raise ValueError(f"a list is for {PRODUCTION} or {TEST}, not for {self.purpose!r}")

    def __repr__(self) -> str:
        return f"Annex(trial={self.trial!r}, ...)"

    @property
    def test(self) -> bool:
        """Whether the list is a test list: for rehearsals and demonstrations alone."""
        return self.purpose == TEST

    @property
    def ratio(self) -> Mapping[str, int]:
        """The arms with their shares, in the order of their names."""
        return self.method.ratio

    @cached_property
    def canonical(self) -> bytes:
        """The one text of this annex."""
        return canonical(self._plain())

    @property
    def padded(self) -> bytes:
        """What is sealed: the one text, filled up with spaces."""
        return self.canonical.ljust(-(-len(self.canonical) // SEALED_STEP) * SEALED_STEP)

    @cached_property
    def sha256(self) -> str:
        """What the definition and every leaf carry."""
        return fingerprint(self._plain())

    def _plain(self) -> dict[str, object]:
        return {
            "method": self.method.name,
            "parameters": dict(self.method.parameters),
            "purpose": self.purpose,
            "ratio": dict(self.method.ratio),
            "salt": self.salt,
            "trial": self.trial,
            "words": dict(self.words),
        }

    def in_words(self, arm: str) -> str:
        """What the arm is called on an envelope or in an emergency."""
        return f"TEST-{arm}: not for a participant" if self.test else self.words.get(arm, arm)


def read_annex(content: bytes) -> Annex:
    """The annex of canonical bytes, as sealed or without the filling. Raises ValueError for anything else."""
    try:
        plain = orjson.loads(content)
        ratio = {arm: int(share) for arm, share in plain["ratio"].items()}
        method = method_of(plain["method"], ratio, plain["parameters"])
        annex = Annex(plain["trial"], method, plain["salt"], plain["words"], plain["purpose"])
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, Impossible) as error:
        raise ValueError("this is not an allocation annex") from error
    if content not in (annex.canonical, annex.padded):
        raise ValueError("the annex is not in its canonical form, so its hash would be another")
    return annex
