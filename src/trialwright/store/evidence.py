"""What the proof of an allocation needs of a trial folder: without a key what is kept, with keys what it means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low
from typing import Any

import orjson
from django.db import connections

from trialwright.allocation.allocator import KeptDraw, Replayed, replayed
from trialwright.allocation.bulk import Regenerated, regenerated
from trialwright.allocation.escrow import seed_commitment
from trialwright.allocation.proof import Draw, Evidence, Place, Segment
from trialwright.allocation.sealing import NotOpened
from trialwright.allocation.slots import WrongSlot, opened_slot
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import State, replay
from trialwright.ledger.vault import ALLOCATOR, SEALED_LIST, CannotOpen
from trialwright.store.folder import read_folder
from trialwright.store.ledger import DatabaseLedger
from trialwright.store.opening import alias
from trialwright.store.vault import KeptList, SealedVault

SUPPLY = "supply/"
"""How the keys of the pharmacy's sealed records begin."""


class StaysClosed(Exception):
    """The keys given do not open what the proof asks for; the reason is a sentence."""


@dataclass(frozen=True)
class Kept:
    """A trial folder as the proof reads it. Nothing in it is opened. `recipients` is to whom values are sealed now,
    `agreed` to whom they should be and the number of the fact that says so."""

    state: State
    evidence: Evidence
    lists: tuple[KeptList, ...]
    draws: tuple[KeptDraw, ...]
    recipients: Mapping[str, str]
    agreed: tuple[Mapping[str, str] | None, int]
    vault: SealedVault

    def redrawn(self, keys: Sequence[str]) -> Mapping[int, Regenerated]:
        """Number of a list -> the list as seed and annex from escrow give it; lists of an allocator have none. Raises
        `StaysClosed` where a share stays closed or the annex is another."""
        lists = [kept for kept in self.lists if kept.kind == SEALED_LIST and kept.escrow is not None]
        try:
            return {kept.id: self._again(kept, keys) for kept in lists}
        except CannotOpen as error:
            raise StaysClosed(str(error)) from error

    def _again(self, kept: KeptList, keys: Sequence[str]) -> Regenerated:
        seed, annex = self.vault.secrets(kept, keys)
        rows: dict[str, list[int]] = {}
        for row, place in enumerate(place for place in self.evidence.places if place.list == kept.id):
            rows.setdefault(place.stratum, []).append(row)
        # The order of the strata is that of their rows; one slot that was moved must not turn the whole list about.
        strata = sorted(rows, key=lambda stratum: median_low(rows[stratum]))
        counts = sorted(map(len, rows.values()))
        return regenerated(annex, strata, counts[len(counts) // 2], seed)

    def opened(self, keys: Sequence[str]) -> tuple[Mapping[str, str], list[str]]:
        """Label -> arm of every slot, drawn or not, opened one by one with a slot holder's key, and the labels that do
        not hold what was committed. For a trial whose seed is lost. Raises `StaysClosed`."""
        arms, wrong = {}, []
        for kept in self.lists:
            for slot in self.vault.slots(drawn=False, list_id=kept.id):
                try:
                    arms[slot.label] = opened_slot(slot, keys, kept.trial, kept.annex_sha256).arm
                except NotOpened as error:
                    raise StaysClosed(str(error)) from error
                except WrongSlot:
                    wrong.append(slot.label)
        return arms, wrong

    def replayed(self, keys: Sequence[str]) -> tuple[Replayed, bool] | None:
        """What an allocator drew, drawn again from its seed, and whether that seed is the one that was committed to;
        None where no allocator draws. Raises `StaysClosed`."""
        drawing = next((kept for kept in self.lists if kept.kind == ALLOCATOR and kept.escrow is not None), None)
        if drawing is None:
            return None
        try:
            seed, annex = self.vault.secrets(drawing, keys)
        except CannotOpen as error:
            raise StaysClosed(str(error)) from error
        said = self.evidence.segments[self.lists.index(drawing)].said_root
        return replayed(annex, seed, self.draws), seed_commitment(seed) == said

    def records(self, keys: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """The pharmacy's sealed records by key. Raises `StaysClosed` where none of the keys opens them."""
        try:
            return self.vault.kept(keys, SUPPLY)
        except CannotOpen as error:
            raise StaysClosed(str(error)) from error


def kept(folder: Path) -> Kept:
    """Read a trial folder for the proof."""
    trial = read_folder(folder)
    name = alias(trial)
    ledger = DatabaseLedger(name)
    vault = SealedVault(ledger, trial.recipients)
    facts = list(ledger.facts())
    lists = vault.lists()
    state = replay(facts)
    segments = [_segment(one, facts) for one in lists]
    evidence = Evidence(segments, _places(name), _draws(facts), dict(state.assignments))
    return Kept(state, evidence, lists, tuple(_kept_draws(facts)), trial.recipients, _agreed(facts), vault)


def _agreed(facts: Sequence[Fact]) -> tuple[Mapping[str, str] | None, int]:
    """The public keys of the last fact that names any: of slots sealed anew, or of the signed terms of the first
    list."""
    for fact in reversed(facts):
        said = (fact.payload or {}).get("recipients") if fact.kind == kinds.LIST_CHANGED else None
        if said is not None:
            return said, fact.number
    document = ((facts[0].payload or {}).get("terms") or {}).get("document") if facts else None
    return (orjson.loads(document)["recipients"] if document else None), 1


def _segment(kept: KeptList, facts: Sequence[Fact]) -> Segment:
    number = kept.taken_by or 1
    fact = facts[number - 1] if number <= len(facts) else None
    said = (fact.payload or {}) if fact is not None and fact.kind in (kinds.TRIAL_OPENED, kinds.LIST_CHANGED) else {}
    root, annex = said.get("root") or "", said.get("annex") or ""
    document = (said.get("terms") or {}).get("document") or ""
    return Segment(kept.id, number, kept.root, kept.annex_sha256, root, annex, kept.kind == SEALED_LIST, document)


def _draws(facts: Sequence[Fact]) -> list[Draw]:
    numbers = [fact.number for fact in facts if fact.kind == kinds.ALLOCATION_DRAWN and fact.payload is not None]
    return [
        Draw(number, one.participant, one.stratum, one.position, one.label, one.leaf)
        for number, one in zip(numbers, _kept_draws(facts), strict=True)
    ]


def _kept_draws(facts: Sequence[Fact]) -> list[KeptDraw]:
    """The draws in the order of their facts, with the levels that were drawn under."""
    return [
        KeptDraw(
            fact.participant or "",
            dict(fact.payload["levels"]),
            fact.payload["stratum"],
            int(fact.payload["position"]),
            fact.payload["label"],
            fact.payload["leaf"],
        )
        for fact in facts
        if fact.kind == kinds.ALLOCATION_DRAWN and fact.payload is not None
    ]


def _places(name: str) -> list[Place]:
    with connections[name].cursor() as cursor:
        cursor.execute("SELECT list_id, stratum, position, label, leaf, drawn_by FROM store_slot ORDER BY id")
        return [Place(*row) for row in cursor.fetchall()]
