"""Types, codes and units settled before anything is evaluated: all errors at once, each with its place and a
suggestion.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from trialwright.logic import quantities
from trialwright.logic.places import LogicError, LogicErrors, did_you_mean
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
    show,
)
from trialwright.logic.typed import Typed, exact
from trialwright.logic.types import BOOLEAN, DATE, DECIMAL, INTEGER, TEXT, WRONG, Field, Scope, Type, quantity
from trialwright.logic.units import UnitError

ORDER = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal"}
EQUALITY = {"==": "equal", "!=": "not_equal"}


@dataclass(slots=True)
class Checker:
    """Holds the scope, the errors so far, and the derived names being followed (to find circles)."""

    scope: Scope
    errors: list[LogicError] = field(default_factory=list)
    following: tuple[str, ...] = ()

    def wrong(self, source: Expression, message: str, suggestion: str = "") -> Typed:
        """Notes an error; the type WRONG keeps one mistake from being reported again higher up."""
        self.errors.append(LogicError(message, source.place, suggestion))
        return Typed("literal", WRONG, (), None, source)

    # --- nodes -------------------------------------------------------------------------------------------------------

    def typed(self, source: Expression) -> Typed:
        """The checked tree of an expression."""
        match source:
            case Literal(value):
                return Typed("literal", _literal_type(value), (), value, source)
            case Measure(number, code):
                try:
                    return Typed("literal", quantity(code), (), exact(Fraction(number)), source)
                except UnitError as error:
                    return self.wrong(source, str(error))
            case Name():
                return self.name(source)
            case Joined(operator, parts):
                return Typed(operator, BOOLEAN, tuple(self.condition(part) for part in parts), None, source)
            case Unary("not", part):
                return Typed("not", BOOLEAN, (self.condition(part),), None, source)
            case Unary(_, part):
                return quantities.negative(self, source, self.typed(part))
            case Binary("in", left, right):
                return self.member(source, left, right)
            case Binary(operator, left, right) if operator in ORDER or operator in EQUALITY:
                return self.compared(source, operator, *self.operands(left, right))
            case Binary(operator, left, right):
                return quantities.arithmetic(self, source, operator, self.typed(left), self.typed(right))
            case ListOf():
                return self.wrong(source, "a list stands only after `in` or inside count, sum, min, max, mean")
            case Call(function, _):
                return self.call(source, function)
        raise TypeError(f"not an expression: {source!r}")

    def call(self, source: Call, function: str) -> Typed:
        from trialwright.logic.functions import (
            FUNCTIONS,
        )  # the two know each other: a function checks its own arguments

        known = FUNCTIONS.get(function)
        if known is None:
            return self.wrong(source, f"there is no function {function!r}", did_you_mean(function, FUNCTIONS))
        if not known.fewest <= len(source.arguments) <= known.most:
            return self.wrong(source, f"{function} takes {known.takes}", f"write {known.usage}")
        return known.check(self, source)

    def condition(self, source: Expression) -> Typed:
        """The checked tree of something that must be true or false."""
        typed = self.typed(source)
        if typed.type.kind not in ("boolean", "wrong"):
            hint = "compare it with something" if isinstance(source, Name) else ""
            return self.wrong(source, f"a condition is true or false, and {show(source)} is {typed.type.words}", hint)
        return typed

    # --- names -------------------------------------------------------------------------------------------------------

    def known(self, name: Name) -> bool:
        """Whether a name means something in the scope (otherwise it may be a code)."""
        head = name.path[0]
        scope = self.scope
        if name.text in scope.names or name.text in scope.macros or name.text in scope.anchors:
            return True
        if len(name.path) == 1:
            return head == "it" or (head == "visit" and bool(scope.visits))
        return head == "it" or any(".".join(name.path[:size]) in scope.names for size in range(1, len(name.path)))

    def name(self, source: Name) -> Typed:
        """What a name means: a row's field, a fact, a date that the trial hangs on, or a named condition."""
        scope, text = self.scope, source.text
        if source.path[0] == "it":
            return self.row(source)
        if text in scope.names:
            return self.fact(source, text, scope.names[text])
        for size in range(len(source.path) - 1, 0, -1):
            head = ".".join(source.path[:size])
            if head in scope.names:
                start = Typed("name", scope.names[head].type, (), head, source)
                return self.fields(source, start, source.path[size:])
        if text in scope.anchors:
            return Typed("anchor", DATE, (), text, source)
        if text in scope.macros:
            return self.follow(source, text, scope.macros[text])
        if text == "visit" and scope.visits:
            return Typed("name", Type("code", values=tuple((each, each) for each in scope.visits)), (), text, source)
        return self.wrong(source, f"there is no {text!r} here", did_you_mean(text, scope.words()))

    def fact(self, source: Name, text: str, fact: Field) -> Typed:
        if fact.derive is None:
            return Typed("name", fact.type, (), text, source, fact.judged_by, fact.question or fact.label)
        derivation = self.follow(source, text, fact.derive)
        if derivation.type.kind == "wrong":
            return Typed("name", fact.type, (), text, source)
        return Typed("derived", fact.type, (quantities.into(self, source, derivation, fact.type),), text, source)

    def follow(self, source: Name, text: str, meaning: Expression) -> Typed:
        """The tree of a derived name or a named condition, outside any row."""
        if text in self.following:
            return self.wrong(source, f"{text!r} is defined by itself: {' -> '.join((*self.following, text))}")
        if len(self.following) > 20:
            return self.wrong(source, f"{text!r} is derived through more than 20 names")
        scope, following = self.scope, self.following
        self.scope, self.following = scope.within(None), (*following, text)
        try:
            return self.typed(meaning)
        finally:
            self.scope, self.following = scope, following

    def row(self, source: Name) -> Typed:
        row = self.scope.row
        if row is None:
            return self.wrong(source, "`it` is a row of a list and stands only inside exists, all, count or for_each")
        return self.fields(source, Typed("row", row, (), None, source), source.path[1:])

    def fields(self, source: Name, start: Typed, path: tuple[str, ...]) -> Typed:
        """Follows the names after a dot; on a list they give the list of that field of every row."""
        for step in path:
            holder = start.type.of if start.type.kind == "list" else start.type
            fields = dict(holder.fields) if holder else {}
            if step not in fields:
                owner = ".".join(source.path[: source.path.index(step)]) or "it"
                return self.wrong(source, f"{owner} has no field {step!r}", did_you_mean(step, fields))
            if start.type.kind == "list":
                start = Typed("column", Type("list", of=fields[step].type), (start,), step, source)
            elif start.operation == "row" and fields[step].derive is not None:
                return self.wrong(source, f"{step!r}: a field of a row cannot be derived")
            else:
                found = fields[step]
                question = found.question or found.label
                start = Typed("field", found.type, (start,), step, source, found.judged_by, question)
        return start

    # --- comparisons -------------------------------------------------------------------------------------------------

    def operands(self, left: Expression, right: Expression) -> tuple[Typed, Typed]:
        """Both sides; a bare word on one side is a code of the other."""
        if isinstance(left, Name) and not self.known(left):
            other = self.typed(right)
            return self.as_code(left, other.type), other
        first = self.typed(left)
        return first, self.as_code(right, first.type)

    def as_code(self, source: Expression, coded: Type) -> Typed:
        """A word, text or number beside a coded item as one of its codes; anything else as it is."""
        match source:
            case Name() if coded.kind == "code" and not self.known(source):
                word = source.text
            case Literal(value) if coded.kind == "code" and type(value) in (int, str):
                word = str(value)
            case _:
                return self.typed(source)
        if coded.values is None or word in coded.codes:
            return Typed("literal", coded, (), word, source)
        by_label = {label: code for code, label in coded.values}
        if word in by_label:
            return Typed("literal", coded, (), by_label[word], source)
        hint = did_you_mean(word, [*coded.codes, *by_label]) or did_you_mean(word, self.scope.words())
        return self.wrong(source, f"{word!r} is none of the codes {', '.join(coded.codes[:12])}", hint)

    def compared(self, source: Expression, operator: str, left: Typed, right: Typed) -> Typed:
        kinds = {left.type.kind, right.type.kind}
        if "wrong" in kinds:
            return Typed("literal", WRONG, (), None, source)
        if operator in ORDER and "code" in kinds:
            return self.ordered_codes(source, operator, left, right)
        both = quantities.aligned(self, source, left, right)
        if both is None:
            return Typed("literal", WRONG, (), None, source)
        if operator in EQUALITY:
            return Typed(EQUALITY[operator], BOOLEAN, both, None, source)
        if kinds & {"boolean", "text", "code", "list", "record"}:
            return self.wrong(source, f"{left.type.words} has no order", "compare it with == or !=")
        return Typed(ORDER[operator], BOOLEAN, both, None, source)

    def ordered_codes(self, source: Expression, operator: str, left: Typed, right: Typed) -> Typed:
        """Codes that are all whole numbers (a scale) have their numbers' order."""
        sides = []
        for side in (left, right):
            if side.type.kind == "code" and side.type.numeric_codes:
                literal = side.operation == "literal"
                sides.append(
                    Typed("literal", INTEGER, (), int(side.data), side.source)
                    if literal
                    else Typed("code_number", INTEGER, (side,), None, side.source)
                )
            elif side.type.kind in ("integer", "decimal"):
                sides.append(side)
            else:
                return self.wrong(source, f"{side.type.words} has no order", "use == or in [...]")
        return Typed(ORDER[operator], BOOLEAN, tuple(sides), None, source)

    def member(self, source: Expression, left: Expression, right: Expression) -> Typed:
        if not isinstance(right, ListOf):
            return self.contains(source, left, right)
        if not right.parts:
            return self.wrong(right, "an empty list has no members")
        item = self.typed(left)
        if item.type.kind == "wrong":
            return item
        options = []
        for part in right.parts:
            option = self.as_code(part, item.type)
            both = quantities.aligned(self, part, item, option) if option.type.kind != "wrong" else None
            if both is None:
                continue
            if both[0] is not item and both[0].operation != item.operation:
                self.wrong(part, f"{show(part)} stands in another unit", "write every member in the item's unit")
                continue
            options.append(both[1])
        if options and all(option.operation == "literal" for option in options):
            return Typed("member", BOOLEAN, (item,), tuple(option.data for option in options), source)
        tests = tuple(Typed("equal", BOOLEAN, (item, option), None, source) for option in options)
        return Typed("or", BOOLEAN, tests, None, source)

    def contains(self, source: Expression, left: Expression, right: Expression) -> Typed:
        listed = self.typed(right)
        if listed.type.kind == "wrong":
            return listed
        of = listed.type.of
        if listed.type.kind != "list" or of is None or of.kind not in ("code", "text", "integer"):
            return self.wrong(
                right, f"after `in` stands a list in brackets or a list of codes; {show(right)} is {listed.type.words}"
            )
        item = self.as_code(left, of)
        both = quantities.aligned(self, source, item, Typed("literal", of, (), None, source))
        return Typed("contains", BOOLEAN, (listed, item), None, source) if both else item


def _literal_type(value: bool | int | Decimal | str | date) -> Type:
    match value:
        case bool():
            return BOOLEAN
        case int():
            return INTEGER
        case Decimal():
            return DECIMAL
        case str():
            return TEXT
    return DATE


def check(expression: Expression, scope: Scope, expected: str | Type | None = None) -> Typed:
    """The checked tree of an expression; raises LogicErrors with every error.

    `expected` is the type that the place asks for: "boolean" for a condition, or a Type to which numbers and units
    are brought.
    """
    checker = Checker(scope)
    typed = checker.condition(expression) if expected == "boolean" else checker.typed(expression)
    if isinstance(expected, Type) and typed.type.kind != "wrong":
        typed = quantities.into(checker, expression, typed, expected)
    if checker.errors:
        raise LogicErrors(dict.fromkeys(checker.errors))
    return typed
