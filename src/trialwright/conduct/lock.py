"""Lock the database, in the stages that the definition declares."""

from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person
from trialwright.conduct.protocol import Protocol
from trialwright.conduct.refusal import Refused, require_why
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import State
from trialwright.ledger.snapshot import Snapshot


def lock(desk: Desk, *, stage: str, by: Person, why: str) -> Fact:
    """Close every page of the visits up to the stage's last one; the last stage closes everything.

    Refused while a query is open on what would be closed, while a randomised participant may still come to one of
    these visits, or before the stages in front of it. The fact holds the hash of the snapshot that the analysis will
    read.
    """
    with desk.act("lock", by) as state:
        require_why(why)
        protocol = desk.protocol()
        stages = [declared.id for declared in protocol.definition.locks]
        if stage not in stages:
            raise Refused(f"There is no lock '{stage}'; the definition declares {', '.join(stages)}.", "lock")
        if stage in state.locked:
            raise Refused(f"Lock {stage} was set before, with fact {state.locked[stage]}.", "locked")
        skipped = [earlier for earlier in stages[: stages.index(stage)] if earlier not in state.locked]
        if skipped:
            raise Refused(f"Lock {', '.join(skipped)} comes first.", "lock")
        final = stage == protocol.final_lock
        closed = list(protocol.definition.visits) if final else _closed_visits(protocol, stage)
        _require_ready(protocol, state, closed, final)
        snapshot = Snapshot(state, desk.ledger.head())
        payload = {"stage": stage, "visits": closed, "snapshot": snapshot.hash}
        return desk.append(by, kinds.DATABASE_LOCKED, payload, state.version, why=why)


def _closed_visits(protocol: Protocol, stage: str) -> list[str]:
    after = next(declared.after for declared in protocol.definition.locks if declared.id == stage)
    return protocol.visits[: protocol.position[after] + 1]


def _require_ready(protocol: Protocol, state: State, closed: list[str], final: bool) -> None:
    """Everything that stands in the way of the lock, at once."""
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
    if problems:
        raise Refused("The database cannot be locked yet.", "not ready", tuple(problems))
