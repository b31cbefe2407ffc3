"""Which of all the tables of two shares a test calls significant, and how often: exact, by enumeration.

A table is (x1, x2) responders of n1 (treatment) and n2 (reference). A test is a mask of shape (n1 + 1, n2 + 1). Its
power at two true shares is the sum of the binomial chances over the mask; its size, the largest chance to reject when
the shares are equal, is the maximum of a Bernstein polynomial, and is bounded from above by subdivision.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtri, xlog1py, xlogy

from trialwright.analysis.power.asking import BadQuestion

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

TIE = 1 + 1e-7
"""Chances that differ by less are the same table probability but for rounding; R allows the same."""
LARGEST = 600


def binomial(n: int, share: float) -> Floats:
    """The chance of 0 to n responders."""
    x = np.arange(n + 1)
    return np.exp(_log_choose(n) + xlogy(x, share) + xlog1py(n - x, -share))


def chance(mask: Mask, first: float, second: float) -> float:
    """How often the test is significant when the true shares are `first` (treatment) and `second` (reference)."""
    n1, n2 = mask.shape[0] - 1, mask.shape[1] - 1
    return float(binomial(n1, first) @ (mask @ binomial(n2, second)))


@lru_cache(maxsize=128)
def fisher_p(n1: int, n2: int, sided: int) -> Floats:
    """P of Fisher's exact test for every table; one-sided against a larger share in the treatment arm.

    Two-sided: all tables with the same margins that are no likelier, as in R's fisher.test.
    """
    _refuse_large(n1, n2)
    first, second = _log_choose(n1), _log_choose(n2)
    both = _log_choose(n1 + n2)
    p = np.empty((n1 + 1, n2 + 1))
    for total in range(n1 + n2 + 1):
        x = np.arange(max(0, total - n2), min(n1, total) + 1)
        likely = np.exp(first[x] + second[total - x] - both[total])
        if sided == 1:
            p[x, total - x] = np.cumsum(likely[::-1])[::-1]
        else:
            order = np.argsort(likely, kind="stable")
            running = np.cumsum(likely[order])
            last = np.searchsorted(likely[order], likely * TIE, side="right") - 1
            p[x, total - x] = running[last]
    p = np.minimum(p, 1.0)
    p.setflags(write=False)
    return p


@lru_cache(maxsize=128)
def fisher(n1: int, n2: int, alpha: float, sided: int) -> Mask:
    """Where Fisher's exact test (1934) rejects."""
    return np.asarray(fisher_p(n1, n2, sided) <= alpha * (1 + 1e-12))


@lru_cache(maxsize=128)
def score(n1: int, n2: int, alpha: float, sided: int) -> Mask:
    """Where Pearson's chi-squared test without continuity correction, which is the pooled score test, rejects."""
    _refuse_large(n1, n2)
    x1, x2 = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)[None, :]
    pooled = (x1 + x2) / (n1 + n2)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
    apart = x1 / n1 - x2 / n2
    z = np.divide(apart, np.sqrt(variance), out=np.zeros_like(variance), where=variance > 0)
    critical = -float(ndtri(alpha / sided)) * (1 - 1e-12)
    return np.asarray((z if sided == 1 else np.abs(z)) >= critical)


@lru_cache(maxsize=128)
def boschloo(n1: int, n2: int, alpha: float, sided: int) -> Mask:
    """Where Boschloo's test (1970) rejects: the largest set of the form {Fisher's p <= c} whose size is at most alpha.

    It contains Fisher's own region. Two-sided as in R's exact2x2 (`boschloo`, ordered by the two-sided Fisher p).
    """
    p = fisher_p(n1, n2, sided)
    # Tables whose Fisher p agrees but for rounding enter together.
    levels = np.unique(p[p <= min(1.0, 12 * alpha)])
    levels = levels[np.append(np.diff(levels) > 1e-9 * levels[1:], True)] if levels.size > 1 else levels
    # Fisher's own region keeps alpha; from there the size rises with c, and the largest c is found by halving.
    low, top = int(np.searchsorted(levels, alpha * (1 + 1e-12), side="right")), levels.size
    while low < top:
        middle = (low + top + 1) // 2
        if size_at_most(np.asarray(p <= levels[middle - 1] * (1 + 1e-9)), alpha):
            low = middle
        else:
            top = middle - 1
    return np.zeros(p.shape, dtype=bool) if low == 0 else np.asarray(p <= levels[low - 1] * (1 + 1e-9))


TESTS = {"fisher": fisher, "boschloo": boschloo, "score": score, "chi-squared": score}
"""Name -> mask of (n1, n2, alpha, sided)."""


# ------------------------------------------------------------------ the size of a test


def size(mask: Mask, precision: float = 1e-10) -> tuple[float, float]:
    """The largest chance to reject when both shares are equal, between two bounds that are `precision` apart."""
    parts = _conditional(mask)[None, :]
    left, right = _halves(parts.shape[1] - 1)
    best = float(parts[:, [0, -1]].max())
    for _ in range(60):
        parts = np.concatenate([parts @ left, parts @ right])
        best = max(best, float(parts[:, [0, -1]].max()))
        parts = parts[parts.max(axis=1) > best + precision]
        if parts.size == 0:
            return best, best + precision
    return best, float(parts.max())


def size_at_most(mask: Mask, alpha: float) -> bool:
    """Whether the size is at most `alpha`, proved; what cannot be told within 1e-12 counts as too large."""
    parts = _conditional(mask)[None, :]
    left, right = _halves(parts.shape[1] - 1)
    for _ in range(60):
        if parts[:, [0, -1]].max() > alpha:
            return False
        parts = parts[parts.max(axis=1) > alpha]
        if parts.size == 0:
            return True
        parts = np.concatenate([parts @ left, parts @ right])
    return False


def _conditional(mask: Mask) -> Floats:
    """Bernstein coefficients: the chance to reject given the total of responders, for totals 0 to n1 + n2."""
    n1, n2 = mask.shape[0] - 1, mask.shape[1] - 1
    first, second, both = _log_choose(n1), _log_choose(n2), _log_choose(n1 + n2)
    x1, x2 = np.nonzero(mask)
    likely = np.exp(first[x1] + second[x2] - both[x1 + x2])
    return np.asarray(np.bincount(x1 + x2, likely, n1 + n2 + 1), dtype=np.float64)


@lru_cache(maxsize=64)
def _halves(degree: int) -> tuple[Floats, Floats]:
    """De Casteljau at one half as matrices: the coefficients of a polynomial on the left and the right half."""
    rows = np.arange(degree + 1)
    logs = gammaln(rows[:, None] + 1) - gammaln(rows[None, :] + 1) - gammaln(
        np.maximum(rows[:, None] - rows[None, :], 0) + 1
    )  # fmt: skip
    left = np.where(rows[:, None] >= rows[None, :], np.exp(logs - rows[:, None] * np.log(2)), 0.0)
    return left.T.copy(), left[::-1, ::-1].T.copy()


@lru_cache(maxsize=512)
def _log_choose(n: int) -> Floats:
    k = np.arange(n + 1)
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def _refuse_large(n1: int, n2: int) -> None:
    if min(n1, n2) < 1:
        raise BadQuestion("Each arm needs at least one participant.")
    if max(n1, n2) > LARGEST:
        raise BadQuestion(
            f"Every table of {n1} and {n2} participants is too much to count; take the normal approximation "
            f"(method approximate) above {LARGEST} an arm."
        )
