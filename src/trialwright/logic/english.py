"""A condition in plain English, for pages and reports that physicians read."""

from collections.abc import Mapping
from datetime import date

from trialwright.logic.syntax import (
    Binary,
    Call,
    Expression,
    Joined,
    ListOf,
    Literal,
    Measure,
    Name,
    Unary,
    children,
    plain_decimal,
)
from trialwright.logic.typed import Typed

COMPARED = {
    "==": "is",
    "!=": "is not",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
}
ARITHMETIC = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
UNIT_WORDS = {"a": "year", "mo": "month", "wk": "week", "d": "day", "h": "hour", "min": "minute", "s": "second"}
PHRASES = {
    "missing": "{0} is missing",
    "known": "{0} is known",
    "asked": "{0} has been asked",
    "none_known": "{0}: none known",
    "applicable": "{0} applies",
    "if": "{1} if {0}, otherwise {2}",
    "applies_if": "{1} (applies only if {0})",
    "abs": "the size of {0}",
    "months_between": "the time from {0} to {1}",
    "years_between": "the time from {0} to {1}",
    "days_between": "the days from {0} to {1}",
    "days": "the days of treatment",
    "overlaps": "given within {1}",
    "within": "{0} lies within {1}",
    "year": "the year of {0}",
    "prev": "the previous {0}",
    "at": "{0} at {1}",
    "prednisone_eq": "the dose as prednisone",
    "per_kg": "{0} per kilogram of body weight",
    "for_weight": "{0} for the body weight",
    "between": "{0} lies between {1} and {2}",
    "local_date": "the date of {0}",
    "judgement": "in the judgement of the {1}: {0}",
    "date": "{0}",
    "round": "{0}, rounded",
    "exists": "at least one entry of {0} for which {1}",
    "all": "for every entry of {0}: {1}",
    "every": "for every entry of {0}: {1}",
    "for_each": "an entry of {0} for which {1}, unless {2}",
}
OR, AND, ATOM = range(3)


def names(expression: Expression | Typed) -> frozenset[str]:
    """Every name (or bare code) that an expression writes."""
    written = expression.source if isinstance(expression, Typed) else expression
    found: set[str] = set()
    rest = [] if written is None else [written]
    while rest:
        node = rest.pop()
        if isinstance(node, Name):
            found.add(node.text)
        rest += children(node)
    return frozenset(found)


def english(expression: Expression | Typed, labels: Mapping[str, str] | None = None) -> str:
    """The expression in English; `labels` gives words for names and codes."""
    written = expression.source if isinstance(expression, Typed) else expression
    return "" if written is None else _say(written, labels or {}, OR)


def _say(node: Expression, labels: Mapping[str, str], at_least: int) -> str:
    match node:
        case Literal(value):
            return _literal(value)
        case Measure(number, unit):
            return measure(plain_decimal(number), unit)
        case Name(path):
            return _name(path, node.text, labels)
        case Joined(operator, parts):
            level = OR if operator == "or" else AND
            text = f" {operator} ".join(_say(part, labels, level + 1) for part in parts)
            return f"({text})" if level < at_least else text
        case Unary("not", Binary("in", left, right)):
            return f"{_say(left, labels, ATOM)} is none of {_say(right, labels, ATOM)}"
        case Unary("not", part):
            return f"not {_say(part, labels, ATOM)}"
        case Unary(_, part):
            return f"minus {_say(part, labels, ATOM)}"
        case Binary("in", left, right):
            return f"{_say(left, labels, ATOM)} is {_say(right, labels, ATOM)}"
        case Binary(operator, left, right):
            word = COMPARED.get(operator) or ARITHMETIC[operator]
            return f"{_say(left, labels, ATOM)} {word} {_say(right, labels, ATOM)}"
        case ListOf(parts):
            return _listed([_say(part, labels, OR) for part in parts])
        case Call():
            return _call(node, labels)
    raise TypeError(f"not an expression: {node!r}")


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)


def measure(number: str, unit: str) -> str:
    """A quantity in words: 18 years, 10 %, 40 mg/d."""
    word = UNIT_WORDS.get(unit)
    return f"{number} {word}{'' if number == '1' else 's'}" if word else f"{number} {unit}"


def _name(path: tuple[str, ...], text: str, labels: Mapping[str, str]) -> str:
    if text in labels:
        return labels[text]
    last = labels.get(path[-1], path[-1]) if path[0] == "it" and len(path) > 1 else text
    return last.replace("_", " ")


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}" if parts else "nothing"


def _call(node: Call, labels: Mapping[str, str]) -> str:
    arguments = node.arguments
    match node.function:
        case "named" if len(arguments) == 3:
            text = arguments[1]
            written = isinstance(text, Literal) and str(text.value)
            return written or _say(arguments[2], labels, ATOM)
        case "count" if len(arguments) == 1 and isinstance(arguments[0], ListOf):
            return f"the number of these that hold ({'; '.join(_say(part, labels, OR) for part in arguments[0].parts)})"
        case "count":
            return "the number of " + " with ".join(_say(part, labels, OR) for part in arguments)
        case "last" if arguments:
            anchor = _say(arguments[1], labels, ATOM) if len(arguments) > 1 else "screening"
            return f"the last {_say(arguments[0], labels, ATOM)} before {anchor}"
        case "age" if arguments:
            return "the age" + (f" at {_say(arguments[1], labels, ATOM)}" if len(arguments) > 1 else "")
        case "for_each" if arguments[2:] == (Literal(False),):
            return f"an entry of {_say(arguments[0], labels, ATOM)} for which {_say(arguments[1], labels, OR)}"
    said = [_say(part, labels, OR) for part in arguments]
    phrase = PHRASES.get(node.function)
    if phrase is not None and phrase.count("{") <= len(said):
        return phrase.format(*said)
    return f"the {node.function.replace('_', ' ')} of {_listed(said)}"
