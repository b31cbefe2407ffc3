"""The two-world test proves itself: leaks are planted, one at a time, and each is found."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.pages.conftest import _page_settings  # noqa: F401 - configures Django for the pages
from tests.spec.blinding import two_worlds
from tests.spec.blinding.commands import obtained_by_commands
from tests.spec.blinding.obtaining import Obtained
from tests.spec.blinding.planted import LEAKS, PARTLY, PLACES, Leak, knowing
from tests.spec.blinding.two_worlds import Arranged, as_drawn, differences, in_turn, swapped

from trialwright.store.world import ServerClock

ROWS = range(1, 21)


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServerClock, "now", lambda self: datetime(2026, 3, 2, 8, 0, tzinfo=UTC))


def obtained(where: str, arranged: Arranged, place: Path) -> Obtained:
    """What is obtained where the leak shows."""
    place.mkdir()
    PLACES.append(place / "trial")
    if where == "memory":
        return two_worlds.obtained_in_memory(arranged)
    if where == "pages":
        return two_worlds.obtained_in_memory(arranged, place / "report", ["monitor"], ["monitor"])
    if where == "folder":
        return two_worlds.obtained_on_disk(arranged, place / "trial")
    return obtained_by_commands(arranged, place, where)


def found_out(where: str, place: Path) -> list[str]:
    """What tells the worlds apart: the first one from one of the others."""
    first = obtained(where, knowing(as_drawn), place / "0")
    for rank, world in enumerate((swapped, in_turn), start=1):
        found = differences(first, obtained(where, knowing(world), place / str(rank)))
        if world is in_turn and "statements" in found:
            found.remove("statements")  # the client that chooses kits is not played there
        if found:
            return found
    return []


@pytest.mark.requirement("BL2")
@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.name)
def test_a_planted_leak_is_found(leak: Leak, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    leak.plant(monkeypatch)
    assert found_out(leak.where, tmp_path), leak.says


@pytest.mark.requirement("BL2")
@pytest.mark.parametrize("where", sorted({leak.where for leak in LEAKS}), ids=lambda where: where.partition(" {")[0])
def test_without_a_leak_nothing_is_found(where: str, tmp_path: Path) -> None:
    """The very same comparison is silent, so it is the leak that speaks above."""
    assert found_out(where, tmp_path) == []


@pytest.mark.requirement("BL2")
def test_every_row_of_the_leak_catalogue_has_a_planted_leak() -> None:
    assert {leak.row for leak in LEAKS} == set(ROWS)
    assert len(LEAKS) >= 20
    assert set(PARTLY) <= set(ROWS)
