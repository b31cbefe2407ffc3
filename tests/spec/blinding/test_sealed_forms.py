"""IgG and its proxies of the reference trial are sealed from the page on: whatever is entered, nobody blinded can tell.

Worlds that differ in nothing but what the laboratory enters on the two sealed forms: nothing, usual values, unusual
ones, wrong ones, corrections, reasons why there is none.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from tests.pages.conftest import _page_settings  # noqa: F401 - configures Django for the pages
from tests.plugins.world import CountedChance, MovedClock, monday_morning
from tests.spec.blinding.masked_worlds import random_tokens
from tests.spec.blinding.obtaining import Obtained, of_the_pages, of_the_report
from tests.spec.blinding.two_worlds import differences, listening

from trialwright import conduct, design
from trialwright.conduct import Desk, Person, Refused
from trialwright.conduct.catalogue import catalogue
from trialwright.design.model import Check, CheckLevel, Definition
from trialwright.ledger import kinds
from trialwright.ledger.memory import MemoryLedger
from trialwright.ledger.replay import replay
from trialwright.ledger.snapshot import Snapshot
from trialwright.simulate.vault import MemoryVault
from trialwright.simulate.world import drawn_list

REFERENCE = Path(__file__).resolve().parents[3] / "trials" / "time-is-muscle"
LABORATORY = Person("p05", "laboratory", "Lou Laboratory")
Page = dict[str, Any]
ENTRIES: dict[str, list[Page]] = {
    "nothing": [],
    "usual": [{"form": "igg", "items": {"igg": "9.87"}}, {"form": "lab_sealed", "items": {"globulin": "98.7"}}],
    "out of range": [{"form": "igg", "items": {"igg": "398.7"}}, {"form": "lab_sealed", "items": {"esr": "987"}}],
    "no number": [{"form": "igg", "items": {"igg": "as after 98.7 g"}}],
    "an unknown item": [{"form": "igg", "items": {"igg4": "98.7"}}],
    "unusual, not confirmed": [{"form": "igg", "items": {"igg": "49.87"}}],
    "unusual, confirmed": [{"form": "igg", "items": {"igg": "49.87"}, "confirmed": {"igg": "as after 98.7 g"}}],
    "corrected": [
        {"form": "igg", "items": {"igg": "9.87"}},
        {"form": "igg", "items": {"igg": "19.87"}},
        {"form": "igg", "items": {"igg": "19.87"}, "why": "the tubes were exchanged, 98.7"},
    ],
    "not done": [
        {"form": "igg", "items": {}, "not_done": {"*": "too thick, 98.7"}},
        {"form": "lab_sealed", "items": {"globulin": "98.7"}, "not_done": {"esr": "98.7 cannot be"}},
    ],
    "an edit check": [{"form": "lab_sealed", "items": {"globulin": "98.7", "total_protein": "71"}}],
    "at another visit": [{"form": "igg", "items": {"igg": "9.87"}, "visit": "W4"}],
}  # fmt: skip
READERS = ("investigator", "assessor", "laboratory", "data_manager", "monitor")
PLANTED = ("9.87", "98.7", "987")
KEPT = {"usual": 2, "unusual, confirmed": 1, "corrected": 2, "not done": 2, "at another visit": 1}
"""How many sealed facts an entry leaves; the others are refused and leave none."""


@cache
def reference() -> Definition:
    """The reference trial, with a check on a sealed form that would ask a query in the open."""
    made = design.read(REFERENCE, catalogue())
    form = made.forms["lab_sealed"]
    check = Check(
        id="more",
        when="globulin > total_protein",
        say="More globulin than protein",
        level=CheckLevel.QUERY,
        item="globulin",
    )
    forms = {**made.forms, "lab_sealed": form.model_copy(update={"checks": (check,)})}
    return made.model_copy(update={"forms": forms})


def opened(clock: MovedClock) -> tuple[Desk, str]:
    """The reference trial with one participant who gave consent."""
    definition, ledger = reference(), MemoryLedger()
    drawn = drawn_list(definition, 1, 0)
    vault = MemoryVault(drawn.slots, drawn.annex, ledger, drawn.allocator)
    desk = Desk(ledger, vault, clock, CountedChance())
    sponsor, nurse = Person("p01", "sponsor", "Sam"), Person("p03", "nurse", "Noor")
    conduct.open_trial(desk, definition, by=sponsor, accepted_by="Sam", rehearsal=True)
    for site in definition.sites:
        conduct.activate(desk, site, by=sponsor)
    scopes = dict.fromkeys(definition.consent.scopes, True)
    consent = {"form_version": definition.consent.form_version, "scopes": scopes}
    fact = conduct.consent(desk, site=next(iter(definition.sites)), **consent, by=nurse)  # type: ignore[arg-type]
    return desk, fact.participant or ""


def world(name: str) -> tuple[Obtained, list[str], Desk]:
    """What blinded people obtain of a world; what the laboratory was answered; the desk."""
    clock, said = monday_morning(), []
    with listening() as lines:
        desk, number = opened(clock)
        for entry in ENTRIES[name]:
            try:
                page = {"visit": "W0", "on": "2026-03-02", **entry}
                conduct.record(desk, participant=number, by=LABORATORY, **page)
                said.append("done")
            except Refused as refused:
                said.append(str(refused))
        found = of_the_pages(desk.ledger, [number], READERS, clock.now())
        found |= of_the_report(desk.ledger, Path(mkdtemp()), reference())
        facts = [fact for fact in desk.ledger.facts() if fact.kind not in kinds.BLINDED_INVISIBLE]
        found |= {f"fact {place}": repr(fact) for place, fact in enumerate(facts)}
        snapshot = Snapshot(replay(desk.ledger.facts()), desk.ledger.head())
        found |= {f"table {one}": repr(snapshot.form(one).columns) for one in snapshot.forms}
        found |= {"hash": snapshot.hash, "queries": repr(desk.state.queries), "alarms": repr(desk.state.alarms)}
    found["log"] = "\n".join(line for line in lines if "django" not in line or "Internal" in line)
    return random_tokens(found), said, desk


@cache
def nothing() -> Obtained:
    return world("nothing")[0]


@pytest.mark.requirement("BL1", "BL2")
@pytest.mark.parametrize("name", [name for name in ENTRIES if name != "nothing"])
def test_no_page_log_error_query_check_range_alarm_or_table_tells_what_was_entered(name: str) -> None:
    found, said, desk = world(name)
    assert differences(nothing(), found) == []
    told = {
        what: text for what, text in found.items() if what.partition(" ")[0] in ("table", "log", "queries", "alarms")
    }
    assert not [what for what, text in told.items() if any(planted in text for planted in PLANTED)]
    sealed = [fact for fact in desk.ledger.facts() if fact.kind == kinds.SEALED_KEPT]
    assert len(sealed) == KEPT.get(name, 0)
    assert said.count("done") == KEPT.get(name, 0)
    assert desk.state.queries == {}
    assert desk.state.alarms == []


@pytest.mark.requirement("BL2")
def test_whoever_enters_is_told_what_is_wrong_and_confirms_at_once_what_would_ask_a_query() -> None:
    table = [
        ("out of range", "398.7 g/L lies outside 0 to 100"),
        ("no number", "is not a number"),
        ("an unknown item", "igg4"),
        ("unusual, not confirmed", "lies outside the usual 3 to 40"),
        ("corrected", "give the reason of the change"),
        ("an edit check", "More globulin than protein"),
    ]
    for name, says in table:
        assert says in " ".join(world(name)[1]), name


@pytest.mark.requirement("BL2")
@pytest.mark.parametrize("form", ["igg", "lab_sealed"])
def test_no_alert_of_a_sealed_form_can_be_declared(form: str, tmp_path: Path) -> None:
    """An alert goes to people: one that reads a sealed item is an error of the definition."""
    import shutil

    from trialwright.design.problems import DefinitionErrors

    folder = tmp_path / "trial"
    shutil.copytree(REFERENCE, folder)
    page = folder / "forms" / f"{form}.yaml"
    item = {"igg": "igg > 30", "lab_sealed": "esr > 100"}[form]
    page.write_text(f"alert: {item}\n{page.read_text(encoding='utf-8')}", encoding="utf-8")
    with pytest.raises(DefinitionErrors, match="which is sealed"):
        design.read(folder, catalogue())


# ------------------------------------------------------------------ planted leaks


def _query(patch: pytest.MonkeyPatch) -> None:
    """The check of a sealed form asks its query in the open."""
    from importlib import import_module

    entry = import_module("trialwright.conduct.entry")
    patch.setattr(entry, "_stands_in_the_way", lambda rules, finding, confirmed: finding.level is CheckLevel.REFUSE)
    recording = import_module("trialwright.conduct.record")
    before = recording._opened

    def opened_(*asked: Any) -> Any:
        return before(*asked) or {"items": {}, "not_done": {}, "confirmed": {}, "on": None}

    patch.setattr(recording, "_opened", opened_)


def _logged(patch: pytest.MonkeyPatch) -> None:
    """What is refused is logged."""
    import logging

    before = Refused.__init__

    def init(self: Any, *said: Any) -> None:
        logging.getLogger("trialwright").warning("refused: %s", said)
        before(self, *said)

    patch.setattr(Refused, "__init__", init)


def _due(patch: pytest.MonkeyPatch) -> None:
    """That a sealed page exists stands among the pages of a participant."""
    from importlib import import_module

    replaying = import_module("trialwright.ledger.replay")
    before = replaying.APPLY[kinds.SEALED_KEPT] if hasattr(replaying, "APPLY") else replaying._kept

    def kept(state: Any, fact: Any, payload: Any) -> None:
        before(state, fact, payload)
        person = state.participants[fact.participant or ""]
        person.pages[(fact.visit or "", fact.form or "", fact.repeat or "")] = replaying.Page(number=fact.number)

    table = next(one for one in vars(replaying).values() if isinstance(one, dict) and kinds.SEALED_KEPT in one)
    patch.setitem(table, kinds.SEALED_KEPT, kept)


LEAKS: list[tuple[str, Callable[[pytest.MonkeyPatch], None]]] = [
    ("an edit check", _query),
    ("out of range", _logged),
    ("usual", _due),
]


@pytest.mark.requirement("BL2")
@pytest.mark.parametrize(("name", "leak"), LEAKS, ids=lambda value: getattr(value, "__name__", "").strip("_"))
def test_a_leak_of_a_sealed_form_is_found(
    name: str, leak: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing()
    leak(monkeypatch)
    assert differences(nothing(), world(name)[0]) != []
