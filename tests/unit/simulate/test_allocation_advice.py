"""The recommendation of the allocation plan follows from its numbers by the declared rule."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialwright import design, simulate
from trialwright.allocation.methods import BiasedCoin, BigStick, Blocks, Method, Minimisation, Simple
from trialwright.simulate.allocation_advice import advice, affordable, blind_may_leak, presentable, recommended
from trialwright.simulate.allocation_plan import PLACES, Figure, Plan, Row, plan

HALF = {"A": 1, "B": 1}
SMALL = Path(__file__).resolve().parents[2] / "trials" / "small"
FACTORS = {"sex": ("F", "M")}


def _row(method: Method, guesses: float, lost: float, upper: float, place: str = PLACES[1]) -> Row:
    part, one = Figure(0.2), Figure(1.0)
    right = Figure(guesses)
    return Row(method, place, right, right, part, part, one, upper, one, one, {}, Figure(0.01), Figure(lost))


def _plan(*rows: Row, n: int = 48) -> Plan:
    shares = {"sex": {"F": 0.5, "M": 0.5}}
    return Plan("T", n, HALF, FACTORS, shares, "permuted_block", "works", 1, 100, None, rows)


BLOCKS = _row(Blocks(HALF, (4, 6)), 0.68, 0.1, 2)
FIXED = _row(Blocks(HALF, (4,)), 0.70, 0.07, 2)
STICK = _row(BigStick(HALF, 3), 0.57, 0.3, 4)
COIN = _row(BiasedCoin(HALF), 0.62, 0.3, 6)
MINIMISED = _row(Minimisation(HALF, FACTORS, p=Fraction(4, 5)), 0.55, 0.1, 2, PLACES[2])


def test_where_the_blind_may_leak_the_least_guessed_affordable_list_is_recommended() -> None:
    assert recommended(_plan(FIXED, BLOCKS, STICK, COIN, MINIMISED), leaks=True) is STICK


def test_where_the_blind_holds_the_cheapest_list_that_is_not_too_plain_is_recommended() -> None:
    assert recommended(_plan(FIXED, STICK, BLOCKS, MINIMISED), leaks=False) is BLOCKS


def test_an_allocator_is_considered_only_where_no_list_is_affordable() -> None:
    dear = replace(BLOCKS, patients_lost=Figure(3.0))
    assert recommended(_plan(dear, COIN, MINIMISED), leaks=True) is MINIMISED
    assert recommended(_plan(dear, COIN), leaks=True) is None


def test_one_block_size_the_smallest_block_and_a_forced_minimisation_are_not_presentable() -> None:
    table = _plan(BLOCKS)
    assert presentable(BLOCKS, table)
    assert not presentable(FIXED, table)
    assert not presentable(_row(Blocks(HALF, (2, 4, 6)), 0.7, 0.1, 2), table)
    assert not presentable(_row(Minimisation(HALF, FACTORS, p=Fraction(1)), 0.9, 0, 0, PLACES[2]), table)


@given(st.floats(0, 3), st.integers(0, 20), st.integers(4, 400))
def test_a_small_trial_may_lose_half_a_patient_and_differ_by_two(lost: float, upper: int, n: int) -> None:
    found = affordable(_row(Simple(HALF), 0.5, lost, upper), n)
    assert found == (lost <= max(0.5, n / 100) and upper <= max(2, n / 10))


def test_more_than_two_arms_are_judged_by_how_unequal_they_are() -> None:
    row = replace(BLOCKS, patients_lost=None)
    assert affordable(row, 48)
    assert not affordable(replace(row, worst=Figure(5.0)), 48)
    assert recommended(_plan(row), leaks=True) is row


@pytest.fixture(scope="module")
def small() -> simulate.Program:
    return simulate.program(simulate.read(SMALL), design.read(SMALL))


def test_a_definition_that_seals_values_says_that_its_blind_may_leak(small: simulate.Program) -> None:
    leaks, why = blind_may_leak(small.definition)
    assert leaks
    assert "Renin" in why
    plain = small.definition.model_copy(update={"forms": {}})
    assert not blind_may_leak(plain)[0]
    assert plain.blinding is not None
    openly = plain.model_copy(update={"blinding": plain.blinding.model_copy(update={"level": "open"})})
    assert blind_may_leak(openly)[0]


def test_the_sentences_name_the_choice_the_declared_method_and_what_an_allocator_is(small: simulate.Program) -> None:
    table = plan(small, 1, 200)
    says = advice(table, small.definition)
    text = " ".join(says.sentences)
    assert says.row is not None
    assert f"Recommended: {says.row.name}." in text
    assert "The definition names permuted block, stratified by drug." in text
    assert "does not read" in text
    assert "trusted party" in text
    assert says.row is recommended(table, says.leaks)


def test_the_plan_imagines_the_levels_of_those_who_are_randomised(small: simulate.Program) -> None:
    table = plan(small, 1, 100)
    assert set(table.shares["drug"]) == {"none", "some"}
    assert sum(table.shares["drug"].values()) == pytest.approx(1)
    assert table.n == small.definition.randomisation.n
    assert table == plan(small, 1, 100)
    assert table != plan(small, 2, 100)
