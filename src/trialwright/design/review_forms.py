"""Reviews forms, their items, and the facts that are bound to them."""

from __future__ import annotations

from collections.abc import Iterator

from trialwright import logic
from trialwright.design.findings import Findings
from trialwright.design.forms import blinding_of, items
from trialwright.design.mistakes import Path
from trialwright.design.model import Blinding, Definition, Fact, Form, Item, ItemType
from trialwright.design.problems import known_or_close
from trialwright.design.references import unique_ids, value_known, values_of
from trialwright.design.review_censoring import review_censoring
from trialwright.design.scopes import RESERVED

NUMBERS = frozenset({ItemType.INTEGER, ItemType.DECIMAL})
CODED = frozenset({ItemType.CODE, ItemType.CODES})
NUMBER_KEYS = ("range", "warn", "step", "unit", "lloq", "uloq", "below", "above")
FITS = {
    "boolean": {ItemType.BOOLEAN},
    "integer": {ItemType.INTEGER},
    "decimal": {ItemType.INTEGER, ItemType.DECIMAL},
    "quantity": {ItemType.INTEGER, ItemType.DECIMAL},
    "code": {ItemType.CODE},
    "text": {ItemType.TEXT, ItemType.FILE, ItemType.SLOT_LABEL},
    "date": {ItemType.DATE, ItemType.DATETIME},
    "partial_date": {ItemType.DATE, ItemType.PARTIAL_DATE},
}


def review_forms(definition: Definition, found: Findings) -> None:
    """Every check of this room, in the order of the file."""
    for name, form in definition.forms.items():
        path: Path = ("forms", name)
        found.all_known((*path, "entered_by"), form.entered_by, definition.roles, "the role")
        if form.log and form.repeat:
            found.error(
                (*path, "repeat"), f"form '{name}' is a log and repeats", "a log has rows already; remove `repeat`"
            )
        _ids(form, path, found)
        for where, item in items_at(form, path):
            _item(definition, form, where, item, found)
            review_censoring(form, where, item, found)
        for index, derived in enumerate(form.derive):
            _unit(found, (*path, "derive", index), derived.unit)
        unique_ids(found, (*path, "checks"), [check.id for check in form.checks], "check")
        for index, check in enumerate(form.checks):
            if check.why is None:
                found.warn((*path, "checks", index), f"the check '{check.id}' has no reason", "add `why` (DC1)")
            if check.item is not None and check.item not in values_of(definition, name):
                hint = known_or_close(check.item, values_of(definition, name))
                found.error((*path, "checks", index, "item"), f"form '{name}' has no item '{check.item}'", hint)
    for name, fact in definition.facts.items():
        _fact(definition, ("facts", name), name, fact, found)


def items_at(form: Form, path: Path) -> Iterator[tuple[Path, Item]]:
    """The items of a form with their paths, those of groups once."""
    for index, item in enumerate(form.items):
        yield (*path, "items", index), item
    for number, group in enumerate(form.groups):
        for index, item in enumerate(group.items):
            yield (*path, "groups", number, "items", index), item


def _ids(form: Form, path: Path, found: Findings) -> None:
    unique_ids(found, (*path, "items"), [item.id for item in form.items], "item")
    unique_ids(found, (*path, "groups"), [group.id for group in form.groups], "group")
    unique_ids(found, (*path, "derive"), [derived.id for derived in form.derive], "derived item")
    single = {item.id for item in form.items}
    parts: dict[str, list[str]] = {
        "items": [item.id for item in form.items],
        "groups": [group.id for group in form.groups],
        "derive": [derived.id for derived in form.derive],
    }
    for part, ids in parts.items():
        for index, name in enumerate(ids):
            if part != "items" and name in single:
                found.error((*path, part, index, "id"), f"'{name}' is an item already", "give it another id")
            if name in RESERVED:
                found.error((*path, part, index, "id"), f"'{name}' means something to every expression", "rename it")
    for number, group in enumerate(form.groups):
        unique_ids(found, (*path, "groups", number, "items"), [item.id for item in group.items], "item")
        for index, key in enumerate(group.keys):
            if key in group.keys[:index]:
                found.error((*path, "groups", number, "keys", index), f"the key '{key}' stands here twice", "keep one")


def _item(definition: Definition, form: Form, path: Path, item: Item, found: Findings) -> None:
    if item.type in CODED and item.codes is None:
        found.error(path, f"the coded item '{item.id}' has no code list", "add `codes`")
    if item.codes is not None:
        if item.type not in CODED:
            found.error(
                (*path, "codes"),
                f"'{item.id}' is of type {item.type.value} and has codes",
                "make its type code",
                at_key=True,
            )
        found.known((*path, "codes"), item.codes, definition.codelists, "the code list")
    if item.type not in NUMBERS:
        for key in NUMBER_KEYS:
            if getattr(item, key) is not None:
                found.error(
                    (*path, key),
                    f"'{item.id}' is of type {item.type.value} and has `{key}`",
                    "only numbers have it",
                    at_key=True,
                )
    if item.accept and item.type is not ItemType.FILE:
        found.error(
            (*path, "accept"),
            f"'{item.id}' is of type {item.type.value} and has `accept`",
            "only files have it",
            at_key=True,
        )
    _unit(found, path, item.unit)
    _limits(path, item, found)
    if form.blinding is Blinding.SEALED and item.blinding not in (None, Blinding.SEALED):
        found.error(
            (*path, "blinding"), f"'{item.id}' is less blinded than its sealed form", "put it on a form of its own"
        )


def _unit(found: Findings, path: Path, unit: str | None) -> None:
    if unit is None:
        return
    try:
        logic.unit(unit)
    except ValueError as wrong:
        found.error((*path, "unit"), str(wrong))


def _limits(path: Path, item: Item, found: Findings) -> None:
    for key in ("range", "warn"):
        limits = getattr(item, key)
        if limits is not None and limits[0] >= limits[1]:
            found.error((*path, key), f"`{key}` runs from {limits[0]} to {limits[1]}", "the smaller number comes first")
    if (
        item.range is not None
        and item.warn is not None
        and not item.range[0] <= item.warn[0] <= item.warn[1] <= item.range[1]
    ):
        found.error(
            (*path, "warn"), f"`warn` of '{item.id}' lies outside its `range`", "what is refused cannot be confirmed"
        )
    if item.step is not None and item.step <= 0:
        found.error((*path, "step"), f"a step of {item.step}", "a step is above 0")


def _fact(definition: Definition, path: Path, name: str, fact: Fact, found: Findings) -> None:
    fills = [key for key in ("item", "derive", "consent") if getattr(fact, key) is not None]
    if len(fills) > 1:
        found.error((*path, fills[1]), f"the fact '{name}' has {' and '.join(fills)}", "keep one", at_key=True)
    elif not fills:
        found.warn(path, f"nothing fills the fact '{name}'", "add `item` or `derive`", at_key=True)
    for unit in (fact.unit, *fact.units):
        _unit(found, path, unit)
    if fact.consent is not None:
        found.known((*path, "consent"), fact.consent, definition.consent.scopes, "the scope")
    if fact.type == "list":
        _list_fact(definition, path, name, fact, found)
    elif fact.item is not None and value_known(definition, found, (*path, "item"), fact.item):
        form, _, item = fact.item.partition(".")
        _binding(definition, path, fact, form, item, found)


def _list_fact(definition: Definition, path: Path, name: str, fact: Fact, found: Findings) -> None:
    if not fact.fields:
        found.error(path, f"the list '{name}' has no fields", "add `fields`", at_key=True)
    if fact.item is None or not found.known((*path, "item"), fact.item, definition.forms, "the form"):
        return
    if not definition.forms[fact.item].log:
        found.error((*path, "item"), f"form '{fact.item}' is no log", "a list is filled by a form with `log: true`")
    known = values_of(definition, fact.item)
    for field, each in fact.fields.items():
        where: Path = (*path, "fields", field)
        if field not in known:
            found.error(where, f"form '{fact.item}' has no item '{field}'", known_or_close(field, known), at_key=True)
        else:
            _binding(definition, where, each, fact.item, field, found)


def _binding(definition: Definition, path: Path, fact: Fact, form: str, item: str, found: Findings) -> None:
    """A fact and the item that fills it are of one kind, in one unit, with codes that the item can give, and open
    to who screens."""
    if blinding_of(definition, form, item) is Blinding.SEALED:
        found.error(
            path,
            f"a criterion could read '{form}.{item}', which is sealed",
            "criteria may rest on open items only",
            at_key=True,
        )
    bound = items(definition, form).get(item)
    if bound is None:
        return
    if bound.type not in FITS.get(fact.type, set()):
        found.error(
            (*path, "type"),
            f"the fact is of type {fact.type} and '{form}.{item}' of type {bound.type.value}",
            "make them agree",
        )
    if fact.unit is not None and bound.unit is not None and fact.unit != bound.unit:
        found.error(
            (*path, "unit"), f"the fact is in {fact.unit} and '{form}.{item}' in {bound.unit}", f"write {bound.unit}"
        )
    if fact.type == "quantity" and fact.units and bound.unit is not None and bound.unit not in fact.units:
        found.error(
            (*path, "units"),
            f"'{form}.{item}' is in {bound.unit}, which is none of {', '.join(fact.units)}",
            f"add {bound.unit}",
        )
    if fact.values and bound.codes in definition.codelists:
        _codes(path, fact, f"{form}.{item}", list(definition.codelists[bound.codes]), found)


def _codes(path: Path, fact: Fact, name: str, given: list[str], found: Findings) -> None:
    """The values of a coded fact are the codes that its item can give, all of them."""
    for index, value in enumerate(fact.values):
        if value not in given:
            found.error((*path, "values", index), f"'{name}' never is '{value}'", known_or_close(value, given))
    missing = [code for code in given if code not in fact.values]
    if missing:
        sentence = f"'{name}' can be {', '.join(missing)}, which the fact cannot"
        found.error((*path, "values"), sentence, "add what is missing")
