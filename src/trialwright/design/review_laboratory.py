"""Reviews the laboratory part: items that exist and can be filled, units that convert, ranges that do not contradict
each other."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, pairwise

from trialwright.design.findings import Findings
from trialwright.design.forms import blinding_of, items
from trialwright.design.laboratory import LaboratoryPlan, LabTest, ReferenceRange
from trialwright.design.laboratory_tests import factor, unit_of
from trialwright.design.mistakes import Path
from trialwright.design.model import Blinding, Definition, Item, ItemType
from trialwright.design.problems import known_or_close
from trialwright.design.references import value_known
from trialwright.logic.units import UnitError

PATH: Path = ("laboratory",)
NUMBERS = (ItemType.INTEGER, ItemType.DECIMAL)


def review_laboratory(definition: Definition, found: Findings) -> None:
    """Every check of this room; none for a trial without a laboratory part."""
    plan = definition.laboratory
    if plan is None:
        return
    for name, test in plan.tests.items():
        _test(definition, name, test, found)
    _names(plan, found)
    _people(definition, plan, found)
    for index, one in enumerate(plan.ranges):
        _range(definition, plan, index, one, found)
    _overlaps(plan, found)


def _test(definition: Definition, name: str, test: LabTest, found: Findings) -> None:
    path: Path = (*PATH, "tests", name)
    here: Path = (*path, "item")
    if not value_known(definition, found, here, test.item):
        return
    item = items(definition, test.form).get(test.item_id)
    if item is None or item.type not in NUMBERS:
        found.error(here, f"'{test.item}' is no item that takes a number", "name an integer or decimal item")
        return
    form = definition.forms[test.form]
    if form.log or form.repeat:
        found.error(here, f"'{test.form}' has numbered rows; a result goes to the page of a visit", "name another form")
    if "laboratory" not in form.entered_by:
        found.error(here, f"the laboratory does not enter '{test.form}'", "add laboratory to the form's `entered_by`")
    blinding = blinding_of(definition, test.form, test.item_id)
    if blinding not in (Blinding.OPEN, Blinding.SEALED):
        hint = "results are open or sealed; give the item one of the two"
        found.error(here, f"'{test.item}' is {blinding.value.replace('_', ' ')}", hint)
    if test.form not in definition.schedule:
        found.warn(here, f"the form '{test.form}' is on no visit, so no sample is expected", "add it to the schedule")
    _limits(definition, path, test, blinding, found)
    _units(path, test, item, found)
    _grades(path, test, found)


def _limits(definition: Definition, path: Path, test: LabTest, blinding: Blinding, found: Findings) -> None:
    own, known = items(definition, test.form)[test.item_id], items(definition, test.form)
    for key in ("lower", "upper"):
        name = getattr(test, key)
        if name is None:
            continue
        limit = known.get(name)
        if limit is None:
            found.error((*path, key), f"form '{test.form}' has no item '{name}'", known_or_close(name, list(known)))
        elif limit.type not in NUMBERS or limit.unit != own.unit:
            found.error((*path, key), f"'{name}' is no number in {own.unit or 'no unit'}, as '{test.item_id}' is")
        elif blinding_of(definition, test.form, name) is not blinding:
            found.error(
                (*path, key), f"'{name}' is not {blinding.value}, as '{test.item_id}' is", "give both one class"
            )


def _units(path: Path, test: LabTest, item: Item, found: Findings) -> None:
    for index, code in enumerate(test.units):
        try:
            sound = _converts(code, item, test)
        except UnitError as error:
            found.error((*path, "units", index), str(error))
            continue
        if not sound:
            hint = "" if test.molar_mass else "; between amount and mass it needs `molar_mass`"
            found.error((*path, "units", index), f"{code} does not convert into {item.unit or 'a bare number'}{hint}")


def _converts(code: str | None, item: Item, test: LabTest) -> bool:
    mass = None if test.molar_mass is None else Fraction(test.molar_mass)
    return factor(unit_of(code), unit_of(item.unit), mass) is not None


def _grades(path: Path, test: LabTest, found: Findings) -> None:
    if any(after <= before for before, after in pairwise(test.grades)) or any(one <= 0 for one in test.grades):
        found.error((*path, "grades"), "grades begin at rising multiples of the upper limit", "such as [1, 3, 5, 20]")


def _names(plan: LaboratoryPlan, found: Findings) -> None:
    """A name in a file means one test."""
    means: dict[str, str] = {}
    filled: dict[str, str] = {}
    for key, test in plan.tests.items():
        for name in dict.fromkeys((key, *test.codes)):
            other = means.setdefault(name.strip().casefold(), key)
            if other != key:
                found.error(
                    (*PATH, "tests", key), f"'{name}' means '{other}' too", "a name means one test", at_key=True
                )
        before = filled.setdefault(test.item, key)
        if before != key:
            found.error((*PATH, "tests", key, "item"), f"'{before}' fills '{test.item}' too", "a code of one test each")


def _people(definition: Definition, plan: LaboratoryPlan, found: Findings) -> None:
    for key, used in (("sex", any(one.sex for one in plan.ranges)), ("age", any(_aged(one) for one in plan.ranges))):
        name = getattr(plan, key)
        if name is not None:
            if value_known(definition, found, (*PATH, key), name):
                form, _, item = name.partition(".")
                if blinding_of(definition, form, item) is not Blinding.OPEN:
                    found.error((*PATH, key), f"'{name}' is not open; a range would tell it", "name an open item")
        elif used:
            found.error(PATH, f"ranges differ by {key}, and nothing says which item it is", f"add `{key}: form.item`")


def _aged(one: ReferenceRange) -> bool:
    return one.from_age is not None or one.to_age is not None


def _range(definition: Definition, plan: LaboratoryPlan, index: int, one: ReferenceRange, found: Findings) -> None:
    path: Path = (*PATH, "ranges", index)
    found.known((*path, "laboratory"), one.laboratory, plan.laboratories, "the laboratory")
    if one.low is None and one.high is None:
        found.error(path, "the range has no limit", "add `low`, `high` or both")
    if one.low is not None and one.high is not None and one.low >= one.high:
        found.error((*path, "high"), f"{one.low} to {one.high} is no range", "the smaller first")
    if one.from_age is not None and one.to_age is not None and one.from_age >= one.to_age:
        found.error((*path, "to_age"), f"from {one.from_age} to below {one.to_age} years is no age band")
    if one.valid_to is not None and one.valid_to < one.valid_from:
        found.error((*path, "valid_to"), f"the range ends on {one.valid_to}, before it begins on {one.valid_from}")
    if not found.known((*path, "test"), one.test, plan.tests, "the test"):
        return
    test = plan.tests[one.test]
    item = items(definition, test.form).get(test.item_id) if test.form in definition.forms else None
    if item is None:
        return
    code = one.unit or item.unit
    try:
        sound = _converts(code, item, test)
    except UnitError as error:
        found.error((*path, "unit"), str(error))
        return
    if not sound:
        found.error((*path, "unit"), f"{code} does not convert into {item.unit or 'a bare number'}")
    _sex(definition, plan, path, one, found)


def _sex(definition: Definition, plan: LaboratoryPlan, path: Path, one: ReferenceRange, found: Findings) -> None:
    form, _, name = (plan.sex or "").partition(".")
    item = items(definition, form).get(name) if form in definition.forms else None
    if one.sex is not None and item is not None and item.codes in definition.codelists:
        found.known((*path, "sex"), one.sex, definition.codelists[item.codes or ""], "the code")


def _overlaps(plan: LaboratoryPlan, found: Findings) -> None:
    """Of one person on one day there is one range."""
    for (first, one), (second, other) in _pairs(plan):
        if not ((one.sex and other.sex and one.sex != other.sex) or _apart(one, other) or _before(one, other)):
            hint = "give sexes, age bands or days of validity that do not overlap"
            found.error((*PATH, "ranges", second), f"range {second + 1} overlaps range {first + 1} of {one.test}", hint)


def _pairs(plan: LaboratoryPlan) -> Iterator[tuple[tuple[int, ReferenceRange], tuple[int, ReferenceRange]]]:
    for one, other in combinations(enumerate(plan.ranges), 2):
        if (one[1].laboratory, one[1].test) == (other[1].laboratory, other[1].test):
            yield one, other


def _apart(one: ReferenceRange, other: ReferenceRange) -> bool:
    """Whether no age is in both bands."""
    return any(
        first.to_age is not None and first.to_age <= (second.from_age or 0)
        for first, second in ((one, other), (other, one))
    )


def _before(one: ReferenceRange, other: ReferenceRange) -> bool:
    """Whether one ends before the other begins."""
    return any(
        first.valid_to is not None and first.valid_to < second.valid_from
        for first, second in ((one, other), (other, one))
    )
