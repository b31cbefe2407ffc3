"""`trialwright keys`: key files made, shown and tried, and no private key on any screen."""

from pathlib import Path

import pytest
from django.db import connections
from tests.plugins.ceremonies import Ceremony, done, refused, run

from trialwright.allocation.keys import has_passphrase, make_keys, private_key


def test_keys_are_made_shown_and_never_printed(tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.write_text("correct horse battery staple\nnot this line\n")
    words.chmod(0o600)
    said = done("keys", "make", tmp_path / "keys", "--role", "escrow-1", "--passphrase-file", words)
    key = tmp_path / "keys" / "escrow-1.key"
    assert has_passphrase(key)
    said += done("keys", "show", key, "--passphrase-file", words)
    assert "Sealed with a passphrase." in said
    assert "SECRET" not in said
    assert (tmp_path / "keys" / "escrow-1.pub").read_text().strip() in said


def test_a_passphrase_is_asked_twice_and_both_must_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from trialwright.cli import app

    typed = "correct horse battery\nanother horse battery\ncorrect horse battery\ncorrect horse battery\n"
    result = CliRunner().invoke(app, ["keys", "make", str(tmp_path), "--role", "escrow-1"], input=typed)
    assert result.exit_code == 0, result.output
    assert "horse" not in result.output
    assert private_key(tmp_path / "escrow-1.key", "correct horse battery")


def test_a_passphrase_file_that_others_can_read_or_without_one_is_refused(tmp_path: Path) -> None:
    words = tmp_path / "words"
    for text, mode, says in (
        ("correct horse battery\n", 0o644, "can be read by others"),
        ("\n", 0o600, "no passphrase"),
    ):
        words.write_text(text)
        words.chmod(mode)
        assert says in refused("keys", "make", tmp_path / "keys", "--role", "escrow-1", "--passphrase-file", words)
        assert not (tmp_path / "keys").exists()


def test_keys_without_a_passphrase_say_so_and_a_role_is_needed(tmp_path: Path) -> None:
    assert "Good for a demonstration" in done("keys", "make", tmp_path, "--role", "safety-unit", "--no-passphrase")
    assert "NOT sealed with a passphrase." in done("keys", "show", tmp_path / "safety-unit.key")
    assert run("keys", "make", tmp_path)[0] == 2


def test_a_key_is_tried_on_the_trial_and_nothing_is_shown(tmp_path: Path) -> None:
    held = Ceremony(tmp_path).reviewed("--test")
    done(*held.opening("--rehearsal"))
    keys, folder = held.at("keys"), held.at("trial")
    for role, opens in (("pharmacist-2", "the slots"), ("escrow-1", "share 1 of the seed"), ("escrow-2", "share 2")):
        said = done("keys", "check", keys / f"{role}.key", folder)
        assert f"is the key of {role}" in said
        assert f"It opens {opens}" in said
        assert "Invented" not in said
    make_keys(tmp_path / "strange", None, ("pharmacist-1",))
    assert "is none of the keys that" in refused("keys", "check", tmp_path / "strange" / "pharmacist-1.key", folder)
    connections.close_all()
