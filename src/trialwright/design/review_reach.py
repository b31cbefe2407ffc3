"""Finds conditions that can never hold, or always do: limits outside an item's range, one code equal to two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from trialwright import logic
from trialwright.design.findings import Findings
from trialwright.design.forms import items
from trialwright.design.mistakes import Path
from trialwright.design.model import Definition, Item
from trialwright.design.review_forms import items_at
from trialwright.logic.syntax import Binary, Expression, Joined, Literal, Measure, Name, children

MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Span:
    """What values a name can take: a range of numbers in a unit."""

    low: Decimal
    high: Decimal
    unit: str | None


def review_reach(definition: Definition, found: Findings) -> None:
    """Every condition of the forms and of the criteria, in the order of the file."""
    for name, form in definition.forms.items():
        path: Path = ("forms", name)
        spans = {item.id: span for item in form.items if (span := _span(item)) is not None}
        for where, item in items_at(form, path):
            _reach(found, (*where, "when"), item.when, spans)
        for index, check in enumerate(form.checks):
            _reach(found, (*path, "checks", index, "when"), check.when, spans)
    spans = dict(_fact_spans(definition))
    for number, criterion in enumerate(definition.eligibility):
        _reach(found, ("eligibility", number, "when"), criterion.when, spans)


def _span(item: Item | None) -> Span | None:
    return Span(item.range[0], item.range[1], item.unit) if item is not None and item.range is not None else None


def _fact_spans(definition: Definition) -> Iterator[tuple[str, Span]]:
    for name, fact in definition.facts.items():
        form, _, item = (fact.item or "").partition(".")
        span = _span(items(definition, form).get(item)) if form in definition.forms else None
        if span is not None:
            yield name, span


def _reach(found: Findings, path: Path, condition: Any, spans: Mapping[str, Span]) -> None:
    if condition is None:
        return
    try:
        expression = logic.condition(condition)
    except logic.LogicErrors:
        return
    for sentence in dict.fromkeys(_sayings(expression, spans)):
        found.warn(path, sentence, "correct the condition, or the range")


def _sayings(expression: Expression, spans: Mapping[str, Span]) -> Iterator[str]:
    if isinstance(expression, Binary):
        yield from _comparison(expression, spans)
    if isinstance(expression, Joined) and expression.operator == "and":
        yield from _contradictions(expression)
    for part in children(expression):
        yield from _sayings(part, spans)


def _comparison(expression: Binary, spans: Mapping[str, Span]) -> Iterator[str]:
    """A name against a number: whether the range leaves a choice."""
    operator, left, right = expression.operator, expression.left, expression.right
    if not isinstance(left, Name):
        operator, left, right = MIRRORED.get(operator, operator), right, left
    span, limit = spans.get(left.text) if isinstance(left, Name) else None, _number(right)
    if span is None or limit is None or limit[1] not in (None, span.unit):
        return
    answer = _always(operator, span, limit[0])
    if answer is not None:
        kind = "always" if answer else "never"
        yield f"'{logic.show(expression)}' is {kind} true: the range is {span.low} to {span.high}"


def _number(expression: Expression) -> tuple[Decimal, str | None] | None:
    match expression:
        case Measure(number, unit):
            return Decimal(number), unit
        case Literal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return Decimal(value), None
    return None


def _always(operator: str, span: Span, limit: Decimal) -> bool | None:
    """Whether the comparison is true of the whole range, of nothing in it, or (None) of some."""
    match operator:
        case "<":
            return True if span.high < limit else False if span.low >= limit else None
        case "<=":
            return True if span.high <= limit else False if span.low > limit else None
        case ">":
            return True if span.low > limit else False if span.high <= limit else None
        case ">=":
            return True if span.low >= limit else False if span.high < limit else None
        case "==":
            return False if not span.low <= limit <= span.high else None
    return None


def _contradictions(expression: Joined) -> Iterator[str]:
    """`sex == F and sex == M`: one name that must equal two different words."""
    asked: dict[str, str] = {}
    for part in expression.parts:
        if not (isinstance(part, Binary) and part.operator == "==" and isinstance(part.left, Name)):
            continue
        word = logic.show(part.right).strip("'")
        if isinstance(part.right, Name | Literal) and asked.setdefault(part.left.text, word) != word:
            both = f"{part.left.text} cannot be {asked[part.left.text]} and {word}"
            yield f"'{logic.show(expression)}' is never true: {both}"
