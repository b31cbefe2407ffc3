"""IgG in serum under infusions of immunoglobulin: what the infusions add to what the body makes.

Two compartments. The body makes IgG at a constant rate, which holds each person's own baseline. Plasma IgG is taken up
by cells (`uptake`, L/day); the receptor FcRn brings part of it back, and the more IgG there is the smaller a part:

    A1' = synthesis + infusion - uptake C + recycled C / (half + C) - exchange (C - P)
    A2' = exchange (C - P),                C = A1 / volume,  P = A2 / peripheral

(structure: Waldmann and Strober, Prog Allergy 1969; 13: 1-110; Kim and others, Clin Immunol 2007; 122: 146-155). With
`recycled` 0 the equations are linear and solved by exponentials; else by Runge and Kutta's fourth order in equal steps,
halved until the result stands. Times are days, amounts grams, concentrations g/L; arrays are (people, times).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

HOUR = 1 / 24


class NotSolved(ArithmeticError):
    """The equations were not solved to the wanted accuracy."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of the model. `status`: read (in the source named), computed (from what was read), recalled (from
    memory, to be confirmed) or assumed."""

    value: float
    unit: str
    label: str
    status: str
    source: str


DAVDA = "Davda and others, mAbs 2014; 6: 1094-1102, doi 10.4161/mabs.29095 (IgG antibodies, 70 kg)"
KIM = "Kim and others, Clin Immunol 2007; 122: 146-155, doi 10.1016/j.clim.2006.09.001 (abstract)"
BT507 = "Volunteers given BT 507 or BT 511, abstract at scilit cdfb0b35d223062ff1ea4487d62bf995"
QUANTITIES: dict[str, Quantity] = {
    "volume": Quantity(3.61, "L", "Central volume at 70 kg", "read", DAVDA),
    "peripheral": Quantity(2.75, "L", "Peripheral volume at 70 kg", "read", DAVDA),
    "exchange": Quantity(0.747, "L/d", "Exchange between the two at 70 kg", "read", DAVDA),
    "volume_power": Quantity(0.957, "1", "Power of weight on volumes", "read", DAVDA),
    "clearance_power": Quantity(0.865, "1", "Power of weight on clearance and exchange", "read", DAVDA),
    "clearance": Quantity(0.200, "L/d", "Clearance at the usual IgG, at 70 kg", "read", DAVDA),
    "usual": Quantity(11.5, "g/L", "Usual IgG", "computed", f"Between the 10.7 and 12.4 g/L before infusion: {BT507}"),
    "saved": Quantity(1.42, "1", "IgG recycled for each that is broken down, at the usual IgG", "read", KIM),
    "half": Quantity(21.0, "g/L", "IgG at which half of the receptor is taken", "recalled", KIM),
    "spread_clearance": Quantity(0.0987, "1", "Variance of log clearance between people", "read", DAVDA),
    "spread_volume": Quantity(0.116, "1", "Variance of log central volume", "read", DAVDA),
    "spread_peripheral": Quantity(0.0789, "1", "Variance of log peripheral volume", "read", DAVDA),
    "with_volume": Quantity(0.0786, "1", "Covariance of log clearance and central volume", "read", DAVDA),
    "with_peripheral": Quantity(0.0377, "1", "Covariance of log clearance and peripheral volume", "read", DAVDA),
    "volumes": Quantity(0.0619, "1", "Covariance of the log volumes", "read", DAVDA),
    "hours": Quantity(6, "h", "Infusion of one day", "assumed", "Octagam 10 %: at most 4 mg/kg/min, slower at home"),
}
"""The numbers of the model and where they come from."""


def _of(name: str) -> float:
    return QUANTITIES[name].value


# ------------------------------------------------------------------ people and infusions


@dataclass(frozen=True, slots=True)
class Kinetics:
    """What becomes of IgG in each of n people, arrays of shape (n,): volumes in L, `exchange` and `uptake` in L/day,
    `recycled` (the most that comes back) in g/day, `half` and `baseline` in g/L."""

    volume: Floats
    peripheral: Floats
    exchange: Floats
    uptake: Floats
    recycled: Floats
    half: Floats
    baseline: Floats

    @property
    def clearance(self) -> Floats:
        """L/day of a trace of labelled IgG while the level stands at the baseline."""
        return self.uptake - self.recycled / (self.half + self.baseline)

    @property
    def synthesis(self) -> Floats:
        """g/day that the body makes: what holds the baseline."""
        return self.clearance * self.baseline


def kinetics(
    weight: ArrayLike, baseline: ArrayLike, *, clearance: ArrayLike = 1.0, volume: ArrayLike = 1.0,
    peripheral: ArrayLike = 1.0,
) -> Kinetics:  # fmt: skip
    """The kinetics of people by weight (kg) and IgG before any infusion (g/L). `clearance`, `volume` and `peripheral`
    are factors on what is usual; a clearance changes uptake and recycling alike."""
    kg, level, faster, wider, further = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(one, dtype=np.float64)) for one in (weight, baseline, clearance, volume, peripheral))
    )
    by_volume, by_clearance = (kg / 70) ** _of("volume_power"), (kg / 70) ** _of("clearance_power")
    usual = _of("clearance") * by_clearance * faster
    return Kinetics(
        volume=_of("volume") * by_volume * wider,
        peripheral=_of("peripheral") * by_volume * further,
        exchange=_of("exchange") * by_clearance,
        uptake=usual * (1 + _of("saved")),
        recycled=usual * _of("saved") * (_of("half") + _of("usual")),
        half=np.full(kg.shape, _of("half")),
        baseline=level.copy(),
    )


def people(generator: np.random.Generator, weight: ArrayLike, baseline: ArrayLike, clearance: float = 1.0) -> Kinetics:
    """People who differ as antibodies' clearance and volumes do between people; `clearance` is a factor for all."""
    kg, level = np.broadcast_arrays(np.atleast_1d(weight), np.atleast_1d(baseline))
    covariance = [
        [_of("spread_clearance"), _of("with_volume"), _of("with_peripheral")],
        [_of("with_volume"), _of("spread_volume"), _of("volumes")],
        [_of("with_peripheral"), _of("volumes"), _of("spread_peripheral")],
    ]
    drawn = np.exp(generator.standard_normal((kg.size, 3)) @ np.linalg.cholesky(covariance).T)
    return kinetics(kg, level, clearance=clearance * drawn[:, 0], volume=drawn[:, 1], peripheral=drawn[:, 2])


def linear(one: Kinetics) -> Kinetics:
    """The same people with the clearance of their baseline at every level: no receptor that can be full."""
    return replace(one, uptake=one.clearance, recycled=np.zeros_like(one.recycled))


@dataclass(frozen=True, slots=True)
class Infusions:
    """Infusions at a constant rate: `start` and `end` in days, shape (k,); `grams` of each person, shape (n, k) or
    (1, k)."""

    start: Floats
    end: Floats
    grams: Floats


def courses(
    weight: ArrayLike, dose: float, on: Sequence[float] = (0.0,), days: int = 1, hours: float | None = None
) -> Infusions:
    """Courses of `dose` g/kg that begin on these days, each split evenly over `days` days in a row."""
    length = (_of("hours") if hours is None else hours) * HOUR
    if dose < 0 or days < 1 or not 0 < length <= 1:
        raise ValueError("a course has a dose of at least 0 g/kg, at least one day, and infusions of at most 24 hours")
    start = np.array([begin + day for begin in on for day in range(days)], dtype=np.float64)
    grams = np.atleast_1d(np.asarray(weight, dtype=np.float64))[:, None] * dose / days
    return Infusions(start, start + length, np.broadcast_to(grams, (grams.shape[0], start.size)))


# ------------------------------------------------------------------ levels


def levels(
    one: Kinetics, infusions: Infusions, times: ArrayLike, tolerance: float = 1e-6, longest: float = 0.5
) -> Floats:
    """Total IgG (g/L) at the times (days, rising), shape (people, times); before the first infusion the baseline.

    The saturable equations are solved in steps of at most `longest` days, halved until no level moves by more than
    `tolerance` g/L. Raises `NotSolved` where six halvings are not enough.
    """
    at = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if at.size and np.any(np.diff(at) < 0):
        raise ValueError("times rise")
    if not at.size:
        return np.empty((one.volume.size, 0))
    if not one.recycled.any():
        return one.baseline[:, None] + _exponentials(one, infusions, at)
    found = _stepped(one, infusions, at, longest)
    for halved in range(1, 7):
        finer = _stepped(one, infusions, at, longest, 2**halved)
        # The error of the finer one is a fifteenth of the difference, by Richardson's rule for order four.
        if np.abs(finer - found).max(initial=0) / 15 <= tolerance:
            return finer
        found = finer
    raise NotSolved(f"IgG is not known within {tolerance:g} g/L after steps of {longest / 64:g} days")


def rates(one: Kinetics) -> tuple[Floats, Floats]:
    """The fast and the slow rate (1/day) at which a small amount of IgG leaves while the level stands at the
    baseline."""
    k10, k12, k21 = one.clearance / one.volume, one.exchange / one.volume, one.exchange / one.peripheral
    total = k10 + k12 + k21
    root = np.sqrt(total**2 - 4 * k10 * k21)
    fast = (total + root) / 2
    return fast, k10 * k21 / fast


def half_life(one: Kinetics) -> Floats:
    """Terminal half-life (days) of a trace of labelled IgG at the baseline."""
    return np.asarray(np.log(2) / rates(one)[1])


def apparent_half_life(times: ArrayLike, level: ArrayLike) -> Floats:
    """Half-life (days) as read off a straight line through log level at these times; level (people, times)."""
    at, logs = np.asarray(times, dtype=np.float64), np.log(np.atleast_2d(np.asarray(level, dtype=np.float64)))
    centred = at - at.mean()
    return np.asarray(-np.log(2) * (centred**2).sum() / (logs @ centred))


def _exponentials(one: Kinetics, infusions: Infusions, at: Floats) -> Floats:
    """What infusions add where the clearance is constant: superposed exponentials, shape (people, times)."""
    fast, slow = rates(one)
    back = one.exchange / one.peripheral
    added = np.zeros((one.volume.size, at.size))
    for weight, rate in (((fast - back) / (fast - slow), fast), ((back - slow) / (fast - slow), slow)):
        for start, end, grams in zip(infusions.start, infusions.end, infusions.grams.T, strict=True):
            since, after = np.maximum(at - start, 0), np.maximum(at - end, 0)
            lasting = np.exp(-rate[:, None] * after) - np.exp(-rate[:, None] * since)
            added += (weight * grams / (end - start) / one.volume / rate)[:, None] * lasting
    return added


def _stepped(one: Kinetics, infusions: Infusions, at: Floats, longest: float, parts: int = 1) -> Floats:
    """Runge and Kutta's fourth order in equal steps between the moments at which an infusion begins or ends or a level
    is wanted; `parts` divides every step, short ones too."""
    central = one.baseline * one.volume
    other = one.baseline * one.peripheral
    moments = np.unique(np.concatenate([infusions.start, infusions.end, at]))
    moments = moments[moments <= at[-1]]
    found = np.empty((one.volume.size, at.size))
    found[:, at <= moments[0]] = one.baseline[:, None]
    for begin, end in pairwise(moments.tolist()):
        running = (infusions.start <= begin) & (infusions.end >= end)
        rate = (infusions.grams[:, running] / (infusions.end - infusions.start)[running]).sum(axis=1)
        steps = parts * max(1, int(np.ceil((end - begin) / longest - 1e-9)))
        for _ in range(steps):
            central, other = _step(one, central, other, rate, (end - begin) / steps)
        found[:, at == end] = (central / one.volume)[:, None]
    return found


def _step(one: Kinetics, central: Floats, other: Floats, rate: Floats, length: float) -> tuple[Floats, Floats]:
    made = one.synthesis + rate

    def change(amount: Floats, beyond: Floats) -> tuple[Floats, Floats]:
        level = amount / one.volume
        goes = one.exchange * (level - beyond / one.peripheral)
        return made - one.uptake * level + one.recycled * level / (one.half + level) - goes, goes

    a1, b1 = change(central, other)
    a2, b2 = change(central + length / 2 * a1, other + length / 2 * b1)
    a3, b3 = change(central + length / 2 * a2, other + length / 2 * b2)
    a4, b4 = change(central + length * a3, other + length * b3)
    return central + length / 6 * (a1 + 2 * a2 + 2 * a3 + a4), other + length / 6 * (b1 + 2 * b2 + 2 * b3 + b4)
