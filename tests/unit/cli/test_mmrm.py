"""`trialwright mmrm`: what it prints and writes, what it refuses, and that a refusal leaves nothing behind."""

import csv
import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from tests.unit.analysis.mmrm.imagined import VISITS, imagined
from typer.testing import CliRunner, Result

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.mmrm import mmrm
from trialwright.analysis.mmrm.export import sheets
from trialwright.cli import app
from trialwright.cli.mmrm import on_terminal

ROLES = ("--participant", "id", "--visit", "visit", "--arm", "arm", "--reference", "P")


def run(file: Path, *more: str, formula: str = "y ~ base + arm*visit") -> Result:
    return CliRunner().invoke(app, ["mmrm", str(file), "--formula", formula, *ROLES, *more])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "trial.csv"
    imagined().write_csv(path, null_value="NA")
    return path


def test_json_is_the_fit_of_the_same_table(file: Path) -> None:
    result = run(file, "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    fit = mmrm("y ~ base + arm*visit", imagined(), participant="id", visit="visit", arm="arm", reference="P")
    assert found["loglik"] == pytest.approx(fit.loglik, abs=1e-9)
    assert [(row["visit"], row["contrast"]) for row in found["contrasts"]] == [(visit, "A - P") for visit in VISITS]
    assert found["contrasts"][2]["p"] == pytest.approx(fit.contrasts.p[2], rel=1e-8)
    assert found["left_out"] == {"y": imagined()["y"].null_count()}


def test_without_json_whole_aligned_lines_go_into_a_pipe(file: Path) -> None:
    result = run(file)
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert "Differences between arms (95 % limits)" in result.stdout.splitlines()


@pytest.mark.parametrize(
    "options",
    [
        ("--covariance", "csh", "--df", "satterthwaite", "--method", "ML"),
        ("--df", "kenward-roger"),
        ("--df", "between-within", "--variance", "empirical"),
        ("--groups", "sex", "--covariance", "cs"),
        ("--weights", "weight", "--level", "0.9"),
        ("--covariance", "sp_exp", "--times", "4,8,12"),
        ("--visits", "W12, W8, W4"),
    ],
)
def test_every_option_reaches_the_fit(options: tuple[str, ...], file: Path) -> None:
    plain, other = json.loads(run(file, "--json").stdout), run(file, "--json", *options)
    assert other.exit_code == 0
    assert json.loads(other.stdout) != plain


def test_a_folder_gets_the_fit_and_a_file_for_each_table(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    result = run(file, "--out", str(out), "--json")
    assert sorted(one.name for one in out.iterdir()) == [
        "coefficients.csv", "contrasts.csv", "covariance.csv", "fit.json", "fit.txt", "means.csv", "tests.csv",
    ]  # fmt: skip
    found = json.loads((out / "fit.json").read_text(encoding="utf-8"))
    assert found == json.loads(result.stdout)
    rows = list(csv.DictReader(io.StringIO((out / "contrasts.csv").read_text(encoding="utf-8"))))
    assert [float(row["estimate"]) for row in rows] == [row["estimate"] for row in found["contrasts"]]


def test_a_refusal_names_the_line_and_writes_nothing(file: Path, tmp_path: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    cells = lines[4].split(",")
    lines[4] = ",".join([*cells[:4], '"51,2"', *cells[5:]])
    file.write_text("\n".join(lines), encoding="utf-8")
    result = run(file, "--out", str(tmp_path / "out"))
    assert isinstance(result.exception, NotEstimable)
    assert str(result.exception) == f"{file}: line 5, column 'base': '51,2' has a decimal comma; write 51.2."
    assert result.stdout == ""
    assert not (tmp_path / "out").exists()


def test_wrong_usage_has_its_own_exit_code(file: Path) -> None:
    assert run(file, "--times", "a,b").exit_code == 2
    assert run(file, "--out", str(file)).exit_code == 2
    assert CliRunner().invoke(app, ["mmrm", str(file)]).exit_code == 2


def test_a_terminal_gets_the_same_figures(file: Path) -> None:
    fit = mmrm("y ~ base + arm*visit", file, participant="id", visit="visit", arm="arm", reference="P")
    console = Console(width=200, record=True, file=io.StringIO())
    on_terminal(fit, console)
    shown = " ".join(console.export_text().split())
    for sheet in sheets(fit):
        assert sheet.title in shown
        for row in sheet.rows:
            assert " ".join(row) in shown
