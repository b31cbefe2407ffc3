"""The model of IgG beside what was published, and the short formula that the scenario of a trial takes from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares

from trialwright.simulate.immunoglobulin import (
    BT507,
    Floats,
    Kinetics,
    apparent_half_life,
    courses,
    half_life,
    kinetics,
    levels,
    people,
)

KUITWAARD = "Kuitwaard and others, Ann Neurol 2009; 66: 597-603, repub.eur.nl/pub/24061 (174 with Guillain-Barre)"
GACETA = "42 with Guillain-Barre syndrome, gacetamedicademexico (fact sheet of the measurements, 4.4)"
CIS = "CIS 2026, abstract 128 (facilitated subcutaneous IgG in immunodeficiency)"
TROUGHS = "PMC3682093: 121 mg/dL for each 100 mg/kg a month (fact sheet of the measurements, 4.4)"
FASTER = 1.46
"""The factor on clearance with which the rise 14 days after 2 g/kg is that of Kuitwaard; computed."""
SICK = 8.3


@dataclass(frozen=True, slots=True)
class Beside:
    """A published number and the model's: with usual clearance, and with `FASTER` where the people were acutely ill."""

    what: str
    unit: str
    published: float
    model: float
    faster: float | None
    within: float
    source: str
    note: str = ""

    @property
    def reproduced(self) -> bool:
        """Whether the usual model lies within the declared share of the published number."""
        return abs(self.model - self.published) <= self.within * abs(self.published)

    @property
    def reproduced_faster(self) -> bool | None:
        """The same of the model with faster clearance; None where that is not meant."""
        return None if self.faster is None else abs(self.faster - self.published) <= self.within * abs(self.published)


def beside_published(persons: int = 4000, seed: int = 1) -> list[Beside]:
    """Every published number that the fact sheets hold, beside the model's. Deterministic for a seed."""
    low, high = _volunteers(10.7, 0.2), _volunteers(12.4, 0.4)
    usual, faster = (_sick(factor) for factor in (1.0, FASTER))
    spreads = [_spread_at_two_weeks(persons, seed, factor) for factor in (1.0, FASTER)]
    tracer = float(half_life(kinetics(70, 11.5))[0])
    corrected, uncorrected = half_lives()
    no_curve = "a rise of 22.2 g/L that is 7.8 on day 14 began at 63 or more, which 2 g/kg does not give in plasma"
    slower = "the volunteers kept a third of the rise for four weeks; people after 2 g/kg lost theirs sooner"
    return [
        Beside("0.2 g/kg, from 10.7: directly after", "g/L", 14.7, low[0], None, 0.05, BT507),
        Beside("0.4 g/kg, from 12.4: directly after", "g/L", 21.2, high[0], None, 0.10, BT507),
        Beside("0.2 g/kg, from 10.7: after 29 days", "g/L", 12.2, low[1], None, 0.10, BT507),
        Beside("0.4 g/kg, from 12.4: after 29 days", "g/L", 15.2, high[1], None, 0.10, BT507, slower),
        Beside("Terminal half-life of labelled IgG", "d", 22.4, tracer, None, 0.15, BT507),
        Beside("Trough for 0.1 g/kg a month more", "g/L", 1.21, trough_slope(), None, 0.25, TROUGHS,
               "a slope across studies of people who lack IgG; with half the clearance the model gives 1.17"),
        Beside("2 g/kg, from 8.3: day 7", "g/L", 30.5, usual[0], faster[0], 0.10, GACETA, no_curve),
        Beside("2 g/kg, from 8.3: rise on day 14", "g/L", 7.8, usual[1], faster[1], 0.10, KUITWAARD),
        Beside("2 g/kg, from 8.3: day 30", "g/L", 10.9, usual[2], faster[2], 0.10, GACETA),
        Beside("SD of the rise on day 14", "g/L", 5.6, spreads[0], spreads[1], 0.25, KUITWAARD,
               "people with an acute illness differ more than clearance and volumes of antibodies do"),
        Beside("Half-life by total over that by rise", "1", 55.0 / 8.9, uncorrected / corrected, None, 0.5, CIS,
               f"here {uncorrected:.0f} and {corrected:.0f} days, where these were 55.0 and 8.9"),
    ]  # fmt: skip


def _volunteers(baseline: float, dose: float) -> tuple[float, float]:
    """IgG at the end of the infusion and 29 days after its beginning."""
    found = levels(kinetics(70, baseline), courses(70, dose), [0.25, 29])[0]
    return float(found[0]), float(found[1])


def _sick(factor: float) -> tuple[float, float, float]:
    """IgG on day 7, rise on day 14, IgG on day 30 after 2 g/kg over five days."""
    found = levels(kinetics(75, SICK, clearance=factor), courses(75, 2, days=5), [7, 14, 30])[0]
    return float(found[0]), float(found[1]) - SICK, float(found[2])


def _spread_at_two_weeks(persons: int, seed: int, factor: float) -> float:
    generator = np.random.default_rng(seed)
    weight, baseline = generator.normal(75, 13, persons).clip(45, 130), generator.normal(11, 3, persons).clip(5, 22)
    one = people(generator, weight, baseline, factor)
    rise = levels(one, courses(weight, 2, days=5), [14], tolerance=1e-4)[:, 0] - baseline
    return float(rise.std(ddof=1))


def trough_slope(lower: float = 0.3, upper: float = 0.6, own: float = 1.0) -> float:
    """g/L of trough for 0.1 g/kg a month more, between two doses, after two years, of somebody who makes little."""
    on = tuple(range(0, 24 * 28, 28))
    low, high = (levels(kinetics(70, own), courses(70, dose, on), [24 * 28])[0, 0] for dose in (lower, upper))
    return float((high - low) / (upper - lower) * 0.1)


def half_lives(dose: float = 0.5, baseline: float = 11.0) -> tuple[float, float]:
    """(by the rise, by total IgG) of one infusion, read off between days 7 and 28, in days."""
    days = np.array([7.0, 14.0, 21.0, 28.0])
    found = levels(kinetics(70, baseline), courses(70, dose), days)
    return float(apparent_half_life(days, found - baseline)[0]), float(apparent_half_life(days, found)[0])


def faster_for(rise: float = 7.8) -> float:
    """The factor on clearance that gives this rise 14 days after 2 g/kg: where `FASTER` comes from."""
    from scipy.optimize import brentq

    return float(brentq(lambda factor: _sick(factor)[1] - rise, 0.5, 4, xtol=1e-6))


# ------------------------------------------------------------------ a short formula


@dataclass(frozen=True, slots=True)
class Response:
    """What one course adds, s days after it began: fast exp(-fast_rate s) + slow exp(-slow_rate s) g/L; several courses
    add up. `error` is the largest difference (g/L) from the model at the `days` it was fitted to."""

    fast: float
    fast_rate: float
    slow: float
    slow_rate: float
    days: tuple[float, ...]
    error: float

    def __call__(self, since: Floats) -> Floats:
        fast = self.fast * np.exp(-self.fast_rate * since)
        return np.where(since > 0, fast + self.slow * np.exp(-self.slow_rate * since), 0.0)


def response(
    one: Kinetics | None = None, dose: float = 2.0, on: Sequence[float] = (0, 28, 56), days: int = 3,
    until: float = 364, weight: float = 75.0, baseline: float = 11.0,
) -> Response:  # fmt: skip
    """The two exponentials that follow the model best when the courses' are added up: least squares over every third
    day from a week after a course on, in rise. The receptor's filling makes later courses add less than the first, so
    a sum can only come near; `error` says how near."""
    who = kinetics(weight, baseline) if one is None else one
    at = np.array([day for day in np.arange(1.0, until, 3.0) if all(not 0 <= day - start < 7 for start in on)])
    wanted = levels(who, courses(weight, dose, on, days), at)[0] - float(who.baseline[0])
    since = at[:, None] - np.asarray(on, dtype=np.float64)

    def rises(logs: Floats) -> Floats:
        return np.asarray(_formula(np.exp(logs))(since).sum(axis=1))

    fit: Callable[..., object] = least_squares
    found = fit(lambda logs: rises(logs) - wanted, np.log([20.0, 0.15, 8.0, 0.045]), xtol=1e-12, ftol=1e-12)
    logs = np.asarray(found.x)  # type: ignore[attr-defined]
    made, error = _formula(np.exp(logs)), float(np.abs(rises(logs) - wanted).max())
    return replace(made, days=tuple(at.tolist()), error=error)


def _formula(values: Floats) -> Response:
    fast, fast_rate, slow, slow_rate = values.tolist()
    if fast_rate < slow_rate:
        fast, fast_rate, slow, slow_rate = slow, slow_rate, fast, fast_rate
    return Response(fast, fast_rate, slow, slow_rate, (), 0.0)
