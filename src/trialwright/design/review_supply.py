"""Reviews that a treatment can be prepared as the definition says: names that name something, amounts that are
amounts, hours that are hours."""

from fractions import Fraction

from trialwright import logic
from trialwright.design.findings import Findings
from trialwright.design.forms import items
from trialwright.design.mistakes import Path
from trialwright.design.model import Definition, ItemType
from trialwright.design.references import value_known
from trialwright.design.supply import HOUR, Supply, amount

SUPPLY: Path = ("supply",)
MEASURED = frozenset({ItemType.INTEGER, ItemType.DECIMAL})


def review_supply(definition: Definition, found: Findings) -> None:
    """Every check of this room, in the order of the file."""
    plan = definition.supply
    if plan is None:
        return
    for check in (_people, _products, _form, _days, _weight, _amounts, _hours):
        check(definition, plan, found)


def _people(definition: Definition, plan: Supply, found: Findings) -> None:
    path = (*SUPPLY, "prepared_by")
    if (
        found.known(path, plan.prepared_by, definition.roles, "the role")
        and plan.prepared_by in definition.blinding.blinded
    ):
        found.error(path, f"'{plan.prepared_by}' prepares and is blinded", "name an unblinded role")


def _products(definition: Definition, plan: Supply, found: Findings) -> None:
    given = definition.interventions
    if found.known((*SUPPLY, "product"), plan.product, given, "the intervention"):
        dose = given[plan.product].dose
        if dose is None:
            hint = "write a dose per kilogram, such as 2 g/kg"
            found.error(("interventions", plan.product), f"'{plan.product}' is weighed out and has no dose", hint)
        else:
            _amount(found, ("interventions", plan.product, "dose"), dose, "g/kg")
    if plan.placebo is not None and found.known((*SUPPLY, "placebo"), plan.placebo, given, "the intervention"):
        if plan.placebo == plan.product:
            found.error((*SUPPLY, "placebo"), "the placebo is the product itself", "name another intervention")
        elif given[plan.placebo].role != "placebo":
            found.warn((*SUPPLY, "placebo"), f"'{plan.placebo}' has the role '{given[plan.placebo].role}'")


def _form(definition: Definition, plan: Supply, found: Findings) -> None:
    path = (*SUPPLY, "form")
    if not found.known(path, plan.form, definition.forms, "the form"):
        return
    if not any(item.type is ItemType.SLOT_LABEL for item in items(definition, plan.form).values()):
        hint = "add an item of type slot_label"
        found.error(path, f"form '{plan.form}' does not ask for the label on the bags", hint)
    if plan.form not in definition.schedule or not definition.schedule[plan.form].visits:
        found.error(path, f"form '{plan.form}' is on no visit, so there is no course", "add it to the schedule")
    elif plan.first_day is not None:
        visits = definition.schedule[plan.form].visits
        found.all_known((*SUPPLY, "first_day", "visits"), plan.first_day.visits, visits, "the visit of a course")


def _days(definition: Definition, plan: Supply, found: Findings) -> None:
    fewest, most = plan.days
    if fewest < 1 or most < fewest or most > 99:
        hint = "write the fewest and the most days, such as [2, 5]"
        found.error((*SUPPLY, "days"), f"a course of {fewest} to {most} days", hint)


def _weight(definition: Definition, plan: Supply, found: Findings) -> None:
    path, weight = (*SUPPLY, "weight"), plan.weight
    _measured(definition, found, (*path, "item"), weight.item, "kg")
    if weight.change is not None:
        _amount(found, (*path, "change"), weight.change, "%")
        if weight.taken == "newest":
            hint = "use `taken: baseline`, or remove `change`"
            found.error((*path, "change"), "the newest weight is taken whatever the change", hint)
    if weight.at_most is not None:
        _amount(found, (*path, "at_most"), weight.at_most, "kg")
    adjusted = weight.adjusted
    if adjusted is None:
        return
    _measured(definition, found, (*path, "adjusted", "height"), adjusted.height, "cm")
    if not 0 < adjusted.share < 1:
        found.error((*path, "adjusted", "share"), f"a share of {adjusted.share}", "a share lies between 0 and 1")
    if value_known(definition, found, (*path, "adjusted", "sex"), adjusted.sex):
        form, _, item = adjusted.sex.partition(".")
        codes = definition.codelists.get(items(definition, form)[item].codes or "", {})
        found.known((*path, "adjusted", "female"), adjusted.female, codes, "the code")


def _measured(definition: Definition, found: Findings, path: Path, name: str, code: str) -> None:
    """The place names an item that holds numbers in this unit or one like it."""
    if not value_known(definition, found, path, name):
        return
    form, _, item = name.partition(".")
    asked = items(definition, form).get(item)
    unit = asked.unit if asked is not None and asked.type in MEASURED else None
    if unit is None or not _alike(unit, code):
        found.error(path, f"'{name}' is no number in {code}", f"name an item with the unit {code}")


def _alike(unit: str, code: str) -> bool:
    try:
        return logic.conversion(logic.unit(unit), logic.unit(code))[1] == 0
    except logic.UnitError:
        return False


def _amounts(definition: Definition, plan: Supply, found: Findings) -> None:
    for name, code in (("concentration", "mg/mL"), ("bag", "mL"), ("in_use_life", "h")):
        _amount(found, (*SUPPLY, name), getattr(plan, name), code)
    _amount(found, (*SUPPLY, "rounding", "within"), plan.rounding.within, "%")
    if plan.first_day is not None:
        _amount(found, (*SUPPLY, "first_day", "at_most"), plan.first_day.at_most, "g")
    if not plan.vials:
        found.error((*SUPPLY, "vials"), "no vial is named", "list the sizes, such as [1 g, 5 g]")
    sizes = [_amount(found, (*SUPPLY, "vials", index), size, "g") for index, size in enumerate(plan.vials)]
    for index, size in enumerate(sizes):
        if size is not None and size in sizes[:index]:
            found.error((*SUPPLY, "vials", index), f"the size '{plan.vials[index]}' stands here twice", "keep one")


def _amount(found: Findings, path: Path, text: str, code: str) -> Fraction | None:
    """The amount, or None and an error at its place."""
    try:
        return amount(text, code)
    except ValueError as wrong:
        found.error(path, str(wrong))
        return None


def _hours(definition: Definition, plan: Supply, found: Findings) -> None:
    path = (*SUPPLY, "ready_at")
    if not plan.ready_at:
        found.error(path, "no hour is named at which what was prepared becomes ready", 'write ["08:00"]')
    for index, hour in enumerate(plan.ready_at):
        if not HOUR.match(hour):
            found.error((*path, index), f"'{hour}' is no time of day", 'write two digits each, such as "08:00"')
        elif index and hour <= plan.ready_at[index - 1]:
            found.error((*path, index), f"{hour} does not come after {plan.ready_at[index - 1]}", "list hours in order")
