"""Inference from a mixed model gives the numbers of pbkrtest, lmerTest and clubSandwich.

`r/mmrm_inference.R` makes them, from the distances of Potthoff and Roy (Biometrika 1964; 51: 313-326) without seven of
their rows. pbkrtest takes the expected information for the covariance of the parameters, SAS and this program the
observed one; the comparison hands the expected one in.
"""

from dataclasses import replace

import numpy as np
import pytest

from trialwright.analysis.mmrm.inference import inference
from trialwright.analysis.mmrm.records import Fit, Floats, Repeated
from trialwright.analysis.mmrm.reference import reference
from trialwright.analysis.mmrm.sandwich import degrees, hotelling, sandwich

# One line per child: distances at 8, 10, 12 and 14 years, None where the row was left out.
BOYS = (
    (26, 25, 29, 31), (None, 22.5, 23, 26.5), (23, 22.5, 24, 27.5), (25.5, 27.5, 26.5, 27), (20, None, 22.5, 26),
    (24.5, 25.5, 27, 28.5), (22, 22, 24.5, 26.5), (24, 21.5, 24.5, 25.5), (23, 20.5, 31, 26), (27.5, 28, None, None),
    (23, 23, 23.5, 25), (21.5, 23.5, 24, 28), (17, 24.5, 26, 29.5), (22.5, 25.5, 25.5, 26), (23, 24.5, 26, 30),
    (22, 21.5, 23.5, 25),
)  # fmt: skip
GIRLS = (
    (21, 20, 21.5, 23), (21, 21.5, 24, 25.5), (20.5, 24, 24.5, 26), (None, None, 25, 26.5), (21.5, 23, 22.5, 23.5),
    (20, 21, 21, 22.5), (21.5, 22.5, 23, 25), (23, 23, 23.5, 24), (20, 21, 22, None), (16.5, 19, 19, 19.5),
    (24.5, 25, 28, 28),
)  # fmt: skip

LAST = np.eye(8)[5:]
"""Sex by visit."""


def teeth() -> Repeated:
    """distance ~ visit * girl."""
    table = np.array([*BOYS, *GIRLS], dtype=float)
    participant, visit = np.nonzero(~np.isnan(table))
    girl = (participant >= len(BOYS)).astype(float)
    later = (visit[:, None] == np.arange(1, 4)).astype(float)
    columns = ("(Intercept)", "10", "12", "14", "girl", "10:girl", "12:girl", "14:girl")
    return Repeated(
        table[~np.isnan(table)],
        np.column_stack([np.ones(visit.size), later, girl, later * girl[:, None]]),
        participant,
        visit,
        columns,
        ("8", "10", "12", "14"),
        tuple(f"child {number}" for number in range(27)),
        np.zeros(27, dtype=np.int64),
    )


@pytest.fixture(scope="module")
def cs() -> Fit:
    return reference(teeth(), "cs")


@pytest.fixture(scope="module")
def us() -> Fit:
    return reference(teeth(), "us")


def close(*expected: float, rel: float = 1e-7) -> object:
    return pytest.approx(expected, rel=rel)


def expected_information(data: Repeated, theta: Floats) -> Floats:
    """1/2 tr(P D_j P D_l) over all rows at once, for a residual variance and a common covariance."""
    same = (data.participant[:, None] == data.participant[None, :]).astype(float)
    slopes = [np.eye(data.outcome.size), same]
    inverse = np.linalg.inv(theta[0] * slopes[0] + theta[1] * slopes[1])
    half = inverse @ data.design
    left = inverse - half @ np.linalg.solve(data.design.T @ half, half.T)
    return np.array([[np.trace(left @ a @ left @ b) / 2 for b in slopes] for a in slopes])


def test_the_fit_is_that_of_a_random_intercept(cs: Fit) -> None:
    assert cs.loglik == pytest.approx(-199.524619397, abs=1e-9)
    assert cs.theta == pytest.approx([2.10034123429, 3.02897908653], rel=1e-7)


def test_kenward_rogers_covariance_and_degrees_of_freedom_are_those_of_pbkrtest(cs: Fit) -> None:
    whole = np.linalg.inv(expected_information(cs.data, cs.theta))
    made = inference(replace(cs, theta_covariance=whole), "kenward-roger")
    assert tuple(np.diagonal(made.covariance)) == close(
        0.331830091787, 0.285440491451, 0.28657587181, 0.28657587181,
        0.82477289057, 0.705508738309, 0.695097047662, 0.721584363485,
    )  # fmt: skip
    assert tuple(made.contrast(np.eye(8)).df) == close(
        49.7982977634, 68.5947812999, 68.8593214319, 68.8593214319,
        50.5393451201, 68.2614921334, 68.8055328707, 69.1228288873,
    )  # fmt: skip
    found = made.joint(LAST)
    assert (found.F, found.df1, found.df2, found.p) == close(1.47365554068, 3, 68.7190180065, 0.229358958506)
    assert found.scale == pytest.approx(0.999998422793, rel=1e-9)


def test_satterthwaites_degrees_of_freedom_are_those_of_lmertest(cs: Fit) -> None:
    made = inference(cs, "satterthwaite")
    assert tuple(made.contrast(np.eye(8)).df) == close(
        48.443014153, 67.5275430897, 67.7994015341, 67.7994015321,
        49.1868555607, 67.1851642305, 67.7441175256, 68.0702899251,
    )  # fmt: skip
    found = made.joint(LAST)
    assert (found.F, found.df2, found.p) == close(1.47693773471, 67.6561031807, 0.228620636665)


# Diagonal of the covariance, degrees of freedom, and F, df and p of sex by visit, by clubSandwich 0.5.8.
COMPOUND = {
    "empirical": (
        (0.385100624534, 0.38590214614, 0.414616329944, 0.503465068384,
         0.750639340565, 0.52815214614, 0.551876189172, 0.672635406436),
        (14.6971462925, 14.206583837, 14.1318693302, 14.1318693302,
         21.0436993579, 19.8796469227, 20.8394211948, 19.9039504186),
        (2.25012741756, 18.583036551),
    ),
    "empirical-bias-reduced": (
        (0.412160768495, 0.413998336391, 0.445045540917, 0.540247340846,
         0.815860850105, 0.572053891946, 0.597084737607, 0.728865026114),
        (14.6965070487, 14.2066547109, 14.1308211925, 14.1308211925,
         20.7941492413, 19.6353730604, 20.6210155336, 19.6299286754),
        (2.06463883569, 18.340266866),
    ),
    "empirical-jackknife": (
        (0.441050761557, 0.444143933345, 0.47769622329, 0.579728799124,
         0.886208812925, 0.619761217296, 0.646450753745, 0.790090511396),
        (14.6958784594, 14.206728698, 14.1297777563, 14.1297777563,
         20.541608776, 19.3889070186, 20.3994236417, 19.3536113648),
        (1.89353890254, 18.0947589553),
    ),
}  # fmt: skip
UNSTRUCTURED = {
    "empirical": ((0.527846142257, 0.546967962402, 0.645102941065), (20.4030060071, 20.5810420588, 20.7324470499),
                  (2.13541550881, 18.6470266954)),
    "empirical-bias-reduced": ((0.571559325206, 0.591749042064, 0.697361126955),
                               (20.1637910746, 20.3617120454, 20.4763286777), (1.95979643413, 18.4063890461)),
    "empirical-jackknife": ((0.619071095824, 0.640635847893, 0.754154461751),
                            (19.9217975708, 20.1394875646, 20.2175336686), (1.79740980118, 18.1629312152)),
}  # fmt: skip


@pytest.mark.parametrize("variance", COMPOUND)
def test_sandwiches_around_compound_symmetry_are_those_of_clubsandwich(cs: Fit, variance: str) -> None:
    made = sandwich(cs, variance, "cholesky")
    diagonal, df, test = COMPOUND[variance]
    assert tuple(np.diagonal(made.covariance)) == close(*diagonal)
    assert tuple(degrees(np.eye(8), made)) == close(*df)
    statistic, rows, left = hotelling(LAST, cs.beta, made)
    assert (statistic, rows, left) == close(test[0], 3, test[1])


@pytest.mark.parametrize("variance", UNSTRUCTURED)
def test_sandwiches_around_an_unstructured_matrix_are_those_of_clubsandwich(us: Fit, variance: str) -> None:
    """gls stops at some 1e-6 of the coefficients' scale."""
    assert us.loglik >= -195.682466592
    made = sandwich(us, variance, "cholesky")
    diagonal, df, test = UNSTRUCTURED[variance]
    assert tuple(np.diagonal(made.covariance)[5:]) == close(*diagonal, rel=1e-5)
    assert tuple(degrees(LAST, made)) == close(*df, rel=1e-5)
    statistic, _, left = hotelling(LAST, us.beta, made)
    assert (statistic, left) == close(*test, rel=2e-5)


@pytest.mark.parametrize(
    ("variance", "diagonal", "df"),
    [
        ("empirical", (0.558447530864, 0.662516458896, 0.794090740741), (19.8606284067, 21.3323967184, 20.7405888539)),
        ("empirical-bias-reduced", (0.603981481481, 0.714758107743, 0.859468253968),
         (19.5993031359, 21.1092491375, 20.4824761038)),
        ("empirical-jackknife", (0.653395061728, 0.77126400055, 0.930477450239),
         (19.3363658517, 20.8827413086, 20.2217125382)),
    ],
)  # fmt: skip
def test_around_independence_both_roots_of_the_bias_reduction_are_one(
    cs: Fit, variance: str, diagonal: tuple[float, ...], df: tuple[float, ...]
) -> None:
    design = cs.data.design
    plain = np.linalg.inv(design.T @ design)
    flat = replace(cs, sigma=np.eye(4)[None], phi=plain, beta=plain @ design.T @ cs.data.outcome)
    made = sandwich(flat, variance)
    assert tuple(np.diagonal(made.covariance)[5:]) == close(*diagonal, rel=1e-10)
    assert tuple(degrees(LAST, made)) == close(*df, rel=1e-9)


def test_the_two_roots_differ_by_less_than_the_bias_that_they_reduce(cs: Fit) -> None:
    plain = np.diagonal(sandwich(cs, "empirical").covariance)
    ours = np.diagonal(sandwich(cs, "empirical-bias-reduced").covariance)
    theirs = np.diagonal(sandwich(cs, "empirical-bias-reduced", "cholesky").covariance)
    assert (np.abs(ours - theirs) < 0.02 * (ours - plain)).all()
