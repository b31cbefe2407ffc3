"""Open the sealed page items for the analysis: after the final lock and the planned unblinding, with a reader's key.

Then the arms stand in the ledger, so IgG and its proxies can tell nothing more; before, nobody opens them, not even
who could. The values stay outside the ledger: a fact says who opened how many, and commits to which.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from trialwright.conduct.desk import Desk
from trialwright.conduct.laboratory_sealed import UNDER, as_pages, key_of
from trialwright.conduct.permissions import Person
from trialwright.conduct.refusal import Refused, require_why
from trialwright.conduct.sealing import NOT_DONE, ON
from trialwright.ledger import kinds
from trialwright.ledger.canonical import written
from trialwright.ledger.fact import Fact
from trialwright.ledger.opened import Opened, OpenedPage
from trialwright.ledger.replay import PageKey
from trialwright.ledger.vault import CannotOpen

KEPT = (kinds.SEALED_KEPT, kinds.LABORATORY_IMPORTED)
"""The kinds of fact behind which values of page items lie in the vault."""


def open_sealed(desk: Desk, *, keys: Sequence[str], by: Person, why: str) -> tuple[Fact, Opened]:
    """Open every sealed page item of the trial with a private key to which values are sealed. Returns the fact, which
    stands before anything is handed out, and the items; of corrected values the last one counts. Raises `Refused`."""
    with desk.act("open_sealed", by) as state:
        require_why(why)
        stage = desk.protocol().final_lock
        if stage not in state.unblinded:
            raise Refused(
                f"Sealed values are opened after the final lock ({stage}) and the planned unblinding by two people; "
                "until then they could tell the treatment of a participant.",
                "blinded",
            )
        facts = [fact for fact in desk.ledger.facts() if fact.kind in KEPT and fact.payload is not None]
        kept = _kept(desk, [*state.participants], keys)
        lacking = [fact.number for fact in facts if _key(fact) not in kept]
        if lacking:
            raise Refused(
                f"The sealed values were not opened: the vault lacks what fact {lacking[0]} kept; restore the backup.",
                "vault",
            )
        values = [value for fact in facts for value in _values(fact, kept[_key(fact)])]
        opened = _pages(values)
        payload = {
            "stage": stage,
            "pages": str(sum(len(pages) for pages in opened.values())),
            "values": str(len(values)),
            "commitments": hashlib.sha256(written([(fact.payload or {})["commitment"] for fact in facts])).hexdigest(),
        }
        return desk.append(by, kinds.SEALED_OPENED, payload, state.version, why=why), opened


def _kept(desk: Desk, participants: Sequence[str], keys: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """The sealed values of pages and of laboratory files; the pharmacy's records and other words stay closed."""
    try:
        return desk.vault.kept(keys, (*(f"{participant}/" for participant in participants), UNDER))
    except CannotOpen as error:
        raise Refused(f"The sealed values were not opened: {error}.", "keys") from error


def _values(fact: Fact, content: Mapping[str, Any]) -> list[tuple[Fact, Mapping[str, Any]]]:
    """What was kept of a page, or of every page that a laboratory's file filled."""
    return as_pages(fact, content) if fact.kind == kinds.LABORATORY_IMPORTED else [(fact, content)]


def _key(fact: Fact) -> str:
    """The key under which `conduct.sealing`, or the import of a laboratory's file, keeps what this fact commits to."""
    if fact.kind == kinds.LABORATORY_IMPORTED:
        return key_of(fact.number)
    return "/".join((fact.participant or "", *_place(fact), str(fact.number)))


def _place(fact: Fact) -> PageKey:
    return fact.visit or "", fact.form or "", fact.repeat or ""


def _pages(kept: Sequence[tuple[Fact, Mapping[str, Any]]]) -> Opened:
    """The items of every page from what was kept of it, one after the other."""
    opened: dict[str, dict[PageKey, OpenedPage]] = {}
    for fact, content in kept:
        pages = opened.setdefault(fact.participant or "", {})
        before = pages.get(_place(fact), OpenedPage(fact.version))
        pages[_place(fact)] = _then(before, fact, content)
    return opened


def _then(before: OpenedPage, fact: Fact, content: Mapping[str, Any]) -> OpenedPage:
    """The page after one more value. A value ends the reason why there was none, and the other way round."""
    items = {name: text for name, text in content.items() if not name.startswith("*")}
    absent: Mapping[str, str] = content.get(NOT_DONE, {})
    gone = dict.fromkeys([*(before.items if "*" in absent else ()), *(name for name in absent if name != "*")])
    reasons = {**before.not_done, **absent}
    for name, text in items.items():
        if text is not None:
            reasons.pop(name, None)
            reasons.pop("*", None)
    on = content.get(ON, before.on)
    return OpenedPage(fact.version, on, {**before.items, **gone, **items}, reasons, (*before.kept, fact.number))
