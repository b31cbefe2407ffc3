"""Every analysis that the definition declares, run on a snapshot with opened treatments.

A planned analysis becomes a `Question` (arrays over the participants it analyses) and its method answers. What cannot
be answered says why: a method or measure that the program lacks, or data that do not hold what the method needs.
Nothing that was planned is left out of the results.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

from trialwright.analysis import METHODS
from trialwright.analysis.ancova import AdjustedMean
from trialwright.analysis.asking import asked, contrast
from trialwright.analysis.estimates import Effect, Interval, Lacking, NotEstimable
from trialwright.analysis.handling import Beyond, Handling
from trialwright.analysis.observations import Observations
from trialwright.analysis.populations import populations
from trialwright.analysis.sealed import Closed, require_opened
from trialwright.capture.form import FormRules
from trialwright.design.model import Analysis, Definition
from trialwright.ledger.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Answer:
    """One planned analysis and what came of it; where its method takes the endpoint's measures one by one, of one
    `measure`.

    `status`: `done`; `lacking` (the program has no such method or measure); `refused` (the data do not allow it);
    `sealed` (it rests on sealed items that nobody has opened).
    `arms` are the labels of reference and treatment, `n` how many of each were analysed, `placed` the arm (0 or 1) of
    each of the `analysed`, `omitted` the participants of the population who were not, with the reason. `result` is
    the frozen result of the method, on the scale of its `handling`; `beyond` counts the values of each visit beyond a
    limit.
    """

    id: str
    label: str
    level: str
    method: str
    title: str
    endpoint: str | None
    visit: str | None
    population: str | None
    status: str
    why: str = ""
    arms: tuple[str, str] = ("", "")
    n: tuple[int, int] = (0, 0)
    analysed: tuple[str, ...] = ()
    placed: tuple[int, ...] = ()
    omitted: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    result: Any = None
    measure: str | None = None
    handling: Handling = field(default_factory=Handling)
    beyond: tuple[Beyond, ...] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """All planned analyses in the order of the definition, one after the other for several measures of one, and the
    populations that they were run on."""

    answers: tuple[Answer, ...]
    populations: Mapping[str, tuple[str, ...]]

    @property
    def primary(self) -> Answer | None:
        """The first analysis of level primary."""
        return next((answer for answer in self.answers if answer.level == "primary"), None)


def analyse(
    definition: Definition,
    snapshot: Snapshot,
    treatments: Mapping[str, str],
    rules: MutableMapping[str, FormRules] | None = None,
) -> Results:
    """Run every planned analysis. `treatments` maps every randomised participant to an arm of the definition."""
    seen = Observations(definition, snapshot, {} if rules is None else rules)
    members = populations(seen)
    answers = [
        _answer(seen, name, plan, members, treatments, measure)
        for name, plan in definition.analyses.items()
        for measure in _measures(definition, plan)
    ]
    return Results(tuple(answers), members)


def primary(
    definition: Definition,
    snapshot: Snapshot,
    treatments: Mapping[str, str],
    rules: MutableMapping[str, FormRules] | None = None,
) -> Answer:
    """The primary analysis alone: what a rehearsal needs of each rehearsed trial. Pass the same `rules` every time."""
    seen = Observations(definition, snapshot, {} if rules is None else rules)
    name = next((name for name, plan in definition.analyses.items() if plan.level == "primary"), None)
    if name is None:
        raise NotEstimable("The definition declares no primary analysis.")
    return _answer(seen, name, definition.analyses[name], populations(seen), treatments)


def effect(answer: Answer) -> Effect | None:
    """The difference between the arms with its standard error and limits, where the method gives one."""
    return getattr(answer.result, "effect", None)


def ratio(answer: Answer, found: Effect | AdjustedMean) -> Interval | None:
    """A difference (or a mean) on a logarithmic scale as a ratio of geometric means (or a geometric mean) with its
    interval; None on the outcome's own scale."""
    base = answer.handling.base
    if base is None:
        return None
    value = found.estimate if isinstance(found, Effect) else found.mean
    return Interval(base**value, base**found.lower, base**found.upper)


def _endpoint(definition: Definition, plan: Analysis) -> str | None:
    return plan.endpoint or (definition.estimands[plan.estimand].endpoint if plan.estimand else None)


def _measures(definition: Definition, plan: Analysis) -> tuple[str | None, ...]:
    """The measures that a planned analysis answers one by one; one None where it takes the endpoint as a whole."""
    method, endpoint = METHODS.get(plan.method), _endpoint(definition, plan)
    measures = definition.endpoints[endpoint].measure if endpoint else ()
    return measures if method is not None and method.each_measure and len(measures) > 1 else (None,)


def _all_measures(definition: Definition, endpoint: str | None) -> tuple[str, ...]:
    return tuple(definition.endpoints[endpoint].measure) if endpoint else ()


def _label(definition: Definition, plan: Analysis, measure: str | None) -> str:
    """What the analysis is called; with the measure where it has several."""
    if measure is None:
        return plan.label
    form, _, item = measure.partition(".")
    if measure in definition.derivations:
        return f"{plan.label}: {definition.derivations[measure].label}"
    known = definition.forms[form]
    labels = {one.id: one.label for one in known.items} | {one.id: one.label for one in known.derive}
    return f"{plan.label}: {labels.get(item, measure)}"


def _answer(
    seen: Observations,
    name: str,
    plan: Analysis,
    members: Mapping[str, tuple[str, ...]],
    treatments: Mapping[str, str],
    measure: str | None = None,
) -> Answer:
    estimand = seen.definition.estimands[plan.estimand] if plan.estimand else None
    endpoint = _endpoint(seen.definition, plan)
    population = plan.population or (estimand.population if estimand else None)
    method = METHODS.get(plan.method)
    title = plan.method if method is None else method.title
    label = _label(seen.definition, plan, measure)
    head = Answer(name, label, plan.level, plan.method, title, endpoint, None, population, "lacking", measure=measure)
    if method is None:
        return replace(head, why=f"The method '{plan.method}' is not in the catalogue of this version.")
    who = members[population] if population else seen.randomised
    try:
        require_opened(seen, plan, (measure,) if measure else _all_measures(seen.definition, endpoint))
        put = asked(seen, plan, endpoint, who, treatments, measure)
        result = method.answer(put.question)
    except Closed as closed:
        return replace(head, status="sealed", why=str(closed))
    except NotEstimable as refusal:
        return replace(head, status="lacking" if isinstance(refusal, Lacking) else "refused", why=str(refusal))
    reference, treatment = contrast(seen.definition, plan)
    in_treatment = int(put.question.arm.sum())
    return replace(
        head,
        visit=put.visit,
        status="done",
        arms=(seen.definition.arms[reference].label, seen.definition.arms[treatment].label),
        n=(put.question.arm.size - in_treatment, in_treatment),
        analysed=put.participants,
        placed=tuple(put.question.arm.tolist()),
        omitted=tuple(put.omitted.items()),
        notes=put.notes,
        result=result,
        handling=put.question.handling,
        beyond=put.beyond,
    )
