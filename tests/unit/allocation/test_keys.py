"""Key files: outside the trial's folder, for their owner's eyes, never overwritten."""

import stat
from pathlib import Path

import pytest

from trialwright.allocation.keys import ROLES, KeyFileRefused, make_keys, private_key, public_key
from trialwright.allocation.sealing import opened, sealed


def test_each_role_gets_a_key_that_opens_what_is_sealed_to_it(tmp_path: Path) -> None:
    publics = make_keys(tmp_path / "keys", tmp_path / "trial")
    assert tuple(publics) == ROLES
    for role, public in publics.items():
        assert public_key(tmp_path / "keys" / f"{role}.pub") == public
        key = private_key(tmp_path / "keys" / f"{role}.key")
        assert opened(sealed(b"for one", [public]), [key]) == b"for one"


def test_private_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys", tmp_path / "trial", ("safety-unit",))
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    file = tmp_path / "keys" / "safety-unit.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    with pytest.raises(KeyFileRefused, match="can be read by others"):
        private_key(file)


@pytest.mark.parametrize("inside", ["trial", "trial/keys", "trial/../trial/deep/keys"])
def test_a_place_inside_the_trial_s_folder_is_refused_and_nothing_written(inside: str, tmp_path: Path) -> None:
    (tmp_path / "trial").mkdir()
    with pytest.raises(KeyFileRefused, match="lies in the trial's folder"):
        make_keys(tmp_path / inside, tmp_path / "trial")
    assert list((tmp_path / "trial").iterdir()) == []


def test_a_link_into_the_trial_s_folder_is_seen_through(tmp_path: Path) -> None:
    (tmp_path / "trial").mkdir()
    (tmp_path / "keys").symlink_to(tmp_path / "trial")
    with pytest.raises(KeyFileRefused, match="lies in the trial's folder"):
        make_keys(tmp_path / "keys", tmp_path / "trial")


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys", tmp_path / "trial", ("safety-unit",))
    before = (tmp_path / "keys" / "safety-unit.key").read_text()
    with pytest.raises(KeyFileRefused, match="already holds keys for safety-unit"):
        make_keys(tmp_path / "keys", tmp_path / "trial", ("break-host", "safety-unit"))
    assert (tmp_path / "keys" / "safety-unit.key").read_text() == before
    assert not (tmp_path / "keys" / "break-host.key").exists()


@pytest.mark.parametrize("role", ["../escape", "", "a/b", "pharmacist 1"])
def test_a_role_that_is_no_plain_name_is_refused(role: str, tmp_path: Path) -> None:
    with pytest.raises(KeyFileRefused, match="a role is"):
        make_keys(tmp_path / "keys", tmp_path / "trial", (role,))
    assert not (tmp_path / "keys").exists()


def test_a_file_without_a_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "empty.key"
    file.write_text("# nothing here\n")
    file.chmod(0o600)
    with pytest.raises(KeyFileRefused, match="does not hold exactly one line"):
        private_key(file)
