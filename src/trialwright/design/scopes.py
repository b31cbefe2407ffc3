"""Which names an expression of the definition may use, and of what type each is: the scopes that the logic
language checks against.

What is checked here is what runs: conduct, eligibility and analysis compile against the same scopes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trialwright import logic
from trialwright.design.derivations import is_truth, truths_of_checks
from trialwright.design.forms import kept
from trialwright.design.model import Definition, Derived, Fact, Form, Item, ItemType

PARTICIPANT: Mapping[str, Mapping[str, str]] = {
    "randomised": {"type": "boolean", "label": "randomised"},
    "courses": {"type": "integer", "label": "visits at which an infusion was begun"},
    "major_deviation": {"type": "boolean", "label": "a major protocol deviation"},
    "in_error": {"type": "boolean", "label": "randomised in error"},
    "completed": {"type": "boolean", "label": "took part to the end"},
}
"""What a population may ask of a participant; analysis fills these names from the snapshot."""

AS_TEXT = {ItemType.FILE: "text", ItemType.SLOT_LABEL: "text"}
RESERVED = frozenset({"visit", "prev", "at", "it"})
"""Names that mean something to every form's expressions."""


def item_type(definition: Definition, item: Item | Derived) -> dict[str, Any]:
    """The type of an item as the logic language reads it."""
    described: dict[str, Any] = {"type": AS_TEXT.get(item.type, item.type.value), "label": item.label}
    if item.unit is not None:
        described["unit"] = item.unit
    if isinstance(item, Item) and item.codes is not None:
        described["values"] = dict(definition.codelists.get(item.codes, {}))
    return described


def fact_type(fact: Fact) -> dict[str, Any]:
    """The type of a fact as the logic language reads it."""
    described: dict[str, Any] = {"type": fact.type, "label": fact.label}
    if fact.unit is not None:
        described["unit"] = fact.unit
    if fact.units:
        described["units"] = list(fact.units)
    if fact.values:
        described["values"] = list(fact.values)
    if fact.derive is not None:
        described["derive"] = fact.derive
    if fact.judged_by is not None:
        described["judgement"] = fact.judged_by
    if fact.question is not None:
        described["question"] = fact.question
    if fact.type == "list":
        described["of"] = {name: fact_type(each) for name, each in fact.fields.items()}
    return described


def fact_types(definition: Definition) -> dict[str, dict[str, Any]]:
    """The facts as the logic language reads them, by name."""
    return {name: fact_type(fact) for name, fact in definition.facts.items()}


def form_types(definition: Definition, form: Form, deriving: bool = False) -> dict[str, dict[str, Any]]:
    """Every name that an expression of a form may use. Where a group and a derived item share a name, the name is
    the list of the group's rows while `deriving` and the derived item everywhere else."""
    names = {name: fact_type(fact) for name, fact in definition.facts.items() if fact.derive is None}
    names["visit"] = {
        "type": "code",
        "values": {key: visit.label for key, visit in definition.visits.items()},
        "label": "visit",
    }
    groups = {group.id: group_type(definition, group) for group in form.groups}
    derived = {one.id: item_type(definition, one) for one in form.derive}
    names.update({item.id: item_type(definition, item) for item in form.items})
    names.update({**derived, **groups} if deriving else {**groups, **derived})
    return names


def group_type(definition: Definition, group: Any) -> dict[str, Any]:
    """A group as the list of its rows: key, side and the items."""
    row: dict[str, Any] = {
        "key": {"type": "code", "values": list(group.keys)},
        "side": {"type": "code", "values": list(group.sides)},
    }
    row.update({item.id: item_type(definition, item) for item in group.items})
    return {"type": "list", "label": group.label, "of": row}


@kept
def form_scope(definition: Definition, form_name: str, deriving: bool = False, checking: bool = False) -> logic.Scope:
    """The scope of a form's conditions, with `checking` that of its edit checks, with `deriving` of its derived items.
    Raises KeyError for an unknown form and `logic.LogicErrors` for types that make no sense."""
    names = form_types(definition, definition.forms[form_name], deriving)
    for name in truths_of_checks(definition, form_name) if checking else ():
        names.setdefault(name, {"type": "boolean", "label": definition.derivations[name].label})
    return logic.scope(names, visits=tuple(definition.visits))


@kept
def fact_scope(definition: Definition) -> logic.Scope:
    """The scope of criteria and of the schedule's conditions: the facts."""
    return logic.scope(fact_types(definition), visits=tuple(definition.visits))


@kept
def population_scope(definition: Definition) -> logic.Scope:
    """The scope of populations: what is known of a participant at the analysis, and the other populations."""
    others = {name: population.where for name, population in definition.populations.items()}
    return logic.scope(dict(PARTICIPANT), macros=others, visits=tuple(definition.visits))


@kept
def event_scope(definition: Definition) -> logic.Scope:
    """The scope of an endpoint's event: the derived measures as numbers or truths, by key."""
    measures = {
        name: {"type": "boolean", "label": one.label}
        if is_truth(one)
        else {"type": "decimal", "label": one.label, **({"unit": one.unit} if one.unit else {})}
        for name, one in definition.derivations.items()
    }
    return logic.scope(measures, visits=tuple(definition.visits))
