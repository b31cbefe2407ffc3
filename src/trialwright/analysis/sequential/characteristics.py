"""What a group-sequential design costs and gains: chances to stop, power, drift, inflation, expected size.

The drift is the expected Z at full information: theta sqrt(I_max). A single look with the same error and power needs
the drift z(1 - alpha / sides) + z(power); the square of the ratio of the two drifts is the inflation factor, by which
the largest sample size exceeds that of a trial without interim looks (Jennison and Turnbull 2000, section 2.3).
"""

from dataclasses import dataclass
from math import inf, sqrt

from scipy.special import ndtri

from trialwright.analysis.sequential import recursion
from trialwright.analysis.sequential.boundaries import Boundaries
from trialwright.analysis.sequential.refusal import BadDesign
from trialwright.analysis.sequential.roots import root


@dataclass(frozen=True, slots=True)
class Exits:
    """Under one drift: the chance to stop at each look above and below, and where trials end on average.

    `above` sums to the power. In a two-sided design `below` is the lower efficacy bound; in a one-sided design with
    futility it is futility, the last entry being the failure to reject. `information` is the expected information as a
    fraction of the planned one: times the largest sample size, the expected one.
    """

    drift: float
    above: tuple[float, ...]
    below: tuple[float, ...]
    power: float
    information: float


@dataclass(frozen=True, slots=True)
class Characteristics:
    """A design for a given power beside a trial with a single look: `inflation` and expected sizes relative to it."""

    power: float
    drift: float
    inflation: float
    expected_none: float
    expected_half: float
    expected_full: float


def exits(design: Boundaries, drift: float) -> Exits:
    """What happens under this drift when everybody obeys the bounds, the futility bounds included."""
    refuse_drift(drift)
    down, up = recursion.crossing(lower_bounds(design), list(design.upper), design.information, drift)
    stopped = [a + b for a, b in zip(up[:-1], down[:-1], strict=True)]
    early = sum(chance * t for chance, t in zip(stopped, design.information[:-1], strict=True))
    return Exits(drift, tuple(up), tuple(down), sum(up), early + 1 - sum(stopped))


def refuse_drift(drift: float) -> None:
    """Raise BadDesign for a drift that no trial has."""
    if not abs(drift) <= 1000:
        raise BadDesign(f"The drift is the expected Z at full information, a number such as 2.8; it is {drift:g}.")


def lower_bounds(design: Boundaries, obeyed: bool = True) -> list[float]:
    """The lower bounds: mirrored, for futility (while `obeyed`, or binding), or none."""
    if design.sided == 2:
        return [-bound for bound in design.upper]
    if design.lower is None or not (obeyed or design.binding):
        return [-inf] * design.looks
    return list(design.lower)


def drift_for(design: Boundaries, power: float) -> float:
    """The drift under which the design has that power."""
    least = exits(design, 0.0).power
    if not least < power < 1:
        raise BadDesign(f"The power must lie between {least:.4g}, the chance without any effect, and 1; it is {power}.")
    wanted = float(ndtri(power))

    def short(drift: float) -> float:  # on the scale of the quantile power is nearly straight
        reached = min(max(exits(design, drift).power, 1e-300), 1 - 1e-16)
        return float(ndtri(reached)) - wanted

    return root(short, max(fixed_drift(design.alpha, design.sided, power), 0.1), 0.1)


def fixed_drift(alpha: float, sided: int, power: float) -> float:
    """The drift that a single look needs."""
    return -float(ndtri(alpha / sided)) + float(ndtri(power))


def characteristics(design: Boundaries, power: float | None = None) -> Characteristics:
    """Inflation and expected sizes; `power` is 1 - beta of a design with beta spending when it is left out."""
    if power is None:
        power = 1 - (0.2 if design.beta is None else design.beta)
    if not design.alpha / design.sided * 1.001 < power < 1:
        raise BadDesign(f"The power must lie between alpha ({design.alpha / design.sided:g}) and 1; it is {power:g}.")
    drift = drift_for(design, power)
    inflation = (drift / fixed_drift(design.alpha, design.sided, power)) ** 2
    expected = [inflation * exits(design, share * drift).information for share in (0.0, 0.5, 1.0)]
    return Characteristics(power, drift, inflation, *expected)


def drift_of(difference: float, sd: float, n: float, ratio: float = 1.0) -> float:
    """The drift of two means with known `sd`: difference over its standard error at the largest total sample size `n`,
    of which the treatment has `ratio` participants for each of the reference."""
    if not (0 < sd < inf and 0 < n < inf and 0 < ratio < inf):
        raise BadDesign("Standard deviation, number of participants and ratio must be above 0.")
    first, second = n * ratio / (1 + ratio), n / (1 + ratio)
    return difference / (sd * sqrt(1 / first + 1 / second))
