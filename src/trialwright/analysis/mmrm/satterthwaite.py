"""Satterthwaite's degrees of freedom.

For one contrast l, with v = l' C l and C = Phi the covariance of the coefficients (Giesbrecht and Burns 1985),

    df = 2 v^2 / (g' w g),   g_j = dv/dtheta_j = -l' Phi P_j Phi l

where w is the covariance of the estimated covariance parameters, here the inverse of the *observed* information. For
several contrasts at once the F statistic is split into independent t statistics along the eigenvectors of L C L', whose
degrees of freedom are joined by the expectation of a sum of F(1, df) variables (Fai and Cornelius 1996).
"""

from collections.abc import Callable

import numpy as np

from trialwright.analysis.mmrm.records import Floats

SAME = 1e-8
"""Degrees of freedom that differ by less count as equal: F is then exactly that of the mean."""


def degrees(rows: Floats, phi: Floats, sensitivity: Floats, theta_covariance: Floats) -> Floats:
    """df of each row l of `rows` (c, p); `sensitivity` (k, p, p) holds P_j. The sign of g does not matter."""
    c, k = rows.shape[0], theta_covariance.shape[0]
    turned = rows @ phi
    variance = (turned * rows).sum(axis=1)
    # l' Phi P_j Phi l for all j and l as one product of matrices: this is the inner loop of a table of contrasts.
    squares = (turned[:, :, None] * turned[:, None, :]).reshape(c, -1)
    gradient = squares @ sensitivity.reshape(k, -1).T
    spread = ((gradient @ theta_covariance) * gradient).sum(axis=1)
    with np.errstate(divide="ignore"):
        return np.asarray(2.0 * variance * variance / spread, dtype=np.float64)


def joint(
    rows: Floats, beta: Floats, covariance: Floats, one: Callable[[Floats], Floats]
) -> tuple[float, float, float]:
    """F, numerator and denominator degrees of freedom of L b = 0 by Fai and Cornelius.

    `one` gives the degrees of freedom of single contrasts, so that the same splitting serves a sandwich. Where a part
    has at most 2 degrees of freedom its F has no expectation; 2 is then given, as lmerTest and mmrm do.
    """
    variances, directions = np.linalg.eigh(rows @ covariance @ rows.T)
    turned = directions.T @ rows
    statistic = float(np.mean((turned @ beta) ** 2 / variances))
    return statistic, float(variances.size), _together(one(turned))


def _together(df: Floats) -> float:
    if df.size == 1 or float(np.ptp(df)) < SAME:
        return float(df.mean())
    if (df <= 2.0).any():
        return 2.0
    expected = float((df / (df - 2.0)).sum()) if np.isfinite(df).all() else float(df.size)
    return 2.0 * expected / (expected - df.size) if expected > df.size else float("inf")
