"""The expression as written: a tree of frozen nodes, and the one canonical way to print it.

Places take no part in equality, so that a tree equals the tree of its printed form. Structured conditions
(judgements, named parts, `for_each`) are calls too, so that there is one tree whichever form was written.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from trialwright.logic.places import Place

NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Literal:
    """A boolean, a whole number, an exact decimal, a text or a date."""

    value: bool | int | Decimal | str | date
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with a UCUM unit."""

    number: Decimal
    unit: str
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A name with dots, `it.dose`; or a code written as a bare word, which only the scope can tell."""

    path: tuple[str, ...]
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    @property
    def text(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands: a comparison or an arithmetic operation."""

    operator: str
    left: "Expression"
    right: "Expression"
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`not x` or `-x`."""

    operator: str
    part: "Expression"
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Joined:
    """`and` or `or` of two or more parts."""

    operator: str
    parts: tuple["Expression", ...]
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ListOf:
    """[a, b, c]"""

    parts: tuple["Expression", ...]
    place: Place = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the fixed list, by name."""

    function: str
    arguments: tuple["Expression", ...]
    place: Place = field(default=NOWHERE, compare=False, repr=False)


Expression = Literal | Measure | Name | Binary | Unary | Joined | ListOf | Call

# How tightly each form binds; a part that binds less tightly than its place asks for stands in parentheses.
OR, AND, NOT, COMPARISON, SUM, PRODUCT, NEGATIVE, ATOM = range(8)
_BINARY = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT}


def children(expression: Expression) -> tuple[Expression, ...]:
    """The direct parts of a node."""
    match expression:
        case Binary(_, left, right):
            return (left, right)
        case Unary(_, part):
            return (part,)
        case Joined(_, parts) | ListOf(parts) | Call(_, parts):
            return parts
    return ()


def negative(value: object) -> bool:
    """Whether a number carries a minus sign (minus zero does)."""
    return value.is_signed() if isinstance(value, Decimal) else type(value) is int and value < 0


def _binding(expression: Expression) -> int:
    match expression:
        case Joined(operator, _):
            return OR if operator == "or" else AND
        case Unary("not", Binary("in", _, _)):
            return COMPARISON
        case Unary(operator, _):
            return NOT if operator == "not" else NEGATIVE
        case Binary(operator, _, _):
            return _BINARY.get(operator, COMPARISON)
        case Literal(value) if negative(value):
            return NEGATIVE
        case Measure(number, _) if negative(number):
            return NEGATIVE
    return ATOM


def quoted(text: str) -> str:
    """A text as a literal of the language."""
    return "'" + text.replace("'", "''") + "'"


def plain_decimal(number: Decimal | int) -> str:
    """A number without an exponent, digits kept as they are (1.50 stays 1.50)."""
    return format(number, "f") if isinstance(number, Decimal) else str(number)


def _literal(value: bool | int | Decimal | str | date) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, date):
        return value.isoformat()
    return plain_decimal(value)


def show(expression: Expression) -> str:
    """The canonical text of an expression; parsing it gives the same expression again."""
    return _show(expression, OR)


def _list(parts: tuple[Expression, ...]) -> str:
    return ", ".join(_show(part, OR) for part in parts)


def _show(expression: Expression, at_least: int) -> str:
    text = _text(expression)
    return text if _binding(expression) >= at_least else f"({text})"


def _text(expression: Expression) -> str:
    match expression:
        case Literal(value):
            return _literal(value)
        case Measure(number, unit):
            return f"{plain_decimal(number)} {unit}"
        case Name(path):
            return ".".join(path)
        case ListOf(parts):
            return f"[{_list(parts)}]"
        case Call(function, arguments):
            return f"{function}({_list(arguments)})"
        case Joined(operator, parts):
            inner = AND if operator == "or" else NOT
            return f" {operator} ".join(_show(part, inner) for part in parts)
        case Unary("not", Binary("in", left, right)):
            return f"{_show(left, SUM)} not in {_show(right, SUM)}"
        case Unary("not", part):
            return f"not {_show(part, NOT)}"
        case Unary(operator, part):
            return f"{operator}{_show(part, ATOM)}"
        case Binary(operator, left, right):
            binding = _binding(expression)
            # arithmetic groups to the left; comparisons do not chain
            left_binding = binding if operator in _BINARY else SUM
            return f"{_show(left, left_binding)} {operator} {_show(right, binding + 1)}"
    raise TypeError(f"not an expression: {expression!r}")
