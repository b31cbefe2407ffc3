"""Values that are unknown, not applicable, partial or exact: what an expression answers."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from trialwright import logic
from trialwright.logic import NONE_KNOWN, NOT_APPLICABLE, UNKNOWN, Context, partial_date

SCOPE = logic.scope(
    {
        "pain": "boolean",
        "fever": "boolean",
        "mmt": "integer",
        "mmt_max": "integer",
        "phga": {"type": "decimal", "unit": "cm"},
        "haq": "decimal",
        "onset": "partial_date",
        "start": "datetime",
        "end": "datetime",
        "sex": {"type": "code", "values": {"F": "female", "M": "male"}},
        "severity": {"type": "code", "values": {"1": "mild", "2": "moderate", "3": "severe"}},
        "criteria": {"type": "codes", "values": ["DTH", "HOSP", "LIFE"]},
        "events": {"type": "list", "of": {"term": "text", "serious": "boolean", "days": "integer"}},
    },
    visits=("SCR", "W0", "W4"),
)
CONTEXT = Context({"screening": date(2024, 5, 31)}, "Europe/Amsterdam", Decimal("70"))


def value(text: str, context: Context = CONTEXT, **facts: Any) -> Any:
    """What an expression gives for some facts."""
    return logic.number(logic.evaluate(logic.check(logic.parse(text), SCOPE), facts, context))


def check(table: list[tuple[str, dict[str, Any], Any]]) -> None:
    """Each row: an expression, the facts, and what it gives."""
    for text, facts, expected in table:
        found = value(text, **facts)
        same = found is expected if isinstance(expected, (bool, logic.Absent)) else found == expected
        assert same, (text, facts, found)


def test_a_missing_value_gives_unknown_never_false() -> None:
    check(
        [
            ("pain", {}, UNKNOWN),
            ("pain", {"pain": None}, UNKNOWN),
            ("phga >= 2 cm", {}, UNKNOWN),
            ("not pain", {}, UNKNOWN),
            ("mmt + 1 > mmt", {}, UNKNOWN),
            ("exists(events, it.serious)", {}, UNKNOWN),
        ]
    )


def test_one_known_answer_can_be_enough() -> None:
    check(
        [
            ("pain and fever", {"pain": False}, False),
            ("pain or fever", {"fever": True}, True),
            ("pain and fever", {"pain": True}, UNKNOWN),
            ("if(pain, 3, 3) == 3", {}, True),
            ("count([pain, fever, phga >= 2 cm]) >= 1", {"fever": True}, True),
            ("count([pain, fever, phga >= 2 cm]) >= 3", {"fever": False}, False),
        ]
    )


def test_asked_and_none_known_is_an_answer() -> None:
    check(
        [
            ("exists(events, it.serious)", {"events": NONE_KNOWN}, False),
            ("all(events, it.serious)", {"events": NONE_KNOWN}, True),
            ("count(events)", {"events": NONE_KNOWN}, 0),
            ("asked(events)", {"events": NONE_KNOWN}, True),
            ("none_known(events)", {"events": NONE_KNOWN}, True),
            ("asked(events)", {}, False),
            ("none_known(events)", {}, False),
            ("sum(events.days)", {"events": NONE_KNOWN}, 0),
        ]
    )


def test_not_applicable_drops_out_of_and_and_or_and_wins_over_unknown_elsewhere() -> None:
    away = {"pain": NOT_APPLICABLE}
    check(
        [
            ("pain", away, NOT_APPLICABLE),
            ("not pain", away, NOT_APPLICABLE),
            ("pain and fever", {**away, "fever": True}, True),
            ("pain or fever", {**away, "fever": False}, False),
            ("pain and fever", {**away, "fever": NOT_APPLICABLE}, NOT_APPLICABLE),
            ("mmt < mmt_max", {"mmt": NOT_APPLICABLE}, NOT_APPLICABLE),
            ("missing(mmt)", {"mmt": NOT_APPLICABLE}, False),
            ("known(mmt)", {"mmt": NOT_APPLICABLE}, False),
            ("applies_if(sex == female, pain)", {"sex": "M"}, NOT_APPLICABLE),
            ("applies_if(sex == female, pain)", {}, UNKNOWN),
            ("mean([mmt, mmt_max])", {"mmt": NOT_APPLICABLE, "mmt_max": 8}, 8),
            ("mean([mmt])", {"mmt": NOT_APPLICABLE}, NOT_APPLICABLE),
        ]
    )


def test_an_unknown_truth_cannot_be_used_as_a_python_boolean_by_mistake() -> None:
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(value("pain"))


def test_numbers_are_exact() -> None:
    check(
        [
            ("0.1 + 0.2 == 0.3", {}, True),
            ("100 * (mmt_max - mmt) / mmt_max >= 10", {"mmt": 234, "mmt_max": 260}, True),
            ("mmt / mmt_max * mmt_max == mmt", {"mmt": 1, "mmt_max": 3}, True),
            ("haq * 3", {"haq": Decimal("0.125")}, Decimal("0.375")),
            ("mmt / mmt_max", {"mmt": 1, "mmt_max": 0}, UNKNOWN),
            ("round(haq)", {"haq": Decimal("2.5")}, 3),
            ("round(-haq, 1)", {"haq": Decimal("0.25")}, Decimal("-0.3")),
            ("mmt / 3", {"mmt": 1}, Decimal(1) / Decimal(3)),
        ]
    )
    assert logic.evaluate(logic.check(logic.parse("mmt / 3"), SCOPE), {"mmt": 1}) == Fraction(1, 3)


def test_codes_are_bare_words_labels_or_numbers() -> None:
    check(
        [
            ("sex == F", {"sex": "F"}, True),
            ("sex == female", {"sex": "F"}, True),
            ("sex in ['M', F]", {"sex": "F"}, True),
            ("severity == 2", {"severity": "2"}, True),
            ("severity >= moderate", {"severity": "3"}, True),
            ("HOSP in criteria", {"criteria": ("HOSP", "LIFE")}, True),
            ("HOSP not in criteria", {"criteria": NONE_KNOWN}, True),
            ("visit != SCR", {"visit": "W0"}, True),
        ]
    )


def test_the_value_of_the_visit_before_and_of_a_named_visit() -> None:
    facts = {"mmt": 250, "prev": {"mmt": 120}, "at": {"W0": {"mmt": 110}}}
    check(
        [
            ("abs(mmt - prev(mmt)) > 100", facts, True),
            ("prev(mmt) - at(mmt, W0)", facts, 10),
            ("at(mmt, W4) > 3", facts, UNKNOWN),
            ("prev(mmt)", {"mmt": 3}, UNKNOWN),
        ]
    )


def test_a_partial_date_is_an_interval_and_answers_only_what_it_can() -> None:
    check(
        [
            ("onset < 2024-06-01", {"onset": partial_date("2024-05")}, True),
            ("onset < 2024-05-15", {"onset": partial_date("2024-05")}, UNKNOWN),
            ("onset >= 2025-01-01", {"onset": partial_date("2024")}, False),
            ("months_between(onset, screening) < 12 mo", {"onset": partial_date("2023-07")}, True),
            ("months_between(onset, screening) < 12 mo", {"onset": partial_date("2023")}, UNKNOWN),
            ("months_between(onset, screening) < 12 mo", {"onset": partial_date("2022")}, False),
            ("year(onset) == 2024", {"onset": partial_date("2024")}, True),
            ("onset == 2024-05-15", {"onset": partial_date("2024-05")}, UNKNOWN),
            ("onset == date('2024-05')", {"onset": date(2024, 4, 30)}, False),
        ]
    )


def test_months_are_calendar_months() -> None:
    """From 31 January a month ends on the last day of February; a span is complete months and the days left over, so
    that "at most three months" ends on the day itself.
    """
    check(
        [
            ("months_between(onset, screening) <= 3 mo", {"onset": date(2024, 2, 29)}, False),
            ("months_between(onset, screening) <= 3 mo", {"onset": date(2024, 3, 1)}, True),
            ("months_between(onset, screening) >= 3 mo", {"onset": date(2024, 2, 29)}, True),
            ("months_between(2024-01-31, 2024-02-29) == 1 mo", {}, True),
            ("months_between(2023-01-31, 2023-02-28) >= 1 mo", {}, True),
            ("months_between(2024-01-31, 2024-03-01) > 1 mo", {}, True),
            ("2024-01-31 + 1 mo == 2024-02-29", {}, True),
            ("2024-02-29 - 1 a == 2023-02-28", {}, True),
            ("age(1942-06-01, 2024-05-31) >= 82 a", {}, False),
            ("age(1942-06-01, 2024-06-01) >= 82 a", {}, True),
            ("screening - 7 d == 2024-05-24", {}, True),
            ("days_between(2024-02-28, 2024-03-01) == 2", {}, True),
        ]
    )


def test_an_instant_has_the_date_of_the_site() -> None:
    """23:30 UTC on 30 May is already 31 May in Amsterdam and still 30 May in New York."""
    start = logic.read_value("2024-05-30T23:30:00Z", SCOPE.names["start"].type)
    assert value("start >= screening", start=start) is True
    assert (
        value("start >= screening", Context({"screening": date(2024, 5, 31)}, "America/New_York"), start=start) is False
    )
    assert value("local_date(start) == 2024-05-31", start=start) is True
    assert Context({"screening": start}, "Europe/Amsterdam").dates["screening"] == date(2024, 5, 31)


def test_hours_and_minutes_count_between_instants_across_a_change_of_the_clock() -> None:
    kind = SCOPE.names["start"].type
    start, end = (logic.read_value(text, kind) for text in ("2024-03-31T01:30:00+01:00", "2024-03-31T03:30:00+02:00"))
    assert value("end - start == 1 h", start=start, end=end) is True
    assert value("end > start + 59 min", start=start, end=end) is True
