"""What `inference` answers and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import chdtrc, ndtr, stdtr
from tests.unit.analysis.mmrm.small_trials import small_trial

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.mmrm.inference import DEGREES, VARIANCES, inference
from trialwright.analysis.mmrm.reference import reference
from trialwright.analysis.mmrm.sensitivity import sensitivity

FIT = reference(small_trial(17))
UNIT = np.eye(7)


def pairs() -> list[tuple[str, str]]:
    return [(df, way) for df in DEGREES for way in VARIANCES if way == "model" or "kenward" not in df]


@pytest.mark.parametrize(("df", "variance"), pairs())
def test_every_pair_of_choices_answers(df: str, variance: str) -> None:
    made = inference(FIT, df, variance)
    rows = UNIT[[1, 5, 6]]
    found, whole = made.contrast(rows), made.joint(rows)
    assert found.estimate == pytest.approx(FIT.beta[[1, 5, 6]])
    assert found.se == pytest.approx(np.sqrt(np.diagonal(made.covariance)[[1, 5, 6]]))
    assert (found.df > 0).all()
    assert (found.lower < found.estimate).all()
    assert ((found.p < 0.05) == ((found.lower > 0) | (found.upper < 0))).all()
    assert whole.df1 == 3
    assert 0 < whole.p < 1
    assert made.covariance == pytest.approx(made.covariance.T)


def test_t_p_and_limits_belong_together() -> None:
    found = inference(FIT, "satterthwaite").contrast(UNIT[4], level=0.9)
    assert found.p[0] == pytest.approx(2 * stdtr(found.df[0], -abs(found.estimate[0] / found.se[0])))
    # At the limit of a 90 % interval a two-sided test has p = 0.1.
    away = (found.upper[0] - found.estimate[0]) / found.se[0]
    assert 2 * stdtr(found.df[0], -away) == pytest.approx(0.1)


def test_asymptotic_is_normal_and_chi_squared() -> None:
    made = inference(FIT, "asymptotic")
    single, whole = made.contrast(UNIT[4]), made.joint(UNIT[4:])
    assert single.p[0] == pytest.approx(2 * ndtr(-abs(single.t[0])))
    assert whole.p == pytest.approx(chdtrc(3, 3 * whole.F))
    assert np.isinf(whole.df2)


def test_residual_counts_rows_and_coefficients() -> None:
    assert inference(FIT, "residual").contrast(UNIT).df == pytest.approx(FIT.data.outcome.size - 7)


def test_a_row_by_itself_and_in_a_table_is_the_same() -> None:
    for df in DEGREES:
        made = inference(FIT, df)
        table = made.contrast(UNIT)
        for place in range(7):
            alone = made.contrast(UNIT[place])
            assert (alone.se[0], alone.df[0]) == pytest.approx((table.se[place], table.df[place]), rel=1e-12)


def test_what_an_engine_carries_changes_nothing() -> None:
    bare, carried = replace(FIT, sensitivity=None), replace(FIT, sensitivity=sensitivity(FIT))
    for df in ("kenward-roger-linear", "satterthwaite"):
        assert inference(carried, df).contrast(UNIT).df == pytest.approx(inference(bare, df).contrast(UNIT).df)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (UNIT[[1, 5, 1]], "Row 3 of the hypothesis only repeats"),
        ([UNIT[1], UNIT[5], UNIT[1] - 2 * UNIT[5]], "Row 3 of the hypothesis only repeats"),
        ([UNIT[1], 0 * UNIT[1]], "Row 2 of the hypothesis holds nothing but zeros"),
        (np.vstack([UNIT, UNIT[0]]), "Row 8 of the hypothesis only repeats"),
        (np.ones(4), r"each of the 7 coefficients \(\(Intercept\), arm, base"),
    ],
)
def test_a_hypothesis_that_cannot_be_tested_names_its_row(rows: object, why: str) -> None:
    for df in DEGREES:
        with pytest.raises(NotEstimable, match=why):
            inference(FIT, df).joint(rows)


def test_a_contrast_of_nothing_is_refused() -> None:
    with pytest.raises(NotEstimable, match="Row 2 of the contrasts holds nothing but zeros"):
        inference(FIT).contrast([UNIT[1], 0 * UNIT[1]])
    with pytest.raises(NotEstimable, match="Row 1 of the contrasts holds no number for 'base'"):
        inference(FIT).contrast([0, 0, float("nan"), 1, 0, 0, 0])


def test_unknown_names_and_pairs_are_refused() -> None:
    with pytest.raises(NotEstimable, match="'kr' is no kind of degrees of freedom"):
        inference(FIT, "kr")
    with pytest.raises(NotEstimable, match="'robust' is no kind of variance"):
        inference(FIT, "satterthwaite", "robust")
    with pytest.raises(NotEstimable, match="take satterthwaite"):
        inference(FIT, "kenward-roger", "empirical")
