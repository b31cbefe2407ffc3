"""The account of a pharmacy: from its sealed records, what should be on the shelf, and who got which lot.

A record says what happened (`record`: received, prepared, returned, destroyed) to which lots ({product, lot, size,
count}). Sizes and lots are compared as they were written.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

Record = Mapping[str, Any]

RECEIVED, PREPARED, RETURNED, DESTROYED = "received", "prepared", "returned", "destroyed"


@dataclass(frozen=True, slots=True)
class Line:
    """One size of one lot: how many came, and what became of them. A number below nothing is an error in the records
    that somebody must find."""

    product: str
    lot: str
    size: str
    received: int = 0
    prepared: int = 0
    returned: int = 0
    destroyed: int = 0

    @property
    def there(self) -> int:
        """What should be on the shelf: received - prepared - returned - destroyed."""
        return self.received - self.prepared - self.returned - self.destroyed


class Use(NamedTuple):
    """A lot in a preparation: who got it, when, under which label, and who prepared and checked it."""

    participant: str
    visit: str
    day: str
    label: str
    product: str
    lot: str
    size: str
    number: str
    prepared_at: str
    by: str
    checked_by: str


def account(records: Iterable[Record]) -> list[Line]:
    """A line for each product, lot and size, in this order."""
    counts: dict[tuple[str, str, str], dict[str, int]] = {}
    for record in records:
        for one in record.get("lots") or ():
            line = counts.setdefault((one["product"], one["lot"], one["size"]), {})
            line[record["record"]] = line.get(record["record"], 0) + int(one["count"])
    return [
        Line(*place, *(line.get(what, 0) for what in (RECEIVED, PREPARED, RETURNED, DESTROYED)))
        for place, line in sorted(counts.items())
    ]


def uses(records: Iterable[Record], *, lot: str | None = None, participant: str | None = None) -> list[Use]:
    """Every use of a lot, or every lot of a participant (of all without either), in the order of preparation."""
    found = [
        use
        for use in _uses(records)
        if (lot is None or use.lot == lot) and (participant is None or use.participant == participant)
    ]
    return sorted(found, key=lambda use: (use.prepared_at, use.label, use.day, use.lot, use.size))


def _uses(records: Iterable[Record]) -> Iterator[Use]:
    for record in records:
        if record["record"] == PREPARED:
            for one in record["lots"]:
                yield Use(
                    record["participant"],
                    record["visit"],
                    record["day"],
                    record["label"],
                    one["product"],
                    one["lot"],
                    one["size"],
                    one["count"],
                    record["prepared_at"],
                    record["by"],
                    record.get("checked_by") or "",
                )
