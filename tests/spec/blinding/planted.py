"""Leaks that are planted into the program, one at a time, by the rows of the leak catalogue (facts/conduct.md, C5).

Each is a mistake that a programmer could make who holds the arms: a field too many, another order, another sentence,
a little more work. `ARMS` and `HELD` say what the world that is being played holds.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.kits import open_kits, swapped_kits
from tests.plugins.worlds import allocation_list
from tests.spec.blinding.two_worlds import Arranged

from trialwright.allocation import slots
from trialwright.allocation.slots import OpenSlot
from trialwright.analysis.observations import Observations
from trialwright.analysis.unblinding_risk import observed
from trialwright.cli import kits_client
from trialwright.conduct import Desk, Refused
from trialwright.design.model import Definition
from trialwright.ledger import kinds
from trialwright.ledger.canonical import fingerprint
from trialwright.ledger.fact import Fact
from trialwright.ledger.snapshot import Snapshot
from trialwright.ledger.vault import Slot
from trialwright.report import sealed
from trialwright.report.content import Section
from trialwright.report.unblinding_risk import risk_section
from trialwright.simulate.vault import MemoryVault
from trialwright.store import breaks, committee
from trialwright.store.vault import SealedVault
from trialwright.web.clinic import participants, timeline, views
from trialwright.web.office import overview

ARMS: dict[str, str] = {}
"""Label -> arm of the world that is played."""
HELD: dict[str, tuple[str, str, str]] = {}
"""Kit -> (arm, lot, expiry) of the world that is played."""
PLACES: list[Path] = []
"""The folder of the world that is played."""


def knowing(arranged: Arranged) -> Arranged:
    """Remember what the world that is about to be played holds."""
    held = arranged(allocation_list())
    ARMS.update({slot.label: slot.arm for slot in held})
    made = open_kits() if held[0].arm == allocation_list()[0].arm else swapped_kits(open_kits())
    HELD.update({kit.number: (kit.arm, kit.lot, kit.expiry) for kit in made})
    return arranged


Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Leak:
    """A row of the catalogue, the channel and what is planted, where it shows ('memory', 'pages', 'folder' or the lines
    of commands), and how it is planted."""

    row: int
    says: str
    where: str
    plant: Callable[[Patch], None]

    @property
    def name(self) -> str:
        """For the list of tests."""
        return f"{self.row}-{self.plant.__name__.strip('_')}"


# ---------------------------------------------------------------- how it is planted


def _drawn(vault: type, change: Callable[[Slot, str], Slot]) -> Callable[[Any, str], Slot]:
    """A vault whose answer to a draw is changed by the arm."""
    before = vault.draw  # type: ignore[attr-defined]

    def draw(self: Any, *asked: Any) -> Slot:
        slot: Slot = before(self, *asked)
        return change(slot, ARMS[slot.label])

    return draw


def _appended(change: Callable[[Desk, str, dict[str, Any], dict[str, Any]], None]) -> Callable[..., Fact]:
    """A desk that changes what it appends: `change(desk, kind, payload, more)`."""
    before = Desk.append

    def append(self: Desk, by: Any, kind: str, payload: Any, version: str, *place: Any, **more: Any) -> Fact:
        payload = dict(payload)
        change(self, kind, payload, more)
        return before(self, by, kind, payload, version, *place, **more)

    return append


def _arm_of(person: Any) -> str:
    """The arm of a participant as the state has them; empty before the draw."""
    return ARMS[person.allocation.label] if person.allocation else ""


def _of_draws(change: Callable[[dict[str, Any], str], None]) -> Callable[..., Fact]:
    """Changes what is appended of a draw."""

    def when_drawn(desk: Desk, kind: str, payload: dict[str, Any], more: dict[str, Any]) -> None:
        if kind == kinds.ALLOCATION_DRAWN:
            change(payload, ARMS[payload["label"]])

    return _appended(when_drawn)


# ---------------------------------------------------------------- rows 1 to 7


def _filter(patch: Patch) -> None:
    before = views.render

    def render(request: Any, template: str, context: Any = None, **more: Any) -> Any:
        wanted = request.GET.get("assignment")
        if wanted and context and "rows" in context:
            with views.running.reading().trial() as now:
                assert now is not None
                people = now.state.participants
                context["rows"] = [row for row in context["rows"] if _arm_of(people[row.id]) == wanted]
        return before(request, template, context, **more)

    patch.setattr(views, "render", render)


def _search(patch: Patch) -> None:
    """The order of the list follows a hidden column where somebody asks for it."""
    before = views.render

    def render(request: Any, template: str, context: Any = None, **more: Any) -> Any:
        if request.GET.get("sort") == "arm" and context and "rows" in context:
            with views.running.reading().trial() as now:
                assert now is not None
                people = now.state.participants
                context["rows"] = sorted(context["rows"], key=lambda row: _arm_of(people[row.id]))
        return before(request, template, context, **more)

    patch.setattr(views, "render", render)


def _logged(patch: Patch) -> None:
    def say(slot: Slot, arm: str) -> Slot:
        logging.getLogger("trialwright").info("drew %s for %s", slot.label, arm)
        return slot

    patch.setattr(MemoryVault, "draw", _drawn(MemoryVault, say))


def _reason(patch: Patch) -> None:
    def change(desk: Desk, kind: str, payload: dict[str, Any], more: dict[str, Any]) -> None:
        if kind == kinds.ALLOCATION_DRAWN:
            more["why"] = f"arm {ARMS[payload['label']]} was next"

    patch.setattr(Desk, "append", _appended(change))


def _column(patch: Patch) -> None:
    before = Snapshot.participants.func  # type: ignore[attr-defined]

    def people(self: Snapshot) -> Any:
        table = before(self)
        arms = [ARMS.get(label) for label in table.columns["label"]]
        return replace(table, columns={**table.columns, "treatment": arms})

    patch.setattr(Snapshot, "participants", property(people))


def _history(patch: Patch) -> None:
    """A table of what was before, as history packages keep it."""

    def keep(slot: Slot, arm: str) -> Slot:
        with _cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS store_history (label text, assignment text)")
            cursor.execute("INSERT INTO store_history VALUES (%s, %s)", [slot.label, arm])
        return slot

    patch.setattr(SealedVault, "draw", _drawn(SealedVault, keep))


def _cursor() -> Any:
    from django.db import connections

    from trialwright import store
    from trialwright.store.opening import alias

    return connections[alias(store.read_folder(PLACES[-1]))].cursor()


def _leaf(patch: Patch) -> None:
    """A commitment without its nonce: equal arms have equal leaves."""
    patch.setattr(OpenSlot, "leaf", lambda self, trial, annex: fingerprint(["leaf", self.arm]))


def _same_cipher(patch: Patch) -> None:
    """A column that is encrypted without chance, so that it can be searched."""
    patch.setattr(Desk, "append", _of_draws(lambda payload, arm: payload.update(request=fingerprint(["arm", arm]))))


def _digest(patch: Patch) -> None:
    """Forty-eight coin flips can be tried out against it."""

    def change(desk: Desk, kind: str, payload: dict[str, Any], more: dict[str, Any]) -> None:
        if kind == kinds.TRIAL_UNBLINDED:
            payload["digest"] = fingerprint({label: ARMS[label] for label in desk.state.labels})

    patch.setattr(Desk, "append", _appended(change))


def _chosen_kit(patch: Patch) -> None:
    """The client takes the lowest number of one arm and the highest of the other."""

    def picked(able: Any, count: int, draws: Any) -> tuple[str, ...]:
        if len(able) < count:
            raise kits_client.NoKit
        ordered = sorted(able, reverse=HELD[able[0]][0] == "T")
        return tuple(ordered[:count])

    patch.setattr(kits_client, "picked", picked)


def _lot(patch: Patch) -> None:
    """What is handed out names its lot."""

    def change(desk: Desk, kind: str, payload: dict[str, Any], more: dict[str, Any]) -> None:
        if kind == kinds.KIT_MOVED and payload["movement"] == "dispense":
            payload["shipment"] = HELD[payload["kits"][0]][1]

    patch.setattr(Desk, "append", _appended(change))


def _expiry(patch: Patch) -> None:
    """Each kit has the date of its own lot instead of one for all."""
    before = kits_client.blinded_account

    def account(desk: Desk, place: str | None = None) -> list[dict[str, str]]:
        return [{**row, "use_by": HELD[row["kit"]][2]} for row in before(desk, place)]

    patch.setattr(kits_client, "blinded_account", account)


def _shipment(patch: Patch) -> None:
    """Only what runs short is sent: the other arm is left out."""
    before = kits_client.composed

    def composed(*asked: Any) -> tuple[str, ...]:
        return tuple(number for number in before(*asked) if HELD[number][0] == "P")

    patch.setattr(kits_client, "composed", composed)


def _sequence(patch: Patch) -> None:
    counts = {"T": 0, "P": 1000}

    def number(payload: dict[str, Any], arm: str) -> None:
        counts[arm] += 1
        payload["request"] = str(counts[arm])

    patch.setattr(Desk, "append", _of_draws(number))


def _rows(patch: Patch) -> None:
    """Slots that are sealed anew are kept one arm after the other. (A list that is kept so is refused at its first
    draw.)"""
    before = SealedVault.reseal

    def reseal(self: SealedVault, ciphertexts: Any, taken_by: int) -> Any:
        ordered = sorted(ciphertexts, key=lambda label: ARMS[label])
        return before(self, {label: ciphertexts[label] for label in ordered}, taken_by)

    patch.setattr(SealedVault, "reseal", reseal)


def _order(patch: Patch) -> None:
    """A payload in another order has the same digest, and is kept in that order."""

    def turn(payload: dict[str, Any], arm: str) -> None:
        if arm == "T":
            payload["stratum"] = payload.pop("stratum")

    patch.setattr(Desk, "append", _of_draws(turn))


# ---------------------------------------------------------------- rows 8 to 13


def _check(patch: Patch) -> None:
    """A question that is put in one arm alone."""
    recording = import_module("trialwright.conduct.record")
    before = recording.news

    def news(rules: Any, entered: Any, findings: Any) -> Any:
        if ARMS[allocation_list()[0].label] == "T":
            raise Refused("Was the infusion slowed down?", "values")
        return before(rules, entered, findings)

    patch.setattr(recording, "news", news)


def _expected(patch: Patch) -> None:
    """One arm has a page more to fill in."""
    before = participants.forms

    def forms(trial: Any, person: Any, sees: Any) -> tuple[int, int]:
        done, expected = before(trial, person, sees)
        return done, expected + (_arm_of(person) == "T")

    patch.setattr(participants, "forms", forms)


def _volume(patch: Patch) -> None:
    """What is ready says how many bags there are, and only one arm needs so many."""

    def change(desk: Desk, kind: str, payload: dict[str, Any], more: dict[str, Any]) -> None:
        if kind == kinds.TREATMENT_READY:
            payload["day"] += f", {8 if ARMS[payload['label']] == 'T' else 6} bags"

    patch.setattr(Desk, "append", _appended(change))


def _no_placebo(patch: Patch) -> None:
    before = kits_client.no_kit
    words = {"T": "no tablets left", "P": "no placebo kits left"}

    def no_kit(participant: str, visit: str) -> Refused:
        return Refused(f"{before(participant, visit).sentence} ({words[_of_number(participant)]})", "no kit")

    patch.setattr(kits_client, "no_kit", no_kit)


def _of_number(participant: str) -> str:
    """The arm of the participant with this number: the second one of the story has the first label of the stratum
    `some`, and so on."""
    order = [slot.label for slot in sorted(allocation_list(), key=lambda slot: (slot.stratum, slot.position))]
    return ARMS[order[int(participant.split("-")[1]) % len(order)]]


def _status(patch: Patch) -> None:
    """The page of somebody in one arm cannot be found."""
    from django.http import Http404

    before = participants.waiting

    def waiting(trial: Any, person: Any, sees: Any) -> Any:
        if _arm_of(person) == "T":
            raise Http404
        return before(trial, person, sees)

    patch.setattr(participants, "waiting", waiting)


def _time(patch: Patch) -> None:
    """The preparation of one arm takes longer before the draw is written down."""

    def change(desk: Desk, kind: str, payload: dict[str, Any], more: dict[str, Any]) -> None:
        if kind == kinds.ALLOCATION_DRAWN and ARMS[payload["label"]] == "T":
            desk.clock.move(seconds=1)  # type: ignore[attr-defined]

    patch.setattr(Desk, "append", _appended(change))


def _work(patch: Patch) -> None:
    """The database is asked once more for one arm, which takes its time."""

    def ask(slot: Slot, arm: str) -> Slot:
        if arm == "T":
            with _cursor() as cursor:
                cursor.execute("SELECT 1")
        return slot

    patch.setattr(SealedVault, "draw", _drawn(SealedVault, ask))


def _count(patch: Patch) -> None:
    before = overview.flow

    def flow(trial: Any, people: Any, sees: Any) -> Any:
        number = sum(_arm_of(person) == "T" for person in people[:3])
        return (*before(trial, people, sees), overview.Step("With the tablet", number))

    patch.setattr(overview, "flow", flow)


def _letter(patch: Patch) -> None:
    before = breaks.told
    patch.setattr(breaks, "told", lambda notice, *more: f"{before(notice, *more)}\nIt was {ARMS[notice.label]}.\n")


def _worksheet(patch: Patch) -> None:
    def worksheet(slot: Slot, arm: str) -> Slot:
        (PLACES[-1] / f"worksheet-{slot.label}-{arm}.txt").touch()
        return slot

    patch.setattr(SealedVault, "draw", _drawn(SealedVault, worksheet))


# ---------------------------------------------------------------- rows 14 to 20


def _journal(patch: Patch) -> None:
    """The pharmacist's journal lies in the trial's folder, and so in every backup."""

    def note(slot: Slot, arm: str) -> Slot:
        with (PLACES[-1] / "pharmacy.journal").open("a", encoding="utf-8") as file:
            file.write(f"{slot.label} {arm}\n")
        return slot

    patch.setattr(SealedVault, "draw", _drawn(SealedVault, note))


def _size(patch: Patch) -> None:
    """A file beside the database is longer by one character."""

    def note(slot: Slot, arm: str) -> Slot:
        with (PLACES[-1] / "drawn.log").open("a", encoding="utf-8") as file:
            file.write("." * (1 + (arm == "T" and slot.label == allocation_list()[0].label)))
        return slot

    patch.setattr(SealedVault, "draw", _drawn(SealedVault, note))


def _length(patch: Patch) -> None:
    """What is sealed is not padded to one length."""
    before = slots.sealed
    patch.setattr(slots, "sealed", lambda content, keys: before(content + b" " * content.count(b'"arm": "T"'), keys))


def _turned(patch: Patch) -> None:
    """Whoever learned a treatment still assesses that participant, and writes what they believe."""
    monitored = import_module("trialwright.conduct.desk")
    patch.setattr(monitored, "ASSESSES", frozenset())


def _broken_list(patch: Patch) -> None:
    before = participants.broken

    def broken(person: Any, sees: Any) -> Any:
        return [replace(one, how=f"{one.how}: {_arm_of(person)}") for one in before(person, sees)]

    patch.setattr(participants, "broken", broken)


def _revealed(patch: Patch) -> None:
    """The fact of a code break carries the arm, which gives its block away."""

    def change(desk: Desk, kind: str, payload: dict[str, Any], more: dict[str, Any]) -> None:
        if kind == kinds.CODE_BROKEN:
            payload["category"] += f" ({ARMS[payload['label']]})"

    patch.setattr(Desk, "append", _appended(change))


def _committee(patch: Patch) -> None:
    """The labels that the committee gets come one arm after the other."""
    before = committee._labels
    patch.setattr(committee, "_labels", lambda found: before(sorted(found, key=lambda slot: ARMS[slot.label])))


def _open_report(patch: Patch) -> None:
    """The open part of the committee's tables is in the order of the arms."""
    before = committee._tables

    def tables(snapshot: Snapshot) -> Any:
        first, *others = before(snapshot)
        order = sorted(
            range(len(first.columns["label"])), key=lambda row: ARMS.get(first.columns["label"][row] or "", "")
        )
        columns = {name: [values[row] for row in order] for name, values in first.columns.items()}
        return [replace(first, columns=columns), *others]

    patch.setattr(committee, "_tables", tables)


def _card(patch: Patch) -> None:
    """The card that the participant carries begins with their own treatment."""
    printing = import_module("trialwright.report.envelopes")
    before = printing.card

    def card(made: Any, *more: Any) -> str:
        turned = made.products if ARMS[made.label] == "T" else tuple(reversed(made.products))
        return str(before(replace(made, products=turned), *more))

    patch.setattr(printing, "card", card)


def _typed(patch: Patch) -> None:
    """Who may know types into an open item."""
    recording = import_module("trialwright.conduct.record")
    before = recording._rules

    def rules(protocol: Any, form: str, visit: str, by: Any) -> Any:
        patch.setattr(protocol, "unblinded", frozenset())
        return before(protocol, form, visit, by)

    patch.setattr(recording, "_rules", rules)


def _bag(patch: Patch) -> None:
    shown = dict(timeline.DETAILS)
    shown[kinds.ALLOCATION_DRAWN] = lambda definition, payload, sees: [("Bag", f"type {ARMS[payload['label']]}")]
    patch.setattr(timeline, "DETAILS", shown)


def _risk(patch: Patch) -> None:
    """The blinded report says how well blood tells the arm."""

    def section(definition: Definition, snapshot: Snapshot) -> Section | None:
        seen = Observations(definition, snapshot)
        arms = {one: ARMS[seen.participants[one].allocation.label] for one in seen.randomised}  # type: ignore[union-attr]
        return risk_section(seen, observed(seen, arms))

    patch.setattr(sealed, "sealed_section", section)


ACCOUNT = "kits account {trial} --json"
TAKE_IN = "breaks take-in {trial} {outbox} --host-key {notices}"
EXPORT = "dsmb export {trial} -o {out}/committee --meeting 2 --by p24"
CARD = "allocation card {trial} --participant {Ann} -o {out}/card.html --telephone 112"

LEAKS = (
    Leak(1, "a filter on a hidden field", "pages", _filter),
    Leak(1, "an order by a hidden field", "pages", _search),
    Leak(2, "a log line with the arm", "memory", _logged),
    Leak(2, "the reason of the draw in the audit trail", "memory", _reason),
    Leak(3, "a column of the snapshot, and so of every export", "memory", _column),
    Leak(4, "a history table with the assignment", "folder", _history),
    Leak(5, "a commitment without a nonce", "memory", _leaf),
    Leak(5, "encryption without chance", "memory", _same_cipher),
    Leak(5, "a digest of all arms", "memory", _digest),
    Leak(6, "which kit number is handed out", "memory", _chosen_kit),
    Leak(6, "the lot of a kit", "memory", _lot),
    Leak(6, "the expiry of a kit in its account", ACCOUNT, _expiry),
    Leak(6, "what and how much a shipment holds", "memory", _shipment),
    Leak(7, "sequential numbers by arm", "memory", _sequence),
    Leak(7, "the order in which rows lie", "folder", _rows),
    Leak(7, "the order of the names in a payload", "memory", _order),
    Leak(8, "an edit check in one arm alone", "memory", _check),
    Leak(8, "a page to fill in in one arm alone", "pages", _expected),
    Leak(9, "how many bags were prepared", "memory", _volume),
    Leak(9, "how well blood tells the arm, in a blinded report", "pages", _risk),
    Leak(10, "'no placebo kits left'", "memory", _no_placebo),
    Leak(10, "a status code by arm", "pages", _status),
    Leak(11, "the instant of the draw", "memory", _time),
    Leak(11, "work of the database by arm", "folder", _work),
    Leak(12, "a count by arm on the dashboard", "pages", _count),
    Leak(13, "the arm in a letter to the sponsor", TAKE_IN, _letter),
    Leak(13, "the file name of a worksheet", "folder", _worksheet),
    Leak(14, "the pharmacist's journal in the backup", "folder", _journal),
    Leak(14, "the size of a file", "folder", _size),
    Leak(14, "the length of what is sealed", "folder", _length),
    Leak(15, "who learned arms goes on as an assessor", "memory", _turned),
    Leak(16, "a list of broken codes that names arms", "pages", _broken_list),
    Leak(17, "the arm in a fact of a code break, which gives its block away", "memory", _revealed),
    Leak(18, "the order of labels for the committee", EXPORT, _committee),
    Leak(18, "the order of the committee's open tables", EXPORT, _open_report),
    Leak(19, "a printed card that depends on the arm", CARD, _card),
    Leak(20, "free text that who may know types into an open item", "memory", _typed),
    Leak(20, "a word on a page that searches find", "pages", _bag),
)
"""Every leak, by the row of the catalogue. Values that reveal the treatment in the body (row 9) and what assessors may
not know have leaks of their own in test_masked_worlds."""

PARTLY = {
    9: "a measurement that is open on purpose (haemoglobin, haemolysis) follows the treatment itself; it is declared",
    11: "time on a clock is not compared, which would fail by chance; instants and the work of the database are",
    14: "copies that an administrator makes elsewhere, browser histories and shared computers lie outside",
    17: "what a site guesses from blocks is a figure of `allocation plan`; block lengths stand in no fact",
    19: "images and movement files are not taken in by this program yet; a printed card and labels are",
}
"""What of a row this program cannot have or a test cannot see, and why."""
