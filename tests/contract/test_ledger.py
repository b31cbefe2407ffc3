"""What every ledger promises: the one in memory, on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.plugins.acts import act, at, consent, page, play, redaction, script

from trialwright.ledger.fact import EMPTY, GENESIS, Draft, seal_stands, sealed
from trialwright.ledger.memory import MemoryLedger, OutsideAct
from trialwright.ledger.ports import Backdated, Ledger, NotLogged
from trialwright.ledger.replay import replay
from trialwright.ledger.snapshot import Snapshot
from trialwright.ledger.verify import verify


def test_an_empty_ledger_ends_where_every_chain_begins(any_ledger: Ledger) -> None:
    assert any_ledger.head() == EMPTY
    assert list(any_ledger.facts()) == []


def test_a_fact_is_sealed_to_the_one_before_it_and_read_back_as_it_was_written(any_ledger: Ledger) -> None:
    with any_ledger.act():
        first = any_ledger.append(consent())
        second = any_ledger.append(page({"weight": "71.50", "note": "a “quoted” naïve text ☕"}, 5))
    assert (first.number, first.previous) == (1, GENESIS)
    assert second == sealed(page({"weight": "71.50", "note": "a “quoted” naïve text ☕"}, 5), first.head)
    assert list(any_ledger.facts()) == [first, second]
    assert list(any_ledger.facts(after=1)) == [second]
    assert any_ledger.head() == second.head
    assert all(map(seal_stands, any_ledger.facts()))


def test_inside_an_act_the_head_moves_with_each_fact_and_facts_can_be_read(any_ledger: Ledger) -> None:
    with any_ledger.act():
        fact = any_ledger.append(consent())
        assert any_ledger.head() == fact.head
        assert list(any_ledger.facts()) == [fact]
        assert list(any_ledger.facts(after=1)) == []


def test_one_fact_is_read_by_its_number_inside_an_act_and_outside(any_ledger: Ledger) -> None:
    with any_ledger.act():
        first = any_ledger.append(consent())
        assert any_ledger.fact(1) == first
    act(any_ledger, page({"weight": "70"}, 1))
    second = list(any_ledger.facts())[1]
    assert [any_ledger.fact(number) for number in (1, 2)] == [first, second]
    for number in (0, -1, 3):
        with pytest.raises(LookupError, match=f"there is no fact {number}"):
            any_ledger.fact(number)


def test_an_act_that_fails_leaves_nothing(any_ledger: Ledger) -> None:
    with any_ledger.act():
        kept = any_ledger.append(consent())
    with pytest.raises(ZeroDivisionError):
        act(any_ledger, page({"weight": "70"}, 1), page({"weight": "71"}, 2), ZeroDivisionError())
    assert list(any_ledger.facts()) == [kept]
    assert any_ledger.head() == kept.head
    with any_ledger.act():
        assert any_ledger.append(page({"weight": "72"}, 3)).number == 2


def test_nothing_is_appended_or_redacted_outside_an_act(any_ledger: Ledger) -> None:
    with pytest.raises(OutsideAct):
        any_ledger.append(consent())
    with any_ledger.act():
        any_ledger.append(consent())
    with pytest.raises(OutsideAct):
        any_ledger.redact(1)
    with any_ledger.act(), pytest.raises(OutsideAct), any_ledger.act():
        pass


@pytest.mark.requirement("AT8")
def test_instants_never_run_backwards(any_ledger: Ledger) -> None:
    with any_ledger.act():
        any_ledger.append(consent(second=10))
        any_ledger.append(consent("AMC-002-M", second=10))
    with pytest.raises(Backdated), any_ledger.act():
        any_ledger.append(page({"weight": "70"}, 9))
    assert any_ledger.head().number == 2


@pytest.mark.requirement("AT5")
def test_a_logged_redaction_empties_the_payload_and_leaves_the_chain_whole(any_ledger: Ledger) -> None:
    with any_ledger.act():
        any_ledger.append(consent())
        typed = any_ledger.append(page({"note": "Mrs Jansen called", "weight": "70"}, 1))
    with any_ledger.act():
        any_ledger.append(redaction(2, ["note"], {"weight": "70"}, 2))
        any_ledger.redact(2)
    _, emptied, reason = any_ledger.facts()
    assert (emptied.payload, emptied.salt) == (None, None)
    assert (emptied.digest, emptied.seal) == (typed.digest, typed.seal)
    assert reason.why == "a name was typed"
    assert verify(any_ledger.facts()).ok


@pytest.mark.requirement("AT5")
def test_a_redaction_without_its_logged_reason_is_refused(any_ledger: Ledger) -> None:
    with any_ledger.act():
        any_ledger.append(consent())
        any_ledger.append(page({"note": "Mrs Jansen called"}, 1))
        any_ledger.append(page({"note": "Mr Pietersen called"}, 2))
    with pytest.raises(NotLogged), any_ledger.act():
        any_ledger.redact(2)
    with pytest.raises(NotLogged):
        act(any_ledger, redaction(3, ["note"], {}, 3), 2)
    with any_ledger.act():
        any_ledger.append(redaction(2, ["note"], {}, 4))
    with pytest.raises(NotLogged), any_ledger.act():
        any_ledger.redact(2)  # the reason was logged in an earlier act
    assert all(fact.payload is not None for fact in any_ledger.facts())


def test_a_redaction_in_an_act_that_fails_did_not_happen(any_ledger: Ledger) -> None:
    with any_ledger.act():
        any_ledger.append(consent())
        any_ledger.append(page({"note": "Mrs Jansen called"}, 1))
    before = list(any_ledger.facts())
    with pytest.raises(ZeroDivisionError):
        act(any_ledger, redaction(2, ["note"], {}, 2), 2, ZeroDivisionError())
    assert list(any_ledger.facts()) == before


def test_the_same_acts_end_on_the_same_seal_whatever_keeps_them(any_ledger: Ledger) -> None:
    reference = MemoryLedger()
    play(reference)
    play(any_ledger)
    assert any_ledger.head() == reference.head()
    assert list(any_ledger.facts()) == list(reference.facts())
    state = replay(any_ledger.facts())
    assert Snapshot(state, any_ledger.head()).hash == Snapshot(replay(reference.facts()), reference.head()).hash


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
DRAFTS = st.builds(
    Draft,
    at=st.integers(0, 50).map(at),
    by=TEXTS.filter(bool),
    role=TEXTS,
    kind=st.just("page.recorded"),
    version=TEXTS,
    payload=st.fixed_dictionaries(
        {
            "items": st.dictionaries(TEXTS, st.none() | TEXTS, max_size=4),
            "not_done": st.dictionaries(TEXTS, TEXTS, max_size=2),
            "confirmed": st.dictionaries(TEXTS, TEXTS, max_size=2),
            "on": st.none() | TEXTS,
            "more": VALUES,
        }
    ),
    salt=st.binary(min_size=16, max_size=16).map(bytes.hex),
    participant=TEXTS,
    visit=st.none() | TEXTS,
    form=st.none() | TEXTS,
    repeat=st.none() | TEXTS,
    why=st.none() | TEXTS,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drafts=st.lists(DRAFTS, max_size=4))
def test_whatever_a_person_types_is_kept_as_typed_and_sealed_the_same(any_ledger: Ledger, drafts: list[Draft]) -> None:
    head = any_ledger.head()
    later = [entry._replace(at=max(entry.at, head.at)) for entry in sorted(drafts, key=lambda entry: entry.at)]
    expected = list(_chained(head, later))
    with any_ledger.act():
        for entry in later:
            any_ledger.append(entry)
    assert list(any_ledger.facts(after=head.number)) == expected


def _chained(head: object, drafts: list[Draft]) -> Iterator[object]:
    for entry in drafts:
        fact = sealed(entry, head)  # type: ignore[arg-type]
        head = fact.head
        yield fact


def test_two_acts_follow_each_other_on_one_chain(any_ledger: Ledger) -> None:
    for drafts in script():
        before = any_ledger.head()
        with any_ledger.act():
            assert any_ledger.append(drafts[0]).previous == before.seal
            for entry in drafts[1:]:
                any_ledger.append(entry)
    assert verify(any_ledger.facts()).ok
