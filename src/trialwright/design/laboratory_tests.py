"""What follows from the laboratory part together with the forms: a test's item, who may see it, when it is due, and how
its units convert."""

from __future__ import annotations

from fractions import Fraction

from trialwright.design.forms import blinding_of, items
from trialwright.design.laboratory import LabTest
from trialwright.design.model import Blinding, Definition, Item
from trialwright.logic.units import Unit, unit


def item_of(definition: Definition, test: LabTest) -> Item:
    """The item that a test fills. Raises KeyError where there is none."""
    return items(definition, test.form)[test.item_id]


def is_sealed(definition: Definition, test: LabTest) -> bool:
    """Whether the results of a test are sealed; everything that is not open is treated so."""
    return blinding_of(definition, test.form, test.item_id) is not Blinding.OPEN


def due_tests(definition: Definition, visit: str) -> list[str]:
    """The tests whose form is planned at a visit without a condition, in the order of their declaration."""
    plan = definition.laboratory
    due = {form for form, one in definition.schedule.items() if visit in one.visits and one.when is None}
    return [key for key, test in plan.tests.items() if test.form in due] if plan else []


def factor(source: Unit, target: Unit, molar_mass: Fraction | None = None) -> Fraction | None:
    """What a number in one unit is multiplied by to stand in another, exactly; None where the two do not compare.

    `molar_mass` in g/mol turns amount into mass and back; the base of mass is the gram, that of amount the mole.
    """
    if source.dimension == target.dimension:
        return source.factor / target.factor
    own, other = dict(source.dimension), dict(target.dimension)
    turned = own.get("N", 0) - other.get("N", 0)
    if not molar_mass or not turned or turned != other.get("M", 0) - own.get("M", 0):
        return None
    own.update({"N": own.get("N", 0) - turned, "M": own.get("M", 0) + turned})
    if {base: power for base, power in own.items() if power} != other:
        return None
    return source.factor / target.factor * molar_mass**turned


def unit_of(code: str | None) -> Unit:
    """The unit of a code; without a code, that of a bare number. Raises UnitError."""
    return unit(code or "1")
