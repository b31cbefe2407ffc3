"""`mmrm` and `mmrm_arrays` as a statistician calls them: the same answer from any form, every fault named."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.unit.analysis.mmrm.imagined import VISITS, imagined

from trialwright.analysis.estimates import NotEstimable, SingularDesign
from trialwright.analysis.mmrm import Mmrm, mmrm, mmrm_arrays

FORMULA = "y ~ base + arm*visit"
WHO: dict[str, Any] = {"participant": "id", "visit": "visit", "arm": "arm", "reference": "P"}


@pytest.fixture(scope="module")
def fit() -> Mmrm:
    return mmrm(FORMULA, imagined(), **WHO)


def same(one: Mmrm, other: Mmrm) -> None:
    assert other.loglik == pytest.approx(one.loglik, abs=1e-9)
    for name in ("means", "contrasts"):
        for figure in ("estimate", "se", "df", "lower", "upper"):
            assert getattr(getattr(other, name), figure) == pytest.approx(getattr(getattr(one, name), figure), rel=1e-7)


def test_the_order_of_rows_and_the_make_of_the_table_change_nothing(fit: Mmrm) -> None:
    table = imagined()
    shuffled = table.sample(fraction=1.0, shuffle=True, seed=3)
    for source in (shuffled, shuffled.to_dict(), pd.DataFrame(shuffled.to_dict(as_series=False))):
        same(fit, mmrm(FORMULA, source, **WHO))


def test_arrays_in_wide_form_give_the_same_answer(fit: Mmrm) -> None:
    table, m = imagined(), len(VISITS)
    outcome = table["y"].fill_null(float("nan")).to_numpy().reshape(-1, m)
    arm, base = table["arm"].to_numpy().reshape(-1, m)[:, 0], table["base"].to_numpy().reshape(-1, m)
    other = mmrm_arrays(outcome, arm, {"base": base[:, 0]}, visits=VISITS, reference="P")
    same(fit, other)
    assert other.at == fit.at
    same(
        fit,
        mmrm_arrays(outcome, arm, {"base": base}, reference="P", visits=VISITS, formula="outcome ~ base + arm*visit"),
    )
    alone = mmrm_arrays(outcome, covariance="cs")
    assert [row["visit"] for row in alone.means] == ["1", "2", "3"]
    assert len(alone.contrasts) == 0
    assert "Differences" not in str(alone)


def test_names_with_spaces_and_functions_as_in_r_are_understood(fit: Mmrm) -> None:
    table = imagined().with_columns((pl.col("base") ** 2).alias("my base"))
    other = mmrm("y ~ sqrt(`my base`) + arm*visit", table, **WHO)
    assert other.loglik == pytest.approx(fit.loglik, abs=1e-9)
    assert other.contrasts.estimate == pytest.approx(fit.contrasts.estimate, rel=1e-9)


def test_the_reference_turns_the_differences_round(fit: Mmrm) -> None:
    turned = mmrm(FORMULA, imagined(), **WHO | {"reference": "A"})
    assert turned.arms == ("A", "P")
    assert turned.contrasts.labels["contrast"] == ("P - A",) * 3
    assert turned.contrasts.estimate == pytest.approx(-fit.contrasts.estimate, rel=1e-8)
    assert turned.contrasts.p == pytest.approx(fit.contrasts.p, rel=1e-7)


def test_visits_stand_in_natural_order_or_in_the_order_given(fit: Mmrm) -> None:
    assert fit.visits == VISITS
    turned = mmrm(FORMULA, imagined(), **WHO, visits=["W12", "W8", "W4"])
    assert turned.visits == ("W12", "W8", "W4")
    assert np.asarray(turned.covariance)[::-1, ::-1] == pytest.approx(np.asarray(fit.covariance), rel=1e-6)


def test_rows_that_lack_something_are_left_out_and_counted() -> None:
    table = imagined().with_columns(
        pl.when(pl.col("id") == "P03").then(None).otherwise(pl.col("base")).alias("base"),
        pl.when((pl.col("id") == "P05") & (pl.col("visit") == "W4")).then(None).otherwise(pl.col("arm")).alias("arm"),
    )
    lacking = table["y"].null_count()
    fit = mmrm(FORMULA, table, **WHO)
    known = table.filter(pl.col("y").is_not_null())
    assert fit.left_out == {
        "y": lacking,
        "base": known["base"].null_count(),
        "arm": known.filter(pl.col("base").is_not_null())["arm"].null_count(),
    }
    assert fit.frame.data.outcome.size == table.height - sum(fit.left_out.values())
    assert fit.frame.everybody == 24
    assert len(fit.frame.data.participants) == 23


def test_a_visit_that_nobody_has_is_left_out_and_said() -> None:
    table = imagined().with_columns(pl.when(pl.col("visit") == "W8").then(None).otherwise(pl.col("y")).alias("y"))
    fit = mmrm(FORMULA, table, **WHO)
    assert fit.visits == ("W4", "W12")
    assert fit.frame.notes == ("The visit 'W8' has no row that can be used and is left out.",)


def test_weights_that_are_all_one_and_one_group_change_nothing(fit: Mmrm) -> None:
    table = imagined().with_columns(pl.lit(1.0).alias("w"), pl.lit("all").alias("g"))
    same(fit, mmrm(FORMULA, table, **WHO, weights="w", groups="g"))


def test_groups_have_a_covariance_each() -> None:
    fit = mmrm(FORMULA, imagined(n=40), **WHO, groups="sex", covariance="cs")
    assert isinstance(fit.covariance, dict)
    assert list(fit.covariance) == ["f", "m"]
    assert all(matrix.shape == (3, 3) for matrix in fit.covariance.values())
    assert "group f" in str(fit)


def test_numbers_of_visits_are_their_own_times_for_a_spatial_structure() -> None:
    table = imagined().with_columns(pl.col("visit").str.strip_prefix("W").cast(pl.Int64).alias("week"))
    by_number = mmrm("y ~ base + arm*week", table, **WHO | {"visit": "week"}, covariance="sp_exp")
    by_label = mmrm(FORMULA, table, **WHO, covariance="sp_exp", times=[4, 8, 12])
    same(by_number, by_label)
    with pytest.raises(NotEstimable, match="needs the times of the visits"):
        mmrm(FORMULA, table, **WHO, covariance="sp_exp")


def test_akaike_counts_covariance_parameters_and_by_maximum_likelihood_the_coefficients_too(fit: Mmrm) -> None:
    assert fit.parameters == 6
    assert fit.aic == pytest.approx(-2 * fit.loglik + 12)
    assert fit.bic == pytest.approx(-2 * fit.loglik + 6 * np.log(24))
    assert mmrm(FORMULA, imagined(), **WHO, method="ml", df="satterthwaite").parameters == 6 + 7


def replaced(column: str, value: object, **where: str) -> pl.DataFrame:
    """The imagined table with one cell changed."""
    chosen = pl.all_horizontal(pl.col(name) == wanted for name, wanted in where.items())
    return imagined().with_columns(pl.when(chosen).then(pl.lit(value)).otherwise(pl.col(column)).alias(column))


TABLES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "missing column": (imagined(), {"formula": "y ~ bas + arm*visit"},
                       "no column 'bas' (in the formula) (did you mean 'base'?)"),
    "missing option column": (imagined(), {"weights": "wait"}, "no column 'wait' (the weights)"),
    "arm not in formula": (imagined(), {"formula": "y ~ base"}, "The arm 'arm' is not in the formula"),
    "outcome explains itself": (imagined(), {"formula": "y ~ y + arm"}, "also stands among what explains it"),
    "text in numbers": (
        imagined().with_columns(pl.col("base").cast(pl.String)).with_columns(
            pl.when(pl.int_range(pl.len()) == 4).then(pl.lit("tall")).otherwise(pl.col("base")).alias("base")
        ), {}, "row 5, column 'base': 'tall' is not a number"),
    "infinite": (replaced("y", float("inf"), id="P00", visit="W8"), {},
                 "row 2, column 'y': 'inf' is not a finite number"),
    "one visit": (imagined().filter(pl.col("visit") == "W8"), {},
                  "Only the visit 'W8' of the column 'visit' has outcomes"),
    "one arm": (imagined().filter(pl.col("arm") == "A"), {"reference": None}, "The arm 'arm' has one level, 'A'"),
    "arm without outcome": (
        imagined().with_columns(pl.when(pl.col("arm") == "A").then(None).otherwise(pl.col("y")).alias("y")), {},
        "No row of the arm 'A' (column 'arm') can be used"),
    "empty cell": (
        imagined().filter((pl.col("arm") == "P") | (pl.col("visit") != "W12")), {},
        "No outcome of the arm 'A' is known at the visit 'W12'"),
    "duplicate": (pl.concat([imagined(missing=0), imagined(missing=0)[4:5]]), {},
                  "Participant 'P01' has two rows for the visit 'W8': row 5 and row 73."),
    "arm changes": (replaced("arm", "A", id="P00", visit="W8"), {},
                    "The column 'arm' changes within participant 'P00': 'P' in row 1 and 'A' in row 2."),
    "group changes": (replaced("sex", "m", id="P00", visit="W12"), {"groups": "sex"},
                      "The column 'sex' changes within participant 'P00': 'f' in row 1 and 'm' in row 3."),
    "no participant": (replaced("id", None, id="P02", visit="W4"), {},
                       "row 7 has an outcome and no value in the column 'id'"),
    "no visit": (replaced("visit", None, id="P02", visit="W4"), {},
                 "row 7 has an outcome and no value in the column 'visit'"),
    "no outcome": (imagined().with_columns(pl.lit(None, pl.Float64).alias("y")), {}, "72 lack 'y'"),
    "weight": (replaced("weight", 0.0, id="P00", visit="W4"), {"weights": "weight"},
               "row 1, column 'weight': the weight 0"),
    "one level": (imagined().with_columns(pl.lit("x").alias("sex")), {"formula": f"{FORMULA} + sex"},
                  "The factor 'sex' has one level in the rows that are used, 'x'"),
    "log of nothing": (replaced("base", 0.0, id="P00", visit="W4"), {"formula": "y ~ np.log(base) + arm*visit"},
                       "row 1: np.log(base) is not a finite number where base = 0"),
    "function of a factor": (imagined(), {"formula": "y ~ np.log(arm) + arm*visit"}, "'arm' is a factor of the model"),
    "reference": (imagined(), {"reference": "Q"}, "The reference 'Q' is no level of the arm 'arm': A, P"),
    "structure": (imagined(), {"covariance": "uns"}, "uns"),
    "df": (imagined(), {"df": "kr"}, "no method for the degrees of freedom 'kr'"),
    "method": (imagined(), {"method": "MCMC"}, "no method of estimation 'MCMC'"),
    "variance": (imagined(), {"variance": "robust"}, "no variance of the coefficients 'robust'"),
    "likelihood": (imagined(), {"method": "ML"}, "is made for fits by REML; take satterthwaite"),
    "sandwich": (imagined(), {"variance": "empirical"}, "is made for the model's own variance; take satterthwaite"),
    "level": (imagined(), {"level": 95.0}, "between 0 and 1"),
    "visits": (imagined(), {"visits": ["W4", "W8", "W13"]}, "The visit 'W13' of the order that was given is not in"),
    "times": (imagined(), {"times": [1, 2]}, "There are 2 times for 3 visits: W4, W8, W12."),
    "same times": (imagined(), {"times": [1, 2, 2]}, "must be different finite numbers"),
    "two outcomes": (imagined(), {"formula": "poly(y, 2) ~ arm*visit"}, "makes 2 columns"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_a_fault_is_one_sentence_with_its_column_level_or_visit(case: str) -> None:
    table, options, said = TABLES[case]
    if case == "two outcomes":
        table = table.drop_nulls()
    with pytest.raises(NotEstimable) as refused:
        mmrm(**{"formula": FORMULA, "table": table} | WHO | options)
    assert said in str(refused.value)


def test_a_design_that_repeats_itself_names_the_column() -> None:
    table = imagined().with_columns((2 * pl.col("base") + 1).alias("twice"))
    with pytest.raises(SingularDesign) as refused:
        mmrm(f"{FORMULA} + twice", table, **WHO)
    assert refused.value.column == "twice"


@pytest.mark.parametrize(
    ("outcome", "options", "said"),
    [
        (np.zeros(4), {}, "(n, m)"),
        (np.zeros((4, 2)), {"arm": [1, 2]}, "'arm' has shape (2,)"),
        (np.zeros((4, 2)), {"visits": ["a"]}, "1 visits and 2 columns"),
        (np.zeros((4, 2)), {"covariates": {"visit": np.zeros(4)}}, "cannot be called 'visit'"),
    ],
)
def test_arrays_of_other_shapes_are_refused(outcome: np.ndarray, options: dict[str, Any], said: str) -> None:
    with pytest.raises(NotEstimable) as refused:
        mmrm_arrays(outcome, **options)
    assert said in str(refused.value)
