"""The criteria as nested lists of plain sentences, with who judges what and what stays open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trialwright import design, logic
from trialwright.design.model import Criterion, Definition
from trialwright.registry.likeness import plain

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a criterion: its sentence, how the program reads it, how its own parts are joined, and those parts."""

    text: str
    plain: str = ""
    joined: str = ""
    parts: tuple[Part, ...] = ()
    judgement: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One criterion as the page shows it. `plain` or `parts` spell it out, `each` says of what, `excuses` lift it."""

    id: str
    text: str
    plain: str
    each: str
    joined: str
    parts: tuple[Part, ...]
    excuses: tuple[Part, ...]
    judgement: str | None
    not_applicable: str | None
    ambiguity: str | None
    note: str | None


def shown(definition: Definition, kind: str) -> tuple[Shown, ...]:
    """The criteria of one kind, in the order of the file."""
    words = labels(definition)
    return tuple(_shown(definition, one, words) for one in definition.eligibility if one.kind == kind)


def _shown(definition: Definition, criterion: Criterion, words: Labels) -> Shown:
    whole = part(criterion.when, words) if criterion.when is not None else Part("")
    return Shown(
        criterion.id,
        criterion.text,
        _unless_said(whole.plain, criterion.text),
        _each(criterion, words),
        whole.joined,
        whole.parts,
        _alternatives(criterion.unless, words),
        _judged(definition, criterion),
        _said(criterion.not_applicable, words) if criterion.not_applicable is not None else None,
        criterion.ambiguity,
        criterion.note,
    )


def labels(definition: Definition) -> dict[str, str]:
    """Words for the names in criteria: labels of facts, and of codes that mean the same in every list."""
    found = {name: _lower(fact.label) for name, fact in definition.facts.items()}
    for fact in definition.facts.values():
        found |= {f"it.{name}": _lower(inner.label) for name, inner in fact.fields.items()}
    meanings: dict[str, set[str]] = {}
    for fact in definition.facts.values():
        for code, word in _codes(definition, fact.item).items():
            meanings.setdefault(code, set()).add(word)
    return found | {
        code: _lower(min(words)) for code, words in meanings.items() if len(words) == 1 and code not in found
    }


def _codes(definition: Definition, item: str | None) -> Mapping[str, str]:
    form, _, name = (item or "").partition(".")
    asked = design.items(definition, form).get(name) if form in definition.forms else None
    return definition.codelists.get(asked.codes or "", {}) if asked else {}


def _lower(label: str) -> str:
    """The label within a sentence; abbreviations keep their capitals."""
    first = label.split(" ", 1)[0]
    return label if any(sign.isupper() for sign in first[1:]) else label[:1].lower() + label[1:]


def _each(criterion: Criterion, words: Labels) -> str:
    if criterion.for_each is None:
        return ""
    rows = words.get(criterion.for_each.in_, criterion.for_each.in_)
    return f"every entry of {rows} for which {_said(criterion.for_each.where, words)}"


def _judged(definition: Definition, criterion: Criterion) -> str | None:
    if not criterion.judgement or not criterion.judged_by:
        return criterion.judgement
    by = definition.roles.get(criterion.judged_by, criterion.judged_by)
    return f"{criterion.judgement} Judged by the {_lower(by)}."


def _alternatives(condition: Any, words: Labels) -> tuple[Part, ...]:
    if condition is None:
        return ()
    excuse = part(condition, words)
    return excuse.parts if excuse.joined == _JOINED["any"] and not excuse.text else (excuse,)


_JOINED = {"any": "any of these", "all": "all of these", "none": "none of these"}


def part(condition: Any, words: Labels) -> Part:
    """A condition as sentences: its own text where it has one, with what the program reads there in plain English."""
    if not isinstance(condition, dict):
        inner = condition if isinstance(condition, list | tuple) else None
        return _list("all", inner, words) if inner is not None else Part("", plain=_said(condition, words))
    text, judged = str(condition.get("text") or ""), condition.get("judgement")
    asked = f"{judged} Judged by the {condition.get('by', 'investigator')}." if judged else None
    bare = {key: value for key, value in condition.items() if key not in ("judgement", "by", "text", "id", "note")}
    if not _has_text(list(bare.values())):
        return Part(text, plain=_unless_said(_said(bare, words), text) if bare else "", judgement=asked)
    key = next((key for key in _JOINED if key in bare), None)
    inner_part = _list(key, bare[key], words) if key else part(next(iter(bare.values())), words)
    return Part(text, "", inner_part.joined, inner_part.parts or (inner_part,), asked)


def _has_text(condition: Any) -> bool:
    if isinstance(condition, dict):
        return bool({"text", "judgement"} & condition.keys()) or _has_text(list(condition.values()))
    return isinstance(condition, list | tuple) and any(_has_text(inner) for inner in condition)


def _list(key: str, conditions: Any, words: Labels) -> Part:
    return Part("", joined=_JOINED[key], parts=tuple(part(inner, words) for inner in conditions))


def _unless_said(reading: str, text: str) -> str:
    """What the program reads, unless the sentence says just that already."""
    return "" if plain(reading) == plain(text) else reading


def said(condition: Any, definition: Definition) -> str:
    """A condition in plain English, in the words of the definition."""
    return _said(condition, labels(definition))


def _said(condition: Any, words: Labels) -> str:
    return logic.english(logic.condition(condition), words)
