"""The annex: one text for each method, and a test list that never passes for a production list."""

from fractions import Fraction

import pytest

from trialwright.allocation.annex import PRODUCTION, TEST, Annex, read_annex
from trialwright.allocation.methods import (
    BiasedCoin,
    BigStick,
    Blocks,
    Method,
    Minimisation,
    Simple,
    Urn,
)
from trialwright.allocation.slots import draw_up, root

EVEN = {"A": 1, "B": 1}
ALL: list[Method] = [
    Simple({"A": 2, "B": 1}),
    Blocks(EVEN, (6, 4)),
    BigStick(EVEN, 3),
    BiasedCoin(EVEN, Fraction(2, 3)),
    Urn(EVEN, 1, 2),
    Minimisation(EVEN, {"sex": ("M", "F"), "age": ("old", "young")}, "variance", {"sex": 2}, Fraction(4, 5), 1),
]


@pytest.mark.parametrize("method", ALL, ids=lambda method: method.name)
@pytest.mark.parametrize("purpose", [PRODUCTION, TEST])
def test_an_annex_reads_back_whatever_its_method(method: Method, purpose: str) -> None:
    annex = Annex("TIM", method, "5a" * 32, {"A": "active"}, purpose)
    again = read_annex(annex.canonical)
    assert (again, again.sha256, again.method) == (annex, annex.sha256, method)


def test_every_parameter_is_part_of_the_hash() -> None:
    hashes = {Annex("TIM", method, "5a" * 32).sha256 for method in ALL}
    hashes |= {Annex("TIM", BigStick(EVEN, limit), "5a" * 32).sha256 for limit in (2, 4)}
    hashes |= {Annex("TIM", BiasedCoin(EVEN, Fraction(3, 4)), "5a" * 32).sha256}
    assert len(hashes) == len(ALL) + 3


@pytest.mark.requirement("RN8")
def test_a_test_list_has_other_leaves_and_says_that_it_is_for_nobody() -> None:
    real, test = (Annex("TIM", ALL[1], "5a" * 32, {"A": "active"}, purpose) for purpose in (PRODUCTION, TEST))
    slots = draw_up(real, ("all",), 8, bytes(32))
    assert draw_up(test, ("all",), 8, bytes(32)) == slots
    assert root(slots, real) != root(slots, test)
    assert {slot.leaf("TIM", real.sha256) for slot in slots}.isdisjoint(slot.leaf("TIM", test.sha256) for slot in slots)
    assert (real.in_words("A"), test.in_words("A")) == ("active", "TEST-A: not for a participant")


def test_another_purpose_is_refused() -> None:
    with pytest.raises(ValueError, match="for production or test, not for 'practice'"):
        Annex("TIM", ALL[0], "5a" * 32, purpose="practice")
    with pytest.raises(ValueError, match="not an allocation annex"):
        read_annex(Annex("TIM", ALL[1], "5a" * 32).canonical.replace(b"sizes", b"seizs"))


@pytest.mark.parametrize("method", ALL[:-1], ids=lambda method: method.name)
def test_every_method_but_minimisation_is_drawn_up_as_a_list(method: Method) -> None:
    slots = draw_up(Annex("TIM", method, "5a" * 32), ("DM", "other"), 9, bytes(range(32)))
    assert [(slot.stratum, slot.position) for slot in slots] == [
        (stratum, place) for stratum in ("DM", "other") for place in range(1, 10)
    ]
    assert {slot.arm for slot in slots} == {"A", "B"}
    longer = draw_up(Annex("TIM", method, "5a" * 32), ("DM",), 30, bytes(range(32)))
    assert [slot.arm for slot in longer[:9]] == [slot.arm for slot in slots[:9]]
