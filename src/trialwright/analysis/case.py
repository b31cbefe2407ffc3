"""One planned analysis on one set of participants: what every question about them starts from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright import design
from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.handling import Beyond, covariate_of, handling, placed, refuse
from trialwright.analysis.observations import Observations
from trialwright.analysis.question import Floats, Question
from trialwright.analysis.scores import Scores, scores
from trialwright.design.model import Analysis


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what a reader must know about how it came about: `omitted` is participant -> reason, `beyond`
    counts the values of each visit that lie beyond a limit, before anything was done with them."""

    question: Question
    participants: tuple[str, ...]
    omitted: Mapping[str, str]
    visit: str | None = None
    notes: tuple[str, ...] = ()
    beyond: tuple[Beyond, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One analysis on one set of participants; `arm` is 0 for the reference and 1 for the treatment."""

    seen: Observations
    plan: Analysis
    who: tuple[str, ...]
    arm: NDArray[np.int64]
    level: float

    @property
    def strategies(self) -> Mapping[str, str]:
        """What the estimand says of each intercurrent event."""
        return self.seen.definition.estimands[self.plan.estimand].intercurrent if self.plan.estimand else {}


def baseline_of(seen: Observations, measure: str) -> str:
    """The visit at which a measure has its baseline: its own, else that from which the days count."""
    derivation = seen.definition.derivations.get(measure)
    return (derivation.baseline if derivation else None) or seen.anchor


def adjustments(case: Case, measure: str, scored: Scores) -> tuple[dict[str, Floats], dict[str, NDArray[Any]]]:
    """Declared covariates: a stratification factor as randomised (as recorded where the draw was made without it),
    `<factor>.true` as found to be right, `form.item` or a derivation at baseline, or `<measure>.<quantity>`."""
    covariates: dict[str, Floats] = {}
    factors: dict[str, NDArray[Any]] = {}
    definition = case.seen.definition
    start = baseline_of(case.seen, measure)
    for name in case.plan.covariates:
        first, _, rest = name.partition(".")
        if name in definition.randomisation.strata:
            factors[name] = np.array([_level(case.seen, person, name) for person in case.who], dtype=str)
        elif rest == "true" and first in definition.randomisation.strata:
            factors[name] = np.array([_true_level(case.seen, person, first) for person in case.who], dtype=str)
        elif first == measure and rest in scored.baseline:
            covariates[name] = scored.baseline[rest]
        elif first in definition.forms or name in definition.derivations:
            covariates[name] = _at_baseline(case, name, measure, start)
        else:
            raise NotEstimable(f"The covariate '{name}' is neither a stratification factor nor known at baseline.")
    return covariates, factors


def _at_baseline(case: Case, name: str, measure: str, start: str) -> Floats:
    """An item at baseline; the outcome's own on the scale of the outcome. A value beyond a limit is handled as that of
    an outcome is, but for a tobit: a likelihood of the outcome leaves the covariate at its limit."""
    scored, chosen = scores(case.seen, name, case.who, [start]), handling(case.plan.method, case.plan.options)
    signs = scored.censored_at(start)
    refuse(f"{scored.label} at baseline", signs, ~np.isnan(scored.at(start)), case.plan.method, chosen)
    return placed(scored.at(start), signs, covariate_of(chosen, name == measure))[0]


def limited_covariates(case: Case, measure: str) -> list[str]:
    """What to say of covariates at baseline that lie beyond a limit or have the outcome's scale."""
    chosen, start, said = handling(case.plan.method, case.plan.options), baseline_of(case.seen, measure), []
    for name in case.plan.covariates:
        if name.partition(".")[0] not in case.seen.definition.forms:
            continue
        scored = scores(case.seen, name, case.who, [start])
        if scored.censored is not None and (scored.censored != 0).any():
            how = covariate_of(chosen, False).censored
            said.append(f"{int((scored.censored != 0).sum())} values of {scored.label} at baseline: {how}.")
        if name == measure and chosen.scale:
            said.append(f"{scored.label} at baseline is on the scale {chosen.scale}, as the outcome.")
    return said


def _level(seen: Observations, participant: str, factor: str) -> str:
    allocation = seen.participants[participant].allocation
    if allocation is None:
        return ""
    return allocation.levels[factor] if factor in allocation.levels else _recorded_level(seen, participant, factor)


def _recorded_level(seen: Observations, participant: str, factor: str) -> str:
    """The level by the newest record up to the randomisation visit, as a draw would have taken it: for who was drawn
    without the factor, because the randomisation is not stratified by it or was not yet."""
    declared = seen.definition.randomisation.strata[factor]
    form, _, item = declared.item.partition(".")
    visits = design.visit_order(seen.definition)
    pages = seen.participants[participant].pages
    for visit in reversed(visits[: visits.index(seen.definition.randomisation.visit) + 1]):
        page = pages.get((visit, form, ""))
        value = None if page is None else page.items.get(item)
        if value is not None:
            return declared.map.get(value, declared.map.get("*", ""))
    return ""


def _true_level(seen: Observations, participant: str, factor: str) -> str:
    return seen.participants[participant].true_levels.get(factor) or _level(seen, participant, factor)


def omissions(case: Case, omitted: Mapping[str, str], covariates: Mapping[str, Floats]) -> dict[str, str]:
    """Who is left out and why: those `omitted` already, then who lacks a covariate."""
    found = dict(omitted)
    for name, values in covariates.items():
        for person in unknown(case.who, values):
            found.setdefault(person, f"no {name} at baseline")
    return found


def misstratified(case: Case) -> list[str]:
    """What to say of participants who were randomised under a level that was wrong."""
    people = [case.seen.participants[person] for person in case.who]
    wrong = sum(
        one.allocation is not None and bool(one.true_levels) and one.true_levels != one.allocation.levels
        for one in people
    )
    strata = case.seen.definition.randomisation.strata
    if not wrong or not any(name in strata for name in case.plan.covariates):
        return []
    return [f"{wrong} of {len(case.who)} were randomised under a wrong stratum and are analysed as randomised."]


def unknown(who: Sequence[str], values: Floats) -> list[str]:
    """The participants whose value is not known."""
    return [who[int(index)] for index in np.flatnonzero(np.isnan(values))]
