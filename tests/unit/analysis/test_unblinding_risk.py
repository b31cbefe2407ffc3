"""How well a value tells the arm: areas and their limits, sealed items closed until they are opened."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu
from tests.plugins.world import HIGH, World
from tests.plugins.worlds import in_memory, small_trial

from trialwright import conduct
from trialwright.analysis.observations import Observations
from trialwright.analysis.unblinding_risk import Risk, area, areas, laboratory_items, limits, observed
from trialwright.ledger.snapshot import Snapshot

VALUES = st.lists(st.integers(0, 6), min_size=1, max_size=12)


@given(first=VALUES, second=VALUES)
def test_the_area_is_that_of_mann_and_whitney(first: list[int], second: list[int]) -> None:
    treated = np.array([False] * len(first) + [True] * len(second))
    found = areas(treated[None], np.array([*first, *second], dtype=float)[None])[0]
    assert found == pytest.approx(mannwhitneyu(second, first).statistic / (len(first) * len(second)))


@given(right=st.floats(0, 1), m=st.integers(1, 60), n=st.integers(1, 60))
@settings(max_examples=60)
def test_the_limits_hold_the_area_between_them_and_turn_with_the_arms(right: float, m: int, n: int) -> None:
    lower, upper = limits(right, m, n)
    assert 0 <= lower <= right <= upper <= 1
    assert limits(1 - right, n, m) == pytest.approx((1 - upper, 1 - lower), abs=1e-9)
    k = (m + n) / 2 - 1
    for t in (one for one in (lower, upper) if 1e-6 < one < 1 - 1e-6):
        spread = t * (1 - t) * (1 + k * (1 - t) / (2 - t) + k * t / (1 + t)) / (m * n)
        assert (t - right) ** 2 == pytest.approx(1.959963984540054**2 * spread, rel=1e-5, abs=1e-9)


def test_arms_that_do_not_overlap_have_limits_too() -> None:
    lower, upper = limits(1.0, 24, 24)
    assert (upper, lower) == (1.0, pytest.approx(0.916, abs=0.001))


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.0])
def test_in_95_of_100_trials_the_limits_hold_the_true_area(shift: float) -> None:
    from scipy.stats import norm

    generator = np.random.default_rng(8)
    treated = np.arange(48) % 2 == 0
    values = generator.standard_normal((2000, 48)) + shift * treated
    true = norm.cdf(shift / np.sqrt(2))
    held = [
        lower <= true <= upper
        for lower, upper in (
            limits(float(one), 24, 24) for one in areas(np.broadcast_to(treated, values.shape), values)
        )
    ]
    assert 0.93 < np.mean(held) < 0.985


def test_an_arm_without_a_value_has_no_area() -> None:
    treated = np.array([True, True, False])
    assert area(treated, np.array([1.0, 2.0, np.nan])) is None
    assert np.isnan(areas(treated[None], np.full((1, 3), np.nan))[0])


# ------------------------------------------------------------------ in a trial


def told(renin: dict[str, str], potassium: dict[str, str]) -> tuple[World, dict[str, str]]:
    """Four participants with these values at week 8 by their arm, to the end of the trial."""
    world = in_memory()
    for name in ("Ann", "Bob", "Cas", "Dot"):
        world.randomised(name)
        world.page_of(name, "pressure", "WEEK8", HIGH)
        label = world.person(name).allocation.label  # type: ignore[union-attr]
        arm = world.desk.vault.opened([label], world.keys)[label]
        page = {"participant": name, "form": "blood", "visit": "WEEK8"}
        world.does("laboratory", "record", **page, items={"renin": renin[arm], "potassium": potassium[arm]})
        world.does("nurse", "complete", participant=name, on="2026-03-02")
    world.locked("week8", "final")
    two = {"with_": "second escrow holder", "keys": world.keys}
    world.does("escrow holder", "unblind", stage="final", **two, why="the end of the trial")
    return world, dict(world.state.assignments)


def seen_by(world: World, opened: bool) -> Observations:
    """The snapshot, with the sealed values or without."""
    snapshot = Snapshot(world.state, world.desk.ledger.head())
    if not opened:
        return Observations(small_trial(), snapshot)
    from tests.plugins.world import CAST

    found = conduct.open_sealed(world.desk, keys=world.keys, by=CAST["safety unit"], why="analysis")[1]
    return Observations(small_trial(), snapshot.with_opened(found))


def at_week_8(risk: Risk) -> float | None:
    found = next((one.value for one in risk.visits if one.visit == "WEEK8"), None)
    return found.estimate if found else None


@pytest.mark.requirement("BL2")
def test_a_planted_leak_is_caught_and_a_value_that_tells_nothing_is_not() -> None:
    """Open potassium that follows the arm, then sealed renin that does; swapped, the area turns round."""
    same, up, down = {"T": "4", "P": "4"}, {"T": "5", "P": "4"}, {"T": "4", "P": "5"}
    table = [
        # renin, potassium; what potassium tells, what renin tells once it is opened
        (same, same, 0.5, 0.5),
        (same, up, 1.0, 0.5),
        (same, down, 0.0, 0.5),
        (up, same, 0.5, 1.0),
        (down, same, 0.5, 0.0),
    ]
    for renin, potassium, open_tells, sealed_tells in table:
        world, arms = told(renin, potassium)
        closed = {risk.name: risk for risk in observed(seen_by(world, opened=False), arms)}
        opened = {risk.name: risk for risk in observed(seen_by(world, opened=True), arms)}
        assert closed["blood.renin"].visits == ()
        assert at_week_8(closed["blood.potassium"]) == at_week_8(opened["blood.potassium"]) == open_tells
        assert at_week_8(opened["blood.renin"]) == sealed_tells


def test_sealed_items_come_first_and_texts_and_logs_do_not_come_at_all() -> None:
    assert laboratory_items(small_trial()) == {
        "blood.renin": ("Renin", True),
        "blood.potassium": ("Potassium", False),
    }
