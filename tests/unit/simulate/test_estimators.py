"""The estimators over many trials give what the analysis of each trial alone gives, and refuse what it refuses."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trialwright.analysis import ancova as one_ancova
from trialwright.analysis import welch as one_welch
from trialwright.analysis.estimates import Effect, NotEstimable
from trialwright.analysis.proportions import comparison
from trialwright.analysis.survival import log_rank as one_log_rank
from trialwright.simulate import estimators
from trialwright.simulate.estimators import REASONS, Estimated

Floats = NDArray[np.float64]


def trials_of(seed: int, trials: int, n: int) -> tuple[Floats, NDArray[np.int64], list[Floats], list[NDArray[Any]]]:
    """Trials with gaps: outcome, arm (-1: takes no part), two covariates, two factors with rare levels."""
    chance = np.random.default_rng(seed)
    arm = chance.integers(0, 2, (trials, n))
    arm[chance.random((trials, n)) < 0.05] = -1
    outcome = np.round(20 * arm + 30 * chance.standard_normal((trials, n)), 1)
    outcome[chance.random((trials, n)) < 0.1] = np.nan
    covariates = [np.round(50 + 9 * chance.standard_normal((trials, n)), 1) for _ in range(2)]
    covariates[1][chance.random((trials, n)) < 0.05] = np.nan
    factors = [chance.integers(0, 2, (trials, n)), (chance.random((trials, n)) < 0.08).astype(int) * 2]
    return outcome, arm, covariates, factors


def alone(outcome: Floats, arm: Any, covariates: Sequence[Floats], factors: Sequence[Any], trial: int) -> Effect:
    used = (arm[trial] >= 0) & ~np.isnan(outcome[trial])
    for values in covariates:
        used &= ~np.isnan(values[trial])
    if not used.any():
        raise NotEstimable("Nobody is left; an analysis of a snapshot says so before it asks.")
    return one_ancova.ancova(
        outcome[trial][used],
        arm[trial][used],
        {str(place): values[trial][used] for place, values in enumerate(covariates)},
        {str(place): values[trial][used] for place, values in enumerate(factors)},
    ).effect


def same(found: Estimated, trial: int, effect: Effect) -> None:
    assert found.refused[trial] == 0, REASONS[found.refused[trial]]
    assert found.p[trial] == pytest.approx(effect.p, rel=1e-9, abs=1e-300)
    assert found.estimate[trial] == pytest.approx(effect.estimate, rel=1e-9, abs=1e-9 * effect.se)
    assert found.se[trial] == pytest.approx(effect.se, rel=1e-10)
    assert found.df[trial] == pytest.approx(effect.df, rel=1e-10)


@given(seed=st.integers(0, 2**32), n=st.integers(4, 40))
@settings(max_examples=25, deadline=None)
def test_ancova_of_many_trials_is_that_of_each(seed: int, n: int) -> None:
    outcome, arm, covariates, factors = trials_of(seed, 6, n)
    found = estimators.ancova(outcome, arm, covariates, factors)
    for trial in range(6):
        try:
            effect = alone(outcome, arm, covariates, factors, trial)
        except NotEstimable:
            assert found.refused[trial] > 0
            assert np.isnan(found.p[trial])
        else:
            same(found, trial, effect)


@given(seed=st.integers(0, 2**32), n=st.integers(2, 30))
@settings(max_examples=25, deadline=None)
def test_welch_of_many_trials_is_that_of_each(seed: int, n: int) -> None:
    outcome, arm, _, _ = trials_of(seed, 6, n)
    found = estimators.welch(outcome, arm)
    for trial in range(6):
        groups = [outcome[trial][(arm[trial] == which) & ~np.isnan(outcome[trial])] for which in (0, 1)]
        try:
            effect = one_welch.welch(*groups).effect
        except NotEstimable:
            assert found.refused[trial] > 0
        else:
            same(found, trial, effect)
            assert found.n[trial].tolist() == [len(group) for group in groups]


@given(seed=st.integers(0, 2**32), n=st.integers(1, 30), cut=st.sampled_from([0.0, 20.0, 60.0]))
@settings(max_examples=25, deadline=None)
def test_responders_of_many_trials_are_those_of_each(seed: int, n: int, cut: float) -> None:
    outcome, arm, _, _ = trials_of(seed, 6, n)
    found = estimators.responders(outcome, arm, cut, 0.95)
    for trial in range(6):
        groups = [outcome[trial][(arm[trial] == which) & ~np.isnan(outcome[trial])] for which in (0, 1)]
        if not all(len(group) for group in groups):
            assert found.refused[trial] > 0
            continue
        told = comparison(*(((group >= cut).sum().item(), len(group)) for group in groups))  # type: ignore[arg-type]
        assert found.p[trial] == told.p
        assert found.estimate[trial] == told.difference.estimate
        assert (found.lower is not None and found.lower[trial]) == told.difference.lower


@given(seed=st.integers(0, 2**32), n=st.integers(1, 40))
@settings(max_examples=25, deadline=None)
def test_the_log_rank_test_of_many_trials_is_that_of_each(seed: int, n: int) -> None:
    chance = np.random.default_rng(seed)
    arm = chance.integers(0, 2, (6, n))
    time = chance.integers(0, 6, (6, n)) * 28
    event = chance.random((6, n)) < 0.4
    found = estimators.log_rank(time, event, arm)
    for trial in range(6):
        chosen = [(time[trial] > 0) & (arm[trial] == which) for which in (0, 1)]
        try:
            times = tuple(time[trial][who] / 7 for who in chosen)
            told = one_log_rank(times, tuple(event[trial][who] for who in chosen))
        except NotEstimable:
            assert found.refused[trial] > 0
        else:
            assert found.p[trial] == pytest.approx(told.p, rel=1e-9, abs=1e-300)


def test_a_trial_has_the_same_bits_whatever_stands_beside_it() -> None:
    outcome, arm, covariates, factors = trials_of(3, 300, 30)
    whole = estimators.ancova(outcome, arm, covariates, factors)
    unadjusted = estimators.welch(outcome, arm)
    for part in (slice(0, 1), slice(7, 8), slice(100, 171), slice(127, 300)):
        found = estimators.ancova(outcome[part], arm[part], [c[part] for c in covariates], [f[part] for f in factors])
        assert np.array_equal(found.p, whole.p[part], equal_nan=True)
        assert np.array_equal(found.estimate, whole.estimate[part], equal_nan=True)
        assert np.array_equal(estimators.welch(outcome[part], arm[part]).p, unadjusted.p[part], equal_nan=True)


def broken(**changes: Any) -> Estimated:
    """Ten participants of a good trial, with something changed."""
    given = {
        "outcome": np.array([[1.0, 4, 2, 8, 5, 7, 3, 9, 6, 0]]),
        "arm": np.array([[0, 1] * 5]),
        "covariates": [np.array([[3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3]])],
        "factors": [],
    }
    return estimators.ancova(**{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"outcome": np.full((1, 10), np.nan)}, estimators.NOBODY),
        ({"arm": np.zeros((1, 10))}, estimators.ONE_ARM),
        ({"covariates": [np.full((1, 10), 3.3)]}, estimators.CONSTANT),
        ({"covariates": [np.array([[0.0, 1] * 5])]}, estimators.SINGULAR),
        ({"covariates": [np.random.default_rng(place).random((1, 10)) for place in range(8)]}, estimators.TOO_FEW),
        ({"outcome": np.array([[0.0, 1] * 5])}, estimators.EXACT),
    ],
)
def test_what_cannot_be_estimated_has_its_reason(changes: dict[str, Any], reason: str) -> None:
    found = broken(**changes)
    assert found.reasons[found.refused[0]] == reason
    assert np.isnan(found.p[0]) == bool(reason)


def test_an_interval_covers_the_estimate_and_not_what_is_far_away() -> None:
    found = broken()
    assert found.covers(float(found.estimate[0]), 0.95).all()
    assert not found.covers(float(found.estimate[0] + 100 * found.se[0]), 0.95).any()
    assert found.covers(0.0, 0.95).tolist() == [bool(found.p[0] >= 0.05)]
