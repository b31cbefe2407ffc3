"""The fixed list of functions: how each is called, and what tree it becomes.

Several are made of simpler operations here (a treatment overlaps a window where its start is not after the window and
its end not before), so that explanations, missing facts and the array form need to know only those.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from trialwright.logic import quantities
from trialwright.logic.calendar import partial_date
from trialwright.logic.check import Checker
from trialwright.logic.syntax import Call, Expression, ListOf, Literal, Name, show
from trialwright.logic.truth import NOT_APPLICABLE
from trialwright.logic.typed import Typed, exact
from trialwright.logic.types import BOOLEAN, DATE, DECIMAL, INTEGER, WINDOW, WRONG, Type, quantity

EQUIVALENT_TO_5_MG_PREDNISONE = {
    # mg of each glucocorticoid with the anti-inflammatory effect of 5 mg prednisone (Liu et al., Allergy Asthma Clin
    # Immunol 2013;9:30, table 1)
    "prednisone": Decimal("5"),
    "prednisolone": Decimal("5"),
    "methylprednisolone": Decimal("4"),
    "triamcinolone": Decimal("4"),
    "dexamethasone": Decimal("0.75"),
    "betamethasone": Decimal("0.6"),
    "hydrocortisone": Decimal("20"),
    "cortisone": Decimal("25"),
}
AS_PREDNISONE = {drug: exact(5 / Fraction(same)) for drug, same in EQUIVALENT_TO_5_MG_PREDNISONE.items()}
Check = Callable[[Checker, Call], Typed]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language: how it is written, how many arguments it takes, and how a call is checked."""

    usage: str
    fewest: int
    most: int
    check: Check

    @property
    def takes(self) -> str:
        if self.most >= MANY:
            return f"at least {self.fewest} argument{'s' if self.fewest != 1 else ''}"
        counts = str(self.fewest) if self.fewest == self.most else f"{self.fewest} to {self.most}"
        return f"{counts} argument{'' if self.most == 1 else 's'}"


MANY = 1000


# --- presence and choice ---------------------------------------------------------------------------------------------


def _presence(operation: str) -> Check:
    def check(checker: Checker, call: Call) -> Typed:
        part = checker.typed(call.arguments[0])
        if operation in ("asked", "none_known") and part.type.kind not in ("list", "wrong"):
            return checker.wrong(
                call,
                f"{call.function} asks about a list; {show(call.arguments[0])} is {part.type.words}",
                "use known(x)",
            )
        return Typed(operation, BOOLEAN, (part,), None, call)

    return check


def _choice(checker: Checker, call: Call) -> Typed:
    condition = checker.condition(call.arguments[0])
    options = [
        _coded(checker, call.arguments[1], call.arguments[2]),
        _coded(checker, call.arguments[2], call.arguments[1]),
    ]
    both = quantities.common(checker, call, options)
    if both is None:
        return Typed("literal", WRONG, (), None, call)
    wider = next((part.type for part in both if part.type.kind == "decimal"), both[0].type)
    return Typed("if", wider, (condition, *both), None, call)


def _coded(checker: Checker, source: Expression, beside: Expression) -> Typed:
    """A value, or a bare word as a code of the value beside it."""
    if isinstance(source, Name) and not checker.known(source):
        return checker.as_code(source, checker.typed(beside).type)
    return checker.typed(source)


def _applies_if(checker: Checker, call: Call) -> Typed:
    condition, part = checker.condition(call.arguments[0]), checker.typed(call.arguments[1])
    return Typed("applies_if", part.type, (condition, part), None, call)


# --- lists -----------------------------------------------------------------------------------------------------------


def _rows(checker: Checker, source: Expression) -> Typed | None:
    rows = checker.typed(source)
    if rows.type.kind == "list" and rows.type.of is not None:
        return rows
    if rows.type.kind != "wrong":
        checker.wrong(source, f"{show(source)} is {rows.type.words}, not a list")
    return None


def _inside(checker: Checker, rows: Typed, conditions: tuple[Expression, ...]) -> tuple[Typed, ...]:
    """Conditions on a row of the list, where `it` is the row."""
    scope = checker.scope
    checker.scope = scope.within(rows.type.of)
    try:
        return tuple(checker.condition(condition) for condition in conditions)
    finally:
        checker.scope = scope


def _over_rows(operation: str) -> Check:
    def check(checker: Checker, call: Call) -> Typed:
        rows = _rows(checker, call.arguments[0])
        if rows is None:
            return Typed("literal", WRONG, (), None, call)
        return Typed(operation, BOOLEAN, (rows, *_inside(checker, rows, call.arguments[1:])), None, call)

    return check


def _count(checker: Checker, call: Call) -> Typed:
    first = call.arguments[0]
    if isinstance(first, ListOf):
        if len(call.arguments) > 1:
            return checker.wrong(call, "count([...]) takes the list of conditions alone")
        return Typed("count_true", INTEGER, tuple(checker.condition(part) for part in first.parts), None, call)
    rows = _rows(checker, first)
    if rows is None:
        return Typed("literal", WRONG, (), None, call)
    inside = _inside(checker, rows, call.arguments[1:]) or (Typed("literal", BOOLEAN, (), True, call),)
    return Typed("count_rows", INTEGER, (rows, *inside), None, call)


def _gathered(operation: str) -> Check:
    """sum, min, max, mean: of a list of values that the data give, or of values written here."""

    def check(checker: Checker, call: Call) -> Typed:
        sources = call.arguments
        if len(sources) == 1 and isinstance(sources[0], ListOf):
            sources = sources[0].parts
        if not sources:
            return checker.wrong(call, f"{operation} of nothing")
        parts = [checker.typed(source) for source in sources]
        if len(parts) == 1 and parts[0].type.kind == "list":
            of = parts[0].type.of
            return _gathered_type(checker, call, operation, of) or Typed(
                f"{operation}_list", _result(operation, [of]), tuple(parts), None, call
            )
        wrong = next((found for part in parts if (found := _gathered_type(checker, call, operation, part.type))), None)
        if wrong is not None:
            return wrong
        brought = quantities.common(checker, call, parts)
        if brought is None:
            return Typed("literal", WRONG, (), None, call)
        return Typed(f"{operation}_of", _result(operation, [part.type for part in brought]), tuple(brought), None, call)

    return check


def _gathered_type(checker: Checker, call: Call, operation: str, of: Type | None) -> Typed | None:
    if of is None or of.kind == "wrong":
        return Typed("literal", WRONG, (), None, call)
    ordered = of.kind == "date" and operation in ("min", "max")
    if not ordered and (
        of.kind not in ("integer", "decimal", "quantity") or (of.kind == "quantity" and of.unit is None)
    ):
        return checker.wrong(call, f"{operation} takes numbers; here is {of.words}")
    if of.span and operation in ("sum", "mean"):
        return checker.wrong(
            call, f"{operation} of calendar spans has no meaning", "take the mean of days_between(...)"
        )
    return None


def _result(operation: str, types: list[Type | None]) -> Type:
    first = types[0]
    assert first is not None
    if first.kind == "quantity" or first.kind == "date":
        return replace(first, named=False)
    whole = operation != "mean" and all(each is not None and each.kind == "integer" for each in types)
    return INTEGER if whole else DECIMAL


# --- numbers ---------------------------------------------------------------------------------------------------------


def _absolute(checker: Checker, call: Call) -> Typed:
    part = checker.typed(call.arguments[0])
    if part.type.kind not in ("integer", "decimal", "quantity", "wrong") or part.type.span:
        return checker.wrong(call, f"abs takes a number; here is {part.type.words}")
    return Typed("absolute", part.type, (part,), None, call)


def _rounded(checker: Checker, call: Call) -> Typed:
    part = checker.typed(call.arguments[0])
    digits = call.arguments[1] if len(call.arguments) > 1 else Literal(0)
    if not isinstance(digits, Literal) or type(digits.value) is not int or not 0 <= digits.value <= 20:
        return checker.wrong(call, "the digits of round are a whole number from 0 to 20", "write round(x, 1)")
    if part.type.kind not in ("integer", "decimal", "quantity", "wrong") or part.type.span:
        return checker.wrong(call, f"round takes a number; here is {part.type.words}")
    result = part.type if part.type.kind == "quantity" else INTEGER if digits.value == 0 else DECIMAL
    return Typed("round", result, (part,), digits.value, call)


def _between(checker: Checker, call: Call) -> Typed:
    value, low, high = call.arguments
    tests = (
        checker.compared(call, ">=", *checker.operands(value, low)),
        checker.compared(call, "<=", *checker.operands(value, high)),
    )
    return Typed("and", BOOLEAN, tests, None, call)


# --- dates -----------------------------------------------------------------------------------------------------------


def _day(checker: Checker, source: Expression) -> Typed | None:
    typed = checker.typed(source)
    if typed.type.kind == "datetime":
        return Typed("local_date", DATE, (typed,), None, source)
    if typed.type.kind not in ("date", "wrong"):
        checker.wrong(source, f"{show(source)} is {typed.type.words}, not a date")
    return typed if typed.type.kind == "date" else None


def _anchor(checker: Checker, call: Call, name: str = "screening") -> Typed | None:
    """The date that windows hang on unless another is named."""
    return _day(checker, Name((name,), call.place))


def _between_days(operation: str, result: Type) -> Check:
    def check(checker: Checker, call: Call) -> Typed:
        first = _day(checker, call.arguments[0])
        second = _day(checker, call.arguments[1]) if len(call.arguments) > 1 else _anchor(checker, call)
        if first is None or second is None:
            return Typed("literal", WRONG, (), None, call)
        return Typed(operation, result, (first, second), None, call)

    return check


def _literal_date(checker: Checker, call: Call) -> Typed:
    text = call.arguments[0]
    if not isinstance(text, Literal) or not isinstance(text.value, str):
        return checker.wrong(call, "date takes a text", "write date('2024-03')")
    try:
        return Typed("literal", DATE, (), partial_date(text.value), call)
    except ValueError as error:
        return checker.wrong(call, str(error))


def _of_day(operation: str, result: Type) -> Check:
    def check(checker: Checker, call: Call) -> Typed:
        day = _day(checker, call.arguments[0])
        if day is None:
            return Typed("literal", WRONG, (), None, call)
        return Typed(operation, result, (day,), None, call) if operation != "local_date" else day

    return check


def _last(checker: Checker, call: Call) -> Typed:
    end = _day(checker, call.arguments[1]) if len(call.arguments) > 1 else _anchor(checker, call)
    period = checker.typed(call.arguments[0])
    if end is None or period.type.kind == "wrong":
        return Typed("literal", WRONG, (), None, call)
    start = quantities.arithmetic(checker, call, "-", end, period)
    return Typed("window", WINDOW if start.type.kind != "wrong" else WRONG, (start, end), None, call)


def _window(checker: Checker, source: Expression) -> Typed | None:
    window = checker.typed(source)
    if window.type.kind == "window":
        return window
    if window.type.kind != "wrong":
        checker.wrong(source, f"{show(source)} is {window.type.words}, not a window", "write last(3 mo)")
    return None


def _row_field(checker: Checker, source: Expression, name: str) -> Typed | None:
    """A field of the row that a treatment function is about; None where rows of this list have no such field."""
    row = checker.typed(source)
    fields = dict(row.type.fields) if row.type.kind == "record" else {}
    if name not in fields:
        return None
    return Typed("field", fields[name].type, (row,), name, Name((*_path(source), name), source.place))


def _path(source: Expression) -> tuple[str, ...]:
    return source.path if isinstance(source, Name) else ("it",)


def _course(checker: Checker, source: Expression) -> tuple[Typed, Typed] | None:
    """Start and end of a treatment; the end of one that still runs lies beyond every date."""
    start, stop, ongoing = (_row_field(checker, source, name) for name in ("start", "stop", "ongoing"))
    if start is None or start.type.kind not in ("date", "datetime"):
        checker.wrong(
            source, f"{show(source)} is no row with a start date", "use it, inside exists, all, count or for_each"
        )
        return None
    ends = [
        stop or Typed("literal", DATE, (), NOT_APPLICABLE, source),
        ongoing or Typed("literal", BOOLEAN, (), False, source),
    ]
    days = [
        Typed("local_date", DATE, (each,), None, each.source) if each.type.kind == "datetime" else each
        for each in (start, ends[0])
    ]
    return days[0], Typed("end_of", DATE, (days[1], ends[1]), None, source)


def _overlaps(checker: Checker, call: Call) -> Typed:
    course, window = _course(checker, call.arguments[0]), _window(checker, call.arguments[1])
    if course is None or window is None:
        return Typed("literal", WRONG, (), None, call)
    (start, end), (opens, closes) = course, window.parts

    def test(operation: str, left: Typed, right: Typed) -> Typed:
        return Typed(operation, BOOLEAN, (left, right), None, call)

    # a start inside the window settles it, whatever the end is
    touches = Typed("or", BOOLEAN, (test("greater_equal", start, opens), test("greater_equal", end, opens)), None, call)
    return Typed("and", BOOLEAN, (test("less_equal", start, closes), touches), None, call)


def _within(checker: Checker, call: Call) -> Typed:
    day, window = _day(checker, call.arguments[0]), _window(checker, call.arguments[1])
    if day is None or window is None:
        return Typed("literal", WRONG, (), None, call)
    opens, closes = window.parts
    after = Typed("greater_equal", BOOLEAN, (day, opens), None, call)
    return Typed("and", BOOLEAN, (after, Typed("less_equal", BOOLEAN, (day, closes), None, call)), None, call)


def _days(checker: Checker, call: Call) -> Typed:
    course, anchor = _course(checker, call.arguments[0]), _anchor(checker, call)
    if course is None or anchor is None:
        return Typed("literal", WRONG, (), None, call)
    return Typed("days_of", quantity("d", named=True), (*course, anchor), None, call)


# --- visits, doses, judgements ---------------------------------------------------------------------------------------


def _previous(checker: Checker, call: Call) -> Typed:
    part = checker.typed(call.arguments[0])
    return Typed("previous", part.type, (part,), None, call)


def _at_visit(checker: Checker, call: Call) -> Typed:
    visit, known = call.arguments[1], checker.scope.visits
    name = visit.text if isinstance(visit, Name) else str(visit.value) if isinstance(visit, Literal) else ""
    if not name or (known and name not in known):
        checker.wrong(
            visit, f"{show(visit)} is no visit", f"one of {', '.join(known)}" if known else "write at(item, W12)"
        )
    part = checker.typed(call.arguments[0])
    return Typed("at_visit", part.type, (part,), name, call)


def _prednisone(checker: Checker, call: Call) -> Typed:
    """prednisone_eq(it), prednisone_eq(it.dose) or prednisone_eq(drug, dose)."""
    first = call.arguments[0]
    if len(call.arguments) == 2:
        drug, dose = checker.typed(first), checker.typed(call.arguments[1])
    else:
        row = Name(first.path[:-1], first.place) if isinstance(first, Name) and first.path[-1] == "dose" else first
        found = (
            [_row_field(checker, row, name) for name in ("drug", "dose")]
            if isinstance(row, Name) and row.path
            else [None]
        )
        if None in found:
            return checker.wrong(
                call,
                "prednisone_eq needs a row with drug and dose",
                "write prednisone_eq(it) or prednisone_eq(drug, dose)",
            )
        drug, dose = found[0], found[1]  # type: ignore[assignment]
    if drug.type.kind not in ("code", "text", "wrong") or dose.type.kind not in ("quantity", "wrong"):
        return checker.wrong(
            call, f"prednisone_eq takes a drug and a dose, not {drug.type.words} and {dose.type.words}"
        )
    return Typed("prednisone", dose.type, (drug, dose), AS_PREDNISONE, call)


def _weight(per_kilogram: bool) -> Check:
    def check(checker: Checker, call: Call) -> Typed:
        dose = checker.typed(call.arguments[0])
        return dose if dose.type.kind == "wrong" else quantities.body_weight(checker, call, dose, per_kilogram)

    return check


def _texts(call: Call, count: int) -> list[str] | None:
    values = [
        part.value for part in call.arguments[:count] if isinstance(part, Literal) and isinstance(part.value, str)
    ]
    return values if len(values) == count else None


def _judgement(checker: Checker, call: Call) -> Typed:
    texts = _texts(call, len(call.arguments))
    if texts is None or not texts[0].strip():
        return checker.wrong(call, "a judgement needs its question, by whom and its id, each in quotes")
    question, by, identifier = texts if len(texts) == 3 else (*texts, "judgement")
    return Typed("judgement", BOOLEAN, (), (question, by, identifier), call)


def _named(checker: Checker, call: Call) -> Typed:
    texts = _texts(call, 2)
    if texts is None:
        return checker.wrong(call, "named takes an id and a text in quotes, then a condition")
    return Typed("named", BOOLEAN, (checker.condition(call.arguments[2]),), tuple(texts), call)


FUNCTIONS: dict[str, Function] = {
    "missing": Function("missing(x)", 1, 1, _presence("missing")),
    "known": Function("known(x)", 1, 1, _presence("known")),
    "asked": Function("asked(list)", 1, 1, _presence("asked")),
    "none_known": Function("none_known(list)", 1, 1, _presence("none_known")),
    "applicable": Function("applicable(x)", 1, 1, _presence("applicable")),
    "if": Function("if(condition, a, b)", 3, 3, _choice),
    "applies_if": Function("applies_if(condition, x)", 2, 2, _applies_if),
    "count": Function("count([a, b]) or count(list, condition)", 1, 2, _count),
    "exists": Function("exists(list, condition)", 2, 2, _over_rows("exists")),
    "all": Function("all(list, condition)", 2, 2, _over_rows("every")),
    "every": Function("every(list, condition)", 2, 2, _over_rows("every")),
    "for_each": Function("for_each(list, where, unless)", 3, 3, _over_rows("for_each")),
    "sum": Function("sum(list) or sum(a, b)", 1, MANY, _gathered("sum")),
    "min": Function("min(list) or min(a, b)", 1, MANY, _gathered("min")),
    "max": Function("max(list) or max(a, b)", 1, MANY, _gathered("max")),
    "mean": Function("mean(list) or mean(a, b)", 1, MANY, _gathered("mean")),
    "abs": Function("abs(x)", 1, 1, _absolute),
    "round": Function("round(x, digits)", 1, 2, _rounded),
    "between": Function("between(x, low, high)", 3, 3, _between),
    "months_between": Function("months_between(first, second)", 2, 2, _between_days("span_between", quantities.SPAN)),
    "years_between": Function("years_between(first, second)", 2, 2, _between_days("span_between", quantities.SPAN)),
    "age": Function("age(birth, at)", 1, 2, _between_days("span_between", quantities.SPAN)),
    "days_between": Function(
        "days_between(first, second)", 2, 2, _between_days("days_between", quantity("d", named=True))
    ),
    "days": Function("days(it)", 1, 1, _days),
    "overlaps": Function("overlaps(it, last(3 mo))", 2, 2, _overlaps),
    "within": Function("within(date, last(3 mo))", 2, 2, _within),
    "last": Function("last(3 mo) or last(7 d, baseline)", 1, 2, _last),
    "date": Function("date('2024-03')", 1, 1, _literal_date),
    "year": Function("year(date)", 1, 1, _of_day("year", INTEGER)),
    "local_date": Function("local_date(instant)", 1, 1, _of_day("local_date", DATE)),
    "prev": Function("prev(item)", 1, 1, _previous),
    "at": Function("at(item, visit)", 2, 2, _at_visit),
    "prednisone_eq": Function("prednisone_eq(it)", 1, 2, _prednisone),
    "per_kg": Function("per_kg(dose)", 1, 1, _weight(True)),
    "for_weight": Function("for_weight(dose)", 1, 1, _weight(False)),
    "judgement": Function("judgement('question', 'by whom', 'id')", 2, 3, _judgement),
    "named": Function("named('id', 'text', condition)", 3, 3, _named),
}
