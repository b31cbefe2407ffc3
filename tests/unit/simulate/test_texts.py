"""What is written on a page: the texts of values on a grid, of days, and of moments."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.simulate.pages import date_texts, number_texts
from trialwright.simulate.participants import Impossible

STEPS = st.sampled_from(["1", "0.1", "0.5", "0.01", "0.125", "2.5", "5"])


@given(STEPS, st.lists(st.one_of(st.none(), st.integers(0, 300_000)), min_size=1, max_size=30))
def test_a_value_on_a_grid_is_written_exactly(step: str, counts: list[int | None]) -> None:
    unit = Decimal(step)
    values = np.array([np.nan if count is None else float(unit * count) for count in counts])
    written = number_texts(values, step).tolist()
    assert written == [None if count is None else format(unit * count, "f") for count in counts]


@given(STEPS, st.lists(st.floats(0, 1000), min_size=1, max_size=20))
def test_any_value_is_written_on_its_grid_nearby(step: str, values: list[float]) -> None:
    unit = Decimal(step)
    for text, value in zip(number_texts(np.array(values), step).tolist(), values, strict=True):
        assert Decimal(text) % unit == 0
        assert abs(float(text) - value) <= float(unit) / 2 + 1e-9


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.lists(st.integers(-20_000, 20_000), min_size=1, max_size=10))
def test_days_are_written_as_dates_of_the_calendar(start: date, days: list[int]) -> None:
    written = date_texts(np.array([*map(float, days), np.nan]), start).tolist()
    assert written == [*((start + timedelta(days=day)).isoformat() for day in days), None]
    months = date_texts(np.array(days, dtype=float), start, "month").tolist()
    assert months == [text[:7] for text in written[:-1]]


def test_numbers_below_nought_are_written_too() -> None:
    assert number_texts(np.array([-1.5, 2.0]), "0.5").tolist() == ["-1.5", "2.0"]


def test_a_day_in_another_century_is_refused() -> None:
    with pytest.raises(Impossible, match="99999 days from the start"):
        date_texts(np.array([99_999.0]), date(2027, 1, 4))
