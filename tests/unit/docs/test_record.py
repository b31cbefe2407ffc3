"""The manual and the validation record say what the tests say, and hide nothing."""

from pathlib import Path

import pytest
from docs.build import last_results, matrix, proofs, verdict
from docs.specification import markdown, sections

SPEC = '''"""How somebody sleeps."""
import pytest

COMMON = {"hours": "8"}

@pytest.mark.requirement("AT1", "AT2")
def test_sleep_is_kept_in_utc():
    """In words."""
    table = [("Ann", {**COMMON, "day": None}, True), ("Bob", {"hours": limit()}, False)]
    for name, given, kept in table:
        assert bool(given) is kept

@pytest.mark.parametrize(("who", "says"), [("nurse", "a | b"), pytest.param("monitor", "", id="x")])
def test_who_speaks(who, says):
    assert who
'''
REQUIREMENTS = [
    {
        "chapter": "Sleep",
        "requirements": {
            "AT1": {"text": "Sleep is kept.", "source": "a rule*"},
            "AT2": {"text": "All of it.", "source": "a rule", "open": "naps."},
            "AT3": {"text": "Dreams are kept.", "source": "a rule"},
        },
    }
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one test file."""
    (tmp_path / "tests/spec/night").mkdir(parents=True)
    (tmp_path / "tests/spec/night/test_sleep.py").write_text(SPEC, encoding="utf-8")
    return tmp_path


def test_a_test_is_read_as_sentence_prose_table_and_requirements(project: Path) -> None:
    [section] = sections(project)
    kept, speaks = section.paragraphs
    assert (section.chapter, section.title, section.intro) == ("night", "Sleep", "How somebody sleeps.")
    assert (kept.sentence, kept.prose, kept.requirements) == ("Sleep is kept in UTC.", "In words.", ("AT1", "AT2"))
    assert kept.id == "tests/spec/night/test_sleep.py::test_sleep_is_kept_in_utc"
    assert kept.table is not None
    assert kept.table.rows == [["Ann", "hours 8, day —", "yes"], ["Bob", "hours `limit()`", "no"]]
    assert speaks.table is not None
    assert markdown(speaks.table).splitlines()[2:] == ["| nurse | a \\| b |", "| monitor | (empty) |"]


@pytest.mark.requirement("VA1", "VA3")
def test_a_requirement_without_a_test_is_shown_as_open_and_a_failure_as_one(project: Path) -> None:
    entry = {
        "at": "2026-03-02T08:00Z",
        "version": "0.1.0",
        "commit": "abc",
        "python": "3.11.7",
        "sqlite": "3.40",
        "postgres": "15.1",
    }
    id = "tests/spec/night/test_sleep.py::test_sleep_is_kept_in_utc"
    table = [
        ("passed", "shown", "shown in part"),
        ("failed", "**FAILS**", "**FAILS**"),
        ("skipped", "not run", "not run"),
    ]
    for outcome, first, second in table:
        page = matrix(REQUIREMENTS, sections(project), {id: [{**entry, "outcome": outcome}]})
        lines = {line.split(" | ")[0]: line for line in page.splitlines()}
        assert lines["| AT1"].endswith(f"{outcome} 1 | {first} |")
        assert lines["| AT2"].endswith(f"| {second} |")
        assert "Open: naps." in lines["| AT2"]
        assert lines["| AT3"].endswith("| **open**: no test |")
        assert "Open: AT3." in page
        for circumstance in ("0.1.0 (abc)", "Python 3.11.7", "SQLite 3.40", "PostgreSQL 15.1", "2026-03-02T08:00Z"):
            assert circumstance in page


def test_a_requirement_is_shown_only_when_every_case_of_every_test_passed() -> None:
    passed, skipped = {"outcome": "passed"}, {"outcome": "skipped"}
    table = [
        ([[passed]], "shown"),
        ([[passed, passed], [passed]], "shown"),
        ([[passed], []], "shown in part"),
        ([[passed, skipped]], "shown in part"),
        ([[]], "not run"),
        ([], "**open**: no test"),
    ]
    for runs, stands in table:
        assert verdict(runs) == stands


def test_cases_of_one_test_are_counted_together(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_text(
        '{"t.py::test_x[a]": {"outcome": "passed"}, "t.py::test_x[b]": {"outcome": "failed"}}', encoding="utf-8"
    )
    assert last_results(file) == {"t.py::test_x": [{"outcome": "passed"}, {"outcome": "failed"}]}
    assert last_results(tmp_path / "none.json") == {}


def test_a_long_proof_is_printed_with_its_faults_and_circumstances() -> None:
    entry = {
        "draws": 100_000, "trials": 100, "kills": 7, "repeated": 3, "raced": 2, "exhausted": 1, "faults": ["double: x"],
        "riding": 500.0, "seconds": 600.0, "on": "2026-03-02", "python": "3.11", "sqlite": "3.40", "postgres": "15",
    }  # fmt: skip
    row = proofs({"sealed list on sqlite": entry}).splitlines()[-4]
    assert row.startswith(
        "| sealed list on sqlite | 100,000 | 100 | 7 | 3 | 2 | 1 | 1 | 200 | 10 | 2026-03-02, Python 3.11"
    )
