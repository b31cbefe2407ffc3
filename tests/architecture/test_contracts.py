"""The import contracts catch what they are there for: each is given one violation in a copy of the package."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports(no_cache=True, no_logo=True))"

VIOLATIONS = [
    ("layers", "measures/planted.py", "import trialwright.conduct", "measures may not know conduct"),
    ("layers", "report/planted.py", "import trialwright.exchange", "packages on one line never import each other"),
    ("layers", "logic/planted.py", "import trialwright.design", "logic stands below design"),
    ("layers", "utils/__init__.py", "", "a new package must be placed"),
    ("django", "report/planted.py", "import django.utils.html", "a report renders without Django"),
    ("django", "cli/planted.py", "def late():\n    import psycopg", "a late import is an import"),
    ("models", "web/planted.py", "from trialwright.store import models", "a page reads through store's functions"),
    ("pure", "ledger/planted.py", "import numpy", "a fact needs no array"),
    ("pure", "logic/planted.py", "import scipy.stats", "nor does a condition"),
    ("pure", "design/planted.py", "import trialwright.logic.planted", "not even by way of another module"),
]

TO_THE_VAULT = [
    ("report/planted.py", "from trialwright.ledger import vault", "a report has no way to the vault"),
    ("web/planted.py", "from trialwright.ledger.vault import Vault", "nor has a web page"),
    ("simulate/planted.py", "import trialwright.ledger.vault", "nor has the rest of simulate"),
]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the package tree with the project's own contracts."""
    shutil.copytree(
        ROOT / "src",
        tmp_path / "src",
        ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "static", "templates"),
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(house: Path) -> tuple[int, str]:
    """The linter's exit status and what it printed about the copy."""
    run = subprocess.run(
        [sys.executable, "-c", LINT],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house / "src"), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr


def test_the_tree_as_it_stands_keeps_every_contract(house: Path) -> None:
    status, said = lint(house)
    assert status == 0, said
    assert "5 kept, 0 broken" in said


@pytest.mark.parametrize(("contract", "where", "code", "why"), VIOLATIONS, ids=[row[3] for row in VIOLATIONS])
def test_a_planted_violation_is_caught(house: Path, contract: str, where: str, code: str, why: str) -> None:
    if where == "design/planted.py":
        plant(house, "logic/planted.py", "import polars")
    plant(house, where, code)
    assert caught(house, contract)


@pytest.mark.requirement("BL2")
@pytest.mark.parametrize(("where", "code", "why"), TO_THE_VAULT, ids=[row[2] for row in TO_THE_VAULT])
def test_a_new_way_to_the_vault_stops_the_build(house: Path, where: str, code: str, why: str) -> None:
    plant(house, where, code)
    assert caught(house, "vault")


def plant(house: Path, where: str, code: str) -> None:
    path = house / "src" / "trialwright" / where
    path.parent.mkdir(exist_ok=True)
    path.write_text(code + "\n", encoding="utf-8")


def caught(house: Path, contract: str) -> bool:
    """Whether the linter fails and names this contract as broken."""
    settings = tomllib.loads((house / "pyproject.toml").read_text(encoding="utf-8"))
    names = {entry["id"]: entry["name"] for entry in settings["tool"]["importlinter"]["contracts"]}
    status, said = lint(house)
    return status == 1 and f"{names[contract]} BROKEN" in said
