"""From a body weight to bags: the dose of a course, its split over days, the vials, volumes and bags of each day.

Nothing here asks for an arm: the plan is made before anybody looks, so volumes and bags are equal in both arms because
there is only one plan. All arithmetic is exact (fractions); amounts are grams, volumes whole millilitres.

    dose = dose per kilogram x dosing weight        2 g/kg x 70 kg = 140 g = 2,800 mL at 50 mg/mL
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from functools import lru_cache, reduce
from math import ceil, floor, gcd, lcm
from typing import NamedTuple

from trialwright import logic
from trialwright.design.model import Definition
from trialwright.design.supply import DosingWeight, amount

HALF = Fraction(1, 2)
LARGEST_TABLE = 200_000
"""Steps of the smallest vial that a table of amounts may have; a course of 400 g in steps of 2 mg."""
IDEAL_MAN, IDEAL_WOMAN = Fraction(50), Fraction("45.5")
IDEAL_PER_CM, IDEAL_FROM_CM = Fraction("2.3") / Fraction("2.54"), Fraction("152.4")
"""Ideal body weight (Devine 1974, Drug Intell Clin Pharm 8:650): 50 kg (women 45.5 kg) and 2.3 kg per inch above 5
feet."""


class CannotPrepare(ValueError):
    """A dose that cannot be prepared as the definition says; the reason is a sentence."""


class Vials(NamedTuple):
    """So many vials (`number`) of a size in grams."""

    size: Fraction
    number: int


class Sizes:
    """Vials from large to small, and what they can hold: for 0, 1, 2 ... steps the fewest vials that hold exactly so
    much, None where none do. The table grows as it is asked for more."""

    __slots__ = ("_counts", "step", "units", "vials")

    def __init__(self, vials: tuple[Fraction, ...]) -> None:
        denominator = lcm(*(size.denominator for size in vials))
        self.vials = vials
        self.step = Fraction(reduce(gcd, (int(size * denominator) for size in vials)), denominator)
        self.units = tuple(int(size / self.step) for size in vials)
        self._counts: list[int | None] = [0]

    def upto(self, steps: int) -> list[int | None]:
        """The table up to so many steps at least. Raises `CannotPrepare` for an amount that nobody can be given."""
        if steps >= LARGEST_TABLE:
            raise CannotPrepare(
                f"{shown(steps * self.step)} g are too much for vials in steps of {shown(self.step)} g."
            )
        counts = self._counts
        for unit in range(len(counts), steps + 1):
            before = [counts[unit - size] for size in self.units if size <= unit]
            counts.append(min((count + 1 for count in before if count is not None), default=None))
        return counts

    def fewest(self, grams: Fraction) -> tuple[Vials, ...]:
        """The fewest vials that hold exactly so much; of several ways the one with the largest vials first. Raises
        `CannotPrepare` where there is none."""
        steps = grams / self.step
        if steps.denominator > 1 or self.upto(steps.numerator)[steps.numerator] is None:
            raise CannotPrepare(f"No vials of {sizes(self.vials)} hold exactly {shown(grams)} g.")
        return self.of(steps.numerator)

    def of(self, unit: int) -> tuple[Vials, ...]:
        """The vials of an amount in steps that the table has."""
        taken, counts = [], self._counts
        for size, units in zip(self.vials, self.units, strict=True):
            number = 0
            while units <= unit and counts[unit - units] == (counts[unit] or 0) - 1:
                number, unit = number + 1, unit - units
            if number:
                taken.append(Vials(size, number))
        return tuple(taken)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the definition says of preparation, in numbers: grams, millilitres, days. `vials` from large to small."""

    dose_g_per_kg: Fraction
    fewest: int
    most: int
    first_visits: frozenset[str]
    first_at_most: Fraction | None
    to: str
    within: Fraction
    per_course: bool
    vials: tuple[Fraction, ...]
    g_per_ml: Fraction
    bag_ml: Fraction
    life: timedelta
    made: dict[tuple[Fraction, int, bool], "Course"] = field(default_factory=dict, compare=False, repr=False)
    """Courses as made before: a rehearsal makes the same ones again and again."""
    sizes: Sizes = field(init=False, compare=False, repr=False)
    ml_per_step: Fraction = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", Sizes(self.vials))
        object.__setattr__(self, "ml_per_step", self.sizes.step / self.g_per_ml)


@dataclass(frozen=True, slots=True)
class Day:
    """What is prepared for one day. `target` is what the dose asks for, `grams` what the vials hold; `bags` are the
    volumes of the bags in mL, equal to the millilitre."""

    number: int
    target: Fraction
    grams: Fraction
    vials: tuple[Vials, ...]
    volume_ml: int
    bags: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """A course: the dose that the weight asks for, and its days."""

    weight_kg: Fraction
    dose: Fraction
    days: tuple[Day, ...]

    @property
    def grams(self) -> Fraction:
        """What all days hold together."""
        return sum((day.grams for day in self.days), Fraction())

    @property
    def volume_ml(self) -> int:
        """The volume of all days together."""
        return sum(day.volume_ml for day in self.days)


def plan(definition: Definition) -> Plan:
    """The plan of a definition that declares its supply. Raises ValueError where it declares none."""
    supply = definition.supply
    if supply is None:
        raise ValueError(f"the definition of {definition.id} does not say how a treatment is prepared (supply:)")
    first = supply.first_day
    return Plan(
        dose_g_per_kg=amount(definition.interventions[supply.product].dose or "", "g/kg"),
        fewest=supply.days[0],
        most=supply.days[1],
        first_visits=frozenset(first.visits if first else ()),
        first_at_most=amount(first.at_most, "g") if first else None,
        to=supply.rounding.to,
        within=amount(supply.rounding.within, "%") / 100,
        per_course=supply.rounding.per == "course",
        vials=tuple(sorted((amount(size, "g") for size in supply.vials), reverse=True)),
        g_per_ml=amount(supply.concentration, "g/mL"),
        bag_ml=amount(supply.bag, "mL"),
        life=timedelta(seconds=floor(amount(supply.in_use_life, "s"))),
    )


def course(plan: Plan, weight_kg: Fraction, days: int, visit: str = "") -> Course:
    """The course of a person of this weight over so many days; `visit` is that of the course (a limit of the first day
    may hang on it). Raises `CannotPrepare`."""
    known = plan.made.get((weight_kg, days, visit in plan.first_visits))
    if known is not None:
        return known
    if not plan.fewest <= days <= plan.most:
        raise CannotPrepare(f"A course lasts {plan.fewest} to {plan.most} days, not {days}.")
    limit = plan.first_at_most if visit in plan.first_visits else None
    made = plan.made[weight_kg, days, visit in plan.first_visits] = _course(plan, weight_kg, days, limit)
    return made


def _course(plan: Plan, weight_kg: Fraction, days: int, limit: Fraction | None) -> Course:
    dose = plan.dose_g_per_kg * weight_kg
    if days == 1 and limit is not None and dose > limit:
        raise CannotPrepare(f"The first day may hold at most {shown(limit)} g, so {shown(dose)} g need another day.")
    step = plan.sizes.step
    most = None if limit is None else floor(limit / step)
    planned = (_by_course if plan.per_course else _by_day)(plan, dose / step, days, limit, most)
    return Course(weight_kg, dose, tuple(_day(plan, number, *one) for number, one in enumerate(planned, 1)))


def fewest_days(plan: Plan, weight_kg: Fraction, visit: str = "") -> int:
    """The fewest days over which a course can be prepared. Raises `CannotPrepare` where none are enough."""
    for days in range(plan.fewest, plan.most):
        try:
            course(plan, weight_kg, days, visit)
        except CannotPrepare:
            continue
        return days
    course(plan, weight_kg, plan.most, visit)
    return plan.most


def until(plan: Plan, prepared_at: datetime) -> datetime:
    """When a bag that was filled then may no longer be given."""
    return prepared_at + plan.life


def shown(number: Fraction) -> str:
    """A number for people: no exponent, no needless zeros, three places where it has no end."""
    if number.denominator == 1:
        return str(number.numerator)
    whole, rest = divmod((2000 * number.numerator + number.denominator) // (2 * number.denominator), 1000)
    return f"{whole}.{rest:03}".rstrip("0").rstrip(".")


# ------------------------------------------------------------------ from a dose to whole vials


Planned = list[tuple[Fraction, int]]
"""(target, what the vials hold) of each day, both in steps of the vials."""


def _by_day(plan: Plan, dose: Fraction, days: int, limit: Fraction | None, most: int | None) -> Planned:
    """What is left of the dose in equal parts over the days that are left, each rounded on its own. What one day is too
    much, the next ones are too little, so the whole course is off by one rounding."""
    found: Planned = []
    left = dose
    for number in range(days):
        target, at_limit = _target(plan, left / (days - number), limit if number == 0 else None)
        steps = _rounded(plan, target, most if number == 0 else None, at_limit)
        found.append((target, steps))
        left -= steps
    return found


def _target(plan: Plan, share: Fraction, limit: Fraction | None) -> tuple[Fraction, bool]:
    """The share, or the limit where that is less; and whether it is the limit."""
    if limit is None or share * plan.sizes.step < limit:
        return share, False
    return limit / plan.sizes.step, True


def _by_course(plan: Plan, dose: Fraction, days: int, limit: Fraction | None, most: int | None) -> Planned:
    """The course is rounded as a whole, then its vials are spread as evenly as they go."""
    left = _rounded(plan, dose, None, False)
    found: Planned = []
    for number in range(days):
        target, _ = _target(plan, Fraction(left, days - number), limit if number == 0 else None)
        top = most if number == 0 else None
        steps = left if number == days - 1 else _share(plan, target, left, top)
        if steps <= 0 or (top is not None and steps > top):
            raise CannotPrepare(
                f"{shown(dose * plan.sizes.step)} g in vials of {sizes(plan.vials)} cannot be spread over {days} days; "
                "choose fewer days."
            )
        found.append((target, steps))
        left -= steps
    return found


def _share(plan: Plan, target: Fraction, whole: int, most: int | None) -> int:
    """The amount of one day nearest to its target (the larger of two) whose rest can still be filled."""
    table = plan.sizes.upto(whole)
    top = whole - 1 if most is None else min(whole - 1, most)
    able = (unit for unit in _outwards(target, range(1, top + 1)) if table[unit] and table[whole - unit] is not None)
    return next(able, 0)


def _rounded(plan: Plan, target: Fraction, most: int | None, at_limit: bool) -> int:
    """The amount that whole vials can hold for a target, by the declared rule, all in steps. Of two that are equally
    good the larger one. At a limit the amount never goes above it."""
    steps, parts = target.numerator, target.denominator
    share, of = plan.within.numerator, plan.within.denominator
    low, high = -(-steps * (of - share) // (parts * of)), steps * (of + share) // (parts * of)
    if most is not None:
        high = min(high, most)
    if plan.to == "down":
        high = min(high, steps // parts)
    if plan.to == "up" and not at_limit:
        low = -(-steps // parts)
    fitting, table = range(low, high + 1), plan.sizes.upto(max(high, 0))
    if plan.to == "fewest vials":
        able = [(table[unit] or 0, abs(unit - target), -unit) for unit in fitting if table[unit]]
        found = -min(able)[2] if able else None
    else:
        found = next((unit for unit in _outwards(target, fitting) if table[unit]), None)
    if found is None:
        raise CannotPrepare(_far(plan, target * plan.sizes.step))
    return found


def _outwards(centre: Fraction, within: range) -> Iterator[int]:
    """The whole numbers of a range by their distance from the centre, of two equally far ones the larger first."""
    twice, parts = 2 * centre.numerator, centre.denominator
    nearest = (twice + parts) // (2 * parts)
    if nearest in within:
        yield nearest
    below, above = nearest - 1, nearest + 1
    while below >= within.start or above < within.stop:
        # above - centre <= centre - below, without a fraction
        if below < within.start or (above < within.stop and (above + below) * parts <= twice):
            if above >= within.start:
                yield above
            above += 1
        else:
            if below < within.stop:
                yield below
            below -= 1


def _far(plan: Plan, target: Fraction) -> str:
    rule = {"up": " and not below", "down": " and not above"}.get(plan.to, "")
    return (
        f"No vials of {sizes(plan.vials)} come within {shown(plan.within * 100)} % of {shown(target)} g{rule}; choose "
        "another number of days, or ask the trial office."
    )


def sizes(vials: Sequence[Fraction]) -> str:
    """The sizes in words, from large to small."""
    return ", ".join(f"{shown(size)} g" for size in vials)


def _day(plan: Plan, number: int, target: Fraction, steps: int) -> Day:
    grams = steps * plan.sizes.step
    volume = floor(steps * plan.ml_per_step + HALF)
    bags = ceil(volume / plan.bag_ml)
    each, more = divmod(volume, bags)
    filled = tuple(each + 1 if bag < more else each for bag in range(bags))
    return Day(number, target * plan.sizes.step, grams, plan.sizes.of(steps), volume, filled)


# ------------------------------------------------------------------ the weight that the dose follows


class Reading(NamedTuple):
    """A body weight in kg as it stands on a visit's page."""

    visit: str
    kg: Fraction


@dataclass(frozen=True, slots=True)
class Dosing:
    """The dosing weight in kg, the visit that it comes from, and how it came about, in sentences."""

    kg: Fraction
    visit: str
    says: tuple[str, ...]


def dosing_weight(
    rule: DosingWeight,
    readings: Sequence[Reading],
    baseline: str,
    height_cm: Fraction | None = None,
    female: bool | None = None,
) -> Dosing:
    """The dosing weight by the declared rule, from the weights up to the course in the order of visits.

    `baseline` is the visit of randomisation; height and sex are needed where the rule adjusts. Raises `CannotPrepare`
    where what it needs was not recorded.
    """
    if not readings:
        raise CannotPrepare(f"No weight is recorded yet ({rule.item}); nothing is prepared without one.")
    taken, says = _taken(rule, readings, baseline)
    kg = taken.kg
    if rule.adjusted is not None:
        kg, more = _adjusted(rule, kg, height_cm, female)
        says += more
    if rule.at_most is not None and kg > amount(rule.at_most, "kg"):
        says += (f"more than {rule.at_most}, so {rule.at_most} counts",)
        kg = amount(rule.at_most, "kg")
    return Dosing(kg, taken.visit, says)


def _taken(rule: DosingWeight, readings: Sequence[Reading], baseline: str) -> tuple[Reading, tuple[str, ...]]:
    newest = readings[-1]
    if rule.taken == "newest":
        return newest, (f"{shown(newest.kg)} kg at {newest.visit}, the newest weight",)
    first = next((one for one in readings if one.visit == baseline), None)
    if first is None:
        raise CannotPrepare(f"No weight is recorded at {baseline} ({rule.item}); the dose follows it.")
    says = f"{shown(first.kg)} kg at {baseline}, the baseline weight"
    if rule.change is None or abs(newest.kg - first.kg) <= first.kg * amount(rule.change, "%") / 100:
        return first, (says,)
    return newest, (
        f"{shown(newest.kg)} kg at {newest.visit}, which differs from {shown(first.kg)} kg at {baseline} by more than "
        f"{rule.change}",
    )


def _adjusted(
    rule: DosingWeight, kg: Fraction, height_cm: Fraction | None, female: bool | None
) -> tuple[Fraction, tuple[str, ...]]:
    """Adjusted body weight: ideal + share x (weight - ideal), where the weight exceeds the ideal one."""
    if rule.adjusted is None or height_cm is None or female is None:
        raise CannotPrepare("Height or sex is not recorded; the dose follows the adjusted body weight.")
    ideal = (IDEAL_WOMAN if female else IDEAL_MAN) + IDEAL_PER_CM * (height_cm - IDEAL_FROM_CM)
    if kg <= ideal:
        return kg, ()
    adjusted = round(ideal + Fraction(rule.adjusted.share) * (kg - ideal), 1)
    return adjusted, (f"adjusted to {shown(adjusted)} kg (ideal weight {shown(round(ideal, 1))} kg)",)


@lru_cache(maxsize=4096)
def exact(text: str) -> Fraction:
    """The exact number of a value as it was written on a page. Raises ValueError for a text that is none."""
    return Fraction(text)


def in_unit(text: str, own: str, code: str) -> Fraction:
    """A value that was written in its item's unit, in another one."""
    if own == code:
        return exact(text)
    factor, _ = logic.conversion(logic.unit(own), logic.unit(code))
    return exact(text) * factor
