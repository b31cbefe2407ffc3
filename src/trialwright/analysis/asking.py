"""From a planned analysis to its `Question`: who is analysed, outcome, covariates, who is omitted and why."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from trialwright import design, logic
from trialwright.analysis import safety
from trialwright.analysis.baseline import variables
from trialwright.analysis.blinding_index import SILENT
from trialwright.analysis.case import Asked, Case, adjustments, limited_covariates, misstratified, omissions, unknown
from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.guesses import guesses, questionnaire
from trialwright.analysis.handling import counted, handling, placed, refuse
from trialwright.analysis.intercurrent import affected
from trialwright.analysis.observations import Observations
from trialwright.analysis.question import Floats, Question
from trialwright.analysis.scores import scores
from trialwright.analysis.visits import over_visits
from trialwright.design.derivations import is_truth
from trialwright.design.forms import kept
from trialwright.design.model import Analysis, Definition, Endpoint


def asked(
    seen: Observations,
    plan: Analysis,
    endpoint: str | None,
    who: Sequence[str],
    treatments: Mapping[str, str],
    measure: str | None = None,
) -> Asked:
    """The question of one planned analysis over the members `who` of its population. Raises `NotEstimable`.

    `measure` is one of the endpoint's, for a method that takes them one by one; without it the first. Participants
    whose arm is not one of the two compared (or not opened) take no part in it.
    """
    arms = contrast(seen.definition, plan)
    compared = tuple(person for person in who if treatments.get(person) in arms)
    arm = np.array([arms.index(treatments[person]) for person in compared], dtype=np.int64)
    level = float(1 - (plan.alpha if plan.sided == 2 else 2 * plan.alpha))
    case = Case(seen, plan, compared, arm, level)
    if plan.method == "baseline_table":
        return Asked(Question(arm, variables=variables(seen, compared), level=level), compared, {})
    if plan.method == "adverse_events":
        log = [list(seen.rows(person, safety.FORM)) for person in compared]
        return Asked(Question(arm, log=log, kinds=safety.kinds_of(seen.definition), level=level), compared, {})
    if plan.method == "blinding_index":
        return _guessed(case, arms)
    if endpoint is None:
        raise NotEstimable("The analysis names no endpoint.")
    if plan.method == "mmrm":
        return over_visits(case, seen.definition.endpoints[endpoint], measure)
    if seen.definition.endpoints[endpoint].event is not None:
        return _when(case, endpoint)
    return _how_much(case, seen.definition.endpoints[endpoint])


def _guessed(case: Case, arms: tuple[str, str]) -> Asked:
    """What was guessed of each participant; nobody's guess at all leaves the participant out."""
    _, visit = questionnaire(case.seen.definition)
    found = guesses(case.seen, case.who, arms)
    at = case.seen.definition.visits[visit].label
    silent = np.all([guess == SILENT for guess, _ in found.values()], axis=0)
    omitted = {case.who[int(index)]: f"no blinding questionnaire at {at}" for index in np.flatnonzero(silent)}
    kept = {name: (guess[~silent], sure[~silent]) for name, (guess, sure) in found.items()}
    thresholds = {name: float(value) for name, value in case.plan.options.items() if name == "sure"}
    question = Question(case.arm[~silent], guesses=kept, thresholds=thresholds, level=case.level)
    return Asked(question, tuple(p for p in case.who if p not in omitted), omitted, visit)


def contrast(definition: Definition, plan: Analysis) -> tuple[str, str]:
    """Reference and treatment, as arms of the definition; declared as (treatment, reference)."""
    estimand = definition.estimands[plan.estimand] if plan.estimand else None
    treatment, reference = (plan.contrast or (estimand.treatments if estimand else tuple(definition.arms)))[:2]
    return reference, treatment


def _how_much(case: Case, endpoint: Endpoint) -> Asked:
    """A measure at one visit, with covariates; participants without the one or the other are omitted and named."""
    if not endpoint.measure or not endpoint.at:
        raise NotEstimable("The endpoint names no measure or no visit.")
    measure, visit, notes = endpoint.measure[0], endpoint.at[0], []
    if len(endpoint.at) > 1 or len(endpoint.measure) > 1:
        notes.append(f"The endpoint names several visits or measures; {measure} at {visit} is analysed.")
    scored = scores(case.seen, measure, case.who, [visit])
    outcome, deaths = _with_deaths(case, visit, scored.at(visit))
    chosen, signs, seen = handling(case.plan.method, case.plan.options), scored.censored_at(visit), ~np.isnan(outcome)
    refuse(scored.label, signs, seen, case.plan.method, chosen)
    beyond = counted(None if signs is None else signs[:, None], seen[:, None], case.arm, (visit,))
    outcome, limits = placed(outcome, signs, chosen)
    if deaths:
        notes.append(f"{deaths} participants who died before {visit} count with a score of 0.")
    notes += [*misstratified(case), *limited_covariates(case, measure)]
    covariates, factors = adjustments(case, measure, scored)
    at = case.seen.definition.visits[visit].label
    nothing = dict.fromkeys(unknown(case.who, np.where(seen, 0.0, np.nan)), f"no {scored.label} at {at}")
    nothing |= dict.fromkeys(
        unknown(case.who, np.where(seen, outcome, 0.0)), f"{scored.label} beyond its limit at {at}"
    )
    omitted = omissions(case, nothing, covariates)
    used = np.array([person not in omitted for person in case.who], dtype=bool)
    if not used.any():
        raise NotEstimable(f"Nobody in the population has a known {scored.label} at {at} with all covariates.")
    question = Question(
        case.arm[used],
        outcome[used],
        {name: values[used] for name, values in covariates.items()},
        {name: values[used] for name, values in factors.items()},
        thresholds(case.plan, scored.thresholds),
        censored=np.empty(0, dtype=np.int8) if limits is None else limits[used],
        handling=chosen,
        level=case.level,
    )
    return Asked(question, tuple(p for p in case.who if p not in omitted), omitted, visit, tuple(notes), beyond)


def _with_deaths(case: Case, visit: str, values: Floats) -> tuple[Floats, int]:
    """Under a composite strategy who died before the visit, and so has no value, counts as no improvement, 0."""
    if not case.strategies.get("death", "").startswith("composite"):
        return values, 0
    dead = set(affected(case.seen, "death", case.who, visit) or ())
    chosen = np.array([person in dead for person in case.who], dtype=bool) & np.isnan(values)
    return np.where(chosen, 0.0, values), int(chosen.sum())


def _when(case: Case, endpoint: str) -> Asked:
    """Weeks to the first visit at which the event is seen, else censored at the last visit at which it could be."""
    visits = case.seen.definition.endpoints[endpoint].at
    condition, names = _event(case.seen.definition, endpoint)
    measured = {name: scores(case.seen, name, case.who, visits).values for name in names}
    found = [_first(case.seen, person, row, visits, condition, measured) for row, person in enumerate(case.who)]
    omitted = {
        person: "never assessed after randomisation"
        for person, (time, _) in zip(case.who, found, strict=True)
        if time == 0
    }
    used = np.array([person not in omitted for person in case.who], dtype=bool)
    times = np.array([time for time, _ in found], dtype=np.float64)[used]
    events = np.array([event for _, event in found], dtype=bool)[used]
    if not used.any():
        raise NotEstimable("Nobody in the population was assessed after randomisation.")
    question = Question(case.arm[used], times=times, events=events, level=case.level)
    return Asked(question, tuple(p for p in case.who if p not in omitted), omitted)


def _first(
    seen: Observations, person: str, row: int, visits: Sequence[str], condition: Any, measured: Mapping[str, Floats]
) -> tuple[float, bool]:
    """(weeks, true) at the first visit with the event, (last assessed week, false) without; week 0: never assessed."""
    last = 0.0
    for column, visit in enumerate(visits):
        known = {name: float(values[row, column]) for name, values in measured.items()}
        week = seen.weeks(person, visit) or seen.planned_week(visit) or 0.0
        if week <= 0 or any(value != value for value in known.values()):
            continue
        last = week
        if condition({name: spoken(seen.definition, name, value) for name, value in known.items()}) is True:
            return week, True
    return last, False


def spoken(definition: Definition, measure: str, value: float) -> Any:
    """A known value of a derivation as a condition reads it: a number, or whether it is so."""
    return value > 0 if is_truth(definition.derivations[measure]) else logic.number(Decimal(repr(value)))


@kept
def _event(definition: Definition, endpoint: str) -> tuple[Any, tuple[str, ...]]:
    """The event's condition, compiled once for a definition, and the derivations that it names."""
    expression = logic.condition(definition.endpoints[endpoint].event)
    scope = design.event_scope(definition)
    named = sorted(logic.names(expression) & definition.derivations.keys())
    return logic.compile(logic.check(expression, scope, expected="boolean")), tuple(named)


def thresholds(plan: Analysis, declared: Mapping[str, float]) -> dict[str, float]:
    """The measure's declared cut-offs by name, or those that `thresholds: "20, 40"` of the analysis lists."""
    chosen = plan.options.get("thresholds")
    if chosen is None:
        return dict(declared)
    names = {cut: name for name, cut in declared.items()}
    return {names.get(cut, f"at least {cut:g}"): cut for cut in map(float, chosen.split(","))}
