"""Against which reference range a result stands, and how many times its upper limit it is."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from trialwright.capture.laboratory_values import Result, in_decimals
from trialwright.design.laboratory import LaboratoryPlan, LabTest, ReferenceRange
from trialwright.design.laboratory_tests import factor, item_of, unit_of
from trialwright.design.model import Definition


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that hold for one result, in the item's unit, and what is to be said about them."""

    low: Fraction | None = None
    high: Fraction | None = None
    says: str = ""

    def side(self, value: Fraction) -> str:
        """`L` below, `H` above, empty within the limits (or without)."""
        return (
            "L"
            if self.low is not None and value < self.low
            else "H"
            if self.high is not None and value > self.high
            else ""
        )


def chosen(
    plan: LaboratoryPlan, laboratory: str, test: str, sex: str | None, age: Fraction | None, day: date
) -> tuple[ReferenceRange | None, str]:
    """The declared range for a person on a day, or None and why there is none."""
    every = [one for one in plan.ranges if (one.laboratory, one.test) == (laboratory, test)]
    valid = [one for one in every if one.valid_from <= day and (one.valid_to is None or day <= one.valid_to)]
    if not every and all(one.test != test for one in plan.ranges):
        return None, ""  # nobody declared one, so none is missed
    if not every:
        return None, f"{laboratory} has no reference range of {test}"
    if not valid:
        return None, f"no reference range of {test} at {laboratory} is valid on {day}"
    fitting = [one for one in valid if _fits(one, sex, age)]
    unsure = [one for one in valid if _fits(one, sex, age) is None]
    if len(fitting) == 1 and not unsure:
        return fitting[0], ""
    if unsure:
        lacking = [name for name, known in (("sex", sex), ("age", age)) if known is None]
        return None, f"the reference range of {test} depends on {' and '.join(lacking)}, which is not known yet"
    return None, f"no reference range of {test} at {laboratory} is for this sex and age"


def _fits(one: ReferenceRange, sex: str | None, age: Fraction | None) -> bool | None:
    """Whether the range is for such a person; None where that is not known."""
    aged = one.from_age is not None or one.to_age is not None
    if one.sex is not None and sex is not None and one.sex != sex:
        return False
    if aged and age is not None and not (one.from_age or 0) <= age < (one.to_age if one.to_age is not None else 999):
        return False
    return None if (one.sex is not None and sex is None) or (aged and age is None) else True


def limits(definition: Definition, found: Result, sex: str | None, age: Fraction | None) -> Limits:
    """The limits of a result: the laboratory's own in the file go before the declared range; that both differ is
    said."""
    plan = definition.laboratory
    assert plan is not None
    one, why = chosen(plan, found.laboratory, found.test, sex, age, found.taken)
    declared = converted(definition, plan.tests[found.test], one) if one is not None else (None, None)
    if found.low is None and found.high is None:
        return Limits(*declared, why)
    says = ""
    if one is not None and declared != (found.low, found.high):
        says = "the limits in the file are not those of the declared reference range; those in the file are kept"
    return Limits(found.low, found.high, says)


def converted(definition: Definition, test: LabTest, one: ReferenceRange) -> tuple[Fraction | None, Fraction | None]:
    """The limits of a declared range in the unit of the item."""
    item = item_of(definition, test)
    mass = None if test.molar_mass is None else Fraction(test.molar_mass)
    times = factor(unit_of(one.unit or item.unit), unit_of(item.unit), mass)
    assert times is not None, "the review refuses a range that does not convert"
    low, high = (None if limit is None else Fraction(limit) * times for limit in (one.low, one.high))
    return low, high


def as_text(limit: Fraction, step: Decimal | None) -> str:
    """A limit as decimal text."""
    return in_decimals(limit, Decimal(0), step)[0]


def multiple(value: Fraction, high: Fraction | None) -> Fraction | None:
    """How many times the upper limit a value is; None without one."""
    return value / high if high else None


def grade(times: Fraction | None, grades: tuple[Decimal, ...]) -> int | None:
    """The grade that a multiple of the upper limit has: how many of the declared multiples it exceeds."""
    return None if times is None or not grades else sum(times > Fraction(begins) for begins in grades)
