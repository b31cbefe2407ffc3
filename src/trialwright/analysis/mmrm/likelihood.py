"""The likelihood of a mixed model for repeated measures as a function of Sigma, with its derivatives.

For participant i with W_i = V_i^-1 (zero rows and columns where a visit was not seen), residual r_i at the generalised
least squares estimate and Phi = (sum X_i' W_i X_i)^-1:

    REML   l = -1/2 [(N - p) ln 2 pi + sum ln|V_i| + ln|sum X_i' W_i X_i| + sum r_i' W_i r_i]
    ML     l = -1/2 [N ln 2 pi + sum ln|V_i| + sum r_i' W_i r_i]

Nothing here knows a covariance structure: derivatives are taken along symmetric directions D = dSigma / d theta_j, and
the structure's own curvature enters by the chain rule. Along D and E, with u_i = W_i r_i, U_i = W_i X_i,
h_D = sum U_i' D u_i and P_D = -sum U_i' D U_i (terms in braces belong to REML alone):

    score      l_D  = -1/2 sum tr[(W_i - u_i u_i' {- U_i Phi U_i'}) D]
    expected   E_DE =  1/2 sum tr(W_i D W_i E) {- sum tr(U_i Phi U_i' E W_i D) + 1/2 tr(Phi P_D Phi P_E)}
    average    A_DE =  sum tr(u_i u_i' E W_i D) - h_D' Phi h_E              (twice the average information)
    observed   O_DE =  A_DE - E_DE - l_(D, E),    l_(D, E) the score along d²Sigma / d theta_j d theta_l

Observed and expected information follow Jennrich and Schluchter (Biometrics 1986; 42: 805-820); A is that of Gilmour,
Thompson and Cullis (Biometrics 1995; 51: 1440-1450).

Weights disappear at the door: rows times the square root of their weight have V = Sigma, and ln|V| loses sum ln w.
Columns of the design are made orthonormal and the outcome is divided by a power of two near its residual standard
deviation, so that the unit of a column or of the outcome changes no digit that matters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.mmrm.records import Floats, Integers, Repeated

Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class Stack:
    """The rows of the data as arrays over participants and visits, scaled; zeros where a visit was not seen.

    `outcome` (n, m) in units of `unit`; `design` (n, m, p) is X R^-1 with R = `triangle` (p, p) upper; `seen` (q, m)
    are the distinct patterns of visits within covariance groups, `pattern` (n,) the pattern of each participant,
    `group` (q,) the group of each pattern. `logweights` is the sum of the logarithms of the weights.
    """

    data: Repeated
    outcome: Floats
    design: Floats
    seen: Truths
    pattern: Integers
    group: Integers
    unit: float
    triangle: Floats
    logweights: float

    @cached_property
    def members(self) -> tuple[Truths, ...]:
        """For each covariance group, which participants belong to it."""
        return tuple(self.group[self.pattern] == each for each in range(len(self.data.groups)))

    @cached_property
    def sizes(self) -> Floats:
        """The number of participants of each pattern."""
        return np.bincount(self.pattern, minlength=self.group.size).astype(np.float64)


@dataclass(frozen=True)
class State:
    """The generalised least squares solution at one Sigma per group, in the units of the stack.

    `loglik` is in those of the data. `inverse` (q, m, m) is W by pattern; `whole` (p, p) the upper triangle of
    sum X' W X; `beta` (p,); `fixed` (n, m, p) is U_i whole^-1, so that U Phi U' = fixed fixed'; `rest` (n, m) is u_i.
    """

    loglik: float
    inverse: Floats
    whole: Floats
    beta: Floats
    fixed: Floats
    rest: Floats


@dataclass(frozen=True)
class Information:
    """Score (k,), the informations (k, k) and P_j in the metric of `State.whole`: whole^-T P_j whole^-1, (k, p, p)."""

    score: Floats
    expected: Floats
    observed: Floats
    average: Floats
    sensitivity: Floats


def stacked(data: Repeated) -> Stack:
    """The data as a stack. The design must have full column rank (`identifiable` says so beforehand)."""
    rows = np.ones_like(data.outcome) if data.weights is None else data.weights
    root = np.sqrt(rows)
    triangle = _triangle(np.column_stack([data.design, data.outcome]) * root[:, None])
    width = data.design.shape[1]
    residual = abs(float(triangle[width, width])) / max(data.outcome.size - width, 1) ** 0.5
    unit = 2.0 ** round(float(np.log2(residual))) if residual > 0.0 else 1.0
    basis = np.linalg.solve(triangle[:width, :width].T, data.design.T).T * root[:, None] * data.outcome.size**0.5
    n, m = len(data.participants), len(data.visits)
    outcome, design, seen = np.zeros((n, m)), np.zeros((n, m, width)), np.zeros((n, m), dtype=bool)
    outcome[data.participant, data.visit] = data.outcome * root / unit
    design[data.participant, data.visit] = basis
    seen[data.participant, data.visit] = True
    keys, pattern = np.unique(np.column_stack([data.group, seen]), axis=0, return_inverse=True)
    return Stack(
        data,
        outcome,
        design,
        keys[:, 1:].astype(bool),
        pattern.reshape(-1).astype(np.int64),
        keys[:, 0].astype(np.int64),
        unit,
        triangle[:width, :width] / data.outcome.size**0.5,
        float(np.log(rows).sum()),
    )


def state(stack: Stack, sigmas: Sequence[Floats], method: str) -> State:
    """The state at one covariance matrix per group (in the stack's units). Raises `LinAlgError` where one is not
    positive definite."""
    seen = stack.seen
    inside = seen[:, :, None] & seen[:, None, :]
    # An unseen visit gets variance one and no relation to the others: the same factorisation for every pattern.
    masked = np.where(inside, np.stack(sigmas)[stack.group], np.eye(seen.shape[1]))
    factor = np.linalg.cholesky(masked)
    white: Floats = np.where(seen[:, None, :], np.linalg.inv(factor), 0.0)
    of_each = white[stack.pattern]
    width = stack.design.shape[2]
    rows = of_each @ np.concatenate([stack.design, stack.outcome[:, :, None]], axis=2)
    whole = _triangle(rows.reshape(-1, width + 1))
    triangle = whole[:width, :width]
    beta = np.asarray(np.linalg.solve(triangle, whole[:width, width]), dtype=np.float64)
    residual = rows[:, :, width] - rows[:, :, :width] @ beta
    logdet = 2.0 * float(stack.sizes @ np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1))
    loglik = _loglik(stack, logdet, triangle, float((residual * residual).sum()), method)
    back = of_each.swapaxes(1, 2)
    fixed = back @ np.linalg.solve(triangle.T, rows[:, :, :width].reshape(-1, width).T).T.reshape(rows[:, :, :-1].shape)
    rest = (back @ residual[:, :, None])[:, :, 0]
    return State(loglik, white.swapaxes(1, 2) @ white, triangle, beta, fixed, rest)


def _triangle(rows: Floats) -> Floats:
    triangle: Floats = np.linalg.qr(rows, mode="r")  # type: ignore[assignment]
    return triangle


def _loglik(stack: Stack, logdet: float, triangle: Floats, squares: float, method: str) -> float:
    count, width = stack.data.outcome.size, triangle.shape[0]
    unit = 2.0 * float(np.log(stack.unit))
    total = logdet + count * unit - stack.logweights + squares
    if method == "ML":
        return -0.5 * (count * float(np.log(2.0 * np.pi)) + total)
    # ln|X' V^-1 X| of the data's own columns and unit.
    of_design = np.log(np.abs(np.diagonal(triangle))) + np.log(np.abs(np.diagonal(stack.triangle)))
    total += 2.0 * float(of_design.sum()) - width * unit
    return -0.5 * ((count - width) * float(np.log(2.0 * np.pi)) + total)


def information(
    stack: Stack,
    here: State,
    first: Sequence[Floats],
    second: Sequence[Floats | None],
    method: str,
) -> Information:
    """Score and informations along the directions `first[g]` (k_g, m, m) of each group g, concatenated.

    `second[g]` (k_g, k_g, m, m) holds the second derivatives of Sigma, None where they vanish.
    """
    parts = [
        _within(stack, here, group, first[group], second[group], method) for group in range(len(stack.data.groups))
    ]
    score = np.concatenate([part.score for part in parts])
    sensitivity = np.concatenate([part.sensitivity for part in parts])
    shift = np.concatenate([part.shift for part in parts])
    expected, average, curved = (
        _diagonal_blocks([getattr(part, name) for part in parts]) for name in ("expected", "average", "curved")
    )
    if method == "REML":
        flat = sensitivity.reshape(score.size, -1)
        expected = expected + 0.5 * flat @ flat.swapaxes(0, 1)
    average = average - shift @ shift.T
    return Information(score, expected, average - expected - curved, average, sensitivity)


@dataclass(frozen=True)
class _Part:
    score: Floats
    expected: Floats
    average: Floats
    curved: Floats
    sensitivity: Floats
    shift: Floats


def _within(stack: Stack, here: State, group: int, first: Floats, second: Floats | None, method: str) -> _Part:
    """The terms of one covariance group, before those that tie the groups together through the coefficients."""
    own, mine = stack.members[group], stack.group == group
    m, width = stack.design.shape[1:]
    inverse, sizes = here.inverse[mine], stack.sizes[mine]
    of_each = here.inverse[stack.pattern[own]]
    fixed, rest = here.fixed[own], here.rest[own]
    squares = rest[:, :, None] * rest[:, None, :]
    spread = fixed @ fixed.swapaxes(1, 2) if method == "REML" else np.zeros_like(squares)
    slope = -0.5 * (np.tensordot(sizes, inverse, 1) - squares.sum(axis=0) - spread.sum(axis=0))
    plain = _sandwiched(inverse * sizes[:, None, None], inverse, first)
    expected = 0.5 * plain - _sandwiched(spread, of_each, first)
    columns = fixed.reshape(-1, m * width)
    gram = (columns.T @ columns).reshape(m, width, m, width).transpose(0, 2, 1, 3).reshape(m * m, -1)
    flat = first.reshape(first.shape[0], -1)
    tilt = (columns.T @ rest).reshape(m, width, m).transpose(0, 2, 1).reshape(m * m, width)
    curved = np.zeros_like(expected) if second is None else np.tensordot(second, slope, ([2, 3], [0, 1]))
    return _Part(
        np.tensordot(first, slope, 2),
        expected,
        _sandwiched(squares, of_each, first),
        curved,
        -(flat @ gram).reshape(-1, width, width),
        flat @ tilt,
    )


def _sandwiched(left: Floats, right: Floats, first: Floats) -> Floats:
    """sum_i tr(L_i D_j R_i D_l) for all pairs j, l: shape (k, k), symmetric."""
    m = first.shape[1]
    both = left.reshape(-1, m * m).T @ right.reshape(-1, m * m)
    # L_ab D_bc R_cd D_da: from (ab, cd) to (bc, da).
    operator = both.reshape(m, m, m, m).transpose(1, 2, 3, 0).reshape(m * m, m * m)
    flat = first.reshape(first.shape[0], -1)
    result = flat @ operator @ flat.T
    return 0.5 * (result + result.T)


def _diagonal_blocks(blocks: Sequence[Floats]) -> Floats:
    size = sum(block.shape[0] for block in blocks)
    whole, start = np.zeros((size, size)), 0
    for block in blocks:
        stop = start + block.shape[0]
        whole[start:stop, start:stop] = block
        start = stop
    return whole
