"""Where to start: parameters of each structure near the covariances of the residuals.

Each function takes a positive definite matrix (m, m) and the coordinates of the visits (m,), and returns one or more
feasible guesses, the best first. Structures whose likelihood may have several peaks get several.
"""

from collections.abc import Callable

import numpy as np

from trialwright.analysis.mmrm.correlations import bands
from trialwright.analysis.mmrm.records import Floats

Guess = Callable[[Floats, Floats], tuple[Floats, ...]]


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


def elements(matrix: Floats, at: Floats) -> tuple[Floats, ...]:
    columns, rows = np.triu_indices(at.size)
    return (matrix[rows, columns],)


def average(matrix: Floats, at: Floats) -> tuple[Floats, ...]:
    # The average over all relabellings of the visits: positive definite because each of them is.
    common = _off_diagonal(matrix)
    return (np.array([float(np.diagonal(matrix).mean()) - common, common]),)


def lags(matrix: Floats, at: Floats) -> tuple[Floats, ...]:
    variance = float(np.diagonal(matrix).mean())
    return tuple(variance * np.concatenate([[1.0], ratios]) for ratios in _lag_starts(matrix / variance))


def _lag_starts(related: Floats) -> tuple[Floats, ...]:
    """Averages along the diagonals, pulled towards none until positive definite; then an autoregression; then none."""
    size = related.shape[0]
    means: Floats = np.array([float(np.diagonal(related, lag).mean()) for lag in range(1, size)])
    while not positive_definite(np.eye(size) * 0.98 + np.tensordot(means, bands(size)[1:], 1)):
        means = means * 0.9
    rho = float(np.clip(np.diagonal(related, 1).mean(), -0.9, 0.9)) if size > 1 else 0.0
    return means, np.power(rho, np.arange(1.0, size)), np.zeros(size - 1)


def one_correlation(related: Floats, at: Floats) -> tuple[Floats, ...]:
    return (np.array([_off_diagonal(related)]),)


def neighbours(related: Floats, at: Floats) -> tuple[Floats, ...]:
    mean = float(np.diagonal(related, 1).mean()) if at.size > 1 else 0.0
    return (np.array([float(np.clip(mean, -0.98, 0.98))]),)


def each_neighbour(related: Floats, at: Floats) -> tuple[Floats, ...]:
    return (np.clip(np.diagonal(related, 1), -0.98, 0.98),)


def decay(related: Floats, at: Floats) -> tuple[Floats, ...]:
    """The decay that comes nearest to the correlations, and a fast and a slow one in case the nearest misleads."""
    if at.size < 2:
        return (np.array([0.5]),)
    a, b = np.triu_indices(at.size, 1)
    distance = np.abs(at[a] - at[b])
    tries = np.array([0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.995]) ** (1.0 / float(np.median(distance)))
    error = [float(((related[a, b] - rho**distance) ** 2).sum()) for rho in tries]
    return tuple(np.array([tries[place]]) for place in dict.fromkeys((int(np.argmin(error)), 1, 6)))


def each_lag(related: Floats, at: Floats) -> tuple[Floats, ...]:
    return _lag_starts(related)


def one_scale(guess: Guess) -> Guess:
    def starts(matrix: Floats, at: Floats) -> tuple[Floats, ...]:
        variance = float(np.diagonal(matrix).mean())
        return tuple(np.concatenate([[variance], rho]) for rho in guess(correlation(matrix), at))

    return starts


def each_scale(guess: Guess) -> Guess:
    def starts(matrix: Floats, at: Floats) -> tuple[Floats, ...]:
        scales = np.sqrt(np.diagonal(matrix))
        return tuple(np.concatenate([scales, rho]) for rho in guess(correlation(matrix), at))

    return starts


def _off_diagonal(matrix: Floats) -> float:
    size = matrix.shape[0]
    return float(matrix.sum() - np.trace(matrix)) / (size * (size - 1)) if size > 1 else 0.0
