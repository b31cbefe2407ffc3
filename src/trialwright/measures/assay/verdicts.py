"""What a rule says of a plate: met, not met, or not judged, with the numbers and the wells."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

SLACK = 1e-9
"""A value on a limit fulfils it; what binary arithmetic adds in the last digits is no deviation."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule about one plate. `met` is None where there was nothing to judge. A `decisive` rule that is not met
    rejects the plate; any other is a remark. `found` and `limit` are the numbers compared, `status` how well the limit
    is known, `wells` those that did not fulfil it."""

    rule: str
    met: bool | None
    sentence: str
    decisive: bool = True
    found: float | None = None
    limit: float | None = None
    status: str = ""
    wells: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """As printed."""
        return {True: "met", False: "not met", None: "not judged"}[self.met]


def accepted(verdicts: Sequence[Verdict]) -> bool:
    """Whether every decisive rule is met; one that was not judged rejects nothing."""
    return not any(verdict.decisive and verdict.met is False for verdict in verdicts)


def at_most(found: float, limit: float) -> bool:
    """found <= limit, but for rounding in the last binary digits; never of a missing number."""
    return math.isfinite(found) and found <= limit + SLACK * max(1.0, abs(limit))


def at_least(found: float, limit: float) -> bool:
    """found >= limit, but for rounding; never of a missing number."""
    return math.isfinite(found) and found >= limit - SLACK * max(1.0, abs(limit))


def deviation(found: float, nominal: float) -> float:
    """(found - nominal) / nominal; missing where either is."""
    return (found - nominal) / nominal if nominal else math.nan


def cv(values: Sequence[float]) -> float | None:
    """The coefficient of variation, standard deviation (n - 1) over mean; None of fewer than two values, missing where
    one of them is, infinite where the mean is not above 0."""
    if len(values) < 2:
        return None
    if not all(map(math.isfinite, values)):
        return math.nan
    middle = math.fsum(values) / len(values)
    scatter = math.sqrt(math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1))
    return scatter / middle if middle > 0 else math.inf


def percent(share: float | None) -> str:
    """A share as people read it: `23.4 %`; a dash for none."""
    if share is None or not math.isfinite(share):
        return "–"
    return f"{100 * share:.1f} %".replace("-", "−").replace(".0 %", " %")
