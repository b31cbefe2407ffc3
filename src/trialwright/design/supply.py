"""How a weight-based treatment is prepared: what the hospital pharmacy needs to know before it touches a vial.

Every amount is a text with a UCUM unit, such as `30 g`, so that it stands in the file as a pharmacist would write it;
`amount` makes an exact number of it. Nothing here says who gets what: volumes and bags are those of the product
whatever the arm.
"""

import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from trialwright import logic
from trialwright.design.fields import Exact, Key, Model, Whole

HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z")
"""A time of day at the site, `08:00`."""


class AdjustedWeight(Model):
    """Dose by adjusted body weight where the weight exceeds the ideal one: ideal + share x (weight - ideal).

    `height` and `sex` are items (`form.item`); `female` is the code of `sex` that means a woman; any other counts as a
    man.
    """

    height: str
    sex: str
    female: str
    share: Exact = Decimal("0.4")


class DosingWeight(Model):
    """Which weight the dose follows. `newest`: the newest one at the course. `baseline`: that of the visit of
    randomisation, unless the newest differs from it by more than `change` per cent. `at_most` caps it."""

    item: str
    taken: Literal["newest", "baseline"] = "newest"
    change: str | None = None
    at_most: str | None = None
    adjusted: AdjustedWeight | None = None


class Rounding(Model):
    """From a dose to whole vials, of each day or of the course as a whole, never further off than `within`.

    `nearest`, `up` and `down` look at the dose; `fewest vials` takes the amount within `within` that opens the fewest.
    """

    to: Literal["nearest", "up", "down", "fewest vials"] = "nearest"
    within: str
    per: Literal["day", "course"] = "day"


class FirstDay(Model):
    """The most that may be given on the first day of the courses at these visits."""

    visits: tuple[Key, ...]
    at_most: str


class Supply(Model):
    """`product` is weighed out, by the dose per kilogram that the intervention names; `placebo` is given in the same
    volumes and the same number of bags. `form` records each infusion day; its visits are the courses. `days` are the
    fewest and the most days of a course. `bag` is the most that one bag holds. What was prepared becomes `ready` at the
    hours of `ready_at` alone (time at the site), so that the hour tells nothing of the work."""

    prepared_by: str
    product: Key
    placebo: Key | None = None
    form: Key
    days: tuple[Whole, Whole]
    first_day: FirstDay | None = None
    weight: DosingWeight
    rounding: Rounding
    vials: tuple[str, ...]
    concentration: str
    bag: str
    in_use_life: str
    second_check: bool = False
    ready_at: tuple[str, ...]
    note: str | None = None


@lru_cache(maxsize=1024)
def amount(text: str, code: str) -> Fraction:
    """The exact number of a quantity in a unit: `amount("2.5 g", "mg")` is 2500.

    Raises ValueError, with a sentence, for a text that is no quantity above nothing or that does not compare.
    """
    try:
        measure = logic.parse(text)
    except logic.LogicErrors:
        measure = None
    number, own = getattr(measure, "number", None), getattr(measure, "unit", None)
    if number is None or own is None:
        raise ValueError(f"'{text}' is no quantity: write a number and a UCUM unit, such as 1 {code}")
    try:
        factor, power = logic.conversion(logic.unit(own), logic.unit(code))
    except logic.UnitError as error:
        raise ValueError(f"'{text}' is not in {code} or a unit like it: {error}") from None
    if power:
        raise ValueError(f"'{text}' is not in {code} or a unit like it: one of the two is per kilogram of body weight")
    if number <= 0:
        raise ValueError(f"'{text}' is no amount above 0")
    return Fraction(number) * factor
