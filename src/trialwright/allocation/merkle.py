"""One hash that commits to all slots in order: a Merkle tree as in RFC 6962 (leaf and node hashes cannot be confused).

MTH({d}) = SHA-256(0x00 ‖ d)        MTH(D) = SHA-256(0x01 ‖ MTH(D[:k]) ‖ MTH(D[k:])), k the largest power of two below n
"""

import hashlib
from collections.abc import Sequence


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over the leaves in order. Raises ValueError without leaves: nothing commits to nothing."""
    if not leaves:
        raise ValueError("a list without slots has no root")
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    # Pairing level by level, an odd one out going up as it is, gives the same tree as splitting at powers of two.
    while len(level) > 1:
        paired = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2])]  # noqa: B905
        level = paired + level[2 * len(paired) :]
    return level[0]
