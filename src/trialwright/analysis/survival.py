"""Time to an event with right censoring: Kaplan and Meier's curve and the log-rank test, for two arms.

An event that is only seen at visits happened somewhere between two visits. Taking the visit's day as the day of the
event makes these curves a sensitivity analysis; every result says so in `note`.

    S(t) = prod(1 - d/n),   Greenwood: var ln S = sum d / (n(n-d)),   log-log limits: S ** exp(± z·sqrt(var ln S)/ln S)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, ndtri

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.question import Question

NOTE = (
    "Sensitivity analysis: the event is seen at visits only, so its true time is interval-censored; "
    "here it is taken to happen on the day of the visit at which it was first seen."
)

# Two times, or a curve and one half, count as equal within this; the curve is a product of fractions in binary floats.
CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class Step:
    """The curve from `time` on: numbers at risk just before, events and censorings at that time, S with its limits."""

    time: float
    at_risk: int
    events: int
    censored: int
    survival: float
    se: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """One arm's curve; a median or a limit that the curve never reaches is None, not a number."""

    n: int
    events: int
    steps: tuple[Step, ...]
    median: float | None
    median_lower: float | None
    median_upper: float | None
    level: float


@dataclass(frozen=True, slots=True)
class LogRank:
    """Mantel's log-rank test of two arms: observed and expected events per arm, chi-square with one df, p."""

    observed: tuple[float, float]
    expected: tuple[float, float]
    chi_square: float
    p: float


@dataclass(frozen=True, slots=True)
class TimeToEvent:
    """Both arms' curves and their comparison."""

    curves: tuple[Curve, Curve]
    test: LogRank | None
    note: str = NOTE


def kaplan_meier(time: ArrayLike, event: ArrayLike, level: float = 0.95) -> Curve:
    """The curve for times (n,) > 0 in any one unit and events (n,) true/false (false: censored at that time)."""
    times, happened = _checked(time, event)
    z = float(ndtri(0.5 + level / 2))
    survival, greenwood = 1.0, 0.0
    steps: list[Step] = []
    for moment in np.unique(times):
        at_risk = int((times >= moment).sum())
        events = int(happened[times == moment].sum())
        survival *= (at_risk - events) / at_risk
        greenwood += events / (at_risk * (at_risk - events)) if events < at_risk else 0.0
        censored = int((times == moment).sum()) - events
        steps.append(Step(float(moment), at_risk, events, censored, survival, *_limits(survival, greenwood, z)))
    median, lower, upper = (_crossing(steps, which) for which in ("survival", "lower", "upper"))
    return Curve(times.size, int(happened.sum()), tuple(steps), median, lower, upper, level)


def log_rank(times: tuple[ArrayLike, ArrayLike], events: tuple[ArrayLike, ArrayLike]) -> LogRank:
    """Mantel's test: at each event time the events of the second arm against their hypergeometric mean and variance."""
    pairs = [_checked(time, event) for time, event in zip(times, events, strict=True)]
    expected, variance = 0.0, 0.0
    for moment in np.unique(np.concatenate([time[event] for time, event in pairs])):
        first, second = (int((time >= moment).sum()) for time, _ in pairs)
        deaths = sum(int((event & (time == moment)).sum()) for time, event in pairs)
        total = first + second
        expected += deaths * second / total
        if total > 1:
            variance += deaths * (total - deaths) * first * second / (total * total * (total - 1))
    if variance == 0.0:
        raise NotEstimable("No event happened while both arms were being followed, so the curves cannot be compared.")
    seen = [float(event.sum()) for _, event in pairs]
    chi_square = (seen[1] - expected) ** 2 / variance
    return LogRank((seen[0], seen[1]), (sum(seen) - expected, expected), chi_square, float(chdtrc(1, chi_square)))


def time_to_event(
    times: tuple[ArrayLike, ArrayLike], events: tuple[ArrayLike, ArrayLike], level: float = 0.95
) -> TimeToEvent:
    """Both curves and the test; without any event at a shared risk the test is None."""
    curves = tuple(kaplan_meier(time, event, level) for time, event in zip(times, events, strict=True))
    try:
        test = log_rank(times, events)
    except NotEstimable:
        test = None
    return TimeToEvent((curves[0], curves[1]), test)


def answer(question: Question) -> TimeToEvent:
    """Times and events of the two arms."""
    times, events = ([values[question.arm == arm] for arm in (0, 1)] for values in (question.times, question.events))
    return time_to_event((times[0], times[1]), (events[0], events[1]), question.level)


def _checked(time: ArrayLike, event: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    times, happened = np.asarray(time, dtype=np.float64), np.asarray(event, dtype=np.bool_)
    if times.size == 0 or times.shape != happened.shape:
        raise NotEstimable(f"Times and events must be of one length and not empty: {times.size} and {happened.size}.")
    if not (np.isfinite(times).all() and (times > 0).all()):
        raise NotEstimable("Every time must be a number above zero.")
    return times, happened


def _limits(survival: float, greenwood: float, z: float) -> tuple[float, float | None, float | None]:
    """Standard error of S and the log-log limits; where S is 1 they are 1, where S is 0 the formula has none: None."""
    if survival == 1.0:
        return 0.0, 1.0, 1.0
    if survival == 0.0:
        return 0.0, None, None
    se = survival * greenwood**0.5
    factor = np.exp(z * greenwood**0.5 / np.log(survival))
    return se, float(survival ** (1 / factor)), float(survival**factor)


def _crossing(steps: list[Step], which: str) -> float | None:
    """Where a curve first reaches one half; if it rests exactly there, the middle of that rest (as survfit does)."""
    points = [(step.time, getattr(step, which)) for step in steps]
    known = [(time, value) for time, value in points if value is not None]
    for time, value in known:
        if value < 0.5 - CLOSE:
            return time
        if value <= 0.5 + CLOSE:
            later = [other for other, below in known if below < 0.5 - CLOSE]
            return (time + later[0]) / 2 if later else time
    return None
