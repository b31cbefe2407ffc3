"""Who plays in a rehearsal: the people of some trials imagined together, the arms that they will probably draw, their
pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trialwright.allocation.assumed import factors
from trialwright.simulate.drawing import arms_in_turn, draw_order, levels
from trialwright.simulate.pages import Book, book
from trialwright.simulate.participants import Arrivals, Crowd, Integers, arrivals, followed, screened, some_of
from trialwright.simulate.program import Program
from trialwright.simulate.world import DrawnList, drawn_list


@dataclass(frozen=True)
class Cast:
    """What was imagined for one trial: who arrived (row of `come`), who consented (`rows` of crowd and book)."""

    program: Program
    seed: int
    trial: int
    come: Arrivals
    row: int
    crowd: Crowd
    pages: Book
    rows: range
    list: DrawnList


def imagine(program: Program, seed: int, trials: Sequence[int], ceremony: bool = False) -> list[Cast]:
    """The casts of several trials, imagined together. Whatever the grouping, each cast is the same.

    With `ceremony` the arms follow from the shares of the list, as those of a real one do (see `drawn_list`).
    """
    come = arrivals(program, seed, trials)
    crowd = screened(program, seed, come)
    assumed = program.scenarios.allocation
    lists = [drawn_list(program.definition, seed, int(trial), assumed, ceremony) for trial in trials]
    counts = [int((crowd.trial == np.uint64(trial)).sum()) for trial in trials]
    ends = np.cumsum(counts, dtype=np.int64).tolist()
    rows = [range(end - count, end) for end, count in zip(ends, counts, strict=True)]
    arm = _expected_arms(program, crowd, trials, lists)
    crowd = followed(crowd, arm)
    pages = book(crowd)
    return [
        Cast(program, seed, int(trial), come, row, crowd, pages, rows[row], lists[row])
        for row, trial in enumerate(trials)
    ]


def _expected_arms(program: Program, crowd: Crowd, trials: Sequence[int], lists: Sequence[DrawnList]) -> Integers:
    """The arm that each participant will draw if all goes as imagined: in the order of baseline days."""
    arm = np.full(len(crowd), -1)
    n = program.definition.randomisation.n
    people = np.flatnonzero(crowd.enrolled).reshape(len(lists), n)
    order = draw_order(crowd.day0[people])
    turn = np.take_along_axis(people, order, axis=1)
    here = {factor: level[turn, 0] for factor, level in levels(program, crowd.names).items()}
    if all(drawn.is_addressed for drawn in lists):
        arm[turn] = arms_in_turn(program, crowd.seed, trials, here, n)
        return arm
    known = factors(program.definition)
    for row, drawn in enumerate(lists):
        arm_of = drawn.in_turn()
        for place in range(n):
            of = {factor: known[factor][int(level[row, place])] for factor, level in here.items()}
            arm[turn[row, place]] = program.arms.index(arm_of(of))
    return arm


def one_of(crowd: Crowd, row: int) -> Crowd:
    """A crowd of one, as it was before it was followed."""
    known = {*crowd.program.parameters, "fate", "screened", *(name for name, _ in crowd.program.screening.steps)}
    names = {name: value for name, value in crowd.names.items() if name in known}
    return some_of(replace(crowd, names=names, logs={}), slice(row, row + 1))
