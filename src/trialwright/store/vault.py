"""The vault on the same database as the ledger: sealed slots and sealed values. The server adds and draws, never reads.

A slot is marked as drawn by the very fact that draws it, in its transaction: there are not two records to reconcile.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connections

from trialwright.allocation.acceptance import kept_terms
from trialwright.allocation.allocator import KeptDraw, replayed
from trialwright.allocation.annex import PRODUCTION, TEST, Annex
from trialwright.allocation.escrow import WrongEscrow, from_escrow, seed_commitment
from trialwright.allocation.keys import ESCROW_HOLDERS
from trialwright.allocation.package import Package
from trialwright.allocation.sealing import NotOpened, opened, sealed
from trialwright.allocation.slots import OpenSlot, SealedList, SealedSlot, WrongSlot, draw_up, opened_slot
from trialwright.ledger.canonical import canonical
from trialwright.ledger.memory import OutsideAct
from trialwright.ledger.vault import (
    ALLOCATOR,
    NO_LEVELS,
    SEALED_LIST,
    CannotOpen,
    Commitment,
    Damaged,
    Exhausted,
    Silent,
    Slot,
    kept_commitment,
)
from trialwright.store.agreed import agreed, allocator_key
from trialwright.store.allocator_client import Connected, KeptSince, next_slot
from trialwright.store.allocator_terms import draw_of
from trialwright.store.committed import Committed
from trialwright.store.ledger import DatabaseLedger

SLOT = "stratum, position, label, leaf, ciphertext"
SEALED_NOW = """stratum, position, label, leaf, COALESCE((SELECT r.ciphertext FROM store_resealed r
    WHERE r.label = s.label ORDER BY r.id DESC LIMIT 1), s.ciphertext) FROM store_slot s"""
"""A slot as it is sealed now: the newest ciphertext of its label."""
LIST = "id, root, annex_sha256, annex, trial, kind, purpose, escrow_1, escrow_2, terms, taken_by"
NEWEST_VALUES = """SELECT key, commitment, ciphertext FROM store_sealedvalue WHERE id IN
    (SELECT MAX(id) FROM store_sealedvalue GROUP BY key) ORDER BY id"""
"""Sealed values, the last one under each key; one that was sealed anew is sealed to today's keys."""
LENGTH = 512
"""Sealed values are padded to multiples of this many bytes, so that the length of a ciphertext tells nothing."""
READ_NO_VALUES = ("break-host", "allocator", *ESCROW_HOLDERS)
"""Who needs no sealed value (IgG, lots, preparations) for their task and so is sealed none. An escrow holder who could
read what the pharmacy prepared would know alone what the two are to open together."""


@dataclass(frozen=True, slots=True)
class KeptList:
    """A list or an extension as the vault keeps it. `annex` and the two shares of `escrow` are age files; `taken_by` is
    the fact that took an extension in."""

    id: int
    root: str
    annex_sha256: str
    annex: bytes
    trial: str
    kind: str
    purpose: str
    escrow: tuple[bytes, bytes] | None
    terms: Mapping[str, str]
    taken_by: int | None


class SealedVault:
    """`ledger.vault.Vault` beside a `DatabaseLedger`. `recipients` is role -> age public key; private keys come in
    only as arguments of `opened`, `whole`, `secrets` and `kept`."""

    def __init__(
        self, ledger: DatabaseLedger, recipients: Mapping[str, str], allocator: Connected | None = None
    ) -> None:
        """`recipients` counts where the ledger names none. `allocator`: where the process is that draws, if any."""
        self._ledger = ledger
        self._allocator = allocator
        self._heard: int | None = None
        self._answers_known = False
        self._committed = Committed(self._rows)
        self._given = dict(recipients)
        self._reads: tuple[int, tuple[str, ...]] | None = None

    @property
    def recipients(self) -> Mapping[str, str]:
        """Role -> public key of those who hold slots and read what is sealed: as the ledger names them, whatever the
        settings say."""
        said, _ = agreed(self._rows)
        return self._given if said is None else said

    def _readers(self) -> tuple[str, ...]:
        """To whom a value is sealed now; looked up again when somebody had the slots sealed anew."""
        newest = self._rows("SELECT COALESCE(MAX(id), 0) FROM store_resealed")[0][0]
        if self._reads is None or self._reads[0] != newest:
            chosen = (key for role, key in self.recipients.items() if role not in READ_NO_VALUES)
            self._reads = int(newest), tuple(chosen)
        return self._reads[1]

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with connections[self._ledger.alias].cursor() as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall())

    def commitment(self) -> Commitment:
        """What was committed before the first participant. Raises LookupError before a list was taken in."""
        first = next(iter(self.lists()), None)
        if first is None:
            raise LookupError("this trial has no allocation list yet; generate and take in the sealed list first")
        counts = self._rows(
            "SELECT stratum, COUNT(*) FROM store_slot WHERE list_id = %s GROUP BY stratum ORDER BY stratum", (first.id,)
        )
        slots = {} if first.kind == ALLOCATOR else {stratum: int(count) for stratum, count in counts}
        return Commitment(first.root, first.annex_sha256, slots, first.kind, first.purpose == TEST, first.terms)

    def draw(self, stratum: str, levels: Mapping[str, str] = NO_LEVELS, participant: str = "") -> Slot:
        """The next unused slot of the stratum, locked until the act ends; the fact that names it marks it. An extension
        comes after the list that it extends."""
        if not self._ledger.acting():
            raise OutsideAct("a slot is drawn inside act() only")
        allocated = self._rows("SELECT id FROM store_list WHERE kind = %s ORDER BY id LIMIT 1", (ALLOCATOR,))
        if allocated:
            return self._allocated(allocated[0][0], levels, participant)
        lock = " FOR UPDATE" if connections[self._ledger.alias].vendor == "postgresql" else ""
        rows = self._rows(
            "SELECT stratum, position, label, leaf FROM store_slot WHERE stratum = %s AND drawn_by IS NULL"
            f" ORDER BY list_id, position LIMIT 1{lock}",
            (stratum,),
        )
        if not rows:
            raise Exhausted(stratum)
        slot = Slot(*rows[0])
        if not self._committed.has(slot):
            raise Damaged(stratum)
        return slot

    def _allocated(self, number: int, levels: Mapping[str, str], participant: str) -> Slot:
        """The slot that the allocator gives for these levels; it is kept by the fact that draws it, or not at all."""
        if self._allocator is None:
            raise Silent("this trial has no allocator yet; connect it with `trialwright allocation connect`")
        if not self._answers_known:
            if allocator_key(self._rows) not in (None, self._allocator.public_key):
                raise Damaged("the allocator is not the one that the signed terms of this trial name")
            self._answers_known = True
        slot, self._heard = next_slot(self._allocator, levels, participant, self._kept_since, self._heard)
        self._ledger.with_draw(
            slot.label,
            f"INSERT INTO store_slot (list_id, {SLOT}) VALUES (%s, %s, %s, %s, %s, %s)",
            (number, slot.stratum, slot.position, slot.label, slot.leaf, slot.ciphertext),
        )
        return Slot(slot.stratum, slot.position, slot.label, slot.leaf)

    def _kept_since(self, known: int | None) -> KeptSince:
        """What the ledger has kept of an allocator's draws, from the one after `known` on."""
        total = int(self._rows("SELECT COUNT(*) FROM store_slot WHERE drawn_by IS NOT NULL")[0][0])
        after = total if known is None else min(known, total)
        draws = self.draws(skip=max(0, after - 1))
        leaf = draws[0].leaf if after else ""
        return KeptSince(total, after, leaf, draws[1:] if after else draws)

    def draws(self, skip: int = 0) -> list[KeptDraw]:
        """The draws as the ledger kept them, in order, without the first ones."""
        rows = self._rows(
            'SELECT f.participant, f.payload FROM store_slot s JOIN store_fact f ON f."number" = s.drawn_by'
            ' ORDER BY f."number" LIMIT %s OFFSET %s',
            (1 << 30, skip),
        )
        return [draw_of({"participant": participant, **orjson.loads(payload)}) for participant, payload in rows]

    def keep(self, key: str, value: Mapping[str, Any], nonce: str) -> str:
        """Seal a value to the people who may know; returns its commitment."""
        if not self._ledger.acting():
            raise OutsideAct("a value is sealed inside act() only")
        commitment = kept_commitment(key, value, nonce)
        plain = canonical({"key": key, "nonce": nonce, "value": value})
        ciphertext = sealed(plain.ljust(-(-len(plain) // LENGTH) * LENGTH), self._readers())
        self._ledger.beside(
            "INSERT INTO store_sealedvalue (key, commitment, ciphertext) VALUES (%s, %s, %s)",
            (key, commitment, ciphertext),
        )
        return commitment

    def opened(self, labels: Sequence[str], keys: Sequence[str]) -> Mapping[str, str]:
        """Label -> arm for drawn labels. Raises `CannotOpen`, for a label that nobody has drawn too."""
        lists = {kept.id: kept for kept in self.lists()}
        if not lists:
            raise CannotOpen("this trial has no allocation list")
        arms = {}
        for label in labels:
            rows = self._rows(f"SELECT list_id, {SEALED_NOW} WHERE label = %s AND drawn_by IS NOT NULL", (label,))
            if not rows:
                raise CannotOpen(f"label {label} has not been drawn; only drawn labels are opened")
            number, *slot = rows[0]
            try:
                arms[label] = opened_slot(_sealed_slot(slot), keys, lists[number].trial, lists[number].annex_sha256).arm
            except (NotOpened, WrongSlot) as error:
                raise CannotOpen(str(error)) from error
        return arms

    def whole(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Label -> arm of every drawn label, from the seed that both escrow holders' keys open; every slot of the list
        is compared, drawn or not. A list without escrow is opened slot by slot with the keys given."""
        drawn = [
            label
            for (label,) in self._rows("SELECT label FROM store_slot WHERE drawn_by IS NOT NULL ORDER BY drawn_by")
        ]
        arms: dict[str, str] = {}
        for kept in self.lists():
            labels = [slot.label for slot in self.slots(list_id=kept.id)]
            if kept.escrow is None:
                arms.update(self.opened(labels, keys))
            elif kept.kind == ALLOCATOR:
                arms.update(self._drawn_again(kept, keys))
            else:
                again = {slot.label: slot.arm for slot in self.regenerated(kept, keys)}
                arms.update({label: again[label] for label in labels})
        return {label: arms[label] for label in drawn}

    def _drawn_again(self, kept: KeptList, keys: Sequence[str]) -> Mapping[str, str]:
        """Label -> arm of everything that an allocator drew, from the seed in escrow."""
        seed, annex = self.secrets(kept, keys)
        if seed_commitment(seed) != kept.root:
            raise CannotOpen("the seed in escrow is not the one that was committed")
        again = replayed(annex, seed, self.draws())
        if again.problems:
            raise CannotOpen(f"the seed in escrow does not give the draws of this trial: {again.problems[0]}")
        return {slot.label: slot.arm for slot in again.slots.values()}

    def kept(self, keys: Sequence[str], under: str | tuple[str, ...] = "") -> Mapping[str, Mapping[str, Any]]:
        """Every sealed value whose key begins with `under` (the last one under each key), opened with private keys."""
        values: dict[str, Mapping[str, Any]] = {}
        for key, commitment, ciphertext in self._rows(NEWEST_VALUES):
            if not key.startswith(under):
                continue  # what this reader does not need is not opened
            try:
                content = orjson.loads(opened(bytes(ciphertext), keys))
            except NotOpened as error:
                raise CannotOpen(str(error)) from error
            if content["key"] != key or kept_commitment(key, content["value"], content["nonce"]) != commitment:
                raise CannotOpen("a sealed value is not the one that was committed")
            values[key] = content["value"]
        return values

    # ---------------------------------------------------------------- beyond the port

    def take_in(
        self,
        sealed_list: SealedList,
        trial: str,
        *,
        kind: str = SEALED_LIST,
        purpose: str = PRODUCTION,
        escrow: tuple[bytes, bytes] | None = None,
        terms: Mapping[str, str] | None = None,
        taken_by: int | None = None,
    ) -> int:
        """Keep a sealed list (of an allocator: no slots), once, before the first fact, in an act of its own; or an
        extension, in the act of the fact `taken_by`. `trial` is the trial's id that the leaves name. Returns the id of
        the list."""
        row = (
            sealed_list.root,
            sealed_list.annex_sha256,
            sealed_list.sealed_annex,
            trial,
            kind,
            purpose,
            *(escrow or (None, None)),
            canonical(dict(terms or {})).decode(),
            taken_by,
        )
        with self._act():
            number = self._next_list()
            self._ledger.beside(f"INSERT INTO store_list ({LIST}) VALUES ({', '.join(['%s'] * 11)})", (number, *row))
            for slot in sealed_list.slots:
                self._ledger.beside(
                    f"INSERT INTO store_slot (list_id, {SLOT}) VALUES (%s, %s, %s, %s, %s, %s)",
                    (number, slot.stratum, slot.position, slot.label, slot.leaf, slot.ciphertext),
                )
        return number

    def take_in_package(self, package: Package, published: bool) -> int:
        """Keep the list of a package that was found sound and fitting."""
        found = commitment_of(package, published)
        trial, purpose, escrow = package.terms.trial, package.terms.purpose, package.escrow
        return self.take_in(package.list, trial, kind=found.kind, purpose=purpose, escrow=escrow, terms=found.terms)

    def reseal(self, ciphertexts: Mapping[str, bytes], taken_by: int) -> None:
        """Label -> the same slot sealed to other keys, in the act of the fact `taken_by`. Nothing else changes."""
        with self._act():
            for label, ciphertext in ciphertexts.items():
                self._ledger.beside(
                    "INSERT INTO store_resealed (label, ciphertext, taken_by) VALUES (%s, %s, %s)",
                    (label, ciphertext, taken_by),
                )

    def reseal_values(self, values: Sequence[tuple[str, str, bytes]]) -> None:
        """(key, commitment, ciphertext) of values that are there, sealed to other keys; inside an act."""
        for value in values:
            self._ledger.beside(
                "INSERT INTO store_sealedvalue (key, commitment, ciphertext) VALUES (%s, %s, %s)", value
            )

    def _act(self) -> AbstractContextManager[None]:
        return nullcontext() if self._ledger.acting() else self._ledger.act()

    def _next_list(self) -> int:
        return int(self._rows("SELECT 1 + COALESCE(MAX(id), 0) FROM store_list")[0][0])

    def lists(self) -> tuple[KeptList, ...]:
        """The list and its extensions, in order."""
        return tuple(map(_kept_list, self._rows(f"SELECT {LIST} FROM store_list ORDER BY id")))

    def slots(self, drawn: bool = True, list_id: int | None = None) -> tuple[SealedSlot, ...]:
        """The slots as they are sealed now, in the order of the list: the drawn ones (what a pharmacist's client may
        have), or all of them (what the proof after the lock needs); of all lists, or of one."""
        wanted = ["drawn_by IS NOT NULL"] if drawn else []
        wanted += ["list_id = %s"] if list_id is not None else []
        where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
        values = (list_id,) if list_id is not None else ()
        return tuple(map(_sealed_slot, self._rows(f"SELECT {SEALED_NOW} {where} ORDER BY id", values)))

    def secrets(self, kept: KeptList, keys: Sequence[str]) -> tuple[bytes, Annex]:
        """Seed and annex of a list, with the keys of both escrow holders. Raises `CannotOpen`, also where the annex is
        not the one that was committed."""
        if kept.escrow is None:
            raise CannotOpen("this list was taken in without a seed in escrow")
        try:
            seed, annex = from_escrow(kept.escrow, keys)
        except (NotOpened, WrongEscrow) as error:
            raise CannotOpen(str(error)) from error
        if annex.sha256 != kept.annex_sha256:
            raise CannotOpen("the annex in escrow is not the one that was committed")
        return seed, annex

    def opens(self, key: str) -> tuple[str, ...]:
        """What a private key opens, in words, tried on one slot of each list and on the shares: nothing is shown."""
        found: list[str] = []
        for kept in self.lists():
            slot = next(iter(self.slots(drawn=False, list_id=kept.id)), None)
            tried = [("the slots", slot.ciphertext)] if slot else []
            tried += [(f"share {number} of the seed", file) for number, file in enumerate(kept.escrow or (), start=1)]
            for what, file in tried:
                try:
                    opened(file, [key])
                except NotOpened:
                    continue
                found.append(what if kept.taken_by is None else f"{what} of the extension of fact {kept.taken_by}")
        return tuple(found)

    def regenerated(self, kept: KeptList, keys: Sequence[str]) -> tuple[OpenSlot, ...]:
        """The list drawn up again from the seed in escrow. Raises `CannotOpen` unless every slot that is kept has the
        place, label and leaf that the seed gives."""
        seed, annex = self.secrets(kept, keys)
        slots = self.slots(drawn=False, list_id=kept.id)
        strata = list(dict.fromkeys(slot.stratum for slot in slots))
        again = draw_up(annex, strata, len(slots) // max(len(strata), 1), seed)
        expected = [
            (slot.stratum, slot.position, slot.label, slot.leaf(kept.trial, kept.annex_sha256)) for slot in again
        ]
        if expected != [(slot.stratum, slot.position, slot.label, slot.leaf) for slot in slots]:
            raise CannotOpen(
                "the seed in escrow does not give the list that this trial was run on; unblind nothing, keep everything"
                " and run trialwright allocation verify"
            )
        return again


def commitment_of(package: Package, published: bool) -> Commitment:
    """What a package commits to, as the vault will say it once the package is taken in."""
    terms = package.terms
    slots = {} if terms.kind == ALLOCATOR else dict(sorted(terms.counts.items()))
    said = kept_terms(package, published)
    return Commitment(terms.root, terms.annex_sha256, slots, terms.kind, package.test, said)


def _sealed_slot(row: Sequence[Any]) -> SealedSlot:
    stratum, position, label, leaf, ciphertext = row
    return SealedSlot(stratum, position, label, leaf, bytes(ciphertext))


def _kept_list(row: Sequence[Any]) -> KeptList:
    number, root, annex_sha256, annex, trial, kind, purpose, first, second, terms, taken_by = row
    escrow = None if first is None or second is None else (bytes(first), bytes(second))
    return KeptList(
        number, root, annex_sha256, bytes(annex), trial, kind, purpose, escrow, orjson.loads(terms), taken_by
    )
