"""Covariance structures over the visits: the matrix, its derivatives, where to start and how to print.

Sigma(theta) is written in the natural parameters of SAS, because Kenward and Roger's correction depends on the
parametrisation. With m visits, s the standard deviations and R a correlation matrix with parameters rho:

    us      Sigma_ab, lower triangle column by column: (1,1), (2,1), .., (m,1), (2,2), ..
    cs      residual variance, common covariance                   Sigma = variance * I + covariance * J
    toep    variance, covariance at lag 1, .., lag m-1             Sigma_ab = theta_|a-b|
    ar1     variance, rho                                          Sigma_ab = variance * rho^|a-b|
    ad      variance, rho_1, .., rho_(m-1)                         Sigma_ab = variance * rho_a * .. * rho_(b-1),  a < b
    sp_exp  variance, rho                                          Sigma_ab = variance * rho^|t_a - t_b|
    csh, ar1h, adh, toeph   s_1, .., s_m, then the correlations    Sigma_ab = s_a * s_b * R_ab

The names and orders are those of R's mmrm; SAS calls adh ANTE(1), and its SP(EXP)(c) writes exp(-d / theta), which is
rho^d with rho = exp(-1 / theta). SAS prints cs the other way round (CS, then Residual); the two are the same numbers.
us, cs and toep are linear in theta: their second derivatives vanish, and "linear" Kenward-Roger is exact for them.
"""

import difflib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.mmrm import starts
from trialwright.analysis.mmrm.correlations import (
    Jet,
    antedependent,
    autoregressive,
    banded,
    bands,
    exchangeable,
    spatial,
)
from trialwright.analysis.mmrm.records import Floats, Repeated
from trialwright.analysis.mmrm.starts import positive_definite


class UnknownStructure(NotEstimable):
    """No covariance structure has this name; the sentence lists those that there are."""


@dataclass(frozen=True)
class Structure:
    """A covariance structure. Every function takes the coordinates of the visits, shape (m,): only sp_exp looks at
    their values, the others at their number (see `coordinates`).

    `jet(theta, at)` is Sigma (m, m) with its first (k, m, m) and second (k, k, m, m) derivatives. `starts(matrix, at)`
    are parameters near a positive definite matrix, the best guess first. `powers(m)` says with which power of the
    outcome's unit each parameter scales: 2 for variances and covariances, 1 for standard deviations, 0 for
    correlations.
    """

    name: str
    words: str
    linear: bool
    jet: Callable[[Floats, Floats], Jet]
    starts: Callable[[Floats, Floats], tuple[Floats, ...]]
    powers: Callable[[int], Floats]
    labels: Callable[[Sequence[str]], tuple[str, ...]]

    def count(self, visits: int) -> int:
        """The number of parameters for one covariance group."""
        return int(self.powers(visits).size)

    def sigma(self, theta: Floats, at: Floats) -> Floats:
        """The covariance matrix, shape (m, m)."""
        return self.jet(theta, at)[0]

    def first(self, theta: Floats, at: Floats) -> Floats:
        """d Sigma / d theta_j, shape (k, m, m)."""
        return self.jet(theta, at)[1]

    def second(self, theta: Floats, at: Floats) -> Floats:
        """d² Sigma / d theta_j d theta_l, shape (k, k, m, m)."""
        return self.jet(theta, at)[2]

    def feasible(self, theta: Floats, at: Floats) -> bool:
        """Whether the parameters stand for a positive definite matrix, standard deviations and variances positive."""
        if not np.isfinite(theta).all() or (self.name == "sp_exp" and not 0.0 < theta[1] < 1.0):
            return False
        matrix, scales = self.sigma(theta, at), theta[self.powers(at.size) == 1.0]
        return bool((scales > 0.0).all()) and positive_definite(matrix)


def structure(name: str) -> Structure:
    """The structure of a short name ("ar1h") or of its words ("heterogeneous autoregressive"); `UnknownStructure`."""
    plain = " ".join(name.lower().replace("_", " ").replace("-", " ").split())
    if plain in _CALLED:
        return STRUCTURES[_CALLED[plain]]
    near = difflib.get_close_matches(plain, _CALLED, n=1, cutoff=0.5)
    meant = f" Did you mean '{_CALLED[near[0]]}' ({STRUCTURES[_CALLED[near[0]]].words})?" if near else ""
    raise UnknownStructure(
        f"'{name}' is no covariance structure that the program knows.{meant} It knows "
        + ", ".join(f"{each.name} ({each.words})" for each in STRUCTURES.values())
        + "."
    )


def coordinates(data: Repeated) -> Floats:
    """The coordinates of the visits, shape (m,): their times where given, else 0, 1, 2, .."""
    return data.times if data.times.size else np.arange(len(data.visits), dtype=np.float64)


def parameters(name: str, data: Repeated) -> tuple[str, ...]:
    """What each covariance parameter is called, group after group: "sd W4", "rho(1)", "variance W8 in arm A"."""
    labels = structure(name).labels(data.visits)
    if len(data.groups) == 1:
        return labels
    return tuple(f"{label} in {group}" for group in data.groups for label in labels)


# --- from correlations to covariances --------------------------------------------------------------------------------


def _linear(basis: Callable[[int], Floats]) -> Callable[[Floats, Floats], Jet]:
    def jet(theta: Floats, at: Floats) -> Jet:
        parts = basis(at.size)
        return np.tensordot(theta, parts, 1), parts, np.zeros((theta.size, *parts.shape))

    return jet


def _homogeneous(related: Callable[[Floats, Floats], Jet]) -> Callable[[Floats, Floats], Jet]:
    def jet(theta: Floats, at: Floats) -> Jet:
        matrix, first, second = related(theta[1:], at)
        whole = np.zeros((theta.size, theta.size, at.size, at.size))
        whole[0, 1:] = whole[1:, 0] = first
        whole[1:, 1:] = theta[0] * second
        return theta[0] * matrix, np.concatenate([matrix[None], theta[0] * first]), whole

    return jet


def _heterogeneous(related: Callable[[Floats, Floats], Jet]) -> Callable[[Floats, Floats], Jet]:
    def jet(theta: Floats, at: Floats) -> Jet:
        m = at.size
        matrix, first, second = related(theta[m:], at)
        scales, ones = np.outer(theta[:m], theta[:m]), np.eye(m)
        # d(s_a s_b) / d s_c = [a = c] s_b + [b = c] s_a, and once more.
        slope = ones[:, :, None] * theta[:m] + ones[:, None, :] * theta[:m, None]
        curve = ones[:, None, :, None] * ones[None, :, None, :]
        whole = np.zeros((theta.size, theta.size, m, m))
        whole[:m, :m] = (curve + curve.swapaxes(2, 3)) * matrix
        whole[:m, m:] = slope[:, None] * first[None]
        whole[m:, :m] = whole[:m, m:].swapaxes(0, 1)
        whole[m:, m:] = scales * second
        return scales * matrix, np.concatenate([slope * matrix, scales * first]), whole

    return jet


@lru_cache(maxsize=64)
def _elements(size: int) -> Floats:
    """One matrix per element of the lower triangle, column by column."""
    columns, rows = np.triu_indices(size)
    parts = np.zeros((rows.size, size, size))
    parts[np.arange(rows.size), rows, columns] = 1.0
    parts[np.arange(rows.size), columns, rows] = 1.0
    return parts


@lru_cache(maxsize=64)
def _shared(size: int) -> Floats:
    return np.stack([np.eye(size), np.ones((size, size))])


# --- names and units of the parameters -------------------------------------------------------------------------------


def _element_labels(visits: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        f"variance {visits[a]}" if a == b else f"covariance {visits[a]}, {visits[b]}"
        for a in range(len(visits))
        for b in range(a, len(visits))
    )


def _one(visits: Sequence[str]) -> tuple[str, ...]:
    return ("rho",)


def _steps(visits: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"rho({lag})" for lag in range(1, len(visits)))


def _pairs(visits: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"rho {a}, {b}" for a, b in itertools.pairwise(visits))


Labels = Callable[[Sequence[str]], tuple[str, ...]]


def _with_variance(rest: Labels) -> Labels:
    return lambda visits: ("variance", *rest(visits))


def _with_scales(rest: Labels) -> Labels:
    return lambda visits: (*(f"sd {visit}" for visit in visits), *rest(visits))


def _lag_labels(visits: Sequence[str]) -> tuple[str, ...]:
    return ("variance", *(f"covariance({lag})" for lag in range(1, len(visits))))


def _repeat(power: float, times: Callable[[int], int], zeros: Callable[[int], int]) -> Callable[[int], Floats]:
    return lambda m: np.concatenate([np.full(times(m), power), np.zeros(zeros(m))])


def _none(m: int) -> int:
    return 0


def _single(m: int) -> int:
    return 1


def _visits(m: int) -> int:
    return m


def _gaps(m: int) -> int:
    return m - 1


def _triangle(m: int) -> int:
    return m * (m + 1) // 2


def _two(m: int) -> int:
    return 2


STRUCTURES: dict[str, Structure] = {
    each.name: each
    for each in (
        Structure(
            "us",
            "unstructured",
            True,
            _linear(_elements),
            starts.elements,
            _repeat(2.0, _triangle, _none),
            _element_labels,
        ),
        Structure(
            "cs",
            "compound symmetry",
            True,
            _linear(_shared),
            starts.average,
            _repeat(2.0, _two, _none),
            lambda visits: ("residual variance", "common covariance"),
        ),
        Structure(
            "csh",
            "heterogeneous compound symmetry",
            False,
            _heterogeneous(exchangeable),
            starts.each_scale(starts.one_correlation),
            _repeat(1.0, _visits, _single),
            _with_scales(_one),
        ),
        Structure(
            "ar1",
            "autoregressive",
            False,
            _homogeneous(autoregressive),
            starts.one_scale(starts.neighbours),
            _repeat(2.0, _single, _single),
            _with_variance(_one),
        ),
        Structure(
            "ar1h",
            "heterogeneous autoregressive",
            False,
            _heterogeneous(autoregressive),
            starts.each_scale(starts.neighbours),
            _repeat(1.0, _visits, _single),
            _with_scales(_one),
        ),
        Structure(
            "ad",
            "antedependence",
            False,
            _homogeneous(antedependent),
            starts.one_scale(starts.each_neighbour),
            _repeat(2.0, _single, _gaps),
            _with_variance(_pairs),
        ),
        Structure(
            "adh",
            "heterogeneous antedependence",
            False,
            _heterogeneous(antedependent),
            starts.each_scale(starts.each_neighbour),
            _repeat(1.0, _visits, _gaps),
            _with_scales(_pairs),
        ),
        Structure("toep", "toeplitz", True, _linear(bands), starts.lags, _repeat(2.0, _visits, _none), _lag_labels),
        Structure(
            "toeph",
            "heterogeneous toeplitz",
            False,
            _heterogeneous(banded),
            starts.each_scale(starts.each_lag),
            _repeat(1.0, _visits, _gaps),
            _with_scales(_steps),
        ),
        Structure(
            "sp_exp",
            "spatial exponential",
            False,
            _homogeneous(spatial),
            starts.one_scale(starts.decay),
            _repeat(2.0, _single, _single),
            _with_variance(_one),
        ),
    )
}

_CALLED = {
    **{each.name.replace("_", " "): each.name for each in STRUCTURES.values()},
    **{each.words: each.name for each in STRUCTURES.values()},
    "exchangeable": "cs",
    "un": "us",
    "autoregressive of order one": "ar1",
    "ar": "ar1",
    "ante": "adh",
    "ante(1)": "adh",
    "spatial": "sp_exp",
    "exponential": "sp_exp",
}
