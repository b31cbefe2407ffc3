"""Checks every expression of the definition against its scope, and that none reads what it must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trialwright import logic
from trialwright.design.findings import Findings
from trialwright.design.forms import blinding_of
from trialwright.design.mistakes import Path, dotted, key_place, walked
from trialwright.design.model import Blinding, Criterion, Definition, Form
from trialwright.design.problems import Place, Problem
from trialwright.design.references import unique_ids
from trialwright.design.review_forms import items_at
from trialwright.design.scopes import event_scope, fact_scope, form_scope, population_scope
from trialwright.design.tree import nodes
from trialwright.logic.structure import CONDITIONS, REMARKS

CRITERION_KEYS = ("when", "for_each", "unless", "judgement")


def review_expressions(definition: Definition, found: Findings) -> None:
    """Every expression, in the order of the file."""
    facts = _scope(found, ("facts",), lambda: fact_scope(definition))
    for name, due in definition.schedule.items():
        if due.when is not None:
            _check(found, ("schedule", name, "when"), due.when, facts)
    for name, form in definition.forms.items():
        _form(definition, name, form, found)
    for name, fact in definition.facts.items():
        if fact.derive is not None:
            _check(found, ("facts", name, "derive"), fact.derive, facts, facts.names[name].type if facts else None)
    unique_ids(found, ("eligibility",), [criterion.id for criterion in definition.eligibility], "criterion")
    for index, criterion in enumerate(definition.eligibility):
        _criterion(("eligibility", index), criterion, facts, found)
    populations = _scope(found, ("populations",), lambda: population_scope(definition))
    for name, population in definition.populations.items():
        _check(found, ("populations", name, "where"), population.where, populations)
    events = _scope(found, ("derivations",), lambda: event_scope(definition))
    for name, endpoint in definition.endpoints.items():
        if endpoint.event is not None:
            _check(found, ("endpoints", name, "event"), endpoint.event, events)


def _form(definition: Definition, name: str, form: Form, found: Findings) -> None:
    path: Path = ("forms", name)
    scope = _scope(found, path, lambda: form_scope(definition, name))
    deriving = _scope(found, path, lambda: form_scope(definition, name, deriving=True))
    checking = _scope(found, path, lambda: form_scope(definition, name, checking=True))
    sealed = _sealed_names(definition, name, form)
    for where, item in items_at(form, path):
        if item.when is not None:
            _check(found, (*where, "when"), item.when, scope, hidden=sealed)
    groups = {group.id for group in form.groups}
    for index, derived in enumerate(form.derive):
        where = (*path, "derive", index, "expr")
        kind = scope.names[derived.id].type if scope is not None else None
        later = frozenset(one.id for one in form.derive[index:]) - groups
        _check(found, where, derived.expr, deriving, kind, hidden=sealed, later=later)
    for index, check in enumerate(form.checks):
        _check(found, (*path, "checks", index, "when"), check.when, checking, hidden=sealed)
    if form.alert is not None:
        # An alert goes to people, so it reads no sealed item, not even of a form that is sealed as a whole.
        _check(found, (*path, "alert"), form.alert, scope, hidden=_all_sealed(definition, name, form))


def _sealed_names(definition: Definition, name: str, form: Form) -> frozenset[str]:
    """The names whose values the page must not give away: sealed items of a form that is not sealed as a whole."""
    return frozenset() if form.blinding is Blinding.SEALED else _all_sealed(definition, name, form)


def _all_sealed(definition: Definition, name: str, form: Form) -> frozenset[str]:
    """The names of a form's sealed items."""
    single = {item.id for item in form.items if blinding_of(definition, name, item.id) is Blinding.SEALED}
    whole = form.blinding is Blinding.SEALED
    grouped = {group.id for group in form.groups for item in group.items if whole or item.blinding is Blinding.SEALED}
    return frozenset(single | grouped)


def _criterion(path: Path, criterion: Criterion, facts: logic.Scope | None, found: Findings) -> None:
    said = {key: getattr(criterion, key) for key in CRITERION_KEYS if getattr(criterion, key) is not None}
    if "for_each" in said and criterion.for_each is not None:
        said["for_each"] = {"in": criterion.for_each.in_, "where": criterion.for_each.where}
    if not said:
        hint = "add `when`, `for_each` or `judgement`"
        found.error(path, f"the criterion '{criterion.id}' has no condition", hint)
        return
    if criterion.judgement is not None and criterion.judged_by is not None:
        said["by"] = criterion.judged_by
    _check(found, path, said, facts)
    if criterion.not_applicable is not None:
        _check(found, (*path, "not_applicable"), criterion.not_applicable, facts)


def _scope(found: Findings, path: Path, make: Callable[[], logic.Scope]) -> logic.Scope | None:
    """The scope, or None (with the errors noted) where the types in it make no sense."""
    try:
        return make()
    except logic.LogicErrors as wrong:
        for error in wrong.errors:
            if not any(problem.severity == "error" for problem in found.problems):
                found.error(path, error.message, error.suggestion or None, at_key=True)
        return None


def _check(
    found: Findings,
    path: Path,
    condition: Any,
    scope: logic.Scope | None,
    expected: logic.Type | str | None = "boolean",
    hidden: frozenset[str] = frozenset(),
    later: frozenset[str] = frozenset(),
) -> None:
    """Parse the text, check it against its scope, and note what is wrong at its place in the file."""
    try:
        expression = _parsed(found, path, condition)
    except logic.LogicErrors as wrong:
        _note(found, path, wrong)
        return
    names = {name.partition(".")[0] for name in logic.names(expression)}
    for name in sorted(hidden & names):
        found.error(path, f"this reads '{name}', which is sealed", "what the page does would give it away")
    for name in sorted(later & names):
        found.error(path, f"this needs '{name}', which is derived here or later", "derived items are computed in order")
    if not names and expected == "boolean" and not isinstance(condition, bool):
        found.warn(path, "this condition speaks of nothing and is always the same", "remove it, or name an item")
    if scope is None:
        return
    try:
        typed = logic.check(expression, scope, expected if isinstance(expected, str) else None)
    except logic.LogicErrors as wrong:
        _note(found, path, wrong)
        return
    if isinstance(expected, logic.Type):
        _declared(found, path, expression, scope, typed.type, expected)


def _declared(
    found: Findings,
    path: Path,
    expression: logic.Expression,
    scope: logic.Scope,
    given: logic.Type,
    expected: logic.Type,
) -> None:
    """What the expression gives can be brought to the declared type and unit."""
    try:
        logic.check(expression, scope, expected)
    except logic.LogicErrors:
        sentence = f"this gives {given.words} and is declared as {expected.words}"
        found.error(path, sentence, "change the type or the unit, or the expression")


def _parsed(found: Findings, path: Path, condition: Any) -> logic.Expression:
    if isinstance(condition, str):
        return logic.parse(condition, _place(found.text_place(path)))
    node = walked(found.root, path)[0]
    places: dict[Path, logic.Place] = {}
    for below, each in nodes(node):
        inset = each.inset if isinstance(each.value, str) else 0
        place = Place(each.place.file, each.place.line, each.place.column + inset)
        # What is wrong with a key that is unknown is the key, not its value.
        unknown = below and isinstance(below[-1], str) and below[-1] not in (*CONDITIONS, *REMARKS, "in", "where")
        places[below] = _place(key_place(node, below) if unknown else place)
    return logic.condition(condition, places)


def _place(place: Place) -> logic.Place:
    return logic.Place(place.file, place.line, place.column)


def _note(found: Findings, path: Path, wrong: logic.LogicErrors) -> None:
    fallback = key_place(found.root, path)
    for error in wrong.errors:
        place = Place(error.place.file, error.place.line, error.place.column) if error.place.file else fallback
        found.problems.append(
            Problem(place, error.message, error.suggestion or None, "error", dotted(found.root, path))
        )
