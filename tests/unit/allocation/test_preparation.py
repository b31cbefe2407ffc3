"""Preparation as arithmetic: properties of every course, then cases worked by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import combinations_with_replacement

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.allocation.preparation import (
    CannotPrepare,
    Course,
    Plan,
    Reading,
    Sizes,
    course,
    dosing_weight,
    fewest_days,
    shown,
    until,
)
from trialwright.design.supply import AdjustedWeight, DosingWeight

SIZES = tuple(Fraction(size) for size in ("20", "10", "5", "2.5", "1"))


def plan(**changes: object) -> Plan:
    """2 g/kg over two to five days, as in the reference trial."""
    whole = Plan(
        dose_g_per_kg=Fraction(2),
        fewest=2,
        most=5,
        first_visits=frozenset({"W0"}),
        first_at_most=Fraction(30),
        to="nearest",
        within=Fraction(5, 100),
        per_course=False,
        vials=SIZES,
        g_per_ml=Fraction(5, 100),
        bag_ml=Fraction(500),
        life=timedelta(days=7),
    )
    return replace(whole, made={}, **changes)  # type: ignore[arg-type]


weights = st.integers(250, 3000).map(lambda tenths: Fraction(tenths, 10))
vial_sizes = st.sets(st.integers(1, 40), min_size=1, max_size=5).map(
    lambda halves: tuple(Fraction(half, 2) for half in sorted(halves, reverse=True))
)
plans = st.builds(
    plan,
    vials=vial_sizes,
    to=st.sampled_from(["nearest", "up", "down", "fewest vials"]),
    within=st.integers(1, 20).map(lambda percent: Fraction(percent, 100)),
    per_course=st.booleans(),
    bag_ml=st.sampled_from([Fraction(250), Fraction(500), Fraction(1000)]),
)


@given(plans, weights, st.integers(2, 5), st.sampled_from(["W0", "W4"]))
@settings(max_examples=150, deadline=None)
def test_a_course_keeps_every_rule_or_is_refused_in_a_sentence(plan: Plan, kg: Fraction, days: int, visit: str) -> None:
    made = planned(plan, kg, days, visit)
    if isinstance(made, str):
        assert made.endswith(".")
        return
    assert made.dose == 2 * kg
    assert [day.number for day in made.days] == list(range(1, days + 1))
    assert abs(made.grams - made.dose) <= plan.within * made.dose
    for day in made.days:
        assert day.grams == sum(size * number for size, number in day.vials) > 0
        assert {size for size, _ in day.vials} <= set(plan.vials)
        assert day.volume_ml == sum(day.bags)
        assert max(day.bags) <= plan.bag_ml
        assert max(day.bags) - min(day.bags) <= 1
        assert abs(day.volume_ml - day.grams / plan.g_per_ml) <= Fraction(1, 2)
        if not plan.per_course:
            assert abs(day.grams - day.target) <= plan.within * day.target
    if visit == "W0":
        assert made.days[0].grams <= 30
    if plan.per_course and plan.to == "up":
        assert made.grams >= made.dose
    if plan.per_course and plan.to == "down":
        assert made.grams <= made.dose


@given(vial_sizes, st.integers(1, 60))
@settings(max_examples=100, deadline=None)
def test_no_other_choice_of_vials_is_smaller(sizes: tuple[Fraction, ...], halves: int) -> None:
    """Held against trying out every choice."""
    grams = Fraction(halves, 2)
    tried = [
        chosen
        for length in range(1, 5)
        for chosen in combinations_with_replacement(sizes, length)
        if sum(chosen) == grams
    ]
    try:
        found = Sizes(sizes).fewest(grams)
    except CannotPrepare:
        assert not tried
        return
    opened = [size for size, number in found for _ in range(number)]
    assert sum(opened) == grams
    if tried:
        assert tuple(opened) == max(one for one in tried if len(one) == len(tried[0]))


@given(weights, st.integers(2, 5))
@settings(max_examples=50, deadline=None)
def test_the_nearest_amount_is_taken(kg: Fraction, days: int) -> None:
    """With vials of 1 and 2.5 g every half gram from 2 g on can be held, so no day is off by more than a quarter."""
    for day in course(plan(), kg, days, "W4").days:
        assert abs(day.grams - day.target) <= Fraction(1, 4)


def test_seventy_kilograms_over_three_days_at_baseline() -> None:
    """2 x 70 = 140 g = 2.8 L; the first day 30 g = 600 mL on the ward (trial fact sheet, 2.2)."""
    made = course(plan(), Fraction(70), 3, "W0")
    assert told(made) == [
        "30 g = 20+10, 600 mL in 300 300",
        "55 g = 20+20+10+5, 1100 mL in 367 367 366",
        "55 g = 20+20+10+5, 1100 mL in 367 367 366",
    ]
    assert (made.dose, made.grams, made.volume_ml) == (140, 140, 2800)


def test_the_same_person_at_week_four_has_equal_days() -> None:
    made = course(plan(), Fraction(70), 2, "W4")
    assert told(made) == ["70 g = 20+20+20+10, 1400 mL in 467 467 466"] * 2


def test_what_one_day_is_too_little_the_next_day_makes_up_for() -> None:
    """64.6 kg x 2 = 129.2 g: 43.07 -> 43; then 86.2 / 2 = 43.1 -> 43; then 43.2 -> 43 (43.0 is 0.2 off, 43.5 0.3)."""
    made = course(plan(), Fraction("64.6"), 3, "W4")
    assert [shown(day.grams) for day in made.days] == ["43", "43", "43"]
    assert [shown(day.target) for day in made.days] == ["43.067", "43.1", "43.2"]


@pytest.mark.parametrize(
    ("changes", "days", "sentence"),
    [
        ({}, 6, "A course lasts 2 to 5 days, not 6."),
        ({"fewest": 1}, 1, "The first day may hold at most 30 g, so 140 g need another day."),
        (
            {"vials": (Fraction(20),)},
            5,
            "No vials of 20 g come within 5 % of 28 g; choose another number of days, or ask the trial office.",
        ),
        (
            {"vials": (Fraction(50),), "per_course": True},
            5,
            "140 g in vials of 50 g cannot be spread over 5 days; choose fewer days.",
        ),
    ],
)
def test_what_cannot_be_prepared_is_said_in_a_sentence(changes: dict[str, object], days: int, sentence: str) -> None:
    with pytest.raises(CannotPrepare) as refused:
        course(
            plan(within=Fraction(10, 100) if "per_course" in changes else Fraction(5, 100), **changes),
            Fraction(70),
            days,
            "W0",
        )
    assert str(refused.value) == sentence


def test_rounding_of_the_course_lets_single_days_differ() -> None:
    """Vials of 20 g: 142 g become 140 g (1.4 % off); 20 g on the ward, then 60 and 60."""
    made = course(plan(vials=(Fraction(20),), per_course=True), Fraction(71), 3, "W0")
    assert [shown(day.grams) for day in made.days] == ["20", "60", "60"]


def test_fewest_vials_within_the_tolerance() -> None:
    """76 g within 5 % is 72.2 to 79.8 g: 75 g in five vials (20+20+20+10+5) opens one less than 76 g does."""
    made = course(plan(to="fewest vials"), Fraction(76), 2, "W4")
    assert told(made)[0] == "75 g = 20+20+20+10+5, 1500 mL in 500 500 500"


def test_the_fewest_days_that_fit() -> None:
    assert fewest_days(plan(), Fraction(70), "W0") == 2
    assert fewest_days(plan(fewest=1), Fraction(70), "W0") == 2
    assert fewest_days(plan(fewest=1), Fraction(70), "W4") == 1
    with pytest.raises(CannotPrepare):
        fewest_days(plan(vials=(Fraction(200),)), Fraction(70), "W4")


def test_a_bag_lives_for_its_in_use_life() -> None:
    at = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert until(plan(life=timedelta(hours=24)), at) == datetime(2026, 3, 3, 9, 30, tzinfo=UTC)


def planned(plan: Plan, kg: Fraction, days: int, visit: str) -> Course | str:
    """The course, or the sentence of its refusal."""
    try:
        return course(plan, kg, days, visit)
    except CannotPrepare as refused:
        return str(refused)


def told(made: Course) -> list[str]:
    """The days of a course in words."""
    return [
        f"{shown(day.grams)} g = {'+'.join(shown(size) for size, number in day.vials for _ in range(number))}, "
        f"{day.volume_ml} mL in {' '.join(map(str, day.bags))}"
        for day in made.days
    ]


# ------------------------------------------------------------------ the dosing weight

BASELINE = Reading("W0", Fraction(80))


def rule(**changes: object) -> DosingWeight:
    """The newest weight, unless changed."""
    return DosingWeight.model_validate({"item": "vitals.weight", **changes})


@pytest.mark.parametrize(
    ("changes", "now", "kg", "visit"),
    [
        ({}, "70.5", "70.5", "W4"),
        ({"taken": "baseline"}, "60", "80", "W0"),
        ({"taken": "baseline", "change": "10 %"}, "88", "80", "W0"),
        ({"taken": "baseline", "change": "10 %"}, "88.1", "88.1", "W4"),
        ({"taken": "baseline", "change": "10 %"}, "71.9", "71.9", "W4"),
        ({"at_most": "120 kg"}, "131", "120", "W4"),
        ({"at_most": "120 kg"}, "120", "120", "W4"),
    ],
)
def test_the_weight_that_counts(changes: dict[str, object], now: str, kg: str, visit: str) -> None:
    found = dosing_weight(rule(**changes), [BASELINE, Reading("W4", Fraction(now))], "W0")
    assert (found.kg, found.visit) == (Fraction(kg), visit)


def test_the_adjusted_weight_of_a_heavy_woman() -> None:
    """Devine: 45.5 + 2.3 x (160 - 152.4) / 2.54 = 52.38 kg; 52.38 + 0.4 x (100 - 52.38) = 71.43 kg."""
    adjusted = AdjustedWeight(height="vitals.height", sex="demog.sex", female="F")
    found = dosing_weight(
        rule(adjusted=adjusted), [Reading("W0", Fraction(100))], "W0", height_cm=Fraction(160), female=True
    )
    assert found.kg == Fraction("71.4")
    light = dosing_weight(
        rule(adjusted=adjusted), [Reading("W0", Fraction(50))], "W0", height_cm=Fraction(160), female=True
    )
    assert light.kg == 50


def test_without_a_weight_nothing_is_prepared() -> None:
    with pytest.raises(CannotPrepare, match="No weight is recorded yet"):
        dosing_weight(rule(), [], "W0")
    with pytest.raises(CannotPrepare, match="No weight is recorded at W0"):
        dosing_weight(rule(taken="baseline"), [Reading("SCR", Fraction(70))], "W0")
    adjusted = AdjustedWeight(height="vitals.height", sex="demog.sex", female="F")
    with pytest.raises(CannotPrepare, match="Height or sex is not recorded"):
        dosing_weight(rule(adjusted=adjusted), [BASELINE], "W0")
