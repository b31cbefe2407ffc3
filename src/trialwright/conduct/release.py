"""Release what was prepared: at a declared hour, all at once, in the order of labels.

Whoever sees when a bag became ready must not learn how long the work took: a preparation that ended between two hours
waits for the next one, whatever it was.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person
from trialwright.conduct.prepare import PREPARED, seal_record, supply_of, wrong_lots
from trialwright.conduct.protocol import Protocol
from trialwright.conduct.refusal import Refused
from trialwright.ledger import kinds
from trialwright.ledger.canonical import instant, instant_text
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import Participant, State

TEXTS = ("reference", "participant", "visit", "day", "label", "arm", "product", "grams", "volume_ml", "bags", "by")
"""What a preparation says beside its lots; all of it is sealed but the label, the visit and the day."""


def becomes_ready(protocol: Protocol, site: str, prepared_at: datetime) -> datetime:
    """The first declared hour at the site from the end of the preparation on, in UTC."""
    local = prepared_at.astimezone(protocol.zones[site])
    hour = next((hour for hour in protocol.ready_hours if hour >= local.time()), None)
    if hour is not None:
        return datetime.combine(local.date(), hour, local.tzinfo).astimezone(UTC)
    tomorrow = local.date() + timedelta(days=1)
    return datetime.combine(tomorrow, protocol.ready_hours[0], local.tzinfo).astimezone(UTC)


def good_until(protocol: Protocol, site: str, prepared_at: datetime) -> datetime:
    """When bags prepared then may no longer be given. The life counts from the declared hour before the work ended
    (from midnight before the first), so that the label on the bag does not tell how long the work took either."""
    local = prepared_at.astimezone(protocol.zones[site])
    since = max((hour for hour in protocol.ready_hours if hour <= local.time()), default=time(0))
    return datetime.combine(local.date(), since, local.tzinfo).astimezone(UTC) + protocol.preparation.life


def days_of(text: str) -> range:
    """The days that a preparation covers: `2`, or `1 to 3`. Raises ValueError for a text that names none."""
    first, _, last = text.partition(" to ")
    found = range(int(first), int(last or first) + 1)
    if not found or found[0] < 1 or text != day_text(found):
        raise ValueError(f"'{text}' names no days; write 2, or 1 to 3")
    return found


def day_text(days: range) -> str:
    """`2`, or `1 to 3`."""
    return str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]}"


def release(desk: Desk, *, prepared: Sequence[Mapping[str, Any]], by: Person) -> list[Fact]:
    """Seal the records of these preparations and tell the sites what is ready, in one act.

    Each preparation holds `TEXTS`, `lots` ({product, lot, size, count}), `prepared_at` (instant), `checked_by` where a
    second check is declared, and `again: yes` where it replaces what was ready before. One that was released before
    (by its `reference`) is passed over, so that a client that died may ask again. Where the treatment, the
    participation or the life of the bags has ended meanwhile, the record is kept and nothing becomes ready. Returns the
    facts appended.
    """
    with desk.act("release", by) as state:
        waiting = [one for one in prepared if one.get("reference") not in state.supplied]
        wrong = [sentence for one in waiting for sentence in _wrong(desk, state, one, by)]
        if wrong:
            raise Refused("Nothing was released:", "values", tuple(wrong))
        facts = []
        for one in sorted(waiting, key=lambda one: (one["label"], one["visit"], one["day"])):
            facts += _release(desk, one, by)
        return facts


def _release(desk: Desk, one: Mapping[str, Any], by: Person) -> list[Fact]:
    person = desk.state.participants[one["participant"]]
    version = desk.version_at(person.site)
    protocol = desk.protocol(version)
    facts = [seal_record(desk, {"record": PREPARED, **one, "released_by": by.id}, one["reference"], by, version)]
    until = good_until(protocol, person.site, instant(one["prepared_at"]))
    if person.treatment_stopped or person.ended or desk.clock.now() >= until:
        return facts
    payload = {
        "label": one["label"],
        "day": one["day"],
        "until": instant_text(until),
        "again": one.get("again") or "no",
    }
    return [*facts, desk.append(by, kinds.TREATMENT_READY, payload, version, person.id, one["visit"])]


def _wrong(desk: Desk, state: State, one: Mapping[str, Any], by: Person) -> list[str]:
    """What stands in the way of one preparation, in sentences; nothing here depends on its arm."""
    lacking = [name for name in TEXTS if not str(one.get(name) or "").strip()]
    if lacking:
        return [f"a preparation lacks {', '.join(lacking)}"]
    person = state.participants.get(one["participant"])
    if person is None:
        return [f"there is no participant {one['participant']}"]
    if by.sites and person.site not in by.sites:
        return [f"{by.name or by.id} does not work at site {person.site}"]
    desk.require_unlocked(one["visit"])
    protocol = desk.protocol(desk.version_at(person.site))
    return [
        f"{person.id}, {one['visit']}, day {one['day']}: {sentence}"
        for sentence in (
            *_wrong_place(protocol, person, one),
            *_wrong_people(protocol, one),
            *_wrong_time(desk, protocol, person, one),
        )
    ]


def _wrong_place(protocol: Protocol, person: Participant, one: Mapping[str, Any]) -> list[str]:
    supply = supply_of(protocol)
    wrong = []
    if person.allocation is None or one["label"] != person.allocation.label:
        wrong.append(f"'{one['label']}' is not this participant's label")
    if one["visit"] not in protocol.scheduled.get(supply.form, ()):
        wrong.append("no treatment is planned at this visit")
    try:
        days = days_of(one["day"])
    except ValueError as error:
        return [*wrong, str(error)]
    if days[-1] > supply.days[1]:
        wrong.append(f"a course has at most {supply.days[1]} days")
    there = [day for (visit, text) in person.ready if visit == one["visit"] for day in days_of(text)]
    if set(there) & set(days) and one.get("again") != "yes":
        wrong.append("it is ready already; say that this replaces it")
    return wrong


def _wrong_people(protocol: Protocol, one: Mapping[str, Any]) -> list[str]:
    supply = supply_of(protocol)
    wrong = wrong_lots(one.get("lots") or (), (one["product"],))
    second = str(one.get("checked_by") or "").strip()
    if supply.second_check and not second:
        wrong.append("nobody is named who checked it")
    if second and second.casefold() == str(one["by"]).strip().casefold():
        wrong.append("the second check is made by another person than the preparation")
    return wrong


def _wrong_time(desk: Desk, protocol: Protocol, person: Participant, one: Mapping[str, Any]) -> list[str]:
    try:
        prepared_at = instant(one.get("prepared_at") or "")
    except ValueError:
        return [f"'{one.get('prepared_at')}' is no instant of the end of its preparation"]
    ready, now = becomes_ready(protocol, person.site, prepared_at), desk.clock.now()
    if prepared_at > now:
        return ["its preparation has not ended yet; look at this computer's clock"]
    if now < ready:
        at = ready.astimezone(protocol.zones[person.site])
        return [f"it becomes ready at {at:%H:%M} on {at:%Y-%m-%d}, not before"]
    return []
