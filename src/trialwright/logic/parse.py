"""From text to tree. Whatever the text is, the outcome is a tree or LogicErrors with a place."""

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from trialwright.logic.places import LogicError, LogicErrors, Place
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
    negative,
)

LONGEST = 10_000
DEEPEST = 100
_MEASURE = re.compile(r"(\d+(?:\.\d+)?)[ \t]*(.*)", re.DOTALL)
_INSTEAD = {
    "=": "write == to compare", "&": "write and", "|": "write or", "!": "write not, or != to compare",
    "≥": "write >=", "≤": "write <=",
    "≠": "write !=", "×": "write *", "÷": "write /", "−": "write - (a plain hyphen)",
    "'": "close the text with a quote",
    '"': "close the text with a quote", "^": "powers are not part of the language", ";": "write one expression",
}  # fmt: skip


class _Builder(Transformer[Token, Expression]):
    """Builds the tree while the parser reduces; every node gets its place in the file."""

    def __init__(self, text: str, base: Place) -> None:
        super().__init__(visit_tokens=False)
        self.source, self.base = text, base

    def _at(self, meta: Any) -> Place:
        return self.base.moved(self.source, getattr(meta, "start_pos", 0))

    @v_args(meta=True)
    def any_of(self, meta: Any, parts: list[Expression]) -> Expression:
        return Joined("or", tuple(parts), self._at(meta))

    @v_args(meta=True)
    def all_of(self, meta: Any, parts: list[Expression]) -> Expression:
        return Joined("and", tuple(parts), self._at(meta))

    @v_args(meta=True, inline=True)
    def negation(self, meta: Any, part: Expression) -> Expression:
        return Unary("not", part, self._at(meta))

    @v_args(meta=True, inline=True)
    def compared(self, meta: Any, left: Expression, operator: Token, right: Expression) -> Expression:
        return Binary(str(operator), left, right, self._at(meta))

    arithmetic = compared

    @v_args(meta=True, inline=True)
    def member(self, meta: Any, left: Expression, right: Expression) -> Expression:
        return Binary("in", left, right, self._at(meta))

    @v_args(meta=True, inline=True)
    def not_member(self, meta: Any, left: Expression, right: Expression) -> Expression:
        place = self._at(meta)
        return Unary("not", Binary("in", left, right, place), place)

    @v_args(meta=True, inline=True)
    def negative(self, meta: Any, part: Expression) -> Expression:
        place = self._at(meta)
        match part:
            case Literal(value) if type(value) in (int, Decimal) and not negative(value):
                return Literal(-value, place)  # type: ignore[operator]
            case Measure(number, unit) if not negative(number):
                return Measure(number.copy_negate(), unit, place)
        return Unary("-", part, place)

    @v_args(meta=True, inline=True)
    def measure(self, meta: Any, token: Token) -> Expression:
        match = _MEASURE.fullmatch(token)
        assert match is not None
        return Measure(Decimal(match[1]), match[2], self._at(meta))

    @v_args(meta=True, inline=True)
    def date_literal(self, meta: Any, token: Token) -> Expression:
        place = self._at(meta)
        try:
            return Literal(date.fromisoformat(token), place)
        except ValueError:
            raise LogicErrors([LogicError(f"{token} is not a date of the calendar", place)]) from None

    @v_args(meta=True, inline=True)
    def number(self, meta: Any, token: Token) -> Expression:
        if len(token) > 30:
            raise LogicErrors([LogicError("a number has at most 30 digits", self._at(meta))])
        return Literal(Decimal(token) if "." in token else int(token), self._at(meta))

    @v_args(meta=True, inline=True)
    def text(self, meta: Any, token: Token) -> Expression:
        quote = token[0]
        return Literal(token[1:-1].replace(quote * 2, quote), self._at(meta))

    @v_args(meta=True)
    def true(self, meta: Any, _: list[Any]) -> Expression:
        return Literal(True, self._at(meta))

    @v_args(meta=True)
    def false(self, meta: Any, _: list[Any]) -> Expression:
        return Literal(False, self._at(meta))

    @v_args(meta=True, inline=True)
    def name(self, meta: Any, token: Token) -> Expression:
        return Name(tuple(token.split(".")), self._at(meta))

    @v_args(meta=True, inline=True)
    def call(self, meta: Any, opening: Token, *arguments: Expression) -> Expression:
        return Call(opening[:-1].rstrip(), arguments, self._at(meta))

    @v_args(meta=True)
    def list_of(self, meta: Any, parts: list[Expression]) -> Expression:
        return ListOf(tuple(parts), self._at(meta))


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = (Path(__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True)


def parse(text: str, place: Place | None = None) -> Expression:
    """The tree of an expression whose text begins at `place`; raises LogicErrors."""
    base = place or Place()
    if len(text) > LONGEST:
        raise LogicErrors(
            [LogicError(f"an expression has at most {LONGEST} characters; this one has {len(text)}", base)]
        )
    if not text.strip():
        raise LogicErrors([LogicError("an expression is missing here", base)])
    try:
        tree = _parser().parse(text)
        expression = _Builder(text, base).transform(tree)
    except UnexpectedInput as error:
        raise LogicErrors([_syntax_error(error, text, base)]) from None
    except VisitError as error:
        if isinstance(error.orig_exc, LogicErrors):
            raise error.orig_exc from None
        if not isinstance(error.orig_exc, RecursionError):
            raise
        raise LogicErrors([_too_deep(base)]) from None
    except RecursionError:
        raise LogicErrors([_too_deep(base)]) from None
    refuse_depth(expression, base)
    return expression


def _too_deep(base: Place) -> LogicError:
    return LogicError(f"nested more than {DEEPEST} levels deep", base, "split it into derived items")


def refuse_depth(expression: Expression, base: Place) -> None:
    """Raises LogicErrors for a tree deeper than the limit (walked level by level, so that no depth can exhaust the
    stack).
    """
    level, depth = [expression], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise LogicErrors([_too_deep(base)])
        level = [child for parent in level for child in children(parent)]


def _syntax_error(error: UnexpectedInput, text: str, base: Place) -> LogicError:
    """One sentence for what the parser stumbled over."""
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        hint = "something is missing at its end"
        if text.count("(") > text.count(
            ")"
        ):  # what remains when YAML cuts a bracketed list at a comma of the expression
            hint = "a parenthesis is open; in a list in brackets an expression with a comma stands in quotes"
        return LogicError("the expression breaks off", base.moved(text, len(text)), hint)
    offset = error.pos_in_stream or 0
    place = base.moved(text, offset)
    if isinstance(error, UnexpectedCharacters):
        character = text[offset]
        return LogicError(f"{character!r} has no meaning here", place, _INSTEAD.get(character, ""))
    token = str(getattr(error, "token", text[offset : offset + 10]))
    if token in ("==", "!=", "<", "<=", ">", ">=", "in"):
        return LogicError(
            f"a second comparison {token!r} cannot follow",
            place,
            "join two comparisons with and, or use between(x, low, high)",
        )
    return LogicError(f"{token!r} cannot stand here", place)
