"""`trialwright registry import` on a terminal and in a pipe."""

import json
from pathlib import Path

import pytest
from tests.contract.registry_pages import MEDPATH
from typer.testing import CliRunner

from trialwright.cli.registry import registry_app

RUN = CliRunner()


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.txt"
    path.write_text(MEDPATH, encoding="utf-8")
    return path


def test_a_page_becomes_a_record_in_json(page: Path) -> None:
    result = RUN.invoke(registry_app, ["import", str(page), "--json"])
    assert result.exit_code == 0
    content = json.loads(result.stdout)
    assert content["record"]["identifiers"] == [{"register": "ClinicalTrials.gov", "value": "NCT01234567"}]
    assert "comparison" not in content


def test_a_page_is_shown_to_a_person_with_what_it_lost(page: Path) -> None:
    result = RUN.invoke(registry_app, ["import", str(page)])
    assert result.exit_code == 0
    assert "What the page lost" in result.stdout
    assert "E1.1.1 except Stable" in result.stdout


def test_the_answer_goes_to_a_file(page: Path, tmp_path: Path) -> None:
    target = tmp_path / "record.json"
    result = RUN.invoke(registry_app, ["import", str(page), "--json", "-o", str(target)])
    assert (result.exit_code, result.stdout) == (0, "")
    assert json.loads(target.read_text(encoding="utf-8"))["record"]["reader"] == "medpath"


def test_a_damaged_page_gives_every_error_and_writes_nothing(page: Path, tmp_path: Path) -> None:
    page.write_text(MEDPATH.replace("NCT01234567", "none").replace("1,200", "many"), encoding="utf-8")
    target = tmp_path / "record.json"
    result = RUN.invoke(registry_app, ["import", str(page), "-o", str(target)])
    assert result.exit_code == 1
    assert not target.exists()
    assert [line.split(":")[1].strip() for line in result.stderr.splitlines()] == ["line 10", "line 28"]


def test_a_definition_that_cannot_be_read_gives_its_errors_and_writes_nothing(page: Path, tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text("trialwright: '1'\n", encoding="utf-8")
    target = tmp_path / "record.json"
    arguments = ["import", str(page), "--compare", str(tmp_path), "-o", str(target)]
    result = RUN.invoke(registry_app, arguments)
    assert result.exit_code == 1
    assert "title" in result.stderr
    assert not target.exists()
