"""Notices of code breaks: signed, whole, and told in words."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.allocation.notices import BREAK, BadNotice, Notice, read_notice, signed_notice, told
from trialwright.ledger.heads import new_signing_key, public_key, signing_key

KEY = signing_key(new_signing_key())
PUBLIC = public_key(KEY)
texts = st.text(st.characters(codec="utf-8"), max_size=20)
notices = st.builds(
    Notice,
    trial=texts, reference=texts, kind=st.just(BREAK), label=texts, category=texts, learned_by=texts, name=texts,
    site=texts, shown_at=st.just("2026-03-02T02:10:00.000000Z"), entry=texts,
    alarms=st.lists(texts, max_size=3).map(tuple),
)  # fmt: skip


@given(notices)
@settings(max_examples=50)
def test_a_notice_comes_back_as_it_was_signed(notice: Notice) -> None:
    assert read_notice(signed_notice(notice, KEY), PUBLIC) == notice


@given(notices, st.data())
@settings(max_examples=80)
def test_a_notice_with_any_other_byte_is_refused_or_says_the_same(notice: Notice, data: st.DataObject) -> None:
    content = bytearray(signed_notice(notice, KEY).rstrip())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    try:
        found = read_notice(bytes(content), PUBLIC)
    except BadNotice:
        return
    assert found == notice  # the signature's digits may be capitals


def test_another_hosts_notice_and_what_is_no_notice_are_refused() -> None:
    notice = Notice("T", "R", BREAK, "L", "emergency", "p", "P", "S", "2026-03-02T02:10:00.000000Z", "e")
    other = public_key(signing_key(new_signing_key()))
    table = [
        (signed_notice(notice, KEY), other, "not this break host's"),
        (b"", PUBLIC, "no notice"),
        (b"[]", PUBLIC, "no notice"),
        (b'{"signature": 1}', PUBLIC, "no notice"),
        (orjson.dumps({"signature": "00", "format": "another"}), PUBLIC, "no notice"),
        (signed_notice(notice, KEY), "not hexadecimal", "not this break host's"),
    ]
    for content, public, sentence in table:
        with pytest.raises(BadNotice, match=sentence):
            read_notice(content, public)


def test_the_letter_says_who_when_and_why_and_that_nobody_need_know_what() -> None:
    notice = Notice(
        "T", "R-1", BREAK, "LBL", "emergency", "p02", "Iris", "N", "2026-03-02T02:10:00.000000Z", "e", ("A",)
    )
    letter = told(notice, "A trial", "+31", "Emergency")
    for said in (
        "A trial (T)",
        "LBL",
        "Iris (p02), site N",
        "R-1",
        "ALARM       A",
        "does not say what the treatment is",
    ):
        assert said in letter
