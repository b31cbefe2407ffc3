"""Imagined trials as arrays: addressed, whatever stands beside them; the same people in every world."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright import simulate
from trialwright.design.model import Definition
from trialwright.simulate.crowds import Needs, Recorded, imagined
from trialwright.simulate.recording import NotImagined

UPPER = "pressure.upper"
NEEDS = Needs(
    {UPPER: ("FIRST", "START", "WEEK8"), "pressure.pulse_pressure": ("WEEK8",), "person.drug": ("FIRST",)},
    {"events": ("term", "worst")},
    ("own_upper", "upper", "fall"),
)


def same(one: Recorded, other: Recorded, rows: slice | list[int]) -> None:
    """`one` is the part `rows` of `other`."""
    for name in ("arm", "slot", "position", "day0", "on", "held", "ended", "end", "stopped", "treatment_end"):
        assert np.array_equal(getattr(one, name), getattr(other, name)[rows]), name
    for name, column in one.items.items():
        assert np.array_equal(column.values, other.items[name].values[rows], equal_nan=True), name
    for name, values in one.variables.items():
        assert np.array_equal(values, other.variables[name][rows], equal_nan=True), name
    for name, log in one.rows.items():
        assert np.array_equal(log.exists, other.rows[name].exists[rows])
        for item, column in log.items.items():
            assert np.array_equal(column.values, other.rows[name].items[item].values[rows], equal_nan=True)
    for name, counts in one.flow.items():
        assert np.array_equal(counts, other.flow[name][rows]), name


@settings(max_examples=12)
@given(st.integers(1, 40), st.integers(0, 2**40), st.integers(1, 30))
def test_the_numbers_do_not_depend_on_how_many_are_followed_together(
    small: simulate.Program, together: int, seed: int, count: int
) -> None:
    whole = imagined(small, seed, range(count), NEEDS)
    same(imagined(small, seed, range(count), NEEDS, together=together), whole, slice(None))
    chosen = [count - 1, count // 2]
    same(imagined(small, seed, chosen, NEEDS, together=together), whole, chosen)


def test_what_else_is_asked_changes_nothing(small: simulate.Program) -> None:
    lone = imagined(small, 3, range(20), Needs({UPPER: ("WEEK8",)}))
    whole = imagined(small, 3, range(20), NEEDS)
    assert np.array_equal(lone.values(UPPER)[..., 0], whole.values(UPPER)[..., 2], equal_nan=True)
    assert np.array_equal(lone.arm, whole.arm)
    assert np.array_equal(lone.ended, whole.ended)


def with_n(program: simulate.Program, definition: Definition, n: int) -> simulate.Program:
    """The same world with another number of participants."""
    plan = definition.randomisation.model_copy(update={"n": n})
    return replace(program, definition=definition.model_copy(update={"randomisation": plan}))


def test_the_same_people_come_whatever_the_number(small: simulate.Program, small_definition: Definition) -> None:
    few, many = (imagined(with_n(small, small_definition, n), 3, range(40), NEEDS) for n in (8, 30))
    assert few.arm.shape == (40, 8)
    for name in ("slot", "day0"):
        assert np.array_equal(getattr(few, name), getattr(many, name)[:, :8])
    assert np.array_equal(few.variables["own_upper"], many.variables["own_upper"][:, :8])
    alike = few.arm == many.arm[:, :8]
    assert alike.mean() > 0.5
    assert np.array_equal(few.variables["fall"][alike], many.variables["fall"][:, :8][alike])


def test_the_same_people_come_under_another_method_and_without_strata(
    small: simulate.Program, small_definition: Definition
) -> None:
    plan = small_definition.randomisation
    others = [plan.model_copy(update={"method": "simple"}), plan.model_copy(update={"strata": {}})]
    made = imagined(small, 3, range(30), NEEDS)
    for other in others:
        definition = small_definition.model_copy(update={"randomisation": other})
        there = imagined(replace(small, definition=definition), 3, range(30), NEEDS)
        assert np.array_equal(there.slot, made.slot)
        assert np.array_equal(there.variables["own_upper"], made.variables["own_upper"])
        alike = there.arm == made.arm
        assert not alike.all()
        assert np.array_equal(there.variables["fall"][alike], made.variables["fall"][alike])


def test_the_other_world_of_the_same_people(small: simulate.Program) -> None:
    """Everybody under one arm: who has that arm anyway is the same, the others differ by what the arm does."""
    made = imagined(small, 3, range(40), NEEDS)
    for index, arm in enumerate(small.arms):
        there = imagined(small, 3, range(40), NEEDS, arms=arm)
        assert (there.arm == index).all()
        given_it = made.arm == index
        first, second = there.values(UPPER)[given_it], made.values(UPPER)[given_it]
        assert np.array_equal(first, second, equal_nan=True)
    treated, control = (imagined(small, 3, range(40), NEEDS, arms=arm, complete=True) for arm in ("T", "P"))
    difference = treated.variables["fall"] - control.variables["fall"]
    assert np.allclose(difference, small.parameters["fall_T"] - small.parameters["fall_P"])


def test_complete_trials_lack_nothing(small: simulate.Program) -> None:
    made = imagined(small, 3, range(40), NEEDS)
    whole = imagined(small, 3, range(40), NEEDS, complete=True)
    assert not made.items[UPPER].present.all()
    assert whole.items[UPPER].present.all()
    seen = made.items[UPPER].present
    assert np.array_equal(made.values(UPPER)[seen], whole.values(UPPER)[seen])
    assert np.array_equal(whole.values(UPPER), whole.variables["upper"])


def test_every_block_ends_even(small: simulate.Program) -> None:
    """In the order of the draws each stratum's arms never lie further apart than half the longest block."""
    made = imagined(small, 8, range(60), Needs())
    order = np.argsort(made.position, axis=1)
    signs = np.take_along_axis(np.where(made.arm == 0, 1, -1), order, axis=1)
    level = np.take_along_axis(made.levels["drug"], order, axis=1)
    for one in (0, 1):
        apart = np.cumsum(np.where(level == one, signs, 0), axis=1)
        assert np.abs(apart).max() <= 3
    assert (np.diff(np.take_along_axis(made.day0, order, axis=1), axis=1) >= 0).all()


def test_units_are_exact_whole_numbers_of_the_grid(reference: simulate.Program) -> None:
    visits = ("W0", "W12")
    items = ("phga", "haq", "ck", "mmt", "mmt.deltoid.L.grade")
    made = imagined(reference, 3, range(5), Needs({f"csm.{item}": visits for item in items}))
    decimals = {item: made.units(f"csm.{item}")[1] for item in items}
    assert decimals == {"phga": 1, "haq": 3, "ck": 0, "mmt": 0, "mmt.deltoid.L.grade": 0}
    units, _, present = made.units("csm.haq")
    assert (units[present] % 125 == 0).all()
    grade, _, there = made.units("csm.mmt.deltoid.L.grade")
    assert ((grade[there] >= 0) & (grade[there] <= 10)).all()


def test_everything_that_no_array_holds_is_said_at_once(reference: simulate.Program) -> None:
    needs = Needs(
        {"csm.phga": ("W0", "W99"), "accel.file": ("W0",), "nowhere.x": ("W0",), "csm.other": ("W0",)},
        {"infusion": ("volume",), "nolog": ()},
        ("unheard_of",),
    )
    with pytest.raises(NotImagined) as refused:
        imagined(reference, 1, [0], needs)
    for part in ("W99", "accel.file", "nowhere", "csm.other", "infusion.volume", "nolog", "unheard_of"):
        assert part in str(refused.value)


def test_no_trials_are_refused(small: simulate.Program) -> None:
    with pytest.raises(ValueError, match="at least one"):
        imagined(small, 1, [], NEEDS)
