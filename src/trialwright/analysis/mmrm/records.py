"""What a mixed model for repeated measures is fitted to, and what a fit holds.

    y_i = X_i b + e_i,   e_i ~ N(0, V_i),   V_i = W_i^(-1/2) S_i Sigma_g S_i' W_i^(-1/2)

for participant i of covariance group g, where S_i picks the visits at which i was seen and W_i holds the weights of
those rows (1 without weights).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Repeated:
    """Observed rows in long form, participant by participant and within each in the order of the visits.

    `outcome` and `weights` have shape (N,), `design` (N, p) with names `columns`; `participant` (N,) counts from 0 and
    never falls; `visit` (N,) is a place in `visits` and rises within a participant. `group` has shape (n,): the
    covariance group of each participant, a place in `groups`. `times` (m,) are the coordinates of the visits for
    spatial structures. Nothing is missing: a visit that was not observed has no row.
    """

    outcome: Floats
    design: Floats
    participant: Integers
    visit: Integers
    columns: tuple[str, ...]
    visits: tuple[str, ...]
    participants: tuple[str, ...]
    group: Integers
    groups: tuple[str, ...] = ("",)
    weights: Floats | None = None
    times: Floats = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class Fit:
    """A converged fit. Shapes: k covariance parameters, p coefficients, m visits, g groups.

    `theta` are the natural parameters of the structure (see `covariance`), group after group; `sigma` has shape
    (g, m, m); `phi` = (sum X_i' V_i^-1 X_i)^-1; `theta_covariance` is the inverse of the *observed* information of the
    (restricted) likelihood. `loglik` of REML is

        -1/2 [(N - p) ln 2 pi + ln|V| + ln|X' V^-1 X| + r' V^-1 r]

    `decrement` is the last Newton decrement. `sensitivity` (k, p, p) holds P_j = d(X' V^-1 X)/d theta_j and
    `phi_adjusted` (p, p) the Kenward-Roger (linear) covariance, where the engine computed them on its way.
    """

    data: Repeated
    covariance: str
    method: str
    theta: Floats
    sigma: Floats
    beta: Floats
    phi: Floats
    loglik: float
    theta_covariance: Floats
    iterations: int
    decrement: float
    engine: str
    sensitivity: Floats | None = None
    phi_adjusted: Floats | None = None
