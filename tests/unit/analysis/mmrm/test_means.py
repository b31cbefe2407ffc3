"""What a least-squares mean is, by its definition: a prediction averaged over a grid with equal weights."""

import itertools

import numpy as np
import polars as pl
import pytest
from tests.unit.analysis.mmrm.imagined import VISITS, imagined

from trialwright.analysis.mmrm import means, mmrm
from trialwright.analysis.mmrm.faults import UnknownChoice
from trialwright.analysis.mmrm.formula import parsed
from trialwright.analysis.mmrm.frame import Frame, frame_of
from trialwright.analysis.mmrm.reading import Roles
from trialwright.analysis.mmrm.table import table_of

ROLES = Roles("id", "visit", "arm", "P")


def frame(formula: str, arms: tuple[str, ...] = ("P", "A")) -> Frame:
    return frame_of(table_of(imagined(arms=arms)), parsed(formula), ROLES)


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ arm*visit + base",
        "y ~ arm*visit*sex + base:sex",
        "y ~ 0 + arm:visit:sex",
        "y ~ arm*visit + sex + np.log(base)*arm + center(base):sex",
    ],
)
def test_a_mean_is_the_prediction_at_the_average_covariate_with_factors_weighted_equally(formula: str) -> None:
    fitted = frame(formula)
    of = means.cells(fitted)
    used = imagined().filter(pl.col("y").is_not_null())
    base = used["base"].mean()
    for number, (arm, visit) in enumerate(itertools.product(("P", "A"), VISITS)):
        grid = pl.DataFrame(
            {"arm": arm, "visit": visit, "sex": ["f", "m"], "base": base, "y": 0.0, "id": ["new1", "new2"]}
        )
        text = formula.replace("center(base)", f"{{base - {base!r}}}")
        both = frame_of(table_of(pl.concat([used.select(grid.columns), grid])), parsed(text), ROLES)
        assert np.allclose(of[number], both.data.design[-2:].mean(axis=0), rtol=1e-12, atol=1e-12)


def test_the_values_at_which_the_means_hold_are_those_of_the_rows_used() -> None:
    at = means.held_at(frame("y ~ arm*visit + base + sex"))
    used = imagined().filter(pl.col("y").is_not_null())
    assert at == {"base": pytest.approx(used["base"].mean(), rel=1e-15), "sex": {"f": 0.5, "m": 0.5}}


def test_every_other_arm_is_compared_with_the_reference_first() -> None:
    assert means.pairs(("P", "A", "B", "C")) == ((1, 0), (2, 0), (3, 0), (2, 1), (3, 1), (3, 2))
    fitted = frame("y ~ arm*visit + base", ("P", "A", "B"))
    assert fitted.arms == ("P", "A", "B")
    of = means.cells(fitted)
    rows = means.differences(fitted, of).reshape(3, 3, -1)
    for visit, (number, (first, second)) in itertools.product(range(3), enumerate(((1, 0), (2, 0), (2, 1)))):
        assert np.array_equal(rows[visit, number], of[3 * first + visit] - of[3 * second + visit])


def test_type_iii_of_a_balanced_interaction_averages_over_the_other_factor() -> None:
    fitted = frame("y ~ arm*visit + base")
    rows = means.terms(fitted)
    of = means.cells(fitted).reshape(2, 3, -1)
    arm = (of[1] - of[0]).mean(axis=0)
    assert list(rows) == ["arm", "visit", "base", "arm:visit"]
    assert np.linalg.matrix_rank(np.stack([rows["arm"][0], arm])) == 1
    visits = np.array([of[:, one].mean(axis=0) - of[:, 2].mean(axis=0) for one in range(2)])
    stacked = np.concatenate([rows["visit"], visits])
    assert np.linalg.matrix_rank(stacked) == 2  # the same hypothesis in other words


def test_contrasts_of_ones_own_are_named_by_cell_by_coefficient_or_by_numbers() -> None:
    fit = mmrm("y ~ base + arm*visit", imagined(), participant="id", visit="visit", arm="arm", reference="P")
    planned = fit.contrasts.at(visit="W12")
    own = fit.estimate({("A", "W12"): 1, ("P", "W12"): -1}, ten={"base": 10})
    assert own.labels["contrast"] == ("contrast 1", "ten")
    assert own.estimate[0] == pytest.approx(planned["estimate"], rel=1e-12)
    assert own.p[0] == pytest.approx(planned["p"], rel=1e-9)
    assert own.estimate[1] == pytest.approx(10 * fit.coefficients.at(coefficient="base")["estimate"], rel=1e-12)
    assert fit.estimate(np.eye(len(fit.frame.data.columns))[1]).estimate[0] == pytest.approx(own.estimate[1] / 10)
    both = fit.joint({("A", "W4"): 1, ("P", "W4"): -1}, {("A", "W12"): 1, ("P", "W12"): -1})
    assert both.df1 == 2
    alone = fit.joint({("A", "W12"): 1, ("P", "W12"): -1})
    assert np.sqrt(alone.F) == pytest.approx(planned["t"], rel=1e-9)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({("B", "W12"): 1}, "no arm 'B'"),
        ({("A", "W13"): 1}, "no visit 'W13' (did you mean"),
        ({"bas": 1}, "did you mean 'base'"),
    ],
)
def test_a_contrast_of_what_is_not_there_is_refused(wanted: dict[object, float], said: str) -> None:
    fit = mmrm("y ~ base + arm*visit", imagined(), participant="id", visit="visit", arm="arm", reference="P")
    with pytest.raises(UnknownChoice) as refused:
        fit.estimate(wanted)
    assert said in str(refused.value)
