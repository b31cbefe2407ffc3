"""The budgets find what they count: each is given one breach."""

from pathlib import Path

import pytest
from tests.architecture import budgets

ROOT = Path(__file__).resolve().parents[2]

BREACHES = [
    ("src/trialwright/measures/long.py", "def f():\n" + "    x = 1\n" * 81, "f has 82 lines"),
    ("src/trialwright/measures/long.py", "x = 1\n" * 601, "601 lines"),
    ("src/trialwright/ledger/x.py", "half = 0.5\n", "a binary float"),
    ("src/trialwright/allocation/x.py", "half = float('0.5')\n", "a binary float"),
    ("src/trialwright/report/helpers.py", "", "'helpers' says nothing"),
    ("src/trialwright/report/base_report.py", "", "'base_report' says nothing"),
    ("requirements.lock", "--index-" + "url https://mirror.example/simple\n", "a package index address"),
    ("notes.txt", "see /ho" + "me/someone/file\n", "a path of one machine"),
    ("docs/page.md", "[gone](nowhere.md)\n", "leads nowhere"),
    ("docs/page.md", "# Title\n[gone](page.md#other)\n", "has no #other"),
]

KEPT = [
    ("src/trialwright/measures/x.py", "half = 0.5\n"),
    ("src/trialwright/design/x.py", "close = get_close_matches(word, words, cutoff=0.6)\n"),
    ("docs/page.md", "# A title, with `code`\n[here](#a-title-with-code) [out](https://example.org)\n"),
    ("docs/page.md", "```\n[not a link](nowhere.md)\n```\n"),
]


@pytest.mark.parametrize(("name", "text", "say"), BREACHES, ids=[row[2] for row in BREACHES])
def test_a_breach_is_named_with_its_place(tmp_path: Path, name: str, text: str, say: str) -> None:
    write(tmp_path, name, text)
    found, _ = budgets.breaches(tmp_path)
    assert [breach.path for breach in found] == [name]
    assert say in found[0].say


@pytest.mark.parametrize(("name", "text"), KEPT, ids=[row[0] for row in KEPT])
def test_what_is_allowed_is_let_be(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, name, text)
    assert budgets.breaches(tmp_path)[0] == []


def test_the_project_keeps_its_own_budgets() -> None:
    found, _ = budgets.breaches(ROOT)
    assert found == []


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
