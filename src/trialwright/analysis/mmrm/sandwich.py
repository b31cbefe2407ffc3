"""Covariances of the coefficients that do not trust the model of the covariance: sandwich estimators.

    V = M [ sum_i X_i' W_i A_i e_i e_i' A_i' W_i X_i ] M,   M = (sum_i X_i' W_i X_i)^-1,   W_i = V_i^-1

with e_i the residuals of participant i and A_i = (I - H_ii)^-d, H_ii = X_i M X_i' W_i:

    empirical (CR0)              d = 0     Liang and Zeger 1986
    empirical-bias-reduced (CR2) d = 1/2   Bell and McCaffrey 2002: unbiased if the model is right
    empirical-jackknife (CR3)    d = 1     what leaving out one participant at a time gives (no factor (n - 1) / n)

The root of CR2 is the principal one, which does not depend on the order of the visits (as the R package mmrm);
clubSandwich takes another root, by way of a Cholesky factor of V_i, equally unbiased: `root="cholesky"`.

All is done on whitened rows: with V_i = C C', x_i = C^-1 X_i and K_i = (I - x_i M x_i')^-d x_i the middle is the sum of
K_i' C^-1 e_i and its transpose. Under the working model l' V l has the mean and variance of a sum of squares whose
matrix over participants is G_ij = [i = j] u'K_i'K_i u - u'K_i'x_i M x_j'K_j u, u = M l, so that (Bell and McCaffrey)

    df = tr(G)^2 / sum_ij G_ij^2
"""

from dataclasses import dataclass

import numpy as np

from trialwright.analysis.mmrm.records import Fit, Floats
from trialwright.analysis.mmrm.sensitivity import patterns, scaled

POWERS = {"empirical": 0.0, "empirical-bias-reduced": 0.5, "empirical-jackknife": 1.0}

LEAST = 1e-10
"""A direction that one participant alone determines (1 - leverage below this) has no residual, and is left out: the
pseudo-inverse of Pustejovsky and Tipton 2018."""


@dataclass(frozen=True)
class Sandwich:
    """`covariance` (p, p); per participant `squares` K'K and `crossed` x'K (n, p, p), `bread` M (p, p)."""

    covariance: Floats
    squares: Floats
    crossed: Floats
    bread: Floats


def sandwich(fit: Fit, variance: str, root: str = "principal") -> Sandwich:
    """The sandwich of the name `variance`, one of `POWERS`."""
    data, p = fit.data, fit.beta.size
    n = len(data.participants)
    design = scaled(data, data.design)
    residual = scaled(data, data.outcome - data.design @ fit.beta)
    scores, squares, crossed = np.zeros((n, p)), np.zeros((n, p, p)), np.zeros((n, p, p))
    for pattern in patterns(data):
        inside = np.ix_(pattern.visits, pattern.visits)
        lower = np.linalg.cholesky(fit.sigma[pattern.group][inside])
        white = np.asarray(np.linalg.solve(lower, design[pattern.rows]), dtype=np.float64)
        noise = np.linalg.solve(lower, residual[pattern.rows][:, :, None])
        bent = _bent(white, fit.phi, POWERS[variance], lower if root == "cholesky" else None)
        turned = bent.transpose(0, 2, 1)
        scores[pattern.participants] = (turned @ noise)[:, :, 0]
        squares[pattern.participants] = turned @ bent
        crossed[pattern.participants] = white.transpose(0, 2, 1) @ bent
    half = scores @ fit.phi
    return Sandwich(half.T @ half, squares, crossed, fit.phi)


def _bent(white: Floats, bread: Floats, power: float, lower: Floats | None) -> Floats:
    """K_i of each participant of a pattern, shape (n_k, m_k, p)."""
    if power == 0.0:
        return white
    free = np.eye(white.shape[1]) - white @ bread @ white.transpose(0, 2, 1)
    if lower is None or power == 1.0:
        return _power(free, -power) @ white
    square = lower.T @ lower
    return square @ _power(square @ free @ square, -power) @ white


def _power(matrices: Floats, power: float) -> Floats:
    """A power of symmetric matrices (n, m, m); directions without any length stay without."""
    values, vectors = np.linalg.eigh(matrices)
    kept = values > LEAST
    raised = np.where(kept, np.where(kept, values, 1.0) ** power, 0.0)
    return np.asarray((vectors * raised[:, None, :]) @ vectors.transpose(0, 2, 1), dtype=np.float64)


def degrees(rows: Floats, made: Sandwich) -> Floats:
    """Bell and McCaffrey's df of each row of `rows` (c, p)."""
    return np.array([_one(made, made.bread @ row) for row in rows])


def _one(made: Sandwich, along: Floats) -> float:
    own = (made.squares @ along) @ along
    crossed = made.crossed @ along
    turned = crossed @ made.bread
    shared = (turned * crossed).sum(axis=1)
    # sum_ij (b_i' M b_j)^2 = tr(M B M B) with B = sum_i b_i b_i': no matrix over participants is needed.
    whole = turned.T @ crossed
    total = float(own.sum() - shared.sum())
    spread = float((own * own).sum() - 2.0 * (own * shared).sum() + (whole * whole.T).sum())
    return total * total / spread


def hotelling(rows: Floats, beta: Floats, made: Sandwich) -> tuple[float, float, float]:
    """F, r and df of L b = 0 by the approximate Hotelling T^2 (Pustejovsky and Tipton 2018, "HTZ").

    For several contrasts at once this keeps its level where Fai and Cornelius's splitting is too optimistic. `rows`
    (r, p) of full rank. With D = O^(-1/2) L V L' O^(-1/2) and O its mean under the working model,

        eta = r (r + 1) / sum_st var(D_st),   F = (eta - r + 1) / (eta r) b' L' (L V L')^-1 L b,   df = eta - r + 1
    """
    r = rows.shape[0]
    pairs = _pairs(rows @ made.bread, made)
    lower = np.linalg.cholesky(np.trace(pairs, axis1=0, axis2=1))
    pairs = np.linalg.solve(lower, np.linalg.solve(lower, pairs).swapaxes(2, 3))
    traces = np.trace(pairs, axis1=2, axis2=3)
    spread = float((traces**2).sum() + (pairs * pairs.swapaxes(2, 3)).sum())
    eta = r * (r + 1.0) / spread
    estimate = rows @ beta
    quadratic = float(estimate @ np.linalg.solve(rows @ made.covariance @ rows.T, estimate))
    return (eta - r + 1.0) / (eta * r) * quadratic, float(r), eta - r + 1.0


def _pairs(along: Floats, made: Sandwich) -> Floats:
    """G_ij of every pair of participants and of contrasts s and t along `along` (r, p): shape (n, n, r, r)."""
    crossed = np.einsum("sp,iqp->isq", along, made.crossed, optimize=True)
    pairs = np.asarray(-np.einsum("isp,pq,jtq->ijst", crossed, made.bread, crossed, optimize=True), dtype=np.float64)
    own = np.arange(pairs.shape[0])
    pairs[own, own] += np.einsum("sp,ipq,tq->ist", along, made.squares, along, optimize=True)
    return pairs
