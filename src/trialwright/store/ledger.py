"""The ledger on a database: the same chain as in memory, one transaction per act, one writer at a time.

SQLite: BEGIN IMMEDIATE under the writer's lock of this process. PostgreSQL: an advisory lock for the length of the
transaction. Either way nobody else can append between reading the head and committing, so the chain never forks.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import IntegrityError, connections, transaction

from trialwright.ledger.canonical import canonical
from trialwright.ledger.fact import EMPTY, Draft, Fact, Head, sealed
from trialwright.ledger.heads import ACCESS, SIGN_EVERY, TRIAL, append_head
from trialwright.ledger.kinds import ALLOCATION_DRAWN
from trialwright.ledger.memory import OutsideAct
from trialwright.ledger.ports import Backdated, Broken, NotLogged
from trialwright.ledger.replay import PageKey
from trialwright.ledger.verify import COLUMNS, Record, verify_records
from trialwright.store import pages
from trialwright.store.databases import writer

TABLES = {TRIAL: "store_fact", ACCESS: "store_access"}
CHUNK = 2000
"""How many facts are fetched at once."""

LIST = ", ".join(f'"{column}"' for column in COLUMNS)
PLACES = ", ".join(["%s"] * len(COLUMNS))


class ActFailed(RuntimeError):
    """Something inside an act failed and was passed over; nothing of the act is kept."""


class Unstorable(ValueError):
    """A text that not every database can hold, such as one with a NUL character."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs the heads of one chain into the heads log."""

    path: Path
    key: Ed25519PrivateKey
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    every: int = SIGN_EVERY


@dataclass(slots=True)
class _Act:
    """What one act has done so far."""

    head: Head
    start: int
    actor: str | None = None
    failed: bool = False
    stale: set[tuple[str, PageKey]] = field(default_factory=set)
    redacted: bool = False
    slots: dict[str, tuple[str, Sequence[Any]]] = field(default_factory=dict)


class DatabaseLedger:
    """`ledger.ports.Ledger` on the database behind a Django alias. Safe to share between threads; each thread has its
    own connection and its own act."""

    def __init__(self, alias: str, chain: str = TRIAL, signer: Signer | None = None, known: Head = EMPTY) -> None:
        """`known` is the head up to which the chain was verified; what lies beyond is verified at the next act."""
        self.alias = alias
        self.chain = chain
        self._table = TABLES[chain]
        self._signer = signer
        self._known = known
        self._signed = known.number
        self._broken: str | None = None
        self._here = threading.local()
        self._insert = f"INSERT INTO {self._table} ({LIST}) VALUES ({PLACES})"
        self._insert_as = (
            "WITH actor AS MATERIALIZED (SELECT set_config('trialwright.actor', %s, true))"
            f" INSERT INTO {self._table} ({LIST}) SELECT {PLACES} FROM actor RETURNING ({pages.READ})"
        )
        self._from = f'SELECT {LIST} FROM {self._table} WHERE "number" >= %s ORDER BY "number" LIMIT {CHUNK}'
        self._one = f'SELECT {LIST} FROM {self._table} WHERE "number" = %s'
        self._end = f'SELECT "number", "seal", "at" FROM {self._table} ORDER BY "number" DESC LIMIT 1'

    @property
    def _connection(self) -> Any:
        return connections[self.alias]

    @property
    def _postgresql(self) -> bool:
        return bool(self._connection.vendor == "postgresql")

    def _act(self, what: str) -> _Act:
        act: _Act | None = getattr(self._here, "act", None)
        if act is None:
            raise OutsideAct(f"{what} inside act() only")
        return act

    # ---------------------------------------------------------------- the port

    @contextmanager
    def act(self) -> Iterator[None]:
        """One transaction with one writer. Raises `Broken` when what was appended since does not verify."""
        if getattr(self._here, "act", None) is not None:
            raise OutsideAct("an act is under way already")
        if self._postgresql:
            # A server that was restarted has closed the connection; the next act gets a new one.
            self._connection.close_if_unusable_or_obsolete()
        with self._alone(), transaction.atomic(using=self.alias, savepoint=False, durable=True):
            act = self._here.act = self._begin()
            try:
                yield
                self._end_act(act)
            finally:
                self._here.act = None
                self._connection.trialwright_actor = self._connection.trialwright_since = None
        self._committed(act)

    def append(self, draft: Draft) -> Fact:
        """Seal the draft to the head and keep it, with the page that it changes and the slot that it draws."""
        act = self._act("a fact is appended")
        try:
            if draft.at < act.head.at:
                raise Backdated(f"{draft.at} lies before fact {act.head.number} at {act.head.at}")
            fact = sealed(draft, act.head)
            row = _row(fact)
            with self._connection.cursor() as cursor:
                before = self._put(cursor, act, fact, row)
                if self.chain == TRIAL and fact.kind in pages.WRITES:
                    pages.take_in(cursor, fact, before)
                elif self.chain == TRIAL and fact.kind == ALLOCATION_DRAWN:
                    _come_with(cursor, act, fact)
                    _mark_drawn(cursor, fact)
        except BaseException:
            act.failed = True
            raise
        act.head = fact.head
        return fact

    def redact(self, number: int) -> None:
        """Delete payload and salt of a fact. The database itself refuses it without the logged redaction in the same
        act."""
        act = self._act("a payload is redacted")
        act.redacted = True
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(
                    f'UPDATE {self._table} SET "payload" = NULL, "salt" = NULL WHERE "number" = %s', (number,)
                )
                if cursor.rowcount != 1:
                    raise LookupError(f"there is no fact {number}")
                cursor.execute(self._from, (number,))
                fact = _fact(cursor.fetchone())
        except IntegrityError as error:
            act.failed = True
            raise NotLogged(f"no payload.redacted fact in this act names fact {number}") from error
        except BaseException:
            act.failed = True
            raise
        if fact.form:
            act.stale.add(pages.key_of(fact))

    def facts(self, after: int = 0) -> Iterator[Fact]:
        """The facts numbered above `after`, in order."""
        act: _Act | None = getattr(self._here, "act", None)
        if act is not None and after >= act.head.number:
            return iter(())
        return map(_fact, self.records(after))

    def fact(self, number: int) -> Fact:
        """The fact with this number. Raises LookupError."""
        with self._connection.cursor() as cursor:
            cursor.execute(self._one, (number,))
            row = cursor.fetchone()
        if row is None:
            raise LookupError(f"there is no fact {number}")
        return _fact(row)

    def records(self, after: int = 0) -> Iterator[Record]:
        """The rows numbered above `after`, in order, as they are kept."""
        while True:
            with self._connection.cursor() as cursor:
                cursor.execute(self._from, (after + 1,))
                rows = cursor.fetchall()
            yield from rows
            if len(rows) < CHUNK:
                return
            after = rows[-1][0]

    def head(self) -> Head:
        """The end of the chain now."""
        act: _Act | None = getattr(self._here, "act", None)
        if act is not None:
            return act.head
        with self._connection.cursor() as cursor:
            cursor.execute(self._end)
            row = cursor.fetchone()
        return Head(*row) if row else EMPTY

    # ---------------------------------------------------------------- beyond the port

    def acting(self) -> bool:
        """Whether this thread is inside `act()`."""
        return getattr(self._here, "act", None) is not None

    def beside(self, statement: str, values: Sequence[Any], by: str = "vault") -> None:
        """Run a statement of the vault inside the act, so that both are kept or neither is."""
        act = self._act("the vault is written")
        try:
            with self._connection.cursor() as cursor:
                self._as(cursor, act, by)
                cursor.execute(statement, values)
        except BaseException:
            act.failed = True
            raise

    def with_draw(self, label: str, statement: str, values: Sequence[Any]) -> None:
        """Run the statement that inserts an allocator's slot when the fact that draws `label` is appended, in this act:
        the database takes such a slot from its fact alone."""
        self._act("a slot is drawn").slots[label] = (statement, values)

    def sign(self) -> None:
        """Sign the head into the heads log, if this process may."""
        head = self.head()
        if self._signer is not None and head.number > 0:
            append_head(self._signer.path, head, self.chain, self._signer.now(), self._signer.key)
            self._signed = head.number

    def close(self) -> None:
        """Sign the head and let the connection go."""
        if self._broken is None:
            self.sign()
        self._connection.close()

    # ---------------------------------------------------------------- an act from begin to commit

    def _alone(self) -> AbstractContextManager[Any]:
        return nullcontext() if self._postgresql else writer(self.alias)

    def _begin(self) -> _Act:
        if self._broken is not None:
            raise Broken(self._broken)
        known = self._known
        with self._connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {self._table}_locked_head()" if self._postgresql else self._end)
            row = cursor.fetchone()
        head = Head(*row) if row else EMPTY
        if head != known:
            head = self._caught_up(known)
        self._connection.trialwright_since = head.number
        return _Act(head, head.number)

    def _caught_up(self, known: Head) -> Head:
        """Verify what others appended since; a ledger that does not verify is never appended to."""
        others = self.records(max(known.number - 1, 0))
        before = next(others, None) if known.number else None
        if known.number and (before is None or before[0] != known.number or before[15] != known.seal):
            self._broken = f"fact {known.number} is gone or is another one than this process has seen"
            raise Broken(self._broken)
        found = verify_records(others, follows=known)
        if not found.ok:
            self._broken = str(found)
            raise Broken(self._broken)
        self._known = found.head
        return found.head

    def _as(self, cursor: Any, act: _Act, by: str) -> None:
        """Tell the database who acts."""
        if act.actor == by:
            return
        if self._postgresql:
            cursor.execute("SELECT set_config('trialwright.actor', %s, true)", (by,))
        else:
            self._connection.trialwright_actor = by
        act.actor = by

    def _put(self, cursor: Any, act: _Act, fact: Fact, row: tuple[Any, ...]) -> str | None:
        """Insert a fact as its actor; returns the body of its page as it was. On PostgreSQL all of that is one trip to
        the server."""
        if self._postgresql:
            participant, key = pages.key_of(fact)
            cursor.execute(self._insert_as, (fact.by, *row, participant, *key))
            act.actor = fact.by
            body: str | None = cursor.fetchone()[0]
            return body
        self._as(cursor, act, fact.by)
        cursor.execute(self._insert, row)
        return pages.now(cursor, fact) if fact.kind in pages.WRITES else None

    def _end_act(self, act: _Act) -> None:
        if act.failed:
            raise ActFailed("something inside this act failed; nothing of it is kept")
        if act.stale:
            with self._connection.cursor() as cursor:
                for participant, key in sorted(act.stale):
                    pages.make_again(cursor, participant, key, self._facts_of(cursor, participant, key))

    def _facts_of(self, cursor: Any, participant: str, key: PageKey) -> list[Fact]:
        cursor.execute(
            f"""SELECT {LIST} FROM {self._table} WHERE participant = %s AND COALESCE(visit, '') = %s AND form = %s
            AND COALESCE(repeat, '') = %s ORDER BY "number\"""",
            (participant, *key),
        )
        return [_fact(row) for row in cursor.fetchall()]

    def _committed(self, act: _Act) -> None:
        self._known = max(self._known, act.head, key=lambda head: head.number)
        if act.redacted and not self._postgresql:
            # The write-ahead log still holds the page with the old text.
            with self._connection.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if self._signer is not None and act.head.number - self._signed >= self._signer.every:
            self.sign()


def _row(fact: Fact) -> tuple[Any, ...]:
    row = (*fact[:11], canonical(fact.payload).decode(), *fact[12:])
    for column, value in zip(COLUMNS, row, strict=True):
        if type(value) is str and "\0" in value:
            raise Unstorable(f"{column} holds a NUL character, which no form can ask for; remove it")
    return row


def _fact(row: Record) -> Fact:
    payload = row[11]
    return Fact(*row[:11], None if payload is None else orjson.loads(payload), *row[12:])


def _come_with(cursor: Any, act: _Act, fact: Fact) -> None:
    """The slot that an allocator gave for this draw, if it came from one."""
    slot = act.slots.pop((fact.payload or {})["label"], None)
    if slot is not None:
        cursor.execute(*slot)


def _mark_drawn(cursor: Any, fact: Fact) -> None:
    """Mark the slot that a fact draws. A trial without a list in its database (a rehearsal) has no slot to mark."""
    payload = fact.payload or {}
    cursor.execute(
        "UPDATE store_slot SET drawn_by = %s WHERE label = %s AND stratum = %s AND position = %s AND leaf = %s"
        " AND drawn_by IS NULL",
        (fact.number, payload["label"], payload["stratum"], int(payload["position"]), payload["leaf"]),
    )
    if cursor.rowcount == 1:
        return
    cursor.execute("SELECT 1 FROM store_list LIMIT 1")
    if cursor.fetchone():
        raise Broken("the slot that this fact draws is not the next free one of the list")
