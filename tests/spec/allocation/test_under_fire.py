"""Many processes randomise at once, and each of them may die at any instant.

Six workers randomise the same participants on one database, each on a desk of its own. Some requests are made twice at
once, with one key or with two; some answers are lost and asked for again; workers are killed while they work, and what
they had not answered is asked of another. More participants ask than the list has places. Afterwards everything that
was acknowledged is in the ledger as it was acknowledged, each participant, label and request was drawn once, each list
was used from its first place to its last without a gap, whoever came too late was refused, and the ledger verifies.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plugins.acts import consent, draft
from tests.plugins.crowds import Copy, Crowd, crowd, postgresql_copies, sqlite_copies
from tests.plugins.draws import faults
from tests.plugins.proofs import keep, proved
from tests.plugins.randomising import Answer, driver

from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.memory import MemoryLedger

QUICK, LONG = 300, 100_000
"""Draws on each database: in the normal suite, and in the long one."""


Copies = AbstractContextManager[Copy]


@pytest.fixture
def copies(vendor: str, quick_path: Path, request: pytest.FixtureRequest) -> Callable[[Crowd], Copies]:
    """Copies of a crowd on the database under test."""
    if vendor == "sqlite":
        return lambda many: sqlite_copies(many, quick_path / "rides")
    server, template = request.getfixturevalue("postgres"), request.getfixturevalue("new_database")()
    return lambda many: postgresql_copies(many, quick_path / "rides", server, template)


@pytest.mark.requirement("RN4", "RN7")
def test_no_draw_is_doubled_lost_or_out_of_order(copies: Callable[[Crowd], Copies], quick_path: Path) -> None:
    ready = crowd(quick_path / "crowd" / "trial", QUICK // 2 // 2)
    with copies(ready) as copy, driver() as drive:
        tally = proved("quick", ready, copy, drive, QUICK, kill_every=30)
    assert tally.faults == []
    assert tally.draws >= QUICK
    assert min(tally.kills, tally.repeated, tally.raced, tally.exhausted) > 0


@pytest.mark.long
@pytest.mark.requirement("RN4", "RN7")
def test_no_draw_of_a_hundred_thousand_is_doubled_lost_or_out_of_order(
    copies: Callable[[Crowd], Copies], quick_path: Path, vendor: str
) -> None:
    ready = crowd(quick_path / "crowd" / "trial", 500, surplus=10)
    with copies(ready) as copy, driver() as drive:
        tally = proved(vendor, ready, copy, drive, LONG)
    keep(f"sealed list on {vendor}", tally)
    assert tally.faults == []
    assert tally.draws >= LONG


# ------------------------------------------------------------------ the checker proves itself


def draws(*places: tuple[str, int, str]) -> list[Fact]:
    """A ledger on which participants were drawn: (participant, place, label), in one stratum."""
    ledger = MemoryLedger()
    with ledger.act():
        for name in dict.fromkeys(name for name, _, _ in places):
            ledger.append(consent(name))
        for name, place, label in places:
            payload = {
                "stratum": "a",
                "levels": {},
                "position": str(place),
                "label": label,
                "leaf": "00",
                "request": f"{name}-{label}",
            }
            ledger.append(draft(kinds.ALLOCATION_DRAWN, payload, 1, participant=name))
    return list(ledger.facts())


def answers(facts: Sequence[Fact]) -> list[Answer]:
    """What workers would have said of these draws."""
    return [
        Answer(fact.participant or "", fact.payload["request"], fact.number, fact.seal, fact.payload["label"], "done")
        for fact in facts
        if fact.kind == kinds.ALLOCATION_DRAWN and fact.payload
    ]


LISTED = {("a", place): f"L{place}" for place in range(1, 5)}
IN_ORDER = [("Ann", 1, "L1"), ("Bob", 2, "L2"), ("Cas", 3, "L3")]


@pytest.mark.requirement("RN4")
def test_the_checker_finds_each_fault_that_is_planted() -> None:
    table = [
        ("as it must be", IN_ORDER, None),
        ("a participant twice", [*IN_ORDER, ("Ann", 4, "L4")], "double: participant Ann"),
        ("a label twice", [*IN_ORDER, ("Dot", 4, "L3")], "double: label L3"),
        ("a place twice", [*IN_ORDER, ("Dot", 3, "L4")], "double: place a 3"),
        ("a gap", [*IN_ORDER[:2], ("Cas", 4, "L4")], "out of order"),
        ("the wrong way round", [IN_ORDER[1], IN_ORDER[0]], "out of order"),
        ("another label", [("Ann", 1, "L2")], "out of order"),
    ]
    for what, places, found in table:
        facts = draws(*places)
        said = faults(facts, answers(facts), LISTED)
        assert (found is None and said == []) or any(found in fault for fault in said if found), what


@given(st.sampled_from(range(3)), st.sampled_from(["participant", "key", "number", "seal", "label"]))
def test_the_checker_finds_an_answer_that_the_ledger_does_not_hold(which: int, part: str) -> None:
    facts = draws(*IN_ORDER)
    said = answers(facts)
    said[which] = replace(said[which], **{part: 999 if part == "number" else "other"})
    assert any(fault.startswith("lost") for fault in faults(facts, said, LISTED))


def test_the_checker_finds_a_draw_that_was_rolled_back() -> None:
    whole, cut = draws(*IN_ORDER), draws(*IN_ORDER[:2])
    assert len(faults(cut, answers(whole), LISTED)) > 0
    refused = Answer("Dot", "k", 0, "", "", "randomised")
    assert faults(whole, [*answers(whole), refused], LISTED) == ["lost: Dot was said to be randomised and is not"]
