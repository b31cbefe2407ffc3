"""Imaginary participants as arrays: who arrives, what becomes of them, and every value of every visit and log row.

One function of (program, seed, trials) gives everything for any set of trials at once; a rehearsal asks for one trial
or a chunk, the array simulation for a million. Participants stand on the first axis, trial after trial; `Crowd.trial`
and `Crowd.slot` are their addresses. What happens before randomisation cannot speak of the arm (the file's tables
forbid it), so a participant whose arm turns out otherwise can be followed again under the other arm alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.compute import chance
from trialwright.simulate.formula import Codes
from trialwright.simulate.program import Program, RowsProgram
from trialwright.simulate.variables import Address, Table, spread

Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

ATTEMPTS = 200
"""How often a person who is not accepted is drawn anew before the scenario is called impossible."""
TOGETHER, MOST_ATTEMPTS = 8192, 64
"""Draws that are made together when few people are left to be accepted, and how many of them for one person."""
NEVER = 2**40
"""A day that never comes."""
PEOPLE = 4096
"""People whose days are worked out together."""
KEPT = ("program", "seed", "names", "logs")
"""What is no array of a crowd."""


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


@dataclass(frozen=True)
class Part:
    """What is computed of a program: everything (`whole`), or what somebody asks for (`crowds`).

    `accepting` and `known` are the tables of screening: what decides whether a person is accepted, and the rest.
    `places` are the visits whose variables are computed; `fates` the fates that are followed; `stops` says whether
    stops of the treatment are wanted.
    """

    accepting: Table
    known: Table
    course: Table
    visits: Table
    places: tuple[int, ...]
    rows: tuple[RowsProgram, ...]
    fates: tuple[bool, ...]
    stops: bool = True


def whole(program: Program) -> Part:
    """Everything that a program has."""
    return Part(
        program.accepting, without(program.screening, program.accepting), program.course, program.visit_table,
        tuple(range(len(program.visits))), program.rows, (True,) * len(program.scenarios.fates),
    )  # fmt: skip


def without(table: Table, other: Table) -> Table:
    """The variables of a table that another one does not have."""
    names = {name for name, _ in other.steps}
    return replace(table, steps=tuple(step for step in table.steps if step[0] not in names))


# ------------------------------------------------------------------ who arrives


def arrivals(program: Program, seed: int, trials: Sequence[int] | NDArray[np.uint64], sites: bool = True) -> Arrivals:
    """Who is considered in each trial: a Poisson process, closed after the last person who will be randomised. Without
    `sites` everybody comes to the first one."""
    address = np.asarray(trials, dtype=np.uint64)[:, None]
    fate, here = _fates(program, seed, address)
    places = np.arange(fate.shape[1])
    gaps = chance.exponential(
        chance.uniform(seed, "arrival", address, places, 0), 7 / float(program.scenarios.enrolment.per_week)
    )
    day = _weekday(program, np.floor(np.cumsum(gaps, axis=1)).astype(np.int64))
    weights = [site.planned or 1 for site in program.definition.sites.values()]
    site = np.zeros_like(day)
    if sites:
        site = chance.categorical(chance.uniform(seed, "site", address, places, 0), weights)
    return Arrivals(address[:, 0], here, fate, day, site)


def _fates(program: Program, seed: int, address: NDArray[np.uint64]) -> tuple[Integers, Truths]:
    """What becomes of everybody up to the last one who is enrolled, and who of them comes at all."""
    fates = program.scenarios.fates.values()
    enrolling = np.array([fate.stage == "enrolled" for fate in fates])
    weights = np.array([float(fate.weight) for fate in fates])
    wanted = program.definition.randomisation.n
    share = float(weights[enrolling].sum() / weights.sum())
    # Two standard deviations above the mean suffice for most trials; the others are drawn further on their own.
    slots = int(wanted / share + 2 * (wanted * (1 - share)) ** 0.5 / share) + 2
    fate = np.zeros((len(address), 0), dtype=np.int64)
    left = np.arange(len(address))
    while len(left):
        begun = fate.shape[1]
        fate = np.pad(fate, ((0, 0), (0, slots - begun)))
        u = chance.uniform(seed, "fate", address[left], np.arange(begun, slots), 0)
        fate[left, begun:] = chance.categorical(u, weights)
        left = left[enrolling[fate[left]].sum(axis=1) < wanted]
        slots += max(8, slots // 8)
    taken = np.cumsum(enrolling[fate], axis=1)
    here = taken - enrolling[fate] < wanted
    keep = slice(0, max(1, int(here.sum(axis=1).max(initial=1))))
    return fate[:, keep], here[:, keep]


def _weekday(program: Program, day: Integers, back: bool = False) -> Integers:
    """The day itself, or the Monday after a weekend (`back`: Saturdays become Fridays)."""
    since = day + program.scenarios.enrolment.start.weekday()
    shift = np.array([0, 0, 0, 0, 0, -1 if back else 2, 1])
    return np.asarray(day + shift.take(since - since // 7 * 7))


# ------------------------------------------------------------------ before randomisation


def screened(program: Program, seed: int, come: Arrivals, part: Part | None = None) -> Crowd:
    """Those of the arrivals who consent, with everything that is true of them before randomisation; not yet
    followed."""
    part = part or whole(program)
    stages = [fate.stage for fate in program.scenarios.fates.values()]
    chosen = np.array([of and stage != "prescreening" for of, stage in zip(part.fates, stages, strict=True)])
    row, slot = np.nonzero(come.here & chosen[come.fate])
    return met(
        program, seed, come.trials[row], slot, come.fate[row, slot], come.day[row, slot], come.site[row, slot], part
    )


def met(
    program: Program,
    seed: int,
    trial: NDArray[np.uint64],
    slot: Integers,
    fate: Integers,
    day: Integers,
    site: Integers,
    part: Part,
) -> Crowd:
    """The people at these addresses, who came on these days and meet these fates; not yet followed."""
    names = _accepted(program, seed, trial, slot, fate, day, part)
    low, high = program.scenarios.enrolment.to_baseline
    wait = chance.integer(chance.uniform(seed, "to baseline", trial, slot, 0), low, high)
    early = _weekday(program, day + wait, back=True)
    day0 = np.where(early >= day + low, early, _weekday(program, day + wait))
    enrolled = np.array([one.stage == "enrolled" for one in program.scenarios.fates.values()])[fate]
    nobody = np.full(len(trial), -1)
    never = np.full(len(trial), NEVER)
    on = _visit_days(program, seed, trial, slot, day, day0)
    return Crowd(
        program, seed, trial, slot, fate, enrolled, site, day, day0, on, nobody, nobody, never, nobody, never,
        np.ones_like(on, dtype=np.bool_), names, {},
    )  # fmt: skip


def _accepted(
    program: Program,
    seed: int,
    trial: NDArray[np.uint64],
    slot: Integers,
    fate: Integers,
    day: Integers,
    part: Part,
) -> dict[str, Any]:
    """The variables of screening, drawn anew for whoever is not accepted: the attempt is part of the address.

    Until everybody is accepted only what the condition needs is computed.
    """
    attempt = np.zeros(len(trial), dtype=np.int64)
    left = np.arange(len(trial))
    names = _known_before(program, fate, day)
    done = 0
    while done < ATTEMPTS:
        # The few who are left are drawn several times at once; the first attempt that is accepted counts.
        several = min(max(1, TOGETHER // max(1, len(left))), MOST_ATTEMPTS, ATTEMPTS - done)
        who = np.repeat(left, several)
        tries = (done + np.tile(np.arange(several), len(left)))[:, None]
        tried = part.accepting.fill(
            _known_before(program, fate[who], day[who]), Address(seed, trial[who, None], slot[who, None], tries)
        )
        accepted = np.broadcast_to(program.accept(tried), (len(who), 1)).astype(bool).reshape(len(left), several)
        fits, first = accepted.any(axis=1), accepted.argmax(axis=1)
        attempt[left] = done + first
        _put(names, part.accepting, tried, left, np.arange(len(left)) * several + first, len(trial))
        left = left[~fits]
        if not len(left):
            address = Address(seed, trial[:, None], slot[:, None], attempt[:, None])
            return part.known.fill(names, address)
        done += several
    worst = list(program.scenarios.fates)[int(fate[left[0]])]
    raise Impossible(
        f"{ATTEMPTS} draws gave nobody of fate '{worst}' whom screening.accept takes; "
        "look at its variables and the condition"
    )


def _put(
    names: dict[str, Any], table: Table, tried: Mapping[str, Any], rows: Integers, chosen: Integers, people: int
) -> None:
    """Keep the chosen rows of what was drawn for some of the people; those of an earlier attempt are gone."""
    for name, _ in table.steps:
        value = tried.get(name)
        if value is None:
            continue
        if name not in names and len(rows) == people == len(value.index if isinstance(value, Codes) else value):
            names[name] = value
            continue
        held = names.get(name, value)
        old, new = (held.index, value.index) if isinstance(value, Codes) else (held, value)
        if name not in names:
            old = np.empty((people, 1), dtype=new.dtype)
        elif not old.flags.writeable:
            old = old.copy()
        old[rows] = new[chosen]
        names[name] = Codes(old, value.names) if isinstance(value, Codes) else old


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
    # Visit after visit in memory, because whole visits are looked at; a few thousand people at once stay in the cache.
    on = np.empty((len(program.visits), len(trial)), dtype=np.int64)
    on[: program.anchor] = day
    on[program.anchor] = day0
    after = slice(program.anchor + 1, None)
    places = np.arange(len(program.visits))[after, None]
    drift = float(program.scenarios.working.drift_days)
    for start in range(0, len(trial), PEOPLE):
        part = slice(start, start + PEOPLE)
        u = chance.uniform(seed, "drift", trial[None, part], slot[None, part], places)
        planned = day0[part] + program.days[after, None] + np.rint(chance.normal(u, 0, drift)).astype(np.int64)
        on[after, part] = _weekday(program, np.maximum(_weekday(program, planned, back=True), day0[part] + 1))
        np.maximum.accumulate(on[:, part], axis=0, out=on[:, part])
    return on.T


def some_of(crowd: Crowd, rows: slice) -> Crowd:
    """Some rows of a crowd that has not been followed."""

    def cut(value: Any) -> Any:
        if isinstance(value, Codes):
            return Codes(value.index[rows], value.names)
        if isinstance(value, np.ndarray) and value.shape[:1] == (len(crowd),):
            return value[rows]
        return value

    arrays = {one.name: cut(getattr(crowd, one.name)) for one in fields(crowd) if one.name not in KEPT}
    return replace(crowd, **arrays, names={name: cut(value) for name, value in crowd.names.items()})


# ------------------------------------------------------------------ after randomisation


def followed(crowd: Crowd, arm: Integers, part: Part | None = None, missing: bool = True) -> Crowd:
    """The same people with an arm each (-1: none) and everything that follows: the course, the visits, the logs.
    Without `missing` the crowd knows already which visits are missed."""
    program = crowd.program
    part = part or whole(program)
    one = Address(crowd.seed, crowd.trial[:, None], crowd.slot[:, None], np.zeros((1, 1), dtype=np.int64))
    names = dict(crowd.names)
    names["arm"] = Codes(arm[:, None], program.arms)
    names["day0"] = crowd.day0[:, None].astype(np.float64)
    part.course.fill(names, one)
    crowd = _with_ends(replace(crowd, arm=arm), names, part)
    places = np.array(part.places, dtype=np.int64)
    several = replace(one, place=places[None, :])
    names["ended"] = Codes(crowd.ended[:, None] + 1, ("none", *program.ends))
    names["end"] = crowd.end[:, None].astype(np.float64)
    names["treatment_end"] = crowd.treatment_end[:, None].astype(np.float64)
    names["visit"] = spread(Codes(several.place, program.visits), several)
    names["week"] = program.weeks[None, places]
    names["on"] = crowd.on[:, places].astype(np.float64)
    part.visits.fill(names, several)
    logs = {rows.name: _log(crowd, rows, names, part) for rows in part.rows}
    return replace(crowd, names=names, logs=logs, attended=attended(crowd, part) if missing else crowd.attended)


def _with_ends(crowd: Crowd, names: dict[str, Any], part: Part) -> Crowd:
    """Exponential times from the anchor visit; the first end of participation counts, a stop of treatment apart."""
    program = crowd.program
    first = np.full(len(crowd), np.inf)
    ended = np.full(len(crowd), -1)
    treatment = np.full(len(crowd), np.inf)
    stopped = np.full(len(crowd), -1)
    for index, (key, per_week) in enumerate(program.ends.items()):
        of_treatment = program.scenarios.ends[key].verb == "stop_treatment"
        if of_treatment and not part.stops:
            continue
        hazard = np.broadcast_to(np.asarray(per_week(names), dtype=np.float64), (len(crowd), 1))[:, 0]
        u = chance.uniform(crowd.seed, f"end.{key}", crowd.trial, crowd.slot, 0)
        with np.errstate(divide="ignore"):
            day = crowd.day0 + 1 + np.floor(7 * chance.exponential(u, 1 / hazard))
        if of_treatment:
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


def attended(crowd: Crowd, part: Part) -> Truths:
    """Visits that take place: not missed by chance, where the scenario lets them be missed. Only the places of this
    part are looked at."""
    lapses, visits = crowd.program.scenarios.working.lapses, crowd.program.visits
    there = np.ones((len(visits), len(crowd)), dtype=np.bool_)
    open_to_chance = np.array([place for place in part.places if visits[place] not in lapses.never_at], dtype=int)
    if lapses.visit and len(open_to_chance):
        u = chance.uniform(
            crowd.seed, "missed visit", crowd.trial[None, :], crowd.slot[None, :], open_to_chance[:, None]
        )
        there[open_to_chance] = u >= float(lapses.visit)
    return there.T


def _log(crowd: Crowd, rows: RowsProgram, names: Mapping[str, Any], part: Part) -> dict[str, Any]:
    """The variables of a log, with `exists` and `day` beside them."""
    program = crowd.program
    length = rows.spec.rows * max(1, len(rows.places))
    one = Address(crowd.seed, crowd.trial[:, None], crowd.slot[:, None], np.arange(length)[None, :])
    own = dict(names)
    if rows.places:
        at = np.repeat(np.array([part.places.index(place) for place in rows.places]), rows.spec.rows)
        for name in sorted(program.visit_names & names.keys()):
            value = names[name]
            own[f"@{name}"] = value
            own[name] = Codes(value.index[:, at], value.names) if isinstance(value, Codes) else value[:, at]
    own["row"] = np.tile(np.arange(rows.spec.rows, dtype=np.float64), max(1, len(rows.places)))[None, :]
    rows.table.fill(own, one)
    own["exists"] = spread(np.asarray(rows.exists(own), dtype=np.bool_), one)
    own["day"] = spread(np.asarray(rows.day(own), dtype=np.float64), one)
    return own
