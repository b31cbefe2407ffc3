"""From what a pharmacist did to a record, and from the journal to the ledger."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from trialwright.allocation.preparation import Day, shown
from trialwright.cli.pharmacy_desk import Pharmacy, reference
from trialwright.conduct import Refused
from trialwright.conduct import release as release_all
from trialwright.conduct.prepare import Planned, supply_of
from trialwright.conduct.protocol import Protocol
from trialwright.conduct.release import becomes_ready, day_text, days_of
from trialwright.design.supply import amount
from trialwright.ledger import kinds
from trialwright.ledger.canonical import instant, instant_text
from trialwright.ledger.replay import Participant

Record = dict[str, Any]


def preparation(
    pharmacy: Pharmacy,
    person: Participant,
    protocol: Protocol,
    plan: Planned,
    visit: str,
    day: str,
    arm: str,
    product: str,
    taken: Sequence[Mapping[str, str]],
    checked_by: str,
    again: bool,
) -> Record:
    """The record of a preparation that ends now. Refuses with everything that is wrong: people, days, lots."""
    days = _days(plan, day)
    filled = [one for one in plan.course.days if one.number in days]
    wrong = _wrong_people(pharmacy, protocol, checked_by)
    wrong += _wrong_amounts(protocol, product, filled, taken)
    wrong += _prepared_before(pharmacy, person, visit, days, again)
    if wrong:
        raise Refused("The preparation was not noted:", "values", tuple(wrong))
    return {
        "reference": reference(),
        "participant": person.id,
        "visit": visit,
        "day": day_text(days),
        "days": str(len(plan.course.days)),
        "label": person.allocation.label if person.allocation else "",
        "arm": arm,
        "product": product,
        "lots": [dict(one) for one in taken],
        "weight_kg": shown(plan.dosing.kg),
        "grams": shown(sum((one.grams for one in filled), Fraction())),
        "volume_ml": str(sum(one.volume_ml for one in filled)),
        "bags": str(sum(len(one.bags) for one in filled)),
        "prepared_at": instant_text(pharmacy.desk.clock.now()),
        "by": pharmacy.by.name,
        "checked_by": checked_by.strip(),
        "again": "yes" if again else "no",
    }


def _days(plan: Planned, text: str) -> range:
    last = len(plan.course.days)
    try:
        days = days_of(text) if text else range(1, last + 1)
    except ValueError as error:
        raise Refused(f"--day: {error}.", "days") from None
    if days[-1] > last:
        raise Refused(f"The course has {last} days; there is no day {days[-1]}.", "days")
    return days


def _wrong_people(pharmacy: Pharmacy, protocol: Protocol, checked_by: str) -> list[str]:
    if not checked_by.strip():
        return ["name who checked it with --checked-by"] if supply_of(protocol).second_check else []
    same = checked_by.strip().casefold() == pharmacy.by.name.casefold()
    return ["the second check is made by another person than the preparation"] if same else []


def _wrong_amounts(
    protocol: Protocol, product: str, filled: Sequence[Day], taken: Sequence[Mapping[str, str]]
) -> list[str]:
    """What was opened must hold what was planned: of the product exactly, of the placebo at least."""
    if product == supply_of(protocol).product:
        asked = sum((one.grams for one in filled), Fraction())
        there = sum((amount(one["size"], "g") * int(one["count"]) for one in taken), Fraction())
        return [] if there == asked else [f"the vials hold {shown(there)} g and {shown(asked)} g are planned"]
    volume = sum(one.volume_ml for one in filled)
    held = sum((amount(one["size"], "mL") * int(one["count"]) for one in taken), Fraction())
    return [] if held >= volume else [f"what was opened holds {shown(held)} mL and {volume} mL are planned"]


def _prepared_before(pharmacy: Pharmacy, person: Participant, visit: str, days: range, again: bool) -> list[str]:
    """A day that is ready, or prepared and waiting, is not prepared a second time by mistake."""
    waits = [
        one["day"] for one in pharmacy.journal.waiting() if (one["participant"], one["visit"]) == (person.id, visit)
    ]
    ready = [text for (at, text) in person.ready if at == visit]
    there = {day for text in (*waits, *ready) for day in days_of(text)} & set(days)
    if not there or again:
        return []
    return [f"day {', '.join(map(str, sorted(there)))} was prepared before; say --again if this replaces it"]


def told(pharmacy: Pharmacy, protocol: Protocol, person: Participant, record: Record) -> str:
    """What the pharmacist reads after noting it: nothing that names the product."""
    ready = becomes_ready(protocol, person.site, instant(record["prepared_at"]))
    at = ready.astimezone(protocol.zones[person.site])
    return (
        f"Noted: {record['label']}, {record['visit']}, day {record['day']}: {record['volume_ml']} mL in "
        f"{record['bags']} bags. Release it at {at:%H:%M on %Y-%m-%d} or after."
    )


def released(pharmacy: Pharmacy) -> tuple[list[str], bool]:
    """Release what may be released now. Returns what happened in sentences, and whether anything was."""
    desk, waiting = pharmacy.desk, pharmacy.journal.waiting()
    if not waiting:
        return ["Nothing waits in the journal."], True
    hours = {one["reference"]: _hour(pharmacy, one) for one in waiting}
    now = desk.clock.now()
    may = [one for one in waiting if hours[one["reference"]] <= now]
    later = sorted({hours[one["reference"]] for one in waiting if hours[one["reference"]] > now})
    lines = [f"{len(waiting) - len(may)} wait for {later[0]:%H:%M on %Y-%m-%d} or later."] if later else []
    if not may:
        return lines, False
    facts = release_all(desk, prepared=may, by=pharmacy.by)
    pharmacy.journal.released([one["reference"] for one in may])
    ready = [fact for fact in facts if fact.kind == kinds.TREATMENT_READY]
    said = [
        f"{(fact.payload or {})['label']}  {fact.visit}  day {(fact.payload or {})['day']}: ready" for fact in ready
    ]
    kept = sum(fact.kind == kinds.SUPPLY_SEALED for fact in facts)
    if kept > len(ready):
        why = "the treatment, the participation or the life of the bags has ended"
        said.append(f"{kept - len(ready)} were kept and not made ready: {why}.")
    if not facts:
        said.append(f"{len(may)} had been released before.")
    return [*said, *lines], True


def _hour(pharmacy: Pharmacy, one: Record) -> Any:
    person = pharmacy.desk.state.participants[one["participant"]]
    protocol = pharmacy.desk.protocol(pharmacy.desk.version_at(person.site))
    ready = becomes_ready(protocol, person.site, instant(one["prepared_at"]))
    return ready.astimezone(protocol.zones[person.site])
