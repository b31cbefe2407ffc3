"""The criteria as nested lists of plain sentences, with who judges what and what stays open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trialwright.design.model import Criterion, Definition


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a criterion: its sentence, how its own parts are joined, and those parts."""

    text: str
    joined: str = ""
    parts: tuple[Part, ...] = ()
    judgement: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One criterion as the page shows it. `parts` spell it out, `excuses` lift it."""

    id: str
    text: str
    joined: str
    parts: tuple[Part, ...]
    excuses: tuple[Part, ...]
    judgement: str | None
    not_applicable: str | None
    ambiguity: str | None
    note: str | None


def shown(definition: Definition, kind: str) -> tuple[Shown, ...]:
    """The criteria of one kind, in the order of the file."""
    return tuple(_shown(definition, criterion) for criterion in definition.eligibility if criterion.kind == kind)


def _shown(definition: Definition, criterion: Criterion) -> Shown:
    whole = part(criterion.when)
    excuse = part(criterion.unless)
    judged = criterion.judgement
    if judged and criterion.judged_by:
        judged = f"{judged} Judged by the {definition.roles.get(criterion.judged_by, criterion.judged_by).lower()}."
    return Shown(
        criterion.id,
        criterion.text,
        whole.joined if whole else "",
        whole.parts if whole and not whole.text else (),
        _as_list(excuse),
        judged,
        "does not apply to everybody" if criterion.not_applicable is not None else None,
        criterion.ambiguity,
        criterion.note,
    )


def _as_list(found: Part | None) -> tuple[Part, ...]:
    if found is None:
        return ()
    return found.parts if found.joined == "any of these" and not found.text else (found,)


_JOINED = {"any": "any of these", "all": "all of these", "none": "none of these"}


def part(condition: Any) -> Part | None:
    """A condition as sentences. A bare expression has no sentence of its own: the text that it stands under says it."""
    if isinstance(condition, list | tuple):
        return _joined("all", condition)
    if not isinstance(condition, dict):
        return None
    text = str(condition.get("text") or "")
    judged = str(condition["judgement"]) if "judgement" in condition else None
    for key in _JOINED:
        if key in condition:
            inner = _joined(key, condition[key])
            return Part(text, inner.joined, inner.parts, judged) if inner.parts or text or judged else None
    inner_part = part(condition.get("when")) or part(condition.get("unless"))
    if inner_part and not text and judged is None:
        return inner_part
    return (
        Part(text, inner_part.joined, inner_part.parts, judged)
        if inner_part
        else (Part(text, judgement=judged) if text or judged else None)
    )


def _joined(key: str, conditions: Any) -> Part:
    found = [inner for condition in conditions if (inner := part(condition)) is not None]
    return Part("", _JOINED[key] if len(found) > 1 else "", tuple(found))
