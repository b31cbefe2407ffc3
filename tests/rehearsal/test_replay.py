"""Trial k of a simulation is the trial that a rehearsal plays: the same people, the same numbers, the same p values."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.plugins.editing import REFERENCE, SMALL

from trialwright.simulate.crowds import imagined
from trialwright.simulate.prepared import Spec, ready
from trialwright.simulate.questions import answers, needs
from trialwright.simulate.reading import read
from trialwright.simulate.replay import Both, replayed
from trialwright.simulate.summary import outcomes
from trialwright.simulate.worlds import World

SEED = 11


def unequal(both: Sequence[Both]) -> list[Both]:
    return [one for one in both if not one.equal]


@pytest.mark.parametrize("scenario", ["protocol", "null"])
def test_every_analysis_of_a_replayed_trial_has_the_p_value_of_the_simulation(scenario: str) -> None:
    (one,) = replayed(Spec(str(REFERENCE), SEED, (World(scenario),), ("all",)), 4)
    compared = [row for row in one.both if row.compared]
    assert {row.analysis.partition(" ")[0] for row in compared} >= {
        "PRIMARY", "WELCH", "PPSET", "RESPONDERS", "TTE", "LONGITUDINAL", "QUALITY", "IMAGES", "BLOODLIMIT",
    }  # fmt: skip
    assert unequal(one.both) == []
    assert all(row.arrays is not None and row.conduct is not None for row in compared)


def test_what_is_sealed_is_not_compared() -> None:
    """Nobody reads the immunoglobulins of a blinded trial, a rehearsal neither."""
    (one,) = replayed(Spec(str(REFERENCE), SEED, (World("protocol"),), ("IMMUNOGLOBULIN", "PRIMARY")), 4)
    assert {row.analysis: row.compared for row in one.both} == {"PRIMARY": True, "IMMUNOGLOBULIN": False}


def test_trials_of_other_worlds_are_replayed_too() -> None:
    worlds = (World("works", n=20), World("works", method="simple"), World("works", stratified=False))
    for trial in range(3):
        for one in replayed(Spec(str(SMALL), SEED, worlds, ()), trial):
            assert unequal(one.both) == []


@pytest.mark.parametrize("trial", [0, 4])
def test_a_trial_randomised_without_strata_is_still_analysed_as_planned(trial: int) -> None:
    """The primary analysis adjusts for the subtype as recorded, by the arrays and through conduct."""
    spec = Spec(str(REFERENCE), SEED, (World("protocol", stratified=False),), ())
    assert ready(spec).programs[0].definition.randomisation.strata == {}
    (one,) = replayed(spec, trial)
    assert unequal(one.both) == []
    assert all(row.conduct is not None for row in one.both)


def test_a_difference_would_be_seen() -> None:
    (one,) = replayed(Spec(str(SMALL), SEED, (World("works"),), ()), 2)
    (row,) = one.both
    assert row.arrays is not None
    assert row.equal
    assert not replace(row, arrays=row.arrays * (1 + 1e-6)).equal
    assert not replace(row, arrays=None).equal
    assert not replace(row, n=(row.n[0] + 1, row.n[1])).equal


@pytest.mark.parametrize(("trial", "times"), [(SMALL, 12), (REFERENCE, 3)])
def test_rehearsing_and_simulating_agree_trial_by_trial(trial: Path, times: int) -> None:
    """Difference, standard error, p, the mean of each arm, and every count of the flow."""
    spec = Spec(str(trial), SEED, (World(read(trial).scenarios.default),), ("primary",))
    prepared = ready(spec)
    (program,), (several,) = prepared.programs, prepared.planned
    recorded = imagined(program, SEED, range(times), needs(several))
    ((estimated,),) = answers(recorded, prepared.definition.randomisation.strata, several)
    target = several[0].targets[0]
    measure, visit = str(target.measure), str(target.visit)
    # The small trial's measure is an item, so the mean of each arm can be read off.
    values = recorded.values(measure)[..., recorded.visits[measure].index(visit)] if measure in recorded.items else None
    for place, told in enumerate(outcomes(trial, SEED, times)):
        for name in ("considered", "consented", "not_eligible", "left_before", "randomised", "completed"):
            assert recorded.flow[name][place] == getattr(told, name), name
        for name, count in told.ends.items():
            assert recorded.flow[name][place] == count, name
        if told.refused:
            assert estimated.refused[place] > 0
            continue
        assert estimated.p[place] == pytest.approx(told.p, rel=1e-9)
        assert estimated.estimate[place] == pytest.approx(told.difference, rel=1e-9)
        assert estimated.se[place] == pytest.approx(told.se, rel=1e-9)
        assert sum(estimated.n[place]) == sum(arm.n for arm in told.arms.values())
        if values is not None:
            for arm, here in told.arms.items():
                mine = recorded.arm[place] == program.arms.index(arm)
                assert np.nanmean(values[place, mine]) == pytest.approx(here.mean)
