"""The programs that are rehearsed here: the small trial of the tests, and the reference trial."""

from pathlib import Path

import pytest

from trialwright import design, simulate

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "trials" / "time-is-muscle"
SMALL = ROOT / "tests" / "trials" / "small"


@pytest.fixture(scope="session")
def reference() -> simulate.Program:
    return simulate.program(simulate.read(REFERENCE), design.read(REFERENCE))


@pytest.fixture(scope="session")
def small() -> simulate.Program:
    return simulate.program(simulate.read(SMALL), design.read(SMALL))
