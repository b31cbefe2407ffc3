"""Supplying sites with kits so that neither the hour, the size nor the look of a shipment tells what is needed.

Two steps that know different things.

1. `wanted` says *whether and how many*, from what every blinded eye can see: how many kits a site has or awaits, and
   how many are due to participants who are randomised already. It is never shown an arm, so no two allocations can
   make it differ. This works because every participant gets the same number of kits at the same visits: what all arms
   together lack, `sum of levels - (ready - due)`, does not depend on who is in which arm. It is rounded up to whole
   `shipment`s (that is the padding), and a site is only sent something once so much is lacking in all that one arm
   alone could have fallen below its floor, whichever it is.
2. `composed` says *which kits*, for a holder of a key: it fills up the arm that is furthest below its level, kit by
   kit, and mixes the numbers.

A shipment is of one kit list, the newest that the depot has released (`stock.list_in_use`): two dates in one shipment
would group its kits.

The price: a site is supplied as if all that left it had left one arm, so it is supplied earlier than an open count by
arm would ask. What remains open: when the depot runs short of one arm, `short` tells the holder of the key alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import ceil

from trialwright.allocation.stock import Stock, last_use, list_in_use
from trialwright.allocation.stream import Draws
from trialwright.design.calendar import planned_window
from trialwright.design.kits import KitSupply
from trialwright.design.model import Definition
from trialwright.ledger import kits


class ShipsNone(LookupError):
    """The trial's definition has no section `kits`."""


class NoKit(Exception):
    """No kit can be handed out. Which arm is lacking is never said."""


@dataclass(frozen=True, slots=True)
class Taker:
    """A randomised participant, as anybody may know them: the day of the anchor visit and the visits at which kits
    were handed out. `ends`: the day on which treatment stopped, if it did."""

    participant: str
    anchor: date
    given: frozenset[str] = frozenset()
    ends: date | None = None


def kits_of(definition: Definition) -> KitSupply:
    """How the trial supplies kits. Raises ShipsNone for a trial without kits."""
    if definition.kits is None:
        raise ShipsNone(f"{definition.id} ships no numbered kits; its definition has no section `kits`")
    return definition.kits


def horizon(plan: KitSupply) -> timedelta:
    """What is ordered today must last until what is ordered at the next look has arrived."""
    return timedelta(days=plan.resupply.lead_days + plan.resupply.interval_days)


def due(definition: Definition, taker: Taker, on: date) -> int:
    """How many kits a participant will need from a day on until the horizon."""
    plan = kits_of(definition)
    if taker.ends is not None and taker.ends <= on:
        return 0
    until = on + horizon(plan)
    count = 0
    for visit, number in plan.dispense.items():
        _, earliest, latest = planned_window(definition, visit, taker.anchor)
        if visit not in taker.given and earliest <= until and latest >= on:
            count += number
    return count


def level(definition: Definition, site: str, arm: str) -> int:
    """What a shipment fills an arm up to, beyond what is due to those who are randomised already."""
    plan, ratio = kits_of(definition), definition.randomisation.ratio
    policy = plan.resupply
    if policy.target is not None:
        return policy.target * ratio[arm]
    weeks = policy.weeks or 0
    arriving = Fraction(policy.expects.get(site, 0)) * weeks * Fraction(ratio[arm], sum(ratio.values()))
    return policy.floor * ratio[arm] + ceil(arriving * _within(definition, 7 * weeks))


def _within(definition: Definition, days: int) -> int:
    """The kits that a new participant needs in the first `days` days."""
    start = date(2000, 1, 1)
    return sum(
        number
        for visit, number in kits_of(definition).dispense.items()
        if planned_window(definition, visit, start)[1] <= start + timedelta(days=days)
    )


# ------------------------------------------------------------------ whether and how many: blinded


def ready(stock: Stock, site: str, on: date, plan: KitSupply) -> tuple[str, ...]:
    """The kits that a site has or awaits and that are still good at the horizon, of the list that the depot ships."""
    until, current = last_use(plan, on + horizon(plan)).isoformat(), list_in_use(stock, kits.DEPOT)
    return tuple(
        number
        for number, kit in stock.items()
        if kit.place == site
        and kit.status in (kits.AVAILABLE, kits.UNDER_WAY)
        and kit.list == current
        and kit.use_by >= until
    )


def wanted(definition: Definition, site: str, have: int, needed: int) -> int:
    """The size of the shipment that a site is sent now; 0 for none.

    have: kits ready. needed: kits due to participants of the site until the horizon. Nothing else is asked.
    """
    plan, ratio = kits_of(definition), definition.randomisation.ratio
    levels = {arm: level(definition, site, arm) for arm in ratio}
    lacking = sum(levels.values()) - (have - needed)
    room = min(levels[arm] - plan.resupply.floor * ratio[arm] for arm in ratio)
    if lacking <= max(0, room - 1):
        return 0
    return -(-lacking // plan.resupply.shipment) * plan.resupply.shipment


def first_shipment(definition: Definition, site: str) -> int:
    """What a site has before its first participant."""
    plan, ratio = kits_of(definition), definition.randomisation.ratio
    if site in plan.initial:
        return plan.initial[site]
    full = sum(level(definition, site, arm) for arm in ratio)
    return -(-full // plan.resupply.shipment) * plan.resupply.shipment


# ------------------------------------------------------------------ which kits: for holders of a key


def composed(
    definition: Definition,
    site: str,
    size: int,
    stock: Stock,
    contents: Mapping[str, str],
    takers: Iterable[tuple[Taker, str]],
    on: date,
    draws: Draws,
) -> tuple[str, ...]:
    """The kits of a shipment, mixed. contents: kit number -> arm. takers: the site's participants with their arms.

    Fewer kits than `size` where the depot has no more. Equal choices are settled by the arms' lowest kit numbers and by
    chance, never by the name of an arm: the same trial with its arms swapped gives the same shipment.
    """
    plan = kits_of(definition)
    held = {arm: -level(definition, site, arm) for arm in definition.randomisation.ratio}
    for number in ready(stock, site, on, plan):
        held[contents[number]] += 1
    for taker, arm in takers:
        held[arm] -= due(definition, taker, on)
    until, current = last_use(plan, on + horizon(plan)).isoformat(), list_in_use(stock, kits.DEPOT)
    store: dict[str, list[str]] = {}
    for number in sorted(stock):
        kit = stock[number]
        if (kit.place, kit.status, kit.list) == (kits.DEPOT, kits.AVAILABLE, current) and kit.use_by >= until:
            store.setdefault(contents[number], []).append(number)
    shares = definition.randomisation.ratio
    taken: list[str] = []
    while len(taken) < size and any(store.values()):
        order = sorted((arm for arm in store if store[arm]), key=lambda arm: store[arm][0])
        neediest = min(order, key=lambda arm: Fraction(held[arm], shares[arm]))
        (number,) = picked(store[neediest], 1, draws)
        store[neediest].remove(number)
        held[neediest] += 1
        taken.append(number)
    return draws.shuffled(sorted(taken))


def picked(numbers: Sequence[str], count: int, draws: Draws) -> tuple[str, ...]:
    """Some of these kits, by chance alone. Raises NoKit where they are too few."""
    if len(numbers) < count:
        raise NoKit("no kit can be handed out")
    return draws.shuffled(sorted(numbers))[:count]


def short(
    definition: Definition,
    site: str,
    stock: Stock,
    contents: Mapping[str, str],
    takers: Iterable[tuple[Taker, str]],
    on: date,
) -> dict[str, int]:
    """Arm -> how many kits it is below its floor at a site, what is due taken into account. For key holders only."""
    plan, ratio = kits_of(definition), definition.randomisation.ratio
    lacking = {arm: plan.resupply.floor * share for arm, share in ratio.items()}
    for taker, arm in takers:
        lacking[arm] += due(definition, taker, on)
    for number in ready(stock, site, on, plan):
        lacking[contents[number]] -= 1
    return {arm: count for arm, count in lacking.items() if count > 0}
