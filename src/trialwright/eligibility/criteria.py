"""Criteria made ready: each checked once against the facts, so that a verdict only evaluates."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from trialwright import logic
from trialwright.logic import LogicError, LogicErrors, Typed


class Criterion(Protocol):
    """What a criterion says; the definition's model and a plain class with these names serve alike."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Checked:
    """A criterion with its checked condition and, where it has one, the condition under which it does not apply."""

    id: str
    kind: str
    text: str
    condition: Typed
    not_applicable: Typed | None = None
    ambiguity: str = ""

    @property
    def inclusion(self) -> bool:
        return self.kind == "inclusion"


@dataclass(frozen=True, slots=True)
class Prepared:
    """All criteria of a trial, checked; `questions` are the judgements they may ask, by id, and `judges` who is
    asked.
    """

    criteria: tuple[Checked, ...]
    questions: Mapping[str, str]
    judges: Mapping[str, str]


def _of(criterion: Any, name: str) -> Any:
    return criterion.get(name) if isinstance(criterion, Mapping) else getattr(criterion, name, None)


def _structure(criterion: Any) -> dict[str, Any]:
    """The parts of a criterion as one structured condition."""
    node = {name: _of(criterion, name) for name in ("when", "unless", "judgement")}
    node = {name: value for name, value in node.items() if value is not None}
    loop = _of(criterion, "for_each")
    if loop is not None:
        listed = loop.get("in") if isinstance(loop, Mapping) else loop.in_
        node["for_each"] = {"in": listed, "where": loop.get("where", True) if isinstance(loop, Mapping) else loop.where}
    by = _of(criterion, "judged_by") or _of(criterion, "by")
    if "judgement" in node and by:
        node["by"] = by
    return node


def _checked(criterion: Any, scope: logic.Scope, places: Any) -> Checked:
    identifier, kind = str(_of(criterion, "id")), str(_of(criterion, "kind"))
    condition = logic.check(logic.condition(_structure(criterion), places, identifier), scope, "boolean")
    written = _of(criterion, "not_applicable")
    applies = None if written is None else logic.check(logic.condition(written, places, identifier), scope, "boolean")
    return Checked(
        identifier, kind, str(_of(criterion, "text")), condition, applies, str(_of(criterion, "ambiguity") or "")
    )


def judgements(typed: Typed) -> Iterator[tuple[str, str, str]]:
    """Every judgement of a condition: question, by whom, id."""
    if typed.operation == "judgement":
        yield typed.data
    for part in typed.parts:
        yield from judgements(part)


def prepare(criteria: Iterable[Any], scope: logic.Scope, places: Mapping[str, Any] | None = None) -> Prepared:
    """Criteria checked against the scope of the facts; raises LogicErrors with every error of every criterion.

    `criteria` have the names of `design.model.Criterion`, as attributes or as keys. `places` says where each
    criterion stands, by its id.
    """
    done: list[Checked] = []
    errors: list[LogicError] = []
    for criterion in criteria:
        identifier = _of(criterion, "id")
        try:
            done.append(_checked(criterion, scope, (places or {}).get(str(identifier))))
        except LogicErrors as found:
            errors += [
                LogicError(f"criterion {identifier}: {each.message}", each.place, each.suggestion)
                for each in found.errors
            ]
    if errors:
        raise LogicErrors(errors)
    asked = [judgement for one in done for judgement in judgements(one.condition)]
    return Prepared(
        tuple(done),
        MappingProxyType({identifier: question for question, _, identifier in asked}),
        MappingProxyType({identifier: by for _, by, identifier in asked}),
    )
