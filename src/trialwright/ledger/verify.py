"""Verification: whether a chain of facts is the one that was written, and if not, which fact is the first bad one.

Pure: it takes the facts in the order in which they are kept, and the signed heads. It finds what was edited, deleted,
reordered, inserted, spliced, backdated, cut off or redacted without a logged reason. What it cannot see alone: facts
cut off or sealed anew after the last signed head; it says how many lie there.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain as joined
from itertools import pairwise

import orjson

from trialwright.ledger.canonical import canonical
from trialwright.ledger.fact import EMPTY, Fact, Head, seal_of
from trialwright.ledger.heads import SignedHead
from trialwright.ledger.kinds import PAYLOAD_REDACTED

Record = tuple[
    int, str, str, str, str, str | None, str | None, str | None, str | None, str | None, str, str | None, str | None,
    str, str, str,
]  # fmt: skip
"""A fact as it is kept, in the order of `COLUMNS`; the payload is its canonical text."""

COLUMNS = (
    "number", "at", "by", "role", "kind", "participant", "visit", "form", "repeat", "why", "version", "payload", "salt",
    "digest", "previous", "seal",
)  # fmt: skip
"""The columns of a fact wherever it is kept."""

MOST_PROBLEMS = 20
"""How many problems are told; the first one decides, the rest helps to see the extent."""

FAR = 50
"""How far a fact is looked for under another number."""

_TEXTS = frozenset({str, type(None)})
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z").fullmatch


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `number` is the fact, None where no fact can be named (a dropped trigger)."""

    number: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What verification found. `signed` is the last fact that a signed head vouches for, `beyond` how many facts lie
    after it. `warnings` are sentences about what is not wrong and should be looked at."""

    facts: int
    head: Head
    signed: int
    beyond: int
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def first_bad(self) -> int | None:
        """The number of the first bad fact, or None where there is none that can be named."""
        return min((problem.number for problem in self.problems if problem.number is not None), default=None)

    def __str__(self) -> str:
        told = [problem.sentence for problem in self.problems] or [
            f"{self.facts} facts verified; the last signed head is {self.signed}, {self.beyond} lie beyond it"
        ]
        return "\n".join([*told, *(f"Warning: {sentence}" for sentence in self.warnings)])


def record(fact: Fact) -> Record:
    """The fact as a row."""
    payload = None if fact.payload is None else canonical(fact.payload).decode()
    values = [getattr(fact, column) for column in COLUMNS]
    values[COLUMNS.index("payload")] = payload
    return tuple(values)


def verify(facts: Iterable[Fact], heads: Sequence[SignedHead] = ()) -> Verification:
    """Verify facts in the order given against signed heads of their chain."""
    return verify_records(map(record, facts), heads)


def verify_records(records: Iterable[Record], heads: Sequence[SignedHead] = (), follows: Head = EMPTY) -> Verification:
    """Verify rows in the order given: the whole chain, or what follows a head that was verified before."""
    walk = _Walk({head.number: head for head in heads}, follows.number, follows.seal, follows.at, signed=follows.number)
    for this, following in pairwise(joined(records, (None,))):
        if this is not None and not walk.stands(this):
            walk.examine(this, following)
    walk.finish()
    head = Head(walk.number, walk.seal, walk.at)
    problems = sorted(walk.problems, key=lambda problem: (problem.number is None, problem.number))[:MOST_PROBLEMS]
    return Verification(walk.count, head, walk.signed, walk.number - walk.signed, tuple(problems))


def _why_bad(this: Record) -> str | None:
    """What is wrong with a row in itself, as the end of the sentence 'fact n ...'; None when it stands."""
    (
        number,
        at,
        by,
        role,
        kind,
        participant,
        visit,
        form,
        repeat,
        why,
        version,
        payload,
        salt,
        digest,
        previous,
        seal,
    ) = this
    if not _TEXTS.issuperset(map(type, this[1:])) or type(number) is not int:
        return "was edited: it holds what no fact can hold"  # JSON would write an infinite number as null
    try:
        if seal != seal_of(
            number, at, by, role, kind, participant, visit, form, repeat, why, version, digest, previous
        ):
            return "was edited: its seal is not what its content gives"
        if payload is None or salt is None:
            return (
                None
                if payload is salt and _INSTANT(at)
                else "has lost only one of payload and salt: no redaction does that"
            )
        if digest != hashlib.sha256(bytes.fromhex(salt) + payload.encode()).hexdigest():
            return "had its payload edited: the payload is not what the digest in the seal proves"
        return None if _INSTANT(at) else f"was written at {at!r}, which is no canonical instant"
    except (TypeError, ValueError, AttributeError):
        return "was edited: it holds what no fact can hold"


@dataclass(slots=True)
class _Walk:
    """Where the verification stands, and what it found."""

    heads: dict[int, SignedHead]
    number: int
    seal: str
    at: str
    signed: int
    earlier: str = ""
    count: int = 0
    emptied: set[int] = field(default_factory=set)
    logged: dict[int, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def stands(self, this: Record) -> bool:
        """Take a row in when it follows and is as it was sealed; this is the fast way."""
        if this[0] != self.number + 1 or this[14] != self.seal or _why_bad(this) is not None or this[1] < self.at:
            return False
        self._take(this)
        return True

    def _take(self, this: Record) -> None:
        self.earlier = self.seal
        self.number, self.at, self.seal = number, _, seal = this[0], this[1], this[15]
        self.count += 1
        if this[11] is None:
            self.emptied.add(number)
        elif this[4] == PAYLOAD_REDACTED:
            self._logged(number, this[11])
        head = self.heads.get(number)
        if head is not None:
            if head.seal == seal:
                self.signed = number
            else:
                self._problem(number, self._rewritten(head))

    def _logged(self, number: int, payload: str) -> None:
        try:
            self.logged[int(orjson.loads(payload)["fact"])] = number
        except (ValueError, KeyError, TypeError):
            self._problem(number, f"fact {number} says that something was redacted, and not which fact")

    def examine(self, this: Record, following: Record | None) -> None:
        """Say what is wrong with a row, then go on from it as if it stood."""
        expected, number = self.number + 1, this[0]
        if type(number) is not int:
            self._problem(expected, f"fact {expected} was edited: {number!r} stands where its number was")
            return
        bad = _why_bad(this)
        if number > expected:
            self._problem(expected, _gap(expected, number, following))
        elif number < expected:
            self._problem(number, f"fact {number} stands after fact {self.number}: it was inserted, repeated or moved")
        if bad is not None:
            self._problem(*self._moved(this, bad))
        elif number == expected and this[14] != self.seal:
            self._problem(*self._torn(this, following))
        elif number == expected and this[1] < self.at:
            self._problem(number, f"fact {number} is backdated: {this[1]} lies before fact {self.number} at {self.at}")
        if number >= expected:
            self._take(this)
            if type(self.at) is not str:
                self.at = ""

    def _moved(self, this: Record, bad: str) -> tuple[int, str]:
        """A row that does not stand may be another fact of this chain under a false number."""
        number = this[0]
        if len(self.problems) < MOST_PROBLEMS:
            for other in (number - 1, *range(number + 1, number + FAR), *range(number - 2, max(number - FAR, 0), -1)):
                if _why_bad((other, *this[1:])) is None:
                    if other == number - 1 and this[14] == self.earlier:
                        return other, f"fact {other} was inserted: fact {number} was sealed as fact {other}"
                    return (
                        number,
                        f"fact {number} was sealed as fact {other}: facts were moved, deleted or inserted here",
                    )
        return number, f"fact {number} {bad}"

    def _torn(self, this: Record, following: Record | None) -> tuple[int, str]:
        """Two neighbours stand in themselves and do not belong together: which one is false?"""
        number, before = this[0], self.number
        if before == 0:
            return number, "fact 1 does not begin the chain: what stood before it is gone or it was sealed elsewhere"
        signed_before, signed_here = self.heads.get(before), self.heads.get(number)
        genuine = signed_before is not None and signed_before.seal == self.seal
        goes_on = following is not None and following[14] == this[15]
        vouched = signed_here is not None and signed_here.seal == this[15]
        if following is None and signed_before is None and not vouched:
            return before, (
                f"fact {before} or fact {number} is false: they do not belong together, and no signed head says which"
            )
        if not genuine and (goes_on or vouched or signed_before is not None):
            return before, (
                f"fact {before} was changed and sealed anew: fact {number} was sealed to another fact {before}"
                " (or everything from there on was spliced in)"
            )
        return number, f"fact {number} does not follow fact {before}: it was inserted, spliced in or sealed anew"

    def _rewritten(self, head: SignedHead) -> str:
        return (
            f"fact {head.number} is not the fact whose seal was signed on {head.signed}: the chain was written anew"
            f" between fact {self.signed + 1} and fact {head.number}"
        )

    def finish(self) -> None:
        """What only the end can tell: facts cut off, and redactions."""
        last = max(self.heads.values(), key=lambda head: head.number, default=None)
        if last is not None and last.number > self.number:
            first = self.number + 1
            self._problem(
                first, f"facts {first} to {last.number} were cut off: head {last.number} was signed on {last.signed}"
            )
        for number in sorted(self.emptied - self.logged.keys()):
            if self.problems:
                sentence = f"fact {number} lost its payload; the logged reason may be among what is wrong above"
                self.problems.append(Problem(None, sentence))
            else:
                self._problem(number, f"fact {number} lost its payload without a logged redaction")
        for number in sorted(self.logged.keys() - self.emptied):
            if self.number - self.count < number <= self.number:
                why = f"fact {self.logged[number]} says that it was redacted"
                self._problem(number, f"fact {number} holds its payload again, though {why}")

    def _problem(self, number: int, sentence: str) -> None:
        if len(self.problems) < 100 * MOST_PROBLEMS:
            self.problems.append(Problem(number, sentence))


def _gap(expected: int, number: int, following: Record | None) -> str:
    if following is not None and following[0] == expected:
        return f"fact {number} stands before fact {expected}: the facts were reordered"
    if number == expected + 1:
        return f"fact {expected} is missing: it was deleted"
    return f"facts {expected} to {number - 1} are missing: they were deleted"


def records(facts: Iterable[Fact]) -> Iterator[Record]:
    """The facts as rows."""
    return map(record, facts)
