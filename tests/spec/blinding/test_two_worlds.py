"""Non-interference: whoever is blinded gets the same to the last letter, whatever the allocation is.

Three worlds differ in nothing but the arms on the list. All that a blinded role, a backup or a log can show is
compared. Then leaks are planted, one at a time: each must be found, which is how this test proves itself.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.pages.conftest import _page_settings  # noqa: F401 - configures Django for the pages
from tests.plugins.worlds import allocation_list
from tests.spec.blinding import two_worlds
from tests.spec.blinding.two_worlds import WORLDS, Arranged, Obtained, as_drawn, differences, in_turn, swapped

from trialwright.allocation import slots
from trialwright.allocation.slots import OpenSlot
from trialwright.conduct import Desk, Refused
from trialwright.ledger import kinds
from trialwright.ledger.canonical import fingerprint
from trialwright.ledger.fact import Fact
from trialwright.ledger.snapshot import Snapshot
from trialwright.ledger.vault import Slot
from trialwright.simulate.vault import MemoryVault
from trialwright.store import committed
from trialwright.store.vault import SealedVault
from trialwright.store.world import ServerClock
from trialwright.web.clinic import timeline

OTHERS = [swapped, in_turn]
EXPECTED = {kinds.ALLOCATION_DRAWN, kinds.SEALED_KEPT, kinds.QUERY_CLOSED, kinds.DATABASE_LOCKED, kinds.TRIAL_UNBLINDED}
"""What the story must have come to, so that the comparison means something."""


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's own clock stamps signed heads; two worlds are signed at one moment."""
    monkeypatch.setattr(ServerClock, "now", lambda self: datetime(2026, 3, 2, 8, 0, tzinfo=UTC))


@pytest.mark.requirement("BL2", "RN2")
def test_no_answer_fact_page_report_or_log_line_depends_on_an_allocation(tmp_path: Path) -> None:
    found = {name: two_worlds.obtained_in_memory(world, tmp_path / name) for name, world in WORLDS.items()}
    first = found["as drawn"]
    assert {"state", "snapshot", "log", "report index.html", "page monitor /participants"} <= first.keys()
    assert all(f"kind='{kind}'" in str(first) for kind in EXPECTED)
    for name in found:
        assert differences(first, found[name]) == [], name


@pytest.mark.requirement("BL2", "RN2")
def test_no_file_table_head_or_verification_depends_on_an_allocation(tmp_path: Path) -> None:
    found = {name: two_worlds.obtained_on_disk(world, tmp_path / name / "trial") for name, world in WORLDS.items()}
    first = found["as drawn"]
    assert {"heads", "verified", "sqlite store_slot", "sqlite store_page", "file heads.log"} <= first.keys()
    for name in found:
        assert differences(first, found[name]) == [], name


@pytest.mark.requirement("BL2", "RN2")
def test_no_table_of_postgresql_depends_on_an_allocation(tmp_path: Path, new_database: Callable[[], str]) -> None:
    found = {
        name: two_worlds.obtained_on_disk(world, tmp_path / name / "trial", new_database())
        for name, world in WORLDS.items()
    }
    first = found["as drawn"]
    assert {"postgresql store_slot", "postgresql store_fact", "postgresql store_sealedvalue"} <= first.keys()
    for name in found:
        assert differences(first, found[name]) == [], name


@pytest.mark.requirement("BL2")
def test_a_rehearsal_in_which_nothing_works_is_the_same_to_the_last_fact() -> None:
    first = two_worlds.obtained_from_a_rehearsal(as_drawn)
    assert len(first) > 100
    for other in OTHERS:
        assert differences(first, two_worlds.obtained_from_a_rehearsal(other)) == []


# ---------------------------------------------------------------- planted leaks

ARMS: dict[str, str] = {}
"""Label -> arm of the world that is played; what a programmer who leaks might hold by mistake."""


def knowing(arranged: Arranged) -> Arranged:
    """Remember the arms of the world that is about to be played."""
    ARMS.update({slot.label: slot.arm for slot in arranged(allocation_list())})
    return arranged


def found_out(obtained: Callable[[Arranged, Path], Obtained], place: Path) -> list[str]:
    """What differs between the first world and the others, the leak being planted."""
    first, *others = [obtained(knowing(world), place / name / "trial") for name, world in WORLDS.items()]
    return [difference for other in others for difference in differences(first, other)]


def drawn(vault: type, change: Callable[[Slot, str], Slot]) -> Callable[[Any, str], Slot]:
    """A vault whose answer to a draw is changed by the arm."""
    before = vault.draw  # type: ignore[attr-defined]

    def draw(self: Any, *asked: Any) -> Slot:
        slot: Slot = before(self, *asked)
        return change(slot, ARMS[slot.label])

    return draw


def appended(change: Callable[[Desk, str, dict[str, Any], dict[str, Any]], None]) -> Callable[..., Fact]:
    """A desk that changes what it appends: `change(desk, kind, payload, more)`."""
    before = Desk.append

    def append(self: Desk, by: Any, kind: str, payload: Any, version: str, *place: Any, **more: Any) -> Fact:
        payload = dict(payload)
        change(self, kind, payload, more)
        return before(self, by, kind, payload, version, *place, **more)

    return append


def _position(patch: pytest.MonkeyPatch) -> None:
    """In the fact alone: a vault that gave such a slot would be refused, because it is not its turn."""

    def later(desk: Desk, kind: str, payload: dict[str, Any], more: dict[str, Any]) -> None:
        if kind == kinds.ALLOCATION_DRAWN:
            payload["position"] = str(int(payload["position"]) + (ARMS[payload["label"]] == "T"))

    patch.setattr(Desk, "append", appended(later))


def _logged(patch: pytest.MonkeyPatch) -> None:
    def say(slot: Slot, arm: str) -> Slot:
        logging.getLogger("trialwright").info("drew %s for %s", slot.label, arm)
        return slot

    patch.setattr(MemoryVault, "draw", drawn(MemoryVault, say))


def _reason(patch: pytest.MonkeyPatch) -> None:
    def change(desk: Desk, kind: str, payload: dict[str, Any], more: dict[str, Any]) -> None:
        if kind == kinds.ALLOCATION_DRAWN:
            more["why"] = f"arm {ARMS[payload['label']]} was next"

    patch.setattr(Desk, "append", appended(change))


def _digest(patch: pytest.MonkeyPatch) -> None:
    """Forty-eight coin flips can be tried out against it."""

    def change(desk: Desk, kind: str, payload: dict[str, Any], more: dict[str, Any]) -> None:
        if kind == kinds.TRIAL_UNBLINDED:
            payload["digest"] = fingerprint({label: ARMS[label] for label in desk.state.labels})

    patch.setattr(Desk, "append", appended(change))


def _time(patch: pytest.MonkeyPatch) -> None:
    """The preparation of one arm takes longer before the draw is written down."""

    def change(desk: Desk, kind: str, payload: dict[str, Any], more: dict[str, Any]) -> None:
        if kind == kinds.ALLOCATION_DRAWN and ARMS[payload["label"]] == "T":
            desk.clock.move(seconds=1)  # type: ignore[attr-defined]

    patch.setattr(Desk, "append", appended(change))


def _order(patch: pytest.MonkeyPatch) -> None:
    """A payload in another order has the same digest, and is kept in that order."""

    def change(desk: Desk, kind: str, payload: dict[str, Any], more: dict[str, Any]) -> None:
        if kind == kinds.ALLOCATION_DRAWN and ARMS[payload["label"]] == "T":
            payload["stratum"] = payload.pop("stratum")

    patch.setattr(Desk, "append", appended(change))


def _check(patch: pytest.MonkeyPatch) -> None:
    """A question that is put in one arm alone."""
    recording = import_module("trialwright.conduct.record")
    before = recording.news

    def news(rules: Any, entered: Any, findings: Any) -> Any:
        if ARMS[allocation_list()[0].label] == "T":
            raise Refused("Was the infusion slowed down?", "values")
        return before(rules, entered, findings)

    patch.setattr(recording, "news", news)


def _leaf(patch: pytest.MonkeyPatch) -> None:
    """A commitment without its nonce: equal arms have equal leaves, as with deterministic encryption."""
    patch.setattr(OpenSlot, "leaf", lambda self, trial, annex: fingerprint(["leaf", self.arm]))


def _snapshot(patch: pytest.MonkeyPatch) -> None:
    before = Snapshot.participants.func  # type: ignore[attr-defined]

    def participants(self: Snapshot) -> Any:
        table = before(self)
        arms = [ARMS.get(label) for label in table.columns["label"]]
        return replace(table, columns={**table.columns, "treatment": arms})

    patch.setattr(Snapshot, "participants", property(participants))


def _page(patch: pytest.MonkeyPatch) -> None:
    shown = dict(timeline.DETAILS)
    shown[kinds.ALLOCATION_DRAWN] = lambda definition, payload, sees: [("Bag", f"type {ARMS[payload['label']]}")]
    patch.setattr(timeline, "DETAILS", shown)


IN_MEMORY = [_position, _logged, _reason, _digest, _time, _order, _check, _leaf, _snapshot, _page]


@pytest.mark.requirement("BL2")
@pytest.mark.parametrize("leak", IN_MEMORY, ids=lambda leak: leak.__name__.strip("_"))
def test_a_leak_in_the_program_is_found(
    leak: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    leak(monkeypatch)
    assert found_out(two_worlds.obtained_in_memory, tmp_path)


def _length(patch: pytest.MonkeyPatch) -> None:
    before = slots.sealed
    patch.setattr(slots, "sealed", lambda content, keys: before(content + b" " * content.count(b'"arm": "T"'), keys))


def _rows(patch: pytest.MonkeyPatch) -> None:
    """The slots are kept one arm after the other, and the guard that refuses to draw from such a list is gone."""
    before = SealedVault.take_in
    patch.setattr(committed, "stands", lambda slots, root: True)

    def take_in(self: SealedVault, sealed: slots.SealedList, trial: str) -> None:
        ordered = sorted(sealed.slots, key=lambda slot: ARMS[slot.label])
        before(self, replace(sealed, slots=tuple(ordered)), trial)

    patch.setattr(SealedVault, "take_in", take_in)


def _file(patch: pytest.MonkeyPatch) -> None:
    def worksheet(slot: Slot, arm: str) -> Slot:
        (PLACES[-1] / f"worksheet-{slot.label}-{arm}.txt").touch()
        return slot

    patch.setattr(SealedVault, "draw", drawn(SealedVault, worksheet))


def _size(patch: pytest.MonkeyPatch) -> None:
    """A file beside the database is longer by one character."""

    def note(slot: Slot, arm: str) -> Slot:
        with (PLACES[-1] / "drawn.log").open("a", encoding="utf-8") as file:
            file.write("." * (1 + (arm == "T" and slot.label == allocation_list()[0].label)))
        return slot

    patch.setattr(SealedVault, "draw", drawn(SealedVault, note))


PLACES: list[Path] = []


def on_disk(arranged: Arranged, folder: Path) -> Obtained:
    """The world on disk; leaks find its folder."""
    PLACES.append(folder)
    return two_worlds.obtained_on_disk(arranged, folder)


@pytest.mark.requirement("BL2")
@pytest.mark.parametrize("leak", [_length, _rows, _file, _size], ids=lambda leak: leak.__name__.strip("_"))
def test_a_leak_in_the_folder_is_found(
    leak: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    leak(monkeypatch)
    assert found_out(on_disk, tmp_path)
