"""Whole imagined trials as arrays: what a rehearsal through conduct would leave in the snapshot, without conduct.

Only what is needed is computed, thousands of trials at once; every number is addressed, so that trial k of a million is
the trial that a rehearsal of trial k plays (`tests/rehearsal/test_arrays_agree.py` holds the two together).

Participants stand on the second axis in the order of consent, as in `analysis.Observations.randomised`. Who is not
randomised is followed only as far as the flow counts need.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.allocation.assumed import factors
from trialwright.simulate.before import Before, Shared, before
from trialwright.simulate.formula import Codes
from trialwright.simulate.pages import entered, takes_place
from trialwright.simulate.participants import Arrivals, Crowd, followed, met
from trialwright.simulate.program import Program, RowsProgram
from trialwright.simulate.recording import Column, Numbers, fed, hit, numbers, pages, slices
from trialwright.simulate.wanted import Needs, Plan, WantedForm, planned

__all__ = ["Column", "LogRows", "Needs", "Recorded", "imagined"]

Integers = NDArray[Any]
Truths = NDArray[np.bool_]
Floats = NDArray[np.float64]

FLOW = ("considered", "consented", "not_eligible", "left_before", "randomised", "completed")
"""The flow counts of `Recorded.flow`; beside them stand the ends by kind, as `simulate.outcome` counts them: lost,
withdrawn, visits_stopped, treatment_stopped."""


@dataclass(frozen=True)
class LogRows:
    """The rows of one log or repeated form: `exists` and `day` (of entry, since the start of enrolment) of shape
    (trials, n, rows), `visit` the place of each row's visit (-1: none, as in every log), and the items that were asked
    for.

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


# ------------------------------------------------------------------ imagining


TOGETHER = 2048
"""Trials that are drawn and followed at once: enough to spread the cost of each array. Smaller pieces would stay in the
processor's cache, and were slower all the same."""


def imagined(
    program: Program,
    seed: int,
    trials: Sequence[int] | NDArray[Any],
    needs: Needs,
    *,
    arms: str | None = None,
    complete: bool = False,
    together: int = TOGETHER,
    shared: Shared | None = None,
) -> Recorded:
    """Imagine these trials and give what is needed of them. Raises `NotImagined` for needs that no array holds.

    With `arms` everybody gets that arm: the same people, with the same chance, in the other world. With `complete`
    everything is recorded: nobody leaves before the last visit and nothing is missed (what depends on leaving early
    still does). Both together give the truth that an estimand speaks of. The numbers do not depend on `together` nor on
    which other trials are imagined. Worlds that are imagined with the same list `shared`, one after the other, find in
    it what holds for all of them.
    """
    plan = planned(program, needs)
    numbered = np.asarray(trials, dtype=np.uint64)
    if not len(numbered):
        raise ValueError("no trials are asked for; name at least one")
    sheet = _Sheet(plan, seed, numbered)
    for chunk in slices(len(numbered), together):
        known = before(program, seed, numbered[chunk], plan.part, arms, shared)
        sheet.arrived(chunk, known.come)
        sheet.drawn(chunk, known)
        arm = known.arm.reshape(-1)
        here = followed(known.crowd, arm.astype(np.int64), plan.part, missing=False)
        gaps = sheet.record(chunk, here, complete)
        if not complete:
            sheet.leave_out(chunk, known.crowd, arm, gaps)
    return sheet.finished()


class _Sheet:
    """The arrays of many trials while they are filled, chunk by chunk."""

    def __init__(self, plan: Plan, seed: int, trials: NDArray[np.uint64]) -> None:
        program = plan.program
        self.plan, self.seed, self.trials = plan, seed, trials
        self.n = program.definition.randomisation.n
        self.shape = (len(trials), self.n)
        self.arm = np.empty(self.shape, dtype=np.int8)
        self.position = np.empty(self.shape, dtype=np.int32)
        self.slot, self.day0, self.end = (np.empty(self.shape, dtype=np.int32) for _ in range(3))
        self.ended, self.stopped = (np.empty(self.shape, dtype=np.int8) for _ in range(2))
        self.treatment_end = np.empty(self.shape, dtype=np.int64)
        self.on = self._by_visit(len(program.visits), np.dtype(np.int32))
        self.held = self._by_visit(len(program.visits), np.dtype(np.bool_))
        self.levels = {name: np.empty(self.shape, dtype=np.int8) for name in factors(program.definition)}
        self.items: dict[str, Column] = {}
        self.rows: dict[str, list[LogRows]] = {}
        self.variables: dict[str, Floats] = {}
        self.flow: dict[str, Integers] = {}

    # -------------------------------------------------------------- before the draw

    def arrived(self, chunk: slice, come: Arrivals) -> None:
        """The counts of those who come and do not get to the draw."""
        stages = np.array([fate.stage for fate in self.plan.program.scenarios.fates.values()])
        kinds = {"not_eligible": stages == "screening", "left_before": stages == "waiting"}
        kinds |= {"considered": np.ones(len(stages), dtype=bool), "consented": stages != "prescreening"}
        for name, of in kinds.items():
            counts = self.flow.setdefault(name, np.zeros(len(self.trials), dtype=np.int64))
            counts[chunk] = (come.here & of[come.fate]).sum(axis=1)

    def drawn(self, chunk: slice, known: Before) -> None:
        """Who was drawn when, and for which arm."""
        shape = known.arm.shape
        self.arm[chunk], self.position[chunk] = known.arm, known.position
        self.day0[chunk], self.slot[chunk] = known.crowd.day0.reshape(shape), known.crowd.slot.reshape(shape)
        for name, level in known.levels.items():
            self.levels[name][chunk] = level

    # -------------------------------------------------------------- after the draw

    def record(self, part: slice, crowd: Crowd, complete: bool) -> list[tuple[Integers, Integers]]:
        """What becomes of some trials; gives the pages of each wanted form on which one item will be missing: people
        (rows of these trials) and columns of its places."""
        shape = (part.stop - part.start, self.n)
        for name in ("ended", "end", "stopped", "treatment_end"):
            getattr(self, name)[part] = getattr(crowd, name).reshape(shape)
        self.on[part] = self._laid(crowd.on, part)
        self._hold(part, crowd, complete)
        for name in self.plan.needs.variables:
            self._put_variable(part, name, crowd)
        for form, several in self.plan.rows.items():
            for place, rows in enumerate(several):
                self._put_rows(part, form, place, rows, crowd)
        return [self._put_form(part, wanted, crowd, complete) for wanted in self.plan.forms]

    def _hold(self, part: slice, crowd: Crowd, complete: bool) -> None:
        happens = takes_place(crowd)
        if complete:
            happens[:] = True
        places = self.plan.part.places
        for place, forms in enumerate(self.plan.held):
            if forms is not None:
                filled = np.zeros(len(crowd), dtype=np.bool_)
                for form in forms:
                    if form.when is not None:
                        met_there = np.asarray(form.when(crowd.names), dtype=np.bool_)
                        column = places.index(place) if met_there.shape[1] > 1 else 0
                        filled |= np.broadcast_to(met_there[:, column], filled.shape)
                happens[:, place] &= filled
        self.held[part] = self._laid(happens, part)

    def _put_variable(self, part: slice, name: str, crowd: Crowd) -> None:
        value = crowd.names[name]
        values = np.asarray(value.index if isinstance(value, Codes) else value, dtype=np.float64)
        width = () if values.shape[1] == 1 and name not in self.plan.program.scenarios.visits else (values.shape[1],)
        held = self.variables.setdefault(name, np.empty((*self.shape, *width)))
        held[part] = values.reshape(held[part].shape)

    def _put_form(self, part: slice, wanted: WantedForm, crowd: Crowd, complete: bool) -> tuple[Integers, Integers]:
        there = pages(crowd, wanted.form, wanted.places, wanted.at, lapses=not complete)
        width = (len(crowd), len(self.plan.part.places))
        for item, (source, columns) in wanted.items.items():
            made = numbers(crowd, wanted.form.form, source, crowd.names, width)
            at = _cut([wanted.at[column] for column in columns])
            present = there.written[:, _cut(columns)]
            if made.filled is not None:
                present = present & made.filled[:, at]
            units = made.units[:, at]
            self._put_item(f"{wanted.form.form}.{item}", part, units, present, made)
        people, gaps = np.nonzero(there.gaps)
        if wanted.is_whole and len(people):
            missing = hit(crowd, wanted.form, people, np.array(wanted.places)[gaps], np.array(wanted.at)[gaps])
            self._take_away(wanted, people + part.start * self.n, gaps, missing)
            return people[:0], gaps[:0]
        return people + part.start * self.n, gaps

    def _put_item(self, name: str, part: slice, units: Integers, present: Truths, made: Numbers) -> None:
        if name not in self.items:
            kind = np.int8 if made.names is not None else units.dtype
            empty, nowhere = (self._by_visit(present.shape[1], np.dtype(one)) for one in (kind, np.bool_))
            self.items[name] = Column(empty, nowhere, made.decimals, made.names)
        held = self.items[name]
        if units.dtype.itemsize > held.units.dtype.itemsize:
            wider = self._by_visit(present.shape[1], units.dtype)
            wider[:] = held.units
            held = self.items[name] = Column(wider, held.present, held.decimals, held.names)
        held.present[part] = self._laid(present, part)
        held.units[part] = self._laid(units, part)

    def _by_visit(self, visits: int, kind: np.dtype[Any]) -> NDArray[Any]:
        """An array (trials, n, visits) that lies in memory visit by visit, as it is computed and used."""
        return np.moveaxis(np.empty((visits, *self.shape), dtype=kind), 0, 2)

    def _laid(self, array: NDArray[Any], part: slice) -> NDArray[Any]:
        """(people, visits) of some trials as (trials, n, visits)."""
        return np.moveaxis(array.T.reshape(-1, part.stop - part.start, self.n), 0, 2)

    def _put_rows(self, part: slice, form: str, place: int, rows: RowsProgram, crowd: Crowd) -> None:
        exists, days = entered(crowd, rows)
        names, width = crowd.logs[rows.name], exists.shape
        several = self.rows.setdefault(form, [])
        made = {column.item: fed(column, names, (len(crowd), width[1])) for column in rows.columns}
        if place == len(several):
            several.append(_empty(self.shape, width[1], rows, made))
        held = several[place]
        shape = held.exists[part].shape
        held.exists[part], held.day[part] = exists.reshape(shape), np.where(exists, days, 0).reshape(shape)
        for item, one in made.items():
            present = exists if one.filled is None else exists & one.filled
            held.items[item].present[part] = present.reshape(shape)
            held.items[item].units[part] = np.where(present, one.units, 0).reshape(shape)

    # -------------------------------------------------------------- items that are missing

    def leave_out(self, chunk: slice, crowd: Crowd, arm: Integers, gaps: Sequence[tuple[Integers, Integers]]) -> None:
        """Take away the one item that is missing on each page with a gap. Which one it is hangs on all items of the
        page, so that these people are followed once more with everything that their page needs."""
        for wanted, (rows, columns) in zip(self.plan.forms, gaps, strict=True):
            if not len(rows):
                continue
            people, row = np.unique(rows, return_inverse=True)
            own = people - chunk.start * self.n
            again = met(
                self.plan.program, self.seed, crowd.trial[own], crowd.slot[own], crowd.fate[own], crowd.screened[own],
                crowd.site[own], wanted.whole,
            )  # fmt: skip
            again = followed(again, arm[own].astype(np.int64), wanted.whole)
            places = np.array(wanted.places)[columns]
            at = np.array([wanted.whole.places.index(one) for one in wanted.places])[columns]
            missing = hit(again, wanted.form, row.reshape(-1), places, at)
            self._take_away(wanted, rows, columns, missing)

    def _take_away(self, wanted: WantedForm, rows: Integers, columns: Integers, missing: Sequence[str | None]) -> None:
        gone = np.array([one or "" for one in missing], dtype=object)
        for item, (source, at) in wanted.items.items():
            held = self.items[f"{wanted.form.form}.{item}"]
            chosen = np.array([one in source.on for one in gone.tolist()], dtype=np.bool_)
            for column, place in enumerate(at):
                here = rows[chosen & (columns == place)]
                trial, person = here // self.n, here % self.n
                held.present[trial, person, column] = False

    # -------------------------------------------------------------- the whole

    def finished(self) -> Recorded:
        """The arrays as they are handed over."""
        plan = self.plan
        self.flow["randomised"] = np.full(len(self.trials), self.n, dtype=np.int64)
        if plan.needs.ends:
            self.flow |= self._ends()
        rows = {form: _joined(several) for form, several in self.rows.items()}
        visits = {name: tuple(visits) for name, visits in plan.needs.items.items()}
        return Recorded(
            plan.program, self.seed, self.trials, self.arm, self.levels, dict(factors(plan.program.definition)),
            np.ones(self.shape, dtype=np.bool_), self.slot, self.position, self.day0, self.on, self.held, self.ended,
            self.end, self.stopped, self.treatment_end, self.items, visits, rows, self.variables, self.flow,
        )  # fmt: skip

    def _ends(self) -> dict[str, Integers]:
        verbs = [self.plan.program.scenarios.ends[key].verb for key in self.plan.program.ends]
        counts = {"completed": (self.ended < 0).sum(axis=1)}
        for kind, (verb, index) in ENDS.items():
            of = [place for place, one in enumerate(verbs) if one == verb]
            counts[kind] = np.isin(getattr(self, index), of).sum(axis=1)
        return counts


ENDS = {
    "lost": ("lose", "ended"),
    "withdrawn": ("withdraw_consent", "ended"),
    "visits_stopped": ("stop_visits", "ended"),
    "treatment_stopped": ("stop_treatment", "stopped"),
}
"""Kind of end -> its verb in the scenario's file, and the array that tells it."""


def _cut(columns: Sequence[int]) -> Any:
    """The columns as a slice where they follow each other, which copies nothing."""
    first, last = columns[0], columns[-1]
    return slice(first, last + 1) if list(columns) == list(range(first, last + 1)) else list(columns)


def _empty(shape: tuple[int, int], width: int, rows: RowsProgram, made: Mapping[str, Numbers]) -> LogRows:
    full = (*shape, width)
    items = {
        item: Column(np.zeros(full, dtype=np.int64), np.zeros(full, dtype=np.bool_), one.decimals, one.names)
        for item, one in made.items()
    }
    at = np.repeat(np.array((-1,) * max(1, len(rows.places)) if rows.log else rows.places or (-1,)), rows.spec.rows)
    return LogRows(np.zeros(full, dtype=np.bool_), np.zeros(full, dtype=np.int32), at, items)


def _joined(several: Sequence[LogRows]) -> LogRows:
    """All rows of a form side by side; codes of several scenarios' rows on one list of names."""
    if len(several) == 1:
        return several[0]
    items = {
        item: _side_by_side([(rows.items.get(item), rows.exists.shape) for rows in several])
        for item in dict.fromkeys(item for rows in several for item in rows.items)
    }
    return LogRows(
        np.concatenate([rows.exists for rows in several], axis=2),
        np.concatenate([rows.day for rows in several], axis=2),
        np.concatenate([rows.visit for rows in several]),
        items,
    )


def _side_by_side(columns: Sequence[tuple[Column | None, tuple[int, ...]]]) -> Column:
    known = [column for column, _ in columns if column is not None]
    decimals = max(column.decimals for column in known)
    names = tuple(dict.fromkeys(name for column in known for name in column.names or ()))
    units, present = [], []
    for column, shape in columns:
        if column is None:
            units.append(np.zeros(shape, dtype=np.int64))
            present.append(np.zeros(shape, dtype=np.bool_))
            continue
        present.append(column.present)
        if column.names is None:
            units.append(column.units * 10 ** (decimals - column.decimals))
        else:
            place = np.array([names.index(name) for name in column.names])
            units.append(np.where(column.present, place[column.units], 0))
    return Column(np.concatenate(units, axis=2), np.concatenate(present, axis=2), decimals, names or None)
