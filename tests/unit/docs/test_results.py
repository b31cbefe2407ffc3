"""The last result of each test is kept, with what it proves and under what it ran."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TESTS = """
import pytest

@pytest.mark.requirement("AT1", "AT2")
@pytest.mark.parametrize("n", [1, 2])
def test_kept(n):
    assert n != FAILS

def test_absent():
    pytest.skip("nothing here")
"""


def run(folder: Path, fails: int, *more: str) -> dict[str, dict[str, object]]:
    """The file of results after a run in which case `fails` fails."""
    (folder / "test_some.py").write_text(TESTS.replace("FAILS", str(fails)), encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = requirement(*ids): proves\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.plugins.requirements",
        "--record=out/results.json",
        *more,
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    return json.loads((folder / "out/results.json").read_text(encoding="utf-8"))


@pytest.mark.requirement("VA3")
def test_each_case_is_kept_and_a_partial_run_renews_only_what_it_ran(tmp_path: Path) -> None:
    first = run(tmp_path, 2)
    kept = {id.partition("::")[2]: (entry["outcome"], entry["requirement"]) for id, entry in first.items()}
    assert kept == {
        "test_kept[1]": ("passed", ["AT1", "AT2"]),
        "test_kept[2]": ("failed", ["AT1", "AT2"]),
        "test_absent": ("skipped", []),
    }
    assert "nothing here" in str(first["test_some.py::test_absent"]["reason"])
    assert all(entry["python"] and entry["sqlite"] and entry["version"] and entry["at"] for entry in first.values())
    second = run(tmp_path, 1, "-k", "2", "-n", "1")
    assert second["test_some.py::test_kept[2]"]["outcome"] == "passed"
    assert second["test_some.py::test_kept[1]"] == first["test_some.py::test_kept[1]"]
