"""The public page of a trial: everything a register shows of it, and what registers lose."""

from __future__ import annotations

from dataclasses import dataclass

from trialwright import logic
from trialwright.design.model import Definition, Endpoint, Intervention, SourceStatus
from trialwright.registry.compare_criteria import defined_ages, in_words
from trialwright.web.public import criteria, schedule

ADDRESSES = {
    "ClinicalTrials.gov": "https://clinicaltrials.gov/study/{}",
    "CTIS": "https://euclinicaltrials.eu/search-for-clinical-trials/?EUCT={}",
    "EudraCT": "https://www.clinicaltrialsregister.eu/ctr-search/search?query={}",
    "ISRCTN": "https://www.isrctn.com/{}",
}
"""Where a register shows a number; registers without a stable address are shown without a link."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration of the trial; `address` is None where the register has no stable one."""

    register: str
    id: str
    address: str | None


@dataclass(frozen=True, slots=True)
class ArmShown:
    """An arm with everything that is given in it."""

    label: str
    kind: str
    gives: tuple[Intervention, ...]


@dataclass(frozen=True, slots=True)
class OutcomeShown:
    """An outcome: what, how it is measured, and when."""

    label: str
    description: str | None
    measured: str
    when: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """A value that no source confirms."""

    where: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the public page shows."""

    definition: Definition
    ages: str
    sex: str
    registrations: tuple[Registration, ...]
    key_facts: tuple[tuple[str, str], ...]
    arms: tuple[ArmShown, ...]
    other_treatments: tuple[Intervention, ...]
    randomisation: tuple[tuple[str, str], ...]
    blinded: tuple[str, ...]
    unblinded: tuple[str, ...]
    inclusion: tuple[criteria.Shown, ...]
    exclusion: tuple[criteria.Shown, ...]
    schedule: schedule.Table
    outcomes: tuple[tuple[str, tuple[OutcomeShown, ...]], ...]
    sample_size: str | None
    assumptions: tuple[Assumption, ...]
    sources: tuple[tuple[str, str], ...]


def page(definition: Definition) -> Page:
    """The page of a definition."""
    given = {key for arm in definition.arms.values() for key in arm.gives}
    return Page(
        definition=definition,
        ages=in_words(defined_ages(definition)) or "no limit is written in the criteria",
        sex={"any": "all"}.get(definition.sex, definition.sex),
        registrations=tuple(_registration(known.register_, known.id) for known in definition.registrations),
        key_facts=_key_facts(definition),
        arms=tuple(
            ArmShown(arm.label, arm.kind, tuple(definition.interventions[key] for key in arm.gives))
            for arm in definition.arms.values()
        ),
        other_treatments=tuple(one for key, one in definition.interventions.items() if key not in given),
        randomisation=_randomisation(definition),
        blinded=tuple(definition.roles.get(role, role) for role in definition.blinding.blinded),
        unblinded=tuple(definition.roles.get(role, role) for role in definition.blinding.unblinded),
        inclusion=criteria.shown(definition, "inclusion"),
        exclusion=criteria.shown(definition, "exclusion"),
        schedule=schedule.table(definition),
        outcomes=_outcomes(definition),
        sample_size=_sample_size(definition),
        assumptions=tuple(assumptions(definition)),
        sources=tuple((source.text, source.status.value) for source in definition.sources.values()),
    )


def _registration(register: str, number: str) -> Registration:
    pattern = ADDRESSES.get(register)
    return Registration(register, number, pattern.format(number) if pattern else None)


def _key_facts(definition: Definition) -> tuple[tuple[str, str], ...]:
    codes = ", ".join(f"{code.system} {code.code}" for code in definition.condition.codes)
    funders = "; ".join(funder.name for funder in definition.funders)
    sites = "; ".join(
        ", ".join(part for part in (site.name, site.city, site.country) if part) for site in definition.sites.values()
    )
    facts = (
        ("Condition", f"{definition.condition.text}{f' ({codes})' if codes else ''}"),
        ("Phase", definition.phase),
        ("Study type", definition.study_type),
        ("Design", definition.design),
        ("Participants planned", str(definition.randomisation.n)),
        (
            "Sponsor",
            f"{definition.sponsor.name}{f', {definition.sponsor.country}' if definition.sponsor.country else ''}",
        ),
        ("Funders", funders),
        ("Sites", sites),
        ("Definition", f"version {definition.version}{f', {definition.dated}' if definition.dated else ''}"),
    )
    return tuple((name, value) for name, value in facts if value)


def _randomisation(definition: Definition) -> tuple[tuple[str, str], ...]:
    plan = definition.randomisation
    ratio = " : ".join(str(share) for share in plan.ratio.values())
    labels = " : ".join(definition.arms[key].label for key in plan.ratio if key in definition.arms)
    strata = "; ".join(stratum.label for stratum in plan.strata.values())
    visit = definition.visits[plan.visit].label if plan.visit in definition.visits else plan.visit
    facts = (
        ("Ratio", f"{ratio} ({labels})"),
        ("Method", plan.method.replace("_", " ")),
        ("Stratified by", strata.lower()),
        ("When", visit.lower()),
        ("Concealment", plan.concealment or ""),
        ("Blinding", definition.blinding.level),
        ("Emergency", definition.blinding.emergency or ""),
    )
    return tuple((name, value) for name, value in facts if value)


_LEVELS = (
    ("primary", "Primary outcome"),
    ("secondary", "Secondary outcomes"),
    ("exploratory", "Exploratory outcomes"),
    ("safety", "Safety"),
)


def _outcomes(definition: Definition) -> tuple[tuple[str, tuple[OutcomeShown, ...]], ...]:
    found = []
    # The objectives name the endpoints in the order of the protocol; the rest follow.
    named = [key for objective in definition.objectives for key in objective.endpoints]
    order = [key for key in dict.fromkeys([*named, *definition.endpoints]) if key in definition.endpoints]
    for level, heading in _LEVELS:
        chosen = [definition.endpoints[key] for key in order if definition.endpoints[key].level == level]
        here = tuple(_outcome(definition, one) for one in chosen)
        if here:
            found.append((heading, here))
    return tuple(found)


def _outcome(definition: Definition, endpoint: Endpoint) -> OutcomeShown:
    when = ", ".join(definition.visits[visit].label.lower() for visit in endpoint.at if visit in definition.visits)
    measured = dict.fromkeys(_measured(definition, name) for name in endpoint.measure)
    if endpoint.event is not None:
        names = {key: derivation.label for key, derivation in definition.derivations.items()}
        measured |= dict.fromkeys([logic.english(logic.condition(endpoint.event), names)])
    return OutcomeShown(endpoint.label, endpoint.description, "; ".join(measured), when or "throughout")


def _measured(definition: Definition, name: str) -> str:
    form, _, _ = name.partition(".")
    if name in definition.derivations:
        return definition.derivations[name].label
    return definition.forms[form].label if form in definition.forms else name


def _sample_size(definition: Definition) -> str | None:
    size = definition.sample_size
    if size is None:
        return None
    return (
        f"{size.n} participants give {size.power:.0%} power to find a difference of {size.difference} "
        f"with a standard deviation of {size.sd} (alpha {size.alpha}, dropout {size.dropout:.0%})."
    )


def assumptions(definition: Definition) -> list[Assumption]:
    """Every value that rests on a source marked as assumed, by its place in the definition."""
    assumed = {key for key, source in definition.sources.items() if source.status is SourceStatus.ASSUMED}
    return [Assumption(found.path, found.note) for found in definition.provenance if found.source in assumed]
