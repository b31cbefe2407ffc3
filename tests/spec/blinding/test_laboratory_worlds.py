"""What is sealed in a laboratory's file does not exist for whoever is blinded: worlds that differ in it alone."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from tests.pages.conftest import _page_settings  # noqa: F401 - configures Django for the pages
from tests.plugins.world import CAST
from tests.spec.blinding.laboratory_worlds import FILES, PLANTED, obtained, obtained_on_disk
from tests.spec.blinding.obtaining import Obtained
from tests.spec.blinding.two_worlds import differences

from trialwright.conduct import laboratory_sealed
from trialwright.store.world import ServerClock

Patch = pytest.MonkeyPatch
MODULE = import_module("trialwright.conduct.import_results")
READING = import_module("trialwright.capture.laboratory")


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch: Patch) -> None:
    monkeypatch.setattr(ServerClock, "now", lambda self: datetime(2026, 3, 2, 8, 0, tzinfo=UTC))


@cache
def without() -> Obtained:
    """The world whose files have no sealed row."""
    return obtained("without", Path(mkdtemp()))


@pytest.mark.requirement("BL1", "BL2")
@pytest.mark.parametrize("name", FILES[1:])
def test_what_is_in_a_sealed_row_and_that_there_is_one_is_told_by_nothing(name: str, tmp_path: Path) -> None:
    found = obtained(name, tmp_path)
    assert differences(without(), found) == []
    assert PLANTED not in str(found)
    assert {"state", "snapshot", "log", "report index.html"} <= found.keys()
    assert any("Taken(" in text for text in found.values())


@pytest.mark.requirement("BL1", "BL2")
@pytest.mark.parametrize("name", ["sound", "a wrong unit", "many", "a stray quotation mark"])
def test_no_table_statement_or_file_tells_either(name: str, tmp_path: Path) -> None:
    """Not even who reads the database: one fact and one sealed value of one length for every file."""
    first, other = (obtained_on_disk(one, tmp_path / one / "trial") for one in ("without", name))
    assert "facts verified; the last signed head is" in first["verified"]
    assert {"sqlite store_sealedvalue", "sqlite store_fact", "statements", "verified"} <= first.keys()
    assert differences(first, other) == []


# ---------------------------------------------------------------- planted leaks


def _refuses(patch: Patch) -> None:
    """A wrong sealed row stops the file."""
    before = MODULE.sealed_rest

    def refusing(*asked: Any) -> Any:
        record = before(*asked)
        if any(row["became"] == "not taken" for row in record["rows"]):
            raise MODULE.Refused("Nothing was taken in.", "values")
        return record

    patch.setattr(MODULE, "sealed_rest", refusing)


def _unpadded(patch: Patch) -> None:
    """The sealed record is as long as what is in it."""
    patch.setattr(laboratory_sealed, "padded", lambda record: {**record, "pad": ""})


def _row_numbers(patch: Patch) -> None:
    """Rows are counted in the file, so a gap tells of the rows between."""
    before = READING.split

    def counted(content: bytes, names: Any) -> Any:
        parts = before(content, names)
        more = len(parts.rest)
        lines = [READING.Line(line.row + more, line.cells, line.wrong) for line in parts.open]
        return READING.Parts(tuple(lines), parts.rest, parts.ignored)

    patch.setattr(MODULE, "split", counted)


def _whole_digest(patch: Patch) -> None:
    """The digest of the whole file, against which values can be tried out."""
    patch.setattr(
        READING.Parts,
        "digest",
        property(lambda parts: READING.hashlib.sha256(repr((parts.open, parts.rest)).encode()).hexdigest()),
    )


def _own_facts(patch: Patch) -> None:
    """Sealed pages become facts of their own."""
    before = MODULE.keep_rest

    def kept(desk: Any, record: Any) -> str:
        for page in record["pages"]:
            key = "/".join((page["participant"], page["visit"], page["form"], "", str(desk.state.number + 1)))
            commitment = desk.vault.keep(key, page["values"], desk.chance.token(key))
            desk.append(
                CAST["laboratory"], "sealed.kept", {"commitment": commitment}, page["version"], page["participant"],
                page["visit"], page["form"], "",
            )  # fmt: skip
        return str(before(desk, record))

    patch.setattr(MODULE, "keep_rest", kept)


def _only_if_needed(patch: Patch) -> None:
    """A file without sealed rows draws no nonce and keeps no record."""
    before = MODULE.keep_rest
    patch.setattr(MODULE, "keep_rest", lambda desk, record: before(desk, record) if record["rows"] else "0" * 64)


def _logs(patch: Patch) -> None:
    """Somebody wants to see what goes on."""
    import logging

    before = MODULE.sealed_rest

    def logged(*asked: Any) -> Any:
        record = before(*asked)
        logging.getLogger("laboratory").info("%s sealed rows", len(record["rows"]))
        return record

    patch.setattr(MODULE, "sealed_rest", logged)


def _whole_lines(patch: Patch) -> None:
    """The file is read as a whole, so that a quotation mark in one row swallows the next."""
    before = READING._lines

    def swallowed(content: bytes) -> Any:
        lines, held = [], b""
        for line in before(content):
            held = held + b" " + line if held else line
            if held.count(b'"') % 2 == 0:
                lines.append(held)
                held = b""
        return iter([*lines, held] if held else lines)

    patch.setattr(READING, "_lines", swallowed)


LEAKS: list[tuple[str, str, Callable[[Patch], None]]] = [
    ("memory", "a wrong unit", _refuses),
    ("folder", "many", _unpadded),
    ("memory", "sound", _row_numbers),
    ("memory", "sound", _whole_digest),
    ("memory", "sound", _own_facts),
    ("folder", "sound", _own_facts),
    ("folder", "sound", _only_if_needed),
    ("memory", "sound", _logs),
    ("memory", "a stray quotation mark", _whole_lines),
]


@pytest.mark.requirement("BL1", "BL2")
@pytest.mark.parametrize(("where", "name", "leak"), LEAKS, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_leak_of_the_importer_is_found(
    where: str, name: str, leak: Callable[[Patch], None], monkeypatch: Patch, tmp_path: Path
) -> None:
    leak(monkeypatch)
    tell = obtained if where == "memory" else obtained_on_disk
    worlds = [tell(one, tmp_path / str(rank) / "trial") for rank, one in enumerate(("without", name))]
    assert differences(*worlds)
