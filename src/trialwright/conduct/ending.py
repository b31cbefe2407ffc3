"""The ways in which treatment, visits or participation end; each is its own act, because each leaves something else
going on."""

from trialwright.conduct.desk import Desk
from trialwright.conduct.entry import require_day
from trialwright.conduct.permissions import Person
from trialwright.conduct.refusal import Refused
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact


def stop_treatment(desk: Desk, *, participant: str, reason: str, by: Person, why: str | None = None) -> Fact:
    """No further study treatment; visits and assessments go on."""
    return _end(desk, "stop_treatment", participant, by, why, kinds.TREATMENT_STOPPED, "treatment_stopped", reason)


def stop_visits(desk: Desk, *, participant: str, reason: str, by: Person, why: str | None = None) -> Fact:
    """No further visits; data that come in another way are still recorded at visits that had begun."""
    return _end(desk, "stop_visits", participant, by, why, kinds.VISITS_STOPPED, "visits_stopped", reason)


def _end(
    desk: Desk, verb: str, participant: str, by: Person, why: str | None, kind: str, name: str, reason: str
) -> Fact:
    with desk.act(verb, by):
        desk.require_unlocked()
        person = desk.participant(participant, by)
        desk.require_taking_part(person)
        if not (reason and reason.strip()):
            raise Refused("Give the reason in words.", "reason")
        if person.allocation is None:
            raise Refused(f"{participant} is not randomised; there is no treatment or follow-up to stop.", "randomised")
        if getattr(person, name):
            raise Refused(f"This was recorded for {participant} before, at {getattr(person, name)}.", "ended")
        version = desk.version_at(person.site)
        return desk.append(by, kind, {"reason": reason}, version, participant, why=why)


def lose(desk: Desk, *, participant: str, last_contact: str, by: Person, why: str | None = None) -> Fact:
    """Lost to follow-up: nobody reaches the participant. `last_contact` is the ISO date of the last one."""
    return _finish(desk, "lose", participant, by, why, kinds.PARTICIPANT_LOST, {"last_contact": last_contact})


def complete(desk: Desk, *, participant: str, on: str, by: Person, why: str | None = None) -> Fact:
    """The participant has done everything that was planned; `on` is the ISO date of the last visit."""
    return _finish(desk, "complete", participant, by, why, kinds.PARTICIPANT_COMPLETED, {"on": on})


def _finish(
    desk: Desk, verb: str, participant: str, by: Person, why: str | None, kind: str, payload: dict[str, str]
) -> Fact:
    with desk.act(verb, by):
        desk.require_unlocked()
        person = desk.participant(participant, by)
        desk.require_taking_part(person)
        for name, text in payload.items():
            require_day(desk, name, text, person.site)
        version = desk.version_at(person.site)
        return desk.append(by, kind, payload, version, participant, why=why)
