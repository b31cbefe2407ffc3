"""The audit trail is the data: every act is a fact, and everything else can be made again from the facts.

The same holds on SQLite and on PostgreSQL.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.plugins.acts import act, at, consent, page, play, redaction, signature

from trialwright import store
from trialwright.ledger.canonical import instant_text
from trialwright.ledger.fact import Draft
from trialwright.ledger.kinds import PAGE_RECORDED
from trialwright.store import pages

HISTORY = [
    # what was done to the weight at the first visit    by        why             leaves old -> new
    (page({"weight": "71.5"}, 1), "nurse.1", None, (None, "71.5")),
    (page({"weight": "17.5"}, 2, why="typing error", by="nurse.2"), "nurse.2", "typing error", ("71.5", "17.5")),
    (page({"weight": None}, 3, why="wrong person"), "nurse.1", "wrong person", ("17.5", None)),
    (page({"weight": "71.50"}, 4, why="found again"), "nurse.1", "found again", (None, "71.50")),
]


@pytest.mark.requirement("AT1", "AT2")
def test_who_changed_what_when_from_what_to_what_and_why_is_read_from_the_facts(trial_folder: Path) -> None:
    """The first entry is a fact like every later change."""
    ledger = store.open_ledger(trial_folder)
    act(ledger, consent())
    for draft, *_ in HISTORY:
        act(ledger, draft)
    told, old = [], None
    for fact in ledger.facts(after=1):
        assert fact.payload is not None
        new = fact.payload["items"]["weight"]
        told.append((fact.at, fact.by, fact.why, (old, new)))
        old = new
    assert told == [(draft.at, by, why, change) for draft, by, why, change in HISTORY]


PARTICIPANTS, VISITS, ITEMS = ("A-1", "A-2"), ("V1", ""), ("weight", "note", "height")
VALUES = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
SAVED = st.tuples(
    st.just("save"),
    st.sampled_from(PARTICIPANTS),
    st.sampled_from(VISITS),
    st.dictionaries(st.sampled_from(ITEMS), VALUES, min_size=1),
)
SIGNED = st.tuples(st.just("sign"), st.integers(0, 30), st.none(), st.none())
REDACTED = st.tuples(st.just("redact"), st.integers(0, 30), st.sampled_from(ITEMS), st.none())


@pytest.mark.requirement("AT1", "AT5")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(SAVED | SIGNED | REDACTED, max_size=8))
def test_whatever_is_saved_signed_or_redacted_the_pages_are_what_the_facts_give(
    trial_folder: Path, deeds: list[tuple[str, object, object, object]]
) -> None:
    ledger = store.open_ledger(trial_folder)
    if ledger.head().number == 0:
        act(ledger, *(consent(participant) for participant in PARTICIPANTS))
    for deed in deeds:
        do(ledger, deed)
    found = store.verify(trial_folder)
    assert found.ok, found
    assert store.read_state(trial_folder).number == ledger.head().number


def do(ledger: store.DatabaseLedger, deed: tuple[str, object, object, object]) -> None:
    """Save a page, sign one, or redact an item of a fact."""
    what, whom, where, values = deed
    if what == "save":
        act(ledger, page(values, participant=whom, visit=where))  # type: ignore[arg-type]
        return
    recorded = [fact for fact in ledger.facts() if fact.kind == PAGE_RECORDED and fact.payload is not None]
    if not recorded:
        return
    fact = recorded[int(whom) % len(recorded)]  # type: ignore[call-overload]
    place = {"participant": fact.participant, "visit": fact.visit}
    if what == "sign":
        act(ledger, signature(**place))
    elif fact.payload is not None and where in fact.payload["items"]:
        act(ledger, redaction_of(fact.number, str(where), dict(fact.payload), place), fact.number)


def redaction_of(number: int, item: str, payload: dict[str, dict[str, str]], place: dict[str, str | None]) -> Draft:
    """The redaction of one item of a recorded page."""
    kept = {name: text for name, text in payload["items"].items() if name != item}
    return redaction(number, [item], kept, **place)


@pytest.mark.requirement("AT1")
def test_pages_that_were_lost_are_made_again_from_the_facts(trial_folder: Path) -> None:
    ledger = store.open_ledger(trial_folder)
    play(ledger)
    before = kept_pages(ledger.alias)
    with connections[ledger.alias].cursor() as cursor:
        cursor.execute("DELETE FROM store_page")
    assert not store.verify(trial_folder).ok
    assert store.rebuild(trial_folder) == len(before) == 9
    assert kept_pages(ledger.alias) == before
    assert store.verify(trial_folder).ok


def kept_pages(alias: str) -> dict[tuple[object, ...], object]:
    """The rows of the read model, each body as a page and back."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT participant, visit, form, repeat, body FROM store_page")
        rows = {row[:4]: row[4] for row in cursor.fetchall()}
    assert all(pages.body(pages.page(text)) == text for text in rows.values())
    return dict(rows)


@pytest.mark.requirement("AT5")
@pytest.mark.parametrize("vendor", ["sqlite"], indirect=True)
def test_a_redacted_text_is_gone_from_every_byte_of_the_file(trial_folder: Path) -> None:
    """SQLite would otherwise keep it on a freed page or in its write-ahead log."""
    ledger = store.open_ledger(trial_folder)
    name = "Mrs Jansen of the second floor"
    act(ledger, consent(), page({"note": name, "weight": "70"}, 1))
    for second in range(2, 30):
        act(ledger, page({"height": str(second)}, second))
    assert name.encode() in every_byte(trial_folder)
    act(ledger, redaction(2, ["note"], {"weight": "70"}, 40), 2)
    assert name.encode() not in every_byte(trial_folder)
    assert store.verify(trial_folder).ok


def every_byte(folder: Path) -> bytes:
    """The database file with its write-ahead log."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("trial.sqlite3*")))


@pytest.mark.requirement("AT7")
@pytest.mark.parametrize("kind", sorted(store.access.KINDS))
def test_who_logs_in_reads_exports_or_prints_is_in_a_chain_of_its_own(trial_folder: Path, kind: str) -> None:
    log = store.open_access(trial_folder)
    clock, chance = store.ServerClock(), store.SystemChance()
    about = {"what": "report", "format": "html"}
    fact = store.note(log, clock, chance, by="dsmb.1", role="dsmb", kind=kind, about=about, why="meeting 3")
    log.close()
    assert list(store.open_access(trial_folder).facts()) == [fact]
    assert store.read_state(trial_folder).number == 0, "nothing of it is in the trial's own chain"
    assert store.verify(trial_folder).ok


@pytest.mark.requirement("AT7")
def test_an_access_of_no_known_kind_is_refused(trial_folder: Path) -> None:
    log = store.open_access(trial_folder)
    with pytest.raises(ValueError, match="is no kind of access"):
        store.note(log, store.ServerClock(), store.SystemChance(), by="x", role="y", kind="access.peeked", about={})


@pytest.mark.requirement("AT8")
def test_the_servers_clock_gives_unambiguous_instants_that_never_run_backwards(trial_folder: Path) -> None:
    """A clock that is set back gives the instant of the fact before; an act that names an earlier one is refused."""
    log = store.open_access(trial_folder)
    before = datetime.now(UTC)
    start = before + timedelta(seconds=1)
    times = [start, start - timedelta(hours=1), start + timedelta(seconds=2)]

    class SetBack:
        def now(self) -> datetime:
            return times.pop(0)

    for _ in range(3):
        store.note(log, SetBack(), store.SystemChance(), by="m", role="monitor", kind=store.access.READ, about={})
    kept = [fact.at for fact in log.facts()]
    assert kept == [instant_text(start), instant_text(start), instant_text(start + timedelta(seconds=2))]
    assert store.ServerClock().now() >= before
    assert store.ServerClock().now().utcoffset() == timedelta(0)


@pytest.mark.requirement("AT10")
def test_a_page_is_saved_when_its_act_ends_and_not_before(trial_folder: Path) -> None:
    """Another reader sees the page as soon as it is saved, and nothing of one that is being typed or was given up."""
    ledger = store.open_ledger(trial_folder)
    act(ledger, consent())
    with ledger.act():
        ledger.append(page({"weight": "71"}, 1))
        assert seen_by_another(trial_folder) == 1
    assert seen_by_another(trial_folder) == 2
    with pytest.raises(KeyboardInterrupt):
        give_up(ledger)
    assert seen_by_another(trial_folder) == 2


def give_up(ledger: store.DatabaseLedger) -> None:
    """Begin a page and leave."""
    with ledger.act():
        ledger.append(page({"weight": "72"}, 2))
        raise KeyboardInterrupt


def seen_by_another(folder: Path) -> int:
    """How many facts another connection sees."""
    seen: list[int] = []

    def look() -> None:
        seen.append(store.read_state(folder).number)
        connections.close_all()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return seen[0]


@pytest.mark.requirement("AT4", "RN4")
def test_several_people_at_once_write_one_chain_that_never_forks(new_trial: Callable[..., Path]) -> None:
    folder = new_trial()
    act(store.open_ledger(folder), consent(second=0))
    failed: list[Exception] = []

    def record(person: int) -> None:
        try:
            ledger = store.open_ledger(folder)
            for turn in range(8):
                act(ledger, page({"weight": str(turn)}, 10, visit=f"V{person}", by=f"nurse.{person}"))
            ledger.sign()
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=record, args=(person,)) for person in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    found = store.verify(folder)
    assert found.ok, found
    assert (found.facts, found.beyond) == (33, 0)
    assert at(10) == found.head.at
