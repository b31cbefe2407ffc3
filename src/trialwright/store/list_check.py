"""Whether the vault is what the ledger says: lists, slots and sealed values. It needs no key and shows no
arm."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from trialwright.allocation.package import LIST as PACKED
from trialwright.allocation.package import digest, document_problems, list_bytes
from trialwright.allocation.slots import SealedList, SealedSlot
from trialwright.ledger.kinds import (
    CODE_BROKEN,
    LABORATORY_IMPORTED,
    LIST_CHANGED,
    SEALED_KEPT,
    SUPPLY_SEALED,
    TRIAL_OPENED,
    UNBLINDING_REPORTED,
)
from trialwright.ledger.replay import State
from trialwright.ledger.vault import ALLOCATOR
from trialwright.store.committed import stands


def list_problems(cursor: Any, state: State) -> list[str]:
    """Where the lists, slots and sealed values are not what the ledger says, in sentences."""
    cursor.execute("SELECT id, root, annex_sha256, kind, taken_by, terms FROM store_list ORDER BY id")
    lists = cursor.fetchall()
    if not lists:
        return []
    return [
        *(problem for row in lists for problem in _wrong_list(cursor, row)),
        *_strange_slots(cursor),
        *_wrong_slots(cursor, state),
        *_wrong_values(cursor, state),
    ]


def _wrong_list(cursor: Any, row: tuple[Any, ...]) -> Iterator[str]:
    """The fact that took the list in holds root and annex inside the chain; the slots are held against the root."""
    number, root, annex_sha256, kind, taken_by, terms = row
    name = "the list" if taken_by is None else f"the extension of fact {taken_by}"
    said = _said(cursor, taken_by)
    if said is not None and (said.get("root"), said.get("annex")) != (root, annex_sha256):
        yield f"{name} is not the one that the ledger names: another root or annex stands in its place"
    held = orjson.loads(terms)
    if said is not None and taken_by is None and said.get("terms", held) != held:
        yield f"who made {name}, as the vault keeps it, is not what the ledger says"
    if held.get("document"):
        yield from (f"{name}: {problem}" for problem in document_problems(held["document"], root))
    if kind == ALLOCATOR:
        return
    cursor.execute("SELECT stratum, position, leaf FROM store_slot WHERE list_id = %s ORDER BY id", (number,))
    if not stands(cursor.fetchall(), root):
        yield f"the slots are not {name} that was committed: one was exchanged, added, removed or moved"
    elif said is not None and _sealed_otherwise(cursor, number, said):
        yield f"{name} is not sealed as it was when it was signed: a ciphertext or the annex was exchanged"


def _sealed_otherwise(cursor: Any, number: int, said: Mapping[str, Any]) -> bool:
    """The signed document of a ceremony names the digest of the whole sealed list; a list of the tests has none. What a
    logged change sealed anew stands beside the first ciphertexts, not in their place."""
    document = (said.get("terms") or {}).get("document")
    if not document:
        return False
    cursor.execute(
        "SELECT stratum, position, label, leaf, ciphertext FROM store_slot WHERE list_id = %s ORDER BY id", (number,)
    )
    slots = tuple(
        SealedSlot(stratum, position, label, leaf, bytes(ciphertext))
        for stratum, position, label, leaf, ciphertext in cursor.fetchall()
    )
    cursor.execute("SELECT root, annex_sha256, annex FROM store_list WHERE id = %s", (number,))
    root, annex_sha256, annex = cursor.fetchone()
    kept = list_bytes(SealedList(slots, root, annex_sha256, bytes(annex)))
    return bool(orjson.loads(document)["files"].get(PACKED) != digest(kept))


def _said(cursor: Any, taken_by: int | None) -> Mapping[str, Any] | None:
    """What the fact that took a list in says of it; nothing where the trial is not open yet."""
    cursor.execute(
        "SELECT payload FROM store_fact WHERE number = %s AND kind = %s AND payload IS NOT NULL",
        (1, TRIAL_OPENED) if taken_by is None else (taken_by, LIST_CHANGED),
    )
    found = cursor.fetchone()
    if found is None:
        return None if taken_by is None else {}
    said: Mapping[str, Any] = orjson.loads(found[0])
    return said


def _strange_slots(cursor: Any) -> Iterator[str]:
    """Slots of no list, and slots sealed anew by nothing that was logged."""
    cursor.execute("SELECT COUNT(*) FROM store_slot WHERE list_id NOT IN (SELECT id FROM store_list)")
    [(strays,)] = cursor.fetchall()
    if strays:
        yield f"{strays} slots belong to no list"
    cursor.execute(
        "SELECT COUNT(*) FROM store_resealed WHERE label NOT IN (SELECT label FROM store_slot) OR taken_by NOT IN"
        " (SELECT number FROM store_fact WHERE kind = %s)",
        (LIST_CHANGED,),
    )
    [(strays,)] = cursor.fetchall()
    if strays:
        yield f"{strays} slots were sealed anew without a logged change of the list"


def _wrong_slots(cursor: Any, state: State) -> list[str]:
    cursor.execute(
        "SELECT drawn_by, stratum, position, label, leaf FROM store_slot WHERE drawn_by IS NOT NULL ORDER BY drawn_by"
    )
    marked = {row[0]: tuple(row[1:]) for row in cursor.fetchall()}
    drawn = {
        allocation.number: (allocation.stratum, allocation.position, allocation.label, allocation.leaf)
        for person in state.participants.values()
        if (allocation := person.allocation) is not None
    }
    return [
        f"the slot that fact {number} drew is not the slot that the list marks as drawn by it"
        for number in sorted(marked.keys() | drawn.keys())
        if marked.get(number) != drawn.get(number)
    ]


def _wrong_values(cursor: Any, state: State) -> list[str]:
    cursor.execute("SELECT commitment FROM store_sealedvalue")
    held = {row[0] for row in cursor.fetchall()}
    said = {commitment for person in state.participants.values() for commitment in person.sealed.values()}
    said.update(state.supply.values())
    said.update(state.laboratory.values())
    lost = len(said - held)
    strange = len(held - _committed(cursor))
    return [
        *([f"{lost} sealed values that the ledger commits to are missing from the vault"] if lost else []),
        *([f"{strange} sealed values in the vault are none that the ledger commits to"] if strange else []),
    ]


def _committed(cursor: Any) -> set[str]:
    """Every commitment to a sealed value that a fact names; none of these kinds is ever redacted."""
    kinds = (SEALED_KEPT, LABORATORY_IMPORTED, SUPPLY_SEALED, CODE_BROKEN, UNBLINDING_REPORTED)
    places = ", ".join(["%s"] * len(kinds))
    cursor.execute(f"SELECT payload FROM store_fact WHERE kind IN ({places}) AND payload IS NOT NULL", kinds)
    return {said for (payload,) in cursor.fetchall() if (said := orjson.loads(payload).get("commitment"))}
