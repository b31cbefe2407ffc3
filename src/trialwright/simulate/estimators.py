"""The estimators of the planned analyses for many trials at once, the same numbers as `analysis` gives for each alone.

Trials stand on the last axis while something is computed (`lanes`): every operation treats each trial by itself and in
one order, so a trial's numbers are the same to the last bit whatever trials stand beside it. What the single analysis
refuses with a sentence is refused here by the same rule, trial by trial, and counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, stdtr, stdtrit

from trialwright.analysis.ancova import NEW_SHARE
from trialwright.analysis.mmrm.block import least_squares_block
from trialwright.analysis.proportions import fisher, newcombe
from trialwright.compute import native

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

LANES = 128
"""Trials computed together: their columns stay in the processor's cache."""

ANSWERED = ""
NOBODY = "Nobody has a known outcome with all covariates."
ONE_ARM = "All analysed participants are in one arm, so there is nothing to compare."
CONSTANT = "A covariate has the same value in every participant."
TOO_FEW = "There are too few participants for the coefficients of the model."
SINGULAR = "A column of the model is determined by the columns before it."
EXACT = "The model fits every participant exactly, so the data hold no measure of error."
FEW_IN_ARM = "An arm has fewer than two known values."
STILL = "Neither arm varies, so the data hold no measure of error."
NO_EVENT = "No event happened while both arms were being followed."
REASONS = (ANSWERED, NOBODY, ONE_ARM, CONSTANT, TOO_FEW, SINGULAR, EXACT, FEW_IN_ARM, STILL, NO_EVENT)


@dataclass(frozen=True, slots=True)
class Estimated:
    """One estimate of every trial; arrays of shape (trials,), nan where the trial was refused or the method has none.

    `n` has shape (trials, 2): analysed in the reference and in the treatment arm. `refused` is an index into `reasons`,
    0: answered. `exact` is the p value of a method whose test is not estimate / se by the t distribution; `lower` and
    `upper` are there where the interval is not estimate ± t·se.
    """

    estimate: Floats
    se: Floats
    df: Floats
    n: Integers
    refused: NDArray[np.int8]
    exact: Floats | None = None
    lower: Floats | None = None
    upper: Floats | None = None
    reasons: tuple[str, ...] = REASONS

    @property
    def answered(self) -> Truths:
        """Which trials have an answer."""
        return np.asarray(self.refused == 0)

    @property
    def p(self) -> Floats:
        """The two-sided p values; a distribution function for each trial, so ask `rejects` where that suffices."""
        return self.exact if self.exact is not None else _two_sided(self.estimate, self.se, self.df)

    def rejects(self, alpha: float) -> Truths:
        """In which trials p < alpha."""
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.exact is not None:
                return np.asarray(self.answered & (self.exact < alpha))
            return self.answered & _beyond(np.abs(self.estimate / self.se), self.df, alpha)

    def covers(self, truth: float, level: float) -> Truths:
        """In which trials the interval of this level holds the true value."""
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.lower is not None and self.upper is not None:
                return np.asarray((self.lower <= truth) & (truth <= self.upper))
            distance = np.abs((self.estimate - truth) / self.se)
            return self.answered & ~_beyond(distance, self.df, 1 - level)


# ------------------------------------------------------------------ lanes


def in_lanes(work: Callable[..., tuple[Floats, ...]], *arrays: NDArray[np.generic]) -> tuple[Floats, ...]:
    """`work` on blocks of `LANES` trials: arrays (trials, ...) come as (..., lanes), the answers are put together.

    The last block is filled up with its last trial: a block of one lane would be added up in another order.
    """
    trials = len(arrays[0])
    found = []
    for start in range(0, trials, LANES):
        stop = min(start + LANES, trials)
        padding = -(stop - start) % 8
        turned = []
        for array in arrays:
            part = array[start:stop]
            if padding:
                part = np.concatenate([part, np.repeat(part[-1:], padding, axis=0)])
            turned.append(np.ascontiguousarray(np.moveaxis(part, 0, -1)))
        with np.errstate(invalid="ignore", divide="ignore"):
            answers = work(*turned)
        found.append(tuple(answer[: stop - start] for answer in answers))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def _dot(first: Floats, second: Floats) -> Floats:
    """The sum over the participants of a product, in every lane."""
    return np.asarray(np.einsum("nl,nl->l", first, second))


def _first_reason(shape: int, *faults: tuple[str, Truths]) -> Floats:
    """The place in REASONS of the first fault that each lane has."""
    code = np.zeros(shape)
    for reason, fault in reversed(faults):
        code[fault] = REASONS.index(reason)
    return code


def _answers(columns: Sequence[Floats]) -> Estimated:
    """An `Estimated` of the columns estimate, se, df, code, n of the two arms."""
    estimate, se, df, code, first, second = columns
    refused = code.astype(np.int8)
    good = refused == 0
    estimate, se, df = (np.where(good, column, np.nan) for column in (estimate, se, df))
    return Estimated(estimate, se, df, np.stack([first, second], axis=1).astype(np.int64), refused)


# ------------------------------------------------------------------ the t distribution

MOST_DF = 4096
NEAR = 1e-9
"""Nearer to a tabled quantile than this the distribution function decides, as everywhere else."""


def _two_sided(estimate: Floats, se: Floats, df: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2.0 * stdtr(df, -np.abs(estimate / se)))


@lru_cache(maxsize=8)
def _quantiles(alpha: float) -> Floats:
    """The two-sided quantiles for 0 (never used), 1, 2, ... degrees of freedom."""
    return np.asarray(stdtrit(np.arange(MOST_DF + 2.0), 1 - alpha / 2))


def _beyond(distance: Floats, df: Floats, alpha: float) -> Truths:
    """Whether 2 P(T_df < -distance) < alpha.

    Quantiles fall as the degrees of freedom grow, so those of the whole numbers around df decide nearly every trial
    without a distribution function; the few between are computed.
    """
    whole = np.clip(np.nan_to_num(df, nan=1.0, posinf=MOST_DF), 1, MOST_DF).astype(np.int64)
    table = _quantiles(alpha)
    beyond = distance > table[whole] * (1 + NEAR)
    open_ = ~beyond & ~(distance < table[whole + 1] * (1 - NEAR)) | ~((df >= 1) & (df < MOST_DF))
    beyond[open_] = 2.0 * stdtr(df[open_], -distance[open_]) < alpha
    return np.asarray(beyond)


# ------------------------------------------------------------------ analysis of covariance


def ancova(
    outcome: Floats,
    arm: NDArray[np.generic],
    covariates: Sequence[Floats] = (),
    factors: Sequence[NDArray[np.generic]] = (),
) -> Estimated:
    """`analysis.ancova` of every trial. All arrays have shape (trials, n): the outcome and covariates with nan where
    unknown, `arm` 0 or 1 (other: not analysed), factors as whole numbers from 0.

    Trials with an ordinary design go through the compiled kernel. The others, and all where it is absent, go through
    the modified Gram-Schmidt process on the columns intercept, factors, centred covariates, arm and outcome (Bjorck
    1967: as accurate for least squares as a QR factorisation by reflections): a level that nobody of a trial has, and
    the first one that somebody has, take no column there, and what is refused gets its reason.
    """
    y = np.asarray(outcome, dtype=np.float64)
    which = np.asarray(arm)
    known = [np.asarray(one, dtype=np.float64) for one in covariates]
    levels = [int(factor.max(initial=0)) + 1 for factor in factors]
    made = _compiled(y, which, known, factors, levels)
    left = np.arange(len(y)) if made is None else np.flatnonzero(made.refused)
    if made is not None and not left.size:
        return made

    def work(y: Floats, which: Floats, *others: Floats) -> tuple[Floats, ...]:
        return _least_squares(y, which, others[: len(known)], others[len(known) :], levels)

    arrays = [y, which.astype(np.float64), *known, *factors]
    slow = _answers(in_lanes(work, *(array[left] for array in arrays)))
    if made is None:
        return slow
    for name in ("estimate", "se", "df", "n", "refused"):
        getattr(made, name)[left] = getattr(slow, name)
    return made


def _compiled(
    y: Floats,
    arm: NDArray[np.generic],
    covariates: Sequence[Floats],
    factors: Sequence[NDArray[np.generic]],
    levels: Sequence[int],
) -> Estimated | None:
    """The trials that the kernel fits; `refused` where it does not, whatever the reason. None without the kernel."""
    if native.library() is None:
        return None
    here = (arm == 0) | (arm == 1)
    width = 2 + sum(count - 1 for count in levels) + len(covariates)
    design = np.empty((*y.shape, width))
    design[..., 0], design[..., -1] = 1.0, arm
    place = 1
    for factor, count in zip(factors, levels, strict=True):
        for level in range(1, count):
            design[..., place] = factor == level
            place += 1
    for values in covariates:
        here &= ~np.isnan(values)
        design[..., place] = values
        place += 1
    here &= ~np.isnan(y)
    made = least_squares_block(np.where(here, y, np.nan), design)
    counts = np.stack([(here & (arm == which)).sum(axis=1) for which in (0, 1)], axis=1)
    return Estimated(made.estimate, made.se, made.df, counts.astype(np.int64), (made.status != 0).astype(np.int8))


def _least_squares(
    y: Floats, arm: Floats, covariates: Sequence[Floats], factors: Sequence[Floats], levels: Sequence[int]
) -> tuple[Floats, ...]:
    used = ((arm == 0) | (arm == 1)) & ~np.isnan(y)
    for values in covariates:
        used &= ~np.isnan(values)
    here = used.astype(np.float64)
    rows = here.sum(axis=0)
    in_second = _dot(here, np.where(used, arm, 0.0))
    columns = [here, *_dummies(factors, levels, used)]
    still = np.zeros(rows.shape, dtype=np.bool_)
    for values in covariates:
        column, constant = _centred(values, used, rows)
        columns.append(column)
        still |= constant
    outcome = np.where(used, y, 0.0)
    columns += [np.where(used, arm, 0.0), outcome]
    largest = np.abs(outcome).max(axis=0)
    lengths = [np.sqrt(_dot(column, column)) for column in columns]
    width = sum((length > 0).astype(np.float64) for length in lengths[:-1])
    left, estimate = _gram_schmidt(columns)
    repeated = np.zeros(rows.shape, dtype=np.bool_)
    for length, diagonal in zip(lengths[:-1], left, strict=True):
        repeated |= (length > 0) & (diagonal <= NEW_SHARE * length)
    df = rows - width
    residual = np.sqrt(_dot(columns[-1], columns[-1]))
    code = _first_reason(
        rows.size,
        (NOBODY, rows == 0),
        (CONSTANT, still),
        (ONE_ARM, (in_second == 0) | (in_second == rows)),
        (TOO_FEW, df <= 0),
        (SINGULAR, repeated),
        (EXACT, residual <= 1e-12 * largest),
    )
    return estimate, residual / np.sqrt(df) / left[-1], df, code, rows - in_second, in_second


def _dummies(factors: Sequence[Floats], levels: Sequence[int], used: Truths) -> list[Floats]:
    """One column for each level but the first that the trial has; all noughts where the trial lacks the level."""
    columns = []
    for factor, count in zip(factors, levels, strict=True):
        seen = np.zeros(used.shape[1], dtype=np.bool_)
        for level in range(count):
            column = used & (factor == level)
            there = column.any(axis=0)
            if seen.any():
                columns.append((column & seen).astype(np.float64))
            seen |= there
    return columns


def _centred(values: Floats, used: Truths, rows: Floats) -> tuple[Floats, Truths]:
    """The covariate about its mean in the trial, and where it does not vary."""
    known = np.where(used, values, 0.0)
    centred = np.where(used, known - known.sum(axis=0) / rows, 0.0)
    return centred, np.asarray(np.abs(centred).max(axis=0) <= 1e-12 * np.abs(known).max(axis=0))


def _gram_schmidt(columns: list[Floats]) -> tuple[list[Floats], Floats]:
    """Makes each column orthogonal to those before it, in place: the lengths that are left of all but the last column,
    and the coefficient of the last column on the one before it. A column of noughts stays one."""
    lengths = []
    coefficient = np.zeros(0)
    for place, column in enumerate(columns[:-1]):
        squared = _dot(column, column)
        scale = 1.0 / np.where(squared > 0, squared, 1.0)
        for other in columns[place + 1 :]:
            coefficient = _dot(column, other) * scale
            other -= column * coefficient
        lengths.append(np.sqrt(squared))
    return lengths, coefficient


# ------------------------------------------------------------------ two means, two shares, two curves


def welch(outcome: Floats, arm: NDArray[np.generic]) -> Estimated:
    """`analysis.welch` of every trial: outcome (trials, n) with nan where unknown, arm 0 or 1."""
    columns = in_lanes(_welch, np.asarray(outcome, dtype=np.float64), np.asarray(arm, dtype=np.float64))
    return _answers(columns)


def _welch(y: Floats, arm: Floats) -> tuple[Floats, ...]:
    sizes, means, parts = [], [], []
    for which in (0, 1):
        used = (arm == which) & ~np.isnan(y)
        rows = used.sum(axis=0).astype(np.float64)
        mean = np.where(used, y, 0.0).sum(axis=0) / rows
        apart = np.where(used, y - mean, 0.0)
        sizes.append(rows)
        means.append(mean)
        parts.append(_dot(apart, apart) / (rows - 1) / rows)
    variance = parts[0] + parts[1]
    df = variance**2 / (parts[0] ** 2 / (sizes[0] - 1) + parts[1] ** 2 / (sizes[1] - 1))
    code = _first_reason(
        len(variance),
        (NOBODY, sizes[0] + sizes[1] == 0),
        (FEW_IN_ARM, (sizes[0] < 2) | (sizes[1] < 2)),
        (STILL, variance <= (1e-12 * np.maximum(np.abs(means[0]), np.abs(means[1]))) ** 2),
    )
    return means[1] - means[0], np.sqrt(variance), df, code, sizes[0], sizes[1]


def responders(outcome: Floats, arm: NDArray[np.generic], cut: float, level: float) -> Estimated:
    """`analysis.proportions` of every trial at one threshold: the difference of the two shares, Newcombe's limits and
    Fisher's p. Tables that occur more than once are worked out once."""
    known = ~np.isnan(outcome)
    reach = outcome >= cut
    table = np.stack(
        [(known & (arm == which) & part).sum(axis=1) for which in (0, 1) for part in (reach, np.True_)], axis=1
    )
    sizes = table[:, 1::2]
    # One whole number for each table, so that those that occur are found by one sort.
    base = int(table.max(initial=0)) + 1
    _, first, place = np.unique(table @ base ** np.arange(4), return_index=True, return_inverse=True)
    found = np.array([_compared(*row, level) for row in table[first].tolist()]).reshape(-1, 4)[place.ravel()]
    refused = np.where(sizes.sum(axis=1) == 0, REASONS.index(NOBODY), 0)
    refused = np.where((refused == 0) & (sizes == 0).any(axis=1), REASONS.index(ONE_ARM), refused).astype(np.int8)
    unknown = np.full(len(table), np.nan)
    counts = sizes.astype(np.int64)
    return Estimated(found[:, 0], unknown, unknown, counts, refused, found[:, 3], found[:, 1], found[:, 2])


@lru_cache(maxsize=1 << 16)
def _compared(count: int, n: int, other: int, m: int, level: float) -> tuple[float, float, float, float]:
    """Difference of two shares (second minus first), its limits, p; nan where an arm is empty."""
    if not n or not m:
        return float("nan"), float("nan"), float("nan"), float("nan")
    interval = newcombe((count, n), (other, m), level)
    return interval.estimate, interval.lower, interval.upper, fisher((count, n), (other, m))


def log_rank(time: Integers, event: Truths, arm: NDArray[np.generic]) -> Estimated:
    """`analysis.survival.log_rank` of every trial. `time` (trials, n) in whole days above 0 (others are not analysed),
    `event` whether it ended in the event. There is no estimate, only p; two curves without any event have no test."""
    known = (time > 0) & ((arm == 0) | (arm == 1))
    sizes = np.stack([(known & (arm == which)).sum(axis=1) for which in (0, 1)], axis=1)
    statistic, variance = _mantel(np.where(known, time, 0), event & known, np.asarray(arm), known)
    code = np.zeros(len(time), dtype=np.int8)
    code[variance == 0] = REASONS.index(NO_EVENT)
    code[(sizes == 0).any(axis=1)] = REASONS.index(ONE_ARM)
    code[sizes.sum(axis=1) == 0] = REASONS.index(NOBODY)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.where(code == 0, chdtrc(1, statistic**2 / variance), np.nan)
    unknown = np.full(len(time), np.nan)
    return Estimated(unknown, unknown, unknown, sizes.astype(np.int64), code, p)


def _mantel(time: Integers, event: Truths, arm: NDArray[np.generic], known: Truths) -> tuple[Floats, Floats]:
    """Observed minus expected events of the second arm, and the hypergeometric variance, over all event times."""
    trials, last = len(time), int(time.max(initial=0)) + 1
    row = np.arange(trials)[:, None] * last

    def per_day(which: Truths) -> NDArray[np.int64]:
        return np.bincount((row + time)[which], minlength=trials * last).reshape(trials, last)

    second = known & (arm == 1)
    deaths = per_day(event)
    at_risk = [np.cumsum(per_day(who)[:, ::-1], axis=1)[:, ::-1] for who in (known, second)]
    which, day = np.nonzero(deaths)
    died, total, treated = (counts[which, day].astype(np.float64) for counts in (deaths, *at_risk))
    expected = died * treated / total
    spread = died * (total - died) * (total - treated) * treated / (total * total * np.maximum(total - 1, 1))
    # `bincount` adds in the order of the days, trial by trial.
    sums = [np.asarray(np.bincount(which, weights=part, minlength=trials)) for part in (expected, spread)]
    observed: Floats = (event & second).sum(axis=1).astype(np.float64)
    return observed - sums[0], sums[1].astype(np.float64)
