"""Randomise a participant: the one act that cannot be undone."""

from collections.abc import Mapping

from trialwright import design, logic
from trialwright.conduct.alarms import alarm_of_a_refusal
from trialwright.conduct.consent import require_consent
from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person
from trialwright.conduct.protocol import Protocol
from trialwright.conduct.refusal import Refused
from trialwright.conduct.screening import current_verdict
from trialwright.conduct.strata import strata_levels
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import Participant, State
from trialwright.ledger.vault import Damaged, Exhausted, Silent, Slot

LONGEST_KEY = 100
"""Characters of the key of a request; a random one (a UUID) has 36."""


def randomise(desk: Desk, *, participant: str, by: Person, why: str | None = None, request: str | None = None) -> Fact:
    """Draw the next slot of the participant's stratum and record its label: never the arm.

    Refused until consent, verdict and the baseline pages that the definition asks for are there (RN2); a participant
    has one allocation (RN4); a list that has run out refuses, falls back on nothing, and raises an alarm (RN7).

    `request` is a key that the asker makes up before asking. Whoever lost the answer asks again with the same key and
    gets the very same fact; nothing is drawn or written a second time.
    """
    _require_key(request)
    try:
        with desk.act("randomise", by) as state:
            answered = _answered(desk, state, participant, by, request)
            if answered is not None:
                return answered
            return _draw(desk, state, participant, by, why, request)
    except NotDrawn as refused:
        alarm_of_a_refusal(desk, "randomise", by, refused.alarm, {"stratum": refused.stratum})
        raise


class NotDrawn(Refused):
    """The list itself gave no slot, which somebody has to look at: `alarm` says what, of which `stratum`."""

    def __init__(self, sentence: str, code: str, alarm: str, stratum: str) -> None:
        super().__init__(sentence, code)
        self.alarm = alarm
        self.stratum = stratum


def _require_key(request: str | None) -> None:
    if request is not None and not (0 < len(request) <= LONGEST_KEY and request.isascii() and request.isprintable()):
        raise Refused(
            f"The key of a request is one to {LONGEST_KEY} plain letters, digits and signs; make a new one.", "request"
        )


def _answered(desk: Desk, state: State, participant: str, by: Person, request: str | None) -> Fact | None:
    """The draw that this request led to before, whatever has happened since."""
    number = state.requests.get(request) if request is not None else None
    if number is None:
        return None
    desk.participant(participant, by)
    fact = desk.ledger.fact(number)
    if fact.participant != participant:
        raise Refused(
            f"This request was made for somebody else; ask for {participant} with a new key.",
            "request",
        )
    return fact


def _draw(desk: Desk, state: State, participant: str, by: Person, why: str | None, request: str | None) -> Fact:
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
    slot = _next_slot(desk, state, design.stratum_of(protocol.definition, levels), levels, participant)
    payload = {
        "stratum": slot.stratum,
        "levels": levels,
        "position": str(slot.position),
        "label": slot.label,
        "leaf": slot.leaf,
        "request": request,
    }
    return desk.append(by, kinds.ALLOCATION_DRAWN, payload, version, participant, why=why)


def _next_slot(desk: Desk, state: State, stratum: str, levels: Mapping[str, str], participant: str) -> Slot:
    """The next slot of the stratum; refused where there is none, or where it is not the one whose turn it is."""
    try:
        slot = desk.vault.draw(stratum, levels, participant)
    except Exhausted:
        sentence = f"No slot is left for stratum {stratum}; stop enrolling and call the trial office."
        raise NotDrawn(sentence, "exhausted", kinds.LIST_EXHAUSTED, stratum) from None
    except Damaged:
        raise _damaged(stratum) from None
    except Silent:
        sentence = "The allocator does not answer; randomise nobody until it does, and call the trial office."
        raise NotDrawn(sentence, "allocator", kinds.ALLOCATOR_SILENT, stratum) from None
    # A list is used from the first place on without a gap, and then its extension; an allocator counts what the ledger
    # has kept.
    if slot.label in state.labels or slot.position != state.next_position(slot.stratum):
        raise _damaged(stratum)
    return slot


def _damaged(stratum: str) -> NotDrawn:
    return NotDrawn(
        f"The list of stratum {stratum} is not as it was committed; randomise nobody and call the trial office.",
        "list",
        kinds.LIST_DAMAGED,
        stratum,
    )


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
