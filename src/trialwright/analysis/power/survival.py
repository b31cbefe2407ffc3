"""Time to an event: the log-rank test under proportional hazards.

Events needed in all, with the share p1 of participants in the treatment arm, ratio = p1 / p2 and hazard ratio h:

    Schoenfeld 1981   d = (z(1 - alpha / sides) + z(power))^2 / (p1 p2 ln(h)^2)
    Freedman 1982     d = (z + z)^2 (1 + ratio h)^2 / (ratio (1 - h)^2)

Participants: d over the chance of an event. With exponential hazards a (event) and b (dropout), c = a + b, uniform
accrual over A and a follow-up F of the last who enters,

    P(event) = a / c (1 - (e^(-c F) - e^(-c (A + F))) / (c A));    A = 0: a / c (1 - e^(-c F))

Times in one unit throughout (months, weeks ...), hazards per that unit.
"""

from dataclasses import dataclass
from math import exp, expm1, log, sqrt

from scipy.special import ndtr, ndtri

from trialwright.analysis.power.asking import BadQuestion, positive, refuse, solved

METHODS = ("schoenfeld", "freedman")


@dataclass(frozen=True, slots=True)
class Plan:
    """When participants come, how long they are followed, and how they are lost."""

    hazard: float
    """Of the event in the reference arm."""
    accrual: float
    follow_up: float
    dropout: tuple[float, float] = (0.0, 0.0)
    """Hazards of being lost: treatment, reference."""

    def __post_init__(self) -> None:
        positive(hazard=self.hazard)
        if self.accrual < 0 or self.follow_up < 0 or self.accrual + self.follow_up <= 0:
            raise BadQuestion("Accrual and follow-up are times from 0, and one of them is above 0.")
        if min(self.dropout) < 0:
            raise BadQuestion("The hazard of being lost is 0 or above.")


def hazard_of(*, median: float | None = None, share: float | None = None, by: float | None = None) -> float:
    """The exponential hazard of a median time, or of the share with the event by a time."""
    if median is not None:
        positive(median=median)
        return log(2) / median
    if share is None or by is None or not 0 < share < 1 or by <= 0:
        raise BadQuestion("Give the median time to the event, or the share (0 to 1) that has it by a time above 0.")
    return -log(1 - share) / by


def dropout_hazard(share: float, by: float) -> float:
    """The hazard under which `share` would be lost by the time `by`."""
    return 0.0 if share == 0 else hazard_of(share=share, by=by)


def events(
    power: float, hazard_ratio: float, *, alpha: float = 0.05, sided: int = 2, ratio: float = 1.0,
    method: str = "schoenfeld",
) -> float:  # fmt: skip
    """How many events in all, fractional."""
    refuse(alpha, sided, ratio, power)
    total = float(ndtri(1 - alpha / sided) + ndtri(power))
    return (total / _signal(hazard_ratio, ratio, method)) ** 2


def event_chance(plan: Plan, hazard_ratio: float, ratio: float = 1.0) -> float:
    """The chance that a participant's event is seen, both arms together."""
    reference = _chance(plan.hazard, plan.dropout[1], plan)
    treatment = _chance(plan.hazard * hazard_ratio, plan.dropout[0], plan)
    return (ratio * treatment + reference) / (1 + ratio)


def sample_size(
    power: float, hazard_ratio: float, plan: Plan, *, alpha: float = 0.05, sided: int = 2, ratio: float = 1.0,
    method: str = "schoenfeld",
) -> float:  # fmt: skip
    """How many participants in all, fractional; dropout is in the plan already, so none is to be added."""
    needed = events(power, hazard_ratio, alpha=alpha, sided=sided, ratio=ratio, method=method)
    return needed / event_chance(plan, hazard_ratio, ratio)


def power(
    n: float, hazard_ratio: float, plan: Plan, *, alpha: float = 0.05, sided: int = 2, ratio: float = 1.0,
    method: str = "schoenfeld",
) -> float:  # fmt: skip
    """The chance of significance with `n` participants in all."""
    refuse(alpha, sided, ratio, n=n)
    seen = n * event_chance(plan, hazard_ratio, ratio)
    return float(ndtr(sqrt(seen) * _signal(hazard_ratio, ratio, method) - ndtri(1 - alpha / sided)))


def detectable(
    n: float, power: float, plan: Plan, *, alpha: float = 0.05, sided: int = 2, ratio: float = 1.0,
    method: str = "schoenfeld",
) -> float:  # fmt: skip
    """The hazard ratio below 1 nearest to 1 that `n` participants show with that power."""
    refuse(alpha, sided, ratio, power, n)
    need = float(ndtri(1 - alpha / sided) + ndtri(power))

    def shown(strength: float) -> float:
        h = exp(-strength)
        return sqrt(n * event_chance(plan, h, ratio)) * _signal(h, ratio, method)

    if max(shown(0.05 * step) for step in range(1, 400)) < need:
        raise BadQuestion(f"No hazard ratio is shown with this power by {n:g} participants; too few events are seen.")
    high = next(0.05 * step for step in range(1, 400) if shown(0.05 * step) >= need)
    return exp(-solved(shown, need, 1e-9, high, "hazard ratio"))


def _signal(hazard_ratio: float, ratio: float, method: str) -> float:
    """The drift of one event: the standardised effect whose square is divided into (z + z)^2."""
    positive(hazard_ratio=hazard_ratio)
    if abs(hazard_ratio - 1) < 1e-12:
        raise BadQuestion("A hazard ratio of 1 is no difference; no number of events shows it.")
    if method == "schoenfeld":
        return sqrt(ratio) / (1 + ratio) * abs(log(hazard_ratio))
    if method == "freedman":
        return sqrt(ratio) * abs(1 - hazard_ratio) / (1 + ratio * hazard_ratio)
    raise BadQuestion(f"There is no method '{method}'; there are {' and '.join(METHODS)}.")


def _chance(hazard: float, lost: float, plan: Plan) -> float:
    leaving = hazard + lost
    if plan.accrual == 0:
        return hazard / leaving * -expm1(-leaving * plan.follow_up)
    spell = exp(-leaving * plan.follow_up) * -expm1(-leaving * plan.accrual) / (leaving * plan.accrual)
    return hazard / leaving * (1 - spell)
