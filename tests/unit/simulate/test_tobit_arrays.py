"""Censored outcomes in many trials at once have the numbers of each trial alone, and the same refusals."""

from typing import Any

import numpy as np
import pytest

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.handling import HANDLINGS, Handling, placed
from trialwright.analysis.tobit import tobit
from trialwright.simulate import beyond
from trialwright.simulate.estimators import ancova
from trialwright.simulate.tobit import BEYOND, SPREAD, tobit_of


def drawn(trials: int = 40, n: int = 30) -> dict[str, Any]:
    chance = np.random.default_rng(12)
    arm = np.where(chance.random((trials, n)) < 0.06, -1, np.arange(n) % 2)
    x, level = chance.normal(size=(trials, n)), chance.integers(0, 4, (trials, n))
    outcome = 3 + 0.7 * (arm == 1) + 0.5 * x + 0.3 * level + chance.normal(size=(trials, n))
    level[:8][level[:8] == 2] = 1
    outcome[chance.random((trials, n)) < 0.07] = np.nan
    x[chance.random((trials, n)) < 0.04] = np.nan
    signs = np.where(outcome < 2.6, -1, np.where(outcome > 6, 1, 0)).astype(np.int8)
    outcome = np.clip(outcome, 2.6, 6)
    signs[3][arm[3] == 0] = -1
    outcome[3][arm[3] == 0] = 2.6
    signs[5], outcome[5] = -1, 2.6
    return {"outcome": outcome, "signs": signs, "arm": arm, "x": x, "level": level}


@pytest.mark.parametrize("degrees", ["residual", "asymptotic"])
def test_every_trial_has_the_numbers_of_the_trial_alone(degrees: str) -> None:
    data = drawn()
    chosen = Handling("", "tobit", degrees)
    made = tobit_of(data["outcome"], data["signs"], data["arm"], [data["x"]], [data["level"]], chosen)
    answered = 0
    for trial in range(len(data["arm"])):
        used = (data["arm"][trial] >= 0) & ~np.isnan(data["outcome"][trial]) & ~np.isnan(data["x"][trial])
        outcome, signs, arm, x, level = (data[name][trial][used] for name in ("outcome", "signs", "arm", "x", "level"))
        lower, upper = np.where(signs < 0, -np.inf, outcome), np.where(signs > 0, np.inf, outcome)
        try:
            one = tobit(lower, upper, arm, {"x": x}, {"level": level}, degrees=degrees).effect
        except NotEstimable:
            assert made.refused[trial] > 0
            assert np.isnan(made.estimate[trial])
            continue
        answered += 1
        assert made.refused[trial] == 0
        assert (made.estimate[trial], made.se[trial]) == pytest.approx((one.estimate, one.se), rel=1e-9)
        assert made.df[trial] == one.df
        assert made.p[trial] == pytest.approx(one.p, rel=1e-8)
    assert answered >= 35
    assert made.reasons[made.refused[3]] == BEYOND
    assert made.reasons[made.refused[5]] == SPREAD


def test_a_trial_has_the_same_numbers_whatever_stands_beside_it() -> None:
    data = drawn()
    whole = tobit_of(data["outcome"], data["signs"], data["arm"], [data["x"]], [data["level"]], Handling("", "tobit"))
    for part in (slice(0, 1), slice(7, 20), slice(39, 40)):
        some = {name: values[part] for name, values in data.items()}
        made = tobit_of(
            some["outcome"], some["signs"], some["arm"], [some["x"]], [some["level"]], Handling("", "tobit")
        )
        assert np.array_equal(made.estimate, whole.estimate[part], equal_nan=True)
        assert np.array_equal(made.se, whole.se[part], equal_nan=True)


@pytest.mark.parametrize("how", HANDLINGS)
@pytest.mark.parametrize("scale", ["", "log", "log2", "log10"])
def test_values_are_shown_as_the_single_analysis_shows_them(how: str, scale: str) -> None:
    data = drawn()
    many, signs = beyond.shown(data["outcome"], data["signs"], Handling(scale, how))
    for trial in (0, 3, 9):
        one, limits = placed(data["outcome"][trial], data["signs"][trial], Handling(scale, how))
        assert np.array_equal(many[trial], one, equal_nan=True)
        assert (signs is None) == (limits is None)
        assert signs is None or limits is None or np.array_equal(signs[trial], limits)


def test_trials_that_are_refused_say_why_and_the_others_are_as_they_were() -> None:
    data = drawn()
    whole = ancova(data["outcome"], data["arm"])
    why = np.zeros(len(data["arm"]), dtype=np.int8)
    why[[2, 4]] = 1, 2
    made = beyond.refusing(whole, why)
    assert [made.reasons[made.refused[trial]] for trial in (2, 4)] == [beyond.UNDECLARED, beyond.NO_LOGARITHM]
    assert np.isnan(made.estimate[[2, 4]]).all()
    others = why == 0
    assert np.array_equal(made.estimate[others], whole.estimate[others], equal_nan=True)
    assert np.array_equal(made.refused[others], whole.refused[others])
    assert beyond.refusing(whole, np.zeros_like(why)) is whole
