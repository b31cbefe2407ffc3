"""What an item takes, and the sentence it gives when it does not."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.capture import BadValue, reader
from trialwright.design.model import Item

LISTS = {"severity": {"1": "mild", "2": "moderate", "3": "severe"}}
GIVEN = {
    "score": {"type": "decimal", "range": ("0", "10"), "unit": "cm", "step": "0.1"},
    "count": {"type": "integer", "range": ("0", "12")},
    "enzyme": {"type": "decimal", "range": ("0", "900000"), "warn": ("20", "20000"), "unit": "U/L"},
    "severity": {"type": "code", "codes": "severity"},
    "several": {"type": "codes", "codes": "severity"},
    "agreed": {"type": "boolean"},
    "day": {"type": "date"},
    "onset": {"type": "partial_date"},
    "begun": {"type": "datetime"},
    "remark": {"type": "text"},
    "recording": {"type": "file"},
}
READ = {name: reader(Item(id=name, label=name, **kind), LISTS) for name, kind in GIVEN.items()}


@pytest.mark.parametrize(
    ("item", "raw", "kept"),
    [
        ("score", "5.30", "5.30"),
        ("score", Decimal("5.3"), "5.3"),
        ("score", 10, "10"),
        ("count", "7", "7"),
        ("count", "7.0", "7"),
        ("severity", 2, "2"),
        ("several", ["3", "1", "3"], "1|3"),
        ("several", "3|1", "1|3"),
        ("agreed", True, "true"),
        ("day", "2024-02-29", "2024-02-29"),
        ("onset", "2024-03", "2024-03"),
        ("begun", "2026-03-01T23:59", "2026-03-01T23:59"),
        ("remark", "  well ", "well"),
        ("recording", "ab" * 32, "ab" * 32),
    ],
)
def test_a_value_is_kept_as_it_was_written(item: str, raw: object, kept: str) -> None:
    assert READ[item](raw).text == kept


@pytest.mark.requirement("DC1")
@pytest.mark.parametrize(
    ("item", "raw", "says"),
    [
        ("score", "10.1", "10.1 cm lies outside 0 to 10 cm"),
        ("score", "5.35", "5.35 cm is not a multiple of 0.1"),
        ("score", "5,3", "'5,3' is not a number; write the decimal sign as a point"),
        ("score", 5.3, "5.3 is not a number written out; give its digits as text"),
        ("score", "1e1", "'1e1' is not a number"),
        ("score", "NaN", "'NaN' is not a number"),
        ("count", "7.5", "7.5 is not a whole number"),
        ("count", True, "True is not a whole number written out; give its digits as text"),
        ("severity", "4", "'4' is not one of 1 (mild), 2 (moderate), 3 (severe)"),
        ("agreed", "yes", "'yes' is neither true nor false"),
        ("day", "2025-02-29", "'2025-02-29' is no day of the calendar"),
        ("day", "1-3-2025", "'1-3-2025' is not a date; write it as year-month-day, for example 2026-03-01"),
        ("onset", "2024-13", "'2024-13-01' is no day of the calendar"),
        ("begun", "2026-03-01T24:00", "'2026-03-01T24:00' is no moment of the calendar"),
        ("remark", " ", "the text is empty; give a reason why it is not done instead"),
        ("remark", "a\x00b", "the text holds a control character; type it again without pasting"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence(item: str, raw: object, says: str) -> None:
    with pytest.raises(BadValue) as refusal:
        READ[item](raw)
    assert str(refusal.value) == says


def test_a_true_extreme_is_kept_and_asks_for_a_confirmation() -> None:
    reading = READ["enzyme"]("25000")
    assert reading.text == "25000"
    assert reading.unusual == "25000 U/L lies outside the usual 20 to 20000 U/L; confirm it with a reason"


@given(
    st.sampled_from(sorted(READ)),
    st.text(max_size=12) | st.integers() | st.none() | st.floats() | st.lists(st.integers()),
)
def test_no_input_crashes_a_reader(item: str, raw: object) -> None:
    try:
        reading = READ[item](raw)
    except BadValue:
        return
    assert READ[item](reading.text).text == reading.text
