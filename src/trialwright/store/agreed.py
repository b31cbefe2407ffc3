"""To whom values are sealed: the public keys that the ledger names, not those that somebody wrote into the settings.

The signed document of the list in fact 1 names them, and later the last fact by which two people had the slots sealed
anew. `trialwright.toml` repeats them for people to read; whoever edits it would otherwise have whatever is sealed from
then on, and at the next sealing anew every slot.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from trialwright.ledger.kinds import LIST_CHANGED, TRIAL_OPENED

Rows = Callable[..., list[tuple[Any, ...]]]
"""rows(query, values) -> what the database answers"""


def agreed(rows: Rows) -> tuple[Mapping[str, str] | None, int]:
    """Role -> public key as the ledger names them last, and the number of that fact; None where the list was taken in
    without a signed document."""
    for number, payload in rows(
        "SELECT number, payload FROM store_fact WHERE kind = %s AND payload IS NOT NULL ORDER BY number DESC",
        (LIST_CHANGED,),
    ):
        said = orjson.loads(payload).get("recipients")
        if said is not None:
            return said, int(number)
    document = _document(rows)
    return (None if document is None else document["recipients"]), 1


def allocator_key(rows: Rows) -> str | None:
    """The key under its allocator's answers, as the signed document names it; None where there is no document."""
    document = _document(rows)
    return None if document is None else str(document.get("allocator_key", ""))


def _document(rows: Rows) -> Mapping[str, Any] | None:
    first = rows("SELECT payload FROM store_fact WHERE number = 1 AND kind = %s", (TRIAL_OPENED,))
    said = ((orjson.loads(first[0][0]) if first else {}).get("terms") or {}).get("document")
    return orjson.loads(said) if said else None


def settings_differ(settings: Mapping[str, str], rows: Rows) -> str | None:
    """The sentence about settings that name other public keys than the ledger; None where they agree."""
    said, number = agreed(rows)
    if said is None or dict(said) == dict(settings):
        return None
    roles = sorted(role for role in {*said, *settings} if said.get(role) != settings.get(role))
    return (
        f"trialwright.toml names other public keys than fact {number} for {', '.join(roles)}; what is sealed goes to "
        "the keys of the fact: find out who changed the settings, and put them right"
    )
