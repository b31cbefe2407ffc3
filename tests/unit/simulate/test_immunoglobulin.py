"""The model of IgG: its equations, its sums, its people."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.simulate.immunoglobulin import (
    QUANTITIES,
    NotSolved,
    _stepped,
    apparent_half_life,
    courses,
    half_life,
    kinetics,
    levels,
    linear,
    people,
)

DAYS = np.array([0.0, 0.1, 0.25, 1.0, 2.5, 7.0, 14.0, 28.0, 28.3, 60.0, 182.0])


@given(
    weight=st.floats(40, 130), baseline=st.floats(0.2, 30), clearance=st.floats(0.3, 3), dose=st.floats(0, 3),
    days=st.integers(1, 5),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_the_equations_are_solved_as_an_adaptive_solver_solves_them(
    weight: float, baseline: float, clearance: float, dose: float, days: int
) -> None:
    from scipy.integrate import solve_ivp

    one = kinetics(weight, baseline, clearance=clearance)
    given_ = courses(weight, dose, (0.0, 28.0), days)
    found = levels(one, given_, DAYS)[0]
    volume, peripheral, exchange, uptake, recycled, half = (
        float(part[0]) for part in (one.volume, one.peripheral, one.exchange, one.uptake, one.recycled, one.half)
    )
    made = float(one.synthesis[0])

    def change(at: float, amounts: list[float]) -> list[float]:
        level = amounts[0] / volume
        running = (given_.start <= at) & (at < given_.end)
        rate = (given_.grams[0, running] / (given_.end - given_.start)[running]).sum()
        goes = exchange * (level - amounts[1] / peripheral)
        return [made + rate - uptake * level + recycled * level / (half + level) - goes, goes]

    judged, at, amounts = [], 0.0, [baseline * volume, baseline * peripheral]
    stops = np.unique(np.concatenate([DAYS, given_.start, given_.end]))
    for stop in stops[stops <= DAYS[-1]]:
        if stop > at:
            # The middle of the stretch says which infusions run: the solver meets no jump.
            middle = (at + stop) / 2
            amounts = list(
                solve_ivp(
                    lambda _, y, m=middle: change(m, y), (at, stop), amounts, method="DOP853", rtol=1e-11, atol=1e-11
                ).y[:, -1]
            )
            at = float(stop)
        if stop in DAYS:
            judged.append(amounts[0] / volume)
    assert found == pytest.approx(judged, abs=2e-6)


@given(weight=st.floats(40, 130), baseline=st.floats(0.2, 30), days=st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_without_a_receptor_that_fills_the_exponentials_and_the_steps_agree(
    weight: float, baseline: float, days: int
) -> None:
    one, given_ = linear(kinetics(weight, baseline)), courses(weight, 2, (0.0, 28.0), days)
    assert levels(one, given_, DAYS) == pytest.approx(_stepped(one, given_, DAYS, 0.05), abs=1e-6)


@given(baseline=st.lists(st.floats(0.2, 30), min_size=1, max_size=5), weight=st.floats(40, 130))
@settings(max_examples=25, deadline=None)
def test_who_is_given_nothing_keeps_their_own_baseline(baseline: list[float], weight: float) -> None:
    one = kinetics(weight, baseline)
    for each in (one, linear(one)):
        found = levels(each, courses(weight, 0.0), [0, 30, 365])
        assert found == pytest.approx(np.repeat(np.array(baseline)[:, None], 3, axis=1), rel=1e-9)


def test_people_are_solved_together_as_they_are_one_by_one() -> None:
    generator = np.random.default_rng(3)
    weight = generator.uniform(50, 110, 7)
    several = people(np.random.default_rng(4), weight, 11.0)
    given_ = courses(weight, 2, (0, 28), 3)
    together = levels(several, given_, DAYS)
    for row in range(7):
        fields = {name: getattr(several, name)[row : row + 1] for name in several.__slots__}
        alone = levels(type(several)(**fields), courses(weight[row], 2, (0, 28), 3), DAYS)
        assert together[row] == pytest.approx(alone[0], abs=1e-5)


def test_catabolism_rises_with_the_level_so_a_double_dose_adds_less_than_twice_as_much() -> None:
    one = kinetics(75, 11)
    rise = [levels(one, courses(75, dose, days=2), [21])[0, 0] - 11 for dose in (1, 2, 4)]
    assert rise[1] < 1.9 * rise[0]
    assert rise[2] < 1.9 * rise[1]
    straight = [levels(linear(one), courses(75, dose, days=2), [21])[0, 0] - 11 for dose in (1, 2)]
    assert straight[1] == pytest.approx(2 * straight[0])
    lives = half_life(kinetics(70, [2.0, 11.5, 30.0]))
    assert lives[0] > lives[1] > lives[2]


def test_labelled_igg_leaves_by_the_terminal_half_life() -> None:
    one = linear(kinetics(70, 11.5))
    late = np.array([100.0, 150.0, 200.0])
    rise = levels(one, courses(70, 0.5), late) - 11.5
    assert apparent_half_life(late, rise) == pytest.approx(half_life(one), rel=1e-6)


def test_bad_questions_are_refused() -> None:
    one = kinetics(70, 11)
    with pytest.raises(ValueError, match="times rise"):
        levels(one, courses(70, 1), [2, 1])
    for wrong in ({"dose": -1.0}, {"dose": 1.0, "days": 0}, {"dose": 1.0, "hours": 0}, {"dose": 1.0, "hours": 25}):
        with pytest.raises(ValueError, match="a course has"):
            courses(70, **wrong)  # type: ignore[arg-type]
    with pytest.raises(NotSolved, match="not known within"):
        levels(one, courses(70, 2), [30], tolerance=1e-18)
    assert levels(one, courses(70, 2), []).shape == (1, 0)


def test_every_number_of_the_model_says_where_it_comes_from() -> None:
    for name, one in QUANTITIES.items():
        assert one.status in ("read", "computed", "recalled", "assumed"), name
        assert one.source
        assert one.label
        assert one.unit
