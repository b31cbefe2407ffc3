"""What is still needed: the shortest list of facts and judgements that can settle an unknown condition.

For a wanted answer every part has alternatives: an `and` that must become true needs all of its unknown parts, one
that must become false needs only the cheapest of them. The answer is the smallest set of needs whose right answers
give the wanted truth.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trialwright.logic.compile import NO_CONTEXT, plain
from trialwright.logic.syntax import show
from trialwright.logic.truth import NOT_APPLICABLE, UNKNOWN, Absent, Between
from trialwright.logic.typed import Typed
from trialwright.logic.values import Context, Quantity, row_key

MOST = 16  # alternatives kept at each step; beyond that only the shortest survive
FLIPPED = {"less": "greater", "less_equal": "greater_equal", "greater": "less", "greater_equal": "less_equal"}


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """A fact that is missing, or a judgement that has not been made."""

    kind: str  # fact | judgement
    name: str
    question: str = ""
    by: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.question} (judged by {self.by})" if self.kind == "judgement" else self.name


Needs = frozenset[Need]
NOTHING: list[Needs] = [frozenset()]


@dataclass(frozen=True, slots=True)
class Where:
    """The participant's facts, the context, and inside a list the row and its name."""

    environment: Mapping[str, Any]
    context: Context
    it: Any = None
    row: str = "it"

    def value(self, typed: Typed) -> Any:
        return plain(typed)(self.environment, self.it, self.context)

    def inside(self, listed: Typed, row: Any, position: int) -> "Where":
        keyed = {**row, "key": row_key(row, position)} if isinstance(row, Mapping) else row
        return Where(self.environment, self.context, keyed, f"{listed.data}[{row_key(row, position)}]")


def _shortest(found: Iterable[Needs]) -> list[Needs]:
    """The alternatives that contain no other, shortest first; among equals the one written first."""
    kept: list[Needs] = []
    for needs in sorted(dict.fromkeys(found), key=len):
        if not any(other <= needs for other in kept):
            kept.append(needs)
    return kept[:MOST]


def together(groups: Iterable[list[Needs]]) -> list[Needs]:
    """Every way to have one alternative of each group."""
    combined = NOTHING
    for group in groups:
        combined = _shortest(left | right for left in combined for right in group)
    return combined


def _either(groups: Iterable[list[Needs]]) -> list[Needs]:
    return _shortest(needs for group in groups for needs in group)


def alternatives(typed: Typed, wanted: bool, where: Where) -> list[Needs]:
    """The sets of needs that can make a condition come out as wanted; none where it is settled the other way."""
    value = where.value(typed)
    if value is NOT_APPLICABLE or value is wanted:
        return NOTHING
    if value is not UNKNOWN:
        return []
    parts = typed.parts
    match typed.operation:
        case "named":
            return alternatives(parts[0], wanted, where)
        case "not":
            return alternatives(parts[0], not wanted, where)
        case "and" | "or":
            # what is not applicable drops out, so it can settle nothing either
            each = [alternatives(part, wanted, where) for part in parts if where.value(part) is not NOT_APPLICABLE]
            return together(each) if (typed.operation == "and") == wanted else _either(each)
        case "exists" | "every" | "for_each":
            return _over_rows(typed, wanted, where)
        case "if":
            then, otherwise = (alternatives(part, wanted, where) for part in parts[1:])
            return _either(
                [
                    together([alternatives(parts[0], True, where), then]),
                    together([alternatives(parts[0], False, where), otherwise]),
                ]
            )
        case "applies_if":
            both = together([alternatives(parts[0], True, where), alternatives(parts[1], wanted, where)])
            return _either([both, alternatives(parts[0], False, where)])
        case "derived":
            return alternatives(parts[0], wanted, Where(where.environment, where.context))
        case "less" | "less_equal" | "greater" | "greater_equal":
            counted = _counted(typed, wanted, where)
            if counted is not None:
                return counted
    return [needed(typed, where)]


def _over_rows(typed: Typed, wanted: bool, where: Where) -> list[Needs]:
    listed = typed.parts[0]
    rows = where.value(listed)
    if isinstance(rows, Absent):
        return [needed(listed, where)]
    each = []
    for position, row in enumerate(rows, 1):
        inside = where.inside(listed, row, position)
        first, *rest = typed.parts[1:]
        if inside.value(first) is NOT_APPLICABLE:
            continue
        each.append(_offence(first, rest[0], wanted, inside) if rest else alternatives(first, wanted, inside))
    return together(each) if (typed.operation == "every") == wanted else _either(each)


def _offence(fits: Typed, excused: Typed, wanted: bool, inside: Where) -> list[Needs]:
    """Of one row of for_each: that it fits and is not excused, or that it does not fit or is excused."""
    if wanted:
        return together([alternatives(fits, True, inside), alternatives(excused, False, inside)])
    excuse = [] if inside.value(excused) is NOT_APPLICABLE else alternatives(excused, True, inside)
    return _either([alternatives(fits, False, inside), excuse])


def _counted(typed: Typed, wanted: bool, where: Where) -> list[Needs] | None:
    """A count compared with a number needs only as many members as tip the balance."""
    operation, (left, right) = typed.operation, typed.parts
    if left.operation == "literal":
        operation, left, right = FLIPPED[operation], right, left
    while left.operation == "derived" and where.environment.get(left.data) in (None, UNKNOWN):
        left, where = left.parts[0], Where(where.environment, where.context)
    if left.operation != "count_true" or right.operation != "literal":
        return None
    many = where.value(left)
    low, high = (many.low, many.high) if isinstance(many, Between) else (many, many)
    limit = right.data
    if operation in ("less", "less_equal"):
        operation, wanted = ("greater_equal" if operation == "less" else "greater"), not wanted
    least = limit if operation == "greater_equal" else limit + 1
    short = (least - low) if wanted else (high - least + 1)
    ways = [alternatives(part, wanted, where) for part in left.parts if where.value(part) is UNKNOWN]
    cheapest = sorted((way for way in ways if way), key=lambda way: len(way[0]))
    return together(cheapest[: int(short)]) if len(cheapest) >= short else [needed(left, where)]


def needed(typed: Typed, where: Where) -> Needs:
    """Every missing fact under an operation; where none is missing, the ones that are known in part."""
    found = _needed(typed, where, partial=False) or _needed(typed, where, partial=True)
    return found or frozenset({Need("fact", show(typed.source) if typed.source is not None else typed.operation)})


def _needed(typed: Typed, where: Where, partial: bool) -> Needs:
    match typed.operation:
        case "judgement":
            return _judgement(typed, where)
        case "name" | "field" | "anchor":
            return _fact(typed, where, partial)
        case "weight":
            return frozenset()
        case "derived":
            inside = Where(where.environment, where.context)
            return _needed(typed.parts[0], inside, partial) if where.value(typed) is UNKNOWN or partial else frozenset()
        case "in_unit":
            return _needed(typed.parts[0], where, partial) or _weight(typed, where)
        case "end_of":
            return _needed(typed.parts[0], where, partial)
        case "column":
            return _column(typed, where, partial)
        case "exists" | "every" | "for_each" | "count_rows":
            return _every_row(typed, where, partial)
        case "previous" | "at_visit":
            return _elsewhere(typed, where, partial)
    return frozenset(need for part in typed.parts for need in _needed(part, where, partial))


def _fact(typed: Typed, where: Where, partial: bool) -> Needs:
    value = where.value(typed)
    if not (isinstance(value, Between) if partial else value is UNKNOWN):
        return frozenset()
    if typed.operation == "field" and typed.parts[0].operation == "row":
        name = f"{where.row}.{typed.data}"
    elif typed.operation == "field":
        holder = _fact(typed.parts[0], where, partial)
        if holder:
            return holder
        name = show(typed.source) if typed.source is not None else str(typed.data)
    else:
        name = str(typed.data)
    if typed.judged_by:
        return frozenset({Need("judgement", name, typed.question or name, typed.judged_by)})
    return frozenset({Need("fact", name + (" (the whole date)" if partial else ""))})


def _judgement(typed: Typed, where: Where) -> Needs:
    if where.value(typed) is not UNKNOWN:
        return frozenset()
    question, by, identifier = typed.data
    key = where.it.get("key") if isinstance(where.it, Mapping) else None
    return frozenset({Need("judgement", identifier if key is None else f"{identifier}[{key}]", question, by)})


def _weight(typed: Typed, where: Where) -> Needs:
    value = where.value(typed.parts[0])
    missing = where.value(typed.parts[1]) is UNKNOWN
    carried = isinstance(value, Quantity) or typed.data[0]
    unknown = where.value(typed) is UNKNOWN and value is not UNKNOWN
    return frozenset({Need("fact", "weight")}) if missing and carried and unknown else frozenset()


def _column(typed: Typed, where: Where, partial: bool) -> Needs:
    listed = typed.parts[0]
    rows = where.value(listed)
    if isinstance(rows, Absent):
        return _needed(listed, where, partial)
    absent = [row_key(row, n) for n, row in enumerate(rows, 1) if row.get(typed.data) in (None, UNKNOWN)]
    return frozenset(Need("fact", f"{listed.data}[{key}].{typed.data}") for key in absent if not partial)


def _every_row(typed: Typed, where: Where, partial: bool) -> Needs:
    listed, *conditions = typed.parts
    rows = where.value(listed)
    if isinstance(rows, Absent):
        return _needed(listed, where, partial)
    places = [where.inside(listed, row, position) for position, row in enumerate(rows, 1)]
    return frozenset(need for place in places for part in conditions for need in _needed(part, place, partial))


def _elsewhere(typed: Typed, where: Where, partial: bool) -> Needs:
    """What is missing at another visit says so in its name."""
    environment = where.environment
    if typed.operation == "previous":
        there, words = environment.get("prev") or {}, "at the previous visit"
    else:
        there, words = (environment.get("at") or {}).get(typed.data) or {}, f"at {typed.data}"
    found = _needed(typed.parts[0], Where(there, where.context, where.it, where.row), partial)
    return frozenset(Need(need.kind, f"{need.name} {words}", need.question, need.by) for need in found)


def missing_facts(
    typed: Typed, environment: Mapping[str, Any], context: Context = NO_CONTEXT, wanted: bool | None = None
) -> tuple[Need, ...]:
    """The shortest list of facts and judgements that can make an unknown condition come out as `wanted`.

    Empty where the condition is settled. Without a wanted answer, the shorter of the two lists that can settle it; of
    a value that is no condition, every missing fact under it.
    """
    where = Where(environment, context)
    if where.value(typed) is not UNKNOWN:
        return ()
    if typed.type.kind != "boolean":
        return tuple(sorted(needed(typed, where)))
    answers = (True, False) if wanted is None else (wanted,)
    found = _either(alternatives(typed, answer, where) for answer in answers)
    return tuple(sorted(found[0])) if found else ()
