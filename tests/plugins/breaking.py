"""A break host for the small trial, one doctor, and a clock that is moved: what tests of code breaks play on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.plugins.world import monday_morning
from tests.plugins.worlds import ANNEX, allocation_list, holder_key, public_key

from trialwright.allocation.held import HeldSlot, held
from trialwright.allocation.keys import write_private
from trialwright.allocation.slots import OpenSlot, sealed_list
from trialwright.web.breaking import host, log, people
from trialwright.web.breaking.host import About, Arm, Host
from trialwright.web.breaking.opening import Asked, Shown, open_label

PASSPHRASE = "correct horse battery staple"
TELEPHONE = "+31 20 000 0000"
ARMS = {
    "T": Arm("Invented tablet", (("Invented tablet (10 mg/d, oral)", "the product under study"),)),
    "P": Arm("Placebo", (("Placebo tablet (oral)", "placebo"),)),
}
Arranged = Callable[[Sequence[OpenSlot]], Sequence[OpenSlot]]


def sealed_slots(arranged: Arranged = tuple) -> tuple[HeldSlot, ...]:
    """The small trial's list, sealed to the holder."""
    sealed = sealed_list(arranged(allocation_list()), ANNEX, [public_key()])
    return tuple(held(slot, ANNEX.sha256) for slot in sealed.slots)


@dataclass
class Night:
    """A break host and who is on duty. `now` is moved by the test; every asking moves it on by a minute."""

    host: Host
    identity: str
    now: datetime
    secrets: dict[str, bytes] = field(default_factory=dict)

    def enrol(self, person: str, name: str, site: str = "NORTH") -> None:
        """Let somebody break codes."""
        from base64 import b32decode

        with log.writing(self.host.folder) as database:
            secret, _ = people.add(database, person, name, site, PASSPHRASE, self.now, self.host.title)
        self.secrets[person] = b32decode(secret)

    def code(self, person: str = "p02") -> str:
        """What the person's authenticator shows now."""
        return people.code_at(self.secrets[person], self.now)

    def form(self, label: str, person: str = "p02", **more: str) -> Asked:
        """A filled form."""
        given = {"category": "emergency", "words": "", "passphrase": PASSPHRASE, "code": self.code(person), **more}
        return Asked(label=label, person=person, **given)

    def asks(self, label: str, person: str = "p02", **more: str) -> Shown:
        """Somebody asks, a minute later than the one before."""
        self.now += timedelta(minutes=1)
        return open_label(self.host, self.identity, self.form(label, person, **more), self.now)

    def entries(self, *kinds: str) -> list[log.Entry]:
        """The log."""
        with log.reading(self.host.folder) as database:
            return log.entries(database, *kinds)

    def outbox(self) -> dict[str, bytes]:
        """What the world is told: name -> content."""
        return {path.name: path.read_bytes() for path in sorted(self.host.outbox.iterdir())}

    @property
    def public(self) -> str:
        """The public key of its notices."""
        return (self.host.folder / host.SIGNED_BY).read_text().strip()


def a_night(folder: Path, arranged: Arranged = tuple) -> Night:
    """A break host of the small trial in `folder`, its key beside it, with the doctor p02."""
    key = folder.with_name(folder.name + ".key")
    write_private(key, f"{holder_key('holder')}\n".encode())
    about = About("PRESS", "PRESS", TELEPHONE, ARMS, ("testserver",), "Europe/Amsterdam")
    now = monday_morning().at
    made = host.make(folder, about, sealed_slots(arranged), ("root",), key, holder_key("holder"), now)
    night = Night(made, holder_key("holder"), now)
    night.enrol("p02", "Iris Investigator")
    return night


def arm_of(label: str) -> str:
    """What the small trial's list says of a label, in words."""
    return ARMS[next(slot.arm for slot in allocation_list() if slot.label == label)].label
