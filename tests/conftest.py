"""What every test may ask for."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Continuous integration must answer the same for the same commit: there the examples are drawn from a fixed seed.
# Everywhere else every run tries new ones. A busy machine is no failure.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")

pytest_plugins = [
    "tests.plugins.requirements",
    "tests.plugins.databases",
    "tests.plugins.kernel",
    "tests.plugins.worlds",
]

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real files and reference values that is never shipped; without it the test says it was skipped."""
    data = os.environ.get("TRIALWRIGHT_DATA")
    root = Path(data).parent if data else HERE.parent.parent / "shared"
    if not (root / "data").is_dir():
        pytest.skip("the shared reference files are absent (set TRIALWRIGHT_DATA to the shared data folder)")
    return root
