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
from trialwright.analysis.mmrm.records import Floats, Repeated

# A matrix with its first derivatives (k, m, m) and its second (k, k, m, m).
Jet = tuple[Floats, Floats, Floats]


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


def positive_definite(matrix: Floats) -> bool:
    """Whether a Cholesky factor exists."""
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def correlation(matrix: Floats) -> Floats:
    """The correlation matrix of a covariance matrix."""
    scales = np.sqrt(np.diagonal(matrix))
    return matrix / np.outer(scales, scales)


def nearby(matrix: Floats, least: float) -> Floats:
    """The covariance matrix with its correlations shrunk until their smallest eigenvalue is `least` or more.

    Covariances from pairs of visits, each over other participants, need not be positive definite.
    """
    scales = np.sqrt(np.diagonal(matrix))
    related = correlation(matrix)
    lowest = float(np.linalg.eigvalsh(related)[0])
    share = 0.0 if lowest >= least else (least - lowest) / (1.0 - lowest)
    return ((1.0 - share) * related + share * np.eye(scales.size)) * np.outer(scales, scales)


# --- correlations ----------------------------------------------------------------------------------------------------


def _exchangeable(rho: Floats, at: Floats) -> Jet:
    others = 1.0 - np.eye(at.size)
    return np.eye(at.size) + rho[0] * others, others[None], np.zeros((1, 1, at.size, at.size))


def _powered(rho: Floats, distance: Floats) -> Jet:
    """rho^d; where d is 0 the correlation is 1 whatever rho."""
    apart = distance > 0.0
    d = np.where(apart, distance, 2.0)
    # rho = 0 is a fair value for whole distances: 0^0 = 1, and the second derivative of rho^1 is 0 * rho^-1 = 0.
    curve = np.where(d == 1.0, 0.0, d * (d - 1.0) * rho[0] ** np.where(d == 1.0, 0.0, d - 2.0))
    zero = np.zeros_like(d)
    return (
        np.where(apart, rho[0] ** d, 1.0),
        np.where(apart, d * rho[0] ** (d - 1.0), zero)[None],
        np.where(apart, curve, zero)[None, None],
    )


def _autoregressive(rho: Floats, at: Floats) -> Jet:
    return _powered(rho, _lags(at.size).astype(np.float64))


def _spatial(rho: Floats, at: Floats) -> Jet:
    return _powered(rho, np.abs(at[:, None] - at[None, :]))


def _banded(rho: Floats, at: Floats) -> Jet:
    bands = _bands(at.size)[1:]
    size = at.size - 1
    return np.eye(at.size) + np.tensordot(rho, bands, 1), bands, np.zeros((size, size, at.size, at.size))


def _antedependent(rho: Floats, at: Floats) -> Jet:
    """Products of the correlations of neighbours; each derivative is the product without the one (or two) taken."""
    between = _between(at.size)
    size = rho.size
    kept = ~np.eye(size, dtype=bool)
    both = kept[:, None, :] & kept[None, :, :]
    within = np.moveaxis(between, 2, 0)
    first = within * np.where(between & kept[:, None, None, :], rho, 1.0).prod(axis=-1)
    pairs = np.where(between & both[:, :, None, None, :], rho, 1.0).prod(axis=-1)
    second = within[:, None] * within[None, :] * kept[:, :, None, None] * pairs
    return np.where(between, rho, 1.0).prod(axis=-1), first, second


@lru_cache(maxsize=64)
def _lags(size: int) -> np.ndarray:
    return np.abs(np.subtract.outer(np.arange(size), np.arange(size)))


@lru_cache(maxsize=64)
def _bands(size: int) -> Floats:
    return (_lags(size)[None] == np.arange(size)[:, None, None]).astype(np.float64)


@lru_cache(maxsize=64)
def _between(size: int) -> np.ndarray:
    """(m, m, m-1): whether the step from visit c to c + 1 lies between visits a and b."""
    a, b, c = np.ogrid[:size, :size, : size - 1]
    return (np.minimum(a, b) <= c) & (c < np.maximum(a, b))


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


# --- where to start --------------------------------------------------------------------------------------------------


def _from_elements(matrix: Floats, at: Floats) -> tuple[Floats, ...]:
    columns, rows = np.triu_indices(at.size)
    return (matrix[rows, columns],)


def _from_average(matrix: Floats, at: Floats) -> tuple[Floats, ...]:
    # The average over all relabellings of the visits: positive definite because each of them is.
    common = _off_diagonal(matrix)
    return (np.array([float(np.diagonal(matrix).mean()) - common, common]),)


def _from_lags(matrix: Floats, at: Floats) -> tuple[Floats, ...]:
    variance = float(np.diagonal(matrix).mean())
    return tuple(variance * np.concatenate([[1.0], lags]) for lags in _lag_starts(matrix / variance))


def _lag_starts(related: Floats) -> tuple[Floats, ...]:
    """Averages along the diagonals, pulled towards none until positive definite; then an autoregression; then none."""
    size = related.shape[0]
    means: Floats = np.array([float(np.diagonal(related, lag).mean()) for lag in range(1, size)])
    while not positive_definite(np.eye(size) * 0.98 + np.tensordot(means, _bands(size)[1:], 1)):
        means = means * 0.9
    neighbours = float(np.clip(np.diagonal(related, 1).mean(), -0.9, 0.9)) if size > 1 else 0.0
    return means, np.power(neighbours, np.arange(1.0, size)), np.zeros(size - 1)


def _rho_exchangeable(related: Floats, at: Floats) -> tuple[Floats, ...]:
    return (np.array([_off_diagonal(related)]),)


def _rho_neighbours(related: Floats, at: Floats) -> tuple[Floats, ...]:
    mean = float(np.diagonal(related, 1).mean()) if at.size > 1 else 0.0
    return (np.array([float(np.clip(mean, -0.98, 0.98))]),)


def _rho_each_neighbour(related: Floats, at: Floats) -> tuple[Floats, ...]:
    return (np.clip(np.diagonal(related, 1), -0.98, 0.98),)


def _rho_spatial(related: Floats, at: Floats) -> tuple[Floats, ...]:
    """The decay that comes nearest to the correlations, and a fast and a slow one in case the nearest misleads."""
    if at.size < 2:
        return (np.array([0.5]),)
    a, b = np.triu_indices(at.size, 1)
    distance = np.abs(at[a] - at[b])
    tries = np.array([0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.995]) ** (1.0 / float(np.median(distance)))
    error = [float(((related[a, b] - rho**distance) ** 2).sum()) for rho in tries]
    return tuple(np.array([tries[place]]) for place in dict.fromkeys((int(np.argmin(error)), 1, 6)))


def _rho_lags(related: Floats, at: Floats) -> tuple[Floats, ...]:
    return _lag_starts(related)


Guess = Callable[[Floats, Floats], tuple[Floats, ...]]


def _one_scale(guess: Guess) -> Guess:
    def starts(matrix: Floats, at: Floats) -> tuple[Floats, ...]:
        variance = float(np.diagonal(matrix).mean())
        return tuple(np.concatenate([[variance], rho]) for rho in guess(correlation(matrix), at))

    return starts


def _each_scale(guess: Guess) -> Guess:
    def starts(matrix: Floats, at: Floats) -> tuple[Floats, ...]:
        scales = np.sqrt(np.diagonal(matrix))
        return tuple(np.concatenate([scales, rho]) for rho in guess(correlation(matrix), at))

    return starts


def _off_diagonal(matrix: Floats) -> float:
    size = matrix.shape[0]
    return float(matrix.sum() - np.trace(matrix)) / (size * (size - 1)) if size > 1 else 0.0


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
            _from_elements,
            _repeat(2.0, _triangle, _none),
            _element_labels,
        ),
        Structure(
            "cs",
            "compound symmetry",
            True,
            _linear(_shared),
            _from_average,
            _repeat(2.0, _two, _none),
            lambda visits: ("residual variance", "common covariance"),
        ),
        Structure(
            "csh",
            "heterogeneous compound symmetry",
            False,
            _heterogeneous(_exchangeable),
            _each_scale(_rho_exchangeable),
            _repeat(1.0, _visits, _single),
            _with_scales(_one),
        ),
        Structure(
            "ar1",
            "autoregressive",
            False,
            _homogeneous(_autoregressive),
            _one_scale(_rho_neighbours),
            _repeat(2.0, _single, _single),
            _with_variance(_one),
        ),
        Structure(
            "ar1h",
            "heterogeneous autoregressive",
            False,
            _heterogeneous(_autoregressive),
            _each_scale(_rho_neighbours),
            _repeat(1.0, _visits, _single),
            _with_scales(_one),
        ),
        Structure(
            "ad",
            "antedependence",
            False,
            _homogeneous(_antedependent),
            _one_scale(_rho_each_neighbour),
            _repeat(2.0, _single, _gaps),
            _with_variance(_pairs),
        ),
        Structure(
            "adh",
            "heterogeneous antedependence",
            False,
            _heterogeneous(_antedependent),
            _each_scale(_rho_each_neighbour),
            _repeat(1.0, _visits, _gaps),
            _with_scales(_pairs),
        ),
        Structure("toep", "toeplitz", True, _linear(_bands), _from_lags, _repeat(2.0, _visits, _none), _lag_labels),
        Structure(
            "toeph",
            "heterogeneous toeplitz",
            False,
            _heterogeneous(_banded),
            _each_scale(_rho_lags),
            _repeat(1.0, _visits, _gaps),
            _with_scales(_steps),
        ),
        Structure(
            "sp_exp",
            "spatial exponential",
            False,
            _homogeneous(_spatial),
            _one_scale(_rho_spatial),
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
