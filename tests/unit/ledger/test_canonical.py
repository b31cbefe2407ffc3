"""The canonical form: one text for one value, whatever made it."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright.ledger.canonical import NotCanonical, canonical, fingerprint, instant, instant_text, plain

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | TEXT | st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_a_value_read_back_has_the_same_canonical_form(value: object) -> None:
    written = canonical(value)
    assert canonical(json.loads(written)) == written


@given(st.dictionaries(TEXT, st.integers(), min_size=2, max_size=6))
def test_the_order_in_which_keys_were_written_does_not_matter(value: dict[str, int]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@given(VALUES)
def test_it_is_what_a_second_writer_gives(value: object) -> None:
    """Python's own JSON writer, with sorted keys by code point and no spaces, is the specification of the fast one."""
    again = json.loads(canonical(value))
    assert json.dumps(again, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == canonical(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, b'"5"'),
        (Decimal("5.30"), b'"5.30"'),
        (Decimal("1E+3"), b'"1000"'),
        (datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=1))), b'"2026-03-01T08:30:00.000000Z"'),
        ({"b": None, "a": [True]}, b'{"a":[true],"b":null}'),
        ("Größe", '"Größe"'.encode()),
    ],
)
def test_numbers_are_decimal_texts_and_instants_are_utc(value: object, text: bytes) -> None:
    assert canonical(value) == text


@pytest.mark.parametrize("value", [1.5, float("nan"), Decimal("NaN"), {1: "a"}, {"a": {2.5}}, datetime(2026, 3, 1)])  # noqa: DTZ001
def test_a_value_without_one_decimal_form_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


def test_the_fingerprint_is_the_sha256_of_the_canonical_bytes() -> None:
    # printf '{"a":"1"}' | sha256sum
    assert fingerprint({"a": 1}) == "9afeb0f2b203f254312ec8ded441d0318b7c34c57f8695ede42d2215a30c0960"


@given(st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_instant_survives_its_text(at: datetime) -> None:
    assert instant(instant_text(at)) == at


@pytest.mark.parametrize(
    "text", ["2026-03-01T08:30:00Z", "2026-03-01T08:30:00.0Z", "2026-3-1T08:30:00.000000Z", "soon"]
)
def test_any_other_text_of_an_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not match|canonical"):
        instant(text)


TROUBLE = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8) | st.integers() | st.floats() | st.binary(max_size=2) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=3)
        | st.frozensets(st.integers(), max_size=2)
    ),
    max_leaves=8,
)


@given(TROUBLE)
def test_the_quick_way_gives_what_the_plain_way_gives(value: object) -> None:
    """Whatever the writer in C takes by itself, a value is written, or refused, as its specification says."""

    def slowly() -> bytes:
        return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    try:
        expected = slowly()
    except (NotCanonical, UnicodeEncodeError):
        with pytest.raises(NotCanonical):
            canonical(value)
    else:
        assert canonical(value) == expected
