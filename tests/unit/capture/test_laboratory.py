"""Rows of a laboratory's file in the units of the reference trial, split line by line."""

from datetime import date
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plugins.editing import REFERENCE

from trialwright import design
from trialwright.capture.laboratory import BadHeader, Line, manifest_of, names_of, split
from trialwright.capture.laboratory_ranges import chosen, grade, multiple
from trialwright.capture.laboratory_values import Given, Result, result
from trialwright.conduct.catalogue import catalogue
from trialwright.design.laboratory import LaboratoryPlan
from trialwright.design.model import Definition

SEALED = {"igg", "protein", "globulin", "esr", "igg total", "total protein", "tp", "bse"}


@cache
def reference() -> Definition:
    """The reference trial."""
    return design.read(REFERENCE, catalogue())


def plan() -> LaboratoryPlan:
    """Its laboratory part."""
    found = reference().laboratory
    assert found is not None
    return found


def read(test: str, value: str, unit: str, **more: str) -> Result | str:
    """The result of a row, or what is wrong with it."""
    cells = {"sample": "S", "participant": "P", "visit": "W4", "test": test, "taken": "2026-06-01", "value": value}
    found = result(reference(), Line(1, {**cells, "unit": unit, **more}), test, Given())
    return found if isinstance(found, Result) else "; ".join(map(str, found))


def test_what_gives_the_treatment_away_is_sealed_and_what_safety_needs_is_open() -> None:
    names = names_of(reference(), plan())
    assert set(names.sealed) == SEALED
    assert {"hb", "hapto", "haptoglobin", "creat", "bili", "ck", "alt", "cxcl10"} <= set(names.open)


@pytest.mark.parametrize(
    ("test", "value", "unit", "text", "rounded"),
    [
        ("CK", "1234", "U/L", "1234", False),
        ("CK", "20.5", "ukat/L", "1230", False),
        ("HB", "8.4", "mmol/L", "8.4", False),
        ("HB", "14.5", "g/dL", "9.0", True),
        ("HB", "145", "g/L", "9.0", True),
        ("CREAT", "1", "mg/dL", "88", True),
        ("GLUCOSE", "90", "mg/dL", "5.0", True),
        ("BILI", "1.0", "mg/dL", "17", True),
        ("HAPTO", "120", "mg/dL", "1.20", False),
        ("IGG", "3050", "mg/dL", "30.50", False),
        ("PROTEIN", "7.4", "g/dL", "74.0", False),
        ("THROMBO", "250", "10^9/L", "250", False),
        ("CXCL10", "1.25", "ng/mL", "1250", False),
        ("SIGLEC1", "2400", "", "2400", False),
    ],
)
def test_a_value_stands_in_the_unit_of_its_item(test: str, value: str, unit: str, text: str, rounded: bool) -> None:
    found = read(test, value, unit)
    assert isinstance(found, Result), found
    assert (found.text, found.rounded) == (text, rounded)


@pytest.mark.parametrize(
    ("test", "value", "unit", "answer"),
    [
        ("HB", "8.45", "mmol/L", "8.45 mmol/L is not a multiple of 0.1"),
        ("HB", "8.4", "g/mL/L", "is taken in mmol/L, g/dL, g/L"),
        ("IGG", "30.5", "mmol/L", "does not convert into g/L"),
        ("SIGLEC1", "2400", "pg/mL", "does not convert into 1"),
        ("CK", "1e3", "U/L", "'1e3' is not a number; write 12.3, <1.2 or >500"),
        ("CK", "9" * 31, "U/L", "a number of 31 characters is a slip"),
        ("CXCL10", ">5000", "pg/mL", "keeps no value above a limit"),
    ],
)
def test_what_an_item_does_not_take_is_said(test: str, value: str, unit: str, answer: str) -> None:
    assert answer in str(read(test, value, unit))


def test_a_value_below_the_limit_and_the_laboratorys_limits_are_converted_with_it() -> None:
    found = read("CXCL10", "<0.0125", "ng/mL")
    assert isinstance(found, Result)
    assert (found.text, found.beyond) == ("12.5", "<")
    found = read("CK", "20", "ukat/L", low="0.5", high="2.85")
    assert isinstance(found, Result)
    assert (found.low, found.high) == (30, 171)


def test_a_range_is_chosen_by_sex_and_day_and_a_multiple_has_its_grade() -> None:
    day = date(2026, 6, 1)
    table = [
        ("CK", "M", Fraction(50), 171),
        ("CK", "F", Fraction(50), 145),
        ("CK", None, Fraction(50), "the reference range of CK depends on sex, which is not known yet"),
        ("LDH", None, None, 250),
        ("GLUCOSE", "F", None, ""),
    ]
    for test, sex, age, answer in table:
        found, why = chosen(plan(), "AMUMC_LAB", test, sex, age, day)
        assert (found.high if found else why) == answer
    assert "valid on 2025-12-31" in chosen(plan(), "AMUMC_LAB", "CK", "M", None, date(2025, 12, 31))[1]
    grades = plan().tests["BILI"].grades
    marks = [(17, 0), (18, 1), (26, 2), (51, 2), (52, 3), (170, 3), (171, 4)]
    assert [grade(multiple(Fraction(value), Fraction(17)), grades) for value, _ in marks] == [g for _, g in marks]
    assert grade(multiple(Fraction(5), None), grades) is None


@given(st.lists(st.sampled_from([b"CK", b"IGG", b"IGGG", b" ck ", b"", b'"CK', b"\xffCK"]), max_size=8))
def test_each_line_goes_to_its_part_whatever_stands_before_it(tests: list[bytes]) -> None:
    content = b"sample,test,value,unit\n" + b"".join(b"S," + test + b",5,U/L\n" for test in tests)
    parts = split(content, names_of(reference(), plan()))
    assert len(parts.open) == sum(test.strip().lower() == b"ck" for test in tests)
    assert len(parts.open) + len(parts.rest) == len(tests)
    assert [line.row for line in parts.open] == list(range(1, len(parts.open) + 1))


def test_a_spoilt_row_is_open_only_where_it_names_no_sealed_test() -> None:
    names = names_of(reference(), plan())
    head = b"sample,test,value,unit\n"
    for row, is_open in [(b"S,CK,5,2,U/L", True), (b"S,CK,IGG,5,g/L", False), (b'S,CK,"5,U/L', True), (b"CK", False)]:
        assert bool(split(head + row, names).open) is is_open, row


def test_a_manifest_that_cannot_be_used_is_said_whole() -> None:
    with pytest.raises(BadHeader) as caught:
        manifest_of(b"sample,visit\nS1,W4\nS1,W8\n,W4\nS2\n")
    assert len(caught.value.sentences) == 3
