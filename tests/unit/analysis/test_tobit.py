"""The censored normal model: equal to least squares where nothing is censored, honest where nothing can be estimated,
and right on average where much is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from trialwright.analysis.ancova import ancova
from trialwright.analysis.estimates import NoMaximum, NotEstimable, SingularDesign
from trialwright.analysis.tobit import tobit
from trialwright.analysis.tobit_apart import apart
from trialwright.analysis.tobit_newton import _surface, maxima
from trialwright.analysis.welch import welch
from trialwright.simulate.tobit import Handling, tobit_of


def drawn(seed: int, n: int = 40, effect: float = 0.8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    arm, x = np.arange(n) % 2, chance.normal(size=n)
    return arm, x, 3 + effect * arm + 0.6 * x + chance.normal(size=n)


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_without_a_censored_value_it_is_the_analysis_of_covariance(seed: int) -> None:
    arm, x, y = drawn(seed)
    level = np.where(y + x > 3, "high", "low")
    one, other = tobit(y, y, arm, {"x": x}, {"level": level}), ancova(y, arm, {"x": x}, {"level": level})
    assert one.effect.estimate == pytest.approx(other.effect.estimate, rel=1e-8, abs=1e-10)
    assert (one.effect.se, one.effect.p, one.effect.lower) == pytest.approx(
        (other.effect.se, other.effect.p, other.effect.lower), rel=1e-7, abs=1e-12
    )
    assert [mean.se for mean in one.means] == pytest.approx([mean.se for mean in other.means], rel=1e-8)
    assert one.residual_sd == pytest.approx(other.residual_sd, rel=1e-9)


@given(st.integers(0, 10**6), st.floats(0.01, 1000), st.floats(-100, 100))
@settings(max_examples=25, deadline=None)
def test_another_unit_and_another_origin_change_nothing_but_the_unit(seed: int, unit: float, shift: float) -> None:
    arm, x, y = drawn(seed)
    lower, upper = np.where(y < 2.8, -np.inf, y), np.where(y < 2.8, 2.8, y)
    one = tobit(lower, upper, arm, {"x": x})
    other = tobit(shift + unit * lower, shift + unit * upper, arm, {"x": 5 * x})
    assert other.effect.estimate / unit == pytest.approx(one.effect.estimate, rel=1e-6, abs=1e-8)
    assert other.effect.p == pytest.approx(one.effect.p, rel=1e-6)
    turned = tobit(-upper, -lower, arm, {"x": x})
    assert turned.effect.estimate == pytest.approx(-one.effect.estimate, rel=1e-8)
    assert turned.censored[0][1] == one.censored[0][0]


def test_the_slope_and_curvature_are_those_of_the_likelihood() -> None:
    arm, x, y = drawn(4, 24)
    lower = np.where(y < 2.5, -np.inf, np.where(y > 4.5, 4.5, np.where(x > 1, np.floor(y), y)))[None]
    upper = np.where(y < 2.5, 2.5, np.where(y > 4.5, np.inf, np.where(x > 1, np.floor(y) + 1, y)))[None]
    matrix = np.column_stack([np.ones(24), x, arm])[None]
    seen, here = lower == upper, np.ones((1, 24), dtype=bool)
    place = np.array([2.0, 0.5, 0.4, 0.9])

    def at(where: np.ndarray):  # type: ignore[no-untyped-def]
        return _surface(np.asarray(where)[None], lower, upper, matrix, here, seen)

    value, slope, curve = (part[0] for part in at(place))
    assert np.isfinite(value)
    assert approx_fprime(place, lambda where: at(where)[0][0], 1e-7) == pytest.approx(slope, rel=1e-4, abs=1e-4)
    for column in range(4):
        numeric = approx_fprime(place, lambda where, c=column: at(where)[1][0][c], 1e-7)
        assert numeric == pytest.approx(curve[column], rel=1e-4, abs=1e-4)


@given(st.integers(0, 10**6), st.floats(1.5, 4.0))
@settings(max_examples=25, deadline=None)
def test_each_arm_alone_is_the_censored_counterpart_of_welch(seed: int, limit: float) -> None:
    arm, _, y = drawn(seed)
    one, other = apart(y, y, arm), welch(y[arm == 0], y[arm == 1])
    assert (one.effect.estimate, one.effect.se, one.effect.df) == pytest.approx(
        (other.effect.estimate, other.effect.se, other.effect.df), rel=1e-7, abs=1e-9
    )
    lower, upper = np.where(y < limit, -np.inf, y), np.maximum(y, limit)
    if min((lower[arm == which] == upper[arm == which]).sum() for which in (0, 1)) >= 2:
        assert apart(lower, upper, arm).groups[0].n == 20


def test_an_arm_or_level_that_lies_wholly_beyond_a_limit_is_named() -> None:
    arm, x, y = drawn(3)
    lower, upper = np.where(arm == 0, -np.inf, y), np.where(arm == 0, 2.0, y)
    with pytest.raises(NotEstimable, match="All 20 values of the reference arm lie below their limit"):
        tobit(lower, upper, arm, {"x": x})
    level = np.where(np.arange(40) < 6, "rare", "common")
    lower, upper = np.where(level == "rare", 9.0, y), np.where(level == "rare", np.inf, y)
    with pytest.raises(NotEstimable, match=r"All 6 values of level=rare lie above their limit"):
        tobit(lower, upper, arm, {}, {"level": level})
    with pytest.raises(NotEstimable, match="Fewer than two different values"):
        tobit(np.full(40, -np.inf), np.full(40, 2.0), arm)
    with pytest.raises(NotEstimable, match="first arm needs at least two different values within the limits"):
        apart(np.where(arm == 0, -np.inf, y), y, arm)


def test_what_no_group_shows_is_seen_by_the_likelihood() -> None:
    """A covariate that parts the censored from the seen: no level of a factor says so."""
    arm, x, y = drawn(6)
    odd = (np.arange(40) < 4).astype(float)
    lower = np.where(odd == 1, -np.inf, y)
    with pytest.raises(NoMaximum, match="no maximum"):
        tobit(lower, y, arm, {"x": x, "odd": odd})


def test_what_cannot_be_fitted_is_refused() -> None:
    arm, x, y = drawn(5)
    with pytest.raises(NotEstimable, match="missing value"):
        tobit(np.where(x > 1, np.nan, y), y, arm)
    with pytest.raises(NotEstimable, match="missing value"):
        tobit(np.where(x > 1, -np.inf, y), np.where(x > 1, np.inf, y), arm)
    with pytest.raises(NotEstimable, match="nothing to compare"):
        tobit(y, y, np.zeros(40))
    with pytest.raises(SingularDesign, match="twice"):
        tobit(y, y, arm, {"x": x, "twice": 2 * x})
    with pytest.raises(NotEstimable, match="residual or asymptotic"):
        tobit(y, y, arm, degrees="satterthwaite")


def test_many_models_at_once_are_each_alone() -> None:
    arm, x, y = drawn(7)
    matrix = np.column_stack([np.ones(40), x, arm])
    limits = np.array([1.0, 2.0, 2.5, 3.0, 3.4])
    lower, upper = np.where(y < limits[:, None], -np.inf, y), np.maximum(y, limits[:, None])
    whole = maxima(lower, upper, np.repeat(matrix[None], 5, axis=0))
    for place in range(5):
        one = maxima(lower[place : place + 1], upper[place : place + 1], matrix[None])
        assert np.array_equal(one.beta[0], whole.beta[place])
        assert np.array_equal(one.covariance[0], whole.covariance[place])


@pytest.mark.long
@pytest.mark.parametrize(("limit", "share"), [(2.0, 0.12), (3.2, 0.42), (3.8, 0.62)])
def test_the_true_difference_is_recovered_and_covered(limit: float, share: float) -> None:
    """4,000 trials of 48: the estimates centre on the truth, 95 % intervals hold it in 95 %, p < 0.05 in 5 % of null
    trials; half the limit does neither."""
    chance = np.random.default_rng(20261122)
    trials, n, truth = 4000, 48, 0.8
    arm = np.tile(np.arange(n) % 2, (trials, 1))
    x = chance.normal(size=(trials, n))
    noise = chance.normal(size=(trials, n))
    for effect in (truth, 0.0):
        y = 3 + effect * arm + 0.6 * x + noise
        signs = np.where(y < limit, -1, 0).astype(np.int8)
        made = tobit_of(np.maximum(y, limit), signs, arm, [x], [], Handling("", "tobit"))
        good = made.answered
        assert good.mean() > 0.995
        error = made.estimate[good].std() / good.sum() ** 0.5
        assert abs(made.estimate[good].mean() - effect) < 4 * error + 0.015
        assert made.covers(effect, 0.95)[good].mean() == pytest.approx(0.95, abs=0.015)
        if effect == 0.0:
            assert made.rejects(0.05)[good].mean() == pytest.approx(0.05, abs=0.015)
            assert (signs < 0).mean() == pytest.approx(share + 0.09, abs=0.12)
