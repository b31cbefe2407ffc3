"""Doses from a log: equal to counting day by day, whatever the rows and the rules."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.measures.doses import OPTIONS, DoseRows, DoseRules, Gaps, OpenRows, Overlaps, dose_rules, drugs, taken
from trialwright.measures.options import BadOption
from trialwright.measures.tis import Exact

Row = tuple[int | None, int | None, int | None]
"""Dose in tenths, first day, last day; None where not recorded."""

ROW = st.tuples(st.none() | st.integers(0, 300), st.none() | st.integers(0, 30), st.none() | st.integers(-2, 32))
RULES = st.builds(
    DoseRules, st.sampled_from(get_args(Overlaps)), st.sampled_from(get_args(Gaps)), st.sampled_from(get_args(OpenRows))
)


def day_by_day(rows: list[Row], begin: int, end: int, rules: DoseRules) -> int | None:
    """The sum over days, one at a time; None as soon as one is unknown."""
    doses = [on_a_day(rows, day, rules) for day in range(begin, end)]
    return None if None in doses else sum(dose or 0 for dose in doses)


def on_a_day(rows: list[Row], day: int, rules: DoseRules) -> int | None:
    here: list[tuple[int, int | None]] = []
    for dose, start, stop in rows:
        if start is None:
            if stop is None or day <= stop:
                return None
            continue
        last = stop
        if stop is None and rules.open_rows == "until the next row":
            later = [other for _, other, end in rows if other is not None and other > start]
            last = min(later) - 1 if later else None
        if start <= day and (last is None or day <= last):
            if stop is None and rules.open_rows == "unknown":
                return None
            here.append((start, dose))
    if not here:
        return 0 if rules.gaps == "nought" else None
    if rules.overlaps == "later":
        newest = max(start for start, _ in here)
        here = [one for one in here if one[0] == newest]
        doses = [dose for _, dose in here]
        return None if None in doses else max(dose for dose in doses if dose is not None)
    doses = [dose for _, dose in here]
    if None in doses:
        return None
    known = [dose for dose in doses if dose is not None]
    return sum(known) if rules.overlaps == "add" else max(known)


def columns(people: list[list[Row]]) -> DoseRows:
    width = max(map(len, people))
    exists = np.array([[place < len(rows) for place in range(width)] for rows in people])
    padded = [[*rows, *[(None, None, None)] * (width - len(rows))] for rows in people]

    def column(place: int, decimals: int = 0) -> Exact:
        cells = [[row[place] for row in rows] for rows in padded]
        units = np.array([[cell or 0 for cell in row] for row in cells], dtype=np.int64).reshape(exists.shape)
        present = np.array([[cell is not None for cell in row] for row in cells]).reshape(exists.shape)
        return Exact(units, decimals, present)

    return DoseRows(exists.reshape(len(people), width), column(0, 1), column(1), column(2))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(ROW, max_size=5), min_size=1, max_size=4), st.integers(0, 10), st.integers(0, 35), RULES)
def test_the_sum_over_stretches_is_the_sum_over_days(
    people: list[list[Row]], begin: int, end: int, rules: DoseRules
) -> None:
    # A row that ends before it begins is no row: the form refuses it.
    people = [[row for row in rows if None in row[1:] or row[1] <= row[2]] for rows in people]  # type: ignore[operator]
    first, last = np.full((len(people), 1), begin), np.full((len(people), 1), end)
    found = taken(columns(people), first, last, rules)
    expected = [day_by_day(rows, begin, end, rules) for rows in people]
    assert [
        int(unit) if known else None for unit, known in zip(found.units[:, 0], found.known[:, 0], strict=True)
    ] == expected
    days = end - begin
    for mean, total in zip(found.mean[:, 0], expected, strict=True):
        assert np.isnan(mean) if total is None or days <= 0 else mean == total / (10 * days)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, max_size=5), RULES, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows: list[Row], rules: DoseRules, chance) -> None:  # type: ignore[no-untyped-def]
    mixed = rows[:]
    chance.shuffle(mixed)
    window = np.array([[0, 5]]), np.array([[5, 31]])
    one, other = (taken(columns([some]), *window, rules) for some in (rows, mixed))
    assert one.known.tolist() == other.known.tolist()
    assert one.units[one.known].tolist() == other.units[other.known].tolist()


def test_windows_that_follow_each_other_add_up() -> None:
    rows = columns([[(400, 0, 9), (300, 10, 19), (100, 20, None)]])
    found = taken(rows, np.array([[0, 12, 0]]), np.array([[12, 25, 25]]), DoseRules())
    assert found.total.tolist() == [[10 * 40 + 2 * 30, 8 * 30 + 5 * 10, 10 * 40 + 10 * 30 + 5 * 10]]
    assert found.mean[0, 2] == 750 / 25


@pytest.mark.parametrize(
    ("options", "option"),
    [({"overlaps": "both"}, "overlaps"), ({"gaps": "zero"}, "gaps"), ({"open_rows": "forever"}, "open_rows")],
)
def test_a_word_that_is_no_rule_is_refused_with_the_words_that_are(options: dict[str, str], option: str) -> None:
    with pytest.raises(BadOption, match="is none of") as wrong:
        dose_rules(options)
    assert wrong.value.option == option
    assert option in OPTIONS


def test_a_drug_without_what_it_counts_is_refused() -> None:
    assert [(name, str(one)) for name, one in drugs("prednisone 1, methylprednisolone 1.25").items()] == [
        ("prednisone", "1"),
        ("methylprednisolone", "1.25"),
    ]
    for text in ("prednisone", "prednisone 0", "prednisone -1", "1"):
        with pytest.raises(BadOption, match="what one unit of it counts"):
            drugs(text)
