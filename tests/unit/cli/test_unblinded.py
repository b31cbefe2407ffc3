"""`trialwright analyse` and `report`: blinded until somebody of the firewall hands in keys, after a lock."""

import json
from pathlib import Path

import pytest
from tests.plugins.world import HIGH
from tests.plugins.worlds import holder_key, on_disk, reopened
from typer.testing import CliRunner, Result

from trialwright import store
from trialwright.cli import app
from trialwright.ledger import kinds


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small trial with four participants who finished; not locked yet."""
    place = on_disk(tmp_path / "trial")
    world = reopened(place)
    for name, drug in (("Ann", "none"), ("Bob", "water"), ("Cas", "none"), ("Dot", "water")):
        world.randomised(name, drug=drug)
        world.page_of(name, "pressure", "WEEK8", HIGH)
        world.does("nurse", "complete", participant=name, on="2026-03-02")
    return place


def key_file(folder: Path, holder: str) -> Path:
    """A key file, which nobody else can read."""
    path = folder / f"{holder}.key"
    path.write_text(holder_key(holder) + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def keys(tmp_path: Path) -> tuple[str, ...]:
    """Both escrow keys as words of a command."""
    one, two = (str(key_file(tmp_path, holder)) for holder in ("escrow-1", "escrow-2"))
    return ("--keys", one, "--keys", two)


def ran(*words: object) -> Result:
    """The command as a person would run it."""
    return CliRunner().invoke(app, [str(word) for word in words])


def test_before_a_lock_nothing_is_analysed_by_arm(folder: Path, keys: tuple[str, ...]) -> None:
    table = [
        ((), "The trial is blinded"),
        (keys, "say who with --by"),
        ((*keys, "--by", "s.tist"), "say who with --by"),
        ((*keys, "--by", "s.tist", "--with", "e.scrow"), "Nothing is opened before a lock"),
    ]
    for words, answer in table:
        result = ran("analyse", folder, *words)
        assert answer in str(result.exception), words
    before = store.verify(folder).facts
    page = Path(ran("report", folder).stdout.strip())
    assert "Blinded report" in page.read_text()
    assert store.verify(folder).facts == before


@pytest.mark.requirement("BL1", "BL5")
def test_after_a_staged_lock_the_firewall_analyses_and_the_ledger_learns_no_arm(
    folder: Path, keys: tuple[str, ...]
) -> None:
    reopened(folder).locked("week8")
    answered = ran("analyse", folder, *keys, "--by", "s.tist", "--with", "e.scrow", "--json")
    assert answered.exit_code == 0, answered.output
    assert json.loads(answered.stdout)
    opening = list(store.open_ledger(folder).facts())[-1]
    assert (opening.kind, opening.by, opening.payload["assignments"]) == (kinds.TRIAL_UNBLINDED, "s.tist", {})
    assert "The trial is blinded" in str(ran("analyse", folder).exception)


def test_a_strangers_key_opens_nothing_and_says_so(folder: Path, tmp_path: Path) -> None:
    from pyrage import x25519

    reopened(folder).locked("week8")
    strange = tmp_path / "strange.key"
    strange.write_text(f"{x25519.Identity.generate()}\n")
    strange.chmod(0o600)
    for given in ((strange,), (key_file(tmp_path, "escrow-1"), strange), (key_file(tmp_path, "escrow-2"),)):
        words = [word for path in given for word in ("--keys", path)]
        result = ran("analyse", folder, *words, "--by", "s.tist", "--with", "e.scrow")
        assert "The allocations were not opened: share" in str(result.exception)
    assert store.verify(folder).ok


@pytest.mark.requirement("BL4")
def test_where_a_share_of_the_seed_is_lost_a_holder_of_the_slots_opens_them(folder: Path, tmp_path: Path) -> None:
    """Two people all the same; the fact says how it was done."""
    reopened(folder).locked("week8")
    key = key_file(tmp_path, "holder")
    people = ("--by", "s.tist", "--with", "e.scrow")
    refused = ran("analyse", folder, "--keys", key, *people)
    assert "share 1 of the seed stays closed" in str(refused.exception)
    answered = ran("analyse", folder, "--keys", key, *people, "--escrow-lost", "--json")
    assert answered.exit_code == 0, answered.output
    opening = list(store.open_ledger(folder).facts())[-1]
    assert (opening.payload["how"], opening.payload["with"]) == ("slots", "e.scrow")
