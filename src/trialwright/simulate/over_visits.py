"""The mixed model over several visits asked of many trials at once: the counterpart of `analysis.visits` and
`analysis.repeated`, fitted by the block kernel."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.course import Choices, chosen
from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.mmrm.block import Block, block
from trialwright.analysis.mmrm.native import STATUS
from trialwright.design.model import Definition
from trialwright.simulate import beyond
from trialwright.simulate.estimators import NOBODY, ONE_ARM, REASONS, Estimated
from trialwright.simulate.measured import NotSimulated
from trialwright.simulate.planned import Asked, Making, Planned, adjustments, covariate, factor

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

EMPTY = "Nobody has a known value at the visit."
WHY = (*REASONS, EMPTY, *STATUS[1:])
"""Why a trial has no answer: the reasons of the other estimators, then those of the kernel."""


@dataclass(frozen=True)
class Model:
    """What is fitted: the outcome's visits (the baseline first where it is constrained) and what is adjusted for."""

    measure: str
    visits: tuple[str, ...]
    choices: Choices
    factors: tuple[str, ...]
    covariates: tuple[str, ...]

    @property
    def first(self) -> int:
        """The place of the first visit at which the arms may differ."""
        return int(self.choices.constrained)


def over_visits(making: Making) -> Planned:
    """The planned analysis, made ready. Raises `NotSimulated` for a model that the block kernel does not fit."""
    endpoint = making.definition.endpoints[making.endpoint]
    if not endpoint.measure or len(endpoint.at) < 2:
        raise NotSimulated("The endpoint names no measure, or fewer than two visits.")
    choices = _choices(making)
    measure = making.measure or endpoint.measure[0]
    start = making.baseline_of(measure)
    later = tuple(visit for visit in endpoint.at if not (choices.constrained and visit == start))
    visits = (start, *later) if choices.constrained else later
    if choices.constrained and measure in making.plan.covariates:
        raise NotSimulated(f"'{measure}' cannot be a covariate and, as a constrained baseline, an outcome too.")
    making.need(measure, visits)
    factors, covariates = adjustments(making, measure)
    targets = [beyond.target(visit, making.definition, measure, visit, choices.handling) for visit in later]
    model = Model(measure, visits, choices, factors, covariates)
    return making.made(targets, partial(_answer, model), later.index(_leading(making.definition, choices, later)))


def _choices(making: Making) -> Choices:
    try:
        choices = chosen(making.plan.options)
    except NotEstimable as wrong:
        raise NotSimulated(str(wrong)) from None
    if choices.handling.tobit:
        raise NotSimulated("The mixed model of censored values takes a second for each trial, so it is not simulated.")
    if choices.covariance != "us":
        raise NotSimulated(
            f"The block kernel fits unstructured covariances; the analysis asks for {choices.covariance}."
        )
    if choices.df not in ("kenward-roger", "kenward-roger-linear", "satterthwaite"):
        raise NotSimulated(f"Degrees of freedom by {choices.df} are not simulated; those of Kenward-Roger are.")
    if choices.variance != "model":
        raise NotSimulated(f"The variance '{choices.variance}' is not simulated; that of the model is.")
    return choices


def _leading(definition: Definition, choices: Choices, visits: Sequence[str]) -> str:
    """The visit that speaks for the analysis, as in `analysis.visits`."""
    if choices.visit is not None:
        if choices.visit not in visits:
            raise NotSimulated(f"The analysis is to speak of {choices.visit}, which is none of its visits.")
        return choices.visit
    primary = [visit for each in definition.endpoints.values() if each.level == "primary" for visit in each.at]
    return next((visit for visit in primary if visit in visits), visits[-1])


# ------------------------------------------------------------------ many trials


def _answer(model: Model, asked: Asked) -> tuple[Estimated, ...]:
    """One estimate for each visit at which the arms may differ."""
    covariates = [covariate(asked, model.measure, name) for name in model.covariates]
    values, _, why = beyond.outcome(asked, model.measure, model.visits, model.covariates, model.choices.handling)
    outcome, used = _outcome(model, asked, values, covariates)
    dummies, levels = dummies_of([factor(asked, name) for name in model.factors], used)
    seen = np.asarray(~np.isnan(outcome).all(axis=1), dtype=np.bool_)
    n = np.stack([(used & (asked.arm == which)).sum(axis=1) for which in (0, 1)], axis=1)
    refused: Integers = np.where(
        n.sum(axis=1) == 0, WHY.index(NOBODY), np.where((n == 0).any(axis=1), WHY.index(ONE_ARM), 0)
    )
    found = np.full((3, len(outcome), len(model.visits) - model.first), np.nan)
    codes = np.repeat(refused[:, None], found.shape[2], axis=1)
    columns = [np.ones(used.shape), (asked.arm == 1).astype(np.float64), *dummies, *covariates]
    # Trials that lack a level or a whole visit have another model; those that are alike are fitted together.
    for trials, kept, visits in alike(levels, seen, refused):
        chosen_columns = [
            column[trials] for column, one in zip(columns, kept_of(kept, len(columns)), strict=True) if one
        ]
        places = np.flatnonzero(visits[model.first :])
        first = model.first if visits[: model.first].all() else 0
        made = _fitted(model, outcome[trials][..., visits], np.stack(chosen_columns, axis=2), first)
        for contrast, place in enumerate(places.tolist()):
            found[:, trials, place] = np.stack([part[:, contrast] for part in _parts(model, made)])
            codes[trials, place] = np.where(made.status == 0, 0, len(REASONS) + made.status)
        for place in np.flatnonzero(~visits[model.first :]).tolist():
            codes[trials, place] = WHY.index(EMPTY)
    counts = n.astype(np.int64)
    estimated = (
        Estimated(
            found[0, :, place], found[1, :, place], found[2, :, place], counts, codes[:, place].astype(np.int8),
            reasons=WHY,
        )
        for place in range(found.shape[2])
    )  # fmt: skip
    return tuple(beyond.refusing(one, why) for one in estimated)


def _outcome(model: Model, asked: Asked, outcome: Floats, covariates: Sequence[Floats]) -> tuple[Floats, Truths]:
    """The outcome at all visits, (trials, n, visits), of those who are used: who has one at any visit after the
    baseline, and all covariates."""
    used = (asked.arm >= 0) & ~np.isnan(outcome[..., model.first :]).all(axis=2)
    for values in covariates:
        used &= ~np.isnan(values)
    return np.where(used[..., None], outcome, np.nan), used


def dummies_of(factors: Sequence[Integers], used: Truths) -> tuple[list[Floats], Truths]:
    """A column for each level of each factor, and whether each trial needs it: all levels that it has but the first."""
    columns, needed = [], []
    for codes in factors:
        begun = np.zeros(len(codes), dtype=np.bool_)
        for level in range(int(codes.max(initial=0)) + 1):
            column = used & (codes == level)
            there = column.any(axis=1)
            columns.append((codes == level).astype(np.float64))
            needed.append(there & begun)
            begun |= there
    return columns, np.array(needed, dtype=np.bool_).reshape(len(needed), len(used)).T


def alike(levels: Truths, seen: Truths, refused: Integers) -> list[tuple[Integers, list[bool], Truths]]:
    """Trials that are not refused and have the same levels and visits, with those levels and visits."""
    key = np.concatenate([levels.reshape(len(seen), -1), seen], axis=1)
    whole = key @ (1 << np.arange(key.shape[1], dtype=np.int64))
    width = key.shape[1] - seen.shape[1]
    found = []
    for one in np.unique(whole[refused == 0]).tolist():
        trials = np.flatnonzero((refused == 0) & (whole == one))
        found.append((trials, key[trials[0], :width].tolist(), seen[trials[0]]))
    return found


def kept_of(levels: Sequence[bool], columns: int) -> list[bool]:
    """Which columns a model has: intercept, arm, the levels needed, all covariates."""
    return [True, True, *levels, *[True] * (columns - 2 - len(levels))]


def _fitted(model: Model, outcome: Floats, columns: Floats, first: int) -> Block:
    """The block of fits: a mean for each visit, a difference of the arms for each from `first` on, common effects."""
    m, q = outcome.shape[2], columns.shape[2]
    common = q - 2
    cells = np.zeros((m, q, 2 * m - first + common))
    for visit in range(m):
        cells[visit, 0, visit] = 1.0
        if visit >= first:
            cells[visit, 1, m + visit - first] = 1.0
        for place in range(common):
            cells[visit, 2 + place, 2 * m - first + place] = 1.0
    contrasts = np.eye(cells.shape[2])[m : 2 * m - first]
    return block(outcome, columns, cells.reshape(m * q, -1), contrasts, method=model.choices.method)


def _parts(model: Model, made: Block) -> tuple[Floats, Floats, Floats]:
    """Estimate, standard error, degrees of freedom; Satterthwaite takes the model's own standard error."""
    return made.estimate, made.se_model if model.choices.df == "satterthwaite" else made.se, made.df
