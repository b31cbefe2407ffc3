"""What a report is told about its circumstances, and the programs that made it."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

from trialwright.analysis.unblinding_risk import Risk

PROGRAMS = ("trialwright", "numpy", "scipy", "polars", "matplotlib")


def programs() -> dict[str, str]:
    """The versions of the programs that the numbers came through."""
    return {"python": platform.python_version(), **{name: version(name) for name in PROGRAMS}}


@dataclass(frozen=True, slots=True)
class Context:
    """Where the data come from and what stands behind them.

    `imaginary` says in a sentence that the participants were made up (a rehearsal, a demonstration); empty for a real
    trial. `written_at` is an instant in text, handed in; without it the report carries none, and the same data give
    the same bytes. `expected`: what laboratory values were expected to tell of the arm, from imagined trials; shown to
    unblinded readers alone. `seals` are further proofs to print: the signed head, the root of the allocation list.
    """

    imaginary: str = ""
    written_at: str | None = None
    seals: Mapping[str, str] = field(default_factory=dict)
    expected: Sequence[Risk] = ()
    versions: Mapping[str, str] = field(default_factory=programs)
