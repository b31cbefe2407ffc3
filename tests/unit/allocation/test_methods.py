"""The methods that depend on the place in a stratum alone: their formulas, their limits, and what is refused."""

from collections import Counter
from fractions import Fraction
from itertools import pairwise
from math import lcm

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from trialwright.allocation.methods import (
    IN_ADVANCE,
    METHODS,
    BiasedCoin,
    BigStick,
    Blocks,
    Impossible,
    Method,
    Simple,
    State,
    Urn,
    begin,
    list_for,
    method_of,
    next_arm,
    read_state,
    state_text,
)
from trialwright.allocation.methods.shares import drawn
from trialwright.allocation.methods.state import Counted
from trialwright.allocation.stream import Stream

EVEN = {"A": 1, "B": 1}
SEEDS = st.binary(min_size=32, max_size=32)
IN_LISTS: list[Method] = [
    Simple({"A": 2, "B": 1, "C": 1}),
    Blocks(EVEN, (4, 6)),
    BigStick(EVEN, 3),
    BiasedCoin(EVEN, Fraction(2, 3)),
    Urn({"A": 1, "B": 1, "C": 1}, 1, 2),
]
COUNTED = [method for method in IN_LISTS if not isinstance(method, Blocks)]
GIVEN = st.tuples(st.integers(0, 40), st.integers(0, 40))


@settings(max_examples=50)
@given(st.sampled_from(IN_LISTS), SEEDS, st.lists(st.sampled_from(["DM", "other"]), max_size=40))
def test_drawing_one_by_one_follows_the_list_of_each_stratum(method: Method, seed: bytes, coming: list[str]) -> None:
    state = begin(method)
    arms: dict[str, list[str]] = {}
    for stratum in coming:
        arm, state, _ = next_arm(method, state, {"group": stratum}, Stream(seed))
        arms.setdefault(f"group:{stratum}", []).append(arm)
        assert read_state(state_text(state)) == state
    for name, order in arms.items():
        assert tuple(order) == list_for(method, name, len(order), Stream(seed))


@settings(max_examples=50)
@given(st.sampled_from(IN_LISTS), SEEDS, st.integers(1, 30))
def test_one_draw_can_be_repeated_alone_from_its_trace(method: Method, seed: bytes, number: int) -> None:
    state = begin(method)
    for _ in range(number):
        arm, state, trace = next_arm(method, state, {}, Stream(seed))
    again, after, _ = next_arm(method, State({"all": trace.before}), {}, Stream(seed))  # type: ignore[union-attr, dict-item]
    assert (again, after.strata["all"]) == (arm, trace.after)  # type: ignore[union-attr]


@settings(max_examples=60)
@given(SEEDS, st.integers(1, 6), st.integers(1, 200))
def test_a_big_stick_is_never_beyond_its_limit_and_reaches_it(seed: bytes, limit: int, n: int) -> None:
    steps = [1 if arm == "A" else -1 for arm in list_for(BigStick(EVEN, limit), "all", n, Stream(seed))]
    differences = [sum(steps[: end + 1]) for end in range(n)]
    assert max(map(abs, differences)) <= limit
    assert all(abs(before) < limit or abs(after) < limit for before, after in pairwise(differences))


@given(GIVEN, st.integers(1, 5))
def test_a_big_stick_is_fair_below_its_limit_and_forced_at_it(given: tuple[int, int], limit: int) -> None:
    first, second = given
    expected = (
        (Fraction(1, 2),) * 2
        if abs(first - second) < limit
        else (Fraction(0), Fraction(1))
        if first > second
        else (Fraction(1), Fraction(0))
    )
    assert BigStick(EVEN, limit).chances(Counted(given)) == expected


@given(GIVEN, st.fractions(Fraction(1, 2), Fraction(99, 100)))
def test_efrons_coin_favours_the_arm_that_is_behind(given: tuple[int, int], p: Fraction) -> None:
    first, second = given
    p_first = Fraction(1, 2) if first == second else (1 - p if first > second else p)
    assert BiasedCoin(EVEN, p).chances(Counted(given)) == (p_first, 1 - p_first)


@given(GIVEN, st.integers(1, 5), st.integers(0, 5))
def test_weis_urn_is_its_formula(given: tuple[int, int], alpha: int, beta: int) -> None:
    """P(A) = (alpha + beta n_B) / (2 alpha + beta n)."""
    first, second = given
    expected = Fraction(alpha + beta * second, 2 * alpha + beta * (first + second))
    assert Urn(EVEN, alpha, beta).chances(Counted(given)) == (expected, 1 - expected)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 8), min_size=3, max_size=3), st.integers(1, 3), st.integers(0, 3))
def test_an_urn_of_three_arms_holds_the_balls_that_were_added(given: list[int], alpha: int, beta: int) -> None:
    balls = [alpha] * 3
    for arm, count in enumerate(given):
        for other in range(3):
            balls[other] += beta * count * (other != arm)
    chances = Urn({"A": 1, "B": 1, "C": 1}, alpha, beta).chances(Counted(tuple(given)))
    assert chances == tuple(Fraction(one, sum(balls)) for one in balls)


@settings(max_examples=40)
@given(st.sampled_from(COUNTED), st.lists(st.integers(0, 30), min_size=3, max_size=3))
def test_the_probabilities_of_every_method_sum_to_one(method: Method, given: list[int]) -> None:
    chances = method.chances(Counted(tuple(given[: len(method.ratio)])))  # type: ignore[union-attr]
    assert sum(chances) == 1
    assert min(chances) >= 0


def test_simple_randomisation_keeps_its_ratio() -> None:
    """Chi-square over 30,000 draws in the ratio 2:1:1; the seed is fixed."""
    counts = Counter(list_for(Simple({"A": 2, "B": 1, "C": 1}), "all", 30_000, Stream(bytes(32))))
    expected = {"A": 15_000, "B": 7_500, "C": 7_500}
    statistic = sum((counts[arm] - want) ** 2 / want for arm, want in expected.items())
    assert 0.001 < chi2.sf(statistic, 2) < 0.999


@pytest.mark.parametrize("method", [Simple(EVEN), BiasedCoin(EVEN), Urn(EVEN)])
def test_runs_of_four_are_as_likely_as_the_formula_says(method: Method) -> None:
    """Chi-square over 8,000 beginnings of a list, each of its own seed, against the product of the probabilities."""
    seen = Counter("".join(list_for(method, f"s{number}", 4, Stream(b"\x07" * 32))) for number in range(8_000))
    statistic = 0.0
    for code in range(16):
        arms = "".join("AB"[code >> place & 1] for place in range(4))
        given, chance = [0, 0], Fraction(1)
        for arm in arms:
            chance *= method.chances(Counted(tuple(given)))["AB".index(arm)]  # type: ignore[union-attr]
            given["AB".index(arm)] += 1
        statistic += float((seen[arms] - 8_000 * chance) ** 2 / (8_000 * chance))
    assert 0.001 < chi2.sf(statistic, 15) < 0.999


@pytest.mark.parametrize(
    ("method", "guess", "deterministic"),
    [
        (BigStick(EVEN, 2), 0.620, 0.240),
        (BigStick(EVEN, 3), 0.579, 0.157),
        (BiasedCoin(EVEN, Fraction(2, 3)), 0.621, 0.0),
        (Urn(EVEN, 1, 1), 0.553, 0.0),
        (Simple(EVEN), 0.500, 0.0),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else str(value),
)
def test_the_guess_rates_are_those_of_the_simulated_table(method: Method, guess: float, deterministic: float) -> None:
    """n = 48, guessing the likelier arm; exact here by enumeration over the imbalance, simulated with 6,000 runs in
    the table (facts on conduct, C6), whose error is about 0.001."""
    at: dict[tuple[int, int], Fraction] = {(0, 0): Fraction(1)}
    right = forced = Fraction(0)
    for _ in range(48):
        then: dict[tuple[int, int], Fraction] = {}
        for (first, second), weight in at.items():
            a, b = method.chances(Counted((first, second)))  # type: ignore[union-attr]
            right += weight * max(a, b)
            forced += weight * (max(a, b) == 1)
            for place, chance in (((first + 1, second), a), ((first, second + 1), b)):
                if chance:
                    then[place] = then.get(place, Fraction(0)) + weight * chance
        at = then
    assert float(right) / 48 == pytest.approx(guess, abs=0.003)
    assert float(forced) / 48 == pytest.approx(deterministic, abs=0.003)


@given(SEEDS, st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(any))
def test_a_draw_takes_each_possibility_as_often_as_its_share(seed: bytes, shares: list[int]) -> None:
    """Over every integer that can be drawn, and not by chance: the cursor is one that counts."""
    total = sum(shares)
    chances = [Fraction(share, total) for share in shares]
    unit = lcm(*(chance.denominator for chance in chances))

    class Counting:
        def __init__(self, number: int) -> None:
            self.number = number

        def below(self, bound: int) -> int:
            assert bound == unit
            return self.number

    counts = Counter(drawn(chances, Counting(number)) for number in range(unit))  # type: ignore[arg-type]
    assert all(counts[index] == chance * unit for index, chance in enumerate(chances))


def test_what_is_certain_consumes_no_chance() -> None:
    draws = Stream(bytes(32)).draws("x")
    assert drawn((Fraction(0), Fraction(1)), draws) == 1
    assert draws.position == 0


@pytest.mark.parametrize(
    ("name", "ratio", "parameters", "sentences"),
    [
        ("permuted_blocks", EVEN, {}, ["'permuted_blocks' is unknown (did you mean permuted_block?)"]),
        ("big_stick", {"A": 2, "B": 1}, {"limit": 3}, ["ratio: big_stick is defined for equal shares; for 2:1 choose"]),
        ("big_stick", {"A": 1, "B": 1, "C": 1}, {"limit": 3}, ["ratio: big_stick is defined for 2 arms"]),
        ("biased_coin", EVEN, {"p": 1}, ["p: 1 favours nobody or forces"]),
        ("urn", {"A": 2, "B": 1}, {}, ["ratio: urn is defined for equal shares"]),
        (
            "big_stick",
            EVEN,
            {"limits": 3},
            ["limits: big_stick has no such parameter (did you mean limit?)", "needs it"],
        ),
        ("urn", {"A": 1}, {"alpha": "x", "beta": -1}, ["at least two arms", "alpha: 'x'", "beta: -1"]),
        ("permuted_block", EVEN, {"sizes": 4}, ["sizes: 4 is no list"]),
        ("minimisation", EVEN, {"p": "4/5"}, ["factors: minimisation needs it"]),
        (
            "minimisation",
            EVEN,
            {"factors": {"sex": []}, "measure": "spread", "p": "1/3", "weights": {"age": 1}},
            ["sex needs at least one level", "age is no factor", "measure: 'spread'", "p: 1/3 is no probability"],
        ),
    ],
)
def test_everything_that_is_wrong_with_a_method_is_said_at_once(
    name: str, ratio: dict[str, int], parameters: dict[str, object], sentences: list[str]
) -> None:
    with pytest.raises(Impossible) as refused:
        method_of(name, ratio, parameters)
    assert all(sentence in str(refused.value) for sentence in sentences), refused.value.problems


@pytest.mark.parametrize("method", IN_LISTS, ids=lambda method: method.name)
def test_parameters_read_back_from_the_annex_give_the_same_method(method: Method) -> None:
    assert method_of(method.name, dict(method.ratio), method.parameters) == method


def test_all_methods_but_minimisation_can_be_drawn_up_in_advance() -> None:
    assert set(METHODS) - IN_ADVANCE == {"minimisation"}
    assert set(METHODS) == {method.name for method in IN_LISTS} | {"minimisation"}


def test_the_order_in_which_a_ratio_is_written_changes_nothing() -> None:
    one, other = Simple({"B": 1, "A": 2}), Simple({"A": 2, "B": 1})
    assert list_for(one, "all", 50, Stream(bytes(32))) == list_for(other, "all", 50, Stream(bytes(32)))


@pytest.mark.parametrize("text", [b"", b"{}", b'{"strata":[]}', b'{"strata": {}}', b'{"counts":{},"given":["x"]}'])
def test_a_damaged_state_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"state"):
        read_state(text)
