"""Quality-adjusted life years: the area under the index over time, death included, and its adjustment for baseline.

    QALY = sum over neighbouring visits of (index before + index after) / 2 * years between

Nothing is imputed: a line is drawn between the visits that were made (those with a missing one between them are marked
`interpolated`), and what lies beyond the last one is unknown, or carried where that is asked for; `status` says which.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

DAYS_IN_A_YEAR = 365.25
Numbers = NDArray[np.float64]


class Status(IntEnum):
    """How the QALYs of a person came about."""

    COMPLETE = 0
    DIED = 1  # the index is 0 from the day of death
    CARRIED = 2  # the last value stands until the end
    NO_BASELINE = 3  # unknown: no index at the first time
    NO_END = 4  # unknown: alive, and no index at or after the end


@dataclass(frozen=True, slots=True)
class Qalys:
    """Of shape (people,): QALYs (NaN unknown), `Status`, whether a visit between two others was missing, and the years
    that were to be counted."""

    qalys: Numbers
    status: NDArray[np.int8]
    interpolated: NDArray[np.bool_]
    years: Numbers


def qaly(
    times: Numbers,
    index: Numbers,
    death: Numbers | None = None,
    end: float | Numbers | None = None,
    toward_death: Literal["line", "step"] = "line",
    beyond: Literal["unknown", "carry"] = "unknown",
) -> Qalys:
    """The QALYs of each person from day 0 until day `end`.

    times, index: (people, visits), days since baseline and EQ-5D index; NaN: not made. The first column is the baseline
    (day 0). death: the day of death, NaN if alive; the index is 0 from that day. end: the last day that counts,
    for all or for each (default: the greatest time of all); the line that crosses it is cut there.
    toward_death: `line` falls from the last visit to 0 on the day of death; `step` keeps the last value until then.
    beyond: `carry` lets the last value stand until the end where no later visit was made; else QALYs are unknown.
    Raises ValueError for times that do not rise, a first time other than 0, and a visit on or after the day of death.
    """
    times, index = np.broadcast_arrays(*(np.atleast_2d(np.asarray(part, dtype=np.float64)) for part in (times, index)))
    made = np.isfinite(times) & np.isfinite(index)
    died = np.full(len(index), np.nan) if death is None else np.asarray(death, dtype=np.float64).reshape(len(index))
    _refuse(times, made, died)
    last = np.broadcast_to(np.asarray(np.nanmax(times) if end is None else end, dtype=np.float64), died.shape)
    day, value = times[:, 0], index[:, 0]
    area, gap, interpolated = np.zeros(len(index)), np.zeros(len(index), bool), np.zeros(len(index), bool)
    for visit in range(1, index.shape[1]):
        here = made[:, visit]
        piece = _piece(day, value, times[:, visit], index[:, visit], last)
        area = np.where(here, area + piece, area)
        interpolated |= here & gap & (day < last)
        gap = ~here
        day, value = np.where(here, times[:, visit], day), np.where(here, index[:, visit], value)
    dead, short = np.isfinite(died), day < last
    area += np.where(dead, _piece(day, value, died, 0.0 if toward_death == "line" else value, last), 0.0)
    carried = ~dead & short & (beyond == "carry")
    area += np.where(carried, (last - day) * value, 0.0)
    status = np.select(
        [~made[:, 0], dead & (died <= last), carried, ~dead & short],
        [Status.NO_BASELINE, Status.DIED, Status.CARRIED, Status.NO_END],
        Status.COMPLETE,
    ).astype(np.int8)
    unknown = (status == Status.NO_BASELINE) | (status == Status.NO_END)
    return Qalys(np.where(unknown, np.nan, area / DAYS_IN_A_YEAR), status, interpolated, last / DAYS_IN_A_YEAR)


def _refuse(times: Numbers, made: NDArray[np.bool_], died: Numbers) -> None:
    if np.any(times[:, 0][made[:, 0]] != 0):
        raise ValueError("days count from the baseline: the first time of everybody is 0")
    before = np.maximum.accumulate(np.where(made, times, -np.inf), axis=1)
    with np.errstate(invalid="ignore"):
        falling = np.asarray((made[:, 1:] & (times[:, 1:] <= before[:, :-1])).any(axis=1))
        late = np.asarray((made & (times >= died[:, None])).any(axis=1))
    for row in np.flatnonzero(falling | late)[:1].tolist():
        if falling[row]:
            raise ValueError(f"row {row}: the times rise from visit to visit")
        raise ValueError(f"row {row}: a visit on day {before[row, -1]:g} is not before the death on day {died[row]:g}")


def _piece(day: Numbers, value: Numbers, later: Numbers, then: "Numbers | float", last: Numbers) -> Numbers:
    """The area under the line from (day, value) to (later, then), cut at the last day."""
    with np.errstate(invalid="ignore", divide="ignore"):
        width = np.clip(np.minimum(later, last) - day, 0, None)
        reached = value + (then - value) * width / (later - day)
        return np.where(width > 0, width * (value + reached) / 2, 0.0)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The difference in QALYs between two arms at equal baseline; `adjusted`: QALYs moved to the mean baseline."""

    difference: float
    standard_error: float
    interval: tuple[float, float]
    degrees_of_freedom: int
    slope: float
    unadjusted: float
    adjusted: Numbers


def adjusted_for_baseline(qalys: Numbers, baseline: Numbers, arm: NDArray[np.bool_], level: float = 0.95) -> Adjusted:
    """Least squares of QALYs on arm and baseline index (Manca, Hawkins and Sculpher 2005, doi 10.1002/hec.944).

        QALY = a + difference * arm + slope * baseline index + error

    People with unknown QALYs or baseline are left out (`adjusted` is NaN there). `adjusted` = QALY - slope *
    (baseline - mean baseline). Raises ValueError where an arm is empty or fewer than four people are left.
    """
    qalys, baseline = (np.asarray(part, dtype=np.float64) for part in (qalys, baseline))
    arm = np.asarray(arm, dtype=bool)
    known = np.isfinite(qalys) & np.isfinite(baseline)
    design = np.column_stack([np.ones(known.sum()), arm[known], baseline[known]])
    freedom = len(design) - 3
    if freedom < 1 or np.linalg.matrix_rank(design) < 3:
        raise ValueError("both arms need people with known QALYs, at least four in all, whose baselines differ")
    fitted, *_ = np.linalg.lstsq(design, qalys[known], rcond=None)
    rest = qalys[known] - design @ fitted
    covariance = np.linalg.inv(design.T @ design) * (rest @ rest) / freedom
    error = float(np.sqrt(covariance[1, 1]))
    half = float(special.stdtrit(freedom, (1 + level) / 2)) * error
    difference, slope = float(fitted[1]), float(fitted[2])
    return Adjusted(
        difference,
        error,
        (difference - half, difference + half),
        freedom,
        slope,
        float(qalys[known & arm].mean() - qalys[known & ~arm].mean()),
        np.where(known, qalys - slope * (baseline - baseline[known].mean()), np.nan),
    )
