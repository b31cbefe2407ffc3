"""Open the allocations after a lock."""

from collections.abc import Sequence

from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person, people
from trialwright.conduct.refusal import Refused, require_why
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.vault import CannotOpen


def unblind(desk: Desk, *, stage: str, keys: Sequence[str], by: Person, why: str) -> tuple[Fact, dict[str, str]]:
    """Open every drawn slot with the private keys given. Returns the fact and {participant: arm}.

    After a staged lock only the roles of its firewall may, and neither an arm nor a digest of the arms enters the
    ledger (48 coin flips can be tried out against a digest). After the final lock the assignments become part of the
    fact.
    """
    with desk.act("unblind", by) as state:
        require_why(why)
        protocol = desk.protocol()
        declared = {entry.id: entry for entry in protocol.definition.locks}
        if stage not in declared:
            raise Refused(f"There is no lock '{stage}'; the definition declares {', '.join(declared)}.", "lock")
        if stage not in state.locked:
            raise Refused(f"Lock {stage} is not set; the database is locked before anything is opened.", "lock")
        final = stage == protocol.final_lock
        if not final and by.role not in declared[stage].firewall:
            raise Refused(
                f"After lock {stage} only {people(declared[stage].firewall)} may be unblinded; everybody else stays "
                "blind until the end.",
                "firewall",
            )
        try:
            arms = desk.vault.opened(list(state.labels), keys)
        except CannotOpen as error:
            raise Refused(f"The allocations were not opened: {error}", "keys") from error
        assignments = {participant: arms[label] for label, participant in state.labels.items()}
        payload = {
            "stage": stage,
            "opened": str(len(assignments)),
            "assignments": assignments if final else {},
        }
        fact = desk.append(by, kinds.TRIAL_UNBLINDED, payload, state.version, why=why)
        return fact, assignments
