"""Randomise a participant: the one act that cannot be undone."""

from trialwright import design, logic
from trialwright.conduct.consent import require_consent
from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person
from trialwright.conduct.protocol import Protocol
from trialwright.conduct.refusal import Refused
from trialwright.conduct.screening import current_verdict
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import Participant, State
from trialwright.ledger.vault import Exhausted


def randomise(desk: Desk, *, participant: str, by: Person, why: str | None = None) -> Fact:
    """Draw the next slot of the participant's stratum and record its label: never the arm.

    Refused until consent, verdict and the baseline pages that the definition asks for are there (RN2); a participant
    has one allocation (RN4); a list that has run out refuses and falls back on nothing (RN7).
    """
    with desk.act("randomise", by) as state:
        desk.require_unlocked()
        person = desk.participant(participant, by)
        desk.require_taking_part(person)
        require_consent(desk, state, person)
        if person.allocation:
            raise Refused(
                f"{participant} is randomised already (label {person.allocation.label}); nobody is randomised twice.",
                "randomised",
            )
        version = desk.version_at(person.site)
        protocol = desk.protocol(version)
        desk.require_unlocked(protocol.definition.randomisation.visit)
        _require_room(protocol, state)
        _require_verdict(protocol, person)
        _require_baseline(protocol, person)
        levels = strata_levels(protocol, person)
        stratum = design.stratum_name(levels)
        try:
            slot = desk.vault.draw(stratum, levels, participant)
        except Exhausted as none_left:
            raise Refused(
                f"No slot is left for stratum {stratum}; stop enrolling and call the trial office.", "exhausted"
            ) from none_left
        payload = {
            "stratum": slot.stratum,
            "levels": levels,
            "position": str(slot.position),
            "label": slot.label,
            "leaf": slot.leaf,
        }
        return desk.append(by, kinds.ALLOCATION_DRAWN, payload, version, participant, why=why)


def _require_room(protocol: Protocol, state: State) -> None:
    n = protocol.definition.randomisation.n
    if len(state.labels) >= n:
        raise Refused(f"All {n} places of the trial are taken; nobody more can be randomised.", "full")


def _require_verdict(protocol: Protocol, person: Participant) -> None:
    if not person.verdicts or person.verdicts[-1].verdict != "eligible":
        found = person.verdicts[-1].verdict if person.verdicts else "not screened"
        raise Refused(f"{person.id} is {found}; only an eligible participant is randomised.", "eligibility")
    verdict = current_verdict(protocol, person)
    if verdict.overall.value != "eligible":
        raise Refused(
            f"The verdict of {person.id} no longer stands: {verdict.overall.value} on the newest pages; screen again.",
            "eligibility",
            tuple(verdict.lines()),
        )


def _require_baseline(protocol: Protocol, person: Participant) -> None:
    plan = protocol.definition.randomisation
    missing = dict.fromkeys(lack for need in plan.requires for lack in _lacking(protocol, person, need, plan.visit))
    if missing:
        raise Refused(
            f"The baseline of {person.id} is not complete; record these at {plan.visit} first.",
            "baseline",
            tuple(missing),
        )


def _lacking(protocol: Protocol, person: Participant, need: str, visit: str) -> list[str]:
    form, _, item = need.partition(".")
    page = person.pages.get((visit, form, ""))
    rules = protocol.form(form)
    if page is None:
        return [f"{rules.form.label}: no page yet"]
    if not item:
        known = rules.environment(rules.values(page.items), visit)
        return [f"{rules.items[full].label} ({form}.{full})" for full in rules.missing(known, {}, logic.Context())]
    if item in rules.items:
        return [] if page.items.get(item) is not None else [f"{rules.items[item].label} ({need})"]
    value = rules.environment(rules.values(page.items), visit).get(item)
    return [f"the derived {need}"] if value is None or isinstance(value, logic.Absent) else []


def strata_levels(protocol: Protocol, person: Participant) -> dict[str, str]:
    """The participant's level of every stratification factor; refused where one is not known."""
    levels = {}
    for name, factor in protocol.definition.randomisation.strata.items():
        value = _item_text(protocol, person, factor.item)
        if value is None:
            raise Refused(f"{factor.label} of {person.id} is not known; record {factor.item} first.", "strata")
        level = factor.map.get(value, factor.map.get("*"))
        if level is None:
            raise Refused(f"{factor.label}: no stratum is declared for '{value}'.", "strata")
        levels[name] = level
    return levels


def _item_text(protocol: Protocol, person: Participant, place: str) -> str | None:
    form, _, item = place.partition(".")
    found = [
        (protocol.position.get(visit, -1), page.items[item])
        for (visit, name, _), page in person.pages.items()
        if name == form and page.items.get(item) is not None
    ]
    return max(found)[1] if found else None
