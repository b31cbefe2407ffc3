"""Change the allocation list under dual control: never an edit, always one more thing that is taken in.

One unblinded person proposes a package by its digest, another one approves the very same package. An extension adds
slots behind those that are there; sealing anew changes to whom the slots are sealed and nothing else. Whatever was
committed before stays as it was.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person
from trialwright.conduct.refusal import Refused, require_why
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact

EXTEND, RESEAL = "extend", "reseal"
IN_WORDS = {EXTEND: "an extension of the list", RESEAL: "slots sealed anew"}


@dataclass(frozen=True)
class ListChange:
    """A package that was read and found sound. `said` is what the fact says of it beside `change` and `digest`;
    `keep(number)` takes it into the vault inside the act of the fact with this number."""

    change: str
    digest: str
    keep: Callable[[int], object]
    said: Mapping[str, Any] = field(default_factory=dict)


def propose_list_change(desk: Desk, *, change: str, digest: str, by: Person, why: str) -> Fact:
    """Propose a package by its digest: that it is needed, why, and that the proposer has looked at it."""
    with desk.act("propose_list_change", by) as state:
        require_why(why)
        _require_time(desk, change)
        if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
            raise Refused("The digest of a package is 64 hexadecimal digits, as the command shows it.", "digest")
        waiting = [number for number, (_, known, _) in state.proposals.items() if known == digest]
        if waiting:
            raise Refused(
                f"This package is proposed already (fact {waiting[0]}); somebody else approves it.", "proposed"
            )
        payload = {"change": change, "digest": digest}
        return desk.append(by, kinds.LIST_CHANGE_PROPOSED, payload, state.version, why=why)


def approve_list_change(desk: Desk, *, proposal: int, package: ListChange, by: Person, why: str) -> Fact:
    """Take in the package that somebody else proposed: fact and vault in one act. The same person, another package, or
    a proposal that does not wait is refused."""
    with desk.act("approve_list_change", by) as state:
        require_why(why)
        if proposal not in state.proposals:
            waiting = ", ".join(map(str, state.proposals)) or "none"
            raise Refused(f"Fact {proposal} is no proposal that waits for approval (waiting: {waiting}).", "proposal")
        change, digest, proposer = state.proposals[proposal]
        _require_time(desk, change)
        if by.id.strip().casefold() == proposer.strip().casefold():
            raise Refused(
                f"{by.name or by.id} proposed this change; another person looks at the package and approves it.",
                "same person",
            )
        if (change, digest) != (package.change, package.digest):
            raise Refused(
                f"This is not the package that was proposed with fact {proposal}: it is {IN_WORDS[package.change]} "
                f"with digest {package.digest[:12]}, and {IN_WORDS[change]} with digest {digest[:12]} was proposed.",
                "digest",
            )
        payload = {"change": change, "digest": digest, "proposal": str(proposal), **package.said}
        fact = desk.append(by, kinds.LIST_CHANGED, payload, state.version, why=why)
        package.keep(fact.number)
        return fact


def _require_time(desk: Desk, change: str) -> None:
    """A list is extended while people can be randomised; keys may be lost at any time."""
    if change not in IN_WORDS:
        raise Refused(f"'{change}' is no change of a list; it is extended or its slots are sealed anew.", "change")
    desk.protocol()
    if change == EXTEND:
        desk.require_unlocked()
