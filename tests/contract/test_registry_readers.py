"""What every reader of a register must do, on a page written by hand and on every real page saved for it."""

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.contract.registry_pages import PAGES, SAVED, Page

from trialwright import registry
from trialwright.registry.record import Record, as_plain

READERS = {reader.name: reader for reader in registry.READERS}
by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.reader)


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts(part)]
    if isinstance(value, list | tuple):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


def check_record(record: Record, page: str) -> None:
    """The promises that hold for any record and the page that it came from."""
    lines = page.splitlines()
    for criterion in record.criteria:
        for node in criterion.walk():
            assert lines[node.span.line - 1].strip()[node.span.start : node.span.end] == node.text
    identities = [node.id for criterion in record.criteria for node in criterion.walk()]
    assert len(identities) == len(set(identities))
    for outcome in record.outcomes:
        assert all(re.fullmatch(r"P\d+[DWMY]", frame) for frame in outcome.time_frames)
    pairs = [(outcome.level, outcome.name) for outcome in record.outcomes]
    assert len(pairs) == len(set(pairs))
    assert all(where.line <= len(lines) for where in record.provenance)
    assert all("@" not in text for text in texts(asdict(record)))
    assert json.loads(json.dumps(as_plain(record)))["title"] == record.title


def test_every_reader_has_a_page_written_by_hand_and_a_real_one() -> None:
    assert {page.reader for page in PAGES} == set(READERS) == set(SAVED)


@by_page
def test_a_reader_recognises_its_own_page_and_no_other(page: Page) -> None:
    assert [name for name, reader in READERS.items() if reader.recognises(page.text)] == [page.reader]
    assert not READERS[page.reader].recognises("a shopping list\n- bread\n")


@by_page
def test_the_page_written_by_hand_is_read(page: Page) -> None:
    record = READERS[page.reader].read(page.text, "page.txt")
    assert record.reader == page.reader
    assert (record.title, record.identifiers[0].value) == (page.title, page.identifier)
    assert record.enrolment is not None
    assert record.enrolment.count == page.enrolment
    check_record(record, page.text)


@by_page
def test_no_person_is_ever_kept(page: Page) -> None:
    record = READERS[page.reader].read(page.text, "page.txt")
    for text in texts(asdict(record)):
        assert not any(sign in text for sign in page.persons), text


@by_page
def test_every_problem_of_a_damaged_page_is_named_at_once_with_its_line(page: Page) -> None:
    damaged = page.text.replace(page.identifier, "none yet").replace("1,200", "many")
    with pytest.raises(registry.UnreadablePage) as refusal:
        READERS[page.reader].read(damaged, "page.txt")
    lines = damaged.splitlines()
    assert [lines[problem.line - 1] for problem in refusal.value.problems] == ["none yet", "many"]


@by_page
def test_an_empty_page_is_refused_and_never_a_record(page: Page) -> None:
    with pytest.raises(registry.UnreadablePage):
        READERS[page.reader].read("", "page.txt")


@by_page
def test_any_page_cut_short_is_either_read_or_refused_with_places(page: Page) -> None:
    refusals: list[registry.UnreadablePage] = []
    for end in range(0, len(page.text), 37):
        try:
            record = READERS[page.reader].read(page.text[:end], "page.txt")
        except registry.UnreadablePage as error:
            refusals.append(error)
        else:
            check_record(record, page.text[:end])
    assert all(problem.message for error in refusals for problem in error.problems)
    assert refusals
    assert all(error.problems for error in refusals)


@given(st.data())
@settings(max_examples=60)
def test_any_page_that_lost_or_doubled_lines_is_either_read_or_refused(data: st.DataObject) -> None:
    page = data.draw(st.sampled_from(PAGES))
    lines = page.text.splitlines()
    copies = data.draw(st.lists(st.sampled_from([0, 1, 1, 1, 1, 2]), min_size=len(lines), max_size=len(lines)))
    damaged = "\n".join(line for line, times in zip(lines, copies, strict=True) for _ in range(times))
    try:
        record = READERS[page.reader].read(damaged, "page.txt")
    except registry.UnreadablePage as refusal:
        places = [problem.line for problem in refusal.problems]
        event("refused" if places == sorted(places) else "out of order")
    else:
        check_record(record, damaged)


@pytest.mark.parametrize(("reader", "path"), [(name, path) for name, paths in SAVED.items() for path in paths])
def test_every_real_saved_page_is_read(shared: Path, reader: str, path: str) -> None:
    record = registry.read(shared / path)
    assert record.reader == reader
    check_record(record, (shared / path).read_text(encoding="utf-8"))


def test_a_file_that_nobody_reads_is_refused_with_what_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(registry.UnreadablePage, match="MedPath"):
        registry.read(tmp_path / "note.txt")


def test_bytes_that_are_no_text_are_refused_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_bytes(b"MedPath\nfine\n\xff\xfe\nfine\n\xe9t\xe9\n")
    with pytest.raises(registry.UnreadablePage) as refusal:
        registry.read(tmp_path / "note.txt")
    assert [problem.line for problem in refusal.value.problems] == [3, 5]
