"""Group-sequential designs: alpha is spent and no more, simulation agrees, inference undoes itself."""

from itertools import pairwise
from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.analysis.sequential import (
    BadDesign,
    boundaries,
    characteristics,
    combined,
    conditional_power,
    drift_for,
    exits,
    final,
    predictive_power,
    rejected_at,
    repeated,
    stagewise_p,
    weights_of,
)
from trialwright.analysis.sequential.recursion import crossing

TIMES = st.lists(st.floats(0.05, 1), min_size=0, max_size=4).map(
    lambda parts: tuple(np.cumsum([*parts, 0.5]) / (sum(parts) + 0.5))
)
FAMILY = st.sampled_from(
    [
        {"type": "asOF"}, {"type": "asP"}, {"type": "asKD", "gamma": 2.0}, {"type": "asHSD", "gamma": -3.0},
        {"type": "OF"}, {"type": "P"}, {"type": "WT", "delta": 0.3},
    ]
)  # fmt: skip


def last(times: tuple[float, ...]) -> tuple[float, ...]:
    return (*times[:-1], 1.0)


@settings(max_examples=40, deadline=None)
@given(TIMES, FAMILY, st.floats(0.001, 0.1), st.sampled_from([1, 2]))
def test_a_design_spends_its_alpha_and_no_more(
    times: tuple[float, ...], family: dict[str, object], alpha: float, sided: int
) -> None:
    design = boundaries(information=last(times), alpha=alpha, sided=sided, **family)  # type: ignore[arg-type]
    assert design.spent[-1] == pytest.approx(alpha, abs=1e-12)
    assert all(a <= b + 1e-15 for a, b in pairwise(design.spent))
    none = exits(design, 0.0)
    assert none.power == pytest.approx(alpha / sided, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(TIMES, st.floats(0.5, 4), FAMILY)
def test_the_chances_to_stop_are_a_whole(times: tuple[float, ...], drift: float, family: dict[str, object]) -> None:
    design = boundaries(information=last(times), futility=[-0.5] * (len(times) - 1), **family)  # type: ignore[arg-type]
    found = exits(design, drift)
    assert sum(found.above) + sum(found.below) == pytest.approx(1, abs=1e-11)
    assert 0 < found.information <= 1 + 1e-12


def test_simulated_trials_stop_as_often_as_computed() -> None:
    chance = np.random.default_rng(1)
    times = np.array([0.3, 0.55, 1.0])
    design = boundaries(information=times, beta=0.2, beta_spending="bsP")
    drift = 2.0
    steps = np.diff(times, prepend=0)
    walk = np.cumsum(chance.standard_normal((200_000, 3)) * np.sqrt(steps) + drift * steps, axis=1) / np.sqrt(times)
    going = np.ones(walk.shape[0], dtype=bool)
    found = exits(design, drift)
    assert design.lower is not None
    for look in range(3):
        up, down = going & (walk[:, look] >= design.upper[look]), going & (walk[:, look] < design.lower[look])
        assert float(up.mean()) == pytest.approx(found.above[look], abs=0.004)
        assert float(down.mean()) == pytest.approx(found.below[look], abs=0.004)
        going &= ~up & ~down
    assert not going.any()


def test_non_binding_futility_leaves_the_efficacy_bounds_and_binding_lowers_them() -> None:
    plain = boundaries(3)
    free, tied = (boundaries(3, beta=0.1, beta_spending="bsOF", binding=binding) for binding in (False, True))
    assert free.upper == plain.upper
    assert tied.upper[-1] < plain.upper[-1]
    for design in (free, tied):
        assert design.drift is not None
        assert exits(design, design.drift).power == pytest.approx(0.9, abs=1e-9)
    assert crossing(list(tied.lower or ()), list(tied.upper), tied.information, 0.0)[1] == pytest.approx(
        [tied.spent[0], *(b - a for a, b in pairwise(tied.spent))]
    )


def test_wang_and_tsiatis_leads_from_obrien_fleming_to_pocock() -> None:
    assert boundaries(4, type="WT", delta=0).upper == pytest.approx(boundaries(4, type="OF").upper, abs=1e-12)
    assert boundaries(4, type="WT", delta=0.5).upper == pytest.approx(boundaries(4, type="P").upper, abs=1e-12)


def test_one_look_is_an_ordinary_test() -> None:
    for type_ in ("asOF", "OF", "P", "none"):
        assert boundaries(1, type=type_).upper == pytest.approx([1.959963984540054], abs=1e-12)
    assert characteristics(boundaries(1), 0.9).inflation == pytest.approx(1, abs=1e-10)


def test_no_looks_spend_before_the_last_when_the_plan_says_so() -> None:
    design = boundaries(3, type="none")
    assert design.upper[:2] == (inf, inf)
    assert design.upper[2] == pytest.approx(1.959963984540054, abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.5, 5), st.integers(1, 3), FAMILY)
def test_the_stagewise_interval_holds_the_drifts_that_it_does_not_reject(
    z: float, look: int, family: dict[str, object]
) -> None:
    design = boundaries(3, **family)  # type: ignore[arg-type]
    found = final(design, look, z, se=2.0)
    unit = 2.0 * sqrt(look / 3)
    for value, share in ((found.interval.lower, 0.025), (found.interval.estimate, 0.5), (found.interval.upper, 0.975)):
        assert stagewise_p(design, look, z, value / unit) == pytest.approx(share, abs=1e-8)
    assert found.interval.lower < found.interval.estimate < found.interval.upper
    assert (found.p <= 0.025) == (found.interval.lower >= 0)
    if look == 1:
        assert found.interval.estimate == pytest.approx(2 * z)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3), FAMILY)
def test_the_stagewise_p_at_a_bound_is_what_was_spent_so_far(look: int, family: dict[str, object]) -> None:
    design = boundaries(3, **family)  # type: ignore[arg-type]
    assert stagewise_p(design, look, design.upper[look - 1]) == pytest.approx(design.spent[look - 1], abs=1e-12)


def test_a_trial_that_stops_early_is_estimated_too_high_and_the_median_unbiased_estimate_is_lower() -> None:
    design = boundaries(3, type="P")
    found = final(design, 2, 2.5, 1.0)
    assert found.interval.estimate < found.naive


def test_a_repeated_interval_leaves_out_nought_exactly_where_the_bound_is_reached() -> None:
    design = boundaries(3)
    for look in (1, 2, 3):
        bound = design.upper[look - 1]
        assert repeated(design, look, bound * 1.001, 3.0).lower > 0 > repeated(design, look, bound * 0.999, 3.0).lower


@settings(max_examples=15, deadline=None)
@given(st.floats(-1, 3), st.floats(-1, 5), st.sampled_from([{}, {"beta": 0.2, "beta_spending": "bsOF"}]))
def test_conditional_power_averages_to_power(z: float, drift: float, more: dict[str, object]) -> None:
    design = boundaries(3, **more)  # type: ignore[arg-type]
    points, weights = np.polynomial.legendre.leggauss(60)
    low = -9.0 if design.lower is None else design.lower[0]
    mean = drift / sqrt(3)
    low = max(low, mean - 9)
    high = design.upper[0]
    grid = low + (points + 1) * (high - low) / 2
    density = np.exp(-0.5 * (grid - mean) ** 2) / sqrt(2 * np.pi) * weights * (high - low) / 2
    later = sum(
        float(mass) * conditional_power(design, 1, float(at), drift) for at, mass in zip(grid, density, strict=True)
    )
    found = exits(design, drift)
    assert later + found.above[0] == pytest.approx(found.power, abs=1e-9)


def test_predictive_power_has_its_closed_form_with_one_look_left() -> None:
    from scipy.special import ndtr

    design = boundaries(information=(0.4, 1), type="OF")
    z, t, bound = 1.4, 0.4, boundaries(information=(0.4, 1), type="OF").upper[1]
    flat = ndtr((z / sqrt(t) - bound) / sqrt((1 - t) / t))
    assert predictive_power(design, 1, z) == pytest.approx(float(flat), abs=1e-9)
    sure = predictive_power(design, 1, z, mean=2.8, sd=1e-6)
    assert sure == pytest.approx(conditional_power(design, 1, z, 2.8), abs=1e-6)


def test_the_combination_of_unchanged_stages_is_the_ordinary_statistic() -> None:
    from scipy.special import ndtr

    design = boundaries(information=(0.25, 1))
    stages = (1.2, 2.1)
    whole = (sqrt(0.25) * stages[0] + sqrt(0.75) * stages[1],)
    p = [float(ndtr(-z)) for z in stages]
    assert combined(p, weights_of(design))[1] == pytest.approx(whole[0], abs=1e-12)
    assert rejected_at(design, p) == 2
    assert rejected_at(design, [0.3, 0.4]) is None
    assert rejected_at(design, [1e-9]) == 1


@settings(max_examples=15, deadline=None)
@given(FAMILY, st.floats(0.1, 0.98))
def test_the_drift_gives_the_power_asked_for(family: dict[str, object], power: float) -> None:
    design = boundaries(4, **family)  # type: ignore[arg-type]
    assert exits(design, drift_for(design, power)).power == pytest.approx(power, abs=1e-10)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "how many looks"),
        ({"looks": 0}, "from 1 to 100"),
        ({"looks": 3, "alpha": 0.7}, "Alpha"),
        ({"looks": 3, "sided": 3}, "1 or 2 sides"),
        ({"looks": 3, "type": "OBF"}, "there are asOF"),
        ({"looks": 3, "information": (0.5, 1)}, "do not fit"),
        ({"information": (0.5, 0.4, 1)}, "must rise"),
        ({"information": (0.5, 0.9)}, "end with 1"),
        ({"looks": 3, "type": "asKD"}, "power above 0"),
        ({"looks": 3, "type": "WT"}, "needs delta"),
        ({"looks": 3, "type": "HP", "constant": 1.5}, "larger one"),
        ({"looks": 3, "type": "asUser"}, "user_alpha"),
        ({"looks": 3, "type": "asUser", "user_alpha": (0.02, 0.01, 0.025)}, "must rise"),
        ({"looks": 3, "futility": (0,)}, "2 futility bounds"),
        ({"looks": 3, "futility": (5, 0)}, "not below the efficacy bound"),
        ({"looks": 3, "beta_spending": "bsOF"}, "needs beta"),
        ({"looks": 3, "beta_spending": "bsX", "beta": 0.2}, "there are bsOF"),
        ({"looks": 3, "sided": 2, "futility": (0, 0)}, "one-sided designs"),
        ({"looks": 3, "type": "P", "beta_spending": "bsOF", "beta": 0.2}, "goes with alpha spending"),
    ],
)
def test_what_is_no_design_is_refused_with_what_to_do(asked: dict[str, object], says: str) -> None:
    with pytest.raises(BadDesign, match=says):
        boundaries(**asked)  # type: ignore[arg-type]


def test_a_look_that_is_not_there_is_refused() -> None:
    design = boundaries(3)
    with pytest.raises(BadDesign, match="no look 4"):
        stagewise_p(design, 4, 2.0)
    with pytest.raises(BadDesign, match="last one"):
        conditional_power(design, 3, 2.0)
    with pytest.raises(BadDesign, match="standard error"):
        final(design, 1, 2.0, 0.0)
    with pytest.raises(BadDesign, match="between 0 and 1"):
        combined([0.0], [1.0])
    with pytest.raises(BadDesign, match="power must lie"):
        drift_for(design, 0.01)


@pytest.mark.parametrize(
    "asked",
    [
        {"looks": 3}, {"looks": 20}, {"looks": 12, "type": "OF"}, {"looks": 8, "beta": 0.1, "beta_spending": "bsOF"},
        {"information": (0.02, 0.021, 0.5, 1), "type": "asP"}, {"looks": 15, "sided": 2, "alpha": 0.05},
    ],
)  # fmt: skip
def test_a_finer_rule_over_a_wider_reach_gives_the_same_bounds(
    asked: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    from trialwright.analysis.sequential import recursion

    usual = boundaries(**asked)  # type: ignore[arg-type]

    def fine(lower: float, upper: float, mean: float, information: float, upcoming: float, before: float = 0.0):  # type: ignore[no-untyped-def]
        low, high = max(lower, mean - 34), min(upper, mean + 34)
        narrowest = min(sqrt((upcoming - information) / information), sqrt((information - before) / information), 1.0)
        points, weights = recursion.rule(min(2500, int(60 + 8 * (high - low) / narrowest)))
        half = (high - low) / 2
        return half * points + (low + half), weights * (half / recursion.ROOT_TAU)

    monkeypatch.setattr(recursion, "_nodes", fine)
    other = boundaries(**asked)  # type: ignore[arg-type]
    assert usual.upper == pytest.approx(other.upper, abs=1e-11)
    if usual.lower is not None:
        assert usual.lower == pytest.approx(other.lower, abs=1e-11)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: exits(boundaries(3), float("nan")), "expected Z"),
        (lambda: exits(boundaries(3), 1e9), "expected Z"),
        (lambda: stagewise_p(boundaries(3), 1, 48.0), "between -30 and 30"),
        (lambda: characteristics(boundaries(3), 0.025), "between alpha"),
        (lambda: predictive_power(boundaries(3), 1, 1.0, sd=-1), "above 0"),
    ],
)
def test_numbers_that_no_trial_has_are_refused(ask: object, says: str) -> None:
    with pytest.raises(BadDesign, match=says):
        ask()  # type: ignore[operator]


@pytest.mark.parametrize("drift", [-30.0, -5.0, 12.0, 40.0])
def test_an_extreme_drift_ends_every_trial_on_its_side(drift: float) -> None:
    design = boundaries(4, futility=(-1, 0, 0.5))
    found = exits(design, drift)
    assert sum(found.above) + sum(found.below) == pytest.approx(1, abs=1e-9)
    assert found.power == pytest.approx(float(drift > 0), abs=1e-6)
