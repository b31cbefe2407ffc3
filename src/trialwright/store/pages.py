"""The read model: one JSON row per form page, made by the same fold as everywhere else (`ledger.replay`).

A row is written in the transaction of the fact that changed its page, so a reader never sees one without the other.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from trialwright.ledger import kinds
from trialwright.ledger.canonical import canonical
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import APPLY, Page, PageKey, Participant, State

CHANGES = frozenset({kinds.PAGE_RECORDED, kinds.PAGE_SIGNED, kinds.PAYLOAD_REDACTED})
"""The kinds that change a page."""
WRITES = frozenset({kinds.PAGE_RECORDED, kinds.PAGE_SIGNED})
"""Those that change it by themselves; after a redaction the page is made again from its facts."""

READ = "SELECT body FROM store_page WHERE participant = %s AND visit = %s AND form = %s AND repeat = %s"
WRITE = """INSERT INTO store_page (participant, visit, form, repeat, number, body) VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (participant, visit, form, repeat) DO UPDATE SET number = excluded.number, body = excluded.body"""


def body(page: Page) -> str:
    """A page as canonical JSON text."""
    return canonical(
        {
            "number": page.number,
            "version": page.version,
            "at": page.at,
            "on": page.on,
            "items": page.items,
            "origin": page.origin,
            "not_done": page.not_done,
            "confirmed": page.confirmed,
            "redacted": sorted(page.redacted),
            "signed": page.signed,
        }
    ).decode()


def page(text: str) -> Page:
    """The page that a body describes; the inverse of `body`."""
    content = orjson.loads(text)
    return Page(
        number=int(content["number"]),
        version=content["version"],
        at=content["at"],
        on=content["on"],
        items=content["items"],
        origin={item: int(number) for item, number in content["origin"].items()},
        not_done=content["not_done"],
        confirmed=content["confirmed"],
        redacted=set(content["redacted"]),
        signed=None if content["signed"] is None else int(content["signed"]),
    )


def key_of(fact: Fact) -> tuple[str, PageKey]:
    """Participant and page of a fact."""
    return fact.participant or "", (fact.visit or "", fact.form or "", fact.repeat or "")


def _folded(participant: str, key: PageKey, before: Page | None, facts: Iterable[Fact]) -> Page | None:
    """The page after these facts, all of them about it."""
    person = Participant(participant, "", "", "", {})
    if before is not None:
        person.pages[key] = before
    state = State(participants={participant: person})
    for fact in facts:
        APPLY[fact.kind](state, fact, fact.payload)
    return person.pages.get(key)


def take_in(cursor: Any, fact: Fact, before: str | None) -> None:
    """Bring the row of the page that a fact changes up to date; `before` is the row's body now."""
    participant, key = key_of(fact)
    _write(cursor, participant, key, _folded(participant, key, page(before) if before else None, (fact,)))


def now(cursor: Any, fact: Fact) -> str | None:
    """The body of the page that a fact is about, before that fact."""
    participant, key = key_of(fact)
    cursor.execute(READ, (participant, *key))
    row = cursor.fetchone()
    return row[0] if row else None


def make_again(cursor: Any, participant: str, key: PageKey, facts: Iterable[Fact]) -> None:
    """Make one page's row from its facts, after a redaction took one of them away."""
    _write(cursor, participant, key, _folded(participant, key, None, (fact for fact in facts if fact.kind in CHANGES)))


def _write(cursor: Any, participant: str, key: PageKey, after: Page | None) -> None:
    if after is not None:
        cursor.execute(WRITE, (participant, *key, after.number, body(after)))


def rows_of(state: State) -> Iterator[tuple[str, str, str, str, int, str]]:
    """The rows that a state gives."""
    for person in state.participants.values():
        for (visit, form, repeat), entry in person.pages.items():
            yield person.id, visit, form, repeat, entry.number, body(entry)


def rebuild(cursor: Any, state: State) -> int:
    """Make every row again from a state; returns how many there are."""
    cursor.execute("DELETE FROM store_page")
    rows = list(rows_of(state))
    for row in rows:
        cursor.execute(WRITE, row)
    return len(rows)


def differences(cursor: Any, state: State) -> list[str]:
    """Where the kept rows are not what the facts give, in sentences."""
    cursor.execute("SELECT participant, visit, form, repeat, number, body FROM store_page")
    kept = {row[:4]: row[4:] for row in cursor.fetchall()}
    made = {row[:4]: row[4:] for row in rows_of(state)}
    return [
        f"the page {' '.join(filter(None, key))} is not what its facts give; make the pages again"
        for key in sorted(kept.keys() | made.keys())
        if kept.get(key) != made.get(key)
    ]
