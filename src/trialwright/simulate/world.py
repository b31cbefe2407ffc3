"""What a rehearsal hands to conduct in the place of the real world: a clock that is set, addressed chance, a list.

All of it follows from (seed, trial), so the same rehearsal ends on the same seal on every ledger, behind every vault.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from trialwright import design
from trialwright.allocation.addressed import AddressedStream
from trialwright.allocation.annex import SALT_BYTES, TEST, Annex
from trialwright.allocation.assumed import assumed_method
from trialwright.allocation.methods import IN_ADVANCE, begin, next_arm
from trialwright.allocation.sealing import combined_seed
from trialwright.allocation.slots import OpenSlot, draw_up
from trialwright.allocation.stream import Stream
from trialwright.compute import chance
from trialwright.design.model import Definition

OPENS = time(8, 30)
PER_ACT = timedelta(minutes=2)
LATEST = timedelta(hours=14)
BATCH = 1024


class SetClock:
    """A clock that stands still until it is set. `ledger.ports.Clock`."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self._opened = self._at = datetime(1970, 1, 1, tzinfo=UTC)
        self._day: date | None = None

    def now(self) -> datetime:
        """The instant that it was set to."""
        return self._at

    def begin(self, day: date) -> None:
        """Go to the morning of a day at the site; a day that has begun goes on."""
        if day != self._day:
            self._day = day
            self._opened = self._at = datetime.combine(day, OPENS, self.zone).astimezone(UTC)

    def until(self, moment: datetime) -> None:
        """Wait for a moment of the same day; one that has passed changes nothing."""
        self._at = max(self._at, moment.astimezone(UTC))

    def tick(self) -> None:
        """Some minutes later, on the same day."""
        if self._at - self._opened < LATEST:
            self._at += PER_ACT


class AddressedChance:
    """Salts and tokens that follow from (seed, trial). `ledger.ports.Chance`; for imaginary participants only."""

    def __init__(self, seed: int, trial: int) -> None:
        self._seed, self._trial = seed, trial
        self._batch, self._salts = -1, ""
        self._prefix = f"trialwright token 1|{seed}|{trial}|"
        self._tokens: dict[str, int] = {}

    def salt(self, number: int) -> str:
        """The salt of the fact with this number: 16 bytes in hexadecimal."""
        batch, place = divmod(number, BATCH)
        if batch != self._batch:
            self._salts = chance.octets(self._seed, "salt", self._trial, 0, batch * BATCH, BATCH).hex()
            self._batch = batch
        return self._salts[32 * place : 32 * place + 32]

    def token(self, purpose: str) -> str:
        """A fresh identifier: 16 bytes in hexadecimal, another one each time it is asked for the same purpose."""
        count = self._tokens[purpose] = self._tokens.get(purpose, 0) + 1
        return hashlib.sha256(f"{self._prefix}{purpose}|{count}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class DrawnList:
    """The allocation list of one rehearsed trial, open: whoever rehearses knows the arms, conduct does not."""

    annex: Annex
    slots: tuple[OpenSlot, ...]
    stream: Stream
    shares: tuple[bytes, bytes] = (b"", b"")
    """The generator's and the witness's share of the seed, with which a demonstration plays the ceremony."""

    def __repr__(self) -> str:
        return f"DrawnList(annex={self.annex!r}, ...)"

    @property
    def arms(self) -> Mapping[str, str]:
        """Label -> arm."""
        return {slot.label: slot.arm for slot in self.slots}

    @property
    def orders(self) -> Mapping[str, Sequence[str]]:
        """Stratum -> arms in the order in which they will be drawn; nothing where an allocator draws."""
        orders: dict[str, list[str]] = {}
        for slot in sorted(self.slots, key=lambda slot: slot.position):
            orders.setdefault(slot.stratum, []).append(slot.arm)
        return orders

    @property
    def allocator(self) -> Stream | None:
        """The stream from which an allocator draws, for a method that looks at earlier participants; else nothing."""
        return None if self.annex.method.name in IN_ADVANCE else self.stream

    @property
    def seed(self) -> bytes | None:
        """The 32 bytes of that stream."""
        return None if self.allocator is None else self.stream.seed

    @property
    def is_addressed(self) -> bool:
        """Whether the arms come from addressed words, as those of the array simulation do."""
        return isinstance(self.stream, AddressedStream)

    def in_turn(self) -> Callable[[Mapping[str, str]], str]:
        """Gives the arm of one participant after the other by their levels, in the order in which they are drawn."""
        method, stream = self.annex.method, self.allocator
        if stream is None:
            queues = {stratum: iter(order) for stratum, order in self.orders.items()}
            return lambda levels: next(queues[design.stratum_name(levels)])
        state = begin(method)

        def next_one(levels: Mapping[str, str]) -> str:
            nonlocal state
            arm, state, _ = next_arm(method, state, levels, stream)
            return arm

        return next_one


def drawn_list(
    definition: Definition,
    seed: int,
    trial: int,
    parameters: Mapping[str, Any] | None = None,
    ceremony: bool = False,
) -> DrawnList:
    """The list of a rehearsed trial, by the definition's method with these parameters, or the usual ones. Of a method
    that looks at earlier participants there are no slots.

    The arms are those that the array simulation draws for this trial. With `ceremony` they follow from the two shares
    alone, as those of a real list do, so that the ceremony can be played and the list proved.
    """
    method, n = assumed_method(definition, parameters), definition.randomisation.n
    annex = Annex(definition.id, method, _octets(seed, trial, "annex").hex(), purpose=TEST)
    shares = (_octets(seed, trial, "generator share"), _octets(seed, trial, "witness share"))
    both = combined_seed(*shares)
    stream = Stream(both) if ceremony else AddressedStream(both, seed, trial)
    in_advance = method.name in IN_ADVANCE
    slots = draw_up(annex, design.strata(definition), n, stream) if in_advance else ()
    return DrawnList(annex, slots, stream, shares)


def _octets(seed: int, trial: int, what: str) -> bytes:
    return chance.octets(seed, what, trial, 0, 0, SALT_BYTES // 16)
