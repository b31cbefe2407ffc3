"""Imaginary participants as arrays: who arrives, what becomes of them, and every value of every visit and log row.

One function of (program, seed, trials) gives everything for any set of trials at once; a rehearsal asks for one trial
or a chunk, the array simulation for a million. Participants stand on the first axis, trial after trial; `Crowd.trial`
and `Crowd.slot` are their addresses. What happens before randomisation cannot speak of the arm (the file's tables
forbid it), so a participant whose arm turns out otherwise can be followed again under the other arm alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.compute import chance
from trialwright.simulate.formula import Codes
from trialwright.simulate.program import Program, RowsProgram
from trialwright.simulate.variables import Address, spread

Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

ATTEMPTS = 200
"""How often a person who is not accepted is drawn anew before the scenario is called impossible."""
NEVER = 2**40
"""A day that never comes."""


class Impossible(ValueError):
    """The scenario describes people who cannot exist: no draw satisfies what `screening.accept` asks."""


@dataclass(frozen=True)
class Arrivals:
    """Everybody who was considered, trial by trial, up to the last one who is enrolled.

    Axes: trials, slots. `here`: the slot exists (enrolment was open); `fate`: index into the scenario's fates; `day`:
    days since the start of enrolment; `site`: index into the definition's sites.
    """

    trials: NDArray[np.uint64]
    here: Truths
    fate: Integers
    day: Integers
    site: Integers


@dataclass(frozen=True)
class Crowd:
    """Those who consent. Arrays have one row per participant; `names` holds the variables with two axes.

    `day0` is the day of the anchor visit, `on` the days of all visits, `end` the last day of participation and
    `treatment_end` the last day of study treatment (`NEVER` where there is none); `ended` and `stopped` are indices
    into the scenario's ends, -1 for none.
    """

    program: Program
    seed: int
    trial: NDArray[np.uint64]
    slot: Integers
    fate: Integers
    enrolled: Truths
    site: Integers
    screened: Integers
    day0: Integers
    on: Integers
    arm: Integers
    ended: Integers
    end: Integers
    stopped: Integers
    treatment_end: Integers
    attended: Truths
    names: dict[str, Any]
    logs: Mapping[str, dict[str, Any]]

    def __len__(self) -> int:
        return len(self.trial)


# ------------------------------------------------------------------ who arrives


def arrivals(program: Program, seed: int, trials: Sequence[int]) -> Arrivals:
    """Who is considered in each trial: a Poisson process, closed after the last person who will be randomised."""
    fates = program.scenarios.fates
    enrolling = np.array([fate.stage == "enrolled" for fate in fates.values()])
    weights = np.array([float(fate.weight) for fate in fates.values()])
    wanted = program.definition.randomisation.n
    slots = int(wanted / (weights[enrolling].sum() / weights.sum()) * 1.5) + 20
    address = np.asarray(trials, dtype=np.uint64)[:, None]
    while True:
        places = np.arange(slots)
        fate = chance.categorical(chance.uniform(seed, "fate", address, places, 0), weights)
        taken = np.cumsum(enrolling[fate], axis=1)
        if not len(taken) or (taken[:, -1] >= wanted).all():
            break
        slots *= 2
    here = taken - enrolling[fate] < wanted
    gaps = chance.exponential(
        chance.uniform(seed, "arrival", address, places, 0), 7 / float(program.scenarios.enrolment.per_week)
    )
    day = _weekday(program, np.floor(np.cumsum(gaps, axis=1)).astype(np.int64))
    sites = [site.planned or 1 for site in program.definition.sites.values()]
    site = chance.categorical(chance.uniform(seed, "site", address, places, 0), sites)
    keep = slice(0, max(1, int(here.sum(axis=1).max(initial=1))))
    return Arrivals(address[:, 0], here[:, keep], fate[:, keep], day[:, keep], site[:, keep])


def _weekday(program: Program, day: Integers, back: bool = False) -> Integers:
    """The day itself, or the Monday after a weekend (`back`: Saturdays become Fridays)."""
    weekday = (day + program.scenarios.enrolment.start.weekday()) % 7
    saturday = np.where(weekday == 5, -1 if back else 2, 0)
    return np.asarray(day + saturday + np.where(weekday == 6, 1, 0))


# ------------------------------------------------------------------ before randomisation


def screened(program: Program, seed: int, come: Arrivals) -> Crowd:
    """Those of the arrivals who consent, with everything that is true of them before randomisation; not yet
    followed."""
    fates = list(program.scenarios.fates.values())
    consenting = np.array([fate.stage != "prescreening" for fate in fates])
    row, slot = np.nonzero(come.here & consenting[come.fate])
    trial, fate, day = come.trials[row], come.fate[row, slot], come.day[row, slot]
    names = _accepted(program, seed, trial, slot, fate, day)
    low, high = program.scenarios.enrolment.to_baseline
    wait = chance.integer(chance.uniform(seed, "to baseline", trial, slot, 0), low, high)
    early = _weekday(program, day + wait, back=True)
    day0 = np.where(early >= day + low, early, _weekday(program, day + wait))
    enrolled = np.array([one.stage == "enrolled" for one in fates])[fate]
    nobody = np.full(len(trial), -1)
    never = np.full(len(trial), NEVER)
    on = _visit_days(program, seed, trial, slot, day, day0)
    return Crowd(
        program, seed, trial, slot, fate, enrolled, come.site[row, slot], day, day0, on, nobody, nobody, never, nobody,
        never, np.ones_like(on, dtype=np.bool_), names, {},
    )  # fmt: skip


def _accepted(
    program: Program, seed: int, trial: NDArray[np.uint64], slot: Integers, fate: Integers, day: Integers
) -> dict[str, Any]:
    """The variables of screening, drawn anew for whoever is not accepted: the attempt is part of the address.

    Until everybody is accepted only what the condition needs is computed.
    """
    attempt = np.zeros(len(trial), dtype=np.int64)
    left = np.arange(len(trial))
    for _ in range(ATTEMPTS):
        address = Address(seed, trial[left, None], slot[left, None], attempt[left, None])
        names = program.accepting.fill(_known_before(program, fate[left], day[left]), address)
        left = left[~np.broadcast_to(program.accept(names), (len(left), 1))[:, 0].astype(bool)]
        if not len(left):
            address = Address(seed, trial[:, None], slot[:, None], attempt[:, None])
            return program.screening.fill(_known_before(program, fate, day), address)
        attempt[left] += 1
    worst = list(program.scenarios.fates)[int(fate[left[0]])]
    raise Impossible(
        f"{ATTEMPTS} draws gave nobody of fate '{worst}' whom screening.accept takes; "
        "look at its variables and the condition"
    )


def _known_before(program: Program, fate: Integers, day: Integers) -> dict[str, Any]:
    """What the variables of screening may speak of: the parameters, the fate, the day of screening."""
    known: dict[str, Any] = dict(program.parameters)
    known["fate"] = Codes(fate[:, None], tuple(program.scenarios.fates))
    known["screened"] = day[:, None].astype(np.float64)
    return known


def _visit_days(
    program: Program, seed: int, trial: NDArray[np.uint64], slot: Integers, day: Integers, day0: Integers
) -> Integers:
    """The day of every visit: as planned from the anchor visit with some drift, on weekdays, in their order."""
    places = np.arange(len(program.visits))
    drift = float(program.scenarios.working.drift_days)
    shift = np.rint(chance.normal(chance.uniform(seed, "drift", trial[:, None], slot[:, None], places), 0, drift))
    on = _weekday(program, day0[:, None] + program.days + shift.astype(np.int64), back=True)
    on[:, program.anchor] = day0
    on[:, : program.anchor] = day[:, None]
    after = slice(program.anchor + 1, None)
    on[:, after] = _weekday(program, np.maximum(on[:, after], day0[:, None] + 1))
    return np.asarray(np.maximum.accumulate(on, axis=1))


# ------------------------------------------------------------------ after randomisation


def followed(crowd: Crowd, arm: Integers) -> Crowd:
    """The same people with an arm each (-1: none) and everything that follows: the course, the visits, the logs."""
    program = crowd.program
    one = Address(crowd.seed, crowd.trial[:, None], crowd.slot[:, None], np.zeros((1, 1), dtype=np.int64))
    names = dict(crowd.names)
    names["arm"] = Codes(arm[:, None], program.arms)
    names["day0"] = crowd.day0[:, None].astype(np.float64)
    program.course.fill(names, one)
    crowd = _with_ends(replace(crowd, arm=arm), names, one)
    several = replace_place(one, len(program.visits))
    names["ended"] = Codes(crowd.ended[:, None] + 1, ("none", *program.ends))
    names["end"] = crowd.end[:, None].astype(np.float64)
    names["treatment_end"] = crowd.treatment_end[:, None].astype(np.float64)
    names["visit"] = spread(Codes(several.place, program.visits), several)
    names["week"] = program.weeks[None, :]
    names["on"] = crowd.on.astype(np.float64)
    program.visit_table.fill(names, several)
    logs = {rows.name: _log(crowd, rows, names) for rows in program.rows}
    return replace(crowd, names=names, logs=logs, attended=_attended(crowd))


def replace_place(address: Address, places: int) -> Address:
    """The same people at the places 0, 1, ... of another axis."""
    return Address(address.seed, address.trial, address.slot, np.arange(places)[None, :])


def _with_ends(crowd: Crowd, names: dict[str, Any], address: Address) -> Crowd:
    """Exponential times from the anchor visit; the first end of participation counts, a stop of treatment apart."""
    program = crowd.program
    first = np.full(len(crowd), np.inf)
    ended = np.full(len(crowd), -1)
    treatment = np.full(len(crowd), np.inf)
    stopped = np.full(len(crowd), -1)
    for index, (key, per_week) in enumerate(program.ends.items()):
        hazard = np.broadcast_to(np.asarray(per_week(names), dtype=np.float64), (len(crowd), 1))[:, 0]
        u = chance.uniform(address.seed, f"end.{key}", crowd.trial, crowd.slot, 0)
        with np.errstate(divide="ignore"):
            day = crowd.day0 + 1 + np.floor(7 * chance.exponential(u, 1 / hazard))
        if program.scenarios.ends[key].verb == "stop_treatment":
            stopped[day < treatment] = index
            treatment = np.minimum(treatment, day)
        else:
            ended[day < first] = index
            first = np.minimum(first, day)
    last = crowd.on[:, -1]
    inside = crowd.enrolled & (crowd.arm >= 0) & (first < last)
    last_course = crowd.on[:, program.last_treatment]
    stops = (
        crowd.enrolled & (crowd.arm >= 0) & (treatment <= np.where(inside, np.minimum(first, last_course), last_course))
    )
    return replace(
        crowd,
        ended=np.where(inside, ended, -1),
        end=np.where(inside, np.where(np.isfinite(first), first, 0), last).astype(np.int64),
        stopped=np.where(stops, stopped, -1),
        treatment_end=np.where(stops, np.where(np.isfinite(treatment), treatment, 0), NEVER).astype(np.int64),
    )


def _attended(crowd: Crowd) -> Truths:
    """Visits that take place: not missed by chance, where the scenario lets them be missed."""
    lapses = crowd.program.scenarios.working.lapses
    places = np.arange(len(crowd.program.visits))
    u = chance.uniform(crowd.seed, "missed visit", crowd.trial[:, None], crowd.slot[:, None], places)
    always = np.array([visit in lapses.never_at for visit in crowd.program.visits])
    return np.asarray(always | (u >= float(lapses.visit)))


def _log(crowd: Crowd, rows: RowsProgram, names: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of a log, with `exists` and `day` beside them."""
    program = crowd.program
    length = rows.spec.rows * max(1, len(rows.places))
    one = Address(crowd.seed, crowd.trial[:, None], crowd.slot[:, None], np.arange(length)[None, :])
    own = dict(names)
    if rows.places:
        at = np.repeat(np.array(rows.places), rows.spec.rows)
        for name in program.visit_names:
            value = names[name]
            own[f"@{name}"] = value
            own[name] = Codes(value.index[:, at], value.names) if isinstance(value, Codes) else value[:, at]
    own["row"] = np.tile(np.arange(rows.spec.rows, dtype=np.float64), max(1, len(rows.places)))[None, :]
    rows.table.fill(own, one)
    own["exists"] = spread(np.asarray(rows.exists(own), dtype=np.bool_), one)
    own["day"] = spread(np.asarray(rows.day(own), dtype=np.float64), one)
    return own
