"""What may be said after a sequential trial has stopped, and what may be said at any look.

After stopping at look k with Z = z, the stage-wise ordering (Armitage 1957; Fairbanks and Madsen 1982; Tsiatis, Rosner
and Mehta 1984) calls more extreme: an earlier stop above, or the same look with a larger Z. Then

    p(theta) = P_theta(stop above before k) + P_theta(go on until k, Z_k >= z)

is the one-sided p value at theta = 0, and its roots for 1/2 and the two tails are the median-unbiased estimate and the
confidence limits. Repeated intervals (Jennison and Turnbull 1989), Z_k -+ bound_k, hold at every look, whether or not
one stops.
"""

from dataclasses import dataclass
from math import inf, sqrt

from scipy.optimize import brentq

from trialwright.analysis.estimates import Interval
from trialwright.analysis.sequential import recursion
from trialwright.analysis.sequential.boundaries import Boundaries
from trialwright.analysis.sequential.characteristics import lower_bounds
from trialwright.analysis.sequential.refusal import BadDesign


@dataclass(frozen=True, slots=True)
class Final:
    """After stopping: the stage-wise p of the null hypothesis, one-sided or two-sided as the design is; the
    median-unbiased estimate with its interval, in the unit of the estimate; and the naive estimate, which is biased."""

    p: float
    interval: Interval
    naive: float


def stagewise_p(design: Boundaries, look: int, z: float, drift: float = 0.0) -> float:
    """One-sided p in the stage-wise ordering; `look` counts from 1. Futility bounds count only where they bind."""
    refuse_look(design, look, z)
    upper = [*design.upper[: look - 1], z]
    down = lower_bounds(design, obeyed=False)[: look - 1]
    return sum(recursion.crossing([*down, -inf], upper, design.information[:look], drift)[1])


def final(design: Boundaries, look: int, z: float, se: float) -> Final:
    """The analysis after stopping at `look` with statistic `z` and standard error `se` of the estimate `z se`.

    The interval has level 1 - 2 alpha in a one-sided design and 1 - alpha in a two-sided one.
    """
    if not 0 < se < inf:
        raise BadDesign(f"The standard error must be above 0; it is {se}.")
    tail = design.alpha / design.sided
    unit = se * sqrt(design.information[look - 1]) if 1 <= look <= design.looks else se
    p = stagewise_p(design, look, z)
    middle, low, high = (_drift_at(design, look, z, share) * unit for share in (0.5, tail, 1 - tail))
    reported = p if design.sided == 1 else 2 * min(p, 1 - p)
    return Final(reported, Interval(middle, low, high, 1 - 2 * tail), z * se)


def repeated(design: Boundaries, look: int, z: float, se: float) -> Interval:
    """The repeated interval at that look: estimate -+ bound times standard error; infinite where it may spend none."""
    refuse_look(design, look, z)
    half = design.upper[look - 1] * se
    return Interval(z * se, z * se - half, z * se + half, 1 - 2 * design.alpha / design.sided)


def _drift_at(design: Boundaries, look: int, z: float, share: float) -> float:
    """The drift under which the stage-wise p is `share`; it rises with the drift."""
    middle = z / sqrt(design.information[look - 1])
    low, high = middle - 1, middle + 1
    for _ in range(60):
        if stagewise_p(design, look, z, low) <= share:
            break
        low -= high - low
    for _ in range(60):
        if stagewise_p(design, look, z, high) >= share:
            break
        high += high - low
    return float(brentq(lambda drift: stagewise_p(design, look, z, drift) - share, low, high, xtol=1e-12, rtol=1e-13))


def refuse_look(design: Boundaries, look: int, z: float) -> None:
    """Raise BadDesign for a look that the design does not have, or a statistic that is no number."""
    if not 1 <= look <= design.looks:
        raise BadDesign(f"The design has looks 1 to {design.looks}; there is no look {look}.")
    if not abs(z) <= 30:
        raise BadDesign(f"The statistic Z must be a number between -30 and 30; it is {z:g}.")
