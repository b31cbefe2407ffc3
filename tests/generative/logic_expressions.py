"""Random well-typed expressions and random participants for the proofs of the expression language."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import strategies as st

from trialwright import logic
from trialwright.compute.columns import Column, Rows, days
from trialwright.logic import NOT_APPLICABLE, UNKNOWN, Between, Quantity

SCREENING = date(2024, 5, 31)
DRUGS = ("prednisone", "dexamethasone", "azathioprine")
ROW = {
    "flag": "boolean",
    "n": "integer",
    "start": "date",
    "stop": "date",
    "ongoing": "boolean",
    "drug": {"type": "code", "values": list(DRUGS)},
    "dose": {"type": "quantity", "units": ["mg/d", "mg/kg/d"]},
}
DEFINITIONS: dict[str, Any] = {
    **dict.fromkeys(("b1", "b2", "b3"), "boolean"),
    **dict.fromkeys(("i1", "i2"), "integer"),
    "x": "decimal",
    "q": {"type": "decimal", "unit": "cm"},
    "years": {"type": "integer", "unit": "a"},
    "c": {"type": "code", "values": ["A", "B", "C"]},
    "scale": {"type": "code", "values": {"1": "none", "2": "slight", "3": "severe"}},
    "d1": "date",
    "d2": "partial_date",
    "rows": {"type": "list", "of": ROW},
    "codes": {"type": "codes", "values": ["A", "B", "C"]},
    "half": {"type": "decimal", "derive": "(i1 + i2) / 2"},
}
SCOPE = logic.scope(DEFINITIONS, visits=("SCR", "W0"))
SMALL = st.integers(-6, 6)
EXACT = st.sampled_from([Decimal("0.25"), Decimal("0.5"), Decimal("1.5"), Decimal("2"), Decimal("-0.75"), Decimal("0")])
DAYS = st.one_of(
    st.integers(-400, 40).map(lambda n: SCREENING + timedelta(days=n)),
    st.sampled_from([date(2024, 2, 29), date(2024, 1, 31), date(2023, 11, 30), date(2023, 2, 28)]),
)
PARTIAL = st.sampled_from(["2024", "2024-02", "2023-11", "2024-05"]).map(logic.partial_date)


def absent_or(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly a value, sometimes unknown, sometimes not applicable."""
    return st.one_of(values, values, values, st.just(UNKNOWN), st.just(NOT_APPLICABLE))


DOSES = st.builds(Quantity, st.sampled_from([1, 20, 60, 70, 1000]), st.sampled_from(["mg/d", "mg/kg/d"]))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "integer": SMALL,
    "decimal": EXACT,
    "date": st.one_of(DAYS, PARTIAL),
}


def _field(name: str, kind: Any) -> st.SearchStrategy[Any]:
    if name == "drug":
        return st.sampled_from(DRUGS)
    return DOSES if name == "dose" else VALUES[kind]


ROWS = st.lists(
    st.fixed_dictionaries({name: absent_or(_field(name, kind)) for name, kind in ROW.items()}), max_size=3
).map(tuple)
PARTICIPANT = st.fixed_dictionaries(
    {
        **{name: absent_or(st.booleans()) for name in ("b1", "b2", "b3")},
        **{name: absent_or(SMALL) for name in ("i1", "i2")},
        "x": absent_or(EXACT),
        "q": absent_or(EXACT),
        "years": absent_or(st.integers(0, 90)),
        "c": absent_or(st.sampled_from("ABC")),
        "scale": absent_or(st.sampled_from("123")),
        "d1": absent_or(DAYS),
        "d2": absent_or(st.one_of(DAYS, PARTIAL)),
        "rows": absent_or(ROWS),
        "codes": absent_or(st.lists(st.sampled_from("ABC"), max_size=2).map(tuple)),
    }
)


# --- expressions as text ---------------------------------------------------------------------------------------------


def _format(template: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda given: template.format(*given))


ORDER = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
LITERALS = st.one_of(st.integers(0, 9).map(str), st.sampled_from(["0.25", "1.5", "2.0"]))
DATES = st.sampled_from(
    ["d1", "d2", "screening", "2024-02-29", "d1 - 3 mo", "d2 + 2 wk", "screening - 1 a", "d1 + 31 d"]
)
PERIODS = st.sampled_from(["1 mo", "3 mo", "12 mo", "1 a", "0 mo"])
VARIABLES = st.sampled_from(["i1", "i2", "x", "half"])
LISTS = st.sampled_from(["rows.n", "rows.n", "[i1, i2, x]", "[x, 2, half]"])
ROW_TESTS = st.one_of(
    st.sampled_from(
        [
            "it.flag",
            "it.n > 2",
            "it.drug == prednisone",
            "overlaps(it, last(3 mo))",
            "days(it) <= 14",
            "prednisone_eq(it) <= 1 mg/kg/d",
            "it.dose <= 60 mg/d",
            "it.start >= screening - 7 d",
            "missing(it.stop)",
            "b1",
            "it.n + i1 > 0",
            "it.drug in [dexamethasone, prednisone]",
            "months_between(it.start, screening) >= 6 mo",
        ]
    )
)
ROW_CONDITIONS = st.recursive(
    ROW_TESTS,
    lambda inner: st.one_of(
        _format("({} and {})", inner, inner), _format("({} or {})", inner, inner), _format("not {}", inner)
    ),
    max_leaves=3,
)


def _numbers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        _format("({} {} {})", inner, st.sampled_from("+-*/"), inner),
        _format("abs({})", inner),
        _format("-({})", inner),
        _format("round({}, 1)", inner),
        _format("{}({})", st.sampled_from(["sum", "min", "max", "mean"]), LISTS),
        _format("if(b1, {}, {})", inner, inner),
        _format("prev({})", inner),
    )


NUMBERS = st.recursive(
    st.one_of(
        VARIABLES, LITERALS, st.just("year(d2)"), st.just("count(rows)"), _format("count(rows, {})", ROW_CONDITIONS)
    ),
    _numbers,
    max_leaves=4,
)
TESTS = st.one_of(
    st.sampled_from(["b1", "b2", "b3", "true", "false", "c == A", "c in [A, B]", "c != C", "scale >= 2", "A in codes"]),
    _format("{} {} {}", NUMBERS, ORDER, NUMBERS),
    _format("q {} {} mm", ORDER, LITERALS),
    _format("{} {} {}", DATES, ORDER, DATES),
    _format("months_between({}, {}) {} {}", DATES, DATES, ORDER, PERIODS),
    _format("days_between({}, {}) {} {}", DATES, DATES, ORDER, st.sampled_from(["0", "14", "90 d", "2 wk"])),
    _format("within({}, last({}))", DATES, PERIODS),
    _format("years {} {}", ORDER, PERIODS),
    _format(
        "{}({})",
        st.sampled_from(["missing", "known", "applicable"]),
        st.sampled_from(["b1", "x", "d2", "rows", "half"]),
    ),
    _format("{}(rows)", st.sampled_from(["asked", "none_known"])),
    _format("{}(rows, {})", st.sampled_from(["exists", "all"]), ROW_CONDITIONS),
    _format("for_each(rows, {}, {})", ROW_CONDITIONS, ROW_CONDITIONS),
    _format("between(x, {}, {})", LITERALS, LITERALS),
)


def _conditions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        _format("({} and {})", inner, inner),
        _format("({} or {} or {})", inner, inner, inner),
        _format("not ({})", inner),
        _format("count([{}, {}, {}]) >= {}", inner, inner, inner, st.integers(0, 3).map(str)),
        _format("if({}, {}, {})", inner, inner, inner),
        _format("applies_if({}, {})", inner, inner),
    )


CONDITIONS = st.recursive(TESTS, _conditions, max_leaves=5)


# --- participants as columns -----------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return days(value)
    return float(value) if isinstance(value, Decimal) else value


def as_column(values: list[Any]) -> Column:
    """Values of participants as one column."""
    state = [1 if value is UNKNOWN else 2 if value is NOT_APPLICABLE else 0 for value in values]
    known = [value for value, where in zip(values, state, strict=True) if where == 0]
    filler = known[0] if known else 0
    filled = [filler if where else value for value, where in zip(values, state, strict=True)]
    low = [_plain(value.low if isinstance(value, Between) else value) for value in filled]
    high = [_plain(value.high if isinstance(value, Between) else value) for value in filled]
    units = None
    if any(isinstance(value, Quantity) for value in known):
        units = np.asarray([value.unit if isinstance(value, Quantity) else "" for value in filled])
        low = high = [float(value.number) if isinstance(value, Quantity) else 0.0 for value in filled]
    upper = None if low == high else np.asarray(high)
    return Column(np.asarray(low), np.asarray(state, dtype=np.int8), upper, units)


def as_rows(lists: list[Any], fields: tuple[str, ...] | None) -> Rows:
    """Lists of participants as rows; fields None for lists of plain values."""
    owner, rows = [], []
    for number, listed in enumerate(lists):
        for row in listed if isinstance(listed, tuple) else ():
            owner.append(number)
            rows.append(row)
    state = np.asarray([1 if each is UNKNOWN else 2 if each is NOT_APPLICABLE else 0 for each in lists], dtype=np.int8)
    columns: Any = (
        as_column(rows) if fields is None else {name: as_column([row[name] for row in rows]) for name in fields}
    )
    return Rows(np.asarray(owner, dtype=np.int64), columns, state)


def as_columns(participants: list[dict[str, Any]]) -> dict[str, Any]:
    """Participants as an environment of columns."""
    out: dict[str, Any] = {}
    for name in participants[0]:
        values = [participant[name] for participant in participants]
        if name in ("rows", "codes"):
            out[name] = as_rows(values, tuple(ROW) if name == "rows" else None)
        else:
            out[name] = as_column(values)
    return out
