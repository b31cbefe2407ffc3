"""The columns in which inference is done, so that no unit and no origin of a covariate costs a digit.

Variances of contrasts are sums of products of the columns of the design. A covariate near a million with a standard
deviation of 10 loses twelve digits in them, because those sums all but cancel. In the columns Z = X U^-1, with U the
triangle of the QR factorisation of the whitened rows,

    U'U = X' V^-1 X = Phi^-1,   L b = (L U^-1) (U b),   cov(U b) = I,

nothing cancels: the loss is that of solving a triangle, the root of what it was. Everything that is said of a contrast
is the same in either columns.
"""

from dataclasses import dataclass, replace

import numpy as np

from trialwright.analysis.mmrm.records import Fit, Floats
from trialwright.analysis.mmrm.sensitivity import patterns, scaled

INFLATED = 1e4
"""Columns whose variance others inflate by less lose at most four of sixteen digits; then the fit serves as it is."""


@dataclass(frozen=True)
class Basis:
    """The fit in other columns; `triangle` U (p, p) turns coefficients into theirs, None where they are the same."""

    fit: Fit
    triangle: Floats | None

    def rows(self, rows: Floats) -> Floats:
        """Contrasts (c, p) of the coefficients as contrasts of the turned ones, L U^-1."""
        if self.triangle is None:
            return rows
        return np.asarray(np.linalg.solve(self.triangle.T, rows.T).T, dtype=np.float64)

    def covariance(self, turned: Floats) -> Floats:
        """The covariance (p, p) of the coefficients from that of the turned ones."""
        if self.triangle is None:
            return turned
        half = np.linalg.solve(self.triangle, turned)
        whole = np.asarray(np.linalg.solve(self.triangle, half.T), dtype=np.float64)
        return (whole + whole.T) / 2.0


def basis(fit: Fit) -> Basis:
    """The columns to infer in: those of the fit where they are far from repeating each other, else orthonormal ones."""
    return Basis(fit, None) if _inflation(fit.phi) <= INFLATED else orthonormal(fit)


def orthonormal(fit: Fit) -> Basis:
    """The fit in columns that are orthonormal in the metric of V^-1."""
    data, p = fit.data, fit.beta.size
    white = scaled(data, np.column_stack([data.design, data.outcome]))
    for pattern in patterns(data):
        lower = np.linalg.cholesky(fit.sigma[pattern.group][np.ix_(pattern.visits, pattern.visits)])
        white[pattern.rows] = np.linalg.solve(lower, white[pattern.rows])
    whole: Floats = np.linalg.qr(white, mode="r")  # type: ignore[assignment]
    triangle = whole[:p, :p]
    design = np.asarray(np.linalg.solve(triangle.T, data.design.T).T, dtype=np.float64)
    return Basis(
        replace(
            fit,
            data=replace(data, design=design),
            beta=whole[:p, p],
            phi=np.eye(p),
            sensitivity=None,
            phi_adjusted=None,
        ),
        triangle,
    )


def _inflation(phi: Floats) -> float:
    """The largest variance inflation factor of the coefficients; infinite where rounding has spoilt it."""
    try:
        factors = np.diagonal(phi) * np.diagonal(np.linalg.inv(phi))
    except np.linalg.LinAlgError:
        return float("inf")
    # A factor is at least 1: what is not has been lost in rounding.
    return float(factors.max()) if (factors > 0.99).all() else float("inf")
