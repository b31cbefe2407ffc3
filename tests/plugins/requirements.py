"""Keeps the last result of each test, with the requirements that the test names: the evidence behind the matrix.

Nothing is written unless `--record=FILE` asks for it (`make test` does). A partial run renews only the tests that it
ran; each entry says when, with which version, and on which Python and databases.
"""

import json
import os
import platform
import re
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

KEY = "requirement"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--record FILE`: where the last results are kept."""
    parser.addoption("--record", default=None, metavar="FILE", help="keep each test's last result in this JSON file")


def pytest_configure(config: pytest.Config) -> None:
    """Record in the process that hears every report; the workers of a parallel run only send theirs."""
    if config.getoption("record") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Record(config.rootpath / config.getoption("record")), "requirements-record")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each report carry the requirements that its test names."""
    for item in items:
        for mark in item.iter_markers(KEY):
            item.user_properties.extend((KEY, name) for name in mark.args)


class Record:
    """What the run said of each test, merged into the file at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run = circumstances()
        self.tests: dict[str, dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The worst of set-up, call and tear-down is the outcome."""
        if report.when != "call" and report.passed:
            return
        entry = self.tests.get(report.nodeid)
        if entry is None or report.failed:
            reason = str(report.longrepr[2]) if report.skipped and isinstance(report.longrepr, tuple) else None
            names = sorted({str(value) for key, value in report.user_properties if key == KEY})
            self.tests[report.nodeid] = {"outcome": report.outcome, KEY: names, "reason": reason, **self.run}

    def pytest_sessionfinish(self) -> None:
        """Merge with what earlier runs left."""
        known = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**known, **self.tests}, indent=1, sort_keys=True)
        self.path.write_text(text + "\n", encoding="utf-8")


def circumstances() -> dict[str, str]:
    """When, which version, which Python and databases."""
    return {
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"),
        "version": version("trialwright"),
        "commit": _said("git", "describe", "--always", "--dirty"),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "postgres": _postgres(),
    }


def _postgres() -> str:
    servers = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    said = _said(str(servers[-1]) if servers else "postgres", "--version")
    number = re.search(r"\d+\.\d+", said)
    if os.environ.get("TRIALWRIGHT_TEST_PG"):
        return "as given by TRIALWRIGHT_TEST_PG"
    return number.group() if number else "unknown"


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() or "unknown"
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
