"""Half way: the chance that the trial will still succeed.

Given Z_k = z at information t, the later increments are those of a new trial with information (s - t), drift
drift sqrt(1 - t), and bounds (b_s sqrt(s) - z sqrt(t)) / sqrt(s - t). Conditional power (Lan, Simon and Halperin 1982)
takes one drift as true: the planned one, the observed trend z / sqrt(t), or none. Predictive power (Spiegelhalter,
Freedman and Blackburn 1986) averages it over what is believed of the drift after the data: a normal prior and Z_k give
N((mean / sd^2 + z sqrt(t)) / (1 / sd^2 + t), 1 / (1 / sd^2 + t)); a flat prior N(z / sqrt(t), 1 / t).
"""

from math import sqrt

import numpy as np

from trialwright.analysis.sequential import recursion
from trialwright.analysis.sequential.boundaries import Boundaries
from trialwright.analysis.sequential.characteristics import lower_bounds, refuse_drift
from trialwright.analysis.sequential.inference import refuse_look
from trialwright.analysis.sequential.refusal import BadDesign


def conditional_power(design: Boundaries, look: int, z: float, drift: float | None = None) -> float:
    """The chance to cross an upper bound at a later look, given `z` at `look` (from 1) and that nobody stops there.

    `drift` is the expected Z at full information; without it, the observed trend. Futility bounds are obeyed.
    """
    _refuse_last(design, look, z)
    t = design.information[look - 1]
    if drift is None:
        drift = z / sqrt(t)
    refuse_drift(drift)
    later = [s for s in design.information if s > t]
    rest = tuple((s - t) / (1 - t) for s in later)
    sides = (lower_bounds(design), design.upper)
    down, up = ([(b * sqrt(s) - z * sqrt(t)) / sqrt(s - t) for b, s in _later(side, later)] for side in sides)
    return sum(recursion.crossing(down, up, rest, drift * sqrt(1 - t))[1])


def predictive_power(design: Boundaries, look: int, z: float, mean: float = 0.0, sd: float | None = None) -> float:
    """The conditional power averaged over the drift; `mean` and `sd` are the prior's, flat without `sd`."""
    _refuse_last(design, look, z)
    t = design.information[look - 1]
    prior = 0.0
    if sd is not None:
        if not 1e-8 < sd < 1e8:
            raise BadDesign(f"The standard deviation of the prior must be above 0, such as 1; it is {sd:g}.")
        prior = 1 / sd**2
    refuse_drift(mean)
    centre = (mean * prior + z * sqrt(t)) / (prior + t)
    spread = 1 / sqrt(prior + t)
    points, weights = recursion.rule(80)
    offsets = 8.0 * points
    mass = 8.0 * weights * np.exp(-0.5 * offsets**2) / recursion.ROOT_TAU
    chances = [conditional_power(design, look, z, centre + spread * float(offset)) for offset in offsets]
    return float(np.dot(mass, chances))


def _later(bounds: list[float] | tuple[float, ...], later: list[float]) -> list[tuple[float, float]]:
    return list(zip(bounds[len(bounds) - len(later) :], later, strict=True))


def _refuse_last(design: Boundaries, look: int, z: float) -> None:
    refuse_look(design, look, z)
    if look == design.looks:
        raise BadDesign(f"Look {look} is the last one: nothing is left to be conditional on.")
