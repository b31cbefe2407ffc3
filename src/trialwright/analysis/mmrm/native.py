"""The compiled mixed model: how its arrays are handed over and what comes back.

The library (see `compute.native`) fits eight data sets at once, one in each lane of the processor's vectors; the sums
that it works on, the algorithm and its safeguards are described in kernel/mmrm.inc. This module alone knows its memory;
`block` is what others call for many trials, `single` serves one data set in long form.
"""

import ctypes

import numpy as np

from trialwright.analysis.mmrm.records import Fit, Floats, Repeated
from trialwright.compute import native

TOLERANCE = 1e-16
"""Newton's decrement, in units of the log-likelihood, at which a fit has arrived."""
MOST = 200
HEAD = 6
"""A record begins with status, iterations, decrement, log-likelihood, scale of the outcome, rows."""
WIDEST = 40
"""A single design with more covariates than this (as the kernel counts them) goes to the reference."""
LACKS_RANK, UNSERVED = 1, 2

STATUS = (
    "converged",
    "an outcome or covariate is infinite or beyond 1e120",
    "no more observations than coefficients",
    "the columns of the design depend on each other on the rows that were observed",
    "a visit has no outcome in any participant",
    "two visits were never observed in the same participant, so their covariance cannot be estimated",
    "the model fits every observation exactly",
    "the likelihood grows without bound as the covariance becomes singular",
    "the iterations did not come to an end",
    "the likelihood has no maximum where its slope vanishes",
)
"""What a status means; 0 alone is a fit."""


class _Task(ctypes.Structure):
    """`mmrm::Task` of kernel/mmrm.h."""

    _fields_ = (
        ("trials", ctypes.c_int64),
        ("participants", ctypes.c_int32),
        ("visits", ctypes.c_int32),
        ("covariates", ctypes.c_int32),
        ("coefficients", ctypes.c_int32),
        ("contrasts", ctypes.c_int32),
        ("restricted", ctypes.c_int32),
        ("most", ctypes.c_int32),
        ("whole", ctypes.c_int32),
        ("tolerance", ctypes.c_double),
        ("outcome", ctypes.c_void_p),
        ("covariate", ctypes.c_void_p),
        ("cells", ctypes.c_void_p),
        ("contrast", ctypes.c_void_p),
        ("out", ctypes.c_void_p),
    )


class _Regression(ctypes.Structure):
    """`least_squares::Task` of kernel/least_squares.h."""

    _fields_ = (
        ("trials", ctypes.c_int64),
        ("participants", ctypes.c_int32),
        ("columns", ctypes.c_int32),
        ("shared", ctypes.c_int32),
        ("outcome", ctypes.c_void_p),
        ("design", ctypes.c_void_p),
        ("out", ctypes.c_void_p),
    )


def record_length(p: int, m: int, contrasts: int) -> int:
    """Numbers in a record: the head, p coefficients, the covariance, four for each contrast."""
    return HEAD + p + m * (m + 1) // 2 + 4 * contrasts


def fill_records(
    outcome: Floats,
    covariates: Floats,
    cells: Floats,
    contrasts: Floats,
    out: Floats,
    method: str,
    rule: tuple[float, int],
) -> bool:
    """Fit trials into their records `out` (t, record_length); `rule` is the tolerance and the most iterations.

    All arrays are C-contiguous float64: `outcome` (t, n, m), `covariates` (t, n, q), `cells` (m q, p), `contrasts`
    (c, p). False where the library is absent or does not serve these sizes; then `out` is untouched. Trials whose
    cells lack rank all have that status.
    """
    library = native.library()
    if library is None:
        return False
    trials, n, m = outcome.shape
    sizes = (trials, n, m, covariates.shape[2], cells.shape[1], contrasts.shape[0])
    places = (array.ctypes.data for array in (outcome, covariates, cells, contrasts, out))
    task = _Task(*sizes, method == "REML", rule[1], 0, rule[0], *places)
    answer = library.tw_mmrm(ctypes.byref(task))
    if answer == LACKS_RANK:
        out[:] = np.nan
        out[:, 0], out[:, 1] = (
            STATUS.index("the columns of the design depend on each other on the rows that were observed"),
            0.0,
        )
    return int(answer) in (0, LACKS_RANK)


def single(data: Repeated, method: str = "REML") -> Fit | None:
    """The unstructured fit of one data set, or None where the kernel is absent, does not serve it or finds no fit.

    It serves one covariance group, at most 12 visits, and designs in which the columns at all visits are multiples
    of at most `WIDEST` different ones. The fit carries `sensitivity` and, by REML, `phi_adjusted`.
    """
    library = native.library()
    if library is None or len(data.groups) != 1:
        return None
    outcome, design, shift = _weighted(data)
    n, m, p = data.group.shape[0], len(data.visits), data.design.shape[1]
    k = m * (m + 1) // 2
    parts = np.cumsum([HEAD, p, k, p * p, k * k, k * p * p, p * p])
    out = np.empty(parts[-1])
    task = _Task(1, n, m, 0, p, 0, method == "REML", MOST, 1, TOLERANCE, None, None, None, None, out.ctypes.data)
    answer = library.tw_mmrm_long(
        ctypes.byref(task),
        ctypes.c_int64(outcome.shape[0]),
        *(ctypes.c_void_p(array.ctypes.data) for array in (outcome, design, data.participant, data.visit)),
        ctypes.c_int32(WIDEST),
    )
    if answer != 0 or out[0] != 0.0:
        return None
    _, beta, theta, phi, spread, sensitivity, adjusted, _ = np.split(out, parts)
    sigma = np.empty((1, m, m))
    columns, rows = np.triu_indices(m)
    sigma[0, rows, columns] = sigma[0, columns, rows] = theta
    return Fit(
        data,
        "us",
        method,
        theta,
        sigma,
        beta,
        phi.reshape(p, p),
        float(out[3]) + shift,
        spread.reshape(k, k),
        int(out[1]),
        float(out[2]),
        "kernel",
        sensitivity.reshape(k, p, p),
        adjusted.reshape(p, p) if method == "REML" else None,
    )


def _weighted(data: Repeated) -> tuple[Floats, Floats, float]:
    """W^(1/2) y and W^(1/2) X, whose rows have the covariance Sigma, and what that adds to the log-likelihood."""
    if data.weights is None:
        return np.ascontiguousarray(data.outcome), np.ascontiguousarray(data.design), 0.0
    root = np.sqrt(data.weights)
    return root * data.outcome, np.ascontiguousarray(root[:, None] * data.design), float(np.log(root).sum())


def fill_regressions(outcome: Floats, design: Floats, out: Floats) -> bool:
    """Least squares of trials into `out` (t, 5): status, estimate, standard error, df, residual variance.

    `outcome` (t, n), `design` (t, n, k) or (n, k), C-contiguous. False where the library is absent or does not serve k.
    """
    library = native.library()
    if library is None:
        return False
    trials, n = outcome.shape
    sizes = (trials, n, design.shape[-1], design.ndim == 2)
    task = _Regression(*sizes, *(array.ctypes.data for array in (outcome, design, out)))
    return int(library.tw_least_squares(ctypes.byref(task))) == 0
