"""The figures that `make bench` keeps."""

from pathlib import Path

from bench.__main__ import as_table, write


def test_rows_become_a_table_with_columns_as_they_first_appear() -> None:
    table = as_table([{"what": "pages", "per second": 512.25}, {"what": "draws", "ratio": None}])
    assert table.splitlines() == [
        "| what  | per second | ratio |",
        "|-------|------------|-------|",
        "| pages | 512.2      |       |",
        "| draws |            |       |",
    ]


def test_a_benchmark_that_was_not_run_keeps_its_figures(tmp_path: Path) -> None:
    page = tmp_path / "bench.md"
    write(page, {"ledger": "old ledger\n\nwith two paragraphs", "tis": "old score"})
    write(page, {"tis": "new score"})
    text = page.read_text(encoding="utf-8")
    assert "old ledger\n\nwith two paragraphs" in text
    assert "new score" in text
    assert "old score" not in text
    before = text
    write(page, {"tis": "new score"})
    assert page.read_text(encoding="utf-8") == before
