"""Whoever changes what was recorded, past every guard of the database, is found, at the fact where it begins.

Each paragraph is one way of tampering; each is tried on SQLite and on PostgreSQL by an administrator who takes the
triggers away, does it, and puts them back.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.plugins.acts import at
from tests.plugins.tampering import (
    EARLY,
    FACTS,
    SIGNED,
    Run,
    administrator,
    change,
    overwrite,
    put,
    resealed,
    resealed_from,
    small_trial,
)

from trialwright import store
from trialwright.ledger.fact import Fact
from trialwright.ledger.ports import Broken
from trialwright.ledger.verify import COLUMNS

pytestmark = pytest.mark.requirement("AT4")

Facts = list[Fact]


def edit_a_value(run: Run, facts: Facts) -> None:
    text = '{"confirmed":{},"items":{"weight":"99"},"not_done":{},"on":"2026-03-01"}'
    change(run, 5, payload=text)


def edit_who(run: Run, facts: Facts) -> None:
    change(run, 9, by="nurse.2")


def edit_why(run: Run, facts: Facts) -> None:
    change(run, 9, why="was never said")


def edit_when(run: Run, facts: Facts) -> None:
    change(run, 9, at=facts[7].at)


def edit_the_seal(run: Run, facts: Facts) -> None:
    change(run, 9, seal="f" * 64)


def edit_and_seal_anew(run: Run, facts: Facts) -> None:
    overwrite(run, resealed(facts[8], by="nurse.2"))


def edit_the_last_signed_fact_and_seal_anew(run: Run, facts: Facts) -> None:
    overwrite(run, resealed(facts[SIGNED - 1], why="another reason"))


def write_the_chain_anew(run: Run, facts: Facts) -> None:
    for fact in resealed_from(facts, 9, by="nurse.2"):
        overwrite(run, fact)


def delete_one(run: Run, facts: Facts) -> None:
    run('DELETE FROM store_fact WHERE "number" = 9')


def delete_the_first(run: Run, facts: Facts) -> None:
    run('DELETE FROM store_fact WHERE "number" = 1')


def delete_several(run: Run, facts: Facts) -> None:
    run('DELETE FROM store_fact WHERE "number" BETWEEN 9 AND 12')


def delete_and_close_the_gap(run: Run, facts: Facts) -> None:
    run('DELETE FROM store_fact WHERE "number" >= 9')
    for fact in facts[9:]:
        put(run, fact._replace(number=fact.number - 1))


def swap_two(run: Run, facts: Facts) -> None:
    overwrite(run, facts[8]._replace(number=10))
    overwrite(run, facts[9]._replace(number=9))


def swap_two_and_seal_anew(run: Run, facts: Facts) -> None:
    first = resealed(facts[9], number=9, previous=facts[7].seal)
    second = resealed(facts[8], number=10, previous=first.seal)
    overwrite(run, first)
    overwrite(run, second)


def insert_one(run: Run, facts: Facts) -> None:
    run('DELETE FROM store_fact WHERE "number" >= 9')
    put(run, resealed(facts[7], number=9, previous=facts[7].seal))
    for fact in facts[8:]:
        put(run, fact._replace(number=fact.number + 1))


def splice_another_chain(run: Run, facts: Facts) -> None:
    other = [resealed(fact, role="visitor") for fact in facts[8:]]
    for position, fact in enumerate(other):
        previous = "a" * 64 if position == 0 else other[position - 1].seal
        other[position] = resealed(fact, previous=previous)
        overwrite(run, other[position])


def cut_off_the_end(run: Run, facts: Facts) -> None:
    run('DELETE FROM store_fact WHERE "number" > 20')


def cut_off_everything(run: Run, facts: Facts) -> None:
    run("DELETE FROM store_fact")


def backdate_beyond_the_signed_head(run: Run, facts: Facts) -> None:
    overwrite(run, resealed(facts[FACTS - 1], at=EARLY))


def write_an_instant_in_another_form(run: Run, facts: Facts) -> None:
    overwrite(run, resealed(facts[FACTS - 1], at=at(101).replace("T", " ")))


def empty_a_payload_silently(run: Run, facts: Facts) -> None:
    change(run, 9, payload=None, salt=None)


def empty_a_payload_and_keep_the_salt(run: Run, facts: Facts) -> None:
    change(run, 9, payload=None)


def put_a_redacted_text_back(run: Run, facts: Facts) -> None:
    text = '{"confirmed":{},"items":{"note":"Mrs Jansen","weight":"71.50"},"not_done":{},"on":"2026-03-01"}'
    change(run, 4, payload=text, salt="5a" * 16)


def put_the_very_text_back(run: Run, facts: Facts) -> None:
    text = '{"confirmed":{},"items":{"note":"café, “zweite” ☕","weight":"71.50"},"not_done":{},"on":"2026-03-01"}'
    change(run, 4, payload=text, salt="5a" * 16)


def append_without_following(run: Run, facts: Facts) -> None:
    put(run, resealed(facts[-1], number=FACTS + 1, previous="b" * 64, at=at(102)))


WAYS: list[tuple[Callable[[Run, Facts], None], int, str]] = [
    # how                                    first bad, and what the sentence says
    (edit_a_value, 5, "payload edited"),
    (edit_who, 9, "was edited"),
    (edit_why, 9, "was edited"),
    (edit_when, 9, "was edited"),
    (edit_the_seal, 9, "was edited"),
    (edit_and_seal_anew, 9, "sealed anew"),
    (edit_the_last_signed_fact_and_seal_anew, SIGNED, "sealed"),
    (write_the_chain_anew, SIGNED, "written anew between fact 1 and fact 27"),
    (delete_one, 9, "fact 9 is missing"),
    (delete_the_first, 1, "fact 1 is missing"),
    (delete_several, 9, "facts 9 to 12 are missing"),
    (delete_and_close_the_gap, 9, "was sealed as fact 10"),
    (swap_two, 9, "was sealed as fact 10"),
    (swap_two_and_seal_anew, 10, "sealed anew"),
    (insert_one, 9, "fact 9 was inserted"),
    (splice_another_chain, 8, "spliced in"),
    (cut_off_the_end, 21, "facts 21 to 27 were cut off"),
    (cut_off_everything, 1, "facts 1 to 27 were cut off"),
    (backdate_beyond_the_signed_head, FACTS, "backdated"),
    (write_an_instant_in_another_form, FACTS, "no canonical instant"),
    (empty_a_payload_silently, 9, "without a logged redaction"),
    (empty_a_payload_and_keep_the_salt, 9, "only one of payload and salt"),
    (put_a_redacted_text_back, 4, "payload edited"),
    (put_the_very_text_back, 4, "holds its payload again, though fact 27 says that it was redacted"),
    (append_without_following, FACTS, "fact 28 or fact 29 is false"),
]


@pytest.mark.parametrize(("tamper", "first_bad", "says"), WAYS, ids=[way[0].__name__ for way in WAYS])
def test_every_way_of_tampering_with_facts_is_found_where_it_begins(
    trial_folder: Path, tamper: Callable[[Run, Facts], None], first_bad: int, says: str
) -> None:
    facts = small_trial(trial_folder)
    assert store.verify(trial_folder).ok
    with administrator(trial_folder) as run:
        tamper(run, facts)
    found = store.verify(trial_folder)
    assert found.first_bad == first_bad, found
    assert says in str(found)


def test_a_ledger_that_does_not_verify_is_never_appended_to(trial_folder: Path) -> None:
    facts = small_trial(trial_folder)
    with administrator(trial_folder) as run:
        edit_who(run, facts)
    with pytest.raises(Broken, match="fact 9 was edited"):
        store.open_ledger(trial_folder)


@pytest.mark.parametrize("tamper", [edit_the_seal, cut_off_the_end, cut_off_everything], ids=lambda way: way.__name__)
def test_a_ledger_that_is_open_notices_what_is_done_to_its_end(
    trial_folder: Path, tamper: Callable[[Run, Facts], None]
) -> None:
    facts = small_trial(trial_folder)[:9]
    ledger = store.open_ledger(trial_folder)
    with administrator(trial_folder) as run:
        if tamper is edit_the_seal:
            change(run, FACTS, seal="f" * 64)
        else:
            tamper(run, facts)
    for _ in range(2):
        with pytest.raises(Broken), ledger.act():
            pass


TEXT_COLUMNS = [column for column in COLUMNS if column != "number"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_edit_of_any_fact_is_found_at_that_fact(played: tuple[Path, Facts], data: st.DataObject) -> None:
    folder, _ = played
    number = data.draw(st.integers(1, FACTS), label="number")
    column = data.draw(st.sampled_from(TEXT_COLUMNS), label="column")
    with administrator(folder) as run:
        [(before,)] = run(f'SELECT "{column}" FROM store_fact WHERE "number" = %s', (number,))
    after = data.draw(_another(before), label="after")
    with administrator(folder) as run:
        change(run, number, **{column: after})
    found = store.verify(folder)
    with administrator(folder) as run:
        change(run, number, **{column: before})
    assert found.first_bad == number, found


def _another(before: str | None) -> st.SearchStrategy[Any]:
    """Another text: made up, one character changed, cut short or made longer."""
    texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
    ways: list[st.SearchStrategy[Any]] = [texts]
    if before:
        ways += [
            st.integers(0, len(before) - 1).map(lambda at: before[:at] + chr(ord(before[at]) ^ 1) + before[at + 1 :]),
            st.just(before[:-1]),
            texts.map(lambda more: before + more),
        ]
    return st.one_of(ways).filter(lambda text: text != before and "\0" not in text)


@pytest.fixture
def played(trial_folder: Path) -> tuple[Path, Facts]:
    """A trial folder with the small trial in it, and its facts."""
    return trial_folder, small_trial(trial_folder)


def test_the_property_leaves_the_ledger_as_it_was(played: tuple[Path, Facts]) -> None:
    folder, _ = played
    found = store.verify(folder)
    assert found.ok
    assert (found.facts, found.signed, found.beyond) == (FACTS, SIGNED, 1)
