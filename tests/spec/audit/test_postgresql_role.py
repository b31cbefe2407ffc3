"""On PostgreSQL the application works as a role that cannot change a table or a trigger, whatever it tries."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, ProgrammingError, connections, transaction
from psycopg.conninfo import conninfo_to_dict
from tests.plugins.acts import act, consent, page, sealed_value
from tests.plugins.lists import PHARMACIST, RECIPIENTS, with_list
from tests.plugins.tampering import small_trial

from trialwright import store
from trialwright.store.folder import write_settings

FORBIDDEN = [
    "DROP TRIGGER store_fact_update ON store_fact",
    "ALTER TABLE store_fact DISABLE TRIGGER ALL",
    "ALTER TABLE store_fact DISABLE TRIGGER store_fact_update",
    "SET session_replication_role = replica",
    "CREATE OR REPLACE FUNCTION store_fact_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$",
    "DROP TABLE store_fact",
    "TRUNCATE store_fact",
    "DELETE FROM store_fact",
    "UPDATE store_fact SET why = 'x'",
    "UPDATE store_slot SET leaf = 'x'",
    "DELETE FROM store_sealedvalue",
]

pytestmark = pytest.mark.parametrize("vendor", ["postgresql"], indirect=True)


@pytest.fixture
def as_application(new_trial: Callable[..., Path]) -> Iterator[Path]:
    """A trial folder whose settings name the application's role."""
    folder = new_trial(recipients=RECIPIENTS, prepare=with_list)
    trial = store.read_folder(folder)
    role, password = f"tw_app_{secrets.token_hex(4)}", secrets.token_hex(8)
    with psycopg.connect(trial.address, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")  # type: ignore[arg-type]
        for statement in store.grants(role):
            owner.execute(statement)  # type: ignore[arg-type]
    parts = {**conninfo_to_dict(trial.address), "user": role, "password": password}
    write_settings(replace(trial, address="postgresql:///?" + urlencode(parts, quote_via=quote)))
    yield folder
    connections.close_all()
    with psycopg.connect(trial.address, autocommit=True) as owner:
        owner.execute(f"DROP OWNED BY {role}")  # type: ignore[arg-type]
        owner.execute(f"DROP ROLE {role}")  # type: ignore[arg-type]


@pytest.mark.requirement("AT3")
def test_the_applications_role_can_do_everything_that_a_trial_needs(as_application: Path) -> None:
    small_trial(as_application)
    ledger = store.open_ledger(as_application)
    vault = store.open_vault(as_application, ledger)
    with ledger.act():
        ledger.append(sealed_value(vault.keep("igg/1", {"igg": "12.1"}, "5a" * 16), 200))
        assert vault.draw("a").position == 1
    assert vault.kept([str(PHARMACIST)]) == {"igg/1": {"igg": "12.1"}}
    store.rebuild(as_application)
    assert store.verify(as_application).ok


@pytest.mark.requirement("AT3", "AT4")
def test_the_applications_role_cannot_switch_the_trail_off_or_alter_it(as_application: Path) -> None:
    small_trial(as_application)
    alias = store.open_ledger(as_application).alias
    for statement in FORBIDDEN:
        with (
            pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
            transaction.atomic(using=alias),
            connections[alias].cursor() as cursor,
        ):
            cursor.execute(statement)
    assert store.verify(as_application).ok


def test_a_role_with_a_strange_name_is_refused(vendor: str) -> None:
    with pytest.raises(ValueError, match="no plain role name"):
        store.grants('x"; DROP TABLE store_fact; --')


def test_work_goes_on_after_the_server_closed_the_connection(trial_folder: Path) -> None:
    ledger = store.open_ledger(trial_folder)
    act(ledger, consent())
    with pytest.raises((OperationalError, DatabaseError)):
        be_cut_off(ledger, trial_folder)
    act(ledger, page({"weight": "70"}, 1))
    assert ledger.head().number == 2
    assert store.verify(trial_folder).ok


def be_cut_off(ledger: store.DatabaseLedger, folder: Path) -> None:
    """Lose the connection in the middle of an act."""
    with ledger.act():
        ledger.append(page({"weight": "69"}, 1))
        with psycopg.connect(store.read_folder(folder).address, autocommit=True) as other:
            own = connections[ledger.alias].connection.info.backend_pid
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (own,))
        ledger.append(page({"weight": "68"}, 2))
