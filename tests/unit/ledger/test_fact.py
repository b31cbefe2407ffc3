"""A fact's seal covers everything that the fact says."""

import hashlib

import pytest

from trialwright.ledger.canonical import canonical
from trialwright.ledger.fact import EMPTY, GENESIS, Draft, Fact, seal_stands, sealed

DRAFT = Draft(
    at="2026-03-01T08:30:00.000000Z",
    by="n.bakker",
    role="nurse",
    kind="page.recorded",
    version="1.0",
    payload={"items": {"weight": "70.5"}, "not_done": {}, "confirmed": {}, "on": "2026-03-01"},
    salt="00" * 16,
    participant="AMC-001-X",
    visit="W0",
    form="vitals",
    repeat="",
    why=None,
)


def by_hand(fact: Fact) -> str:
    """The seal as architecture and documentation describe it: the canonical fact without payload and salt, hashed."""
    said = fact._asdict()
    for name in ("payload", "salt", "seal"):
        del said[name]
    return hashlib.sha256(canonical(said)).hexdigest()


def test_the_seal_is_the_hash_of_the_canonical_fact() -> None:
    fact = sealed(DRAFT, EMPTY)
    assert (fact.number, fact.previous) == (1, GENESIS)
    assert fact.seal == by_hand(fact)
    assert fact.digest == hashlib.sha256(bytes(16) + canonical(DRAFT.payload)).hexdigest()
    assert seal_stands(fact)


@pytest.mark.requirement("AT4")
@pytest.mark.parametrize("name", Fact._fields)
def test_changing_any_part_of_a_fact_breaks_its_seal(name: str) -> None:
    fact = sealed(DRAFT, EMPTY)
    other = {"payload": {**DRAFT.payload, "on": "2026-03-02"}, "number": 2, "salt": "11" * 16}.get(name, "x")
    assert not seal_stands(fact._replace(**{name: other}))


@pytest.mark.requirement("AT5")
def test_a_fact_without_its_payload_keeps_its_seal() -> None:
    fact = sealed(DRAFT, EMPTY)
    assert seal_stands(fact._replace(payload=None, salt=None))


def test_the_next_fact_is_sealed_to_the_one_before() -> None:
    first = sealed(DRAFT, EMPTY)
    second = sealed(DRAFT, first.head)
    assert (second.number, second.previous) == (2, first.seal)
    assert second.seal != first.seal
