"""The wells of a plate gathered by dose: what weighted least squares needs of them, and nothing else.

Replicates of a dose share one place on the curve, so their weighted mean, their summed weight and the scatter about
the mean give the same least squares as the wells themselves, exactly, with fewer numbers. Doses become logarithms
that run over one unit of length, -1/2 to 1/2, and are mirrored where the response falls, so that every curve rises
from 0 to 1 over doses of one common scale. Arrays are (levels, plates): the plates lie side by side in memory.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.measures.assay.curves import Numbers


@dataclass(frozen=True)
class Levels:
    """The distinct doses of p plates in ascending order, at most k a plate; places that a plate lacks weigh nothing."""

    place: Numbers
    """(k, p): the log dose, centred, divided by its range, mirrored for a falling response; 0 for a dose of zero."""
    weight: Numbers
    """(k, p): the summed weight of the wells."""
    mean: Numbers
    """(k, p): their weighted mean response."""
    wells: NDArray[np.int64]
    """(k, p)."""
    scatter: Numbers
    """(k, p): the weighted sum of squares of the wells about that mean."""
    zero: NDArray[np.bool_]
    """(p,): whether the first level is a dose of zero."""
    rising: NDArray[np.bool_]
    """(p,): whether the response rises with the dose."""
    centre: Numbers
    """(p,): the mean of the least and the greatest log dose."""
    span: Numbers
    """(p,): their difference."""

    def __getitem__(self, plates: Any) -> "Levels":
        return Levels(*(getattr(self, f.name)[..., plates] for f in fields(self)))

    @property
    def within(self) -> Numbers:
        """(p,): the part of the weighted sum of squares that no curve can change."""
        return np.asarray(self.scatter.sum(axis=0))

    @property
    def count(self) -> NDArray[np.int64]:
        """(p,): how many distinct doses there are."""
        return np.asarray(np.count_nonzero(self.wells, axis=0))

    @property
    def dose(self) -> Numbers:
        """(k, p): the doses themselves; 1 where a plate lacks the level."""
        log = np.where(self.rising, self.place, -self.place) * self.span + self.centre
        dose = np.where(self.wells > 0, np.exp(log), 1.0)
        dose[0, self.zero] = 0.0
        return dose

    @property
    def closest(self) -> Numbers:
        """(p,): the least distance of two neighbouring places; 1 where there are no two."""
        above = (self.wells > 0) & ~self._blank()
        both = above[1:] & above[:-1]
        return np.asarray(np.min(np.abs(np.diff(self.place, axis=0)), axis=0, where=both, initial=1.0))

    def _blank(self) -> NDArray[np.bool_]:
        blank = np.zeros(self.place.shape, dtype=bool)
        blank[0] = self.zero
        return blank

    def weighing(self, weight: Numbers) -> "Levels":
        """The same levels, of unweighted wells, where each well of a level weighs `weight` (k, p)."""
        return replace(self, weight=self.wells * weight, scatter=self.scatter * weight)


def gather(dose: Numbers, response: Numbers, weight: Numbers) -> Levels:
    """Gather the wells (p, w). A missing dose or response is no well; the order of the wells changes nothing."""
    there = np.isfinite(dose) & np.isfinite(response)
    plates = len(dose)
    x = np.where(there, dose, np.inf)
    order = np.lexsort((response, x), axis=-1)
    x, y, w, there = (np.take_along_axis(each, order, axis=-1) for each in (x, response, weight, there))
    fresh = np.ones(x.shape, dtype=bool)
    fresh[:, 1:] = x[:, 1:] != x[:, :-1]
    level = np.cumsum(fresh, axis=-1) - 1
    k = int(level.max(initial=0, where=there)) + 1
    at = (np.minimum(level, k - 1) * plates + np.arange(plates)[:, None]).ravel()

    def summed(values: Numbers) -> Numbers:
        total = np.bincount(at, np.where(there, values, 0.0).ravel(), k * plates)
        return np.asarray(total[: k * plates].reshape(k, plates), dtype=np.float64)

    weight_sum, wells_there = summed(w), summed(np.ones(x.shape)).astype(np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(weight_sum > 0, summed(w * np.where(there, y, 0.0)) / weight_sum, 0.0)
    about = np.where(there, y, 0.0) - mean.ravel()[at].reshape(x.shape)
    doses = summed(np.where(fresh & there, x, 0.0))
    return _placed(doses, weight_sum, mean, wells_there, summed(w * about**2))


def _placed(dose: Numbers, weight: Numbers, mean: Numbers, wells: NDArray[np.int64], scatter: Numbers) -> Levels:
    """Centre, scale and mirror the doses."""
    positive = (wells > 0) & (dose > 0)
    log = np.log(np.where(positive, dose, 1.0))
    low, high = (
        np.min(log, axis=0, where=positive, initial=np.inf),
        np.max(log, axis=0, where=positive, initial=-np.inf),
    )
    any_dose = positive.any(axis=0)
    low, high = np.where(any_dose, low, 0.0), np.where(any_dose, high, 0.0)
    centre, span = (low + high) / 2, np.where(high > low, high - low, 1.0)
    rising = _rises(mean, wells)
    place = np.where(positive, (log - centre) / span, 0.0)
    zero = (wells[0] > 0) & (dose[0] == 0)
    return Levels(np.where(rising, place, -place), weight, mean, wells, scatter, zero, rising, centre, span)


def _rises(mean: Numbers, wells: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the mean responses go up with the rank of the dose: by their covariance, every level alike."""
    there = wells > 0
    count = np.maximum(there.sum(axis=0), 1)
    rank = np.arange(len(mean))[:, None] - (count - 1) / 2
    return np.asarray((np.where(there, rank * mean, 0.0)).sum(axis=0) >= 0)
