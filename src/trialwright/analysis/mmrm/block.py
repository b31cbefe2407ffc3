"""Many trials at once: the mixed model and the analysis of covariance for simulation and imputation.

`block` and `least_squares_block` run on the compiled kernel, split over threads; `block_reference` and
`least_squares_reference` are their specification in plain NumPy, one trial after the other, and stand in where the
kernel is absent. What a trial's numbers are depends on its own data alone: not on the trials beside it, their order,
the number of threads or the width of the processor's vectors.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr

from trialwright.analysis.ancova import NEW_SHARE
from trialwright.analysis.estimates import NotEstimable, NotIdentifiable, SingularDesign
from trialwright.analysis.mmrm import native
from trialwright.analysis.mmrm.native import HEAD, MOST, TOLERANCE
from trialwright.analysis.mmrm.records import Floats, Repeated

NOT_FINITE, TOO_FEW, SINGULAR, NO_ERROR, DEGENERATE = 1, 2, 3, 6, 7
LARGEST = 1e120


@dataclass(frozen=True)
class Block:
    """Fits of t trials: c contrasts, p coefficients, k = m (m + 1) / 2 covariance parameters.

    `status` (t,) is 0 for a fit and else a place in `native.STATUS`; then all numbers of the trial are nan. `sigma`
    (t, k) is vech(Sigma), column by column of the lower triangle. Per contrast (t, c): `estimate`, `se_model` from
    (X' V^-1 X)^-1, and `se` and `df` of Kenward and Roger in the linear form, whose df is also Satterthwaite's; by ML,
    for which that method is not made, `se` is `se_model`.
    """

    status: NDArray[np.int64]
    iterations: NDArray[np.int64]
    loglik: Floats
    beta: Floats
    sigma: Floats
    estimate: Floats
    se_model: Floats
    se: Floats
    df: Floats

    @property
    def p(self) -> Floats:
        """Two-sided p value of each contrast, (t, c)."""
        return two_sided(self.estimate, self.se, self.df)


@dataclass(frozen=True)
class Regressions:
    """Ordinary least squares of t trials: the last column's `estimate`, `se` and residual `df`, and `variance`, that
    of the residuals. `status` as in `Block`."""

    status: NDArray[np.int64]
    estimate: Floats
    se: Floats
    df: Floats
    variance: Floats

    @property
    def p(self) -> Floats:
        """Two-sided p value, (t,)."""
        return two_sided(self.estimate, self.se, self.df)


def two_sided(estimate: Floats, se: Floats, df: Floats) -> Floats:
    """2 P(T_df < -|estimate / se|); nan where the trial has no fit."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2.0 * stdtr(df, -np.abs(estimate / se)))


def block(
    outcome: ArrayLike,
    covariates: ArrayLike,
    cells: ArrayLike,
    contrasts: ArrayLike,
    *,
    method: str = "REML",
    tolerance: float = TOLERANCE,
    most: int = MOST,
    threads: int = 1,
) -> Block:
    """Unstructured mixed models of t trials.

    `outcome` (t, n, m) with nan where a visit is missing. `covariates` (t, n, q): those of a participant, x_i; one of
    whom any is nan is left out. `cells` (m q, p): row v q + c says what covariate c adds to the mean at visit v, so
    that X_i = (I_m (x) x_i') cells. `contrasts` (c, p). Where the first covariate is 1 for everyone the kernel centres
    the others, which keeps its digits. Raises ValueError for shapes that do not fit together.
    """
    arrays = _shaped(outcome, covariates, cells, contrasts)
    y, _, r, contrast = arrays
    out = np.empty((y.shape[0], native.record_length(r.shape[1], y.shape[2], contrast.shape[0])))

    def part(begin: int, end: int) -> bool:
        x = arrays[1][begin:end]
        return native.fill_records(y[begin:end], x, r, contrast, out[begin:end], method, (tolerance, most))

    if not _in_threads(part, y.shape[0], threads):
        return block_reference(*arrays, method=method)
    return _opened(out, r.shape[1], y.shape[2], contrast.shape[0])


def _shaped(*given: ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
    y, x, r, contrast = (np.ascontiguousarray(array, dtype=np.float64) for array in given)
    contrast = np.atleast_2d(contrast)
    wrong = (
        y.ndim != 3
        or x.ndim != 3
        or r.ndim != 2
        or contrast.ndim != 2
        or x.shape[:2] != y.shape[:2]
        or r.shape[0] != y.shape[2] * x.shape[2]
        or contrast.shape[1] != r.shape[1]
    )
    if wrong:
        raise ValueError(
            "The arrays do not fit together: outcome (t, n, m), covariates (t, n, q), cells (m q, p) and contrasts "
            f"(c, p) have the shapes {y.shape}, {x.shape}, {r.shape} and {contrast.shape}."
        )
    return y, x, r, contrast


def _in_threads(part: Callable[[int, int], bool], trials: int, threads: int) -> bool:
    """Whether every part was served; the parts write into their own records, so nothing depends on the split."""
    edges = np.linspace(0, trials, max(1, min(threads, trials)) + 1).astype(int).tolist()
    ranges = list(pairwise(edges))
    if len(ranges) == 1:
        return part(*ranges[0])
    with ThreadPoolExecutor(len(ranges)) as pool:
        return all(list(pool.map(lambda edge: part(*edge), ranges)))


def _opened(out: Floats, p: int, m: int, contrasts: int) -> Block:
    edges = np.cumsum([HEAD, p, m * (m + 1) // 2, *4 * [contrasts]])
    _, beta, sigma, estimate, se_model, se, df = np.split(out, edges[:-1], axis=1)
    status, iterations = (out[:, place].astype(np.int64) for place in (0, 1))
    return Block(status, iterations, out[:, 3], beta, sigma, estimate, se_model, se, df)


def block_reference(
    outcome: Floats, covariates: Floats, cells: Floats, contrasts: Floats, *, method: str = "REML"
) -> Block:
    """`block` by the reference, one trial after the other."""
    trials, _, m = outcome.shape
    out = np.full((trials, native.record_length(cells.shape[1], m, contrasts.shape[0])), np.nan)
    for trial in range(trials):
        out[trial, :2] = 0.0
        _fill_by_reference(outcome[trial], covariates[trial], cells, contrasts, method, out[trial])
    return _opened(out, cells.shape[1], m, contrasts.shape[0])


def _fill_by_reference(y: Floats, x: Floats, cells: Floats, contrasts: Floats, method: str, out: Floats) -> None:
    from trialwright.analysis.mmrm.fitting import fitted
    from trialwright.analysis.mmrm.inference import inference

    known = ~np.isnan(x).any(axis=1)
    if not (np.abs(np.nan_to_num(x[known], posinf=np.inf)) <= LARGEST).all() or np.isinf(y[known]).any():
        out[0] = NOT_FINITE
        return
    data = long_form(y[known], x[known], cells)
    if data.outcome.size <= cells.shape[1]:
        out[0] = TOO_FEW
        return
    try:
        fit = fitted(data, "us", method, engine="reference")
    except SingularDesign:
        out[0] = SINGULAR
    except NotIdentifiable as found:
        out[0] = SINGULAR if any(reason.startswith("The column") for reason in found.reasons) else DEGENERATE
    except NotEstimable:
        out[0] = DEGENERATE
    else:
        answers = inference(fit, "kenward-roger-linear" if method == "REML" else "satterthwaite").contrast(contrasts)
        plain = np.sqrt(np.einsum("cp,pq,cq->c", contrasts, fit.phi, contrasts))
        out[1:HEAD] = fit.iterations, fit.decrement, fit.loglik, 1.0, data.outcome.size
        out[HEAD:] = np.concatenate([fit.beta, fit.theta, answers.estimate, plain, answers.se, answers.df])


def long_form(outcome: Floats, covariates: Floats, cells: Floats) -> Repeated:
    """One trial of a block as `Repeated`: outcome (n, m), covariates (n, q), without participants who have no row."""
    m = outcome.shape[1]
    seen = ~np.isnan(outcome)
    some = seen.any(axis=1)
    participant, visit = np.nonzero(seen[some])
    by_visit = cells.reshape(m, -1, cells.shape[1])
    design = np.einsum("rc,rcp->rp", covariates[some][participant], by_visit[visit])
    people = np.flatnonzero(some)
    return Repeated(
        outcome[seen],
        design,
        participant.astype(np.int64),
        visit.astype(np.int64),
        tuple(f"x{place}" for place in range(cells.shape[1])),
        tuple(str(place) for place in range(m)),
        tuple(str(place) for place in people),
        np.zeros(people.size, dtype=np.int64),
    )


def least_squares_block(outcome: ArrayLike, design: ArrayLike, *, threads: int = 1) -> Regressions:
    """The last coefficient of ordinary least squares in t trials: batched analysis of covariance with the arm last.

    `outcome` (t, n), `design` (t, n, k), or (n, k) for all trials; a row with nan in either is left out. The same
    numbers as `analysis.ancova` to 1e-12. Raises ValueError for shapes that do not fit together.
    """
    y, x = (np.ascontiguousarray(array, dtype=np.float64) for array in (outcome, design))
    if y.ndim != 2 or x.ndim not in (2, 3) or x.shape[-2] != y.shape[1] or (x.ndim == 3 and x.shape[0] != y.shape[0]):
        raise ValueError(
            f"The outcome has the shape {y.shape} and the design {x.shape}; wanted are (t, n) and (t, n, k) or (n, k)."
        )
    out = np.empty((y.shape[0], 5))

    def part(begin: int, end: int) -> bool:
        mine = x if x.ndim == 2 else x[begin:end]
        return native.fill_regressions(y[begin:end], mine, out[begin:end])

    if not _in_threads(part, y.shape[0], threads):
        return least_squares_reference(y, x)
    return Regressions(out[:, 0].astype(np.int64), *(out[:, place] for place in range(1, 5)))


def least_squares_reference(outcome: Floats, design: Floats) -> Regressions:
    """`least_squares_block` by the QR factorisation of [X | y], one trial after the other."""
    out = np.full((outcome.shape[0], 5), np.nan)
    for trial, y in enumerate(outcome):
        x = design if design.ndim == 2 else design[trial]
        here = ~(np.isnan(y) | np.isnan(x).any(axis=1))
        out[trial] = _regression(y[here], x[here])
    return Regressions(out[:, 0].astype(np.int64), *(out[:, place] for place in range(1, 5)))


def _regression(y: Floats, x: Floats) -> tuple[float, ...]:
    rows, k = x.shape
    refused = (np.nan,) * 4
    if not ((np.abs(y) <= LARGEST).all() and (np.abs(x) <= LARGEST).all()):
        return NOT_FINITE, *refused
    if rows <= k:
        return TOO_FEW, *refused
    triangle: Floats = np.linalg.qr(np.column_stack([x, y]), mode="r")  # type: ignore[assignment]
    diagonal = np.abs(np.diagonal(triangle))
    if not (diagonal[:k] > NEW_SHARE * np.sqrt((x * x).sum(axis=0))).all():
        return SINGULAR, *refused
    if diagonal[k] <= 1e-12 * np.abs(y).max():
        return NO_ERROR, *refused
    variance = diagonal[k] ** 2 / (rows - k)
    return 0, triangle[k - 1, k] / triangle[k - 1, k - 1], variance**0.5 / diagonal[k - 1], rows - k, variance
