"""What an allocation costs: unequal arms, power and information lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.simulate import imbalance
from trialwright.simulate.imbalance import Strata


@pytest.mark.parametrize(
    ("difference", "sd", "at_24", "at_22"), [(20, 24, 0.807, 0.770), (18, 22, 0.792, 0.755), (22, 25, 0.847, 0.814)]
)
def test_power_of_the_t_test_is_that_of_the_trials_planning(
    difference: float, sd: float, at_24: float, at_22: float
) -> None:
    assert imbalance.power(24, 24, difference, sd, 0.05) == pytest.approx(at_24, abs=0.0006)
    assert imbalance.power(22, 22, difference, sd, 0.05) == pytest.approx(at_22, abs=0.0006)


def test_power_is_the_level_without_a_difference_and_nought_with_an_empty_arm() -> None:
    assert imbalance.power(10, 12, 0, 1, 0.05) == pytest.approx(0.05)
    assert imbalance.power(0, 20, 3, 1, 0.05) == 0


def test_power_of_those_who_stay() -> None:
    assert imbalance.power(48, 48, 1, 2, 0.05, staying=0.5) == pytest.approx(float(imbalance.power(24, 24, 1, 2, 0.05)))


@given(st.integers(2, 60))
def test_equal_arms_have_the_most_power(n: int) -> None:
    every = imbalance.power(np.arange(n + 1), n - np.arange(n + 1), 1, 1, 0.05)
    assert every.max() == pytest.approx(every[n // 2])
    assert every == pytest.approx(every[::-1])


def _people(draws: np.random.Generator, trials: int, n: int, levels: dict[str, int]) -> tuple[Strata, np.ndarray]:
    strata = imbalance.strata_of(levels)
    here = {name: draws.integers(0, count, (trials, n)) for name, count in levels.items()}
    return strata, imbalance.stratum_of(strata, here, (trials, n))


@settings(max_examples=30)
@given(
    st.integers(0, 2**32 - 1),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(2, 3), max_size=3),
    st.sampled_from([(1, 1), (1, 2), (3, 1)]),
)
def test_patients_lost_is_what_a_regression_on_the_factors_explains(
    seed: int, levels: dict[str, int], shares: tuple[int, int]
) -> None:
    """Against the residuals of least squares, participant by participant."""
    draws = np.random.default_rng(seed)
    strata, stratum = _people(draws, 5, 30, levels)
    arms = draws.integers(0, 2, stratum.shape)
    lost = imbalance.patients_lost(imbalance.counted(arms, stratum, strata.count, 2), strata, shares)
    one, two = shares
    for trial in range(5):
        columns = [np.ones(30)]
        for each in strata.levels:
            columns += [(each[stratum[trial]] == level).astype(float) for level in range(1, int(each.max()) + 1)]
        design = np.stack(columns, axis=1)
        fitted = design @ np.linalg.lstsq(design, arms[trial], rcond=None)[0]
        information = ((arms[trial] - fitted) ** 2).sum()
        assert lost[trial] == pytest.approx(30 * (1 - information * (one + two) ** 2 / (30 * one * two)))


def test_simple_randomisation_loses_a_patient_for_each_term_of_the_model() -> None:
    """Atkinson 2002: the expected loss is the number of nuisance parameters: here 1 + 1 + 2."""
    draws = np.random.default_rng(2)
    strata, stratum = _people(draws, 4000, 100, {"sex": 2, "subtype": 3})
    arms = draws.integers(0, 2, stratum.shape)
    lost = imbalance.patients_lost(imbalance.counted(arms, stratum, strata.count, 2), strata, (1, 1))
    assert lost.mean() == pytest.approx(4, abs=4 * lost.std() / 4000**0.5)


def test_balanced_arms_lose_nothing() -> None:
    strata = imbalance.strata_of({"sex": 2})
    assert imbalance.patients_lost(np.array([[[5, 5], [3, 3]]]), strata, (1, 1)) == pytest.approx(0)
    assert imbalance.patients_lost(np.array([[[4, 2], [6, 3]]]), strata, (2, 1)) == pytest.approx(0)


def test_counts_are_told_apart_by_trial_stratum_and_arm() -> None:
    arms = np.array([[0, 1, 1], [0, 0, 2]])
    stratum = np.array([[0, 0, 1], [1, 1, 1]])
    counts = imbalance.counted(arms, stratum, 2, 3)
    assert counts.tolist() == [[[1, 1, 0], [0, 1, 0]], [[0, 0, 0], [2, 0, 1]]]
    assert imbalance.unequal(counts, (1, 1, 1)).tolist() == [[1, 1], [0, 2]]
    assert imbalance.unequal(np.array([4, 2]), (2, 1)).tolist() == 0


def test_the_levels_of_a_factor_are_summed_over_the_strata_that_have_them() -> None:
    strata = imbalance.strata_of({"sex": 2, "site": 3})
    assert strata.levels.tolist() == [[0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2]]
    counts = np.arange(12).reshape(1, 6, 2)
    assert imbalance.over_levels(counts, strata, 1).tolist() == [[[6, 8], [10, 12], [14, 16]]]
    here = {"sex": np.array([[1, 0]]), "site": np.array([[2, 1]])}
    assert imbalance.stratum_of(strata, here, (1, 2)).tolist() == [[5, 1]]
