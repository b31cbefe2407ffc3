"""The imagined pharmacist: prepares each course through the verbs of conduct, with lots that the scenario imagines.

The arm comes from the rehearsal's own list, as a pharmacist would open it with a key; the weight comes from the pages.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from trialwright import conduct
from trialwright.allocation.preparation import Day, shown
from trialwright.conduct import Desk, Person
from trialwright.conduct.prepare import planned, product_of
from trialwright.conduct.release import becomes_ready, day_text, days_of
from trialwright.design.model import Definition
from trialwright.design.supply import Supply, amount
from trialwright.ledger.canonical import instant_text
from trialwright.simulate.scenario import Stock

Lots = list[dict[str, str]]


class Pharmacy:
    """What one rehearsed trial's pharmacy has prepared and not yet released, and which volumes it prepared."""

    def __init__(self, desk: Desk, definition: Definition, stock: Stock, people: tuple[Person, ...]) -> None:
        self._desk, self._stock = desk, stock
        self._definition = definition
        self._by, self._second = people[0], people[-1]
        self._waiting: list[dict[str, object]] = []
        self._volumes: dict[tuple[str, str], tuple[int, ...]] = {}

    @property
    def waits(self) -> bool:
        """Whether something is prepared and not released."""
        return bool(self._waiting)

    def receive(self) -> None:
        """All lots come before the first participant."""
        for product, lots in self._stock.lots.items():
            for one in lots:
                came = [
                    {"product": product, "lot": one.lot, "size": size, "count": str(count)}
                    for size, count in one.sizes.items()
                ]
                record = {"record": "received", "lots": came, "from": self._stock.supplier}
                conduct.keep_supply(self._desk, record=record, reference=self._reference(), by=self._by)

    def prepare(self, day: int, number: str, visit: str, days: int, arm: Callable[[str], str]) -> datetime:
        """Prepare a course on a day (counted from the start); `arm` opens a label. Returns when it becomes ready."""
        desk, person = self._desk, self._desk.state.participants[number]
        protocol = desk.protocol(desk.version_at(person.site))
        plan = planned(protocol, person, visit, days)
        self._volumes[number, visit] = tuple(one.volume_ml for one in plan.course.days)
        now, label = desk.clock.now(), person.allocation.label if person.allocation else ""
        product = product_of(protocol, arm(label))
        self._waiting.append(
            {
                "reference": self._reference(),
                "participant": number,
                "visit": visit,
                "day": day_text(range(1, days + 1)),
                "label": label,
                "arm": arm(label),
                "product": product,
                "lots": self._lots(day, product, plan.course.days),
                "weight_kg": shown(plan.dosing.kg),
                "grams": shown(plan.course.grams),
                "volume_ml": str(plan.course.volume_ml),
                "bags": str(sum(len(one.bags) for one in plan.course.days)),
                "prepared_at": instant_text(now),
                "by": self._by.name,
                "checked_by": self._second.name,
            }
        )
        return becomes_ready(protocol, person.site, now)

    def release(self) -> None:
        """Release everything that waits, in one act."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            conduct.release(self._desk, prepared=waiting, by=self._by)

    def volume(self, number: str, visit: str, day: str) -> str | None:
        """The volume in mL that was prepared for a day of a course, None where nothing was."""
        volumes = self._volumes.get((number, visit), ())
        place = days_of(day)[0]
        return str(volumes[place - 1]) if place <= len(volumes) else None

    def _reference(self) -> str:
        return self._desk.chance.token("supply reference")

    def _lots(self, day: int, product: str, days: tuple[Day, ...]) -> Lots:
        """Which lots were opened: of the product vials by size, of the placebo as many bags of the largest size as hold
        the volume."""
        lot = max((one for one in self._stock.lots[product] if one.from_day <= day), key=lambda one: one.from_day)
        supply = self._definition.supply
        if supply is not None and product == supply.product:
            used = _vials(sizes(supply), days)
        else:
            largest = max(lot.sizes, key=lambda size: amount(size, "mL"))
            used = {largest: sum(-(-one.volume_ml // int(amount(largest, "mL"))) for one in days)}
        return [{"product": product, "lot": lot.lot, "size": size, "count": str(count)} for size, count in used.items()]


def _vials(names: Mapping[str, str], days: tuple[Day, ...]) -> dict[str, int]:
    """Size -> how many vials the days take together."""
    used: dict[str, int] = {}
    for one in days:
        for grams, number in one.vials:
            size = names[shown(grams)]
            used[size] = used.get(size, 0) + number
    return used


_SIZES: dict[tuple[str, ...], Mapping[str, str]] = {}


def sizes(supply: Supply) -> Mapping[str, str]:
    """Grams as shown -> the size as the definition writes it."""
    found = _SIZES.get(supply.vials)
    if found is None:
        found = _SIZES[supply.vials] = {shown(amount(size, "g")): size for size in supply.vials}
    return found
