"""The rest of a laboratory's file: the rows that are not of open tests, sealed together with all that is to be said of
them.

Nothing here refuses, raises, asks a query or writes a fact of its own. Every file gives one sealed record, also one
without such rows, and its length is that of the next power of two: neither what stands in these rows nor that there are
any can be told from a page, an answer, an exit code or the number of facts (decision 15).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trialwright.capture import laboratory_samples
from trialwright.capture.laboratory import Line, Names
from trialwright.capture.laboratory_samples import Sample
from trialwright.capture.laboratory_values import Given
from trialwright.conduct.desk import Desk
from trialwright.conduct.laboratory_pages import Filled, PageOf, page_day, read_rows
from trialwright.conduct.record import require_follow_up
from trialwright.conduct.refusal import Refused
from trialwright.conduct.sealing import CONFIRMED, NOT_DONE, ON, WHY
from trialwright.design.model import Definition
from trialwright.ledger.canonical import canonical
from trialwright.ledger.fact import Fact
from trialwright.ledger.vault import CannotOpen

UNDER = "laboratory/"
"""How the keys of sealed records of laboratory files begin in the vault."""
LENGTH = 2**16
"""The least length of such a record, in bytes."""
UNKNOWN_TEST = "the test is not declared; a test that is not known to be open is sealed unread"


def sealed_rest(
    desk: Desk,
    definition: Definition,
    content: bytes,
    rest: Sequence[Line],
    names: Names,
    given: Given,
    samples: Mapping[str, Sample],
    why: str,
) -> dict[str, Any]:
    """The sealed record of a file: its SHA-256, the pages that its sealed results fill, and every other row as it stood
    with what became of it. Whatever goes wrong is said in the record alone."""
    record: dict[str, Any] = {"file": hashlib.sha256(content).hexdigest(), "pages": [], "rows": []}
    try:
        pages, rows = _read(desk, definition, rest, names, given, samples, why)
    except Exception as error:  # a mistake of ours must not show that there was something to make it on
        pages, rows = [], [_row(line, "not taken", [f"this program failed: {type(error).__name__}"]) for line in rest]
    return padded({**record, "pages": pages, "rows": rows})


def padded(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with a filling that makes it as long as the next power of two."""
    value = {**record, "pad": ""}
    length = len(canonical(value))
    whole = LENGTH
    while whole < length:
        whole *= 2
    return {**value, "pad": "." * (whole - length)}


def _row(line: Line, became: str, says: Iterable[str] = ()) -> dict[str, Any]:
    cells = {name: text for name, text in line.cells.items() if text}
    return {"row": str(line.row), "became": became, "says": list(says), "cells": cells}


def _read(
    desk: Desk,
    definition: Definition,
    rest: Sequence[Line],
    names: Names,
    given: Given,
    samples: Mapping[str, Sample],
    why: str,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    named = [(line, names.test(line["test"])) for line in rest]
    found = read_rows(desk, definition, [(line, test) for line, test in named if test], given, samples)
    says: dict[int, list[str]] = {}
    for trouble in found.troubles:
        says.setdefault(trouble.line.row, []).append(f"{trouble.column}: {trouble.sentence}".removeprefix(": "))
    rows = {line.row: _row(line, "not taken", [UNKNOWN_TEST]) for line, test in named if not test}
    rows |= {line.row: _row(line, "not taken", says.get(line.row, [])) for line, test in named if test}
    for one in found.repeated:
        rows[one.line.row] = _row(one.line, "the same twice")
    pages = []
    for place, results in found.pages.items():
        refused = _refused(desk, place)
        for filled in results:
            line, notes = filled.result.line, [*says.get(filled.result.line.row, []), *_notes(desk, definition, filled)]
            rows[line.row] = _row(line, "not taken" if refused else "kept", [refused] if refused else notes)
        if not refused:
            pages.append(_page(desk, definition, place, results, why))
    return pages, [rows[number] for number in sorted(rows)]


def _refused(desk: Desk, place: PageOf) -> str:
    """Why nothing may be kept of this page; empty where it may. What `record` asks of everybody."""
    person = desk.state.participants[place[0]]
    try:
        desk.require_unlocked(place[1])
        desk.version_at(person.site)
        require_follow_up(desk, person, place[1])
    except Refused as refused:
        return refused.sentence
    return ""


def _notes(desk: Desk, definition: Definition, filled: Filled) -> list[str]:
    """What whoever may read it should look at."""
    one, notes = filled.result, []
    if one.unusual:
        notes.append(f"{one.unusual.partition(';')[0]}; {'confirmed' if one.said else 'NOT CONFIRMED, ask'}")
    if filled.limits.says:
        notes.append(filled.limits.says)
    if one.rounded:
        notes.append(f"rounded when it was converted from {one.unit}")
    person = desk.state.participants[one.participant]
    if laboratory_samples.late(definition, one, desk.today(person.site)):
        notes.append("late")
    return notes


def _page(desk: Desk, definition: Definition, place: PageOf, results: Sequence[Filled], why: str) -> dict[str, Any]:
    participant, visit, form = place
    items = {name: text for one in results for name, text in one.items.items()}
    absent = {name: text for one in results for name, text in one.not_done.items()}
    said = {one.names[0]: one.result.said for one in results if one.result.said and one.items}
    words = {NOT_DONE: absent, CONFIRMED: said, ON: page_day(definition, form, results), WHY: why}
    values = {**dict.fromkeys(absent), **items, **{name: text for name, text in words.items() if text}}
    version = desk.version_at(desk.state.participants[participant].site)
    return {"participant": participant, "visit": visit, "form": form, "version": version, "values": values}


# ------------------------------------------------------------------ for who holds a key


def sealed_records(desk: Desk, keys: Sequence[str]) -> dict[int, dict[str, Any]]:
    """Number of the fact -> the sealed record of a file, without its filling, for the holder of a key."""
    try:
        kept = desk.vault.kept(keys, UNDER)
    except CannotOpen as error:
        raise Refused(f"The sealed results were not opened: {error}", "keys") from None
    numbered = ((int(key.removeprefix(UNDER)), value) for key, value in kept.items())
    return {number: {name: part for name, part in value.items() if name != "pad"} for number, value in numbered}


def as_pages(fact: Fact, record: Mapping[str, Any]) -> list[tuple[Fact, Mapping[str, Any]]]:
    """The sealed pages of a file, each as if a fact of its own had kept it: its values as `conduct.sealing` keeps
    them."""
    return [
        (
            fact._replace(
                participant=one["participant"], visit=one["visit"], form=one["form"], repeat="", version=one["version"]
            ),
            one["values"],
        )
        for one in record["pages"]
    ]


def key_of(number: int) -> str:
    """The key under which the rest of the file of a fact is in the vault."""
    return f"{UNDER}{number}"


def keep_rest(desk: Desk, record: Mapping[str, Any]) -> str:
    """Seal the record in the vault, inside an act only, under the number that the next fact will have; returns the
    commitment."""
    key = key_of(desk.state.number + 1)
    return desk.vault.keep(key, record, desk.chance.token(key))
