"""What was committed, held against each slot before it is drawn: a slot that was exchanged is not handed out.

The root of a list is in the ledger's chain, in the fact that took it in, and the slots are held against it when a
process draws for the first time. After that the process remembers every place, so that nothing can be changed under
its hands. What a leaf commits to (the arm) is checked by whoever opens the slot; `ledger verify` holds everything
against the ledger again.
"""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from trialwright.allocation.merkle import merkle_root
from trialwright.ledger.kinds import LIST_CHANGED, TRIAL_OPENED
from trialwright.ledger.vault import SEALED_LIST, Slot

Rows = Callable[..., list[tuple[Any, ...]]]
"""rows(query, values) -> what the database answers"""


LISTS = """SELECT l.id, l.root, l.kind, f.payload FROM store_list l LEFT JOIN store_fact f
    ON f."number" = COALESCE(l.taken_by, 1) AND f."kind" IN (%s, %s)"""
"""Each list with what the ledger says of it; nothing before the trial is open."""


class Committed:
    """The places of the lists whose slots give their root, by label."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._known: dict[str, tuple[str, int, str]] = {}
        self._lists: set[int] = set()

    def has(self, slot: Slot) -> bool:
        """Whether the slot stands on a list as it was committed. An extension is read when its first slot is met; the
        slots of an allocator are committed one by one, in the ledger."""
        if slot.label not in self._known:
            self._read()
        return self._known.get(slot.label) == (slot.stratum, slot.position, slot.leaf)

    def _read(self) -> None:
        for number, root, kind, payload in self._rows(LISTS, (TRIAL_OPENED, LIST_CHANGED)):
            if kind == SEALED_LIST and number in self._lists:
                continue
            if payload is not None and (said := orjson.loads(payload).get("root")) is not None and said != root:
                continue  # the whole list was exchanged, root and all: the ledger names another
            slots = self._rows(
                "SELECT label, stratum, position, leaf FROM store_slot WHERE list_id = %s ORDER BY id", (number,)
            )
            if kind != SEALED_LIST or stands([row[1:] for row in slots], root):
                self._known.update({label: (stratum, position, leaf) for label, stratum, position, leaf in slots})
                self._lists.add(number)


def stands(slots: Sequence[tuple[str, int, str]], root: str) -> bool:
    """Whether these slots (stratum, position, leaf), in the order in which they are kept, are the list with this root:
    the leaves give it, and each stratum is counted from place 1 on without a gap."""
    reached: dict[str, int] = {}
    for stratum, position, _ in slots:
        if position != reached.get(stratum, 0) + 1:
            return False
        reached[stratum] = position
    try:
        return bool(slots) and merkle_root([bytes.fromhex(leaf) for *_, leaf in slots]).hex() == root
    except (ValueError, TypeError):
        return False
