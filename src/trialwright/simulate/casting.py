"""Who plays in a rehearsal: the people of some trials imagined together, the arms that they will probably draw, their
pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from trialwright.simulate.formula import Codes
from trialwright.simulate.pages import Book, book
from trialwright.simulate.participants import Arrivals, Crowd, Integers, arrivals, followed, screened
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


def imagine(program: Program, seed: int, trials: Sequence[int]) -> list[Cast]:
    """The casts of several trials, imagined together. Whatever the grouping, each cast is the same."""
    come = arrivals(program, seed, trials)
    crowd = screened(program, seed, come)
    assumed = program.scenarios.allocation
    lists = [drawn_list(program.definition, seed, int(trial), assumed) for trial in trials]
    counts = [int((crowd.trial == np.uint64(trial)).sum()) for trial in trials]
    ends = np.cumsum(counts, dtype=np.int64).tolist()
    rows = [range(end - count, end) for end, count in zip(ends, counts, strict=True)]
    arm = _expected_arms(program, crowd, rows, lists)
    crowd = followed(crowd, arm)
    pages = book(crowd)
    return [
        Cast(program, seed, int(trial), come, row, crowd, pages, rows[row], lists[row])
        for row, trial in enumerate(trials)
    ]


def _expected_arms(program: Program, crowd: Crowd, rows: Sequence[range], lists: Sequence[DrawnList]) -> Integers:
    """The arm that each participant will draw if all goes as imagined: in the order of baseline days."""
    arm = np.full(len(crowd), -1)
    levels = _levels(program, crowd)
    for people, drawn in zip(rows, lists, strict=True):
        arm_of = drawn.in_turn()
        for person in sorted((one for one in people if crowd.enrolled[one]), key=lambda one: (crowd.day0[one], one)):
            arm[person] = program.arms.index(arm_of(levels[person]))
    return arm


def _levels(program: Program, crowd: Crowd) -> list[dict[str, str]]:
    """Each participant's level of every factor, from the texts that will be recorded for the stratification items."""
    levels: list[dict[str, str]] = [{} for _ in range(len(crowd))]
    for name, factor in program.definition.randomisation.strata.items():
        form, _, item = factor.item.partition(".")
        columns = next(one for one in program.forms if one.form == form).columns
        feed = next(column.feed for column in columns if column.item == item)
        values = crowd.names[feed.from_ or ""]
        texts = [(feed.texts or {}).get(code, code) for code in values.names]
        for person, index in enumerate(values.index[:, 0].tolist()):
            text = texts[index]
            levels[person][name] = factor.map.get(text, factor.map.get("*", ""))
    return levels


def one_of(crowd: Crowd, row: int) -> Crowd:
    """A crowd of one, as it was before it was followed."""

    def cut(value: object) -> object:
        if isinstance(value, Codes):
            return Codes(value.index[row : row + 1], value.names)
        if isinstance(value, np.ndarray) and value.shape[:1] == (len(crowd),):
            return value[row : row + 1]
        return value

    known = {*crowd.program.parameters, "fate", "screened", *(name for name, _ in crowd.program.screening.steps)}
    names = {name: cut(value) for name, value in crowd.names.items() if name in known}
    arrays = {
        one.name: cut(getattr(crowd, one.name)) for one in fields(crowd) if one.name not in ("names", "logs", "program")
    }
    return replace(crowd, **arrays, names=names, logs={})  # type: ignore[arg-type]
