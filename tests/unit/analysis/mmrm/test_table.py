"""Tables of any make give the same columns; what is no number where one is needed is said with row, column, value."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.analysis.mmrm.faults import BadTable
from trialwright.analysis.mmrm.table import coded, factor, from_csv, is_numeric, labels, natural, numbers, table_of

VISITS = ["W12", "W4", None, "W4"]
VALUES = [1.5, None, 3.0, 4.0]
WHOLE = [2, 10, None, 2]


def test_a_number_inside_a_label_counts_as_a_number() -> None:
    labels = ["W12", "Week 4", "W4", "10", "9.5", "Baseline", "w52", "-1", "V1.2", "V1.10"]
    assert sorted(labels, key=natural) == ["-1", "9.5", "10", "Baseline", "V1.10", "V1.2", "W4", "W12", "w52", "Week 4"]


@given(st.lists(st.text(max_size=6), max_size=8), st.data())
def test_labels_have_the_same_natural_order_however_they_come(labels: list[str], data: st.DataObject) -> None:
    mixed = data.draw(st.permutations(labels))
    assert sorted(mixed, key=natural) == sorted(labels, key=natural)


@given(st.lists(st.sampled_from([np.nan, -3.0, 0.0, 1.0, 2.0, 2.5, 1e12, np.inf]) | st.integers(-40, 400), max_size=12))
def test_numbers_are_coded_by_their_place_among_the_distinct_ones(values: list[float]) -> None:
    array = np.array(values, dtype=np.float64)
    codes, distinct = coded(array)
    assert distinct.tolist() == sorted({value for value in values if value == value})
    assert np.array_equal(np.append(distinct, np.nan)[codes], array, equal_nan=True)
    assert [float(one) for one in labels(distinct)] == distinct.tolist()


def makes(tmp_path: Path) -> list[Any]:
    (tmp_path / "t.csv").write_text('visit,"value",whole\nW12,1.5,2\n W4 ,NA,10\n.,3,\nW4,4.0,2\n', encoding="utf-8")
    columns = {"visit": VISITS, "value": VALUES, "whole": WHOLE}
    return [
        pl.DataFrame(columns),
        pl.DataFrame(columns).lazy(),
        pd.DataFrame(columns),
        pd.DataFrame(columns).astype({"visit": "string", "whole": "Int64"}),
        pd.DataFrame(columns).astype({"visit": "category"}),
        columns,
        {name: np.array(values, dtype=object) for name, values in columns.items()},
        tmp_path / "t.csv",
        str(tmp_path / "t.csv"),
    ]


def test_every_make_of_table_gives_the_same_columns(tmp_path: Path) -> None:
    for source in makes(tmp_path):
        table = table_of(source)
        assert table.rows == 4
        visit, whole = factor(table, "visit"), factor(table, "whole")
        assert np.array_equal(numbers(table, "value"), [1.5, np.nan, 3, 4], equal_nan=True)
        assert whole.levels == ("2", "10")
        assert whole.codes.tolist() == [0, 1, -1, 0]
        assert is_numeric(table, "whole")
        assert not is_numeric(table, "visit")
        if isinstance(source, pd.DataFrame) and source["visit"].dtype == "category":
            assert visit.levels == ("W12", "W4")  # the order that the column declares
        else:
            assert visit.levels == ("W4", "W12")
            assert visit.codes.tolist() == [1, 0, -1, 0]


def test_declared_categories_keep_their_order() -> None:
    order = ["Screening", "Week 4", "End"]
    for column in (
        pl.Series(["End", "Week 4"], dtype=pl.Enum(order)),
        pd.Series(pd.Categorical(["End", "Week 4"], order)),
    ):
        found = factor(table_of({"visit": column}), "visit")
        assert found.levels == ("Week 4", "End")
        assert found.codes.tolist() == [1, 0]
    numbered = factor(table_of({"visit": pd.Series(pd.Categorical([4, 2], [4, 2]))}), "visit")
    assert (numbered.levels, numbered.codes.tolist()) == (("4", "2"), [0, 1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,y\n1,2\n2,abc\n3,1e999\n", ("line 3, column 'y': 'abc' is not a number", "line 4, column 'y': '1e999'")),
        ('id,y\n1,2\n2,"1,5"\n', ("line 3, column 'y': '1,5' has a decimal comma; write 1.5",)),
        ("id;y\n1;2\n2;1,5\n", ("line 3, column 'y': '1,5' has a decimal comma",)),
        ('id,y\n"a\nb",2\n\n2,-inf\n', ("line 5, column 'y': '-inf' is not a finite number",)),
        ("id,y\n1,2\n2,\x1b[2J\n", ("'\\x1b[2J' is not a number",)),
    ],
)
def test_what_is_no_number_is_said_with_line_column_and_value(text: str, said: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(BadTable) as refused:
        numbers(from_csv(tmp_path / "t.csv"), "y")
    assert len(refused.value.problems) == len(said)
    for problem, part in zip(refused.value.problems, said, strict=True):
        assert part in problem


def test_numbers_whose_fourth_power_is_none_are_taken_for_slips() -> None:
    for values in ([1.0, 1e71], ["1.0", "1e71"]):
        with pytest.raises(BadTable, match=r"row 2, column 'y': '1e\+?71' is beyond 1e\+70"):
            numbers(table_of({"y": values}), "y")


def test_infinity_and_texts_in_memory_are_said_with_their_row() -> None:
    with pytest.raises(BadTable, match="row 2, column 'y': 'inf' is not a finite number"):
        numbers(table_of({"y": [1.0, float("inf")]}), "y")
    with pytest.raises(BadTable, match="row 2, column 'y': 'much' is not a number"):
        numbers(table_of({"y": ["1.0", "much"]}), "y")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"id,y\n", "a header and no rows"),
        (b"id,y,y\n1,2,3\n", "the column 'y' stands twice"),
        (b"id,y\n1,2\n2,1,5\n", "line 3 has 3 cells where the header has 2; a decimal comma would do that"),
        (b"id,y\n1,\xff\n", "line 2 is not UTF-8"),
        (b'id,y\n1,"2\n', "cannot be read as CSV"),
    ],
)
def test_a_file_that_is_no_table_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(BadTable) as refused:
        from_csv(tmp_path / "t.csv")
    assert said in str(refused.value)


def test_what_is_no_table_at_all_is_refused() -> None:
    for source in (7, {"a": [1, 2], "b": [1]}, Path("/dev/zero")):
        with pytest.raises(BadTable):
            table_of(source)
    with pytest.raises(BadTable, match="shape"):
        numbers(table_of({"y": np.zeros((2, 2))}), "y")


def test_many_faults_are_cut_short_in_the_sentence_and_whole_in_the_list() -> None:
    with pytest.raises(BadTable) as refused:
        numbers(table_of({"y": ["x"] * 100 + ["1"]}), "y")
    assert len(refused.value.problems) == 100
    assert str(refused.value).endswith("... and 88 more of this kind.")
