"""The same expression on columns and for one participant: always the same answer."""

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.generative.logic_expressions import CONDITIONS, NUMBERS, PARTICIPANT, SCOPE, SCREENING, as_columns

from trialwright import logic
from trialwright.compute.columns import Column, days
from trialwright.compute.operations import ARRAYS
from trialwright.logic import NOT_APPLICABLE, UNKNOWN, Between, Context

QUICK = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
GROUP = st.lists(PARTICIPANT, min_size=1, max_size=4)
WEIGHTS = st.sampled_from([None, 70, Decimal("62.5")])


def _number(value: Any) -> float:
    return float(days(value)) if isinstance(value, date) else float(value)


def _at(array: Any, position: int) -> Any:
    return array if array.ndim == 0 else array[position]


def _agree(plain: Any, column: Column, position: int) -> bool:
    state = _at(column.state, position)
    if plain is UNKNOWN or plain is NOT_APPLICABLE:
        return bool(state == (1 if plain is UNKNOWN else 2))
    low, high = (plain.low, plain.high) if isinstance(plain, Between) else (plain, plain)
    ends = [_at(end, position) for end in (column.values, column.upper)]
    return bool(state == 0 and np.allclose(np.asarray(ends, dtype=float), [_number(low), _number(high)], rtol=1e-9))


def _same(text: str, group: list[dict[str, Any]], weight: Any, expected: str | None) -> None:
    typed = logic.check(logic.parse(text), SCOPE, expected)
    context = Context({"screening": SCREENING}, weight=weight)
    before = [{"prev": participant, **participant} for participant in group]
    columns = as_columns(group)
    found = logic.compile(typed, ARRAYS)({"prev": columns, **columns}, context)
    for position, participant in enumerate(before):
        plain = logic.evaluate(typed, participant, context)
        assert _agree(plain, found, position), (text, participant, plain, found)


@QUICK
@given(CONDITIONS, GROUP, WEIGHTS)
def test_a_condition_on_columns_is_what_it_is_for_each_participant(text: str, group: Any, weight: Any) -> None:
    _same(text, group, weight, "boolean")


@QUICK
@given(NUMBERS, GROUP)
def test_a_number_on_columns_is_what_it_is_for_each_participant(text: str, group: Any) -> None:
    _same(text, group, None, None)


def test_a_decimal_boundary_is_met_on_columns_as_in_exact_arithmetic() -> None:
    scope = logic.scope(
        {"mmt": "integer", "loss": {"type": "decimal", "unit": "%", "derive": "100 * (260 - mmt) / 260"}}
    )
    typed = logic.check(logic.parse("loss >= 10 % and 0.1 + 0.2 == 0.3"), scope, "boolean")
    found = logic.compile(typed, ARRAYS)({"mmt": np.asarray([234, 235, 233])})
    assert found.values.tolist() == [True, False, True]
    assert [logic.evaluate(typed, {"mmt": mmt}) for mmt in (234, 235, 233)] == [True, False, True]
