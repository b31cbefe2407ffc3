"""Structured conditions, as a definition file writes them, into the same tree as text.

`{any: [...]}`, `{all: [...]}`, `{none: [...]}`, `{not: ...}`, `{when:, unless:}`, `{judgement:, by:}`, `{for_each:
{in:, where:}, unless:}`, each with `id`, `text` and remarks. The tree has calls for what operators cannot say:
`judgement(question, by, id)`, `named(id, text, condition)`, `for_each(list, where, unless)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trialwright.logic.parse import DEEPEST, parse, refuse_depth
from trialwright.logic.places import LogicError, LogicErrors, Place, did_you_mean
from trialwright.logic.syntax import Call, Expression, Joined, Literal, Unary

Path = tuple[str | int, ...]
Places = Mapping[Path, Place] | Place | None
CONDITIONS = ("any", "all", "none", "not", "when", "for_each", "judgement", "unless")
REMARKS = ("id", "text", "note", "by", "ambiguity", "source", "src", "label")


@dataclass(slots=True)
class _Reader:
    """Holds what every level needs: the places, the errors so far, and how many judgements each id has."""

    places: Places
    errors: list[LogicError] = field(default_factory=list)
    judgements: dict[str, int] = field(default_factory=dict)

    def place(self, path: Path) -> Place:
        """The nearest known place at or above a path."""
        if isinstance(self.places, Place):
            return self.places
        while self.places and path not in self.places and path:
            path = path[:-1]
        return (self.places or {}).get(path, Place())

    def wrong(self, path: Path, message: str, suggestion: str = "") -> Expression:
        self.errors.append(LogicError(message, self.place(path), suggestion))
        return Literal(False, self.place(path))

    def condition(self, node: Any, path: Path, within: str) -> Expression:
        if len(path) > DEEPEST:
            return self.wrong(path, f"nested more than {DEEPEST} levels deep")
        if isinstance(node, bool):
            return Literal(node, self.place(path))
        if isinstance(node, str):
            try:
                return parse(node, self.place(path))
            except LogicErrors as found:
                self.errors += found.errors
                return Literal(False, self.place(path))
        if isinstance(node, Mapping):
            return self.structure(node, path, within)
        return self.wrong(
            path,
            f"a condition is an expression or a structure, not {type(node).__name__}",
            "write any, all, when or for_each",
        )

    def structure(self, node: Mapping[str, Any], path: Path, within: str) -> Expression:
        for key in node:
            if key not in CONDITIONS and key not in REMARKS:
                self.wrong(
                    (*path, key), f"{key!r} is no part of a condition", did_you_mean(str(key), CONDITIONS + REMARKS)
                )
        identifier = str(node.get("id") or "")
        within = identifier or within
        parts = [
            part
            for key in ("any", "all", "none", "not", "when")
            if key in node
            for part in [self.part(key, node[key], (*path, key), within)]
        ]
        if "for_each" in node:
            parts.append(self.for_each(node, path, within))
        elif "unless" in node:
            excuse = self.condition(node["unless"], (*path, "unless"), within)
            parts.append(Unary("not", excuse, self.place((*path, "unless"))))
        if "judgement" in node:
            parts.append(self.judgement(node, path, within))
        if not parts:
            return self.wrong(path, "a condition says none of any, all, none, not, when, for_each, judgement")
        whole = parts[0] if len(parts) == 1 else Joined("and", tuple(parts), self.place(path))
        if not identifier and "text" not in node:
            return whole
        labels = (Literal(identifier), Literal(str(node.get("text") or "")))
        return Call("named", (*labels, whole), self.place(path))

    def part(self, key: str, value: Any, path: Path, within: str) -> Expression:
        if key == "when":
            return self.condition(value, path, within)
        if key == "not":
            return Unary("not", self.condition(value, path, within), self.place(path))
        if not isinstance(value, (list, tuple)) or not value:
            return self.wrong(path, f"{key!r} needs a list of conditions")
        parts = tuple(self.condition(part, (*path, number), within) for number, part in enumerate(value))
        operator = "and" if key == "all" else "or"
        joined = parts[0] if len(parts) == 1 else Joined(operator, parts, self.place(path))
        return Unary("not", joined, self.place(path)) if key == "none" else joined

    def for_each(self, node: Mapping[str, Any], path: Path, within: str) -> Expression:
        loop, here = node["for_each"], (*path, "for_each")
        if not isinstance(loop, Mapping) or not isinstance(loop.get("in"), str):
            return self.wrong(here, "for_each needs `in` (the name of a list) and may have `where`")
        for key in loop:
            if key not in ("in", "where"):
                self.wrong(
                    (*here, key), f"{key!r} is no part of for_each", did_you_mean(str(key), ("in", "where", "unless"))
                )
        rows = self.condition(loop["in"], (*here, "in"), within)
        where = self.condition(loop.get("where", True), (*here, "where"), within)
        unless = self.condition(node.get("unless", False), (*path, "unless"), within)
        return Call("for_each", (rows, where, unless), self.place(here))

    def judgement(self, node: Mapping[str, Any], path: Path, within: str) -> Expression:
        question, by = node["judgement"], node.get("by", "investigator")
        here = (*path, "judgement")
        if not isinstance(question, str) or not question.strip() or not isinstance(by, str):
            return self.wrong(here, "a judgement needs the question in words and may say `by` whom")
        base = within or "judgement"
        number = self.judgements[base] = self.judgements.get(base, 0) + 1
        identifier = base if number == 1 else f"{base}.{number}"
        place = self.place(here)
        return Call("judgement", (Literal(question, place), Literal(by, place), Literal(identifier, place)), place)


def condition(node: Any, places: Places = None, id: str = "") -> Expression:
    """The tree of a condition that is a text, a boolean or a structure.

    `places` says where the parts stand (a mapping from paths such as ("all", 0) to places, or one place for all);
    `id` is what a judgement without an id of its own is called. Raises LogicErrors with every error of every part.
    """
    reader = _Reader(places)
    expression = reader.condition(node, (), id)
    if reader.errors:
        raise LogicErrors(reader.errors)
    refuse_depth(expression, reader.place(()))
    return expression
