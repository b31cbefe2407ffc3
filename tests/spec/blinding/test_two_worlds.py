"""Non-interference: whoever is blinded gets the same to the last letter, whatever the allocation is.

Three worlds differ in nothing but the arms on the list. One story plays everything that the program can do; all that a
blinded role, a backup or a log can show of it is compared. That the story leaves nothing out is tested too: every kind
of fact, every verb, every address, every blinded command. `test_planted_leaks` shows that a leak would be found.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.pages.conftest import _page_settings  # noqa: F401 - configures Django for the pages
from tests.spec.blinding import obtaining, two_worlds
from tests.spec.blinding.commands import LINES, RESEALED, obtained_by_commands
from tests.spec.blinding.everything import BLINDED, played
from tests.spec.blinding.two_worlds import WORLDS, as_drawn, differences, in_turn, swapped

from trialwright import conduct
from trialwright.cli.classes import CLASSES, Output
from trialwright.conduct import Desk
from trialwright.ledger import kinds
from trialwright.store.world import ServerClock

KINDS = {
    value for name, value in vars(kinds).items() if name.isupper() and re.fullmatch(r"[a-z_]+\.[a-z_]+", str(value))
}
NOT_WRITTEN = {
    "expire_kits": "no kit expires within the story; a kit that has not is refused to the last letter alike",
    "open_sealed": "sealed values are opened once the arms stand in the ledger; in the story everybody is refused",
}
"""Verbs that the story tries and that write nothing in it."""
BY_THE_WORLD = {"open_trial", "consent"}
"""Played before the story's own acts."""
AFTER_THE_END = {kinds.SEALED_OPENED: "open_sealed"}
"""Kinds of fact, with their verbs, that follow the final unblinding alone (`test_opening_sealed`)."""
NO_LINE = {"demo": "makes a trial of its own; what it makes is compared by the commands that it is made of"}
"""Commands that are the same for all and have no line."""


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's own clock stamps signed heads; two worlds are signed at one moment."""
    monkeypatch.setattr(ServerClock, "now", lambda self: datetime(2026, 3, 2, 8, 0, tzinfo=UTC))


def differing(one: dict[str, str], other: dict[str, str]) -> str:
    """Where the first thing that differs begins to, for who has to find the leak."""
    name = differences(one, other)[0]
    texts = one.get(name, ""), other.get(name, "")
    place = next((at for at, (left, right) in enumerate(zip(*texts, strict=False)) if left != right), 0)
    return f"{name}: {' | '.join(text[max(0, place - 80) : place + 80] for text in texts)}"


# ---------------------------------------------------------------- the comparison


@pytest.mark.requirement("BL2", "RN2")
def test_no_answer_fact_page_report_or_log_line_depends_on_an_allocation(tmp_path: Path) -> None:
    """Every address for every blinded role and for nobody, twice; a monitor and an assessor also try query strings,
    other methods and pages that fail."""
    curious = ("monitor", "assessor")
    found = {
        name: two_worlds.obtained_in_memory(world, tmp_path / name, curious=curious) for name, world in WORLDS.items()
    }
    first = found["as drawn"]
    assert {"state", "snapshot", "log", "report index.html"} <= first.keys()
    asked = [f"{when} page {role} get /overview" for when in ("before the lock,", "at the end,") for role in BLINDED]
    assert set(asked) <= first.keys()
    assert "at the end, page assessor get /participants?assignment=T" in first
    for name in found:
        assert differences(first, found[name]) == [], name


@pytest.mark.requirement("BL2", "RN2")
def test_no_file_table_statement_head_or_verification_depends_on_an_allocation(tmp_path: Path) -> None:
    places = {name: tmp_path / str(rank) for rank, name in enumerate(WORLDS)}
    found = {name: two_worlds.obtained_on_disk(world, places[name] / "trial") for name, world in WORLDS.items()}
    first = found["as drawn"]
    assert {"verified", "sqlite store_slot", "sqlite store_page", "file heads.log", "statements"} <= first.keys()
    assert "BEGIN" in first["statements"]
    assert "facts verified; the last signed head is" in first["verified"]
    assert differences(first, found["swapped"]) == []
    # The client of who chooses kits is not played where other people share an arm.
    assert differences(first, found["in turn"]) == ["statements"]


@pytest.mark.requirement("BL2", "RN2")
def test_no_table_of_postgresql_depends_on_an_allocation(tmp_path: Path, new_database: Callable[[], str]) -> None:
    first, other = (
        two_worlds.obtained_on_disk(world, tmp_path / str(rank) / "trial", new_database())
        for rank, world in enumerate((as_drawn, swapped))
    )
    assert {"postgresql store_slot", "postgresql store_fact", "postgresql store_sealedvalue"} <= first.keys()
    assert differences(first, other) == [], differing(first, other)


@pytest.mark.long
@pytest.mark.requirement("BL2", "RN2")
def test_no_table_of_postgresql_tells_who_shares_an_arm(tmp_path: Path, new_database: Callable[[], str]) -> None:
    first, other = (
        two_worlds.obtained_on_disk(world, tmp_path / str(rank) / "trial", new_database())
        for rank, world in enumerate((as_drawn, in_turn))
    )
    assert differences(first, other) == ["statements"]


@pytest.mark.requirement("BL2")
def test_no_command_prints_refuses_or_writes_anything_by_an_allocation(tmp_path: Path) -> None:
    """What is printed, exit codes, refusals, and every file to its last byte: backups, the committee's snapshot, the
    card, letters, the report, manifests of shipments, accounts of kits."""
    found = []
    for rank, world in enumerate((as_drawn, swapped)):
        (tmp_path / str(rank)).mkdir()
        found.append(obtained_by_commands(world, tmp_path / str(rank)))
    assert {"card.html", "backup: sqlite store_fact", "committee tables/participants.csv"} <= found[0].keys()
    assert "the trial itself: file outbox/code-break-00001.txt" in found[0]
    assert differences(*found) == []


@pytest.mark.requirement("BL2")
def test_a_rehearsal_in_which_nothing_works_is_the_same_to_the_last_fact() -> None:
    first = two_worlds.obtained_from_a_rehearsal(as_drawn)
    assert len(first) > 100
    for other in (swapped, in_turn):
        assert differences(first, two_worlds.obtained_from_a_rehearsal(other)) == []


# ---------------------------------------------------------------- nothing is left out


@contextmanager
def writing(wrote: set[str]) -> Iterator[None]:
    """Note under which permission each fact is written."""
    act, append = Desk.act, Desk.append
    current = [""]

    def acting(self: Desk, verb: str, by: Any) -> Any:
        current[0] = verb
        return act(self, verb, by)

    def appending(self: Desk, *details: Any, **more: Any) -> Any:
        wrote.add(current[0])
        return append(self, *details, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Desk, "act", acting)
        patch.setattr(Desk, "append", appending)
        yield


@pytest.mark.requirement("BL2")
def test_every_kind_of_fact_and_every_verb_occurs_in_the_story() -> None:
    wrote: set[str] = set()
    with writing(wrote):
        story = two_worlds.in_memory(as_drawn)
        played(story)
    facts = story.world.facts()
    assert {fact.kind for fact in facts} == KINDS - AFTER_THE_END.keys()
    assert set(conduct.MAY) - wrote == NOT_WRITTEN.keys()
    functions = {name for name in conduct.__all__ if name.islower()}
    assert functions - story.verbs == BY_THE_WORLD | set(AFTER_THE_END.values())
    asked = {query.check for query in story.world.state.queries.values()}
    assert {None, "jump", "worse"} <= asked  # by people, by an edit check, by one that asks for a declared measure
    (opening,) = (fact for fact in facts if fact.kind == kinds.TRIAL_UNBLINDED)
    assert opening.payload["assignments"] == {}  # type: ignore[index]


@pytest.mark.requirement("BL1", "BL2")
def test_every_blinded_command_has_a_line() -> None:
    """Those that show arms after the unblinding are run before it, when they must show none."""
    lines = (LINES + RESEALED).splitlines()
    same = [name for name, output in CLASSES.items() if output in (Output.BLINDED, Output.AFTER_UNBLINDING)]
    lacking = [name for name in same if not any(line.startswith(f"{name} ") for line in lines)]
    assert lacking == list(NO_LINE)


@pytest.mark.requirement("BL2")
def test_every_address_is_asked_and_one_that_cannot_be_filled_fails() -> None:
    from django.urls import get_resolver

    known = {"participant": ["NORTH-001-I", "NORTH-002-G"], "token": ["guess"]}
    patterns = [str(route.pattern) for route in get_resolver("trialwright.web.urls").url_patterns]
    assert len(list(obtaining.addresses(known))) == len(patterns) + 1
    assert obtaining.filled("a/<str:participant>/<token>", known) == ["/a/NORTH-001-I/guess", "/a/NORTH-002-G/guess"]
    with pytest.raises(obtaining.CannotFill, match="nothing is known to fill 'kit' with"):
        obtaining.filled("kits/<str:kit>", known)


def test_what_is_encrypted_is_compared_by_its_length_and_by_which_rows_are_the_same(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "t.sqlite3") as database:
        database.execute("CREATE TABLE t (ciphertext BLOB)")
        rows = [(b"age\n--- a\n12345",), (b"age\n--- b\n12345",), (b"age\n--- a\n12345",)]
        database.executemany("INSERT INTO t VALUES (?)", rows)
    database.close()
    (text,) = obtaining.of_sqlite(tmp_path / "t.sqlite3").values()
    assert re.findall(r"sealed 5, number (\d)", text) == ["1", "2", "1"]
    assert obtaining.without_ciphertexts('{"a": "YWdlLWVuY3J5cHRpb24KLS0tIHgKMTIz"}') == '{"a": "sealed 3"}'
