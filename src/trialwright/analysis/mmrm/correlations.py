"""Families of correlation matrices with their first and second derivatives.

Each takes the parameters rho, shape (r,), and the coordinates of the visits, shape (m,), and returns the matrix R
(m, m) with dR / d rho_j (r, m, m) and d²R / d rho_j d rho_l (r, r, m, m).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.mmrm.records import Floats, Integers

# A matrix with its first derivatives (k, m, m) and its second (k, k, m, m).
Jet = tuple[Floats, Floats, Floats]


def exchangeable(rho: Floats, at: Floats) -> Jet:
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


def autoregressive(rho: Floats, at: Floats) -> Jet:
    return _powered(rho, _lags(at.size).astype(np.float64))


def spatial(rho: Floats, at: Floats) -> Jet:
    return _powered(rho, np.abs(at[:, None] - at[None, :]))


def banded(rho: Floats, at: Floats) -> Jet:
    each = bands(at.size)[1:]
    size = at.size - 1
    return np.eye(at.size) + np.tensordot(rho, each, 1), each, np.zeros((size, size, at.size, at.size))


def antedependent(rho: Floats, at: Floats) -> Jet:
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
def _lags(size: int) -> Integers:
    return np.abs(np.subtract.outer(np.arange(size), np.arange(size)))


@lru_cache(maxsize=64)
def bands(size: int) -> Floats:
    return (_lags(size)[None] == np.arange(size)[:, None, None]).astype(np.float64)


@lru_cache(maxsize=64)
def _between(size: int) -> NDArray[np.bool_]:
    """(m, m, m-1): whether the step from visit c to c + 1 lies between visits a and b."""
    a, b, c = np.ogrid[:size, :size, : size - 1]
    inside: NDArray[np.bool_] = (np.minimum(a, b) <= c) & (c < np.maximum(a, b))
    return inside
