"""Minimisation: the published numbers, an independent reference, the ratio, and exact ties."""

import random
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2
from tests.plugins import minimising

from trialwright.allocation.annex import Annex
from trialwright.allocation.methods import Minimisation, NeedsPastArms, begin, next_arm, read_state, state_text
from trialwright.allocation.methods.minimisation import (
    MEASURES,
    LevelsMissing,
    imbalances,
    probabilities,
)
from trialwright.allocation.methods.roots import least
from trialwright.allocation.methods.state import Margins, Minimised
from trialwright.allocation.slots import draw_up
from trialwright.allocation.stream import Stream

EVEN = {"A": 1, "B": 1}
THREE = {"Arm1": 1, "Arm2": 1, "Arm3": 1}
FACTORS: Mapping[str, tuple[str, ...]] = {"sex": ("F", "M"), "age": ("old", "young"), "type": ("DM", "IMNM", "ASyS")}
SEED = bytes(range(32))


def test_the_table_of_pocock_and_simon_gives_their_sums_and_probabilities() -> None:
    """Biometrics 31 (1975), table 1 and section 3.4: three arms after 50 patients, weights 2, 1, 1, range, p = 2/3; the
    next patient has level 1, 2, 2. Their G are 6, 10 and 5."""
    levels = {"1": ("1", "2"), "2": ("1", "2"), "3": ("1", "2", "3")}
    method = Minimisation(THREE, levels, "range", {"1": 2, "2": 1, "3": 1}, Fraction(2, 3))
    margins = Margins(
        (17, 17, 16),
        {
            "1": {"1": (9, 10, 9), "2": (8, 7, 7)},
            "2": {"1": (8, 6, 7), "2": (9, 11, 9)},
            "3": {"1": (8, 8, 8), "2": (4, 5, 3), "3": (5, 4, 5)},
        },
    )
    _, _, trace = next_arm(method, margins, {"1": "1", "2": "2", "3": "2"}, Stream(SEED))
    assert isinstance(trace, Minimised)
    assert (trace.scores, trace.preferred, trace.chances) == (("6", "10", "5"), ("Arm3",), ("1/6", "1/6", "2/3"))


@pytest.mark.parametrize(
    ("then", "measure", "published"),
    [
        ((41, 47, 45), "range", 6),
        ((41, 47, 45), "standard_deviation", 3.06),
        ((41, 47, 45), "variance", 9.33),
        ((41, 47, 45), "marginal_balance", 0.0451),
        ((7, 8, 7), "range", 1),
        ((7, 8, 7), "standard_deviation", 0.577),
        ((7, 8, 7), "variance", 0.333),
        ((7, 8, 7), "marginal_balance", 0.0455),
    ],
)
def test_the_imbalances_of_the_published_example(then: tuple[int, ...], measure: str, published: float) -> None:
    """Han, Enas and McEntegart 2009: counts of three arms within one level. `then` is what would be after the first
    arm."""
    method = Minimisation(THREE, {"site": ("4",)}, measure)
    margins = Margins((then[0] - 1, *then[1:]), {"site": {"4": (then[0] - 1, *then[1:])}})
    (first, *_) = imbalances(method, margins, {"site": "4"})
    if isinstance(first, Mapping):  # sums of roots of K Σx² - (Σx)², which is K (K - 1) times the variance
        value = sum(weight * sqrt(radicand / 6) for radicand, weight in first.items())
    else:
        value = float(first)
    assert value == pytest.approx(published, rel=2e-3)


def a_random_state(rng: random.Random) -> tuple[Minimisation, list[tuple[dict[str, str], str]], dict[str, str]]:
    """A method of any kind, participants before, and the one who comes."""
    arms = {name: rng.choice((1, 1, 1, 2, 3)) for name in "ABCD"[: rng.choice((2, 2, 3, 4))]}
    chosen = dict(rng.sample(list(FACTORS.items()), rng.randint(1, 3)))
    least_p = Fraction(min(arms.values()), sum(arms.values()))
    p = least_p + (1 - least_p) * Fraction(rng.randint(0, 20), 20)
    weights = {factor: rng.randint(1, 3) for factor in chosen}
    method = Minimisation(arms, chosen, rng.choice(MEASURES), weights, p, rng.choice((0, 0, 1, 2)))

    def somebody() -> dict[str, str]:
        return {factor: rng.choice(levels) for factor, levels in chosen.items()}

    before = [(somebody(), rng.choice(list(arms))) for _ in range(rng.randint(0, 14))]
    return method, before, somebody()


def margins_of(method: Minimisation, before: list[tuple[dict[str, str], str]]) -> Margins:
    """The state after these participants, counted here and not by the method."""
    arms = list(method.ratio)
    counts = {
        factor: {
            level: tuple(sum(had[factor] == level and arm == given for had, given in before) for arm in arms)
            for level in levels
            if any(had[factor] == level for had, _ in before)
        }
        for factor, levels in method.factors.items()
    }
    given = tuple(sum(given == arm for _, given in before) for arm in arms)
    return Margins(given, {factor: levels for factor, levels in counts.items() if levels})


def agree(seed: int, states: int) -> None:
    """The scores' least arms and all probabilities are those of the reference."""
    rng = random.Random(seed)
    for _ in range(states):
        method, before, levels = a_random_state(rng)
        found = minimising.scores(method.ratio, method.weights, method.measure, method.overall, before, levels)
        best = minimising.preferred(found, method.measure)
        _, after, trace = next_arm(method, margins_of(method, before), levels, Stream(SEED))
        assert isinstance(trace, Minimised)
        assert list(trace.preferred) == best, (method, before, levels)
        expected = minimising.chances(method.ratio, best, method.p)
        assert tuple(map(Fraction, trace.chances)) == tuple(expected.values()), (method, best)
        assert isinstance(after, Margins)
        assert after.number == len(before) + 1


def test_random_states_agree_with_the_formulas_of_the_papers() -> None:
    agree(1, 2_000)


@pytest.mark.long
def test_a_hundred_thousand_random_states_agree_with_the_formulas_of_the_papers() -> None:
    agree(2, 100_000)


@settings(max_examples=60)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=5), st.fractions(0, 1), st.data())
def test_the_probabilities_of_a_ratio_are_those_of_han(shares: list[int], part: Fraction, data: st.DataObject) -> None:
    """Whichever arm is preferred, the others get their shares of one constant: the ratio is kept in the long run."""
    arms = {f"arm{number}": share for number, share in enumerate(shares)}
    low = Fraction(min(shares), sum(shares))
    method = Minimisation(arms, {"sex": ("F", "M")}, p=low + (1 - low) * part)
    best = data.draw(st.integers(0, len(shares) - 1))
    found = probabilities(method, [best])
    assert dict(zip(arms, found, strict=True)) == minimising.han(arms, f"arm{best}", method.p)
    if shares[best] == min(shares):
        assert found[best] == method.p


@pytest.mark.parametrize(("ratio", "share"), [({"A": 2, "B": 1}, 2 / 3), ({"A": 3, "B": 1}, 3 / 4), (EVEN, 1 / 2)])
def test_the_ratio_is_kept_over_many_participants(ratio: dict[str, int], share: float) -> None:
    rng, method = random.Random(5), Minimisation(ratio, {"sex": ("F", "M"), "age": ("old", "young")}, p=Fraction(9, 10))
    state, counts = begin(method), Counter[str]()
    for _ in range(1_200):
        levels = {"sex": rng.choice("FM"), "age": rng.choice(("old", "young"))}
        arm, state, _ = next_arm(method, state, levels, Stream(SEED))
        counts[arm] += 1
    assert counts["A"] / 1_200 == pytest.approx(share, abs=0.01)
    assert isinstance(state, Margins)
    for levels_of in state.counts.values():
        for row in levels_of.values():
            assert row[0] / sum(row) == pytest.approx(share, abs=0.03)


def test_the_first_participant_is_drawn_by_the_ratio() -> None:
    """Chi-square over 9,000 seeds, ratio 2:1."""
    method = Minimisation({"A": 2, "B": 1}, {"sex": ("F", "M")}, overall=1, p=Fraction(4, 5))
    counts = Counter(
        next_arm(method, begin(method), {"sex": "F"}, Stream(number.to_bytes(32, "big")))[0] for number in range(9_000)
    )
    # After the first A (a half of a share) the margin is nearer to even than after the first B: A is preferred.
    chance = probabilities(method, [0])[0]
    statistic = sum(
        float((counts[arm] - 9_000 * want) ** 2 / (9_000 * want)) for arm, want in (("A", chance), ("B", 1 - chance))
    )
    assert chi2.sf(statistic, 1) > 0.001


@settings(max_examples=40)
@given(st.binary(min_size=32, max_size=32), st.integers(1, 25), st.randoms(use_true_random=False))
def test_one_draw_can_be_repeated_alone_from_its_trace(seed: bytes, n: int, rng: random.Random) -> None:
    method = Minimisation(THREE, FACTORS, "variance", {"sex": 2}, Fraction(4, 5), overall=1)
    state = begin(method)
    for _ in range(n):
        levels = {factor: rng.choice(known) for factor, known in FACTORS.items()}
        arm, state, trace = next_arm(method, state, levels, Stream(seed))
    assert isinstance(trace, Minimised)
    again = next_arm(method, trace.before, trace.levels, Stream(seed))
    assert again == (arm, state, trace)
    assert read_state(state_text(state)) == state


def test_factors_without_a_level_and_levels_without_a_name_are_said_at_once() -> None:
    method = Minimisation(EVEN, FACTORS)
    with pytest.raises(LevelsMissing) as refused:
        next_arm(method, begin(method), {"sex": "?", "age": "old", "site": "N"}, Stream(SEED))
    assert str(refused.value) == (
        "type is not known; sex is '?', which is none of F, M; site is no factor of this minimisation"
    )


def test_minimisation_cannot_be_drawn_up_in_advance() -> None:
    annex = Annex("TIM", Minimisation(EVEN, FACTORS), "5a" * 32)
    with pytest.raises(NeedsPastArms, match="depends on the levels of everybody before"):
        draw_up(annex, ("all",), 4, SEED)


@pytest.mark.parametrize(
    ("sums", "expected"),
    [
        ([{8: 1}, {2: 2}], (0, 1)),  # √8 = 2√2
        ([{2: 1, 18: 1}, {32: 1}], (0, 1)),  # √2 + 3√2 = 4√2
        ([{4: 1}, {1: 2}, {0: 5, 4: 1}], (0, 1, 2)),
        ([{2: 1, 3: 1}, {10: 1}], (0,)),  # 3.146... < 3.162...
        ([{10**36 + 1: 1}, {10**36: 1}], (1,)),
        ([{10**80 + 1: 1}, {10**80: 1}], (1,)),  # 64 places cannot tell these apart
    ],
)
def test_sums_of_roots_are_compared_exactly(sums: list[dict[int, int]], expected: tuple[int, ...]) -> None:
    assert least(sums) == expected
