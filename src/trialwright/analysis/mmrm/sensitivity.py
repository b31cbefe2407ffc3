"""How the information about the coefficients answers to the covariance parameters.

With C(theta) = sum_i X_i' V_i^-1 X_i, D_j = dSigma/dtheta_j and Y_i = V_i^-1 X_i,

    P_j  = dC/dtheta_j             = -sum_i Y_i' D_j Y_i
    Q_jl = sum_i Y_i' D_j V_i^-1 D_l Y_i
    R_jl = sum_i Y_i' (d2 Sigma / dtheta_j dtheta_l) Y_i

(Kenward and Roger 1997, section 3). All of them are contractions of one array, T[a, b] = sum_i Y_i[a]' Y_i[b] over the
visits a and b, so nothing here costs more for more parameters than a small matrix product. Weights need no place of
their own: with V_i = W_i^(-1/2) Sigma_i W_i^(-1/2) the rows of the design are multiplied by the roots of their weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trialwright.analysis.mmrm.covariance import Structure, coordinates, structure
from trialwright.analysis.mmrm.records import Fit, Floats, Integers, Repeated


@dataclass(frozen=True)
class Pattern:
    """The participants (n_k,) of one covariance group who were seen at the same `visits` (m_k,).

    `rows` (n_k, m_k) are the places of their rows in the data.
    """

    group: int
    visits: Integers
    participants: Integers
    rows: Integers


def patterns(data: Repeated) -> tuple[Pattern, ...]:
    """Every pattern of visits in every covariance group, as many as the data show."""
    people, visits = len(data.participants), len(data.visits)
    first = np.searchsorted(data.participant, np.arange(people))
    seen = np.zeros((people, visits), dtype=np.uint8)
    seen[data.participant, data.visit] = 1
    keys = np.column_stack([data.group, np.packbits(seen, axis=1)])
    _, leaders, which = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    found = []
    for number, leader in enumerate(leaders):
        members = np.flatnonzero(which.ravel() == number)
        at = np.flatnonzero(seen[leader])
        if at.size:
            rows = first[members][:, None] + np.arange(at.size)
            found.append(Pattern(int(data.group[leader]), at, members, rows))
    return tuple(found)


def scaled(data: Repeated, values: Floats) -> Floats:
    """Rows of a design (N, p), or an outcome (N,), times the roots of their weights."""
    if data.weights is None:
        return values
    root = np.sqrt(data.weights)
    return np.asarray(root * values if values.ndim == 1 else root[:, None] * values, dtype=np.float64)


@dataclass(frozen=True)
class Sensitivity:
    """`first` (k, p, p) holds P_j. `adjustment` and `curvature` (p, p) are sum_jl w_jl Q_jl and sum_jl w_jl R_jl, with
    w the covariance of the estimated parameters: neither is needed one by one."""

    first: Floats
    adjustment: Floats
    curvature: Floats


def sensitivity(fit: Fit) -> Floats:
    """P_j of shape (k, p, p): what the engine left behind, else computed."""
    return fit.sensitivity if fit.sensitivity is not None else sensitivities(fit).first


def sensitivities(fit: Fit) -> Sensitivity:
    """All that Kenward and Roger's adjustment needs, at the fitted parameters."""
    data = fit.data
    p, m, groups = data.design.shape[1], len(data.visits), len(data.groups)
    shape, at = structure(fit.covariance), coordinates(data)
    theta = fit.theta.reshape(groups, -1)
    jets = [shape.jet(own, at) for own in theta]
    products, inner = _sums(fit, [first for _, first, _ in jets])
    parts, curvature = [], np.zeros(p * p)
    for group, (_, first, second) in enumerate(jets):
        parts.append(-first.reshape(-1, m * m) @ products[group])
        if not shape.linear:
            spread = _own(fit, group)
            bent = np.tensordot(spread, second, axes=2) + _as_sas(shape, theta[group], spread, first)
            curvature += bent.ravel() @ products[group]
    return Sensitivity(np.concatenate(parts).reshape(-1, p, p), inner.reshape(p, p), curvature.reshape(p, p))


def _sums(fit: Fit, slopes: Sequence[Floats]) -> tuple[Floats, Floats]:
    """T of each group, shape (g, m * m, p * p), and sum_jl w_jl Q_jl, shape (p * p,); `slopes` are the D of a group."""
    data = fit.data
    p, m = data.design.shape[1], len(data.visits)
    design = scaled(data, data.design)
    products, inner = np.zeros((len(data.groups), m * m, p * p)), np.zeros(p * p)
    for pattern in patterns(data):
        group, inside = pattern.group, np.ix_(pattern.visits, pattern.visits)
        precision = np.zeros((m, m))
        precision[inside] = np.linalg.inv(fit.sigma[group][inside])
        found = _products(design[pattern.rows], pattern.visits, precision)
        products[group] += found
        weighted = np.tensordot(_own(fit, group), slopes[group], axes=1)
        inner += (weighted @ precision @ slopes[group]).sum(axis=0).ravel() @ found
    return products, inner


def _as_sas(shape: Structure, theta: Floats, spread: Floats, first: Floats) -> Floats:
    """What sum_jl w_jl d2 Sigma / dtheta_j dtheta_l gains, shape (m, m), when it is taken in the parameters of SAS.

    SAS writes heterogeneous structures in variances, v = s^2, and SP(EXP) as exp(-d / phi), rho = exp(-1 / phi). For a
    change of one parameter theta = theta(v) the gain is w_jj (d2 theta / dv2) / (dtheta / dv)^2 dSigma / dtheta_j.
    """
    at = np.flatnonzero(shape.powers(first.shape[1]) == 1.0)
    gain = -np.diagonal(spread)[at] / theta[at]
    if shape.name == "sp_exp":
        at = np.array([1])
        gain = spread[1, 1] * (1.0 + 2.0 / np.log(theta[at])) / theta[at]
    return np.asarray(np.tensordot(gain, first[at], axes=1), dtype=np.float64)


def _own(fit: Fit, group: int) -> Floats:
    """The covariance of one group's parameters."""
    each = fit.theta.size // len(fit.data.groups)
    return fit.theta_covariance[group * each : (group + 1) * each, group * each : (group + 1) * each]


def _products(rows: Floats, visits: Integers, precision: Floats) -> Floats:
    """T of one pattern, shape (m * m, p * p): sum_i Y_i[a]' Y_i[b] for visits a and b."""
    m, p = precision.shape[0], rows.shape[2]
    whole = np.einsum("ab,ibp->iap", precision[:, visits], rows, optimize=True).reshape(rows.shape[0], m * p)
    return np.asarray((whole.T @ whole).reshape(m, p, m, p).transpose(0, 2, 1, 3).reshape(m * m, p * p))
