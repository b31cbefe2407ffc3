"""Changing course without spending more than alpha: the inverse-normal combination of stages.

Lehmacher and Wassmer 1999; Cui, Hung and Wang 1999.

Each stage gives a p value from its own participants alone; with weights w_i fixed beforehand,

    Z*_k = sum_i w_i z(1 - p_i) / sqrt(sum_i w_i^2),   w_i = sqrt(t_i - t_{i-1}) by default

has the canonical distribution whatever was changed between the stages, so it is compared with the planned bounds.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

from scipy.special import ndtri

from trialwright.analysis.sequential.boundaries import Boundaries
from trialwright.analysis.sequential.refusal import BadDesign


def combined(p_values: Sequence[float], weights: Sequence[float]) -> tuple[float, ...]:
    """The combined statistic after each stage so far; one-sided `p_values` of the stages' own participants."""
    if not p_values or len(p_values) > len(weights):
        raise BadDesign(f"{len(p_values)} stages and {len(weights)} weights do not fit.")
    if not all(0 < p < 1 for p in p_values):
        raise BadDesign("Each stage's p value must lie between 0 and 1, both left out.")
    if not all(weight > 0 for weight in weights):
        raise BadDesign("Each weight must be above 0.")
    found, above, below = [], 0.0, 0.0
    for p, weight in zip(p_values, weights, strict=False):
        above, below = above - weight * float(ndtri(p)), below + weight**2
        found.append(above / sqrt(below))
    return tuple(found)


def weights_of(design: Boundaries) -> tuple[float, ...]:
    """The roots of the information that each stage adds."""
    times = (0.0, *design.information)
    return tuple(sqrt(after - before) for before, after in pairwise(times))


def rejected_at(design: Boundaries, p_values: Sequence[float]) -> int | None:
    """The first look at which the combined statistic reaches its bound, counted from 1; None while there is none."""
    for look, z in enumerate(combined(p_values, weights_of(design)), 1):
        if z >= design.upper[look - 1] or (design.sided == 2 and z <= -design.upper[look - 1]):
            return look
    return None
