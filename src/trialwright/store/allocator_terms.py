"""What clinic and allocator say to each other: draws as JSON, the signed statement, the words of a refusal."""

import hashlib
from collections.abc import Mapping
from typing import Any

from trialwright.allocation.allocator import KeptDraw

BEHIND, OTHER, STANDS, TAKEN, LEVELS, UNREADABLE = "behind", "other", "stands", "taken", "levels", "unreadable"
"""Why a request is refused: the ledger was set back; it holds another draw; it must say more; the participant was
drawn; a level is unknown; the request is no request."""


def draw_of(said: Mapping[str, Any]) -> KeptDraw:
    """A draw of its JSON. Raises KeyError, TypeError or ValueError for anything else."""
    levels = {str(factor): str(level) for factor, level in said["levels"].items()}
    texts = (str(said[name]) for name in ("stratum", "label", "leaf"))
    stratum, label, leaf = texts
    return KeptDraw(str(said["participant"]), levels, stratum, int(said["position"]), label, leaf)


def statement(root: str, number: int, draw: KeptDraw, ciphertext: bytes) -> Mapping[str, Any]:
    """What the allocator signs: for which seed, which draw, for whom, which slot."""
    return {
        "form": "trialwright allocator draw 1",
        "root": root,
        "number": number,
        "participant": draw.participant,
        "levels": dict(draw.levels),
        "stratum": draw.stratum,
        "position": draw.position,
        "label": draw.label,
        "leaf": draw.leaf,
        "ciphertext": hashlib.sha256(ciphertext).hexdigest(),
    }
