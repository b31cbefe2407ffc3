"""The imagined worlds that these tests look at: the reference trial, and a small one of another disease."""

from pathlib import Path

import pytest

from trialwright import design, simulate
from trialwright.design.model import Definition

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT / "trials" / "time-is-muscle"
SMALL = ROOT / "tests" / "trials" / "small"


@pytest.fixture(scope="session")
def reference_definition() -> Definition:
    return design.read(REFERENCE)


@pytest.fixture(scope="session")
def reference(reference_definition: Definition) -> simulate.Program:
    """The reference trial under its default scenario."""
    return simulate.program(simulate.read(REFERENCE), reference_definition)


@pytest.fixture(scope="session")
def small_definition() -> Definition:
    return design.read(SMALL)


@pytest.fixture(scope="session")
def small(small_definition: Definition) -> simulate.Program:
    """The small trial of the tests under its default scenario."""
    return simulate.program(simulate.read(SMALL), small_definition)
