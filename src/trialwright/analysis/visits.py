"""From a planned analysis of a measure over several visits to its `Question`: a column of outcomes for each visit."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trialwright.analysis.case import (
    Asked,
    Case,
    adjustments,
    baseline_of,
    limited_covariates,
    misstratified,
    omissions,
)
from trialwright.analysis.course import Choices, Course, chosen
from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.handling import Beyond, counted, placed, refuse
from trialwright.analysis.intercurrent import affected
from trialwright.analysis.question import Floats, Question
from trialwright.analysis.scores import Scores, scores
from trialwright.design.model import Definition, Endpoint


def over_visits(case: Case, endpoint: Endpoint, measure: str | None = None) -> Asked:
    """The measure (without one the endpoint's first) at all visits of the endpoint. Raises `NotEstimable`.

    Participants with no value at any of them, or without a covariate, are omitted and named; a visit at which nobody
    has a value, because the trial has not come so far, is left out and named.
    """
    if not endpoint.measure or len(endpoint.at) < 2:
        raise NotEstimable("The endpoint names no measure, or fewer than two visits.")
    choices, name = chosen(case.plan.options), measure or endpoint.measure[0]
    start = baseline_of(case.seen, name)
    later = [visit for visit in endpoint.at if not (choices.constrained and visit == start)]
    scored = scores(case.seen, name, case.who, [start, *later] if choices.constrained else later)
    first = int(choices.constrained)
    values, notes = _by_strategy(case, later, scored.values[:, first:].copy())
    whole, limits, beyond = _handled(case, scored, choices, np.column_stack([scored.values[:, :first], values]))
    values = whole[:, first:]
    kept, empty = _seen_at_all(case, later, values, scored.label)
    if choices.constrained:
        _refuse_baseline(case, scored)
    covariates, factors = adjustments(case, name, scored)
    silent = np.isnan(values[:, kept]).all(axis=1)
    nothing = dict.fromkeys(np.array(case.who)[silent].tolist(), f"no {scored.label} at any of the visits")
    omitted = omissions(case, nothing, covariates)
    used = np.array([person not in omitted for person in case.who], dtype=bool)
    if not used.any():
        raise NotEstimable(f"Nobody in the population has a known {scored.label} with all covariates.")
    names = [later[place] for place in kept]
    leading = first + names.index(_leading(case, choices, names))
    places = [*range(first), *(first + place for place in kept)]
    outcome = whole[:, places][used]
    visits = tuple([start] * first + names)
    weeks = tuple(_week(case, visit) for visit in visits)
    question = Question(
        case.arm[used],
        outcome[:, leading],
        {name: column[used] for name, column in covariates.items()},
        {name: column[used] for name, column in factors.items()},
        course=Course(outcome, visits, weeks, leading, choices, None if limits is None else limits[:, places][used]),
        handling=choices.handling,
        level=case.level,
    )
    people = tuple(person for person in case.who if person not in omitted)
    said = (*notes, *empty, *misstratified(case), *limited_covariates(case, name))
    return Asked(question, people, omitted, visits[leading], said, beyond)


def _handled(
    case: Case, scored: Scores, choices: Choices, values: Floats
) -> tuple[Floats, NDArray[np.int8] | None, tuple[Beyond, ...]]:
    """The values on their scale with what is declared of those beyond a limit, which of them the likelihood is told of,
    and their counts. What a strategy has put in the place of a value lies beyond nothing."""
    signs, known = scored.censored, ~np.isnan(values)
    if signs is not None:
        signs = np.where(values == scored.values, signs, 0).astype(np.int8)
    refuse(scored.label, signs, known, "mmrm", choices.handling)
    beyond = counted(signs, known, case.arm, scored.visits)
    return *placed(values, signs, choices.handling), beyond


def _refuse_baseline(case: Case, scored: Scores) -> None:
    """Refuse a baseline among the outcomes that nobody has, or that is a covariate as well."""
    if np.isnan(scored.values[:, 0]).all():
        at = case.seen.definition.visits[scored.visits[0]].label
        raise NotEstimable(
            f"Nobody has a known {scored.label} at {at}, so its mean there cannot be shared by the arms."
        )
    if scored.name in case.plan.covariates:
        raise NotEstimable(f"'{scored.name}' cannot be a covariate and, as a constrained baseline, an outcome too.")


def _by_strategy(case: Case, visits: Sequence[str], values: Floats) -> tuple[Floats, list[str]]:
    """The values as the estimand's strategies want them, and what to say of it.

    Composite: who died has no value after it and counts with 0; after another event 0 stands in the place of what was
    seen. Hypothetical: what was seen after the event is set aside, as if missing. Treatment policy: as seen.
    """
    notes = []
    for event, strategy in case.strategies.items():
        how = strategy.split()[0].strip("(:,;").lower()
        if how not in ("composite", "hypothetical"):
            continue
        happened = _happened(case, event, visits)
        if happened is None:
            notes.append(f"The program cannot tell whom '{event}' befell, so its strategy ({strategy}) is not applied.")
            continue
        known = ~np.isnan(values)
        changed = happened & (known if how == "hypothetical" else ~known | ("death" not in event.lower()))
        values[changed] = np.nan if how == "hypothetical" else 0.0
        people, word = int(changed.any(axis=1).sum()), event.replace("_", " ")
        what = "are set aside" if how == "hypothetical" else "count with a score of 0"
        if people:
            notes.append(f"{int(changed.sum())} values of {people} participants after {word} {what} ({strategy}).")
    return values, notes


def _happened(case: Case, event: str, visits: Sequence[str]) -> np.ndarray | None:
    """Whether the event had happened to each participant (n) by each visit (m); None for one that cannot be seen."""
    columns = []
    for visit in visits:
        people = affected(case.seen, event, case.who, visit)
        if people is None:
            return None
        by_then = set(people)
        columns.append([person in by_then for person in case.who])
    return np.array(columns, dtype=bool).T


def _seen_at_all(case: Case, visits: Sequence[str], values: Floats, label: str) -> tuple[list[int], list[str]]:
    """The visits at which somebody has a value, and what to say of the others."""
    some: list[bool] = np.asarray((~np.isnan(values)).any(axis=0)).tolist()
    kept = [place for place, one in enumerate(some) if one]
    if not kept:
        raise NotEstimable(f"Nobody in the population has a known {label} at any of the visits.")
    of = case.seen.definition.visits
    missing = [of[visit].label for visit, one in zip(visits, some, strict=True) if not one]
    said = f"Nobody has a known {label} at {', '.join(missing)}, so the model is of the other visits."
    return kept, [said] if missing else []


def _leading(case: Case, choices: Choices, visits: Sequence[str]) -> str:
    """The visit that speaks for the analysis: the one that it names, else the primary endpoint's, else the last."""
    if choices.visit is not None:
        if choices.visit not in visits:
            raise NotEstimable(f"The analysis is to speak of {choices.visit}, where nobody has a value.")
        return choices.visit
    return next((visit for visit in _primary_visits(case.seen.definition) if visit in visits), visits[-1])


def _primary_visits(definition: Definition) -> list[str]:
    return [visit for each in definition.endpoints.values() if each.level == "primary" for visit in each.at]


def _week(case: Case, visit: str) -> float:
    week = case.seen.planned_week(visit)
    return float("nan") if week is None else week
