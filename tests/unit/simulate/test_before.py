"""What worlds share of the time before treatment changes nothing in any of them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.unit.simulate.test_crowds import NEEDS, same

from trialwright import simulate
from trialwright.simulate import before as module
from trialwright.simulate.before import Shared
from trialwright.simulate.crowds import imagined


def worlds(small: simulate.Program) -> list[simulate.Program]:
    """The world itself; one with another effect, with fewer people, with faster enrolment, and without strata."""
    definition, scenarios = small.definition, small.scenarios
    plan = definition.randomisation

    def planned(**changes: Any) -> simulate.Program:
        return replace(
            small, definition=definition.model_copy(update={"randomisation": plan.model_copy(update=changes)})
        )

    faster = scenarios.enrolment.model_copy(update={"per_week": scenarios.enrolment.per_week * 2})
    return [
        small,
        replace(small, parameters={**small.parameters, "fall_T": -4.0}),
        planned(n=plan.n - 2),
        replace(small, scenarios=scenarios.model_copy(update={"enrolment": faster})),
        planned(strata={}),
    ]


def test_a_world_is_the_same_alone_and_beside_others(small: simulate.Program) -> None:
    shared: Shared = []
    for program in worlds(small):
        beside = imagined(program, 5, range(30), NEEDS, shared=shared)
        same(beside, imagined(program, 5, range(30), NEEDS), slice(None))
        assert beside.program is program


def test_worlds_that_differ_in_the_effect_alone_meet_their_people_once(
    small: simulate.Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: list[Any] = []
    screened = module.screened

    def counted(*given: Any) -> Any:
        met.append(given)
        return screened(*given)

    monkeypatch.setattr(module, "screened", counted)
    shared: Shared = []
    for program in worlds(small)[:2]:
        imagined(program, 5, range(30), NEEDS, shared=shared)
    assert len(met) == 1
    imagined(small, 6, range(30), NEEDS, shared=shared)
    assert len(met) == 2


def test_everybody_of_one_arm_is_not_taken_for_everybody_drawn(small: simulate.Program) -> None:
    shared: Shared = []
    drawn = imagined(small, 5, range(30), NEEDS, shared=shared)
    treated = imagined(small, 5, range(30), NEEDS, shared=shared, arms="T")
    assert np.array_equal(drawn.position, treated.position)
    assert len(np.unique(drawn.arm)) == 2
    assert (treated.arm == small.arms.index("T")).all()
