"""The stock of numbered kits as an append-only account: what may happen to a kit, and the proof that nothing else did.

`moved` is the one gateway, used unchanged by conduct and by the simulation. `problems` reads a whole account again and
proves the invariants kit by kit, by rules of its own: a kit is in one place with one status, it is dispensed at most
once, never out of quarantine and never so late that it would expire in use, and no kit comes from nowhere or gets lost
without a word. (The idea of a ledger of stock with a checker beside it is clinicedc's, 4.0; the code is our own.)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from trialwright.allocation.kit_numbers import number_is_right
from trialwright.design.kits import KitSupply
from trialwright.ledger import kits
from trialwright.ledger.kits import Kit, Movement

Stock = Mapping[str, Kit]

FROM: dict[str, frozenset[str]] = {
    kits.RELEASE: frozenset({kits.MADE, kits.QUARANTINED}),
    kits.REJECT: frozenset({kits.MADE, kits.QUARANTINED}),
    kits.SHIP: frozenset({kits.AVAILABLE}),
    kits.RECEIVE: frozenset({kits.UNDER_WAY}),
    kits.QUARANTINE: frozenset({kits.MADE, kits.AVAILABLE}),
    kits.DISPENSE: frozenset({kits.AVAILABLE}),
    kits.RETURN: frozenset({kits.DISPENSED}),
    kits.EXPIRE: frozenset({kits.MADE, kits.AVAILABLE, kits.QUARANTINED}),
    kits.DAMAGE: frozenset({kits.AVAILABLE, kits.QUARANTINED, kits.DISPENSED}),
    kits.LOSE: frozenset({kits.AVAILABLE, kits.QUARANTINED, kits.UNDER_WAY, kits.DISPENSED}),
    kits.DESTROY: frozenset({kits.RETURNED, kits.REJECTED, kits.EXPIRED, kits.DAMAGED}),
}
"""Movement -> the statuses that it may start from."""

DO: dict[str, str] = {
    kits.MADE: "it waits for its release by quality assurance",
    kits.AVAILABLE: "it is in stock and nothing more can be done with it in this way",
    kits.UNDER_WAY: "record its receipt first",
    kits.QUARANTINED: "do not use it; quality assurance releases or rejects it",
    kits.DISPENSED: "it was handed out already; check the number, or record its return first",
    kits.RETURNED: "it came back and is never handed out again; it waits for destruction",
    kits.REJECTED: "do not use it; it waits for destruction",
    kits.EXPIRED: "do not use it; it waits for destruction",
    kits.DAMAGED: "do not use it; it waits for destruction",
    kits.LOST: "if it was found, keep it apart and call the trial office",
    kits.DESTROYED: "check the number on the label",
}
"""What to do with a kit that is in this status when something else was wanted."""


SPOILS = frozenset({kits.REJECT, kits.EXPIRE, kits.DAMAGE, kits.LOSE, kits.RETURN, kits.DESTROY})
"""What a kit never comes back from."""


class NotMoved(Exception):
    """A movement that may not be; `problems` is a sentence per kit, with its number and what to do."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def last_use(plan: KitSupply, on: date) -> date:
    """The day until which a kit that is handed out on a day must be good: its last planned use and the margin."""
    return on + timedelta(days=plan.lasts_days + plan.margin_days)


def moved(stock: Stock, movement: Movement, plan: KitSupply) -> dict[str, Kit]:
    """The stock after a movement. Raises `NotMoved`."""
    problems = wrong(stock, movement, plan)
    if problems:
        raise NotMoved(problems)
    after = dict(stock)
    kits.apply(after, movement)
    return after


def wrong(stock: Stock, movement: Movement, plan: KitSupply) -> list[str]:
    """Why a movement may not be, a sentence per kit; empty when it may. Nothing here knows what is in a kit."""
    if not movement.kits:
        return ["No kit is named; give at least one kit number."]
    twice = sorted({number for number in movement.kits if movement.kits.count(number) > 1})
    said = [f"Kit {number} is named twice; name each kit once." for number in twice]
    said += [problem for number in movement.kits for problem in _wrong(stock, number, movement, plan)]
    return said or _retired(stock, movement)


def _retired(stock: Stock, movement: Movement) -> list[str]:
    """Kits of a list that the place no longer works with."""
    if movement.kind not in (kits.DISPENSE, kits.SHIP):
        return []
    current = list_in_use(stock, kits.DEPOT if movement.kind == kits.SHIP else movement.place)
    return [
        f"Kit {number} is of an older list ({stock[number].use_by}) than the one in use; set it apart for destruction."
        for number in movement.kits
        if stock[number].list != current
    ]


def _wrong(stock: Stock, number: str, movement: Movement, plan: KitSupply) -> list[str]:
    kit = stock.get(number)
    if kit is None:
        if not number_is_right(number):
            return [f"{number} is no kit number: its last letter does not fit the digits; read the label again."]
        return [f"Kit {number} is no kit of this trial; keep it apart and call the trial office."]
    if kit.status not in FROM[movement.kind]:
        return [f"Kit {number} is {kit.status} ({kit.where}); {DO[kit.status]}."]
    home = kits.DEPOT if movement.kind == kits.SHIP else movement.place
    if kit.place != home:
        return [f"Kit {number} belongs to {kit.place}, not to {home}; keep it apart and call the trial office."]
    return _untimely(kit, movement, plan)


def _untimely(kit: Kit, movement: Movement, plan: KitSupply) -> list[str]:
    if movement.kind == kits.EXPIRE and movement.on.isoformat() <= kit.use_by:
        return [f"Kit {kit.number} can be used until {kit.use_by}; it has not expired."]
    if movement.kind == kits.DISPENSE and kit.use_by < last_use(plan, movement.on).isoformat():
        return [
            f"Kit {kit.number} can be used until {kit.use_by}, which is too soon: what is handed out on "
            f"{movement.on} must be good until {last_use(plan, movement.on)}; take another kit."
        ]
    if movement.kind in (kits.SHIP, kits.RELEASE) and kit.use_by < movement.on.isoformat():
        return [f"Kit {kit.number} expired on {kit.use_by}; record that it expired."]
    return []


def list_in_use(stock: Stock, place: str) -> str:
    """The one kit list that a place hands out or ships from: the newest (by its date) that has come there.

    If a place had two lists to choose from, whoever was handed a newer kit while older ones lay there would be known
    to be of another arm than whoever got those later. So the arrival of a newer list, which everybody sees, retires the
    older one. Of the depot every list counts of which a kit was released, also where all of them were shipped. Empty
    where nothing has come.
    """
    came = (
        (kit.use_by, kit.list)
        for kit in stock.values()
        if (kit.place == place and kit.status in CAME) or (place == kits.DEPOT != kit.place)
    )
    return max(came, default=("", ""))[1]


CAME = frozenset({kits.AVAILABLE, kits.DISPENSED, kits.RETURNED})
"""What shows that a list is in use at a place; what lies in quarantine there does not."""


def usable(stock: Stock, place: str, on: date, plan: KitSupply) -> tuple[str, ...]:
    """The kits at a place that could be handed out on a day, by number; all are of one list."""
    until, current = last_use(plan, on).isoformat(), list_in_use(stock, place)
    return tuple(
        sorted(
            number
            for number, kit in stock.items()
            if kit.place == place and kit.status == kits.AVAILABLE and kit.list == current and kit.use_by >= until
        )
    )


def counts(stock: Stock, place: str | None = None) -> dict[str, int]:
    """How many kits have each status (at a place), in the order of a kit's life: the blinded account."""
    held = [kit.status for kit in stock.values() if place is None or kit.place == place]
    return {status: held.count(status) for status in kits.STATUSES}


# ------------------------------------------------------------------ the proof


@dataclass(frozen=True, slots=True)
class _Event:
    kind: str
    on: date
    place: str
    participant: str


def problems(listed: Iterable[Kit], movements: Iterable[Movement], stock: Stock, plan: KitSupply) -> list[str]:
    """What an account does not prove, in sentences; empty when every invariant holds.

    `listed`: the kits as they were made. `movements`: everything that was recorded, in order. `stock`: what is claimed
    to be there now.
    """
    made: dict[str, Kit] = {}
    found = []
    for kit in listed:
        if kit.number in made:
            found.append(f"kit {kit.number} stands on two lists")
        made[kit.number] = kit
    life: dict[str, list[_Event]] = {number: [] for number in made}
    for movement in movements:
        event = _Event(movement.kind, movement.on, movement.place, movement.participant)
        for number in movement.kits:
            if number in life:
                life[number].append(event)
            else:
                found.append(f"kit {number} was moved ({movement.kind}) and stands on no list")
    for number, events in life.items():
        found += [f"kit {number} {said}" for said in _life_problems(made[number], events, plan)]
        found += [f"kit {number} {said}" for said in _claim_problems(made[number], events, stock.get(number))]
    if set(stock) != set(made):
        found.append(f"{len(made)} kits were listed and {len(stock)} are accounted for")
    return found


def _life_problems(kit: Kit, events: Sequence[_Event], plan: KitSupply) -> list[str]:
    """The invariants of one kit, read from its life alone and not from the table of movements."""
    found, place, free, held, gone, spoiled = [], kits.DEPOT, False, "", False, False
    handed = [event for event in events if event.kind == kits.DISPENSE]
    if len(handed) > 1:
        found.append(f"was dispensed {len(handed)} times")
    for event in events:
        if gone:
            found.append(f"was moved ({event.kind}) after it was lost or destroyed")
        if event.kind == kits.SHIP:
            place, free = (event.place, False) if free and place == kits.DEPOT else ("nowhere", False)
        elif event.place != place:
            found.append(f"was moved ({event.kind}) at {event.place} and was at {place}")
        if event.kind in (kits.RELEASE, kits.RECEIVE):
            free = not spoiled
        elif event.kind == kits.QUARANTINE:
            free = False
        elif event.kind in SPOILS:
            free, spoiled = False, True
        elif event.kind == kits.DISPENSE:
            if not free:
                found.append(f"was dispensed on {event.on} without having been released")
            if kit.use_by < (event.on + timedelta(days=plan.lasts_days + plan.margin_days)).isoformat():
                found.append(f"was dispensed on {event.on} and expires on {kit.use_by}")
            free, held = False, event.participant
        if event.kind == kits.RETURN and not held:
            found.append(f"came back on {event.on} and had never been dispensed")
        gone = gone or event.kind in (kits.LOSE, kits.DESTROY)
    return found


def _claim_problems(kit: Kit, events: Sequence[_Event], claimed: Kit | None) -> list[str]:
    """Whether what is claimed of a kit is what its life came to."""
    if claimed is None:
        return ["is missing from the stock"]
    status = kits.BECOMES[events[-1].kind] if events else kits.MADE
    place = next((event.place for event in reversed(events) if event.kind == kits.SHIP), kits.DEPOT)
    has = next((event.participant for event in reversed(events) if event.kind == kits.DISPENSE), "")
    if (claimed.status, claimed.place, claimed.participant, claimed.use_by) != (status, place, has, kit.use_by):
        return [f"is said to be {claimed.status} at {claimed.where} and should be {status} at {place}"]
    return []
