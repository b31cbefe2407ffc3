"""Why a condition came out as it did: a tree of the conditions with their truth and the facts they used, made on
demand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from trialwright.logic.calendar import span_words
from trialwright.logic.compile import NO_CONTEXT, OVER_ROWS
from trialwright.logic.missing import Where, needed
from trialwright.logic.syntax import Call, show
from trialwright.logic.truth import NOT_APPLICABLE, UNKNOWN, Absent, Between
from trialwright.logic.typed import Typed
from trialwright.logic.types import Type
from trialwright.logic.values import Context, number_text

TRUTH_WORDS = {True: "yes", False: "no", UNKNOWN: "unknown", NOT_APPLICABLE: "not applicable"}
OPENED = ("and", "or", "not", "if", "applies_if", "count_true")
JOINING = {
    "and": "all of these",
    "or": "one of these",
    "not": "this does not hold",
    "exists": "some row",
    "every": "every row",
    "for_each": "some row that counts and is not excused",
}
FACTS = ("name", "field", "anchor", "derived", "judgement")


@dataclass(frozen=True, slots=True)
class Explanation:
    """One node: what was asked, how it came out, why, and which facts are missing under it."""

    text: str
    value: Any
    shown: str
    children: tuple["Explanation", ...] = ()
    needs: tuple[str, ...] = ()
    id: str = ""
    label: str = ""
    operation: str = ""

    @property
    def deciding(self) -> tuple["Explanation", ...]:
        """The children that made the answer: of a false `and` the false ones, of an unknown condition the unknown
        ones.
        """
        if self.operation not in ("and", "or", *OVER_ROWS):
            return self.children
        return tuple(child for child in self.children if child.value is self.value) or self.children

    def lines(self, indent: int = 0) -> list[str]:
        """The deciding part of the tree as indented lines for people."""
        below = self.deciding
        facts = [child for child in below if child.operation in FACTS and not child.children]
        used = "" if self.operation in OPENED else ", ".join(f"{fact.text} {fact.shown}" for fact in facts)
        need = f", needs {', '.join(self.needs)}" if self.needs and not below else ""
        first = f"{'  ' * indent}{self.title}: {self.shown}{need}" + (f" ({used})" if used else "")
        opened = [child for child in below if not used or child not in facts]
        return [first, *(line for child in opened for line in child.lines(indent + 1))]

    @property
    def title(self) -> str:
        """The id and the words of the node; of a joining node, how it joins what follows."""
        words = self.label or (JOINING.get(self.operation, "") if self.children else "") or self.text
        return f"{self.id} {words}" if self.id else words

    def as_dict(self) -> dict[str, Any]:
        """The whole tree for JSON."""
        out: dict[str, Any] = {"condition": self.text, "value": self.shown}
        if self.id:
            out["id"] = self.id
        if self.label:
            out["text"] = self.label
        if self.needs:
            out["needs"] = list(self.needs)
        if self.children:
            out["because"] = [child.as_dict() for child in self.children]
        return out


def shown(value: Any, type: Type | None = None) -> str:
    """A value in words."""
    if isinstance(value, (bool, Absent)):
        return TRUTH_WORDS[value]
    if isinstance(value, Between):
        return f"between {shown(value.low, type)} and {shown(value.high, type)}"
    if isinstance(value, (int, Decimal, Fraction)):
        if type is not None and type.span:
            return span_words(int(value))
        return number_text(value) + (f" {type.unit.code}" if type is not None and type.unit else "")
    if isinstance(value, (list, tuple)):
        return f"{len(value)} rows" if value else "none known"
    return value.isoformat() if isinstance(value, date) else str(value)


def explain(typed: Typed, environment: Mapping[str, Any], context: Context = NO_CONTEXT) -> Explanation:
    """The explanation of a checked expression for one participant."""
    return _explain(typed, Where(environment, context))


def _explain(typed: Typed, where: Where, id: str = "", label: str = "") -> Explanation:
    if typed.operation == "named":
        return _explain(typed.parts[0], where, id or typed.data[0], label or typed.data[1])
    value = where.value(typed)
    needs = tuple(sorted(need.name for need in needed(typed, where))) if value is UNKNOWN else ()
    operation = "test" if _one_test(typed) else typed.operation
    below = _children(typed, where)
    return Explanation(_text(typed, where), value, shown(value, typed.type), below, needs, id, label, operation)


def _text(typed: Typed, where: Where) -> str:
    if typed.operation == "judgement":
        return f"{typed.data[0]} (judged by {typed.data[1]})"
    if typed.operation == "field" and typed.parts[0].operation == "row":
        return f"{where.row}.{typed.data}"
    return show(typed.source) if typed.source is not None else typed.operation


def _children(typed: Typed, where: Where) -> tuple[Explanation, ...]:
    operation = typed.operation
    if operation in OVER_ROWS:
        return _rows(typed, where)
    if operation == "derived":
        if where.environment.get(typed.data) not in (None, UNKNOWN):
            return ()
        return (_explain(typed.parts[0], Where(where.environment, where.context)),)
    if operation in OPENED and not _one_test(typed):
        return tuple(_explain(part, where) for part in typed.parts)
    if operation in FACTS:
        return ()
    return tuple(_explain(fact, where) for fact in _facts(typed))


def _one_test(typed: Typed) -> bool:
    """Whether an and or or stands for one call, as in overlaps, within and between."""
    return typed.operation in ("and", "or") and isinstance(typed.source, Call)


def _facts(typed: Typed) -> list[Typed]:
    """The facts that a test uses, each once."""
    found: dict[Any, Typed] = {}
    for part in typed.parts:
        for fact in [part] if part.operation in (*FACTS, *OVER_ROWS) else _facts(part):
            found.setdefault((fact.operation, str(fact.data), fact.source), fact)
    return list(found.values())


def _rows(typed: Typed, where: Where) -> tuple[Explanation, ...]:
    listed, *conditions = typed.parts
    rows = where.value(listed)
    if isinstance(rows, Absent):
        return (_explain(listed, where),)
    out = []
    for position, row in enumerate(rows, 1):
        inside = where.inside(listed, row, position)
        parts = [_explain(condition, inside) for condition in conditions]
        if typed.operation == "for_each":
            fits = parts[0].value
            parts = [
                replace(part, label=part.label or word) for part, word in zip(parts, ("counts", "excused"), strict=True)
            ]
            children = (parts[0],) if fits is False or fits is NOT_APPLICABLE else tuple(parts)
            value, title = _offence(parts[0].value, parts[1].value), inside.row
        else:
            children, value, title = tuple(parts), parts[0].value, inside.row
        out.append(Explanation(_row_title(title, row), value, shown(value), children))
    return tuple(out)


def _row_title(title: str, row: Any) -> str:
    told = [row.get(key) for key in ("drug", "term", "name")] if isinstance(row, Mapping) else []
    name = next((each for each in told if isinstance(each, str)), "")
    return f"{title} ({name})" if name else title


def _offence(fits: Any, excused: Any) -> Any:
    if fits is False or fits is NOT_APPLICABLE or excused is True:
        return False
    return UNKNOWN if UNKNOWN in (fits, excused) else True
