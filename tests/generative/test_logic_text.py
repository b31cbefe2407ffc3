"""Whatever is written: it prints and parses back, or it is refused with a place. Nothing else happens."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.generative.logic_expressions import CONDITIONS, NUMBERS, SCOPE

from trialwright import logic
from trialwright.logic.syntax import Binary, Call, Expression, Joined, ListOf, Literal, Measure, Name, Unary

QUICK = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = st.sampled_from(["age", "x", "it", "dose", "sum", "iga", "M60", "andes", "notable", "infusion", "true1"])
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(lambda path: Name(tuple(path)))
DECIMALS = st.decimals("0", "99999", places=3, allow_nan=False)
UNITS = st.sampled_from(["a", "mo", "%", "mg/kg/d", "10*9/L", "[IU]/mL", "mL/min/{1.73_m2}", "m2", "s-1", "{cells}/uL"])
LEAVES: st.SearchStrategy[Expression] = st.one_of(
    st.booleans().map(Literal),
    st.integers(-(10**9), 10**9).map(Literal),
    DECIMALS.map(Literal),
    DECIMALS.map(lambda value: Literal(-value)),
    st.text(st.characters(blacklist_characters="\n", blacklist_categories=("Cs",)), max_size=12).map(Literal),
    st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(Literal),
    st.builds(Measure, DECIMALS, UNITS),
    NAMES,
)


def _compound(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Joined, st.sampled_from(["and", "or"]), several),
        st.builds(Unary, st.just("not"), inner),
        st.builds(Unary, st.just("-"), inner.filter(lambda part: not isinstance(part, (Literal, Measure)))),
        st.builds(Binary, st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/"]), inner, inner),
        st.builds(Call, st.sampled_from(["sum", "exists", "if", "known", "date"]), several),
        several.map(ListOf),
    )


TREES = st.recursive(LEAVES, _compound, max_leaves=12)
SOUP = st.lists(
    st.sampled_from(
        [
            "age",
            "rows",
            "it",
            ".",
            ",",
            "(",
            ")",
            "[",
            "]",
            "and",
            "or",
            "not",
            "in",
            "==",
            "=",
            "!=",
            "<",
            "<=",
            "+",
            "-",
            "*",
            "/",
            "3",
            "0.5",
            "18a",
            "%",
            "mg/d",
            "'x'",
            '"',
            "true",
            "exists",
            "count",
            "prev",
            "last",
            "months_between",
            "overlaps",
            "judgement",
            "named",
            "for_each",
            "date",
            "2024-02-30",
            "é",
            "≥",
            "{",
            "}",
            "\\",
            "#",
            "10*9/L",
            "\x00",
            "\ud7ff",
        ]
    ),
    max_size=25,
).map(" ".join)


def _tried(action: Callable[[], Any]) -> tuple[Any, tuple[logic.LogicError, ...]]:
    """What an action gives, or the errors with which it refuses (at least one); any other failure fails the test."""
    try:
        return action(), ()
    except logic.LogicErrors as refused:
        return None, refused.errors or (logic.LogicError(""),)


@QUICK
@given(TREES)
def test_what_is_printed_parses_back_to_the_same_tree(tree: Expression) -> None:
    text = logic.show(tree)
    assert logic.parse(text) == tree
    assert logic.show(logic.parse(text)) == text


@QUICK
@given(st.one_of(CONDITIONS, NUMBERS))
def test_a_printed_expression_means_the_same(text: str) -> None:
    first = logic.parse(text)
    assert logic.parse(logic.show(first)) == first
    assert logic.english(first) != ""


@QUICK
@given(st.one_of(st.text(max_size=60), SOUP))
@example("(" * 9000)
@example("not " * 2400 + "b1")
@example("1" + "+1" * 4900)
@example("-" * 9999 + "1")
@example("[" * 3000 + "]" * 3000)
@example("5 mg" + ".g" * 4000 + " > 2")
@example("'" * 9999)
@example("9" * 9999 + " > 1")
@example("x" * 10_001)
def test_any_text_is_an_expression_or_is_refused_with_a_place(text: str) -> None:
    typed, errors = _tried(lambda: logic.check(logic.parse(text, logic.Place("trial.yaml", 7, 3)), SCOPE))
    assert all(error.message and error.place.file == "trial.yaml" and error.place.line >= 7 for error in errors)
    if typed is not None:
        logic.evaluate(typed, {})


NODES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(["b1", "x > 1", "it.n >", "rows", ""])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "any",
                    "all",
                    "none",
                    "not",
                    "when",
                    "unless",
                    "judgement",
                    "by",
                    "for_each",
                    "in",
                    "where",
                    "id",
                    "oops",
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=10,
)


@QUICK
@given(NODES)
def test_any_structure_is_a_condition_or_is_refused(node: Any) -> None:
    expression, errors = _tried(lambda: logic.condition(node, id="E1"))
    assert all(error.message for error in errors)
    if expression is None:
        return
    assert logic.parse(logic.show(expression)) == expression
    typed, errors = _tried(lambda: logic.check(expression, SCOPE, "boolean"))
    assert all(error.message for error in errors)
    if typed is not None:
        logic.explain(typed, {})


@QUICK
@given(
    st.sampled_from(["integer", "decimal", "date", "datetime", "boolean", "code", "text"]),
    st.one_of(st.text(max_size=12), st.floats(), st.integers(), st.none()),
)
def test_any_value_is_read_or_refused(kind: str, raw: Any) -> None:
    known = logic.scope({"x": kind}).names["x"].type
    _, errors = _tried(lambda: logic.read_value(raw, known, "x"))
    assert all("x" in error.message for error in errors)


def test_exact_decimals_keep_their_digits() -> None:
    literal = logic.parse("x == 1.10")
    assert logic.show(literal) == "x == 1.10"
    assert isinstance(literal, Binary)
    assert literal.right == Literal(Decimal("1.10"))
