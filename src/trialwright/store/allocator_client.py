"""The clinic's side of an allocator: ask for the next slot, inside the act that will keep it.

What the ledger has kept is read in the same transaction, so that two processes never ask about the same place at once.
Nothing here can open what it is given.
"""

import json
import socket
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trialwright.allocation.allocator import KeptDraw
from trialwright.allocation.seed_shares import signed_by
from trialwright.allocation.slots import SealedSlot
from trialwright.ledger.vault import Damaged, Silent
from trialwright.store.allocator_terms import STANDS, statement

CONNECTED = "allocator.json"
"""In the trial's folder: the public file of its allocator."""
PATIENCE = 10.0
"""Seconds to wait for an answer, during which nobody else can write."""


@dataclass(frozen=True, slots=True)
class KeptSince:
    """What the ledger has kept: how many draws in all, and after draw `after`, whose leaf is `leaf` ('' for 0), which
    `draws`."""

    total: int
    after: int
    leaf: str
    draws: Sequence[KeptDraw]


@dataclass(frozen=True, slots=True)
class Connected:
    """Where the allocator of a trial is, and how its answers are recognised."""

    trial: str
    root: str
    socket: Path
    public_key: str


def connected(folder: Path) -> Connected | None:
    """What `allocator.json` of a trial's folder says; nothing where there is none. Raises ValueError for a damaged
    one."""
    path = folder / CONNECTED
    if not path.is_file():
        return None
    return read_public(path)


def read_public(path: Path) -> Connected:
    """The public file of an allocator. Raises ValueError."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return Connected(str(said["trial"]), str(said["root"]), Path(said["socket"]), str(said["public_key"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not the public file of an allocator") from error


def next_slot(
    allocator: Connected,
    levels: Mapping[str, str],
    participant: str,
    kept_since: Callable[[int | None], KeptSince],
    known: int | None,
) -> tuple[SealedSlot, int]:
    """The slot for a participant, and how many draws the allocator has now seen kept. `known`: what it was when last
    asked, None where it was not. Raises `Silent` where it does not answer, `Damaged` where what it says and what the
    ledger holds differ."""
    for _ in range(3):  # it may have been asked by another process meanwhile, or have been restored
        kept = kept_since(known)
        request = {
            "trial": allocator.trial,
            "root": allocator.root,
            "ask": "next",
            "participant": participant,
            "levels": dict(levels),
            "number": kept.total,
            "after": kept.after,
            "leaf": kept.leaf,
            "draws": [_plain(draw) for draw in kept.draws],
        }
        answer = _asked(allocator, request)
        if answer.get("refused") != STANDS:
            break
        known = int(answer["number"])
    if "refused" in answer:
        raise Damaged(str(answer.get("said", "the allocator refused")))
    return _checked(allocator, answer, participant, levels, kept.total), kept.total


def _checked(
    allocator: Connected, answer: Mapping[str, Any], participant: str, levels: Mapping[str, str], total: int
) -> SealedSlot:
    try:
        ciphertext = b64decode(answer["ciphertext"], validate=True)
        slot = SealedSlot(
            str(answer["stratum"]), int(answer["position"]), str(answer["label"]), str(answer["leaf"]), ciphertext
        )
        signed = str(answer["signature"])
    except (KeyError, ValueError, TypeError) as error:
        raise Damaged("the allocator's answer cannot be read") from error
    draw = KeptDraw(participant, levels, slot.stratum, slot.position, slot.label, slot.leaf)
    if not signed_by(allocator.public_key, signed, statement(allocator.root, total + 1, draw, ciphertext)):
        raise Damaged("the answer is not signed by this trial's allocator for this participant and this place")
    return slot


def _plain(draw: KeptDraw) -> Mapping[str, Any]:
    return {
        "participant": draw.participant,
        "levels": dict(draw.levels),
        "stratum": draw.stratum,
        "position": draw.position,
        "label": draw.label,
        "leaf": draw.leaf,
    }


def _asked(allocator: Connected, request: Mapping[str, Any]) -> Mapping[str, Any]:
    received = bytearray()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(str(allocator.socket))
            connection.sendall(json.dumps(request).encode() + b"\n")
            while not received.endswith(b"\n"):
                part = connection.recv(1 << 16)
                if not part:
                    raise Silent("the allocator broke off")
                received += part
    except OSError as error:
        raise Silent(f"the allocator does not answer ({error.strerror or error})") from error
    try:
        answer = json.loads(received)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise Damaged("the allocator's answer cannot be read")
    return answer
