"""Numbered kits: every movement of a kit is a fact with numbers, statuses and places, and never with what is in one.

Which kit a participant gets is chosen by a client of somebody who may know (`cli.kits`); what comes here is a number.
So nothing that is refused here can depend on an arm. That no kit is left for somebody is all that a site is told.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from trialwright.allocation.annex import TEST
from trialwright.allocation.kit_numbers import kit_number
from trialwright.allocation.kits import WrongKit, digest, read_package
from trialwright.allocation.resupply import Taker
from trialwright.allocation.stock import usable, wrong
from trialwright.conduct.alarms import alarm_of_a_refusal
from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person, require_site
from trialwright.conduct.refusal import Refused, require_why
from trialwright.design.calendar import anchor_visit, days_from_anchor
from trialwright.design.kits import KitSupply
from trialwright.ledger import kinds, kits
from trialwright.ledger.canonical import instant
from trialwright.ledger.fact import Fact
from trialwright.ledger.kits import Movement
from trialwright.ledger.replay import Participant, State

NEEDS_REASON = frozenset({kits.REJECT, kits.QUARANTINE, kits.DAMAGE, kits.LOSE})


def no_kit(participant: str, visit: str) -> Refused:
    """What everybody is told when no kit of the participant's arm is there: never which arm is out, nor how many kits
    of others are left."""
    return Refused(
        f"No kit can be dispensed to {participant} at {visit}; call the depot now, and do not take another's kit.",
        "no kit",
    )


def list_kits(desk: Desk, *, package: bytes, by: Person, why: str | None = None) -> Fact:
    """Take in a sealed kit list: its numbers become kits at the depot that wait for their release.

    Refused for a damaged package, another trial's, a test list in a real trial (and the reverse), a number that is
    known already, a list that has expired and one that does not outlast every earlier one.
    """
    with desk.act("list_kits", by) as state:
        desk.require_unlocked()
        _plan(desk)
        try:
            made = read_package(package)
        except WrongKit as error:
            raise Refused(f"The kit list was not taken in: {error}.", "package") from None
        trial = desk.protocol().definition.id
        if made.trial != trial:
            raise Refused(f"This kit list is of trial {made.trial}; this is trial {trial}.", "package")
        if (made.purpose == TEST) != state.rehearsal:
            kind, other = ("rehearsal", "test") if state.rehearsal else ("real trial", "production")
            raise Refused(f"This is a {made.purpose} list; a {kind} takes a {other} list.", "package")
        known = [number for number in made.numbers if number in state.kits]
        if known or len(set(made.numbers)) < len(made.numbers):
            raise Refused(f"{len(known)} numbers of this list are kits of the trial already; make it anew.", "package")
        latest = max((about["use_by"] for about in state.kit_lists.values()), default="")
        if made.use_by <= latest:
            raise Refused(
                f"The kits of this list are good until {made.use_by}, and the trial has kits until {latest} already; "
                "a newer list carries a later date, by which places know which to use.",
                "package",
            )
        if made.use_by < desk.clock.now().date().isoformat():
            raise Refused(f"The kits of this list expired on {made.use_by}.", "expired")
        payload = {
            "root": made.root,
            "digest": digest(package),
            "trial": made.trial,
            "purpose": made.purpose,
            "use_by": made.use_by,
            "kits": list(made.numbers),
        }
        return desk.append(by, kinds.KITS_LISTED, payload, state.version, why=why)


def move_kits(
    desk: Desk,
    *,
    movement: str,
    numbers: Sequence[str],
    place: str,
    by: Person,
    why: str | None = None,
    shipment: str = "",
) -> Fact:
    """Release, reject, ship, return, record as expired, damaged or lost, or destroy kits. `place`: where they are; of a
    shipment, where they go. Refused, with a sentence per kit, unless each is in the right status and place."""
    if movement in (kits.RECEIVE, kits.QUARANTINE, kits.DISPENSE) or movement not in kits.BECOMES:
        raise Refused(f"'{movement}' is not recorded in this way.", "movement")
    with desk.act(f"{movement}_kits", by) as state:
        held = {kit.status for number in numbers if (kit := state.kits.get(kit_number(number))) is not None}
        if movement in NEEDS_REASON or (movement == kits.RELEASE and kits.QUARANTINED in held):
            require_why(why)
        return _moved(desk, state, by, movement, numbers, place, why, shipment=shipment)


def receive_kits(
    desk: Desk,
    *,
    numbers: Sequence[str],
    site: str,
    by: Person,
    excursion: str | None = None,
    reading: str | None = None,
    why: str | None = None,
) -> Fact:
    """Record what arrived at a site. `excursion`: what happened on the way in words, or `reading` the temperature that
    the logger shows where it lies outside the declared range: the kits are in quarantine from the first instant."""
    with desk.act("receive_kits", by) as state:
        incident = _incident(_plan(desk), reading, excursion)
        fact = _moved(desk, state, by, kits.RECEIVE, numbers, site, why)
        if incident is None:
            return fact
        return _moved(desk, state, by, kits.QUARANTINE, numbers, site, excursion or incident, incident=incident)


def quarantine_kits(
    desk: Desk,
    *,
    place: str,
    by: Person,
    why: str,
    reading: str | None = None,
    numbers: Sequence[str] | None = None,
) -> Fact:
    """Put every kit that is in stock at a place (or those named) in quarantine at once, after an incident or a
    temperature (`reading`, in degrees Celsius) outside the declared range. Quality assurance releases or rejects."""
    with desk.act("quarantine_kits", by) as state:
        require_why(why)
        incident = _incident(_plan(desk), reading, why)
        if incident is None:
            raise Refused(f"{reading} degrees lie within the declared range; nothing is put in quarantine.", "reading")
        affected = (
            [
                number
                for number, kit in sorted(state.kits.items())
                if kit.place == place and kit.status in (kits.AVAILABLE, kits.MADE)
            ]
            if numbers is None
            else numbers
        )
        if not affected:
            raise Refused(f"No kit is in stock at {place}, so nothing is put in quarantine.", "kits")
        return _moved(desk, state, by, kits.QUARANTINE, affected, place, why, incident=incident)


def dispense_kits(
    desk: Desk,
    *,
    participant: str,
    visit: str,
    numbers: Sequence[str],
    by: Person,
    replaces: str = "",
    why: str | None = None,
) -> Fact:
    """Hand kits to a randomised participant at a visit. `replaces`: the number of the damaged or lost kit of the same
    visit in whose stead this one is given."""
    with desk.act("dispense_kits", by) as state:
        desk.require_unlocked(visit)
        person = desk.participant(participant, by)
        count = how_many(desk, person, visit, replaces)
        if replaces:
            require_why(why)
        if len(numbers) != count:
            raise Refused(f"{participant} gets {count} at {visit}; {len(numbers)} are named.", "count")
        broken = kit_number(replaces)
        return _moved(desk, state, by, kits.DISPENSE, numbers, person.site, why, person, visit, broken)


def report_no_kit(desk: Desk, *, participant: str, visit: str, by: Person) -> Fact | None:
    """Raise the alarm that somebody got no kit, once a day for a site and visit; None where it stands already."""
    site = desk.participant(participant, by).site
    return alarm_of_a_refusal(desk, "dispense_kits", by, kinds.NO_KIT, {"site": site, "visit": visit})


# ------------------------------------------------------------------ what is asked first


def how_many(desk: Desk, person: Participant, visit: str, replaces: str = "") -> int:
    """How many kits somebody is handed at a visit now, one in the stead of a damaged or lost one (`replaces`). Refused
    for somebody who is not randomised, takes no treatment any more or has them already, and at other visits."""
    plan = _plan(desk)
    desk.require_taking_part(person)
    if person.allocation is None:
        raise Refused(f"{person.id} is not randomised; nothing is dispensed before the draw.", "not randomised")
    if person.treatment_stopped:
        raise Refused(f"{person.id} has stopped treatment; nothing more is dispensed.", "stopped")
    if visit not in plan.dispense:
        raise Refused(f"No kit is handed out at {visit}; the visits are {', '.join(plan.dispense)}.", "visit")
    if replaces:
        _require_replaceable(desk.state, kit_number(replaces), person, visit)
    given = handed_out(desk.state, person.id, visit)
    room = plan.dispense[visit] - len(given)
    if room < 1:
        raise Refused(f"{person.id} was handed the kits of {visit} already: {', '.join(given)}.", "handed out")
    return 1 if replaces else room


def handed_out(state: State, participant: str, visit: str) -> list[str]:
    """The kits that a participant was handed at a visit, without those that were damaged or lost."""
    return sorted(
        number
        for number, kit in state.kits.items()
        if (kit.participant, kit.visit) == (participant, visit) and kit.status not in (kits.DAMAGED, kits.LOST)
    )


def takers(desk: Desk, site: str) -> list[Taker]:
    """The randomised participants of a site as the supply sees them: nothing here is sealed."""
    definition = desk.protocol().definition
    drawn, anchor = (definition.visits[key] for key in (definition.randomisation.visit, anchor_visit(definition)))
    before = timedelta(days=days_from_anchor(drawn, anchor))
    return [
        Taker(
            person.id,
            _day_at_the_site(desk, site, person.allocation.at) - before,
            frozenset(kit.visit for kit in desk.state.kits.values() if kit.participant == person.id),
            _ended(desk, person),
        )
        for person in desk.state.participants.values()
        if person.site == site and person.allocation is not None
    ]


def in_stock(desk: Desk, site: str) -> tuple[str, ...]:
    """The kits of a site that could be handed out today."""
    return usable(desk.state.kits, site, desk.today(site), _plan(desk))


def _day_at_the_site(desk: Desk, site: str, at: str) -> date:
    """The site's own calendar day of an instant; in UTC it is another one near midnight."""
    return instant(at).astimezone(desk.protocol(desk.version_at(site)).zones[site]).date()


def _ended(desk: Desk, person: Participant) -> date | None:
    ends = [
        at
        for at in (person.treatment_stopped, person.visits_stopped, person.withdrawn, person.lost, person.completed)
        if at
    ]
    return _day_at_the_site(desk, person.site, min(ends)) if ends else None


def _plan(desk: Desk) -> KitSupply:
    plan = desk.protocol().definition.kits
    if plan is None:
        raise Refused("This trial ships no numbered kits; its definition has no section `kits`.", "no kits")
    return plan


def _incident(plan: KitSupply, reading: str | None, words: str | None) -> str | None:
    """What is written of an incident; None where there was none."""
    if reading is None:
        return "incident" if words else None
    try:
        found = Decimal(reading)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise Refused(f"'{reading}' is no temperature; give degrees Celsius, such as 11.5.", "reading")
    if plan.storage_celsius is not None and plan.storage_celsius[0] <= found <= plan.storage_celsius[1]:
        return None
    return f"{found} Cel"


def _require_replaceable(state: State, number: str, person: Participant, visit: str) -> None:
    kit = state.kits.get(number)
    if kit is None or (kit.participant, kit.visit) != (person.id, visit):
        raise Refused(f"Kit {number} was not handed to {person.id} at {visit}; check the number.", "replaces")
    if kit.status not in (kits.DAMAGED, kits.LOST):
        raise Refused(f"Kit {number} is {kit.status}; record first that it is damaged or lost.", "replaces")


def _moved(
    desk: Desk,
    state: State,
    by: Person,
    movement: str,
    numbers: Sequence[str],
    place: str,
    why: str | None,
    person: Participant | None = None,
    visit: str = "",
    replaces: str = "",
    shipment: str = "",
    incident: str = "",
) -> Fact:
    """Append one movement that the stock allows."""
    desk.require_unlocked()
    plan = _plan(desk)
    if place != kits.DEPOT:
        version, today = desk.version_at(place), desk.today(place)
    else:
        version, today = state.version, desk.clock.now().date()
    if movement != kits.SHIP:
        require_site(by, place)
    one = Movement(
        movement,
        tuple(map(kit_number, numbers)),
        today,
        place,
        person.id if person else "",
        visit,
        replaces,
        shipment,
        incident,
    )
    problems = wrong(state.kits, one, plan)
    if problems:
        first = problems[0] if len(problems) == 1 else f"Nothing was recorded; {len(problems)} kits stand in the way."
        raise Refused(first, "kits", () if len(problems) == 1 else tuple(problems))
    return desk.append(by, kinds.KIT_MOVED, kits.payload(one), version, one.participant or None, visit or None, why=why)
