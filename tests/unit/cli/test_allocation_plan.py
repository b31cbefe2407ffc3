"""`trialwright allocation plan` as people call it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from trialwright.cli import app

SMALL = Path(__file__).resolve().parents[2] / "trials" / "small"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["allocation", "plan", str(SMALL), "--trials", "50", *arguments])


def test_the_table_fits_a_hundred_columns_and_marks_what_is_simulated() -> None:
    done = run()
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    table = lines[: next(place for place, line in enumerate(lines) if line.startswith("Guessed:"))]
    assert max(len(line) for line in table) <= 100
    assert "\x1b" not in done.output
    assert "…" not in done.output
    blocks = next(line for line in table if line.strip().startswith("blocks 4/6"))
    assert "68.0" in blocks
    assert "~68.0" not in blocks
    assert "Recommended: " in done.output


def test_json_and_files_hold_every_method_with_its_error(tmp_path: Path) -> None:
    done = run("--json", "--out", str(tmp_path / "new"), "--seed", "3")
    found = json.loads(done.stdout)
    assert json.loads((tmp_path / "new" / "plan.json").read_text(encoding="utf-8")) == found
    assert (tmp_path / "new" / "plan.svg").read_text(encoding="utf-8").count("<svg") == 1
    assert (tmp_path / "new" / "plan.png").stat().st_size > 10_000
    assert found["seed"] == 3
    assert found["trials"] == 50
    by_name = {row["name"]: row for row in found["methods"]}
    assert len(by_name) == 27
    assert by_name["blocks 4"]["guesses"] == {"value": pytest.approx(17 / 24), "error": None, "exact": True}
    assert by_name["minimisation 0.8"]["needs_allocator"]
    assert by_name["minimisation 0.8"]["guesses"]["error"] > 0
    assert found["recommended"] in by_name


def test_the_annex_is_not_asked_for() -> None:
    """What the command prints is a function of the definition and the scenario, which carry no block size."""
    assert run("--json").stdout == run("--json").stdout


@pytest.mark.parametrize(
    ("arguments", "code"), [(("--trials", "1"), 2), (("--seed", "-1"), 2), (("--out", __file__), 2)]
)
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...], code: int) -> None:
    assert run(*arguments).exit_code == code


def test_an_unknown_scenario_is_refused_in_a_sentence() -> None:
    done = run("--scenario", "wroks")
    assert done.exit_code == 1
    assert "no scenario 'wroks'" in str(done.exception)
