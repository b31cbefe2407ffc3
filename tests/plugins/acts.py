"""Scripted acts: drafts of a small trial, for the tests of ledgers and stores."""

from collections.abc import Iterator, Mapping
from typing import Any

from trialwright.ledger import kinds
from trialwright.ledger.fact import Draft
from trialwright.ledger.ports import Ledger

SALT = "5a" * 16


def at(second: int) -> str:
    """The instant this many seconds into the scripted trial."""
    return f"2026-03-01T{8 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.000000Z"


def draft(kind: str, payload: Mapping[str, Any], second: int = 0, **more: Any) -> Draft:
    """A draft by the study nurse, unless `more` says otherwise."""
    given = {"by": "nurse.1", "role": "nurse", "version": "1.0", "salt": SALT, **more}
    return Draft(at=at(second), kind=kind, payload=payload, **given)


def sealed_value(commitment: str, second: int = 0, **more: Any) -> Draft:
    """The fact that commits to a value in the vault; without it the value is none of this trial's."""
    return draft(kinds.SUPPLY_SEALED, {"commitment": commitment, "reference": commitment[:32]}, second, **more)


def consent(participant: str = "AMC-001-K", second: int = 0, **more: Any) -> Draft:
    """A participant's consent."""
    payload = {"site": "AMC", "form_version": "1.0", "scopes": {"trial": "yes", "biobank": "no"}}
    return draft(kinds.CONSENT_GIVEN, payload, second, participant=participant, **more)


def page(
    items: Mapping[str, str | None], second: int = 0, participant: str = "AMC-001-K", visit: str = "V1", **more: Any
) -> Draft:
    """A form page as it was saved."""
    payload = {"items": dict(items), "not_done": {}, "confirmed": {}, "on": "2026-03-01"}
    given = {"form": "vitals", "repeat": None, **more}
    return draft(kinds.PAGE_RECORDED, payload, second, participant=participant, visit=visit, **given)


def signature(second: int = 0, participant: str = "AMC-001-K", visit: str = "V1", **more: Any) -> Draft:
    """The signature under a page."""
    payload = {"meaning": "reviewed", "name": "Dr X", "content": "0" * 64}
    given = {"form": "vitals", "by": "dr.x", "role": "investigator", **more}
    return draft(kinds.PAGE_SIGNED, payload, second, participant=participant, visit=visit, **given)


def redaction(number: int, items: list[str], kept: Mapping[str, str], second: int = 0, **more: Any) -> Draft:
    """The logged, justified redaction of a page's fact. It carries the page's place."""
    payload = {"fact": str(number), "items": items, "kept": dict(kept)}
    given = {"participant": "AMC-001-K", "visit": "V1", "form": "vitals", "why": "a name was typed", **more}
    return draft(kinds.PAYLOAD_REDACTED, payload, second, **given)


def script() -> Iterator[list[Draft]]:
    """Acts of a small trial, each a list of drafts that belong together: accents, empty texts, log rows, a query."""
    yield [draft(kinds.SITE_ACTIVATED, {"site": "AMC", "activates": "1.0"}, 0, by="office.1", role="office")]
    yield [draft(kinds.PRESCREEN_LOGGED, {"site": "AMC", "outcome": "declined", "reason": "too far"}, 1)]
    for index, name in enumerate(("AMC-001-K", "AMC-002-M", "AMC-003-P")):
        second = 10 + index * 20
        yield [consent(name, second)]
        yield [page({"weight": "71.50", "note": "café, “zweite” ☕"}, second + 1, name)]
        yield [page({"weight": "72", "height": None}, second + 2, name, why="typing error")]
        yield [page({"term": "headache"}, second + 3, name, visit="", form="adverse_event", repeat="1")]
        yield [page({"term": "nausea"}, second + 4, name, visit="", form="adverse_event", repeat="2")]
        opened = {"query": f"q{index}", "item": "weight", "text": "Is this in kilograms?", "check": None}
        asked = draft(kinds.QUERY_OPENED, opened, second + 5, participant=name, visit="V1", form="vitals")
        answer = draft(kinds.QUERY_ANSWERED, {"query": f"q{index}", "text": "Yes"}, second + 6, participant=name)
        yield [asked]
        yield [answer, signature(second + 7, name)]


def play(ledger: Ledger) -> None:
    """The whole script onto a ledger, an act at a time."""
    for drafts in script():
        act(ledger, *drafts)


def act(ledger: Ledger, *steps: Draft | int | Exception) -> None:
    """One act: a draft is appended, a number redacted, an exception raised."""
    with ledger.act():
        for step in steps:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, int):
                ledger.redact(step)
            else:
                ledger.append(step)
