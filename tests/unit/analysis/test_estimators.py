"""What an estimator must do whatever the data: invariances, recovery of a known truth, and complete refusals."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.analysis.ancova import ancova, arm_effect, design
from trialwright.analysis.descriptive import counts, numbers
from trialwright.analysis.estimates import NotEstimable, SingularDesign
from trialwright.analysis.proportions import clopper_pearson, comparison, fisher, newcombe, wilson
from trialwright.analysis.survival import kaplan_meier, log_rank, time_to_event
from trialwright.analysis.welch import welch

ARM = np.repeat([0, 1], 24)
seeds = st.integers(min_value=0, max_value=2**32 - 1)


def made_up(seed: int, effect: float = 0.0) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """48 participants, three covariates, one stratum; the truth of the arm effect is `effect`, the error is 20."""
    chance = np.random.default_rng(seed)
    covariates = {name: chance.normal(size=48) for name in ("phga", "mmt", "haq")}
    strata = {"subtype": np.where(chance.permutation(48) < 20, "DM", "other")}
    outcome = 40 + 8 * covariates["phga"] + effect * ARM + 20 * chance.normal(size=48)
    return outcome, covariates, strata


@given(seeds, st.floats(0.1, 50), st.floats(-1e3, 1e3))
@settings(max_examples=40)
def test_the_arm_effect_does_not_depend_on_the_units_of_a_covariate(seed: int, scale: float, shift: float) -> None:
    outcome, covariates, strata = made_up(seed)
    before = ancova(outcome, ARM, covariates, strata).effect
    moved = covariates | {"mmt": covariates["mmt"] * scale + shift}
    after = ancova(outcome, ARM, moved, strata).effect
    assert (after.estimate, after.se, after.p) == pytest.approx((before.estimate, before.se, before.p), rel=1e-7)


@given(seeds)
@settings(max_examples=30)
def test_swapping_the_arms_turns_the_sign_and_nothing_else(seed: int) -> None:
    outcome, covariates, strata = made_up(seed)
    one, other = (ancova(outcome, arm, covariates, strata) for arm in (ARM, 1 - ARM))
    assert (one.effect.estimate, one.effect.lower) == pytest.approx((-other.effect.estimate, -other.effect.upper))
    assert one.effect.p == pytest.approx(other.effect.p)
    assert one.means[0].mean == pytest.approx(other.means[1].mean)


@given(seeds)
@settings(max_examples=30)
def test_the_order_of_the_participants_does_not_matter(seed: int) -> None:
    outcome, covariates, strata = made_up(seed)
    order = np.random.default_rng(seed + 1).permutation(48)
    shuffled = {name: values[order] for name, values in covariates.items()}
    one = ancova(outcome, ARM, covariates, strata)
    two = ancova(outcome[order], ARM[order], shuffled, {name: values[order] for name, values in strata.items()})
    assert two.effect.estimate == pytest.approx(one.effect.estimate)
    assert two.effect.se == pytest.approx(one.effect.se)


@given(seeds)
@settings(max_examples=30)
def test_the_effect_is_the_difference_of_the_adjusted_means(seed: int) -> None:
    result = ancova(*made_up(seed)[:1], ARM, *made_up(seed)[1:])
    assert result.means[1].mean - result.means[0].mean == pytest.approx(result.effect.estimate)


@given(seeds)
@settings(max_examples=30)
def test_without_covariates_and_with_equal_arms_it_is_the_difference_of_the_plain_means(seed: int) -> None:
    outcome = made_up(seed)[0]
    effect = ancova(outcome, ARM).effect
    assert effect.estimate == pytest.approx(outcome[24:].mean() - outcome[:24].mean())
    assert effect.se == pytest.approx(welch(outcome[:24], outcome[24:]).effect.se)


def test_the_light_path_gives_the_same_effect_as_the_full_result() -> None:
    outcome, covariates, strata = made_up(7)
    assert arm_effect(outcome, design(ARM, covariates, strata)) == ancova(outcome, ARM, covariates, strata).effect


def test_the_analysis_of_covariance_finds_the_truth_and_covers_it() -> None:
    """2000 made-up trials, truth 12: bias within four Monte Carlo errors, coverage of 95 % within three."""
    effects = [ancova(*_split(made_up(seed, 12.0))).effect for seed in range(2000)]
    estimates = np.array([effect.estimate for effect in effects])
    assert abs(estimates.mean() - 12) < 4 * estimates.std() / 2000**0.5
    covered = np.mean([effect.lower <= 12 <= effect.upper for effect in effects])
    assert abs(covered - 0.95) < 3 * (0.95 * 0.05 / 2000) ** 0.5


def test_without_an_effect_one_trial_in_twenty_is_significant() -> None:
    for test in (lambda y, a, c, s: ancova(y, a, c, s).effect, lambda y, a, c, s: welch(y[:24], y[24:]).effect):
        wrong = np.mean([test(*_split(made_up(seed))).p < 0.05 for seed in range(2000)])
        assert abs(wrong - 0.05) < 3.3 * (0.05 * 0.95 / 2000) ** 0.5


def _split(data: tuple[np.ndarray, dict, dict]) -> tuple[np.ndarray, np.ndarray, dict, dict]:
    return data[0], ARM, data[1], data[2]


def test_a_rehearsed_trials_primary_analysis_takes_less_than_a_millisecond() -> None:
    data = _split(made_up(3))
    ancova(*data)
    batches = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(50):
            ancova(*data)
        batches.append((time.process_time() - began) / 50)
    assert min(batches) < 1e-3


def test_a_covariate_that_repeats_others_is_named() -> None:
    outcome, covariates, strata = made_up(1)
    double = covariates | {"sum of two": covariates["phga"] + 2 * covariates["mmt"]}
    with pytest.raises(SingularDesign, match="sum of two") as refused:
        ancova(outcome, ARM, double, strata)
    assert refused.value.column == "sum of two"


def test_a_covariate_that_does_not_vary_is_named() -> None:
    outcome, covariates, strata = made_up(1)
    with pytest.raises(SingularDesign, match="'flat' has the same value"):
        ancova(outcome, ARM, covariates | {"flat": np.full(48, 0.1)}, strata)


def test_a_stratum_that_decides_the_arm_is_refused() -> None:
    with pytest.raises(SingularDesign, match="'arm'"):
        ancova(made_up(1)[0], ARM, {}, {"site": ARM})


def test_a_factor_with_one_level_is_left_out() -> None:
    assert ancova(made_up(1)[0], ARM, {}, {"site": np.zeros(48)}).columns == ("intercept", "arm")


@pytest.mark.parametrize(
    ("outcome", "arm", "why"),
    [
        ([1.0, 2, np.nan, 4], [0, 0, 1, 1], "missing"),
        ([1.0, 2, 3, 4], [1, 1, 1, 1], "one arm"),
        ([1.0, 2], [0, 1], "cannot carry"),
        ([1.0, 1, 1, 1], [0, 0, 1, 1], "exactly"),
        ([1.0, 2, 3], [0, 0, 1, 1], "3 values"),
    ],
)
def test_what_cannot_be_estimated_is_refused_with_the_reason(outcome: list, arm: list, why: str) -> None:
    with pytest.raises(NotEstimable, match=why):
        ancova(outcome, arm)


def test_welch_refuses_a_single_value_a_missing_one_and_two_flat_arms() -> None:
    for first, why in (([1.0], "at least two"), ([1.0, np.nan], "missing"), ([3.0, 3.0], "varies")):
        with pytest.raises(NotEstimable, match=why):
            welch(first, [3.0, 3.0])


sizes = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(sizes)
def test_a_share_lies_inside_its_intervals_and_the_intervals_between_nought_and_one(arm: tuple[int, int]) -> None:
    for interval in (wilson(*arm), clopper_pearson(*arm)):
        assert 0 <= interval.lower <= interval.estimate <= interval.upper <= 1


@given(sizes)
def test_counting_failures_mirrors_the_interval(arm: tuple[int, int]) -> None:
    count, n = arm
    for method in (wilson, clopper_pearson):
        one, other = method(count, n), method(n - count, n)
        assert one.lower == pytest.approx(1 - other.upper, abs=1e-12)


@given(sizes, sizes)
def test_the_difference_of_two_shares_changes_sign_with_the_order(one: tuple[int, int], two: tuple[int, int]) -> None:
    there, back = newcombe(one, two), newcombe(two, one)
    assert (there.estimate, there.lower) == pytest.approx((-back.estimate, -back.upper))
    assert -1 <= there.lower <= there.estimate <= there.upper <= 1
    assert 0 <= comparison(one, two).p <= 1


def test_the_exact_interval_covers_at_least_as_often_as_it_says() -> None:
    """Every count of 24 weighed by its probability: the coverage is exact, not simulated."""
    from scipy.stats import binom

    intervals = [clopper_pearson(count, 24) for count in range(25)]
    for truth in np.linspace(0.01, 0.99, 99):
        inside = [
            binom.pmf(k, 24, truth) for k, limits in enumerate(intervals) if limits.lower <= truth <= limits.upper
        ]
        assert sum(inside) >= 0.95


@given(sizes, sizes)
def test_fishers_p_is_that_of_scipy(one: tuple[int, int], two: tuple[int, int]) -> None:
    from scipy.stats import fisher_exact

    table = [[count, n - count] for count, n in (one, two)]
    assert fisher(one, two) == pytest.approx(float(fisher_exact(table).pvalue), rel=1e-9)


@pytest.mark.parametrize(("count", "n"), [(-1, 5), (6, 5), (0, 0)])
def test_an_impossible_share_is_refused(count: int, n: int) -> None:
    with pytest.raises(NotEstimable):
        wilson(count, n)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=40))
def test_without_censoring_the_curve_is_the_share_not_yet_there(times: list[int]) -> None:
    for step in kaplan_meier(times, [True] * len(times)).steps:
        assert step.survival == pytest.approx(sum(time > step.time for time in times) / len(times), abs=1e-12)


@given(st.lists(st.tuples(st.integers(1, 60), st.booleans()), min_size=1, max_size=40))
def test_the_curve_only_falls_and_stays_within_its_limits(pairs: list[tuple[int, bool]]) -> None:
    curve = kaplan_meier([time for time, _ in pairs], [event for _, event in pairs])
    heights = [1.0, *(step.survival for step in curve.steps)]
    assert heights == sorted(heights, reverse=True)
    for step in curve.steps:
        if step.lower is not None and step.upper is not None:
            assert step.lower <= step.survival + 1e-12
            assert step.survival <= step.upper + 1e-12


def test_two_equal_arms_do_not_differ() -> None:
    times, events = [4, 8, 12, 26], [True, False, True, True]
    assert log_rank((times, times), (events, events)).chi_square == pytest.approx(0, abs=1e-20)


def test_the_log_rank_test_rejects_one_null_trial_in_twenty() -> None:
    chance = np.random.default_rng(5)
    rejected = 0
    for _ in range(1000):
        times, follow = chance.exponential(10, size=(2, 24)), chance.exponential(20, size=(2, 24))
        seen = np.minimum(times, follow)
        rejected += log_rank((seen[0], seen[1]), (times[0] <= follow[0], times[1] <= follow[1])).p < 0.05
    assert abs(rejected / 1000 - 0.05) < 3 * (0.05 * 0.95 / 1000) ** 0.5


def test_without_events_there_is_no_test_but_there_are_curves() -> None:
    result = time_to_event(([4.0, 8.0], [4.0]), ([False, False], [False]))
    assert result.test is None
    assert result.curves[0].median is None
    assert "interval-censored" in result.note


def test_a_time_of_nought_is_refused() -> None:
    with pytest.raises(NotEstimable, match="above zero"):
        kaplan_meier([0.0, 4.0], [True, True])


def test_a_summary_counts_what_is_missing_and_never_fills_it_in() -> None:
    summary = numbers([1.0, np.nan, 3.0])
    assert (summary.n, summary.missing, summary.mean, summary.median) == (2, 1, 2.0, 2.0)
    assert numbers([np.nan]).mean is None
    assert numbers([5.0]).sd is None


def test_categories_keep_their_order_and_empty_ones_are_shown() -> None:
    table = counts(["DM", None, "PM", "DM"], ["ASyS", "DM"])
    assert [(row.label, row.count) for row in table.categories] == [("ASyS", 0), ("DM", 2), ("PM", 1)]
    assert (table.n, table.missing) == (3, 1)
    assert table.categories[1].share == pytest.approx(2 / 3)
