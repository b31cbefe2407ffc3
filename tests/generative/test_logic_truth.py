"""Three-valued truth against brute force: every way in which the unknown could turn out is tried."""

from itertools import combinations, product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.generative.logic_expressions import CONDITIONS, PARTICIPANT, SCREENING
from tests.generative.logic_expressions import SCOPE as EXPRESSIONS

from trialwright import logic
from trialwright.logic import NOT_APPLICABLE, UNKNOWN

NAMES = ("p", "q", "r", "s", "t")
SCOPE = logic.scope(dict.fromkeys(NAMES, "boolean"))
QUICK = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
VALUES = st.fixed_dictionaries({name: st.sampled_from([True, False, UNKNOWN]) for name in NAMES})


def _formula(leaves: tuple[str, ...], draw: Any) -> str:
    """A formula that uses each of the leaves once."""
    if len(leaves) == 1:
        text = leaves[0]
    else:
        cut = draw(st.integers(1, len(leaves) - 1))
        word = draw(st.sampled_from([" and ", " or "]))
        text = f"({_formula(leaves[:cut], draw)}{word}{_formula(leaves[cut:], draw)})"
    return f"not {text}" if draw(st.booleans()) else text


@st.composite
def read_once(draw: Any) -> str:
    size = draw(st.integers(1, len(NAMES)))
    return _formula(tuple(draw(st.permutations(NAMES))[:size]), draw)


@st.composite
def repeating(draw: Any) -> str:
    size = draw(st.integers(2, 6))
    return _formula(tuple(draw(st.sampled_from(NAMES[:3])) for _ in range(size)), draw)


def _checked(text: str) -> logic.Typed:
    return logic.check(logic.parse(text), SCOPE, "boolean")


def _outcomes(typed: logic.Typed, values: dict[str, Any]) -> set[bool]:
    """The answers of every completion of the unknown."""
    open_names = [name for name in NAMES if values[name] is UNKNOWN]
    ways = product([True, False], repeat=len(open_names))
    return {logic.evaluate(typed, {**values, **dict(zip(open_names, way, strict=True))}) for way in ways}


@QUICK
@given(read_once(), VALUES)
def test_where_no_fact_is_asked_twice_the_answer_is_known_exactly_when_every_completion_agrees(
    text: str, values: Any
) -> None:
    typed = _checked(text)
    outcomes = _outcomes(typed, values)
    assert logic.evaluate(typed, values) is (outcomes.pop() if len(outcomes) == 1 else UNKNOWN)


@QUICK
@given(repeating(), VALUES)
def test_a_known_answer_is_the_answer_of_every_completion(text: str, values: Any) -> None:
    typed = _checked(text)
    answer = logic.evaluate(typed, values)
    if answer is not UNKNOWN:
        assert _outcomes(typed, values) == {answer}


@QUICK
@given(st.lists(st.sampled_from([True, False, UNKNOWN, NOT_APPLICABLE]), min_size=5, max_size=5))
def test_what_is_not_applicable_drops_out_of_and_and_or(values: list[Any]) -> None:
    environment = dict(zip(NAMES, values, strict=True))
    kept = [name for name in NAMES if environment[name] is not NOT_APPLICABLE]
    for word in ("and", "or"):
        whole = logic.evaluate(_checked(f" {word} ".join(NAMES)), environment)
        rest = logic.evaluate(_checked(f" {word} ".join(kept)), environment) if kept else NOT_APPLICABLE
        assert whole is rest


@QUICK
@given(
    st.lists(st.sampled_from([True, False, UNKNOWN]), min_size=5, max_size=5),
    st.integers(0, 6),
    st.sampled_from(["<", "<=", ">", ">=", "=="]),
)
def test_a_count_with_unknown_members_is_compared_as_soon_as_they_cannot_matter(
    values: list[Any], limit: int, order: str
) -> None:
    typed = _checked(f"count([{', '.join(NAMES)}]) {order} {limit}")
    environment = dict(zip(NAMES, values, strict=True))
    outcomes = _outcomes(typed, environment)
    answer = logic.evaluate(typed, environment)
    if len(outcomes) == 1:
        assert answer is outcomes.pop()
    else:
        assert answer is UNKNOWN


def _shortest(typed: logic.Typed, values: dict[str, Any], wanted: bool) -> int | None:
    """The size of the smallest set of unknown facts of which some answer settles the formula as wanted."""
    open_names = [name for name in NAMES if values[name] is UNKNOWN]
    for size in range(len(open_names) + 1):
        for names in combinations(open_names, size):
            for way in product([True, False], repeat=size):
                if logic.evaluate(typed, {**values, **dict(zip(names, way, strict=True))}) is wanted:
                    return size
    return None


@QUICK
@given(read_once(), VALUES, st.booleans())
def test_the_missing_facts_are_the_shortest_list_that_can_settle_it(text: str, values: Any, wanted: bool) -> None:
    typed = _checked(text)
    needs = logic.missing_facts(typed, values, wanted=wanted)
    if logic.evaluate(typed, values) is not UNKNOWN:
        assert needs == ()
    else:
        assert len(needs) == _shortest(typed, values, wanted)
        assert all(values[need.name] is UNKNOWN for need in needs)


@QUICK
@given(st.lists(st.sampled_from([True, False, UNKNOWN]), min_size=5, max_size=5), st.integers(0, 5), st.booleans())
def test_a_count_needs_only_as_many_facts_as_tip_the_balance(values: list[Any], limit: int, wanted: bool) -> None:
    typed = _checked(f"count([{', '.join(NAMES)}]) >= {limit}")
    environment = dict(zip(NAMES, values, strict=True))
    if logic.evaluate(typed, environment) is UNKNOWN:
        needs = logic.missing_facts(typed, environment, wanted=wanted)
        assert len(needs) == _shortest(typed, environment, wanted)


@QUICK
@given(read_once(), VALUES)
def test_the_explanation_says_what_the_evaluation_says(text: str, values: Any) -> None:
    typed = _checked(text)
    found = logic.explain(typed, values)
    assert found.value is logic.evaluate(typed, values)
    assert bool(found.needs) == (found.value is UNKNOWN)


@QUICK
@given(CONDITIONS, PARTICIPANT)
def test_every_unknown_condition_says_what_it_needs_and_every_explanation_agrees(text: str, facts: Any) -> None:
    typed = logic.check(logic.parse(text), EXPRESSIONS, "boolean")
    context = logic.Context({"screening": SCREENING})
    answer = logic.evaluate(typed, facts, context)
    explained = logic.explain(typed, facts, context)
    assert explained.value is answer
    assert explained.lines()
    assert bool(logic.missing_facts(typed, facts, context)) == (answer is UNKNOWN)
