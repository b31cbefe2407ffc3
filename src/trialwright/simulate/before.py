"""What happens to imagined people before the treatment, and the worlds that share it.

Worlds of a grid often differ only in what treatment does. The same people then come, are accepted, and are drawn in the
same order for the same arms: that is worked out once for some trials and handed to every world of which all of it is
true.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.simulate.drawing import arms_in_turn, draw_order, levels
from trialwright.simulate.participants import Arrivals, Crowd, Part, arrivals, attended, screened
from trialwright.simulate.program import Program
from trialwright.simulate.variables import reached

__all__ = ["Before", "Shared", "before"]

Integers = NDArray[Any]

Shared = list[tuple[Any, Any]]
"""What was worked out, each beside all that it depends on."""
MOST_SHARED = 8
"""What is kept at a time: people and draws of a few kinds of worlds."""


@dataclass(frozen=True)
class Before:
    """Some trials up to the draw. `crowd`: those of the wanted fates, n in each trial; the others are (trials, n).

    `levels`: factor -> index of the level. `position`: the place in the order of the draws. `arm`: index into
    `program.arms`.
    """

    come: Arrivals
    crowd: Crowd
    levels: dict[str, Integers]
    position: Integers
    arm: Integers


def before(
    program: Program, seed: int, trials: NDArray[np.uint64], part: Part, arms: str | None, shared: Shared | None
) -> Before:
    """Who comes, is accepted and is drawn; with `arms` everybody is drawn for that one."""
    people = ("people", seed, trials.tobytes(), *_of_people(program, part))
    come, crowd = _once(shared, people, lambda: _met(program, seed, trials, part))
    draws = ("draws", people, *_of_draws(program), arms)
    found, position, arm = _once(shared, draws, lambda: _drawn(program, seed, trials, crowd, arms))
    crowd = replace(crowd, program=program, names={**crowd.names, **program.parameters})
    return Before(come, crowd, found, position, arm)


def _once(shared: Shared | None, key: Any, made: Callable[[], Any]) -> Any:
    for known, value in shared or ():
        if known == key:
            return value
    value = made()
    if shared is not None:
        del shared[: len(shared) + 1 - MOST_SHARED]
        shared.append((key, value))
    return value


def _of_people(program: Program, part: Part) -> tuple[Any, ...]:
    """All that decides who comes and is accepted, on which days, and how their visits fall."""
    scenarios, tables = program.scenarios, (part.accepting, part.known)
    names = {name for table in tables for name, _ in table.steps} | program.accept.uses
    names = set(reached(names, program.uses))
    return (
        program.definition.randomisation.n, program.visits, program.anchor, program.days.tobytes(),
        scenarios.enrolment, scenarios.fates, scenarios.screening, scenarios.joint, scenarios.working,
        {name: value for name, value in program.parameters.items() if name in names},
        part.fates, part.places, tuple((tuple(name for name, _ in table.steps), table.kept) for table in tables),
    )  # fmt: skip


def _of_draws(program: Program) -> tuple[Any, ...]:
    """All that decides their strata and arms, beside the people themselves."""
    scenarios = program.scenarios
    return program.definition.randomisation, scenarios.allocation, scenarios.forms, program.arms


def _met(program: Program, seed: int, trials: NDArray[np.uint64], part: Part) -> tuple[Arrivals, Crowd]:
    come = arrivals(program, seed, trials, sites=False)
    crowd = screened(program, seed, come, part)
    return come, replace(crowd, attended=attended(crowd, part))


def _drawn(
    program: Program, seed: int, trials: NDArray[np.uint64], crowd: Crowd, arms: str | None
) -> tuple[dict[str, Integers], Integers, Integers]:
    """Levels, places in the order of the draws, and arms, in the order of consent."""
    n = program.definition.randomisation.n
    shape = (len(trials), n)
    order = draw_order(crowd.day0.reshape(shape))
    found = {name: level.reshape(shape) for name, level in levels(program, crowd.names).items()}
    position, arm = np.empty(shape, dtype=np.int32), np.empty(shape, dtype=np.int8)
    np.put_along_axis(position, order, np.arange(n, dtype=np.int32)[None, :], axis=1)
    if arms is not None:
        arm[:] = program.arms.index(arms)
    else:
        here = {name: np.take_along_axis(level, order, axis=1) for name, level in found.items()}
        np.put_along_axis(arm, order, arms_in_turn(program, seed, trials, here, n), axis=1)
    return found, position, arm
