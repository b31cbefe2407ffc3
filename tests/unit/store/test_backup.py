"""Backups are trial folders, made while others write, and go back on either database."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections
from tests.plugins.acts import act, page, sealed_value
from tests.plugins.lists import PHARMACIST, RECIPIENTS, STRATA, with_list
from tests.plugins.tampering import administrator, change, small_trial
from typer.testing import CliRunner

from trialwright import store
from trialwright.ledger.fact import Fact
from trialwright.ledger.ports import Broken
from trialwright.store.backup import InsideTheTrial


def a_trial(new_trial: Callable[..., Path]) -> tuple[Path, list[Fact]]:
    """A trial folder with a list, a sealed value and a redaction."""
    folder = new_trial(recipients=RECIPIENTS, prepare=with_list)
    small_trial(folder)
    ledger = store.open_ledger(folder)
    vault = store.open_vault(folder, ledger)
    with ledger.act():
        ledger.append(sealed_value(vault.keep("igg/1", {"igg": "12.1"}, "5a" * 16), 200))
    (folder / "uploads" / "abc").write_text("a file")
    return folder, list(ledger.facts())


@pytest.mark.requirement("BK1")
def test_a_backup_is_a_trial_folder_with_everything_in_it(new_trial: Callable[..., Path], tmp_path: Path) -> None:
    folder, facts = a_trial(new_trial)
    assert store.backup(folder, tmp_path / "copy").ok
    copy = store.open_ledger(tmp_path / "copy")
    assert list(copy.facts()) == facts
    vault = store.open_vault(tmp_path / "copy", copy)
    assert vault.commitment() == store.open_vault(folder, store.open_ledger(folder)).commitment()
    assert vault.kept([str(PHARMACIST)]) == {"igg/1": {"igg": "12.1"}}
    assert (tmp_path / "copy" / "uploads" / "abc").read_text() == "a file"
    assert store.read_snapshot(tmp_path / "copy").hash == store.read_snapshot(folder).hash


@pytest.mark.requirement("BK1", "BK3")
def test_a_backup_goes_back_on_the_other_database_and_work_goes_on(
    new_trial: Callable[..., Path], vendor: str, tmp_path: Path, new_database: Callable[[], str]
) -> None:
    folder, facts = a_trial(new_trial)
    store.backup(folder, tmp_path / "copy")
    other = new_database() if vendor == "sqlite" else None
    assert store.restore(tmp_path / "copy", tmp_path / "back", other).ok
    ledger = store.open_ledger(tmp_path / "back")
    assert list(ledger.facts()) == facts
    act(ledger, page({"weight": "80"}, 300))
    vault = store.open_vault(tmp_path / "back", ledger)
    with ledger.act():
        ledger.append(sealed_value(vault.keep("igg/2", {"igg": "9.0"}, "5a" * 16), 300))
        vault.draw(STRATA[0])
    assert store.verify(tmp_path / "back").ok


@pytest.mark.requirement("BK1")
def test_a_backup_made_while_others_write_is_one_instant(new_trial: Callable[..., Path], tmp_path: Path) -> None:
    folder, _ = a_trial(new_trial)
    ledger = store.open_ledger(folder)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            act(ledger, page({"weight": "80"}, 300))
        connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = [store.backup(folder, tmp_path / f"copy-{turn}") for turn in range(3)]
    finally:
        stop.set()
        writer.join()
    assert all(each.ok for each in found)
    assert found[0].facts < found[-1].facts


def test_what_does_not_verify_is_not_kept_as_a_backup(new_trial: Callable[..., Path], tmp_path: Path) -> None:
    folder, _ = a_trial(new_trial)
    with administrator(folder) as run:
        change(run, 5, why="x")
    with pytest.raises(Broken, match="fact 5 was edited"):
        store.backup(folder, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_copy_inside_the_trial_itself_is_refused(new_trial: Callable[..., Path]) -> None:
    folder, _ = a_trial(new_trial)
    with pytest.raises(InsideTheTrial, match="name a folder outside for the copy"):
        store.backup(folder, folder / "uploads" / "copy")
    assert not (folder / "uploads" / "copy").exists()


def test_a_place_that_is_taken_is_refused(new_trial: Callable[..., Path], tmp_path: Path) -> None:
    folder, _ = a_trial(new_trial)
    store.backup(folder, tmp_path / "copy")
    with pytest.raises(store.AlreadyThere, match="is not empty"):
        store.restore(tmp_path / "copy", folder)


def test_the_commands_say_what_they_found_and_exit_with_one_when_it_is_bad(
    new_trial: Callable[..., Path], tmp_path: Path
) -> None:
    from trialwright.cli.ledger import ledger_app

    folder, _ = a_trial(new_trial)
    runner = CliRunner()
    good = runner.invoke(ledger_app, ["verify", str(folder)])
    assert (good.exit_code, "29 facts verified" in good.stdout) == (0, True)
    assert runner.invoke(ledger_app, ["backup", str(folder), str(tmp_path / "copy")]).exit_code == 0
    assert runner.invoke(ledger_app, ["restore", str(tmp_path / "copy"), str(tmp_path / "back")]).exit_code == 0
    with administrator(folder) as run:
        change(run, 5, why="x")
    bad = runner.invoke(ledger_app, ["verify", str(folder), "--json"])
    assert bad.exit_code == 1
    assert '"first_bad": 5' in bad.stdout


def test_the_commands_make_pages_again_and_print_what_the_application_may_do(new_trial: Callable[..., Path]) -> None:
    from trialwright.cli.ledger import ledger_app

    folder, _ = a_trial(new_trial)
    runner = CliRunner()
    assert "9 pages made again" in runner.invoke(ledger_app, ["rebuild", str(folder)]).stdout
    printed = runner.invoke(ledger_app, ["grants", "clinic"]).stdout
    assert 'GRANT UPDATE (payload, salt) ON store_fact TO "clinic";' in printed
    assert "DELETE ON store_fact" not in printed
