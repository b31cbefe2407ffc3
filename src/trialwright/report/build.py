"""The report: the content tree of one trial, with or without opened treatments."""

from collections.abc import Mapping

from trialwright.analysis.observations import Observations
from trialwright.analysis.plan import Results
from trialwright.analysis.populations import courses, treatment_form
from trialwright.analysis.unblinding_risk import observed
from trialwright.design.model import Blinding, Definition
from trialwright.ledger.snapshot import Snapshot
from trialwright.report import (
    beyond,
    blinding,
    daily_doses,
    efficacy,
    harms,
    health,
    other_measures,
    outcome,
    people,
    power_page,
    record,
    repeated,
    sealed,
    unblinding_risk,
    worsening,
)
from trialwright.report.content import Content, Section
from trialwright.report.context import Context
from trialwright.report.words import say

BLINDED = (
    "Blinded report: all arms together. The treatments have not been opened and nothing here depends on them. "
    "It counts adverse events, so it is not for outcome assessors."
)

BLINDED_SEE = frozenset({Blinding.OPEN, Blinding.MASKED_FOR_ASSESSORS})
"""What the readers of a blinded report may see; what is masked for the sponsor is for nobody blinded."""


def report(
    definition: Definition,
    snapshot: Snapshot,
    treatments: Mapping[str, str] | None,
    results: Results | None,
    context: Context | None = None,
) -> Content:
    """The whole report. `treatments` maps participants to arms, or is None before unblinding: then everybody is shown
    together, no table is by arm, and `results` must be None as well."""
    if (treatments is None) != (results is None):
        raise ValueError("opened treatments and results come together: give both, or neither for a blinded report")
    context = context or Context()
    seen = Observations(definition, snapshot, sees=BLINDED_SEE if treatments is None else None)
    arms = people.groups(seen, treatments)
    behind = record.provenance(definition, snapshot, context, blinded=treatments is None)
    banner = [line for line in (context.imaginary, _audience(definition, snapshot, treatments)) if line]
    return Content(
        definition.title.official,
        _subtitle(definition, snapshot),
        banner,
        [
            *_outcomes(seen, results, arms),
            people.flow_section(people.participants_flow(seen, treatments, results)),
            people.baseline_section(seen, arms),
            *_measures(seen, results, arms),
            harms.safety_section(seen, arms, _treated(seen)),
            *_after_unblinding(seen, treatments, results, context),
            *_sealed(definition, snapshot),
            people.quality_section(seen, outcome.main_scores(seen)),
            *_design(definition),
            record.assumptions_section(definition),
            record.ambiguities_section(definition),
            record.provenance_section(behind),
        ],
        behind,
        results,
    )


def _measures(seen: Observations, results: Results | None, arms: Mapping[str, tuple[str, ...]]) -> list[Section]:
    """What the definition derives beside its main measure: scores, quality of life, doses, deterioration."""
    shown = {*_main_measure(seen), *(() if results is None else repeated.measures_shown(seen.definition, results))}
    made = (
        other_measures.scores_section(seen, arms, shown),
        health.health_section(seen, arms),
        daily_doses.doses_section(seen, arms),
        worsening.worsening_section(seen, arms),
    )
    return [section for section in made if section is not None]


def _main_measure(seen: Observations) -> tuple[str, ...]:
    endpoint = outcome.main_endpoint(seen.definition)
    return () if endpoint is None else endpoint.measure[:1]


def _after_unblinding(
    seen: Observations, treatments: Mapping[str, str] | None, results: Results | None, context: Context
) -> list[Section]:
    """Whether the blind was kept, what blood tells of the treatment, and every planned analysis; nothing before."""
    if results is None or treatments is None:
        return []
    kept = blinding.blinding_section(results)
    risk = unblinding_risk.risk_section(seen, observed(seen, treatments), context.expected)
    return [
        section for section in (kept, risk, efficacy.other_section(seen.definition, results)) if section is not None
    ]


def _sealed(definition: Definition, snapshot: Snapshot) -> list[Section]:
    """What is sealed and for whom; open to everybody, since it follows from the definition."""
    section = sealed.sealed_section(definition, snapshot)
    return [] if section is None else [section]


def _design(definition: Definition) -> list[Section]:
    """What the planned number of participants can and cannot show; open to everybody, since no data enter."""
    section = power_page.power_section(definition)
    return [] if section is None else [section]


def _audience(definition: Definition, snapshot: Snapshot, treatments: Mapping[str, str] | None) -> str:
    """Who may read the report: while blinded, and between a staged lock and the final one, not everybody."""
    if treatments is None:
        return BLINDED
    last = definition.locks[-1]
    if last.id in snapshot.state.locked:
        return ""
    allowed = [definition.roles.get(role, role).lower() for lock in definition.locks for role in lock.firewall]
    return (
        "Opened before the final lock: everybody else stays blind until then. "
        f"Only for: {', '.join(dict.fromkeys(allowed)) or 'those who opened it'}."
    )


def _outcomes(seen: Observations, results: Results | None, arms: Mapping[str, tuple[str, ...]]) -> list[Section]:
    """The primary analysis, or the sentence that it waits; the main measure over time; responders; time to event; the
    mixed models over the visits."""
    if results is None:
        waits = [
            say("The primary analysis is done after the database is locked and the treatments are opened.", "note")
        ]
        sections = [Section("primary", "Primary analysis", waits)]
    else:
        sections = [efficacy.primary_section(seen, results, arms)]
    scored = outcome.main_scores(seen)
    if scored is not None:
        sections.append(outcome.outcome_section(seen, scored, arms))
    if results is not None:
        more = (
            efficacy.responders_section(seen.definition, results),
            efficacy.time_section(seen.definition, results),
            repeated.visits_section(seen, results),
            beyond.limits_section(seen, results),
        )
        sections += [section for section in more if section is not None]
    return sections


def _treated(seen: Observations) -> list[str] | None:
    """Who received at least one course; None where the definition records no courses."""
    form = treatment_form(seen.definition)
    return None if form is None else [p for p in seen.randomised if courses(seen, p, form) > 0]


def _subtitle(definition: Definition, snapshot: Snapshot) -> str:
    known = [definition.title.acronym, f"version {definition.version} of the definition"]
    known += [", ".join(f"{each.register_} {each.id}" for each in definition.registrations[:2])]
    randomised = sum(person.allocation is not None for person in snapshot.state.participants.values())
    return "; ".join([*(part for part in known if part), f"{randomised} participants randomised"])
