"""The reference trial and what its scenarios say, for the paragraphs of this chapter."""

from pathlib import Path

import pytest

from trialwright import design, simulate
from trialwright.design.model import Definition

REFERENCE = Path(__file__).resolve().parents[3] / "trials" / "time-is-muscle"


@pytest.fixture(scope="session")
def definition() -> Definition:
    return design.read(REFERENCE)


@pytest.fixture(scope="session")
def scenarios() -> simulate.Read:
    return simulate.read(REFERENCE)


@pytest.fixture(scope="session")
def protocol_like(definition: Definition, scenarios: simulate.Read) -> simulate.Program:
    return simulate.program(scenarios, definition, "protocol")
