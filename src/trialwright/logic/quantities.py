"""Units in expressions: bringing two sides to one unit, and arithmetic with quantities, dates and periods."""

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from trialwright.logic.syntax import Expression, show
from trialwright.logic.typed import Typed, scaled
from trialwright.logic.types import DATE, DATETIME, DECIMAL, INTEGER, WRONG, Type, quantity
from trialwright.logic.units import (
    BODY_KILOGRAM,
    CALENDAR_PER_MONTH,
    ONE,
    Unit,
    UnitError,
    conversion,
    converter,
    product,
    unit,
)

if TYPE_CHECKING:
    from trialwright.logic.check import Checker

NUMBERS = ("integer", "decimal")
MOMENTS = ("date", "datetime")
SPAN = Type("quantity", Unit("mo", Fraction(1), (("calendar", 1),)), span=True)
_TIME = (("T", 1),)


def _is_number(typed: Typed) -> bool:
    return typed.type.kind in NUMBERS


def _nothing(source: Expression) -> Typed:
    return Typed("literal", WRONG, (), None, source)


def in_unit(typed: Typed, target: Unit, source: Expression) -> Typed:
    """A quantity brought to a unit while evaluating: needed where each value carries its unit, or the weight comes
    in.
    """
    weight = Typed("weight", quantity("kg"), (), None, source)
    data = (typed.type.unit is not None, converter(typed.type.unit, target))
    return Typed("in_unit", Type("quantity", target), (typed, weight), data, source)


def _possible(typed: Typed) -> list[Unit]:
    """The units that a value may stand in; none where its definition leaves that open."""
    return [typed.type.unit] if typed.type.unit else [unit(code) for code in typed.type.units]


def aligned(checker: "Checker", source: Expression, left: Typed, right: Typed) -> tuple[Typed, Typed] | None:
    """Both sides comparable: same kind, same unit; None (and an error noted) where they are not."""
    first, second = left.type.kind, right.type.kind
    if "wrong" in (first, second):
        return None
    if first in NUMBERS and second in NUMBERS:
        return left, right
    if first == second == "quantity":
        return _same_unit(checker, source, left, right)
    if {first, second} <= {"quantity", *NUMBERS}:
        return _bare_number(checker, source, left, right)
    if first in MOMENTS and second in MOMENTS:
        if first == second:
            return left, right
        day = [
            Typed("local_date", DATE, (side,), None, side.source) if side.type.kind == "datetime" else side
            for side in (left, right)
        ]
        return day[0], day[1]
    if first == second and first in ("boolean", "text", "code"):
        return left, right
    if {first, second} == {"code", "text"} and "literal" not in (left.operation, right.operation):
        return left, right
    checker.wrong(source, f"{_phrase(left)} does not compare with {_phrase(right)}", _quotes(left, right))
    return None


def _quotes(left: Typed, right: Typed) -> str:
    return "a date is written 2024-03-01" if {left.type.kind, right.type.kind} == {"date", "text"} else ""


def _phrase(typed: Typed) -> str:
    return f"{show(typed.source)} ({typed.type.words})" if typed.source is not None else typed.type.words


def _same_unit(checker: "Checker", source: Expression, left: Typed, right: Typed) -> tuple[Typed, Typed] | None:
    own, other = left.type.unit, right.type.unit
    if own is None or other is None:
        return _carried_unit(checker, source, left, right)
    if own.dimension == other.dimension:
        if left.operation == "literal" and right.operation != "literal":
            return scaled(left, own.factor / other.factor, right.type), right
        return left, scaled(right, other.factor / own.factor, left.type)
    hint = ""
    if own.calendar != other.calendar and (own.dimension == _TIME or other.dimension == _TIME):
        hint = "months and years are calendar periods: hang both on dates, as in start >= screening - 14 d"
    elif dict(product(own, other, -1).dimension).keys() == {"body"}:
        hint = "one is per kilogram of body weight: use per_kg(...) or for_weight(...)"
    checker.wrong(source, f"{_phrase(left)} does not compare with {_phrase(right)}", hint)
    return None


def _carried_unit(checker: "Checker", source: Expression, left: Typed, right: Typed) -> tuple[Typed, Typed] | None:
    target = left.type.unit or right.type.unit or next(iter(_possible(left) + _possible(right)), None)
    if target is None:
        checker.wrong(source, "neither side says a unit in its definition", "declare `unit` or `units` for one of them")
        return None
    sides = []
    for side in (left, right):
        if not _converts(side, target):
            checker.wrong(source, f"{_phrase(side)} does not compare with {target.code}")
            return None
        sides.append(side if side.type.unit == target else in_unit(side, target, source))
    return sides[0], sides[1]


def _converts(side: Typed, target: Unit) -> bool:
    """Whether at least one unit that the side may have converts to the target."""
    possible = _possible(side)
    for each in possible:
        try:
            conversion(each, target)
            return True
        except UnitError:
            continue
    return not possible


def _bare_number(checker: "Checker", source: Expression, left: Typed, right: Typed) -> tuple[Typed, Typed] | None:
    measured, bare = (right, left) if _is_number(left) else (left, right)
    own = measured.type.unit
    if own is not None and not own.dimension:
        plain = scaled(measured, own.factor, DECIMAL)
        return (bare, plain) if measured is right else (plain, bare)
    if measured.type.named:
        taken = replace(bare, type=measured.type)
        return (taken, measured) if measured is right else (measured, taken)
    code = own.code if own else next(iter(measured.type.units), "its unit")
    number = show(bare.source) if bare.source is not None else "the number"
    hint = f"write {number} {code}" if bare.operation == "literal" else f"give {number} a unit in its definition"
    checker.wrong(source, f"{_phrase(measured)} does not compare with {number}, which has no unit", hint)
    return None


def into(checker: "Checker", source: Expression, typed: Typed, expected: Type) -> Typed:
    """A derived value in its declared type; a plain number is taken as standing in the declared unit."""
    if typed.type.kind == "wrong" or expected.kind == "wrong":
        return typed
    if _is_number(typed) and expected.kind in ("quantity", *NUMBERS):
        return replace(typed, type=expected)
    if typed.type.kind == "code" and expected.kind == "code":
        return typed
    if typed.type.kind == "list" or expected.kind == "list":
        if typed.type.kind != expected.kind:
            checker.wrong(source, f"{_phrase(typed)} is not {expected.words}")
        return typed
    if expected.kind == "code" and typed.operation == "literal":
        return checker.as_code(source, expected)
    if typed.type.kind in MOMENTS and expected.kind != typed.type.kind and expected.kind != "date":
        checker.wrong(source, f"{_phrase(typed)} is not {expected.words}")
        return typed
    both = aligned(checker, source, Typed("expected", expected, (), None, source), typed)
    return both[1] if both else typed


# --- arithmetic ------------------------------------------------------------------------------------------------------


def negative(checker: "Checker", source: Expression, part: Typed) -> Typed:
    """-x"""
    if part.type.kind not in (*NUMBERS, "quantity", "wrong") or part.type.span:
        return checker.wrong(source, f"{_phrase(part)} has no negative")
    return Typed("negative", part.type, (part,), None, source)


def arithmetic(checker: "Checker", source: Expression, operator: str, left: Typed, right: Typed) -> Typed:
    """+ - * / with units, dates and periods."""
    kinds = (left.type.kind, right.type.kind)
    if "wrong" in kinds:
        return _nothing(source)
    if kinds[0] in MOMENTS or kinds[1] in MOMENTS:
        return _with_moment(checker, source, operator, left, right)
    if not set(kinds) <= {"quantity", *NUMBERS}:
        return checker.wrong(
            source,
            f"{_phrase(left)} {operator} {_phrase(right)}: only numbers, quantities and dates can be reckoned with",
        )
    if left.type.span or right.type.span:
        return checker.wrong(
            source, "a span between dates is only compared", "move a date instead: start + 3 mo <= screening"
        )
    if operator in "+-":
        return _sum(checker, source, operator, left, right)
    return _product(checker, source, operator, left, right)


def _sum(checker: "Checker", source: Expression, operator: str, left: Typed, right: Typed) -> Typed:
    both = aligned(checker, source, left, right)
    if both is None:
        return _nothing(source)
    kinds = {side.type.kind for side in both}
    result = replace(both[0].type, named=False) if "quantity" in kinds else DECIMAL if "decimal" in kinds else INTEGER
    return Typed("add" if operator == "+" else "subtract", result, both, None, source)


def _product(checker: "Checker", source: Expression, operator: str, left: Typed, right: Typed) -> Typed:
    sign, operation = (1, "multiply") if operator == "*" else (-1, "divide")
    if _is_number(left) and _is_number(right):
        whole = left.type.kind == right.type.kind == "integer" and sign > 0
        return Typed(operation, INTEGER if whole else DECIMAL, (left, right), None, source)
    carried = next((side for side in (left, right) if side.type.kind == "quantity" and side.type.unit is None), None)
    if carried is not None:
        return checker.wrong(
            source, f"{_phrase(carried)} carries its unit with each value", "declare one `unit`, or compare it only"
        )
    if _is_number(right) or (_is_number(left) and sign > 0):
        return Typed(
            operation, replace(left.type if _is_number(right) else right.type, named=False), (left, right), None, source
        )
    result = product(left.type.unit or ONE, right.type.unit or ONE, sign)
    made = Typed(operation, Type("quantity", result), (left, right), None, source)
    return made if result.dimension else scaled(made, result.factor, DECIMAL)


def _with_moment(checker: "Checker", source: Expression, operator: str, left: Typed, right: Typed) -> Typed:
    first, second = left.type.kind, right.type.kind
    if operator == "-" and first == second == "datetime":
        return Typed("seconds_between", quantity("s"), (right, left), None, source)
    if operator == "-" and first in MOMENTS and second in MOMENTS:
        both = aligned(checker, source, left, right)
        return (
            Typed("days_between", quantity("d", named=True), (both[1], both[0]), None, source)
            if both
            else _nothing(source)
        )
    if operator == "+" and second in MOMENTS:
        left, right, first = right, left, second
    period = right.type.unit
    if operator not in "+-" or first not in MOMENTS or period is None or right.type.span:
        return checker.wrong(
            source,
            f"{_phrase(left)} {operator} {_phrase(right)} has no meaning",
            "a date moves by days, weeks, months or years",
        )
    moved = right if operator == "+" else negative(checker, source, right)
    if operator == "-" and right.operation == "literal":
        moved = Typed("literal", right.type, (), -right.data, right.source)
    return _move(checker, source, left, moved, period)


def _move(checker: "Checker", source: Expression, moment: Typed, period: Typed, own: Unit) -> Typed:
    if own.calendar:
        amount = scaled(period, own.factor, SPAN)
        if amount.operation == "literal" and Fraction(amount.data) % CALENDAR_PER_MONTH:
            return checker.wrong(source, "a date moves by whole months or years", "write days for a part of a month")
        return Typed("move_calendar", DATE, (_day(moment), amount), None, source)
    if own.dimension != _TIME:
        return checker.wrong(source, f"a date does not move by {_phrase(period)}", "write days, weeks, months or years")
    if moment.type.kind == "datetime":
        return Typed("move_seconds", DATETIME, (moment, scaled(period, own.factor, quantity("s"))), None, source)
    days = scaled(period, own.factor / unit("d").factor, quantity("d"))
    if days.operation == "literal" and Fraction(days.data) % 1:
        return checker.wrong(source, "a date moves by whole days", "use a datetime item for hours")
    return Typed("move_days", DATE, (moment, days), None, source)


def _day(moment: Typed) -> Typed:
    return Typed("local_date", DATE, (moment,), None, moment.source) if moment.type.kind == "datetime" else moment


def body_weight(checker: "Checker", source: Expression, dose: Typed, per_kilogram: bool) -> Typed:
    """A dose turned into a dose per kilogram of body weight, or back."""
    if dose.type.kind != "quantity":
        return checker.wrong(source, f"{_phrase(dose)} is not a dose")
    possible = _possible(dose)
    if not possible:
        return checker.wrong(source, f"{_phrase(dose)} says no unit in its definition")
    fitting = [each for each in possible if any(base == "body" for base, _ in each.dimension) == per_kilogram]
    target = fitting[0] if fitting else product(possible[0], BODY_KILOGRAM, -1 if per_kilogram else 1)
    return in_unit(dose, target, source)


def common(checker: "Checker", source: Expression, parts: list[Typed]) -> list[Typed] | None:
    """Several values brought to one kind and unit: that of the first that is no literal."""
    base = next((part for part in parts if part.operation != "literal"), parts[0])
    result = []
    for part in parts:
        both = (part, part) if part is base else aligned(checker, source, base, part)
        if both is None:
            return None
        if both[0] is not base and part is not base:
            checker.wrong(source, "the values stand in different units", "bring them to one unit")
            return None
        result.append(both[1])
    return result
