"""Every planned analysis asked of many trials at once: the counterpart of `analysis.asking`.

A planned analysis becomes a `Planned`: what it needs of the imagined trials, what it estimates (its targets), and
whether it can be simulated at all. What cannot says which measure, method or distribution lacks what.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright import design, logic
from trialwright.analysis import METHODS
from trialwright.analysis.asking import contrast, spoken, thresholds
from trialwright.analysis.handling import Handling
from trialwright.design.model import Analysis, Definition
from trialwright.simulate import beyond, estimators
from trialwright.simulate.crowds import Needs, Recorded
from trialwright.simulate.estimators import Estimated
from trialwright.simulate.measured import NotSimulated, joined, measured, somebody_dies, thresholds_of
from trialwright.simulate.members import belonging
from trialwright.simulate.over_visits import over_visits
from trialwright.simulate.planned import Asked, Making, Planned, Target, adjustments, covariate, factor
from trialwright.simulate.program import Program
from trialwright.simulate.tobit import tobit_of

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


def simulated(program: Program, strata: Mapping[str, Any], name: str) -> dict[str, Planned | str]:
    """The analysis `name` of the definition made ready, or why it cannot be simulated: id -> either; several where its
    method takes the measures of the endpoint one by one. `strata` are the declared factors."""
    definition, plan = program.definition, program.definition.analyses[name]
    estimand = definition.estimands[plan.estimand] if plan.estimand else None
    endpoint = plan.endpoint or (estimand.endpoint if estimand else None)
    population = plan.population or (estimand.population if estimand else None)
    method = METHODS.get(plan.method)
    if method is None:
        return {name: f"The method '{plan.method}' is not in the catalogue of this version."}
    if plan.method not in MAKERS:
        return {name: f"{method.title}: a description without a test, so it has no characteristics."}
    if endpoint is None:
        return {name: "The analysis names no endpoint."}
    measures = definition.endpoints[endpoint].measure
    each: Sequence[str | None] = measures if method.each_measure and len(measures) > 1 else (None,)
    found: dict[str, Planned | str] = {}
    for measure in each:
        try:
            _refuse_strategies(program, plan)
            made = MAKERS[plan.method](Making(program, strata, name, plan, endpoint, population, measure))
            found[made.id] = made
        except NotSimulated as why:
            found[name if measure is None else f"{name} {measure}"] = str(why)
    return found


def needs(several: Sequence[Planned]) -> Needs:
    """What all these analyses together need of the imagined trials."""
    items: dict[str, tuple[str, ...]] = {}
    rows: dict[str, tuple[str, ...]] = {}
    for one in several:
        joined(items, one.items)
        joined(rows, one.rows)
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
        joined(wanted, one.measures)
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


def _at_one_visit(making: Making) -> tuple[str, str]:
    """The measure and the visit that are analysed: the first of the endpoint, as `analysis.asking` takes them."""
    endpoint = making.definition.endpoints[making.endpoint]
    if endpoint.event is not None:
        raise NotSimulated("The endpoint is an event, and the method compares values.")
    if not endpoint.measure or not endpoint.at:
        raise NotSimulated("The endpoint names no measure or no visit.")
    making.need(endpoint.measure[0], [endpoint.at[0]])
    return endpoint.measure[0], endpoint.at[0]


def _ancova(making: Making) -> Planned:
    measure, visit = _at_one_visit(making)
    factors, covariates = adjustments(making, measure)
    chosen = beyond.handled(making.plan)
    return making.made(
        [beyond.target("", making.definition, measure, visit, chosen)],
        partial(_answer_ancova, measure, visit, factors, covariates, chosen),
    )


def _answer_ancova(
    measure: str, visit: str, factors: Sequence[str], covariates: Sequence[str], chosen: Handling, asked: Asked
) -> tuple[Estimated]:
    outcome, signs, why = beyond.outcome(asked, measure, [visit], covariates, chosen)
    known = [covariate(asked, measure, name) for name in covariates]
    levels = [factor(asked, name) for name in factors]
    if chosen.tobit:
        made = tobit_of(outcome[..., 0], None if signs is None else signs[..., 0], asked.arm, known, levels, chosen)
    else:
        made = estimators.ancova(outcome[..., 0], asked.arm, known, levels)
    return (beyond.refusing(made, why),)


def _welch(making: Making) -> Planned:
    measure, visit = _at_one_visit(making)
    chosen = beyond.handled(making.plan)
    if chosen.tobit:
        raise NotSimulated("Welch's test of two censored means is not simulated; the method tobit is.")
    target = beyond.target("", making.definition, measure, visit, chosen)
    return making.made([target], partial(_answer_welch, measure, visit, chosen))


def _answer_welch(measure: str, visit: str, chosen: Handling, asked: Asked) -> tuple[Estimated]:
    outcome, _, why = beyond.outcome(asked, measure, [visit], (), chosen)
    return (beyond.refusing(estimators.welch(outcome[..., 0], asked.arm), why),)


def _responders(making: Making) -> Planned:
    measure, visit = _at_one_visit(making)
    declared = thresholds(making.plan, thresholds_of(making.definition, measure))
    if not declared:
        raise NotSimulated("No threshold is declared that would make somebody a responder.")
    targets = [Target(f"{name} (at least {cut:g})", measure, visit, cut) for name, cut in declared.items()]
    return making.made(targets, partial(_answer_responders, measure, visit, tuple(declared.values())))


def _answer_responders(measure: str, visit: str, cuts: Sequence[float], asked: Asked) -> tuple[Estimated, ...]:
    values, _, why = beyond.outcome(asked, measure, [visit], (), Handling())
    found = (estimators.responders(values[..., 0], asked.arm, cut, asked.planned.level) for cut in cuts)
    return tuple(beyond.refusing(one, why) for one in found)


# ------------------------------------------------------------------ time to an event


def _kaplan_meier(making: Making) -> Planned:
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
        event[assessed] = _holds(recorded.program.definition, condition, names, [column[assessed] for column in values])
    return (estimators.log_rank(time, event, asked.arm),)


def _days(recorded: Recorded, visit: str) -> NDArray[np.int64]:
    """Days from randomisation to the visit; by plan where no page of it was recorded or it fell on the same day."""
    place = recorded.program.visits.index(visit)
    planned = int(recorded.program.days[place])
    days = np.where(recorded.held[..., place], recorded.on[..., place] - recorded.day0, planned)
    return np.where(days == 0, planned, days).astype(np.int64)


def _holds(definition: Definition, condition: Any, names: Sequence[str], columns: Sequence[Floats]) -> Truths:
    """Whether the condition is true of each row of values; it is asked once for each row that is different."""
    if not len(columns[0]):
        return np.zeros(0, dtype=np.bool_)
    rows, place = np.unique(columns[0], return_inverse=True)
    if len(columns) > 1:
        rows, place = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    told = [
        condition({name: spoken(definition, name, value) for name, value in zip(names, row, strict=True)}) is True
        for row in rows.reshape(len(rows), -1).tolist()
    ]
    return np.array(told, dtype=np.bool_)[place.ravel()]


# ------------------------------------------------------------------ what can be simulated


def _refuse_strategies(program: Program, plan: Analysis) -> None:
    """What `analysis` does by the estimand's strategies is done here too, or refused: scenarios do not tell of deaths
    yet, and one that does must not be simulated as if it did not; other events change values of the mixed model."""
    estimand = program.definition.estimands[plan.estimand] if plan.estimand else None
    for event, strategy in estimand.intercurrent.items() if estimand else ():
        how = strategy.split()[0].strip("(:,;").lower()
        if how not in ("composite", "hypothetical"):
            continue
        if "death" not in event.lower() and plan.method == "mmrm":
            raise NotSimulated(f"The strategy for {event} ({strategy}) changes values, which is not simulated.")
        if "death" in event.lower() and somebody_dies(program):
            raise NotSimulated("The scenario lets participants die, and deaths are not simulated in arrays.")


MAKERS: dict[str, Callable[[Making], Planned]] = {
    "ancova": _ancova,
    "tobit": _ancova,
    "welch": _welch,
    "responders": _responders,
    "kaplan_meier": _kaplan_meier,
    "mmrm": over_visits,
}
"""How a method's analysis is made ready for many trials; what is not here says that it is not simulated."""
