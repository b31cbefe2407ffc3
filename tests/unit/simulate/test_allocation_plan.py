"""The allocation plan: the published comparison comes out, and what is exact agrees with what is simulated."""

from fractions import Fraction

import numpy as np
import pytest

from trialwright.allocation.methods import BigStick, Blocks, Method, Minimisation, Simple
from trialwright.simulate import imbalance
from trialwright.simulate.allocation_plan import (
    PLACES,
    Costs,
    People,
    Row,
    Setting,
    candidates,
    drawn_for,
    row,
)

HALF = {"A": 1, "B": 1}
N, TRIALS = 48, 4000
SUBTYPES = {"DM": 0.40, "IMNM": 0.25, "OM": 0.20, "ASyS": 0.15}
FACTORS = {"second": ("no", "yes"), "subtype": tuple(SUBTYPES)}
COSTS = Costs(20, 24, 0.05)


def _minimisation(tenths: int) -> Minimisation:
    """The published comparison weighs the imbalance over all as it weighs a factor."""
    return Minimisation(HALF, FACTORS, p=Fraction(tenths, 10), overall=1)


PUBLISHED: dict[str, tuple[Method, float, float, float, float, float, float]] = {
    # facts/conduct.md C1, 6,000 trials: right guesses, imbalance over all (mean, 95 %), worst of the four strata of
    # subtype, sum over them, the worse level of a second factor.
    "simple": (Simple(HALF), 0.501, 5.5, 14, 5.2, 10.9, 5.5),
    "stratified blocks 4/6": (Blocks(HALF, (4, 6)), 0.675, 1.5, 4, 1.4, 3.0, 3.5),
    "big stick 3": (BigStick(HALF, 3), 0.579, 1.3, 2, 4.2, 9.4, 3.4),
    "minimisation p=.7": (_minimisation(7), 0.663, 1.4, 4, 3.1, 6.7, 2.1),
    "minimisation p=.8": (_minimisation(8), 0.740, 0.8, 2, 2.4, 5.3, 1.3),
    "minimisation p=.9": (_minimisation(9), 0.812, 0.5, 2, 1.9, 4.1, 0.95),
    "minimisation p=1": (_minimisation(10), 0.885, 0.1, 2, 1.4, 3.2, 0.6),
}


@pytest.fixture(scope="module")
def levels() -> dict[str, np.ndarray]:
    """Two factors of 48 people in 4,000 trials."""
    draws = np.random.default_rng(20)
    return {
        "second": draws.integers(0, 2, (TRIALS, N)),
        "subtype": draws.choice(4, p=list(SUBTYPES.values()), size=(TRIALS, N)),
    }


@pytest.mark.parametrize("design", PUBLISHED)
def test_whether_to_stratify_or_to_minimise_at_48_comes_out_as_published(
    design: str, levels: dict[str, np.ndarray]
) -> None:
    method, guesses, overall, most, worst, total, second = PUBLISHED[design]
    place = PLACES[2] if isinstance(method, Minimisation) else PLACES[1] if "stratified" in design else PLACES[0]
    # The table stratifies by subtype alone; minimisation takes both factors.
    chosen = FACTORS if isinstance(method, Minimisation) else {"subtype": FACTORS["subtype"]}
    setting = Setting(People(N, chosen, {name: levels[name] for name in chosen}, TRIALS), 3, COSTS)
    found = row(method, place, setting)
    assert found.guesses.value == pytest.approx(guesses, abs=0.004)
    assert found.overall.value == pytest.approx(overall, abs=0.12)
    assert found.upper == most
    assert found.margins["subtype"].value == pytest.approx(worst, abs=0.15)
    by_subtype, by_second = _by(method, place, setting, levels)
    assert by_subtype.sum(axis=1).mean() == pytest.approx(total, abs=0.2)
    assert by_second.max(axis=1).mean() == pytest.approx(second, abs=0.12)


def _by(method: Method, place: str, setting: Setting, levels: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The imbalance of each subtype and of each level of the second factor, from the very arms of the row."""
    arms = drawn_for(method, place, setting).arms
    return tuple(  # type: ignore[return-value]
        imbalance.unequal(imbalance.counted(arms, levels[name], len(FACTORS[name]), 2), (1, 1))
        for name in ("subtype", "second")
    )


@pytest.fixture(scope="module")
def setting(levels: dict[str, np.ndarray]) -> Setting:
    """Stratified by the second factor alone."""
    return Setting(People(N, {"second": FACTORS["second"]}, {"second": levels["second"]}, TRIALS), 5, COSTS)


METHODS, _ = candidates(HALF, {"second": FACTORS["second"]})


@pytest.mark.parametrize(("method", "place"), METHODS, ids=lambda value: str(getattr(value, "name", value)))
def test_what_is_exact_lies_within_the_error_of_the_armsdrawn_for(method: Method, place: str, setting: Setting) -> None:
    found, made = row(method, place, setting), drawn_for(method, place, setting)
    rates = made.likeliest.mean(axis=1, dtype=float)
    sure = (made.likeliest == 1).mean(axis=1)
    assert found.guesses_by_size.value == pytest.approx(rates.mean(), abs=0.0001 + 4 * rates.std() / TRIALS**0.5)
    assert found.certain_by_size.value == pytest.approx(sure.mean(), abs=0.0001 + 4 * sure.std() / TRIALS**0.5)
    first = (made.arms == 0).sum(axis=1)
    unequal = np.abs(2 * first - N)
    assert found.overall.value == pytest.approx(unequal.mean(), abs=0.0001 + 4 * unequal.std() / TRIALS**0.5)
    power = imbalance.power(first, N - first, 20, 24, 0.05)
    assert found.power_lost is not None
    kept = float(imbalance.power(24, 24, 20, 24, 0.05)) - found.power_lost.value
    assert kept == pytest.approx(power.mean(), abs=1e-6 + 4 * power.std() / TRIALS**0.5)
    exact = place == PLACES[0]
    assert (found.guesses.error is None, found.overall.error is None, found.power_lost.error is None) == (exact,) * 3


def test_forced_minimisation_over_one_factor_is_blocks_of_two_in_its_strata(setting: Setting) -> None:
    forced = row(Minimisation(HALF, {"second": FACTORS["second"]}, p=Fraction(1)), PLACES[2], setting)
    pairs = row(Blocks(HALF, (2,)), PLACES[1], setting)
    assert forced.guesses.value == pytest.approx(pairs.guesses.value, abs=1e-6)
    assert forced.certain.value == pytest.approx(pairs.certain.value, abs=1e-6)
    assert forced.worst.value == pytest.approx(pairs.worst.value)


def test_every_method_is_there_and_has_a_name_of_its_own() -> None:
    listed, left_out = candidates(HALF, FACTORS)
    names = [Row(method, place, *[None] * 11).name for method, place in listed]  # type: ignore[arg-type]
    assert len(set(names)) == len(names) == 27
    assert not left_out
    assert {method.name for method, _ in listed} == {
        "simple", "permuted_block", "big_stick", "biased_coin", "urn", "minimisation",
    }  # fmt: skip


def test_a_ratio_of_two_to_one_leaves_out_what_it_cannot_have_and_says_so() -> None:
    listed, left_out = candidates({"A": 2, "B": 1}, {})
    assert {method.name for method, _ in listed} == {"simple", "permuted_block"}
    assert [method.sizes for method, _ in listed if isinstance(method, Blocks)][:3] == [(3,), (6,), (9,)]
    assert any("big_stick" in reason for reason in left_out)


@pytest.mark.parametrize("ratio", [{"A": 2, "B": 1}, {"A": 1, "B": 1, "C": 1}], ids=["2:1", "1:1:1"])
def test_other_ratios_have_a_table_too(ratio: dict[str, int], levels: dict[str, np.ndarray]) -> None:
    chosen = {"second": FACTORS["second"]}
    people = People(20, chosen, {"second": levels["second"][:300, :20]}, 300)
    setting = Setting(people, 5, COSTS)
    listed, _ = candidates(ratio, chosen)
    for method, place in listed:
        found = row(method, place, setting)
        assert 1 / 3 - 1e-9 <= found.guesses.value <= found.guesses_by_size.value + 1e-9
        assert (found.patients_lost is None) == (len(ratio) == 3)
        if found.power_lost is not None:
            assert -0.001 < found.power_lost.value < 0.05


def test_without_factors_nothing_is_stratified() -> None:
    listed, _ = candidates(HALF, {})
    assert {place for _, place in listed} == {PLACES[0]}
    found = row(Blocks(HALF, (4,)), PLACES[0], Setting(People(6, {}, {}, 100), 1, None))
    assert found.margins == {}
    assert found.power_lost is None
    # Four balanced, then two of another block: alike with probability 1/3, so 2/3 on average.
    assert found.overall.value == pytest.approx(2 / 3)
    assert found.worst.value == found.total.value == pytest.approx(2 / 3, abs=0.4)


def test_the_same_seed_gives_the_same_table_and_another_seed_another(setting: Setting) -> None:
    method = Blocks(HALF, (4, 6))
    again = Setting(setting.people, setting.seed, COSTS)
    other = Setting(setting.people, setting.seed + 1, COSTS)
    assert row(method, PLACES[1], again) == row(method, PLACES[1], setting)
    assert row(method, PLACES[1], other) != row(method, PLACES[1], setting)
