"""How often a kit will be lacking: the supply of imagined trials, day by day, by the functions that supply real ones.

Participants, their sites and days are those of the rehearsal's cast, their arms those that the trial's own method
drew. Stock, dispensing and shipments are `allocation.stock` and `allocation.resupply`, unchanged. When no kit of the
participant's arm is there, the visit goes without and is counted; what is missing is not fetched from another site.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from trialwright import design
from trialwright.allocation.annex import TEST
from trialwright.allocation.kits import KitOrder, Lot, draw_up_kits
from trialwright.allocation.resupply import (
    NoKit,
    Taker,
    composed,
    due,
    first_shipment,
    horizon,
    kits_of,
    level,
    picked,
    ready,
    wanted,
)
from trialwright.allocation.stock import counts, moved, usable
from trialwright.allocation.stream import SEED_BYTES, Stream
from trialwright.compute import chance
from trialwright.conduct.catalogue import catalogue
from trialwright.design.model import Definition
from trialwright.ledger import kits
from trialwright.ledger.kits import Kit, Movement
from trialwright.simulate.casting import Cast, imagine
from trialwright.simulate.figures import mean_of, share_of
from trialwright.simulate.participants import NEVER
from trialwright.simulate.program import program
from trialwright.simulate.reading import read

CHUNK = 16
"""Trials imagined together."""
ARRIVAL, VISIT, LOOK = range(3)
"""The order of things on one day."""


@dataclass(frozen=True, slots=True)
class Making:
    """What the simulation assumes of the manufacture: kits per unit of an arm's share (None: as many as could be needed
    at most), and days from the start until they expire (None: not within the trial)."""

    per_share: int | None = None
    lasts_days: int | None = None


@dataclass(frozen=True, slots=True)
class Supplied:
    """What the supply of one trial came to. `lacking`: site -> visits at which no kit could be handed out."""

    trial: int
    lacking: dict[str, int]
    visits: int
    made: int
    dispensed: int
    sent: int
    shipments: int
    left: int


@dataclass
class _Depot:
    """One imagined supply under way."""

    cast: Cast
    definition: Definition
    start: date
    stock: dict[str, Kit]
    contents: dict[str, str]
    stream: Stream
    takers: dict[str, dict[int, tuple[Taker, str]]] = field(default_factory=dict)
    lacking: dict[str, int] = field(default_factory=dict)
    visits: int = 0
    shipments: int = 0
    sent: int = 0
    drawn: int = 0

    def draws(self) -> Any:
        """Fresh chance for each choice."""
        self.drawn += 1
        return self.stream.draws(f"choice {self.drawn}")

    def move(self, kind: str, numbers: Sequence[str], on: date, place: str, participant: str = "") -> None:
        """One movement through the one gateway."""
        if numbers:
            movement = Movement(kind, tuple(numbers), on, place, participant)
            self.stock = moved(self.stock, movement, kits_of(self.definition))


def supplied(cast: Cast, making: Making = Making()) -> Supplied:
    """The supply of one imagined trial. Raises ShipsNone for a trial that ships no kits."""
    depot = _made(cast, making)
    events = _events(cast, depot)
    while events:
        day, order, about = heapq.heappop(events)
        on = depot.start + timedelta(days=day)
        if order == ARRIVAL:
            depot.move(kits.RECEIVE, about[1], on, about[0])
        elif order == VISIT:
            _hand_out(depot, on, *about)
        else:
            _look(depot, day, on, events)
    left = sum(
        count
        for site in depot.definition.sites
        for status, count in counts(depot.stock, site).items()
        if status != kits.DISPENSED
    )
    handed = sum(kit.status == kits.DISPENSED for kit in depot.stock.values())
    return Supplied(
        cast.trial, depot.lacking, depot.visits, len(depot.stock), handed, depot.sent, depot.shipments, left
    )


def _made(cast: Cast, making: Making) -> _Depot:
    """All kits released at the depot, and every site with its first shipment."""
    definition, start = cast.program.definition, cast.program.scenarios.enrolment.start
    ratio = definition.randomisation.ratio
    until = start + timedelta(days=making.lasts_days if making.lasts_days is not None else 36500)
    count = making.per_share or _at_most(definition)
    lots = tuple(Lot(arm, "imagined", until, count * share) for arm, share in sorted(ratio.items()))
    stream = Stream(chance.octets(cast.seed, "kits", cast.trial, 0, 0, SEED_BYTES // 16))
    seed = stream.draws("list").octets(SEED_BYTES)
    opened = draw_up_kits(KitOrder(definition.id, lots, tuple(sorted(ratio)), TEST), seed)
    stock = kits.listed([kit.number for kit in opened], "imagined", until.isoformat())
    depot = _Depot(cast, definition, start, stock, {kit.number: kit.arm for kit in opened}, stream)
    depot.move(kits.RELEASE, list(stock), start, kits.DEPOT)
    for site in definition.sites:
        depot.takers[site], depot.lacking[site] = {}, 0
        depot.move(kits.RECEIVE, _send(depot, site, first_shipment(definition, site), start), start, site)
    return depot


def _at_most(definition: Definition) -> int:
    """More kits per share than all participants and full sites could use."""
    plan, ratio = kits_of(definition), definition.randomisation.ratio
    each = sum(plan.dispense.values())
    full = sum(level(definition, site, arm) for site in definition.sites for arm in ratio)
    return definition.randomisation.n * each + 2 * full + plan.resupply.shipment * len(definition.sites)


def _events(cast: Cast, depot: _Depot) -> list[tuple[int, int, Any]]:
    """The visits that hand out kits, and the looks at the stock."""
    program, crowd = cast.program, cast.crowd
    sites, plan = tuple(depot.definition.sites), kits_of(depot.definition)
    places = [program.visits.index(visit) for visit in plan.dispense]
    events: list[tuple[int, int, Any]] = []
    last = 0
    for row in cast.rows:
        if not crowd.enrolled[row] or crowd.arm[row] < 0:
            continue
        end = min(int(crowd.end[row]), int(crowd.treatment_end[row]))
        for place in places:
            day = int(crowd.on[row, place])
            if day <= end and crowd.attended[row, place]:
                heapq.heappush(events, (day, VISIT, (sites[int(crowd.site[row])], row, program.visits[place])))
                last = max(last, day)
    for day in range(0, last + 1, plan.resupply.interval_days):
        heapq.heappush(events, (day, LOOK, None))
    return events


def _hand_out(depot: _Depot, on: date, site: str, row: int, visit: str) -> None:
    """The kits of one visit, chosen as the client of a holder of a key chooses them."""
    crowd, plan = depot.cast.crowd, kits_of(depot.definition)
    arm = depot.cast.program.arms[int(crowd.arm[row])]
    before = depot.takers[site].get(row)
    taker = before[0] if before else Taker(str(row), depot.start + timedelta(days=int(crowd.day0[row])))
    end = min(int(crowd.end[row]), int(crowd.treatment_end[row]))
    taker = replace(taker, given=taker.given | {visit}, ends=depot.start + timedelta(days=end) if end < NEVER else None)
    depot.takers[site][row] = (taker, arm)
    depot.visits += 1
    able = [number for number in usable(depot.stock, site, on, plan) if depot.contents[number] == arm]
    try:
        depot.move(kits.DISPENSE, picked(able, plan.dispense[visit], depot.draws()), on, site, taker.participant)
    except NoKit:
        depot.lacking[site] += 1


def _look(depot: _Depot, day: int, on: date, events: list[tuple[int, int, Any]]) -> None:
    """The look at every site's stock; what is sent arrives after the lead time."""
    plan = kits_of(depot.definition)
    for site, people in depot.takers.items():
        # Nobody knows today that a participant will stop tomorrow.
        known = [(_as_known(taker, on), arm) for taker, arm in people.values()]
        needed = sum(due(depot.definition, taker, on) for taker, _ in known)
        size = wanted(depot.definition, site, len(ready(depot.stock, site, on, plan)), needed)
        sent = _send(depot, site, size, on, known)
        if sent:
            heapq.heappush(events, (day + plan.resupply.lead_days, ARRIVAL, (site, sent)))


def _as_known(taker: Taker, on: date) -> Taker:
    return taker if taker.ends is None or taker.ends <= on else replace(taker, ends=None)


def _send(depot: _Depot, site: str, size: int, on: date, known: Sequence[tuple[Taker, str]] = ()) -> tuple[str, ...]:
    if size == 0:
        return ()
    found = composed(depot.definition, site, size, depot.stock, depot.contents, known, on, depot.draws())
    depot.move(kits.SHIP, found, on, site)
    depot.shipments += bool(found)
    depot.sent += len(found)
    return found


# ------------------------------------------------------------------ what they came to


def supply_summary(definition: Definition, done: Sequence[Supplied]) -> dict[str, Any]:
    """Over all trials, each figure with its Monte Carlo error: how likely it is that a kit is lacking (for any visit of
    the trial, at each site, at one visit), what is shipped and what of it is left over."""
    n = len(done)
    visits = sum(one.visits for one in done)
    short = sum(sum(one.lacking.values()) for one in done)
    return {
        "times": n,
        "stock_out": {
            "trial": share_of(sum(any(one.lacking.values()) for one in done), n),
            "sites": {site: share_of(sum(one.lacking[site] > 0 for one in done), n) for site in definition.sites},
            "visit": share_of(short, visits),
        },
        "made": mean_of([float(one.made) for one in done]),
        "sent": mean_of([float(one.sent) for one in done]),
        "shipments": mean_of([float(one.shipments) for one in done]),
        "dispensed": mean_of([float(one.dispensed) for one in done]),
        "waste": mean_of([100 * one.left / max(1, one.sent) for one in done]),
        "most_sent": max((one.sent for one in done), default=0),
        "horizon_days": horizon(kits_of(definition)).days,
    }


def simulated(
    trial: Path,
    seed: int,
    times: int,
    scenario: str | None = None,
    making: Making = Making(),
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """The supply of `times` imagined trials of a definition. Raises ShipsNone for a trial that ships no kits."""
    source = read(trial)
    definition = design.read(trial, catalogue())
    kits_of(definition)
    planned = program(source, definition, scenario)
    done: list[Supplied] = []
    for first in range(0, times, CHUNK):
        for cast in imagine(planned, seed, range(first, min(times, first + CHUNK))):
            done.append(supplied(cast, making))
        if progress is not None:
            progress(len(done))
    return {"trial": definition.id, "scenario": planned.name, "seed": seed, **supply_summary(definition, done)}
