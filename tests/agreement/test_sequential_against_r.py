"""Group-sequential designs beside rpact and the multivariate normal of R (r/sequential.R makes the numbers).

rpact's own bounds are off by up to 7e-9 (its default integration; the trivariate normal by TVPACK says so), so ours are
held to the truth at 1e-12 where there is one, and to rpact at 1e-8 (4e-8 where it solves twice).
"""

from math import sqrt

import pytest

from trialwright.analysis.sequential import (
    boundaries,
    characteristics,
    combined,
    conditional_power,
    drift_of,
    exits,
    final,
    repeated,
    weights_of,
)

TIMES = (0.2, 0.5, 0.7, 1.0)


def near(*expected: float, by: float = 1e-8) -> object:
    return pytest.approx(expected, abs=by)


def test_three_looks_meet_the_trivariate_normal_distribution_to_twelve_figures() -> None:
    assert boundaries(3).upper == near(3.7103028732625, 2.51142748126954, 1.99304747782513, by=1e-12)
    assert boundaries(3, type="OF").upper == near(3.47109144403576, 2.45443229819629, 2.00403557959585, by=1e-12)
    assert boundaries(3, type="P").upper == near(*[2.28947845484757] * 3, by=1e-12)


@pytest.mark.parametrize(
    ("asked", "bounds"),
    [
        ({"looks": 3}, (3.71030287326, 2.51142748445, 1.99304748327)),
        ({"looks": 3, "type": "OF"}, (3.47109144465409, 2.45443229863352, 2.00403557995285)),
        ({"type": "P", "information": TIMES}, [2.37163758948394] * 4),
        (
            {"type": "WT", "delta": 0.25, "information": TIMES},
            (3.14780080529954, 2.50335384044407, 2.30139004976577, 2.10506127054104),
        ),
        ({"looks": 3, "type": "HP"}, (3, 3, 1.97509763338343)),
        ({"looks": 3, "type": "asKD", "gamma": 2.5}, (2.94711860787459, 2.40134038776159, 2.02987066656351)),
        (
            {"looks": 3, "type": "asUser", "user_alpha": (0.001, 0.01, 0.025)},
            (3.09023230616781, 2.34482472389936, 2.03950192779303),
        ),
        (
            {"looks": 3, "sided": 2, "alpha": 0.05, "type": "asP"},
            (2.27942823891701, 2.29491113871336, 2.29593835026026),
        ),
        (
            {"looks": 3, "sided": 2, "alpha": 0.05, "type": "asHSD", "gamma": -2},
            (2.67752395343323, 2.38541793078184, 2.06374020129442),
        ),
        ({"looks": 3, "sided": 2, "alpha": 0.05, "type": "OF"}, (3.47109144233831, 2.45443229699601, 2.00403557861583)),
        ({"looks": 3, "futility": (0, 0.5), "binding": True}, (3.7103028732625, 2.51035810261965, 1.96495195478201)),
    ],
)
def test_the_bounds_are_those_of_rpact(asked: dict[str, object], bounds: tuple[float, ...]) -> None:
    assert boundaries(**asked).upper == near(*bounds)  # type: ignore[arg-type]


def test_futility_bounds_by_beta_spending_are_those_of_rpact() -> None:
    free = boundaries(3, beta=0.1, beta_spending="bsOF")
    assert free.lower is not None
    assert free.drift is not None
    assert free.lower[:-1] == near(-0.694541165928609, 1.00245956098661, by=2e-8)
    assert free.drift**2 == pytest.approx(11.13149525789, abs=1e-6)
    tied = boundaries(3, beta=0.1, beta_spending="bsOF", binding=True)
    assert tied.lower is not None
    assert tied.lower[:-1] == near(-0.713367045501165, 0.975835537072271, by=2e-8)
    assert tied.upper == near(3.7103028732625, 2.51139455288649, 1.95878437906504)
    more = boundaries(type="asP", beta=0.2, beta_spending="bsHSD", beta_gamma=-2, information=TIMES)
    assert more.lower is not None
    assert more.drift is not None
    assert more.upper == near(2.43797668805001, 2.33282517641783, 2.387631110847, 2.32714752107859, by=4e-8)
    assert more.lower[:-1] == near(-0.761706688807206, 0.518923631403595, 1.18677294859663, by=2e-8)
    assert more.drift**2 == pytest.approx(9.77268530696976, abs=1e-6)


def test_power_inflation_and_expected_sizes_are_those_of_rpact() -> None:
    for type_, shift, numbers, rejected in (
        (
            "asOF",
            7.94930468022857,
            (1.01279481267116, 0.865568975227229, 0.982765599996744, 1.01071794262995),
            (0.018648776258497, 0.398800168185351, 0.382551055556152),
        ),
        (
            "P",
            9.1548239420865,
            (1.16638606424586, 0.818576769520127, 1.06803015759048, 1.15472427759922),
            (0.293704949275615, 0.307172017953526, 0.199123032879869),
        ),
    ):
        design = boundaries(3, type=type_)
        found = characteristics(design, 0.8)
        assert found.drift**2 == pytest.approx(shift, abs=1e-7)
        sizes = (found.inflation, found.expected_full, found.expected_half, found.expected_none)
        assert sizes == near(*numbers)
        assert exits(design, found.drift).above == near(*rejected, by=1e-7)
    two = characteristics(boundaries(3, alpha=0.05, sided=2), 0.8)
    assert two.inflation == pytest.approx(1.01279481297401, abs=1e-8)


def test_the_final_analysis_is_that_of_rpact() -> None:
    # 40 participants a look and arm, normal outcome; the overall statistic and standard deviation are rpact's.
    z, sd = 2.95916017573372, 9.93835429414495
    se = sd * sqrt(2 / 80)
    design = boundaries(3)
    found = final(design, 2, z, se)
    assert found.p == pytest.approx(0.00160363903129779, abs=1e-10)
    # rpact solves for its interval with a tolerance of 1e-6 and a known standard deviation of the first look's unit.
    assert found.interval.estimate == pytest.approx(4.64449688071526, abs=2e-5)
    assert (found.interval.lower, found.interval.upper) == near(1.55904514507314, 7.72634975855302, by=2e-5)
    again = repeated(design, 2, z, se)
    assert (again.lower, again.upper) == near(0.703563317665471, 8.59643652562947, by=2e-5)


def test_conditional_power_is_that_of_rpact() -> None:
    z = 3 / (10 * sqrt(2 / 40))
    design = boundaries(3)
    # rpact gives the chance to have rejected by look 2 and by look 3.
    assert conditional_power(design, 1, z, drift_of(3, 10, 240)) == pytest.approx(0.663556374191251, abs=1e-7)


def test_the_inverse_normal_combination_is_that_of_rpact() -> None:
    design = boundaries(information=(0.2, 0.6, 1))
    found = combined((0.0898562474394999, 0.0142298684581553), weights_of(design))
    assert found == near(1.34164078649987, 2.56345105124131, by=1e-12)
