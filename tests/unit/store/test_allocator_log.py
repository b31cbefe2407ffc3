"""The allocator's log after its process was killed in the middle of a transaction."""

import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from trialwright.store import allocator_log

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_a_log_whose_writer_was_killed_is_read_as_it_was_before(tmp_path: Path) -> None:
    """What the dead writer left is half of its pages in the file and the old ones in a journal beside it."""
    folder, killed = tmp_path / "folder", tmp_path / "killed"
    folder.mkdir()
    allocator_log.create(folder, NOW, {"trial": "PRESS"})
    before = allocator_log.entries(folder)
    writer = sqlite3.connect(folder / allocator_log.FILE, isolation_level=None)
    writer.execute("PRAGMA cache_size=1")
    writer.execute("BEGIN IMMEDIATE")
    for number in range(2, 200):
        writer.execute("INSERT INTO entry VALUES (?, '', 'proposed', ?, '')", (number, "x" * 4000))
    shutil.copytree(folder, killed)
    writer.close()
    assert (killed / f"{allocator_log.FILE}-journal").stat().st_size > 0
    assert (killed / allocator_log.FILE).stat().st_size > 100_000
    assert allocator_log.entries(killed) == before
    assert not (killed / f"{allocator_log.FILE}-journal").exists()
