"""What is masked does not exist for who may not know it: two worlds, in one of which it never happened.

What an assessor may not know (adverse events, infusions, stops of treatment, broken codes), and what nobody blinded may
(sealed values, the pharmacy's records). Leaks are planted here too.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.pages.conftest import _page_settings  # noqa: F401 - configures Django for the pages
from tests.spec.blinding.everything import BLINDED
from tests.spec.blinding.masked_worlds import (
    MASKED_FROM,
    Part,
    exports,
    masked,
    open_facts,
    pages,
    random_tokens,
    sealed,
    told,
)
from tests.spec.blinding.obtaining import of_the_folder
from tests.spec.blinding.two_worlds import differences

from trialwright.design.model import Blinding
from trialwright.ledger import kinds
from trialwright.report import record
from trialwright.store.world import ServerClock
from trialwright.web import alarms, seen
from trialwright.web.clinic import participants, timeline
from trialwright.web.office import overview

Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch: Patch) -> None:
    monkeypatch.setattr(ServerClock, "now", lambda self: datetime(2026, 3, 2, 8, 0, tzinfo=UTC))


def told_apart(part: Part, folder: Path) -> list[str]:
    """What of the pages, and of what is sealed the exports, tells the two worlds apart."""
    happened, never = (told(part, happens) for happens in (True, False))
    if part is masked:
        return differences(pages(happened, MASKED_FROM), pages(never, MASKED_FROM))
    found = [
        {**pages(story, BLINDED), **exports(story, folder / place)} for story, place in ((happened, "1"), (never, "2"))
    ]
    return differences(*found)


# ---------------------------------------------------------------- the comparison


@pytest.mark.requirement("BL1", "BL2")
def test_for_an_assessor_adverse_events_and_infusions_never_happened(tmp_path: Path) -> None:
    """Neither their content, nor their number, nor their dates, nor a gap in what is numbered."""
    happened, never = (told(masked, happens) for happens in (True, False))
    assert not [answer for answer in happened.answers if not answer.endswith(": done")]
    there = {fact.kind for fact in happened.world.facts()} - {fact.kind for fact in never.world.facts()}
    assert {kinds.TREATMENT_READY, kinds.TREATMENT_STOPPED, kinds.CODE_BROKEN, kinds.ALARM_RAISED} <= there
    assert len(happened.world.facts()) > len(never.world.facts()) + 20
    assert differences(pages(happened, ("monitor",)), pages(never, ("monitor",))) != []
    assert told_apart(masked, tmp_path) == []


@pytest.mark.requirement("BL1", "BL2")
def test_for_a_blinded_role_sealed_values_were_never_entered(tmp_path: Path) -> None:
    """On every page, in the report and in the tables of the snapshot. Of every other fact nothing differs."""
    happened, never = (told(sealed, happens) for happens in (True, False))
    assert not [answer for answer in happened.answers if not answer.endswith(": done")]
    assert open_facts(happened.world) == open_facts(never.world)
    assert len(happened.world.facts()) > len(never.world.facts()) + 4
    assert told_apart(sealed, tmp_path) == []


@pytest.mark.requirement("BL2")
def test_who_reads_the_database_sees_that_something_was_sealed_and_no_more(tmp_path: Path) -> None:
    """The residual: facts are numbered, so the tables that hold numbers, and the heads that were signed, differ."""
    from django.db import connections

    from trialwright import store

    found = []
    for happens in (True, False):
        folder = tmp_path / str(happens) / "trial"
        told(sealed, happens, folder).world.desk.ledger.close()  # type: ignore[attr-defined]
        connections.close_all()
        assert store.verify(folder).ok
        found.append(random_tokens(of_the_folder(folder)))
    may = {"file heads.log", "verified", *(f"sqlite store_{name}" for name in ("fact", "page", "sealedvalue", "slot"))}
    must = {"sqlite store_fact", "sqlite store_sealedvalue"}
    assert must <= set(differences(*found)) <= {*may, "sqlite sqlite_sequence"}
    assert "777.7" not in str(found)


# ---------------------------------------------------------------- planted leaks


def _sealed_facts(patch: Patch) -> None:
    """That something was sealed, and when, stands in the time line (row 9)."""
    patch.setattr(kinds, "BLINDED_INVISIBLE", frozenset())


def _words(patch: Patch) -> None:
    """Why a sealed item was not done is kept in the open (row 9)."""
    recording = import_module("trialwright.conduct.record")
    patch.setattr(recording, "in_the_open", lambda rules, words: words)


def _value(patch: Patch) -> None:
    """A sealed value is written on the page as well (row 9)."""
    recording = import_module("trialwright.conduct.record")
    before = recording._opened

    def opened(rules: Any, page: Any, entered: Any, *more: Any) -> Any:
        entered.items.update({item: str(value) for item, value in entered.sealed.items()})
        return before(rules, page, entered, *more)

    patch.setattr(recording, "_opened", opened)


def _how_many(patch: Patch) -> None:
    """The blinded report counts the facts, sealed ones too (row 3)."""
    before = record.provenance
    patch.setattr(record, "provenance", lambda *asked, **more: before(*asked, blinded=False))


def _stops(patch: Patch) -> None:
    """A stop of treatment stands in the assessor's time line (row 16)."""
    patch.setattr(seen, "NOT_FOR_ASSESSORS", frozenset())


def _stopped_count(patch: Patch) -> None:
    """The dashboard counts stops of treatment for everybody (row 12)."""
    before = overview.flow
    everything = frozenset(Blinding)
    patch.setattr(overview, "flow", lambda trial, people, sees: before(trial, people, everything))


def _pages_counted(patch: Patch) -> None:
    """Infusion pages count among the forms that are done (row 8)."""
    before = participants.forms
    everything = frozenset(Blinding)
    patch.setattr(participants, "forms", lambda trial, person, sees: before(trial, person, everything))


def _numbers(patch: Patch) -> None:
    """Queries are numbered through the trial, those about adverse events too (row 7)."""
    before = timeline.DETAILS[kinds.QUERY_OPENED]
    everything = frozenset(Blinding)
    changed = lambda definition, payload, sees: before(definition, payload, everything)  # noqa: E731
    patch.setattr(timeline, "DETAILS", {**timeline.DETAILS, kinds.QUERY_OPENED: changed})


def _anchor(patch: Patch) -> None:
    """The date of an infusion moves when the next visit is due (row 9)."""
    before = participants.anchor_date
    everything = frozenset(Blinding)
    patch.setattr(participants, "anchor_date", lambda trial, person, sees: before(trial, person, everything))


def _alarms(patch: Patch) -> None:
    """Everybody is shown the alarm of many code breaks (row 16)."""
    shown = {alarm: (Blinding.OPEN, words) for alarm, (_, words) in alarms.SAYS.items()}
    patch.setattr(alarms, "SAYS", shown)


def _bag_label(patch: Patch) -> None:
    """An assessor who sees one item of an infusion page sees that there is one (row 6)."""
    before = seen.item_seen
    patch.setattr(seen, "form_seen", lambda definition, form, sees: form in definition.forms)
    patch.setattr(seen, "item_seen", lambda definition, form, item, sees: item == "label" or before(
        definition, form, item, sees))  # fmt: skip


LEAKS: list[tuple[Part, Callable[[Patch], None]]] = [
    *((sealed, leak) for leak in (_sealed_facts, _words, _value, _how_many)),
    *((masked, leak) for leak in (_stops, _stopped_count, _pages_counted, _numbers, _anchor, _alarms, _bag_label)),
]


@pytest.mark.requirement("BL1", "BL2")
@pytest.mark.parametrize(("part", "leak"), LEAKS, ids=lambda value: value.__name__.strip("_"))
def test_a_leak_of_what_is_masked_is_found(
    part: Part, leak: Callable[[Patch], None], monkeypatch: Patch, tmp_path: Path
) -> None:
    leak(monkeypatch)
    assert told_apart(part, tmp_path)
