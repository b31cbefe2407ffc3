"""Quantiles with values beyond a limit."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.analysis.descriptive import Numbers, table
from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.quantiles import quantiles, written
from trialwright.measures.censored import parse
from trialwright.report.words import summary_rows

numbers = st.lists(st.floats(0.1, 100).map(lambda value: round(value, 2)), min_size=1, max_size=25)


def of(values: Sequence[float], signs: Sequence[int], *shares: float) -> list[str]:
    found = quantiles(np.array(values, dtype=float), np.array(signs, dtype=np.int8), shares)
    return [written(each, 2) for each in found]


@given(numbers, st.floats(0, 1))
def test_without_a_limit_they_are_the_usual_quantiles(values: list[float], share: float) -> None:
    ((value, sign),) = quantiles(np.array(values), np.zeros(len(values), dtype=np.int8), (share,))
    assert sign == 0
    assert value == pytest.approx(float(np.quantile(values, share)))


@given(numbers, st.floats(0.1, 100), st.sampled_from((0.25, 0.5, 0.75)))
def test_one_limit_leaves_the_quantiles_above_it_as_they_are(values: list[float], limit: float, share: float) -> None:
    truth = np.array(values)
    signs = np.where(truth < limit, -1, 0).astype(np.int8)
    ((value, sign),) = quantiles(np.where(signs < 0, limit, truth), signs, (share,))
    usual = float(np.quantile(truth, share))
    if sign == 0:
        assert value == pytest.approx(usual)
    else:
        assert sign == -1
        assert usual <= value


@given(numbers, st.floats(0.1, 100), st.sampled_from((0.25, 0.5, 0.75)))
def test_what_lies_above_mirrors_what_lies_below(values: list[float], limit: float, share: float) -> None:
    truth = np.array(values)
    signs = np.where(truth < limit, -1, 0).astype(np.int8)
    put = np.where(signs < 0, limit, truth)
    ((value, sign),) = quantiles(put, signs, (share,))
    ((other, turned),) = quantiles(-put, -signs, (1 - share,))
    assert (value, sign) == (pytest.approx(-other), -turned)


def test_a_quantile_among_what_lies_below_is_its_limit() -> None:
    assert of([1.2, 1.2, 1.2, 3, 5], [-1, -1, -1, 0, 0], 0.25, 0.5, 0.75) == ["<1.20", "<1.20", "3.00"]
    assert of([1.2, 3, 4, 5], [-1, 0, 0, 0], 0.25) == ["3.00"] or of([1.2, 3], [-1, 0], 0.5) == ["<3.00"]
    assert of([1, 2, 9, 9, 9], [0, 0, 1, 1, 1], 0.25, 0.5) == ["2.00", ">9.00"]
    assert of([2, 2], [-1, -1], 0.5) == ["<2.00"]


def test_limits_among_the_values_are_weighed_by_the_product_limit() -> None:
    """Helsel's kind of data by hand: 1, <2, 3, <4, 5. From above: F(5)=1, F(4..5)=4/5, at 3 three at risk -> F(below 3)
    = 4/5 * 2/3 = 8/15, at 1 one of one at risk."""
    values, signs = [1, 2, 3, 4, 5], [0, -1, 0, -1, 0]
    assert of(values, signs, 0.9, 0.7, 0.5, 0.2) == ["5.00", "3.00", "1.00", "1.00"]
    above = of([-1, -2, -3, -4, -5], [0, 1, 0, 1, 0], 0.1, 0.3, 0.5)
    assert above == ["-5.00", "-3.00", "-1.00"]


def test_what_has_no_order_or_no_value_is_refused() -> None:
    with pytest.raises(NotEstimable, match="no value"):
        quantiles(np.empty(0), np.empty(0, dtype=np.int8), (0.5,))
    with pytest.raises(NotEstimable, match="both sides"):
        of([1, 2, 3, 0.5], [0, -1, 0, 1], 0.5)


def test_a_table_of_values_beyond_limits_has_no_mean_and_says_how_many() -> None:
    known = [parse(text) for text in ("<2", "3", "5", "<2", "8", ">9")]
    (row,) = table({"Marker": ("", [*known, None])}, [[True] * 7])
    told = row.summaries[0]
    assert isinstance(told, Numbers)
    assert (told.n, told.missing, told.beyond, told.mean, told.sd) == (6, 1, 3, None, None)
    assert (told.median, told.minimum, told.maximum, told.signs) == (4.0, 2.0, 9.0, (0, -1, 0, -1, 1))
    cells = [[each if isinstance(each, str) else each.text for each in line] for line in summary_rows(row)]
    assert cells[2:5] == [
        ["Median (quartiles)", "4.0 (<3.0 to 7.3)"], ["Range", "<2 to >9"], ["Beyond a limit", "3 of 6 (50 %)"],
    ]  # fmt: skip
    (plain,) = table({"Marker": ("", [parse("3"), parse("5")])}, [[True, True]])
    assert isinstance(plain.summaries[0], Numbers)
    assert (plain.summaries[0].mean, plain.summaries[0].beyond) == (4.0, 0)
