"""The database itself refuses to change what was recorded, and verification says when a guard is gone.

Each paragraph holds on SQLite and on PostgreSQL.
"""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, connections, transaction
from tests.plugins.acts import act, consent, draft, page, play, redaction
from tests.plugins.lists import RECIPIENTS, with_list
from tests.plugins.tampering import administrator, change, small_trial
from typer.testing import CliRunner

from trialwright import store
from trialwright.cli.ledger import ledger_app
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact, sealed
from trialwright.ledger.ports import Broken
from trialwright.ledger.verify import COLUMNS, record

NAMES = ", ".join(f'"{column}"' for column in COLUMNS)
INSERT = f"INSERT INTO store_fact ({NAMES}) VALUES ({', '.join(['%s'] * len(COLUMNS))})"


def run_as_the_application(ledger: store.DatabaseLedger, statement: str, values: object = ()) -> None:
    """Run a statement on the application's own connection, as faulty or hostile code in it would."""
    with transaction.atomic(using=ledger.alias), connections[ledger.alias].cursor() as cursor:
        cursor.execute(statement, values)


def read_something(log: store.DatabaseLedger) -> None:
    """Note one read in the access log."""
    clock, chance, about = store.ServerClock(), store.SystemChance(), {"page": "vitals"}
    store.note(log, clock, chance, by="m.1", role="monitor", kind=store.access.READ, about=about)


CHANGES = [
    'UPDATE store_fact SET "why" = \'x\' WHERE "number" = 5',
    'UPDATE store_fact SET "payload" = \'{}\' WHERE "number" = 5',
    'UPDATE store_fact SET "payload" = NULL, "salt" = NULL WHERE "number" = 5',
    'DELETE FROM store_fact WHERE "number" = 28',
    "DELETE FROM store_fact",
    "UPDATE store_access SET \"why\" = 'x'",
    "DELETE FROM store_access",
]


@pytest.mark.requirement("AT3", "AT4")
@pytest.mark.parametrize("statement", CHANGES)
def test_no_statement_changes_or_deletes_a_fact(trial_folder: Path, statement: str) -> None:
    facts = small_trial(trial_folder)
    log = store.open_access(trial_folder)
    store.note(
        log, store.ServerClock(), store.SystemChance(), by="nurse.1", role="nurse", kind=store.access.READ, about={}
    )
    ledger = store.open_ledger(trial_folder)
    with pytest.raises(IntegrityError, match="trialwright"):
        run_as_the_application(ledger, statement)
    assert list(ledger.facts()) == facts
    assert store.verify(trial_folder).ok


@pytest.mark.requirement("AT3", "AT4")
@pytest.mark.parametrize("vendor", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "table", ["store_fact", "store_access", "store_slot", "store_list", "store_sealedvalue", "store_resealed"]
)
def test_no_table_of_record_is_truncated(trial_folder: Path, table: str) -> None:
    ledger = store.open_ledger(trial_folder)
    with pytest.raises(IntegrityError, match="nothing is ever deleted"):
        run_as_the_application(ledger, f"TRUNCATE {table}")


def the_next(ledger: store.DatabaseLedger) -> Fact:
    """A fact that would follow."""
    return sealed(page({"weight": "75"}, 200), ledger.head())


@pytest.mark.requirement("AT1", "AT4")
def test_a_fact_without_a_known_actor_is_refused_even_where_all_else_fits(trial_folder: Path) -> None:
    """A tool that writes to the file or the server without saying who acts is not believed."""
    small_trial(trial_folder)
    ledger = store.open_ledger(trial_folder)
    with pytest.raises(IntegrityError, match="who acts is not known"):
        run_as_the_application(ledger, INSERT, record(the_next(ledger)))


@pytest.mark.requirement("AT4")
@pytest.mark.parametrize("vendor", ["sqlite"], indirect=True)
def test_another_program_on_the_sqlite_file_cannot_write_at_all(trial_folder: Path) -> None:
    small_trial(trial_folder)
    fact = the_next(store.open_ledger(trial_folder))
    connection = sqlite3.connect(trial_folder / "trial.sqlite3")
    with pytest.raises(sqlite3.OperationalError, match="no such function: trialwright_actor"):
        connection.execute(INSERT.replace("%s", "?"), record(fact))
    connection.close()


@pytest.mark.requirement("AT4", "AT8")
@pytest.mark.parametrize(
    "false",
    [
        {"number": 40},
        {"number": 28},
        {"previous": "0" * 64},
        {"at": "2026-03-01T08:00:00.000000Z"},
        {"payload": None, "salt": None},
        {"by": "nurse.2"},
    ],
    ids=lambda false: next(iter(false)),
)
def test_a_fact_that_does_not_follow_or_names_another_is_refused(trial_folder: Path, false: dict[str, object]) -> None:
    small_trial(trial_folder)
    ledger = store.open_ledger(trial_folder)
    row = {**dict(zip(COLUMNS, record(the_next(ledger)), strict=True)), **false}
    with pytest.raises(IntegrityError), ledger.act():
        ledger.beside(INSERT, tuple(row.values()), by="nurse.1")
    assert ledger.head().number == 28


def redact_and_run(ledger: store.DatabaseLedger, statement: str) -> None:
    """Log the redaction of fact 4, then run a statement in the same act."""
    with ledger.act():
        ledger.append(redaction(4, ["note"], {"weight": "71.50"}, 100))
        ledger.beside(statement, (), by="nurse.1")


@pytest.mark.requirement("AT5")
def test_even_a_logged_redaction_may_only_empty_the_fact_that_it_names(trial_folder: Path) -> None:
    ledger = store.open_ledger(trial_folder)
    play(ledger)
    for statement in (
        'UPDATE store_fact SET "payload" = \'{}\' WHERE "number" = 4',
        'UPDATE store_fact SET "payload" = NULL, "salt" = NULL, "why" = \'x\' WHERE "number" = 4',
        'UPDATE store_fact SET "payload" = NULL, "salt" = NULL WHERE "number" = 5',
        'UPDATE store_fact SET "payload" = NULL WHERE "number" = 4',
    ):
        with pytest.raises(IntegrityError, match="a fact is never changed"):
            redact_and_run(ledger, statement)
    assert ledger.head().number == 26


SPOILS = {
    "sqlite": {
        "dropped": ["DROP TRIGGER store_fact_update"],
        "replaced": [
            "DROP TRIGGER store_fact_update",
            "CREATE TRIGGER store_fact_update BEFORE UPDATE ON store_fact BEGIN SELECT 1; END",
        ],
    },
    "postgresql": {
        "dropped": ["DROP TRIGGER store_fact_update ON store_fact"],
        "disabled": ["ALTER TABLE store_fact DISABLE TRIGGER store_fact_update"],
        "replaced": [
            "CREATE OR REPLACE FUNCTION store_fact_update() RETURNS trigger LANGUAGE plpgsql"
            " AS $$BEGIN RETURN NEW; END$$"
        ],
        "moved": [
            "DROP TRIGGER store_fact_update ON store_fact",
            "CREATE TRIGGER store_fact_update BEFORE UPDATE ON store_page FOR EACH ROW"
            " EXECUTE FUNCTION store_fact_update()",
        ],
        "only sometimes": [
            "DROP TRIGGER store_fact_update ON store_fact",
            "CREATE TRIGGER store_fact_update BEFORE UPDATE ON store_fact FOR EACH ROW WHEN (OLD.number < 0)"
            " EXECUTE FUNCTION store_fact_update()",
        ],
    },
}


@pytest.mark.requirement("AT3", "AT4")
@pytest.mark.parametrize(
    ("vendor", "way"), [(vendor, way) for vendor, ways in SPOILS.items() for way in ways], indirect=["vendor"]
)
def test_a_guard_that_was_taken_away_is_named_and_nothing_more_is_appended(
    trial_folder: Path, vendor: str, way: str
) -> None:
    alias = store.open_ledger(trial_folder).alias
    with connections[alias].cursor() as cursor:
        for statement in SPOILS[vendor][way]:
            cursor.execute(statement)
    assert "the trigger that guards store_fact against update was" in str(store.verify(trial_folder))
    with pytest.raises(Broken, match="store_fact against update"):
        store.open_ledger(trial_folder)


@pytest.mark.requirement("RN4", "AT4")
def test_a_slot_is_drawn_once_and_by_a_fact_only(new_trial: Callable[..., Path]) -> None:
    folder = new_trial(recipients=RECIPIENTS, prepare=with_list)
    ledger = store.open_ledger(folder)
    act(ledger, draft(kinds.SITE_ACTIVATED, {"site": "AMC", "activates": "1"}))
    for statement in (
        "UPDATE store_slot SET drawn_by = 1 WHERE id = 1",
        "UPDATE store_slot SET stratum = 'b' WHERE id = 1",
        "UPDATE store_slot SET leaf = 'x' WHERE id = 1",
        "DELETE FROM store_slot WHERE id = 1",
        "INSERT INTO store_slot (list_id, stratum, position, label, leaf, ciphertext)"
        " VALUES (1, 'a', 99, 'X', 'x', 'x')",
        "UPDATE store_list SET root = 'x'",
        "DELETE FROM store_list",
    ):
        with pytest.raises((IntegrityError, DatabaseError), match="trialwright"), ledger.act():
            ledger.beside(statement, (), by="nurse.1")


@pytest.mark.requirement("AT4")
@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE store_page SET body = replace(body, '72', '99')", "is not what its facts give"),
        ("DELETE FROM store_page WHERE visit = ''", "is not what its facts give"),
        ("UPDATE store_slot SET leaf = (SELECT leaf FROM store_slot WHERE id = 2) WHERE id = 1", "not the list"),
        ("DELETE FROM store_slot WHERE id = 3", "not the list that was committed"),
        ("UPDATE store_slot SET drawn_by = 3 WHERE id = 1", "the slot that fact 3 drew is not the slot"),
    ],
)
def test_pages_and_slots_are_held_against_the_facts(new_trial: Callable[..., Path], statement: str, says: str) -> None:
    folder = new_trial(recipients=RECIPIENTS, prepare=with_list)
    play(store.open_ledger(folder))
    assert store.verify(folder).ok
    with administrator(folder) as run:
        run(statement)
    assert says in str(store.verify(folder))


@pytest.mark.requirement("AT4")
def test_a_heads_log_that_was_changed_is_told(trial_folder: Path) -> None:
    small_trial(trial_folder)
    log = trial_folder / "heads.log"
    whole = log.read_bytes()
    first, *rest = whole.splitlines(keepends=True)
    for changed, says in (
        (None, "is missing"),
        (b"", "is empty"),
        (whole.replace(b'"number":"27"', b'"number":"26"'), "is not signed by this trial's key"),
        (b"".join([first, *rest[1:]]), "lines were removed"),
        (b"".join([*rest, first]), "does not follow"),
        (b"nothing\n" + whole, "heads.log:1: this line cannot be read as a signed head: it was edited or damaged"),
        (whole + first, "does not follow"),
    ):
        log.unlink() if changed is None else log.write_bytes(changed)
        assert says in str(store.verify(trial_folder)), says
        with pytest.raises(Broken):
            store.open_ledger(trial_folder)
    log.write_bytes(whole + rest[-1][:40])  # the machine stopped while it signed
    assert store.verify(trial_folder).ok


@pytest.mark.requirement("AT4")
def test_an_outside_copy_of_the_heads_shows_an_end_that_was_cut_with_its_heads(
    trial_folder: Path, tmp_path: Path
) -> None:
    small_trial(trial_folder)
    log = trial_folder / "heads.log"
    copy = tmp_path / "mailed to the sponsor"
    copy.write_bytes(log.read_bytes())
    with administrator(trial_folder) as run:
        run('DELETE FROM store_fact WHERE "number" > 3')
        run("DELETE FROM store_page")
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:2]))
    found = store.verify(trial_folder, anchor=copy)
    assert found.first_bad == 4
    assert "facts 4 to 27 were cut off" in str(found)


@pytest.mark.requirement("AT4")
@pytest.mark.parametrize("vendor", ["sqlite"], indirect=True)
def test_more_unsigned_facts_than_the_program_leaves_are_a_warning_and_a_copy_settles_it(
    trial_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_trial(trial_folder)
    monkeypatch.setattr("trialwright.store.check.SIGN_EVERY", 20)
    log = trial_folder / "heads.log"
    copy = tmp_path / "mailed to the sponsor"
    copy.write_bytes(log.read_bytes())
    assert store.verify(trial_folder).warnings == ()
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:2]))
    found = store.verify(trial_folder)
    assert found.ok
    assert "Warning: 28 facts lie beyond the last signed head" in str(found)
    assert "heads.log may have been cut; compare it with a copy kept elsewhere (--heads COPY)" in str(found)
    shown = CliRunner().invoke(ledger_app, ["verify", str(trial_folder), "--json"])
    assert shown.exit_code == 0
    assert json.loads(shown.stdout)["warnings"] == list(found.warnings)
    assert store.verify(trial_folder, copy).warnings == ()


@pytest.mark.requirement("AT4")
@pytest.mark.parametrize("vendor", ["sqlite"], indirect=True)
def test_many_dropped_guards_are_named_in_one_line(trial_folder: Path) -> None:
    with connections[store.open_ledger(trial_folder).alias].cursor() as cursor:
        for name in ("store_fact_update", "store_fact_delete", "store_list_insert"):
            cursor.execute(f"DROP TRIGGER {name}")
    said = str(store.verify(trial_folder))
    assert said.startswith("3 triggers were dropped; they guard store_fact against update, ")
    assert "store_fact against delete" in said
    assert "store_list against insert" in said
    assert "\n" not in said


@pytest.mark.requirement("AT4")
@pytest.mark.parametrize("vendor", ["sqlite"], indirect=True)
def test_a_ledger_is_refused_with_its_first_problem_and_the_command_that_tells_the_rest(trial_folder: Path) -> None:
    small_trial(trial_folder)
    with administrator(trial_folder) as run:
        change(run, 3, why="x")
        change(run, 5, why="x")
    with pytest.raises(Broken) as refused:
        store.open_ledger(trial_folder)
    said = str(refused.value)
    assert "fact 3 was edited" in said
    assert "fact 5" not in said
    assert said.endswith(f"(and 1 more); run trialwright ledger verify {trial_folder}")


@pytest.mark.requirement("AT4")
@pytest.mark.parametrize("vendor", ["sqlite"], indirect=True)
def test_a_file_that_is_gone_or_damaged_is_said_in_words(trial_folder: Path) -> None:
    small_trial(trial_folder)
    connections.close_all()
    file = trial_folder / "trial.sqlite3"
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + bytes(len(whole) - 4096))
    assert not store.verify(trial_folder).ok
    connections.close_all()
    file.write_bytes(b"no database" * 500)
    assert "the database cannot be read" in str(store.verify(trial_folder))
    connections.close_all()
    file.unlink()
    assert "trial.sqlite3 is missing" in str(store.verify(trial_folder))
    with pytest.raises(store.NotATrial, match="is missing"):
        store.open_ledger(trial_folder)


@pytest.mark.requirement("AT4")
@pytest.mark.parametrize("vendor", ["sqlite"], indirect=True)
@pytest.mark.parametrize("value", ["CAST(x'ff00' AS TEXT)", "x'00'", "7", "NULL"])
def test_what_is_no_text_is_found_like_any_edit(trial_folder: Path, value: str) -> None:
    small_trial(trial_folder)
    with administrator(trial_folder) as run:
        run("PRAGMA writable_schema = ON")
        run(f'UPDATE store_fact SET "why" = {value} WHERE "number" = 5')
        run(f'UPDATE store_fact SET "salt" = COALESCE({value}, \'zz\') WHERE "number" = 6')
    found = store.verify(trial_folder)
    assert found.first_bad == 5, found


@pytest.mark.requirement("AT4", "AT7")
def test_the_access_log_is_verified_too(trial_folder: Path) -> None:
    log = store.open_access(trial_folder)
    for _ in range(3):
        read_something(log)
    act(store.open_ledger(trial_folder), consent())
    assert store.verify(trial_folder).ok
    with administrator(trial_folder) as run:
        run('UPDATE store_access SET "by" = \'somebody else\' WHERE "number" = 2')
    assert "access log: fact 2 was edited" in str(store.verify(trial_folder))
