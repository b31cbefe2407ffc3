"""The vault on the same database as the ledger: sealed slots and sealed values. The server adds and draws, never reads.

A slot is marked as drawn by the very fact that draws it, in its transaction: there are not two records to reconcile.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from django.db import connections

from trialwright.allocation.merkle import merkle_root
from trialwright.allocation.sealing import NotOpened, opened, sealed
from trialwright.allocation.slots import SealedList, SealedSlot, WrongSlot, opened_slot
from trialwright.ledger.canonical import canonical
from trialwright.ledger.memory import OutsideAct
from trialwright.ledger.replay import State
from trialwright.ledger.vault import NO_LEVELS, CannotOpen, Commitment, Exhausted, Slot, kept_commitment
from trialwright.store.ledger import DatabaseLedger

SLOT = "stratum, position, label, leaf, ciphertext"
LENGTH = 512
"""Sealed values are padded to multiples of this many bytes, so that the length of a ciphertext tells nothing."""


class SealedVault:
    """`ledger.vault.Vault` beside a `DatabaseLedger`. `recipients` is role -> age public key; private keys come in
    only as arguments of `opened` and `kept`."""

    def __init__(self, ledger: DatabaseLedger, recipients: Mapping[str, str]) -> None:
        self._ledger = ledger
        self._recipients = tuple(recipients.values())

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with connections[self._ledger.alias].cursor() as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall())

    def commitment(self) -> Commitment:
        """What was committed before the first participant. Raises LookupError before a list was taken in."""
        rows = self._rows("SELECT root, annex_sha256 FROM store_list")
        if not rows:
            raise LookupError("this trial has no allocation list yet; generate and take in the sealed list first")
        counts = self._rows("SELECT stratum, COUNT(*) FROM store_slot GROUP BY stratum ORDER BY stratum")
        return Commitment(rows[0][0], rows[0][1], {stratum: int(count) for stratum, count in counts})

    def draw(self, stratum: str, levels: Mapping[str, str] = NO_LEVELS, participant: str = "") -> Slot:
        """The next unused slot of the stratum, locked until the act ends; the fact that names it marks it."""
        if not self._ledger.acting():
            raise OutsideAct("a slot is drawn inside act() only")
        lock = " FOR UPDATE" if connections[self._ledger.alias].vendor == "postgresql" else ""
        rows = self._rows(
            "SELECT stratum, position, label, leaf FROM store_slot WHERE stratum = %s AND drawn_by IS NULL"
            f" ORDER BY position LIMIT 1{lock}",
            (stratum,),
        )
        if not rows:
            raise Exhausted(stratum)
        return Slot(*rows[0])

    def keep(self, key: str, value: Mapping[str, Any], nonce: str) -> str:
        """Seal a value to the people who may know; returns its commitment."""
        if not self._ledger.acting():
            raise OutsideAct("a value is sealed inside act() only")
        commitment = kept_commitment(key, value, nonce)
        plain = canonical({"key": key, "nonce": nonce, "value": value})
        ciphertext = sealed(plain.ljust(-(-len(plain) // LENGTH) * LENGTH), self._recipients)
        self._ledger.beside(
            "INSERT INTO store_sealedvalue (key, commitment, ciphertext) VALUES (%s, %s, %s)",
            (key, commitment, ciphertext),
        )
        return commitment

    def opened(self, labels: Sequence[str], keys: Sequence[str]) -> Mapping[str, str]:
        """Label -> arm for drawn labels. Raises `CannotOpen`, for a label that nobody has drawn too."""
        found = self._rows("SELECT trial, annex_sha256 FROM store_list")
        if not found:
            raise CannotOpen("this trial has no allocation list")
        arms = {}
        for label in labels:
            rows = self._rows(f"SELECT {SLOT} FROM store_slot WHERE label = %s AND drawn_by IS NOT NULL", (label,))
            if not rows:
                raise CannotOpen(f"label {label} has not been drawn; only drawn labels are opened")
            try:
                arms[label] = opened_slot(_sealed_slot(rows[0]), keys, *found[0]).arm
            except (NotOpened, WrongSlot) as error:
                raise CannotOpen(str(error)) from error
        return arms

    def whole(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Label -> arm of every drawn label."""
        rows = self._rows("SELECT label FROM store_slot WHERE drawn_by IS NOT NULL ORDER BY drawn_by")
        return self.opened([label for (label,) in rows], keys)

    def kept(self, keys: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Every sealed value (the last one under each key), opened with private keys."""
        values: dict[str, Mapping[str, Any]] = {}
        for key, commitment, ciphertext in self._rows(
            "SELECT key, commitment, ciphertext FROM store_sealedvalue ORDER BY id"
        ):
            try:
                content = orjson.loads(opened(bytes(ciphertext), keys))
            except NotOpened as error:
                raise CannotOpen(str(error)) from error
            if content["key"] != key or kept_commitment(key, content["value"], content["nonce"]) != commitment:
                raise CannotOpen("a sealed value is not the one that was committed")
            values[key] = content["value"]
        return values

    # ---------------------------------------------------------------- beyond the port

    def take_in(self, sealed_list: SealedList, trial: str) -> None:
        """Keep the sealed list, once, before the first fact. `trial` is the trial's id that the leaves name."""
        with self._ledger.act():
            self._ledger.beside(
                "INSERT INTO store_list (root, annex_sha256, annex, trial) VALUES (%s, %s, %s, %s)",
                (sealed_list.root, sealed_list.annex_sha256, sealed_list.sealed_annex, trial),
            )
            for slot in sealed_list.slots:
                self._ledger.beside(
                    f"INSERT INTO store_slot ({SLOT}) VALUES (%s, %s, %s, %s, %s)",
                    (slot.stratum, slot.position, slot.label, slot.leaf, slot.ciphertext),
                )

    def slots(self, drawn: bool = True) -> tuple[SealedSlot, ...]:
        """The slots as they are sealed, in the order of the list: the drawn ones (what a pharmacist's client may
        have), or all of them (what the proof after the lock needs)."""
        where = "WHERE drawn_by IS NOT NULL" if drawn else ""
        return tuple(map(_sealed_slot, self._rows(f"SELECT {SLOT} FROM store_slot {where} ORDER BY id")))


def _sealed_slot(row: tuple[Any, ...]) -> SealedSlot:
    stratum, position, label, leaf, ciphertext = row
    return SealedSlot(stratum, position, label, leaf, bytes(ciphertext))


def list_problems(cursor: Any, state: State) -> list[str]:
    """Where the slots and the sealed values are not what the ledger says, in sentences; nothing here shows an arm."""
    cursor.execute("SELECT root FROM store_list")
    row = cursor.fetchone()
    if row is None:
        return []
    return [*_wrong_root(cursor, row[0]), *_wrong_slots(cursor, state), *_wrong_values(cursor, state)]


def _wrong_root(cursor: Any, root: str) -> list[str]:
    """Fact 1 holds the root too, inside the chain; here the slots themselves are held against it."""
    cursor.execute("SELECT leaf FROM store_slot ORDER BY id")
    leaves = [bytes.fromhex(leaf) for (leaf,) in cursor.fetchall()]
    if leaves and merkle_root(leaves).hex() == root:
        return []
    return ["the slots are not the list that was committed: one was exchanged, added, removed or moved"]


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
    lost = len(said - held)
    return [f"{lost} sealed values that the ledger commits to are missing from the vault"] if lost else []
