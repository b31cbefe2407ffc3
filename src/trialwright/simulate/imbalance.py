"""What an allocation costs: how unequal the arms are over all, in strata and over factors, and what of the trial's
power and information is lost with it. Arrays over many trials at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import nctdtr, stdtrit

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Strata:
    """The combinations of the factors' levels: `levels[f, s]` is the level of factor f in stratum s."""

    factors: tuple[str, ...]
    levels: Integers

    @property
    def count(self) -> int:
        """How many strata there are; one without factors."""
        return self.levels.shape[1]


def strata_of(levels: Mapping[str, int]) -> Strata:
    """All combinations of the factors' levels (factor -> how many), the last factor running fastest."""
    if not levels:
        return Strata((), np.zeros((0, 1), dtype=np.int64))
    grids = np.meshgrid(*(np.arange(count) for count in levels.values()), indexing="ij")
    return Strata(tuple(levels), np.stack([grid.ravel() for grid in grids]))


def stratum_of(strata: Strata, levels: Mapping[str, Integers], shape: tuple[int, int]) -> Integers:
    """The stratum of everybody, of shape (trials, n), from the indices of their levels."""
    stratum = np.zeros(shape, dtype=np.int64)
    for place, factor in enumerate(strata.factors):
        stratum = stratum * (int(strata.levels[place].max(initial=0)) + 1) + levels[factor]
    return stratum


def counted(arms: NDArray[Any], stratum: Integers, strata: int, arm_count: int) -> Integers:
    """How many of each arm every stratum of every trial has: shape (trials, strata, arms)."""
    trials = len(arms)
    index = (np.arange(trials)[:, None] * strata + stratum) * arm_count + arms
    return np.bincount(index.ravel(), minlength=trials * strata * arm_count).reshape(trials, strata, arm_count)


def unequal(counts: Integers, shares: Sequence[int]) -> Floats:
    """max n_k / r_k - min n_k / r_k over the last axis: of two equal arms the difference of their sizes."""
    scaled = counts / np.asarray(shares)
    return np.asarray(scaled.max(axis=-1) - scaled.min(axis=-1))


def over_levels(counts: Integers, strata: Strata, factor: int) -> Integers:
    """The counts of each level of a factor: shape (trials, levels, arms)."""
    levels = strata.levels[factor]
    return np.stack([counts[:, levels == level].sum(axis=1) for level in range(int(levels.max()) + 1)], axis=1)


# ------------------------------------------------------------------ what it costs


def power(first: Any, second: Any, difference: float, sd: float, alpha: float, staying: float = 1.0) -> Floats:
    """The power of the two-sided two-sample t test with arms of these sizes, of whom the share `staying` is analysed.

        1 - T(t; f, d) + T(-t; f, d),   d = |difference| / sd · sqrt(n1 n2 / (n1 + n2)),   f = n1 + n2 - 2

    T is the noncentral t distribution, t its central quantile at 1 - alpha / 2. 0 where an arm is empty.
    """
    one, two = np.broadcast_arrays(np.asarray(first, dtype=float) * staying, np.asarray(second, dtype=float) * staying)
    freedom = one + two - 2
    possible = (one > 0) & (two > 0) & (freedom > 0)
    safe = np.where(possible, freedom, 1.0)
    shift = abs(difference) / sd * np.sqrt(np.where(possible, one * two / np.maximum(one + two, 1), 0.0))
    critical = stdtrit(safe, 1 - alpha / 2)
    found = 1 - nctdtr(safe, shift, critical) + nctdtr(safe, shift, -critical)
    return np.where(possible, found, 0.0)


def patients_lost(counts: Integers, strata: Strata, shares: Sequence[int]) -> Floats:
    """Atkinson's loss in each trial: how many patients' worth of information about the difference of two arms is lost
    because they are unequal over all or over the factors.

    With z the arm (0 or 1) of everybody and F the intercept and the main effects of the factors,

        L = n (1 - (z'z - z'F (F'F)⁻ F'z) / (n r1 r2 / (r1 + r2)²))

    which for two equal arms is z'F(F'F)⁻F'z with z = ±1 (Atkinson 1982, Biometrika 69: 61-67; 2002, Journal of the
    Royal Statistical Society D 51: 151-163). Its mean under simple randomisation is the number of columns of F.
    """
    columns = [np.ones(strata.count)]
    for levels in strata.levels:
        columns += [(levels == level).astype(float) for level in range(1, int(levels.max()) + 1)]
    design = np.stack(columns, axis=1)
    sizes, second = counts.sum(axis=2).astype(float), counts[:, :, 1].astype(float)
    inside = np.einsum("ns,sk,sl->nkl", sizes, design, design, optimize=True)
    toward = second @ design
    # A level at which nobody stands leaves the matrix singular; the generalised inverse then drops its column.
    explained = np.einsum("nk,nkl,nl->n", toward, np.linalg.pinv(inside, hermitian=True), toward, optimize=True)
    information = second.sum(axis=1) - explained
    n, (one, two) = sizes.sum(axis=1), shares
    return np.asarray(n * (1 - information / (n * one * two / (one + two) ** 2)))
