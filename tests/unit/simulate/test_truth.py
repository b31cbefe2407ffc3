"""The truth of an estimand: the same people under both arms."""

import pytest
from tests.plugins.editing import REFERENCE, SMALL

from trialwright.simulate.characteristics import with_truths
from trialwright.simulate.prepared import Spec
from trialwright.simulate.truth import seed_of
from trialwright.simulate.worlds import World


def test_without_an_effect_the_truth_is_exactly_nought() -> None:
    """Both outcomes of a person come from the same draws, so nothing is left to chance."""
    spec = with_truths(Spec(str(REFERENCE), 1, (World("null"),), ("PRIMARY", "RESPONDERS")), 300)
    assert set(spec.truths[0]) == {"PRIMARY|0", "RESPONDERS|0", "RESPONDERS|1", "RESPONDERS|2"}
    assert set(spec.truths[0].values()) == {(0.0, 0.0)}


def test_the_truth_is_what_the_scenario_says() -> None:
    """The small trial's tablet lowers the pressure by 15 and its placebo by 4, on a grid of whole numbers."""
    worlds = (World("works"), World("works", n=6, method="simple"), World("idle"))
    spec = with_truths(Spec(str(SMALL), 1, worlds, ()), 2000)
    value, error = spec.truths[0]["MAIN|0"]
    assert value == pytest.approx(-11, abs=4 * error + 0.05)
    assert spec.truths[1] == spec.truths[0]
    assert spec.truths[2]["MAIN|0"] == (0.0, 0.0)


def test_the_truth_comes_from_other_people_than_the_trials() -> None:
    assert len({seed_of(seed) for seed in range(50)} | set(range(50))) == 100
