"""The committee's snapshot: blinded tables out, arms joined elsewhere, and nothing written where something is wrong."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from pyrage import x25519
from tests.plugins.world import CAST, World
from tests.plugins.worlds import allocation_list

from trialwright.conduct import Refused
from trialwright.ledger import kinds
from trialwright.store import committee
from trialwright.store.committee import CannotHandOut

BY = CAST["committee statistician"]


@pytest.fixture
def world(sqlite_world: Callable[[Path], World], tmp_path: Path) -> World:
    """Two randomised participants and one who is not, a sealed value among their data."""
    world = sqlite_world(tmp_path / "trial")
    for name in ("Ann", "Bob"):
        world.randomised(name)
    world.consented("Cem")
    world.page_of("Ann", "blood", "START", {"potassium": "4.1", "renin": "777.7"})
    return world


@pytest.fixture
def handed_out(world: World, tmp_path: Path) -> Path:
    """What the statistician takes along."""
    committee.export(tmp_path / "trial", world.desk, tmp_path / "out", "1", BY)
    return tmp_path / "out"


def whole(folder: Path) -> bytes:
    """Everything in a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.requirement("BL5")
def test_what_is_handed_out_is_blinded_and_that_it_was_taken_is_a_fact(world: World, handed_out: Path) -> None:
    assert b"777.7" not in whole(handed_out)
    assert b"arm" not in (handed_out / "tables" / "participants.csv").read_bytes()
    assert world.facts()[-1].kind == kinds.SNAPSHOT_OPENED
    assert sorted(path.name for path in (handed_out / "tables").iterdir()) == [
        "blood.csv", "participants.csv", "person.csv", "pressure.csv",
    ]  # fmt: skip


def test_opening_needs_the_folder_and_the_key_alone_and_puts_the_arm_beside_each_row(
    world: World, handed_out: Path, tmp_path: Path
) -> None:
    opened = committee.open_folder(handed_out, tmp_path / "opened", world.keys[0])
    assert opened.labels == 2
    arms = {slot.label: slot.arm for slot in allocation_list()}
    with (tmp_path / "opened" / "tables" / "participants.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["arm"] for row in rows] == [arms.get(row["label"], "") for row in rows]
    assert rows[2]["arm"] == ""
    with (tmp_path / "opened" / "tables" / "pressure.csv").open(newline="") as file:
        assert all(row["arm"] in ("T", "P") for row in csv.DictReader(file))
    assert (tmp_path / "opened").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["labels.json", "tables/participants.csv", "tables/pressure.csv"])
def test_a_changed_file_is_named_and_nothing_is_opened(
    world: World, handed_out: Path, tmp_path: Path, name: str
) -> None:
    path = handed_out / name
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(CannotHandOut, match="was changed since the export"):
        committee.open_folder(handed_out, tmp_path / "opened", world.keys[0])
    assert not (tmp_path / "opened").exists()


def test_another_key_opens_nothing_and_leaves_nothing(handed_out: Path, tmp_path: Path) -> None:
    with pytest.raises(CannotHandOut, match="none of the keys"):
        committee.open_folder(handed_out, tmp_path / "opened", str(x25519.Identity.generate()))
    assert not (tmp_path / "opened").exists()


def test_arms_are_never_written_into_the_blinded_folder_nor_over_another(
    world: World, handed_out: Path, tmp_path: Path
) -> None:
    for place, sentence in ((handed_out / "opened", "lies in the blinded folder"), (handed_out, "exists")):
        with pytest.raises(CannotHandOut, match=sentence):
            committee.open_folder(handed_out, place, world.keys[0])
    with pytest.raises(Refused, match="may not open a snapshot"):
        committee.export(tmp_path / "trial", world.desk, tmp_path / "more", "2", CAST["monitor"])
    with pytest.raises(CannotHandOut, match="is not what"):
        committee.open_folder(tmp_path / "trial", tmp_path / "opened", world.keys[0])
