"""Key files: outside the trial's folder, for their owner's eyes, never overwritten."""

import stat
from pathlib import Path

import pyrage
import pytest

from trialwright.allocation.keys import (
    ROLES,
    KeyFileRefused,
    has_passphrase,
    make_keys,
    private_key,
    public_key,
    public_keys,
    public_of,
)
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


# ------------------------------------------------------------------ passphrases

WORDS = "correct horse battery staple"


@pytest.fixture(scope="module")
def sealed_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key file under a passphrase; age takes its time over each, so it is made once."""
    folder = tmp_path_factory.mktemp("sealed") / "keys"
    make_keys(folder, None, ("escrow-1",), WORDS)
    return folder / "escrow-1.key"


def test_a_key_under_a_passphrase_is_an_age_file_and_opens_with_the_passphrase_alone(sealed_key: Path) -> None:
    """What `age -d` or `age -i` reads: armoured, with the passphrase as its one recipient."""
    text = sealed_key.read_text()
    assert text.startswith("-----BEGIN AGE ENCRYPTED FILE-----")
    assert "SECRET" not in text
    assert has_passphrase(sealed_key)
    inside = pyrage.passphrase.decrypt(sealed_key.read_bytes(), WORDS).decode()
    asked: list[str] = []

    def person(name: str) -> str:
        asked.append(name)
        return WORDS

    assert private_key(sealed_key, person) in inside
    assert asked == ["escrow-1.key"]
    assert public_of(private_key(sealed_key, WORDS)) == public_key(sealed_key.with_suffix(".pub"))


def test_a_wrong_or_missing_passphrase_is_said_and_repeats_nothing(sealed_key: Path) -> None:
    with pytest.raises(KeyFileRefused, match="the passphrase does not open") as wrong:
        private_key(sealed_key, "another passphrase")
    assert "another passphrase" not in str(wrong.value)
    with pytest.raises(KeyFileRefused, match="is sealed with a passphrase"):
        private_key(sealed_key)


def test_a_short_passphrase_makes_no_key(tmp_path: Path) -> None:
    with pytest.raises(KeyFileRefused, match="at least 12 characters"):
        make_keys(tmp_path / "keys", None, ("escrow-1",), "short")
    assert not (tmp_path / "keys").exists()


def test_keys_are_not_made_in_any_folder_that_holds_a_trial(tmp_path: Path) -> None:
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial" / "trialwright.toml").touch()
    for inside in ("trial", "trial/deep/keys"):
        with pytest.raises(KeyFileRefused, match="lies in the trial's folder"):
            make_keys(tmp_path / inside, None, ("escrow-1",))
    make_keys(tmp_path / "keys", None, ("escrow-1",))


# ------------------------------------------------------------------ public keys of a ceremony


def test_the_public_keys_of_a_folder_are_all_there_and_each_of_one_holder(tmp_path: Path) -> None:
    made = make_keys(tmp_path, None, (*ROLES, "unblinded-monitor"))
    assert public_keys(tmp_path) == made
    (tmp_path / "unblinded-monitor.pub").unlink()
    assert set(public_keys(tmp_path)) == set(ROLES)
    (tmp_path / "break-host.pub").write_text("age1nonsense\n")
    with pytest.raises(KeyFileRefused, match="does not hold an age public key"):
        public_keys(tmp_path)


def test_what_is_no_private_key_has_no_public_half() -> None:
    with pytest.raises(KeyFileRefused, match="not an age private key"):
        public_of("age1something")
