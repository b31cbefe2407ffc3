"""Numbered kits as the blinded world knows them: number, status, place. What is in a kit stands nowhere here.

A movement is one thing that happened to some kits at once. `apply` says what becomes of them and asks nothing: whether
a movement may happen is for `allocation.stock` to say before it becomes a fact.
"""

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

DEPOT = "depot"
"""The place where kits are before they are shipped; every other place is a site."""

MADE, AVAILABLE, UNDER_WAY, QUARANTINED = "made", "available", "under way", "quarantined"
DISPENSED, RETURNED, REJECTED, EXPIRED = "dispensed", "returned", "rejected", "expired"
DAMAGED, LOST, DESTROYED = "damaged", "lost", "destroyed"
STATUSES = (
    MADE, AVAILABLE, UNDER_WAY, QUARANTINED, DISPENSED, RETURNED, REJECTED, EXPIRED, DAMAGED, LOST, DESTROYED,
)  # fmt: skip

RELEASE, REJECT, SHIP, RECEIVE, QUARANTINE = "release", "reject", "ship", "receive", "quarantine"
DISPENSE, RETURN, EXPIRE, DAMAGE, LOSE, DESTROY = "dispense", "return", "expire", "damage", "lose", "destroy"

BECOMES: dict[str, str] = {
    RELEASE: AVAILABLE,
    REJECT: REJECTED,
    SHIP: UNDER_WAY,
    RECEIVE: AVAILABLE,
    QUARANTINE: QUARANTINED,
    DISPENSE: DISPENSED,
    RETURN: RETURNED,
    EXPIRE: EXPIRED,
    DAMAGE: DAMAGED,
    LOSE: LOST,
    DESTROY: DESTROYED,
}
"""Movement -> the status after it."""


@dataclass(frozen=True, slots=True)
class Kit:
    """One kit. `use_by` is one date for a whole list; `participant` and `visit` stay after a return."""

    number: str
    list: str
    use_by: str
    status: str = MADE
    place: str = DEPOT
    participant: str = ""
    visit: str = ""

    @property
    def where(self) -> str:
        """The one place where it is: a participant who was handed it has it."""
        return self.participant if self.status == DISPENSED else self.place


@dataclass(frozen=True, slots=True)
class Movement:
    """Something that happened to kits on a day. `place` is where to for a shipment, else where they are; `replaces` the
    kit in whose stead one was dispensed; `shipment` and `incident` tie what belongs together."""

    kind: str
    kits: tuple[str, ...]
    on: date
    place: str
    participant: str = ""
    visit: str = ""
    replaces: str = ""
    shipment: str = ""
    incident: str = ""


def apply(stock: MutableMapping[str, Kit], movement: Movement) -> None:
    """What becomes of the kits of a movement."""
    changes: dict[str, Any] = {"status": BECOMES[movement.kind]}
    if movement.kind == SHIP:
        changes["place"] = movement.place
    elif movement.kind == DISPENSE:
        changes |= {"participant": movement.participant, "visit": movement.visit}
    for number in movement.kits:
        stock[number] = replace(stock[number], **changes)


def payload(movement: Movement) -> dict[str, Any]:
    """The payload of the fact; participant and visit are the fact's own."""
    return {
        "movement": movement.kind,
        "kits": list(movement.kits),
        "on": movement.on.isoformat(),
        "place": movement.place,
        "replaces": movement.replaces,
        "shipment": movement.shipment,
        "incident": movement.incident,
    }


def movement(said: Any, participant: str = "", visit: str = "") -> Movement:
    """The movement of a fact's payload."""
    return Movement(
        said["movement"],
        tuple(said["kits"]),
        date.fromisoformat(said["on"]),
        said["place"],
        participant,
        visit,
        said["replaces"],
        said["shipment"],
        said["incident"],
    )


def listed(numbers: Iterable[str], name: str, use_by: str) -> dict[str, Kit]:
    """The kits of a list as they are made."""
    return {number: Kit(number, name, use_by) for number in numbers}
