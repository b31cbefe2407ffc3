"""Probabilities of a scenario that are none: what can be said of `bernoulli` before anybody is imagined.

A formula such as `if(arm == A, share_A, share_B)` gives one of its branches. A branch of numbers and parameters alone
has one value, whoever is imagined; where that is below 0 or above 1, the scenario says something impossible.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from operator import add, mul, sub, truediv

from trialwright.logic.parse import parse
from trialwright.logic.places import LogicErrors
from trialwright.logic.syntax import Binary, Call, Expression, Literal, Name, Unary, show
from trialwright.simulate.scenario import Scenarios, tables

Parameters = Mapping[str, Decimal | int]

OPERATIONS: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {"+": add, "-": sub, "*": mul, "/": truediv}


def impossible(scenarios: Scenarios, parameters: Parameters) -> Iterator[tuple[tuple[str, ...], str]]:
    """(path, sentence) of every probability outside 0 to 1 under these values of the parameters."""
    for table, variables in tables(scenarios):
        for name, variable in variables.items():
            if variable.bernoulli is None:
                continue
            for branch, value in _certain(variable.bernoulli, parameters):
                if not 0 <= value <= 1:
                    is_ = f"{branch} is {value:f}" if branch != f"{value:f}" else f"it is {value:f}"
                    said = f"the probability of '{name}' lies between 0 and 1, and {is_}"
                    yield (*table.split("."), name, "bernoulli"), said


def _certain(formula: str | Decimal | int, parameters: Parameters) -> Iterator[tuple[str, Decimal]]:
    """The branches of a formula that have one value, as text, with that value."""
    try:
        parsed = parse(str(formula))
    except LogicErrors:
        return  # The compiler says what is wrong with it.
    for branch in _branches(parsed):
        value = _value(branch, parameters)
        if value is not None:
            yield show(branch), value


def _branches(expression: Expression) -> Iterator[Expression]:
    if isinstance(expression, Call) and expression.function == "if" and len(expression.arguments) == 3:
        for branch in expression.arguments[1:]:
            yield from _branches(branch)
    else:
        yield expression


def _value(expression: Expression, parameters: Parameters) -> Decimal | None:
    """The value of numbers and parameters under + - * /; None where anything else takes part."""
    match expression:
        case Literal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return Decimal(value)
        case Name() as name if name.text in parameters:
            return Decimal(parameters[name.text])
        case Unary("-", part):
            inner = _value(part, parameters)
            return None if inner is None else -inner
        case Binary(operator, left, right) if operator in OPERATIONS:
            both = _value(left, parameters), _value(right, parameters)
            if both[0] is None or both[1] is None or (operator == "/" and both[1] == 0):
                return None
            return OPERATIONS[operator](both[0], both[1])
    return None
