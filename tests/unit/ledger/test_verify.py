"""Verification of facts in memory: properties over random chains and random damage."""

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from tests.plugins.acts import act, at, consent, page, redaction
from tests.plugins.tampering import resealed, resealed_from

from trialwright.ledger.fact import Fact
from trialwright.ledger.heads import TRIAL, SignedHead, new_signing_key, sign, signing_key
from trialwright.ledger.memory import MemoryLedger
from trialwright.ledger.verify import COLUMNS, record, verify, verify_records

KEY = signing_key(new_signing_key())
LENGTH = 12


def chain() -> list[Fact]:
    """Twelve facts; the fifth was redacted by the eighth."""
    ledger = MemoryLedger()
    act(ledger, consent(), *(page({"weight": str(turn)}, turn) for turn in range(1, 7)))
    act(ledger, redaction(5, ["weight"], {}, 8), 5)
    act(ledger, *(page({"weight": str(turn)}, turn) for turn in range(9, 13)))
    return list(ledger.facts())


FACTS = chain()
NUMBERS = st.integers(1, LENGTH)


def heads(*numbers: int) -> list[SignedHead]:
    """Signed heads of the chain."""
    return [sign(FACTS[number - 1].head, TRIAL, datetime(2026, 3, 2, tzinfo=UTC), "0" * 64, KEY) for number in numbers]


def test_a_whole_chain_verifies_and_says_what_lies_beyond_the_last_head() -> None:
    assert verify(FACTS).ok
    found = verify(FACTS, heads(3, 9))
    assert (found.ok, found.facts, found.signed, found.beyond) == (True, LENGTH, 9, 3)
    assert str(found) == "12 facts verified; the last signed head is 9, 3 lie beyond it"


def test_an_empty_chain_verifies() -> None:
    found = verify([])
    assert (found.ok, found.facts, found.head.number) == (True, 0, 0)


@given(number=NUMBERS)
def test_a_chain_verifies_in_two_parts_as_in_one(number: int) -> None:
    rows = [record(fact) for fact in FACTS]
    first = verify_records(rows[:number])
    if 5 <= number < 8:
        assert not first.ok, "the redaction of fact 5 is logged later"
        return
    second = verify_records(rows[number:], follows=first.head)
    assert second.ok
    assert second.head == FACTS[-1].head


@given(number=NUMBERS)
def test_a_deleted_fact_is_named(number: int) -> None:
    left = [fact for fact in FACTS if fact.number != number]
    assert verify(left, heads(LENGTH)).first_bad == number


@given(number=st.integers(0, LENGTH - 1))
def test_an_end_that_was_cut_off_is_named_where_a_head_was_signed_beyond_it(number: int) -> None:
    assert verify(FACTS[:number], heads(LENGTH)).first_bad == number + 1


@given(order=st.permutations(FACTS))
def test_any_other_order_is_noticed_at_the_first_fact_out_of_place(order: Sequence[Fact]) -> None:
    found = verify(order, heads(LENGTH))
    wrong = next((place for place, fact in enumerate(order, 1) if fact.number != place), None)
    assert found.first_bad == wrong or (wrong is not None and found.first_bad is not None and found.first_bad <= wrong)
    assert found.ok == (wrong is None)


@given(number=NUMBERS, times=st.integers(1, 3))
def test_a_repeated_fact_is_noticed(number: int, times: int) -> None:
    repeated = [*FACTS[:number], *FACTS[number - 1 : number] * times, *FACTS[number:]]
    assert not verify(repeated).ok


@given(number=st.integers(1, LENGTH - 2).filter(lambda number: number != 5), by=st.text(min_size=1, max_size=5))
def test_a_fact_that_was_changed_and_sealed_anew_is_named(number: int, by: str) -> None:
    forged = [*FACTS]
    forged[number - 1] = resealed(FACTS[number - 1], by=by + "!")
    assert verify(forged).first_bad == number


@given(number=NUMBERS.filter(lambda number: number != 5))
def test_a_chain_that_was_written_anew_is_named_at_the_next_signed_head(number: int) -> None:
    forged = [*FACTS[: number - 1], *resealed_from(FACTS, number, by="somebody else")]
    assert verify(forged).ok, "a chain alone cannot see this"
    signed = heads(4, 8, LENGTH)
    assert verify(forged, signed).first_bad == next(head.number for head in signed if head.number >= number)


@given(number=st.integers(2, LENGTH), back=st.integers(1, 5))
def test_a_backdated_fact_is_named(number: int, back: int) -> None:
    earlier = at(0).replace("08:00:00", f"07:59:{back:02d}")
    forged = [*FACTS[: number - 1], *resealed_from(FACTS, number, at=earlier)]
    assert verify(forged).first_bad == number


@given(number=NUMBERS, column=st.sampled_from(COLUMNS), value=st.none() | st.integers() | st.binary() | st.floats())
def test_nothing_that_a_row_may_hold_makes_verification_fail_to_answer(number: int, column: str, value: object) -> None:
    rows = [record(fact) for fact in FACTS]
    row = dict(zip(COLUMNS, rows[number - 1], strict=True))
    same = row[column] == value and type(row[column]) is type(value)
    rows[number - 1] = tuple({**row, column: value}.values())  # type: ignore[assignment]
    assert verify_records(rows, heads(LENGTH)).ok == same


def test_a_redaction_that_names_no_fact_is_a_problem() -> None:
    forged = [*FACTS[:-1], resealed(FACTS[-1], kind="payload.redacted")]
    assert "not which fact" in str(verify(forged))


def test_only_the_first_problems_are_told() -> None:
    found = verify([fact._replace(why="x") for fact in FACTS] * 3)
    assert len(found.problems) == 20
    assert found.first_bad == 1
