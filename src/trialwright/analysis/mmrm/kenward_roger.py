"""Kenward and Roger's small-sample covariance and degrees of freedom (Biometrics 1997; 53: 983-997).

With P, Q, R of `sensitivity` and w the covariance of the estimated parameters (inverse *observed* information),

    Phi_A = Phi + 2 Phi [ sum_jl w_jl (Q_jl - P_j Phi P_l - R_jl / 4) ] Phi

For a hypothesis L b = 0 of r rows, with Theta = L' (L Phi L')^-1 L,

    A1 = sum_jl w_jl tr(Theta Phi P_j Phi) tr(Theta Phi P_l Phi)
    A2 = sum_jl w_jl tr(Theta Phi P_j Phi Theta Phi P_l Phi)
    B  = (A1 + 6 A2) / (2 r)
    g  = [(r + 1) A1 - (r + 4) A2] / [(r + 2) A2],   d = 3 r + 2 (1 - g)
    c1 = g / d,   c2 = (r - g) / d,   c3 = (r + 2 - g) / d
    E  = 1 / (1 - A2 / r),   V = (2 / r) (1 + c1 B) / [(1 - c2 B)^2 (1 - c3 B)]
    rho = V / (2 E^2),   df = 4 + (r + 2) / (r rho - 1),   lambda = df / [E (df - 2)]

and lambda F is referred to F(r, df), F = b' L' (L Phi_A L')^-1 L b / r. For one row lambda = 1 and df is
Satterthwaite's. R depends on the parameters that the covariance is written in: here those of SAS (`natural`). Without
it ("linear", SAS's KR(FIRSTORDER)) the result is the same in whatever parameters. Unstructured, compound symmetric and
Toeplitz matrices are linear in theirs, and the two are one.
"""

import numpy as np

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.mmrm.covariance import structure
from trialwright.analysis.mmrm.records import Fit, Floats
from trialwright.analysis.mmrm.sensitivity import sensitivities


def adjusted(fit: Fit, linear: bool) -> tuple[Floats, Floats]:
    """Phi_A (p, p) and P_j (k, p, p). `linear` leaves R out. Raises `NotEstimable` for a fit by ML."""
    if fit.method != "REML":
        raise NotEstimable("Kenward and Roger's method is made for REML; this model was fitted by ML.")
    linear = linear or structure(fit.covariance).linear
    if linear and fit.phi_adjusted is not None and fit.sensitivity is not None:
        return fit.phi_adjusted, fit.sensitivity
    found = sensitivities(fit)
    inner = found.adjustment - _squared(fit, found.first)
    if not linear:
        inner = inner - found.curvature / 4.0
    result = fit.phi + 2.0 * fit.phi @ inner @ fit.phi
    return (result + result.T) / 2.0, found.first


def _squared(fit: Fit, first: Floats) -> Floats:
    """sum_jl w_jl P_j Phi P_l."""
    weighted = np.tensordot(fit.theta_covariance, first, axes=1)
    return np.asarray(np.tensordot(first @ fit.phi, weighted, axes=([0, 2], [0, 1])), dtype=np.float64)


def joint(
    rows: Floats, beta: Floats, phi: Floats, phi_adjusted: Floats, first: Floats, theta_covariance: Floats
) -> tuple[float, float, float, float]:
    """lambda F, r, df and lambda of the hypothesis L b = 0; `rows` (r, p) of full rank."""
    r = rows.shape[0]
    estimate = rows @ beta
    statistic = float(estimate @ np.linalg.solve(rows @ phi_adjusted @ rows.T, estimate)) / r
    df, scale = _moments(*_traces(rows, phi, first, theta_covariance), r)
    return scale * statistic, float(r), df, scale


def _traces(rows: Floats, phi: Floats, first: Floats, theta_covariance: Floats) -> tuple[float, float]:
    """A1 and A2. With L Phi L' = G G' and K = G^-1 L Phi every trace is one of K P_j K', an r x r matrix."""
    lower = np.linalg.cholesky(rows @ phi @ rows.T)
    turned = np.linalg.solve(lower, rows @ phi)
    inner = turned @ first @ turned.T
    single = np.trace(inner, axis1=1, axis2=2)
    flat = inner.reshape(inner.shape[0], -1)
    return float(single @ theta_covariance @ single), float(((theta_covariance @ flat) * flat).sum())


def _moments(a1: float, a2: float, r: int) -> tuple[float, float]:
    """df and lambda that match the first two moments of F."""
    if r == 1:
        return 2.0 / a2 if a2 else float("inf"), 1.0
    if a2 == 0.0:
        return float("inf"), 1.0
    b = (a1 + 6.0 * a2) / (2.0 * r)
    g = ((r + 1.0) * a1 - (r + 4.0) * a2) / ((r + 2.0) * a2)
    d = 3.0 * r + 2.0 * (1.0 - g)
    c1, c2, c3 = g / d, (r - g) / d, (r + 2.0 - g) / d
    expected = 1.0 - a2 / r
    # 1 / rho, rho = V / (2 E^2): zero where F has no variance, which is df = 4. 1 / E is `expected`.
    inverse = r * (1.0 - c2 * b) ** 2 * (1.0 - c3 * b)
    spread = (1.0 + c1 * b) * expected**2
    df = 4.0 + (r + 2.0) * inverse / (r * spread - inverse) if r * spread != inverse else float("inf")
    if not (expected > 0.0 and df > 2.0):
        raise NotEstimable(
            f"Kenward and Roger's F test of {r} rows at once does not exist for these data: too few participants stand"
            " behind the covariance. Test fewer rows at a time."
        )
    return df, expected if df == float("inf") else df * expected / (df - 2.0)
