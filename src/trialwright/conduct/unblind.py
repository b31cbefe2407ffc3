"""Open the allocations after a lock: two people together, never one alone.

The seed of the list lies in two shares with two escrow holders. Whoever asks brings both keys, and the list that the
seed gives is compared with every commitment before a single arm is believed.
"""

from collections.abc import Sequence

from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import MAY, Person, a_person, people
from trialwright.conduct.protocol import Protocol
from trialwright.conduct.refusal import Refused, require_why
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import State
from trialwright.ledger.vault import CannotOpen

ESCROW = "escrow_holder"


def unblind(
    desk: Desk,
    *,
    stage: str,
    keys: Sequence[str],
    by: Person,
    with_: Person | None = None,
    escrow_lost: bool = False,
    why: str,
) -> tuple[Fact, dict[str, str]]:
    """Open the allocations of the trial with both escrow keys. Returns the fact and {participant: arm}.

    Two people, at least one of them an escrow holder; the fact names both. After a staged lock `by` belongs to that
    stage's firewall, `with_` is an escrow holder, and neither an arm nor a digest of the arms enters the ledger (48
    coin flips can be tried out against a digest). After the final lock the assignments become part of the fact.

    `escrow_lost`: a share of the seed can no longer be opened by anybody. Then the key of somebody to whom the slots
    are sealed opens each drawn slot, which is compared with its commitment all the same; the fact says so.
    """
    with desk.act("unblind", by) as state:
        require_why(why)
        protocol = desk.protocol()
        _require_lock(protocol, state, stage)
        other = _second(by, with_)
        final = stage == protocol.final_lock
        if not final:
            _require_firewall(protocol, stage, by, other)
            _require_never_blinded(desk, protocol, by, other)
        try:
            arms = desk.vault.opened(list(state.labels), keys) if escrow_lost else desk.vault.whole(keys)
        except CannotOpen as error:
            raise Refused(f"The allocations were not opened: {error}", "keys") from error
        lacking = [label for label in state.labels if label not in arms]
        if lacking:
            raise Refused(
                f"The allocations were not opened: the list does not hold {', '.join(lacking)}, which the ledger says "
                "were drawn; call the trial office.",
                "keys",
            )
        assignments = {participant: arms[label] for label, participant in state.labels.items()}
        payload = {
            "stage": stage,
            "with": other.id,
            "how": "slots" if escrow_lost else "escrow",
            "opened": str(len(assignments)),
            "assignments": assignments if final else {},
        }
        fact = desk.append(by, kinds.TRIAL_UNBLINDED, payload, state.version, why=why)
        return fact, assignments


def _require_lock(protocol: Protocol, state: State, stage: str) -> None:
    protocol.closed_by(stage)
    if stage not in state.locked:
        raise Refused(f"Lock {stage} is not set; the database is locked before anything is opened.", "lock")


def _second(by: Person, other: Person | None) -> Person:
    """The second person, who is another one and may take part; one of the two is an escrow holder."""
    if other is None:
        raise Refused("Two people open the allocations together; name the second one.", "alone")
    if other.id.strip().casefold() == by.id.strip().casefold():
        raise Refused(f"{by.name or by.id} is both people; the second one is somebody else.", "alone")
    if other.role not in MAY["unblind"]:
        raise Refused(
            f"{a_person(other.role)} may not unblind the trial; ask one of: {people(MAY['unblind'])}.", "permission"
        )
    if ESCROW not in (by.role, other.role):
        raise Refused("One of the two is an escrow holder, who brings the share of the seed.", "permission")
    return other


def _require_firewall(protocol: Protocol, stage: str, by: Person, other: Person) -> None:
    """After a staged lock the arms go to its firewall alone; the escrow holder is there to open them."""
    firewall = next(declared.firewall for declared in protocol.definition.locks if declared.id == stage)
    if by.role not in firewall:
        raise Refused(
            f"After lock {stage} only {people(firewall) or 'nobody'} may be unblinded; everybody else stays blind "
            "until the end.",
            "firewall",
        )
    if other.role != ESCROW and other.role not in firewall:
        raise Refused(f"After lock {stage} the second person is an escrow holder or of the firewall.", "firewall")


def _require_never_blinded(desk: Desk, protocol: Protocol, *people: Person) -> None:
    """Behind a firewall stands nobody who has acted in a blinded role: the trial goes on, and so does their task in
    it."""
    blinded = set(protocol.definition.blinding.blinded)
    acted = {fact.by: fact.role for fact in desk.ledger.facts() if fact.role in blinded}
    for person in people:
        if person.id in acted:
            raise Refused(
                f"{person.name or person.id} has acted as {acted[person.id].replace('_', ' ')}, which is blinded; "
                "after a staged lock somebody else opens the allocations.",
                "firewall",
            )
