"""What every test may ask for."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.plugins.requirements", "tests.plugins.databases", "tests.plugins.worlds"]

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real files and reference values that is never shipped; without it the test says it was skipped."""
    data = os.environ.get("TRIALWRIGHT_DATA")
    root = Path(data).parent if data else HERE.parent.parent / "shared"
    if not (root / "data").is_dir():
        pytest.skip("the shared reference files are absent (set TRIALWRIGHT_DATA to the shared data folder)")
    return root
