"""Formulas of `scenarios.yaml` on arrays: arithmetic over earlier variables, read by the parser of the expression
language.

Here numbers are binary floats and exp, log and the like exist, because this is imagination: nothing that is computed
here decides anything about a participant. Arrays have two axes, participants and places (one place, the visits, or the
rows of a log); a number that is missing is nan.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialwright.compute import functions
from trialwright.logic.parse import parse
from trialwright.logic.places import LogicErrors
from trialwright.logic.syntax import Binary, Call, Expression, Joined, ListOf, Literal, Name, Unary, children


@dataclass(frozen=True, slots=True)
class Codes:
    """A categorical variable: `index` into `names`, -1 where there is none."""

    index: NDArray[np.int64]
    names: tuple[str, ...]

    def is_one_of(self, wanted: Sequence[str]) -> NDArray[np.bool_]:
        """Where the category is one of the names."""
        found = self.index == self.names.index(wanted[0])
        for name in wanted[1:]:
            found = found | (self.index == self.names.index(name))
        return np.asarray(found)


Value = Any  # an array of floats or truths with two axes, a number, or Codes
Environment = Mapping[str, Value]
Closure = Callable[[Environment], Value]
Kinds = Mapping[str, tuple[str, ...] | None]
"""Name -> its categories, or None for a number or truth."""


class WrongFormula(ValueError):
    """A formula that cannot be used; the message is a sentence."""


def _if(condition: Value, yes: Value, no: Value) -> Value:
    return np.where(condition, yes, no)


def counted(parts: Sequence[Value]) -> Value:
    """How many of the parts are true."""
    return sum(np.asarray(part).astype(np.int64) for part in parts)


def least(*parts: Value) -> Value:
    """The smallest part; nan where one is missing. Of equals the first, so that the sign of zero is fixed."""
    out = parts[0]
    for part in parts[1:]:
        out = np.where(np.less_equal(out, part) | np.not_equal(out, out), out, part)
    return out


def most(*parts: Value) -> Value:
    """The greatest part, as `least`."""
    out = parts[0]
    for part in parts[1:]:
        out = np.where(np.greater_equal(out, part) | np.not_equal(out, out), out, part)
    return out


def _of_numbers(function: Callable[[Any], Value]) -> Callable[[Value], Value]:
    """The function of floats, whatever it is given: whole numbers and truths are numbers."""
    return lambda value: function(np.asarray(value, dtype=np.float64))


FUNCTIONS: dict[str, tuple[Callable[..., Value], int, int]] = {
    # name: (function, fewest arguments, most arguments)
    "exp": (functions.exp, 1, 1),
    "log": (functions.log, 1, 1),
    "sqrt": (_of_numbers(np.sqrt), 1, 1),
    "abs": (np.abs, 1, 1),
    "floor": (_of_numbers(np.floor), 1, 1),
    "ceil": (_of_numbers(np.ceil), 1, 1),
    "missing": (np.isnan, 1, 1),
    "min": (least, 1, 9),
    "max": (most, 1, 9),
    "if": (_if, 3, 3),
}
OPERATORS: dict[str, Callable[[Value, Value], Value]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


@dataclass(frozen=True, slots=True)
class Formula:
    """A checked formula: call it with an environment."""

    text: str
    compute: Closure
    uses: frozenset[str]
    expression: Expression | None = None

    def __call__(self, environment: Environment) -> Value:
        return self.compute(environment)


def formula(text: str | int | float, known: Kinds, visits: Sequence[str] = ()) -> Formula:
    """A formula from its text (or a plain number). Raises `WrongFormula` with everything that is wrong, as one
    sentence each."""
    if not isinstance(text, str):
        number = float(text)
        return Formula(str(text), lambda _: number, frozenset(), Literal(Decimal(number)))
    try:
        expression = parse(text)
    except LogicErrors as wrong:
        raise WrongFormula(f"the formula '{text}' cannot be read: {wrong}") from wrong
    compute = _closure(expression, _Scope(known, tuple(visits), text))
    return Formula(text, compute, frozenset(_names(expression)) & frozenset(known), expression)


def _names(expression: Expression) -> set[str]:
    own = {expression.text} if isinstance(expression, Name) else set()
    return own.union(*(_names(part) for part in children(expression)))


@dataclass(frozen=True, slots=True)
class _Scope:
    known: Kinds
    visits: tuple[str, ...]
    text: str

    def wrong(self, says: str) -> WrongFormula:
        return WrongFormula(f"in the formula '{self.text}': {says}")


def _closure(expression: Expression, scope: _Scope) -> Closure:
    match expression:
        case Literal(value) if not isinstance(value, str):
            number = value if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
            return lambda _: number
        case Name() as name:
            return _name(name, scope)
        case Unary("not", part):
            inner = _closure(part, scope)
            return lambda environment: np.logical_not(inner(environment))
        case Unary(_, part):
            inner = _closure(part, scope)
            return lambda environment: -np.asarray(inner(environment))
        case Joined(operator, parts):
            return _joined(operator, [_closure(part, scope) for part in parts])
        case Binary(operator, left, right):
            return _binary(operator, left, right, scope)
        case Call(function, arguments):
            return _call(function, arguments, scope)
    raise scope.wrong("only numbers, names, arithmetic, comparisons and functions can stand here")


def _name(name: Name, scope: _Scope) -> Closure:
    text = name.text
    if text not in scope.known:
        raise scope.wrong(f"'{text}' is not declared before it is used")
    return lambda environment: environment[text]


def _joined(operator: str, parts: list[Closure]) -> Closure:
    combine = np.logical_and if operator == "and" else np.logical_or

    def compute(environment: Environment) -> Value:
        out = parts[0](environment)
        for part in parts[1:]:
            out = combine(out, part(environment))
        return out

    return compute


def _binary(operator: str, left: Expression, right: Expression, scope: _Scope) -> Closure:
    categories = scope.known.get(left.text) if isinstance(left, Name) else None
    if categories is not None and isinstance(left, Name):
        return _category(operator, left.text, categories, right, scope)
    if operator == "in":
        raise scope.wrong("'in' asks for a category on its left")
    first, second, function = _closure(left, scope), _closure(right, scope), OPERATORS[operator]
    return lambda environment: function(first(environment), second(environment))


def _category(operator: str, name: str, categories: tuple[str, ...], right: Expression, scope: _Scope) -> Closure:
    try:
        words = category_words(right)
    except ValueError as wrong:
        raise scope.wrong(str(wrong)) from None
    if not words:
        raise scope.wrong(f"the list that {name} is compared with is empty")
    unknown = [word for word in words if word not in categories]
    if unknown:
        raise scope.wrong(f"{name} is never '{unknown[0]}'; it is one of {', '.join(categories)}")
    if operator in ("==", "in"):
        return lambda environment: environment[name].is_one_of(words)
    if operator == "!=":
        return lambda environment: ~environment[name].is_one_of(words)
    raise scope.wrong(f"a category cannot be compared by '{operator}'")


def category_words(right: Expression) -> list[str]:
    """The words that a category is compared with. Raises `ValueError` for anything else."""
    words = []
    for part in right.parts if isinstance(right, ListOf) else (right,):
        match part:
            case Name():
                words.append(part.text)
            case Literal(value) if isinstance(value, str | int):
                words.append(str(value))
            case _:
                raise ValueError("a category is compared with a word")
    return words


def _call(function: str, arguments: tuple[Expression, ...], scope: _Scope) -> Closure:
    if function == "at":
        return _at(arguments, scope)
    if function == "count" and len(arguments) == 1 and isinstance(arguments[0], ListOf):
        parts = [_closure(part, scope) for part in arguments[0].parts]
        return lambda environment: counted([part(environment) for part in parts])
    if function not in FUNCTIONS:
        raise scope.wrong(f"there is no function '{function}'; known: at, count, {', '.join(sorted(FUNCTIONS))}")
    compute, fewest, most = FUNCTIONS[function]
    if not fewest <= len(arguments) <= most:
        raise scope.wrong(f"'{function}' takes {fewest} to {most} values, not {len(arguments)}")
    inner = [_closure(argument, scope) for argument in arguments]
    return lambda environment: compute(*(part(environment) for part in inner))


def _at(arguments: tuple[Expression, ...], scope: _Scope) -> Closure:
    """at(x, VISIT): the value of a visit's variable at one named visit, for every place."""
    if len(arguments) != 2 or not all(isinstance(argument, Name) for argument in arguments):
        raise scope.wrong("write at(variable, VISIT)")
    inner, visit = _closure(arguments[0], scope), arguments[1].text  # type: ignore[union-attr]
    if visit not in scope.visits:
        raise scope.wrong(f"'{visit}' is not a visit; they are {', '.join(scope.visits)}")
    place = scope.visits.index(visit)
    name = arguments[0].text  # type: ignore[union-attr]

    def compute(environment: Environment) -> Value:
        # A log that belongs to visits sees each row's own visit under the plain name, the whole table under @name.
        whole = environment.get("@" + name)
        return (inner(environment) if whole is None else whole)[:, place : place + 1]

    return compute
