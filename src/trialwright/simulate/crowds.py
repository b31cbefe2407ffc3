"""Whole imagined trials as arrays: what a rehearsal through conduct would leave in the snapshot, without conduct.

Only what is needed is computed, thousands of trials at once; every number is addressed, so that trial k of a million is
the trial that a rehearsal of trial k plays (`tests/rehearsal/test_arrays_agree.py` holds the two together).

Participants stand on the second axis in the order of consent, as in `analysis.Observations.randomised`. Who is not
randomised is followed only as far as the flow counts need.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.simulate.program import Program

Integers = NDArray[Any]
Truths = NDArray[np.bool_]
Floats = NDArray[np.float64]

FLOW = ("considered", "consented", "not_eligible", "left_before", "randomised", "completed")
"""The flow counts of `Recorded.flow`; beside them stand the ends by kind, as `simulate.outcome` counts them: lost,
withdrawn, visits_stopped, treatment_stopped."""


@dataclass(frozen=True)
class Needs:
    """What is asked of imagined trials; whatever is not asked is not computed.

    `items`: `form.item` (derived items too) -> the planned visits at which it is wanted. `rows`: log or repeated form
    -> its wanted items (none: only whether and when rows exist). `variables`: variables of the scenario as truth,
    recorded or not. `ends`: whether the ends are wanted (days, kinds, flow counts of ends) beyond what the items need.
    """

    items: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rows: Mapping[str, Sequence[str]] = field(default_factory=dict)
    variables: tuple[str, ...] = ()
    ends: bool = True


@dataclass(frozen=True)
class Column:
    """What was recorded for one item: value = units / 10**decimals where present.

    Arrays have the shape (trials, n, visits), for an item of a log (trials, n, rows). Codes are indices into `names`,
    truths 0 and 1, dates days since the start of enrolment; absent places hold 0.
    """

    units: Integers
    present: Truths
    decimals: int = 0
    names: tuple[str, ...] | None = None

    @property
    def values(self) -> Floats:
        """Binary floats, nan where nothing was recorded; each is the double nearest to the decimal on the page."""
        return np.where(self.present, self.units / 10.0**self.decimals, np.nan)


@dataclass(frozen=True)
class LogRows:
    """The rows of one log or repeated form: `exists` and `day` (of entry, since the start of enrolment) of shape
    (trials, n, rows), `visit` the place of each row's visit (-1: none), and the items that were asked for.

    Rows stand in the order of the scenario's file, not of entry.
    """

    exists: Truths
    day: Integers
    visit: Integers
    items: Mapping[str, Column]


@dataclass(frozen=True)
class Recorded:
    """Imagined trials as the snapshot of a rehearsal would show them. Arrays are (trials, n) where nothing else is
    said.

    `arm`: index into `program.arms`. `levels`: factor -> index into `level_names[factor]`. `present`: somebody was
    randomised there. `slot`: the address of the participant, `position` the place in the order of the draws. Days
    count from the start of enrolment: `day0` that of the anchor visit and of the draw, `on` (trials, n, all visits of
    the program) the visits', `held` whether a page of the visit was recorded (an Observation then has its day),
    `end` the last day of participation. `ended` and `stopped` are indices into `program.ends`, -1 for none. `items`:
    what `Needs.items` asked for, on the visits `visits[item]`. `flow`: counts per trial.
    """

    program: Program
    seed: int
    trials: NDArray[np.uint64]
    arm: Integers
    levels: Mapping[str, Integers]
    level_names: Mapping[str, tuple[str, ...]]
    present: Truths
    slot: Integers
    position: Integers
    day0: Integers
    on: Integers
    held: Truths
    ended: Integers
    end: Integers
    stopped: Integers
    treatment_end: Integers
    items: Mapping[str, Column]
    visits: Mapping[str, tuple[str, ...]]
    rows: Mapping[str, LogRows]
    variables: Mapping[str, Floats]
    flow: Mapping[str, Integers]

    def values(self, item: str) -> Floats:
        """An item as binary floats of shape (trials, n, its visits), nan where nothing was recorded."""
        return self.items[item].values

    def units(self, item: str) -> tuple[Integers, int, Truths]:
        """An item exactly, as `measures.tis.Exact` takes it: whole numbers, decimals, and where one was recorded."""
        column = self.items[item]
        return column.units, column.decimals, column.present

    def weeks(self, visit: str) -> Floats:
        """Weeks from randomisation to a visit; nan where no page of it was recorded."""
        place = self.program.visits.index(visit)
        return np.where(self.held[..., place], (self.on[..., place] - self.day0) / 7, np.nan)
