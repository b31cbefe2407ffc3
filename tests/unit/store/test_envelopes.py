"""Envelopes that were counted, against the facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plugins.worlds import allocation_list

from trialwright.store.envelopes import MISSING, OPENED, SEALED, differences

HELD = tuple(slot.label for slot in allocation_list()[:6])


@given(st.sets(st.sampled_from(HELD)))
def test_what_was_counted_as_it_was_recorded_has_no_difference(opened: set[str]) -> None:
    rows = [(label.lower(), OPENED if label in opened else SEALED) for label in HELD]
    assert differences(rows, HELD, opened) == []


@pytest.mark.requirement("BL5")
@given(st.sets(st.sampled_from(HELD)), st.sampled_from(HELD))
def test_one_envelope_that_differs_is_named(opened: set[str], odd: str) -> None:
    rows = [(label, OPENED if (label in opened) != (label == odd) else SEALED) for label in HELD]
    (found,) = differences(rows, HELD, opened)
    assert odd in found


def test_each_way_of_being_wrong_has_its_sentence() -> None:
    one, two, three = HELD[:3]
    rows = [(one, MISSING), (two, "torn"), (two, SEALED), (two, SEALED), ("XXXXXXX", SEALED), (three, SEALED)]
    rows.append((allocation_list()[7].label, SEALED))
    found = "\n".join(differences(rows, HELD, {three, HELD[5]}))
    for sentence in (
        f"{one}: the envelope is missing",
        f"{two} is 'torn'",
        f"{two} is counted twice",
        "'XXXXXXX' is no label",
        "is on no list of this trial",
        f"{three}: recorded as opened, and the envelope is still sealed",
        f"{HELD[5]}: recorded as opened, and not among the envelopes",
        "2 envelopes of this trial were not counted",
    ):
        assert sentence in found
