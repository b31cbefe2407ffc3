"""`trialwright rehearse` as people call it."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trialwright.cli import app

SMALL = Path(__file__).resolve().parents[2] / "trials" / "small"


def run(*arguments: str) -> object:
    return CliRunner().invoke(app, ["rehearse", str(SMALL), *arguments])


def test_a_table_is_printed_and_files_are_written(tmp_path: Path) -> None:
    done = run("--times", "3", "--seed", "4", "--out", str(tmp_path / "new"))
    assert done.exit_code == 0, done.output
    assert "Seals of all trials" in done.output
    assert "Caveat: Everything is invented." in done.output
    kept = json.loads((tmp_path / "new" / "summary.json").read_text(encoding="utf-8"))
    rows = list(csv.DictReader((tmp_path / "new" / "trials.csv").read_text(encoding="utf-8").splitlines()))
    assert kept["times"] == len(rows) == 3
    assert [row["trial"] for row in rows] == ["0", "1", "2"]


def test_json_is_the_summary_alone() -> None:
    done = run("--times", "2", "--json")
    assert json.loads(done.stdout)["seed"] == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--times", "0"), 2), (("--seed", "-1"), 2), (("--workers", "0"), 2), (("--out", __file__), 2)],
)
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...], code: int) -> None:
    assert run(*arguments).exit_code == code


def test_an_unknown_scenario_is_refused_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    done = run("--scenario", "wroks")
    assert done.exit_code == 1
    assert "no scenario 'wroks'" in str(done.exception)
