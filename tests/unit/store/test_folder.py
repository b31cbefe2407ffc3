"""Trial folders: created whole or not at all, settings read with every error, nothing private inside."""

import stat
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections
from hypothesis import given
from hypothesis import strategies as st
from tests.plugins.acts import act, consent

from trialwright import store
from trialwright.store.databases import BadAddress, database, require_local
from trialwright.store.folder import TrialFolder, write_settings


def test_a_new_trial_verifies_and_is_empty(trial_folder: Path) -> None:
    found = store.verify(trial_folder)
    assert found.ok
    assert (found.facts, found.beyond) == (0, 0)
    assert store.read_state(trial_folder).number == 0


def test_a_connection_lasts_from_act_to_act(trial_folder: Path) -> None:
    """Opening one for each act costs ten times the act."""
    ledger = store.open_ledger(trial_folder)
    act(ledger, consent())
    first = connections[ledger.alias].connection
    act(ledger, consent("AMC-002-M"))
    assert connections[ledger.alias].connection is first


def test_no_private_key_lies_in_the_folder(trial_folder: Path) -> None:
    key = trial_folder.parent / f"{trial_folder.name}.keys" / "head-signing.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    for path in trial_folder.rglob("*"):
        assert path.is_dir() or b"PRIVATE KEY" not in path.read_bytes()


@pytest.mark.parametrize("inside", [".", "keys", "report/keys"])
def test_a_place_for_keys_inside_the_folder_is_refused(tmp_path: Path, inside: str) -> None:
    with pytest.raises(store.NotATrial, match="private keys never lie in the trial's folder"):
        store.create(tmp_path / "trial", keys=tmp_path / "trial" / inside)
    assert not (tmp_path / "trial").exists()


def test_a_creation_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.create(tmp_path / "trial", prepare=fail)
    assert list(tmp_path.iterdir()) == []
    store.create(tmp_path / "trial")
    assert store.verify(tmp_path / "trial").ok


def test_a_trial_that_cannot_be_made_leaves_no_key_of_its_own(tmp_path: Path) -> None:
    """A folder of keys that was there before is left as it was."""

    def fails(ledger: object, vault: object) -> None:
        raise ValueError("no list")

    (tmp_path / "mine").mkdir()
    for keys in (None, tmp_path / "mine"):
        with pytest.raises(ValueError, match="no list"):
            store.create(tmp_path / "trial", keys=keys, prepare=fails)
    assert not (tmp_path / "trial").exists()
    assert not (tmp_path / "trial.keys").exists()
    assert (tmp_path / "mine").exists()


def test_a_folder_or_a_database_that_is_taken_is_refused(
    new_trial: Callable[..., Path], vendor: str, tmp_path: Path
) -> None:
    folder = new_trial()
    ledger = store.open_ledger(folder)
    act(ledger, consent())
    with pytest.raises(store.AlreadyThere, match="is not empty"):
        store.create(folder)
    if vendor == "postgresql":
        address = store.read_folder(folder).address
        with pytest.raises(store.AlreadyThere, match="holds a trial already"):
            store.create(tmp_path / "second", database=address)
        assert not (tmp_path / "second").exists()


def test_a_folder_can_be_moved_with_its_keys_beside_it(tmp_path: Path) -> None:
    store.create(tmp_path / "a" / "trial")
    act(store.open_ledger(tmp_path / "a" / "trial"), consent())
    (tmp_path / "a").rename(tmp_path / "b")
    ledger = store.open_ledger(tmp_path / "b" / "trial")
    assert ledger.head().number == 1
    ledger.close()
    assert store.verify(tmp_path / "b" / "trial").signed == 1


def test_without_the_signing_key_facts_are_kept_and_lie_beyond_the_last_head(trial_folder: Path) -> None:
    for key in (trial_folder.parent / f"{trial_folder.name}.keys").iterdir():
        key.unlink()
    ledger = store.open_ledger(trial_folder)
    act(ledger, consent())
    ledger.close()
    found = store.verify(trial_folder)
    assert found.ok
    assert (found.signed, found.beyond) == (0, 1)


def test_another_trials_signing_key_is_refused(tmp_path: Path) -> None:
    store.create(tmp_path / "one", keys=tmp_path / "keys")
    (tmp_path / "keys" / "head-signing.pem").unlink()
    store.create(tmp_path / "two", keys=tmp_path / "keys")
    with pytest.raises(store.NotATrial, match="is not the private half"):
        store.open_ledger(tmp_path / "one")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "has no trialwright.toml"),
        ("[database", "cannot be read"),
        ("zone = 3", "zone is missing or no text; database.address is missing or no text; heads.public_key"),
        ('recipients = "x"', "recipients must be role = public key"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_with_everything_wrong(
    tmp_path: Path, text: str | None, says: str
) -> None:
    if text is not None:
        (tmp_path / "trialwright.toml").write_text(text)
    with pytest.raises(store.NotATrial, match=says):
        store.open_ledger(tmp_path)


@given(text=st.text(st.characters(codec="utf-8"), min_size=1), role=st.text(st.characters(codec="utf-8"), min_size=1))
def test_settings_are_read_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, text: str, role: str
) -> None:
    folder = tmp_path_factory.mktemp("settings")
    written = TrialFolder(folder.resolve(), text, text, text, text, {role: text})
    write_settings(written)
    assert tomllib.loads((folder / "trialwright.toml").read_text(encoding="utf-8"))["zone"] == text
    assert store.read_folder(folder) == written


@pytest.mark.parametrize(("zone", "says"), [("Mars/Olympus", "is no time zone"), ("../etc", "is no time zone")])
def test_a_zone_that_does_not_exist_is_refused(tmp_path: Path, zone: str, says: str) -> None:
    with pytest.raises(store.NotATrial, match=says):
        store.create(tmp_path / "trial", zone=zone)


@pytest.mark.parametrize("address", ["mysql://x", "trial.sqlite3", "postgresql://h:port/x y?z"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(BadAddress):
        database(address, tmp_path)


MOUNTS = """/dev/sda1 / ext4 rw 0 0
server:/export /home nfs4 rw 0 0
/dev/sdb1 /home/local ext4 rw 0 0
//server/share /mnt/with\\040blank cifs rw 0 0
"""


@pytest.mark.parametrize("place", ["/home/x/trial.sqlite3", "/mnt/with blank/trial.sqlite3"])
def test_sqlite_on_a_network_file_system_is_refused(place: str) -> None:
    with pytest.raises(BadAddress, match="network file system"):
        require_local(Path(place), MOUNTS)


@pytest.mark.parametrize("place", ["/home/local/trial.sqlite3", "/srv/trial.sqlite3", "/homestead/trial.sqlite3"])
def test_sqlite_on_a_local_disk_is_fine(place: str) -> None:
    require_local(Path(place), MOUNTS)
