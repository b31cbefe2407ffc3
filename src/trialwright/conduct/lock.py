"""Lock the database, in the stages that the definition declares."""

from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person
from trialwright.conduct.protocol import Protocol
from trialwright.conduct.refusal import Refused, require_why
from trialwright.conduct.sign_off import not_signed_off
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import State
from trialwright.ledger.snapshot import Snapshot


def lock(desk: Desk, *, stage: str, by: Person, why: str) -> Fact:
    """Close every page of the visits up to the stage's last one; the last stage closes everything.

    Refused while a query is open on what would be closed, while a randomised participant may still come to one of
    these visits, until an investigator has signed off the data of every site with a randomised participant as they
    stand now (ES6), or before the stages in front of it. The fact holds the hash of the snapshot that the analysis will
    read.
    """
    with desk.act("lock", by) as state:
        require_why(why)
        protocol = desk.protocol()
        closed = protocol.closed_by(stage)
        stages = [declared.id for declared in protocol.definition.locks]
        if stage in state.locked:
            raise Refused(f"Lock {stage} was set before, with fact {state.locked[stage]}.", "locked")
        skipped = [earlier for earlier in stages[: stages.index(stage)] if earlier not in state.locked]
        if skipped:
            raise Refused(f"Lock {', '.join(skipped)} comes first.", "lock")
        _require_ready(protocol, state, stage, closed)
        snapshot = Snapshot(state, desk.ledger.head())
        payload = {"stage": stage, "visits": closed, "snapshot": snapshot.hash}
        return desk.append(by, kinds.DATABASE_LOCKED, payload, state.version, why=why)


def _require_ready(protocol: Protocol, state: State, stage: str, closed: list[str]) -> None:
    """Everything that stands in the way of the lock, at once."""
    final = stage == protocol.final_lock
    problems = [
        f"{query.id} on {query.participant} {query.visit} {query.form} is {query.status}"
        for query in state.queries.values()
        if query.status != "closed" and (final or query.visit in closed)
    ]
    last = max((visit for visit in closed if visit in protocol.position), key=protocol.position.__getitem__)
    for person in state.participants.values():
        if person.allocation is None or person.ended or person.visits_stopped:
            continue
        if final:
            problems.append(f"{person.id} still takes part; complete, lose or withdraw first")
        elif not any(visit == last for visit, _, _ in person.pages):
            problems.append(f"{person.id} has no page of {last} and still takes part")
    problems += not_signed_off(state, stage, closed)
    if problems:
        raise Refused("The database cannot be locked yet.", "not ready", tuple(problems))
