"""Every planned analysis asked of many trials at once: the counterpart of `analysis.asking`.

A planned analysis becomes a `Planned`: what it needs of the imagined trials, what it estimates (its targets), and
whether it can be simulated at all. What cannot says which measure, method or distribution lacks what.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright import design, logic
from trialwright.analysis import METHODS
from trialwright.analysis.asking import contrast
from trialwright.design.model import Analysis, Definition
from trialwright.simulate import estimators
from trialwright.simulate.crowds import Needs, Recorded
from trialwright.simulate.estimators import Estimated
from trialwright.simulate.measured import (
    QUANTITIES,
    Items,
    Measured,
    NotSimulated,
    items_of,
    measured,
    thresholds_of,
)
from trialwright.simulate.members import belonging, rows_of
from trialwright.simulate.program import Program

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class Target:
    """One number that an analysis estimates. `label` is empty where there is only one. The truth is that of the
    measure at the visit: a difference of means, or of shares at or above `cut`; none for a test without an
    estimate."""

    label: str
    measure: str | None = None
    visit: str | None = None
    cut: float | None = None


@dataclass(frozen=True)
class Planned:
    """An analysis that can be simulated. `level` is that of its intervals; `leading` the place of the target that
    speaks for it."""

    id: str
    plan: Analysis
    population: str | None
    targets: tuple[Target, ...]
    items: Items
    rows: Mapping[str, tuple[str, ...]]
    measures: Mapping[str, tuple[str, ...]]
    answer: Callable[["Asked"], tuple[Estimated, ...]]
    leading: int = 0

    @property
    def level(self) -> float:
        """0.95 for 95 % intervals."""
        return float(1 - (self.plan.alpha if self.plan.sided == 2 else 2 * self.plan.alpha))


@dataclass(frozen=True)
class Asked:
    """What an analysis is answered from: `arm` is 0 for the reference, 1 for the treatment, -1 for who takes no part;
    `measures` are shared by all analyses of the same trials."""

    recorded: Recorded
    strata: Mapping[str, Any]
    arm: NDArray[np.int64]
    measures: Mapping[str, Measured]
    planned: Planned


def simulated(program: Program, strata: Mapping[str, Any], name: str) -> Planned:
    """The analysis `name` of the definition, made ready. `strata` are the declared factors, which a world may leave
    out of its randomisation and still adjust for. Raises `NotSimulated`."""
    definition, plan = program.definition, program.definition.analyses[name]
    if plan.method not in METHODS and plan.method not in MAKERS:
        raise NotSimulated(f"The method '{plan.method}' is not in the catalogue of this version.")
    if plan.method not in MAKERS:
        raise NotSimulated(f"{METHODS[plan.method].title}: a description without a test, so it has no characteristics.")
    estimand = definition.estimands[plan.estimand] if plan.estimand else None
    endpoint = plan.endpoint or (estimand.endpoint if estimand else None)
    population = plan.population or (estimand.population if estimand else None)
    if endpoint is None:
        raise NotSimulated("The analysis names no endpoint.")
    made = MAKERS[plan.method](_Making(program, strata, name, plan, endpoint, population))
    _refuse_deaths(program, plan)
    return made


@dataclass(frozen=True)
class _Making:
    program: Program
    strata: Mapping[str, Any]
    name: str
    plan: Analysis
    endpoint: str
    population: str | None
    items: Items = field(default_factory=dict)
    measures: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def definition(self) -> Definition:
        return self.program.definition

    def need(self, measure: str, visits: Sequence[str]) -> None:
        """Ask for a measure at these visits, beside what was asked before."""
        _joined(self.items, items_of(self.program, measure, visits))
        _joined(self.measures, {measure: tuple(visits)})

    def made(self, targets: Sequence[Target], answer: Any, leading: int = 0) -> Planned:
        rows = rows_of(self.program, self.population)
        return Planned(
            self.name, self.plan, self.population, tuple(targets), dict(self.items), rows, dict(self.measures), answer,
            leading,
        )  # fmt: skip


def _joined(held: dict[str, tuple[str, ...]], more: Mapping[str, Sequence[str]]) -> None:
    for name, visits in more.items():
        held[name] = tuple(dict.fromkeys((*held.get(name, ()), *visits)))


def needs(several: Sequence[Planned]) -> Needs:
    """What all these analyses together need of the imagined trials."""
    items: dict[str, tuple[str, ...]] = {}
    rows: dict[str, tuple[str, ...]] = {}
    for one in several:
        _joined(items, one.items)
        _joined(rows, one.rows)
    return Needs(items, rows)


def answers(
    recorded: Recorded,
    strata: Mapping[str, Any],
    several: Sequence[Planned],
    took: Callable[[str], None] = lambda what: None,
) -> list[tuple[Estimated, ...]]:
    """The answers of all these analyses, one `Estimated` for each of their targets. `took` is told after each part of
    the work what it was."""
    wanted: dict[str, tuple[str, ...]] = {}
    for one in several:
        _joined(wanted, one.measures)
    shared = {name: measured(recorded, name, visits) for name, visits in wanted.items()}
    took("measures")
    members: dict[str | None, Truths] = {}
    found = []
    for one in several:
        if one.population not in members:
            members[one.population] = belonging(recorded, one.population)
        here = members[one.population]
        arms = contrast(recorded.program.definition, one.plan)
        reference, treatment = (recorded.program.arms.index(arm) for arm in arms)
        arm = np.where(here & (recorded.arm == reference), 0, np.where(here & (recorded.arm == treatment), 1, -1))
        found.append(one.answer(Asked(recorded, strata, arm, shared, one)))
        took(one.id)
    return found


# ------------------------------------------------------------------ one measure at one visit


def _at_one_visit(making: _Making) -> tuple[str, str]:
    """The measure and the visit that are analysed: the first of the endpoint, as `analysis.asking` takes them."""
    endpoint = making.definition.endpoints[making.endpoint]
    if endpoint.event is not None:
        raise NotSimulated("The endpoint is an event, and the method compares values.")
    if not endpoint.measure or not endpoint.at:
        raise NotSimulated("The endpoint names no measure or no visit.")
    making.need(endpoint.measure[0], [endpoint.at[0]])
    return endpoint.measure[0], endpoint.at[0]


def _ancova(making: _Making) -> Planned:
    measure, visit = _at_one_visit(making)
    factors, covariates = _adjustments(making, measure)
    return making.made([Target("", measure, visit)], partial(_answer_ancova, measure, visit, factors, covariates))


def _answer_ancova(
    measure: str, visit: str, factors: Sequence[str], covariates: Sequence[str], asked: Asked
) -> tuple[Estimated]:
    return (
        estimators.ancova(
            asked.measures[measure].at(visit),
            asked.arm,
            [_covariate(asked, measure, name) for name in covariates],
            [_factor(asked, name) for name in factors],
        ),
    )


def _welch(making: _Making) -> Planned:
    measure, visit = _at_one_visit(making)
    return making.made([Target("", measure, visit)], partial(_answer_welch, measure, visit))


def _answer_welch(measure: str, visit: str, asked: Asked) -> tuple[Estimated]:
    return (estimators.welch(asked.measures[measure].at(visit), asked.arm),)


def _responders(making: _Making) -> Planned:
    measure, visit = _at_one_visit(making)
    declared = thresholds_of(making.definition, measure)
    chosen = making.plan.options.get("thresholds")
    if chosen is not None:
        names = {cut: name for name, cut in declared.items()}
        declared = {names.get(cut, f"at least {cut:g}"): cut for cut in map(float, chosen.split(","))}
    if not declared:
        raise NotSimulated("No threshold is declared that would make somebody a responder.")
    targets = [Target(f"{name} (at least {cut:g})", measure, visit, cut) for name, cut in declared.items()]
    return making.made(targets, partial(_answer_responders, measure, visit, tuple(declared.values())))


def _answer_responders(measure: str, visit: str, cuts: Sequence[float], asked: Asked) -> tuple[Estimated, ...]:
    outcome = asked.measures[measure].at(visit)
    return tuple(estimators.responders(outcome, asked.arm, cut, asked.planned.level) for cut in cuts)


# ------------------------------------------------------------------ time to an event


def _kaplan_meier(making: _Making) -> Planned:
    endpoint = making.definition.endpoints[making.endpoint]
    if endpoint.event is None:
        raise NotSimulated("The endpoint has no event whose time could be compared.")
    expression = logic.condition(endpoint.event)
    named = sorted(logic.names(expression) & making.definition.derivations.keys())
    for name in named:
        making.need(name, endpoint.at)
    scope = design.event_scope(making.definition)
    condition = logic.compile(logic.check(expression, scope, expected="boolean"))
    return making.made([Target("")], partial(_answer_kaplan_meier, condition, tuple(named), endpoint.at))


def _answer_kaplan_meier(condition: Any, names: Sequence[str], visits: Sequence[str], asked: Asked) -> tuple[Estimated]:
    recorded = asked.recorded
    time = np.zeros(asked.arm.shape, dtype=np.int64)
    event = np.zeros(asked.arm.shape, dtype=np.bool_)
    for visit in visits:
        values = [asked.measures[name].at(visit) for name in names]
        day = _days(recorded, visit)
        assessed = (day > 0) & ~event & (asked.arm >= 0)
        for column in values:
            assessed &= ~np.isnan(column)
        time[assessed] = day[assessed]
        event[assessed] = _holds(condition, names, [column[assessed] for column in values])
    return (estimators.log_rank(time, event, asked.arm),)


def _days(recorded: Recorded, visit: str) -> NDArray[np.int64]:
    """Days from randomisation to the visit; by plan where no page of it was recorded or it fell on the same day."""
    place = recorded.program.visits.index(visit)
    planned = int(recorded.program.days[place])
    days = np.where(recorded.held[..., place], recorded.on[..., place] - recorded.day0, planned)
    return np.where(days == 0, planned, days).astype(np.int64)


def _holds(condition: Any, names: Sequence[str], columns: Sequence[Floats]) -> Truths:
    """Whether the condition is true of each row of values; it is asked once for each row that is different."""
    rows, place = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    told = [
        condition({name: logic.number(Decimal(repr(value))) for name, value in zip(names, row, strict=True)}) is True
        for row in rows.tolist()
    ]
    return np.array(told, dtype=np.bool_)[place.ravel()]


# ------------------------------------------------------------------ what is adjusted for


def _adjustments(making: _Making, measure: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The declared factors and covariates, in the words of `analysis.asking`; asks for what they need."""
    factors, covariates = [], []
    definition = making.definition
    derivation = definition.derivations.get(measure)
    start = (derivation.baseline if derivation else None) or making.program.visits[making.program.anchor]
    for name in making.plan.covariates:
        first, _, rest = name.partition(".")
        if name in making.strata or (rest == "true" and first in making.strata):
            factor = name if name in making.strata else first
            factors.append(factor)
            if factor not in definition.randomisation.strata:
                item = making.strata[factor].item
                _joined(making.items, items_of(making.program, item, _visits_of(making.program, item)))
        elif first == measure and derivation is not None and rest in QUANTITIES.get(derivation.method, ()):
            covariates.append(name)
        elif first in definition.forms:
            making.need(name, [start])
            covariates.append(name)
        else:
            raise NotSimulated(f"The covariate '{name}' is neither a stratification factor nor known at baseline.")
    return tuple(factors), tuple(covariates)


def _visits_of(program: Program, item: str) -> tuple[str, ...]:
    """The first visit at which an item's form is planned."""
    form = item.partition(".")[0]
    places = next((one.places for one in program.forms if one.form == form), ())
    return tuple(program.visits[place] for place in places[:1])


def _covariate(asked: Asked, measure: str, name: str) -> Floats:
    first, _, rest = name.partition(".")
    if first == measure:
        return asked.measures[measure].baseline[rest]
    derivation = asked.recorded.program.definition.derivations.get(measure)
    program = asked.recorded.program
    return asked.measures[name].at((derivation.baseline if derivation else None) or program.visits[program.anchor])


def _factor(asked: Asked, name: str) -> NDArray[np.int64]:
    """The level of a factor as a whole number: as randomised, or from the recorded item where the world does not
    stratify by it."""
    if name in asked.recorded.levels:
        return np.asarray(asked.recorded.levels[name], dtype=np.int64)
    factor = asked.strata[name]
    column = asked.recorded.items[factor.item]
    texts = column.names or ()
    mapped = [factor.map.get(text, factor.map.get("*", "")) for text in texts]
    levels = sorted(set(mapped))
    table = np.array([levels.index(level) for level in mapped] or [0])
    return np.asarray(table[np.clip(column.units[..., 0], 0, len(table) - 1)], dtype=np.int64)


# ------------------------------------------------------------------ what there is


def _refuse_deaths(program: Program, plan: Analysis) -> None:
    """A composite strategy for deaths is counted as no improvement by `analysis`; scenarios do not tell of deaths
    yet, and one that does must not be simulated as if it did not."""
    estimand = program.definition.estimands[plan.estimand] if plan.estimand else None
    if estimand is None or not estimand.intercurrent.get("death", "").startswith("composite"):
        return
    every = [one.columns for one in program.forms] + [one.columns for one in program.rows]
    for columns in every:
        for column in columns:
            words = {column.feed.text, *(column.feed.texts or {}).values()}
            if column.item == "death_date" or (column.item == "status" and "death" in words):
                raise NotSimulated("The scenario lets participants die, and deaths are not simulated in arrays.")


MAKERS: dict[str, Callable[[_Making], Planned]] = {
    "ancova": _ancova,
    "welch": _welch,
    "responders": _responders,
    "kaplan_meier": _kaplan_meier,
}
"""How a method's analysis is made ready for many trials; what is not here says that it is not simulated."""
