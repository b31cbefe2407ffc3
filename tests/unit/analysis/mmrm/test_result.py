"""What a fit prints and exports: whole lines, p below 0.0001 said so, JSON with every figure."""

import html
import json
import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.unit.analysis.mmrm.imagined import VISITS, imagined

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.mmrm import Mmrm, mmrm
from trialwright.analysis.mmrm.export import decimals, drawn, facts, p_value, sheets, tables


@pytest.fixture(scope="module")
def fit() -> Mmrm:
    return mmrm("y ~ base + sex + arm*visit", imagined(), participant="id", visit="visit", arm="arm", reference="P")


def test_the_printout_says_what_was_fitted_and_what_was_found(fit: Mmrm) -> None:
    lines = str(fit).splitlines()
    lacking = fit.left_out["y"]
    assert f"Rows          {72 - lacking} of 72 used; left out: {lacking} without y" in lines
    assert "Visits        3: W4, W8, W12" in lines
    heads = (
        "Least-squares means",
        "Differences between arms",
        "Tests of the terms",
        "Coefficients",
        "Covariance between",
    )
    assert [line.startswith(head) for head in heads for line in lines].count(True) == len(heads)
    assert "levels of sex weighted equally" in str(fit)
    assert all(line == line.rstrip() for line in lines)


def test_columns_of_a_table_stand_in_line(fit: Mmrm) -> None:
    for sheet in sheets(fit):
        lines = drawn(sheet).splitlines()[1:]
        assert len(lines) == len(sheet.rows) + 1
        assert len({len(line) for line in lines}) == 1  # the last column stands right


@pytest.mark.parametrize(
    ("p", "shown"),
    [(0.00004, "<0.0001"), (1e-300, "<0.0001"), (0.00005, "0.0001"), (0.04996, "0.0500"), (1.0, "1.0000")],
)
def test_a_small_p_value_is_never_printed_as_zero(p: float, shown: str) -> None:
    assert p_value(p) == shown


def test_decimals_show_three_digits_of_the_smallest_standard_error() -> None:
    assert [decimals(np.array([se, 100.0])) for se in (0.0123, 0.66, 6.1, 61.0, 610.0)] == [4, 3, 2, 1, 0]
    assert decimals(np.array([np.nan])) == 3


def test_json_holds_every_figure_under_the_agreed_names(fit: Mmrm) -> None:
    plain = json.loads(json.dumps(fit.as_plain(), allow_nan=False))
    assert plain["loglik"] == fit.loglik
    assert plain["iterations"] == fit.iterations
    assert [row["visit"] for row in plain["contrasts"]] == list(VISITS)
    assert set(plain["contrasts"][0]) == {"visit", "contrast", "estimate", "se", "df", "t", "p", "lower", "upper"}
    assert set(plain["means"][0]) == {"arm", "visit", "estimate", "se", "df", "lower", "upper"}
    assert [(row["arm"], row["visit"]) for row in plain["means"]] == [(arm, visit) for arm in "PA" for visit in VISITS]
    assert plain["at"]["base"] == pytest.approx(fit.frame.averages["base"])
    assert np.asarray(plain["covariance"]).shape == (3, 3)
    assert [row["term"] for row in plain["tests"]] == ["base", "sex", "arm", "visit", "arm:visit"]
    assert sum(row["n"] for row in plain["observed"]) == plain["rows"]
    assert len(plain["covariance_parameters"]) == 6


def test_a_notebook_shows_the_same_tables_with_everything_escaped() -> None:
    table = imagined().with_columns(pl.col("arm").replace("A", "<b>A</b>"))
    fit = mmrm("y ~ arm*visit", table, participant="id", visit="visit", arm="arm", reference="P")
    page = fit._repr_html_()
    assert "<b>A</b>" not in page
    assert "&lt;b&gt;A&lt;/b&gt; - P" in page
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", page)
    assert [html.escape(cell) for sheet in sheets(fit) for row in sheet.rows for cell in row] == cells[
        2 * len(facts(fit)) :
    ]


def test_infinite_degrees_of_freedom_are_null_in_json_and_inf_in_print() -> None:
    fit = mmrm("y ~ arm*visit", imagined(), participant="id", visit="visit", arm="arm", df="asymptotic")
    plain = json.loads(json.dumps(fit.as_plain(), allow_nan=False))
    assert {row["df"] for row in plain["contrasts"]} == {None}
    assert "inf" in str(fit)


def test_the_limits_hold_at_the_level_that_was_asked() -> None:
    fit = mmrm("y ~ arm*visit", imagined(), participant="id", visit="visit", arm="arm", df="asymptotic", level=0.9)
    half = fit.contrasts.upper - fit.contrasts.estimate
    assert half / fit.contrasts.se == pytest.approx(np.full(3, 1.6448536269514722), rel=1e-12)
    assert "90 % limits" in str(fit)


def test_tables_for_other_programs_hold_the_same_rows(fit: Mmrm) -> None:
    made = tables(fit)
    assert set(made) == {"means", "contrasts", "coefficients", "tests", "covariance"}
    assert made["contrasts"].rows(named=True) == fit.contrasts.rows()
    assert made["covariance"].height == 9


def test_a_row_is_found_by_its_labels(fit: Mmrm) -> None:
    assert fit.means.at(arm="A", visit="W8")["estimate"] == fit.means.estimate[4]
    with pytest.raises(KeyError, match="3 rows have arm = A"):
        fit.means.at(arm="A")
    with pytest.raises(AttributeError):
        _ = fit.means.nonsense
    assert repr(fit).startswith("<Mmrm 'y ~ base + sex + arm*visit', us, REML, kenward-roger-linear: ")


def test_a_standard_error_that_is_lost_in_rounding_is_a_refusal_not_a_nan(fit: Mmrm) -> None:
    lost = replace(fit, inference=replace(fit.inference, _turned=-fit.inference._turned))
    with pytest.raises(NotEstimable, match="centre the covariates"):
        _ = lost.contrasts


def test_a_term_without_an_f_test_leaves_the_means_and_differences_standing() -> None:
    chance = np.random.default_rng(12)
    n, m = 8, 6
    table = {
        "y": (chance.normal(size=(n, m)) + chance.normal(size=(n, 1))).ravel(),
        "id": np.repeat(np.arange(n), m),
        "visit": np.tile(np.arange(m), n),
        "arm": np.repeat(np.array(["A", "P"])[np.arange(n) % 2], m),
    }
    fit = mmrm(
        "y ~ 0 + arm:visit", table, participant="id", visit="visit", arm="arm", covariance="cs",
        df="satterthwaite", variance="empirical",
    )  # fmt: skip
    assert fit.tests == {}
    assert fit.untested["arm:visit"].startswith("The covariance that 8 participants give of the 12 rows")
    plain = fit.as_plain()
    assert (len(plain["contrasts"]), plain["tests"], list(plain["untested"])) == (m, [], ["arm:visit"])
    assert "too few participants stand behind all rows at once" in str(fit)
