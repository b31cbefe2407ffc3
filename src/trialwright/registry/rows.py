"""The rows of a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trialwright.registry.likeness import plain
from trialwright.registry.record import Record

Verdict = Literal["same", "differs", "only in definition", "only in register", "needs a person"]


@dataclass(frozen=True, slots=True)
class Row:
    """One field of the two; `line` is the line of the register's page (0: no one line)."""

    field: str
    register: str | None
    definition: str | None
    verdict: Verdict
    note: str | None = None
    line: int = 0


def text_row(field: str, register: str | None, definition: str | None, record: Record, came_from: str = "") -> Row:
    """Two texts that must be the same but for case, spacing and the shape of signs."""
    where = record.came_from(came_from or field)
    line = where.line if where else 0
    note = where.note if where and where.how == "derived" else None
    return Row(field, register, definition, verdict_of(register, definition), note, line)


def verdict_of(register: str | None, definition: str | None) -> Verdict:
    """Same or differs where both speak; neither speaking is the same silence."""
    if register is None and definition is None:
        return "same"
    if register is None:
        return "only in definition"
    if definition is None:
        return "only in register"
    one, other = plain(register), plain(definition)
    if one == other:
        return "same"
    # One side often only says more: "interventional clinical trial of medicinal product" and "interventional".
    return "needs a person" if one.startswith(other) or other.startswith(one) else "differs"
