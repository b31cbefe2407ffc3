"""Sample sizes beside R's power.t.test and power.prop.test, pwr, rpact (r/power.R makes the numbers), and a paper.

rpact searches its size with a tolerance near 1e-5 (46.2741175 where the root is 46.2741332), so it is met to 1e-4.
"""

import pytest

from trialwright.analysis.power import means, mmrm, proportions, survival


def test_the_t_test_is_that_of_power_t_test() -> None:
    assert means.sample_size(0.8, 16, 19) == pytest.approx(46.2741332190313, rel=1e-11)
    assert means.sample_size(0.8, 16, 19, both=True) == pytest.approx(46.2740262936519, rel=1e-11)
    assert means.power(48, 20, 24) == pytest.approx(0.806766148172802, abs=1e-11)
    assert means.power(48, 20, 24, sided=1, alpha=0.025) == pytest.approx(0.806766148172802, abs=1e-11)
    assert means.detectable(48, 0.9, 24) == pytest.approx(22.9420654765153, rel=1e-10)
    assert means.power(48, 20, 24, ratio=2, both=True) == pytest.approx(0.759436221013638, abs=1e-11)


def test_the_t_test_is_that_of_rpact() -> None:
    assert means.sample_size(0.8, 16, 19) == pytest.approx(46.2741174689821, abs=1e-4)
    assert means.sample_size(0.8, 16, 19, ratio=2) == pytest.approx(51.799336956536, abs=1e-4)
    inferior = means.sample_size(0.8, 1, 10, margin=4, sided=1, alpha=0.025)
    assert inferior == pytest.approx(127.531568433267, abs=1e-4)


def test_two_shares_are_those_of_rpact_and_pwr() -> None:
    assert proportions.sample_size(0.8, 0.6, 0.4) == pytest.approx(193.847285883147, rel=1e-11)
    assert proportions.sample_size(0.8, 0.6, 0.4, ratio=2) == pytest.approx(217.395761830409, rel=1e-11)
    assert proportions.sample_size(0.8, 0.6, 0.4, method="arcsine") == pytest.approx(193.583873103896, rel=1e-5)


def test_exact_power_is_that_of_every_table_by_fisher_test_and_prop_test() -> None:
    assert proportions.power(48, 0.75, 0.4, method="fisher") == pytest.approx(0.619503998897169, abs=1e-12)
    one = proportions.power(50, 0.75, 0.4, ratio=2 / 3, sided=1, alpha=0.025, method="fisher")
    assert one == pytest.approx(0.591066642171814, abs=1e-12)
    assert proportions.power(48, 0.75, 0.4, method="score") == pytest.approx(0.728324396952815, abs=1e-12)


def test_the_log_rank_test_is_that_of_rpact() -> None:
    plan = survival.Plan(survival.hazard_of(median=20), 12, 12)
    assert survival.events(0.8, 0.6) == pytest.approx(120.315704377499, rel=1e-12)
    assert survival.sample_size(0.8, 0.6, plan) == pytest.approx(312.230072842969, rel=1e-10)
    assert survival.events(0.8, 0.6, ratio=2, method="freedman") == pytest.approx(118.71430598203, rel=1e-12)
    found = survival.sample_size(0.8, 0.6, plan, ratio=2, method="freedman")
    assert found == pytest.approx(329.417439787913, rel=1e-10)
    lost = (survival.dropout_hazard(0.1, 12), survival.dropout_hazard(0.05, 12))
    dropping = survival.Plan(plan.hazard, 12, 12, lost)
    assert survival.sample_size(0.8, 0.6, dropping) == pytest.approx(328.500723611127, rel=1e-10)


TABLE_2 = {
    2: (
        (1.11111111111111, 1.11, 1.10111111111111, 1.08333333333333, 1.05666666666667, 1.02111111111111),
        (1.25, 1.2475, 1.2275, 1.1875, 1.1275, 1.0475),
        (1.42857142857143, 1.42428571428571, 1.39, 1.32142857142857, 1.21857142857143, 1.08142857142857),
        (1.66666666666667, 1.66, 1.60666666666667, 1.5, 1.34, 1.12666666666667),
    ),
    4: (
        (1.11111111111111, 1.10050206679506, 1.08280448732802, 1.06283003239702, 1.03996686151349, 1.01408550239776),
        (1.25, 1.2247445108099, 1.18392908471514, 1.13886229048648, 1.08796962333115, 1.03089517940421),
        (1.42857142857143, 1.38254161826624, 1.31065330422472, 1.23318260782795, 1.14702199890211, 1.0514263712482),
        (1.66666666666667, 1.59010470647863, 1.47488822527398, 1.35405269950478, 1.221989488974, 1.07728040119987),
    ),
}
"""Table 2 of Lu, Luo and Chen 2008, with the digits of the tests of the R package longpower: visits -> dropout of
10 to 40 % down, correlation of the first with the last visit 0, 0.1, 0.3, 0.5, 0.7, 0.9 across."""


@pytest.mark.parametrize("visits", [2, 4])
def test_the_price_of_dropout_is_table_2_of_lu_luo_and_chen(visits: int) -> None:
    for row, lost in zip(TABLE_2[visits], (0.1, 0.2, 0.3, 0.4), strict=True):
        retention = [1 - lost * visit / (visits - 1) for visit in range(visits)]
        for phi, last in zip(row, (0, 0.1, 0.3, 0.5, 0.7, 0.9), strict=True):
            sigma = mmrm.covariance("ar1", [1] * visits, last ** (1 / (visits - 1)))
            assert mmrm.course(sigma, retention).phi == pytest.approx(phi, rel=1e-12)


def test_the_mixed_models_sizes_are_table_1_of_lu_luo_and_chen() -> None:
    # Effect size 0.5, 90 % power, two-sided 0.05; prices of dropout and allocation ratios as the table has them.
    rows = (
        (1, 1, 1, 168.11876898305), (1, 1, 2, 189.133615105931), (1, 2, 2**-0.5, 244.966998329937),
        (1, 2, 0.5, 252.178153474575), (1, 2, 1, 252.178153474575), (1, 2, 2, 315.222691843219),
        (2, 2, 1, 336.2375379661), (2, 2, 2, 378.267230211862),
    )  # fmt: skip
    for phi1, phi2, ratio, n in rows:
        found = mmrm.sample_size(0.9, 0.5, mmrm.Course(phi1, 1, 1), mmrm.Course(phi2, 1, 1), ratio=ratio)
        assert found == pytest.approx(n, rel=1e-10)
