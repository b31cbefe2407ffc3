"""The sealed kit list: which number holds which arm, kit by kit, for those alone who may know.

A kit list is made like the list of slots. From a seed follow, each in a stream of its own, the numbers, the order of
the arms and the nonces; each kit is an age file of one length to every holder; a Merkle root over all leaves commits to
them before the first kit leaves the depot.

    leaf = SHA-256(frame(DOMAIN) ‖ frame(trial) ‖ frame(purpose) ‖ frame(number) ‖ frame(arm) ‖ frame(lot) ‖
    frame(expiry) ‖ frame(use by) ‖ frame(nonce))

Lots expire on different days and a lot holds one arm, so an expiry would tell which kits belong together. All kits of a
list therefore carry one date, the earliest expiry of its lots; the true one is sealed.
"""

import base64
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from trialwright.allocation.annex import PRODUCTION, TEST
from trialwright.allocation.kit_numbers import kit_numbers
from trialwright.allocation.merkle import merkle_root
from trialwright.allocation.sealing import opened, sealed
from trialwright.allocation.slots import CONTENT_STEP, NONCE_BYTES
from trialwright.allocation.stream import Stream, framed

DOMAIN = b"trialwright kit leaf 1"
FORMAT = "trialwright sealed kits 1"
KIT_HOLDERS = ("pharmacist-1", "pharmacist-2", "safety-unit", "break-host")
"""To whom every kit is sealed, so that whoever can open a slot can open a kit."""
OTHER_KIT_HOLDERS = ("depot", "dispensing-service", "unblinded-monitor")
"""To whom too, where they have a key: who labels kits, who chooses them by machine, who checks the account."""


class WrongKit(Exception):
    """What a sealed kit holds is not what was committed, or a package is not what the ledger says it is."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Kits of one arm from one lot: the lot's own number and expiry, and how many kits there are."""

    arm: str
    lot: str
    expiry: date
    count: int


@dataclass(frozen=True)
class KitOrder:
    """What was manufactured for a kit list. Raises ValueError, with every reason, for one that cannot be."""

    trial: str
    lots: tuple[Lot, ...]
    arms: tuple[str, ...]
    purpose: str = PRODUCTION
    words: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wrong = [f"lot {one.lot}: '{one.arm}' is no arm of the trial" for one in self.lots if one.arm not in self.arms]
        wrong += [f"lot {one.lot}: {one.count} kits; give a number from 1" for one in self.lots if one.count < 1]
        lacking = [arm for arm in self.arms if all(one.arm != arm for one in self.lots)]
        wrong += [f"no lot of arm {arm}: a list of fewer arms would tell what its kits hold" for arm in lacking]
        if self.purpose not in (PRODUCTION, TEST):
            wrong.append(f"a list is for {PRODUCTION} or {TEST}, not for {self.purpose!r}")
        if wrong:
            raise ValueError("\n".join(wrong))

    def __repr__(self) -> str:
        return f"KitOrder(trial={self.trial!r}, ...)"

    @property
    def use_by(self) -> date:
        """The one date that all kits of the list carry."""
        return min(one.expiry for one in self.lots)

    def in_words(self, arm: str) -> str:
        """What the arm is called for whoever opens a kit in an emergency."""
        return f"TEST-{arm}: not for a participant" if self.purpose == TEST else self.words.get(arm, arm)


@dataclass(frozen=True, slots=True)
class OpenKit:
    """A kit with what it holds. Only who may know it has one."""

    number: str
    arm: str
    lot: str
    expiry: str
    use_by: str
    nonce: bytes

    def __repr__(self) -> str:
        return f"OpenKit(number={self.number!r}, ...)"  # an arm never reaches a log or a traceback by accident

    def leaf(self, trial: str, purpose: str) -> str:
        """The commitment to this kit, in hexadecimal."""
        text = (trial, purpose, self.number, self.arm, self.lot, self.expiry, self.use_by)
        return hashlib.sha256(framed(DOMAIN, *(part.encode() for part in text), self.nonce)).hexdigest()


@dataclass(frozen=True, slots=True)
class SealedKit:
    """A kit as the server may hold it."""

    number: str
    leaf: str
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class SealedKits:
    """A sealed kit list: kits in the order of their numbers, and what commits to them."""

    trial: str
    purpose: str
    use_by: str
    kits: tuple[SealedKit, ...]
    root: str

    @property
    def numbers(self) -> tuple[str, ...]:
        """All numbers, in order."""
        return tuple(kit.number for kit in self.kits)


def draw_up_kits(order: KitOrder, seed: bytes, taken: Collection[str] = ()) -> tuple[OpenKit, ...]:
    """The whole list, by number. `taken`: the numbers of earlier lists. The same arguments give the same list."""
    stream = Stream(seed)
    pool = kit_numbers(stream.draws("kit number"), taken)
    numbers = sorted(next(pool) for _ in range(sum(lot.count for lot in order.lots)))
    contents = stream.draws("kit order").shuffled([lot for lot in order.lots for _ in range(lot.count)])
    nonces = stream.draws("kit nonce")
    use_by = order.use_by.isoformat()
    return tuple(
        OpenKit(number, lot.arm, lot.lot, lot.expiry.isoformat(), use_by, nonces.octets(NONCE_BYTES))
        for number, lot in zip(numbers, contents, strict=True)
    )


def kits_root(leaves: Sequence[str]) -> str:
    """What commits to all kits in the order of their numbers, in hexadecimal."""
    return merkle_root([bytes.fromhex(leaf) for leaf in leaves]).hex()


def sealed_kits(kits: Sequence[OpenKit], order: KitOrder, recipients: Sequence[str]) -> SealedKits:
    """Every kit sealed on its own to all recipients, at one length whatever it holds."""
    contents = [_content(kit, order) for kit in kits]
    length = -(-max(map(len, contents)) // CONTENT_STEP) * CONTENT_STEP
    sealed_ones = tuple(
        SealedKit(
            kit.number, kit.leaf(order.trial, order.purpose), sealed(content.ljust(length - 1) + b"\n", recipients)
        )
        for kit, content in zip(kits, contents, strict=True)
    )
    root = kits_root([kit.leaf for kit in sealed_ones])
    return SealedKits(order.trial, order.purpose, order.use_by.isoformat(), sealed_ones, root)


def _content(kit: OpenKit, order: KitOrder) -> bytes:
    content = {
        "trial": order.trial,
        "purpose": order.purpose,
        "kit": kit.number,
        "arm": kit.arm,
        "arm_in_words": order.in_words(kit.arm),
        "lot": kit.lot,
        "expiry": kit.expiry,
        "use_by": kit.use_by,
        "nonce": kit.nonce.hex(),
    }
    return json.dumps(content, ensure_ascii=False).encode()


def opened_kit(kit: SealedKit, identities: Sequence[str], trial: str, purpose: str) -> OpenKit:
    """What a kit holds, for a holder of a key. Raises NotOpened, or WrongKit where it is not what was committed."""
    content = opened(kit.ciphertext, identities)
    try:
        held = json.loads(content)
        found = OpenKit(
            held["kit"], held["arm"], held["lot"], held["expiry"], held["use_by"], bytes.fromhex(held["nonce"])
        )
        leaf = found.leaf(trial, purpose)
    except (ValueError, KeyError, TypeError, AttributeError):
        # From None: the content could show in a traceback.
        raise WrongKit(f"sealed kit {kit.number} holds nothing that can be read; call the trial office") from None
    if (found.number, leaf) != (kit.number, kit.leaf):
        raise WrongKit(f"sealed kit {kit.number} does not hold what was committed; do not use it, call the office")
    return found


# ------------------------------------------------------------------ the package


def package(sealed_list: SealedKits) -> bytes:
    """The sealed list as one file, which the server keeps and any holder's client can read."""
    content = {
        "format": FORMAT,
        "trial": sealed_list.trial,
        "purpose": sealed_list.purpose,
        "use_by": sealed_list.use_by,
        "root": sealed_list.root,
        "kits": [
            {"number": kit.number, "leaf": kit.leaf, "sealed": base64.b64encode(kit.ciphertext).decode()}
            for kit in sealed_list.kits
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def digest(content: bytes) -> str:
    """The SHA-256 of a package, under which the server keeps it."""
    return hashlib.sha256(content).hexdigest()


def read_package(content: bytes) -> SealedKits:
    """The sealed list of a package. Raises WrongKit for anything else, and where the root is not that of the leaves."""
    try:
        plain = json.loads(content)
        if plain["format"] != FORMAT:
            raise WrongKit("this is no package of sealed kits")
        kits = tuple(
            SealedKit(one["number"], one["leaf"], base64.b64decode(one["sealed"], validate=True))
            for one in plain["kits"]
        )
        found = SealedKits(plain["trial"], plain["purpose"], plain["use_by"], kits, plain["root"])
        date.fromisoformat(found.use_by)
        root = kits_root([kit.leaf for kit in kits])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongKit("this is no package of sealed kits") from error
    if root != found.root:
        raise WrongKit("the package is damaged: its root is not that of its kits")
    return found


# ------------------------------------------------------------------ afterwards


def reconciled(
    dispensed: Iterable[tuple[str, str]], arms: Mapping[str, str], contents: Mapping[str, OpenKit]
) -> list[str]:
    """After the lock: how what was dispensed differs from what was allocated, in sentences; empty is proof.

    dispensed: (kit number, participant). arms: participant -> arm. contents: kit number -> what it holds.
    """
    found = []
    for number, participant in dispensed:
        kit, arm = contents.get(number), arms.get(participant)
        if kit is None:
            found.append(f"kit {number} was handed to {participant} and stands on no sealed list")
        elif arm is None:
            found.append(f"kit {number} was handed to {participant}, who has no allocation")
        elif kit.arm != arm:
            found.append(f"kit {number} holds {kit.arm} and was handed to {participant}, who was allocated to {arm}")
    return found
