"""The estimators give the numbers of R (estimators.R beside this file makes them) and of the papers they recompute."""

import numpy as np
import pytest

from trialwright.analysis.ancova import ancova
from trialwright.analysis.descriptive import numbers
from trialwright.analysis.proportions import clopper_pearson, fisher, newcombe, wald_difference, wilson
from trialwright.analysis.survival import kaplan_meier, log_rank
from trialwright.analysis.welch import welch

TIS = np.array([35, 52.5, 20, 0, 47.5, 60, 12.5, 40, 27.5, 55, 67.5, 45, 30, 72.5, 95, 37.5, 50, 62.5, 22.5, 80])
ARM = np.repeat([0, 1], 10)
PHGA = np.array([5.1, 6.3, 4.2, 3.9, 5.5, 7.0, 4.4, 5.2, 4.9, 6.1, 5.8, 4.7, 3.6, 6.6, 7.4, 4.1, 5.0, 6.2, 3.8, 7.1])
HAQ = np.array(
    [1.375, 1.5, 0.75, 1.125, 1.625, 2.25, 0.875, 1.25, 1.5, 1.75, 1.5, 1, 0.625, 2, 2.125, 1.25, 0.75, 1.875, 1, 2.5]
)
OTHER = {1, 2, 5, 7, 9, 10, 14, 16, 19}
STRATUM = np.array(["other" if index in OTHER else "DM" for index in range(20)])
SITE = np.array(["a", "b", "c", "b"] * 5)

WEEK = np.array([4, 4, 8, 8, 8, 12, 12, 12, 26, 26, 4, 4, 4, 4, 8, 8, 12, 12, 26, 52])
EVENT = np.array([1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0], dtype=bool)


def close(*expected: float) -> object:
    return pytest.approx(expected, rel=1e-12, abs=1e-13)


def test_the_arm_effect_of_the_analysis_of_covariance_is_that_of_lm() -> None:
    effect = ancova(TIS, ARM, {"phga": PHGA, "haq": HAQ}, {"stratum": STRATUM}).effect
    assert (effect.estimate, effect.se, effect.statistic) == close(18.6692277554261, 2.66148404911998, 7.01459314084525)
    assert effect.df == 15
    assert effect.p == pytest.approx(4.17716838126414e-06, rel=1e-12)
    assert (effect.lower, effect.upper) == close(12.9964087884147, 24.3420467224375)


def test_the_adjusted_means_are_those_of_emmeans() -> None:
    result = ancova(TIS, ARM, {"phga": PHGA, "haq": HAQ}, {"stratum": STRATUM})
    assert result.residual_sd == pytest.approx(5.81506620058527, rel=1e-12)
    first, second = result.means
    assert (first.mean, first.se, first.lower, first.upper) == close(
        36.4318161609636, 1.84346239590380, 32.5025690749579, 40.3610632469693
    )
    assert (second.mean, second.se, second.lower, second.upper) == close(
        55.1010439163897, 1.89487898209712, 51.0622049711080, 59.1398828616713
    )


def test_the_levels_of_an_unbalanced_factor_weigh_equally_in_the_adjusted_means() -> None:
    result = ancova(TIS, ARM, {"phga": PHGA}, {"site": SITE})
    assert (result.effect.estimate, result.effect.se) == close(18.5634469327449, 2.61993667723642)
    assert tuple(mean.mean for mean in result.means) == close(36.9574033246186, 55.5208502573635)
    assert tuple(mean.se for mean in result.means) == close(1.90399825322045, 1.89030046047838)


def test_welchs_test_is_that_of_t_test() -> None:
    effect = welch(TIS[:10], TIS[10:]).effect
    assert (effect.statistic, effect.df, effect.p) == close(2.2040984678622850, 17.5655603473514894, 0.0411158735512282)
    assert (effect.lower, effect.upper, effect.se) == close(0.9587688473010487, 41.5412311526989413, 9.6411300628551260)


@pytest.mark.parametrize(
    ("count", "n", "score", "exact"),
    [
        (8, 19, (0.231418912824542, 0.637240964657450), (0.202521438977163, 0.665002155988265)),
        (0, 24, (0.0, 0.137976204674980), (0.0, 0.142473597722526)),
        (24, 24, (0.862023795325020, 1.0), (0.857526402277474, 1.0)),
        (37, 47, (0.650959732908016, 0.880102920019050), (0.643363012237007, 0.892967522845214)),
    ],
)
def test_the_intervals_of_one_share_are_those_of_prop_test_and_binom_test(
    count: int, n: int, score: tuple[float, float], exact: tuple[float, float]
) -> None:
    wilsons, exacts = wilson(count, n), clopper_pearson(count, n)
    assert (wilsons.lower, wilsons.upper) == close(*score)
    assert (exacts.lower, exacts.upper) == close(*exact)


def test_the_printed_interval_of_the_pilot_study_is_not_the_exact_one() -> None:
    """Lim 2021 prints 19.6 to 64.6 for 8/19 and calls it Clopper-Pearson; the exact limits are 20.3 to 66.5."""
    interval = clopper_pearson(8, 19)
    assert (round(100 * interval.lower, 1), round(100 * interval.upper, 1)) == (20.3, 66.5)


def test_the_responders_of_proderm_are_recomputed_by_the_unpooled_wald_interval() -> None:
    """Published: 37/47 against 21/48, difference 34.97 percentage points, 95 % confidence interval 16.70 to 53.24."""
    interval = wald_difference((21, 48), (37, 47))
    assert tuple(round(100 * x, 2) for x in (interval.estimate, interval.lower, interval.upper)) == (
        34.97,
        16.70,
        53.24,
    )
    assert (interval.lower, interval.upper) == close(0.167018396872877, 0.532449688233506)
    assert fisher((21, 48), (37, 47)) == pytest.approx(0.000688963078712955, rel=1e-9)


def test_two_shares_agree_with_prop_test_fisher_test_and_newcombes_interval() -> None:
    wald, hybrid = wald_difference((7, 24), (15, 24)), newcombe((7, 24), (15, 24))
    assert (wald.lower, wald.upper) == close(0.0676599253728071, 0.5990067412938596)
    assert (hybrid.lower, hybrid.upper) == pytest.approx((0.0519641, 0.5501596), abs=5e-8)
    assert fisher((7, 24), (15, 24)) == pytest.approx(0.0414635912900633, rel=1e-9)


def test_newcombes_own_example_is_reproduced() -> None:
    """Newcombe 1998, method 10, 56/70 against 48/80: 0.0524 to 0.3339."""
    hybrid = newcombe((48, 80), (56, 70))
    assert (round(hybrid.lower, 4), round(hybrid.upper, 4)) == (0.0524, 0.3339)


def test_the_kaplan_meier_curves_are_those_of_survfit() -> None:
    first, second = kaplan_meier(WEEK[:10], EVENT[:10]), kaplan_meier(WEEK[10:], EVENT[10:])
    assert [step.at_risk for step in first.steps] == [10, 8, 5, 2]
    assert tuple(step.survival for step in first.steps) == close(0.9, 0.675, 0.405, 0.2025)
    assert tuple(step.se for step in first.steps) == pytest.approx(
        (0.0948683298051, 0.1550705484610, 0.1747194179249, 0.1677344441372), rel=1e-11
    )
    assert tuple(step.lower for step in first.steps) == pytest.approx(
        (0.4730092713621, 0.2905853574031, 0.0999161463867, 0.0121107868305), rel=1e-10
    )
    assert tuple(step.upper for step in second.steps) == pytest.approx(
        (0.827220967029, 0.670204637423, 0.577867330625, 0.456945795871, 0.456945795871), rel=1e-10
    )
    assert (first.median, first.median_lower, first.median_upper) == (12, 4, None)
    assert (second.median, second.median_lower, second.median_upper) == (8, 4, 26)


def test_a_curve_that_rests_on_one_half_has_its_median_in_the_middle_of_the_rest() -> None:
    curve = kaplan_meier([1, 2, 3, 4], [True] * 4)
    assert (curve.median, curve.median_lower, curve.median_upper) == (2.5, 1, None)
    assert curve.steps[-1].lower is None


def test_the_log_rank_test_is_that_of_survdiff() -> None:
    split = (WEEK[:10], WEEK[10:]), (EVENT[:10], EVENT[10:])
    test = log_rank(*split)
    assert (test.chi_square, test.p) == close(0.802281966251481, 0.370411973731172)
    assert test.observed == (6, 8)
    assert test.expected == close(7.452380952380953, 6.547619047619047)


def test_quartiles_and_standard_deviation_are_those_of_r() -> None:
    summary = numbers(PHGA)
    quartiles = (summary.lower_quartile, summary.median, summary.upper_quartile)
    assert quartiles == close(4.350, 5.150, 6.225)
    assert (summary.minimum, summary.maximum, summary.sd) == close(3.6, 7.4, 1.17315364453434)
