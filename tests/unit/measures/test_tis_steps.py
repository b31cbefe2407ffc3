"""The compiled Total Improvement Score against the array form that specifies it."""

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.measures.tis import CoreSet, Exact, Limits, exact, total_improvement_score
from trialwright.measures.tis_rules import ENZYMES, Rules
from trialwright.measures.tis_steps import SCALES, tis_steps

Values = Mapping[str, int | Decimal | None]

VISITS = 3
TENTHS = st.integers(0, 100).map(lambda value: Decimal(value) / 10)
AMOUNT = st.sampled_from([Decimal("0.5"), 1, 15, 40, 80, 200, 600, 3000])
MEASURED = {"mmt": st.integers(0, 260), "haq": st.integers(0, 24).map(lambda value: Decimal(value) / 8)}
MEASURED |= dict.fromkeys(("phga", "ptga", "exm"), TENTHS) | dict.fromkeys(ENZYMES, AMOUNT)
VISIT = st.fixed_dictionaries({name: st.none() | value for name, value in MEASURED.items()})
UPPER = st.fixed_dictionaries({name: st.none() | st.sampled_from([Decimal("2.5"), 5, 40]) for name in ENZYMES})
PERSON = st.tuples(VISIT, st.lists(VISIT, min_size=VISITS, max_size=VISITS), UPPER)
MAXIMUM = st.none() | st.sampled_from([80, 260])
RULES = st.builds(
    Rules,
    missing=st.sampled_from(["strict", "lenient"]),
    enzyme_choice=st.sampled_from(["multiple_of_upper_limit", "value_over_range"]),
)


def column(people: list[list[Values]], name: str) -> Exact:
    flat = exact([visit[name] for visits in people for visit in visits])
    shape = (len(people), len(people[0]))
    return Exact(flat.units.reshape(shape), flat.decimals, np.reshape(flat.present, shape))


def core_set(people: list[list[Values]], enzymes: tuple[str, ...]) -> CoreSet:
    scales = {name: column(people, name) for name in SCALES}
    return CoreSet(**scales, enzymes={name: column(people, name) for name in enzymes})


def same(first: CoreSet, after: CoreSet, limits: Limits, rules: Rules) -> None:
    scored = total_improvement_score(first, after, limits, rules)
    steps = tis_steps(first, after, limits, rules)
    computable = np.asarray(scored.computable)
    assert np.array_equal(steps.computable, computable)
    assert np.array_equal(steps.steps[computable], scored.steps[computable])
    known = np.broadcast_to(scored.enzyme_known, steps.steps.shape)[..., :1]
    assert np.array_equal(steps.enzyme_known, known)
    assert np.array_equal(steps.enzyme[known], np.broadcast_to(scored.enzyme, steps.steps.shape)[..., :1][known])


@settings(max_examples=200)
@given(
    st.lists(PERSON, min_size=1, max_size=20),
    RULES,
    st.none() | st.sampled_from([80, 260]),
    st.sets(st.sampled_from(ENZYMES)),
)
def test_the_compiled_score_is_the_score(kernel, people, rules, maximum, measured) -> None:
    enzymes = tuple(name for name in ENZYMES if name in measured)
    first = core_set([[visit] for visit, _, _ in people], enzymes)
    after = core_set([visits for _, visits, _ in people], tuple(name for name in enzymes if name != "ast"))
    limits = Limits(exact([maximum]), {name: column([[upper] for _, _, upper in people], name) for name in enzymes})
    same(first, after, limits, rules)


@pytest.mark.parametrize("factor", [1, 10**6, 10**12])
def test_numbers_of_any_size_are_exact(kernel, factor) -> None:
    """Beyond 53 bits the array form takes over, on unbounded integers where it must."""
    base = Exact(np.array([[11 * factor], [50 * factor]], dtype=object if factor > 10**6 else np.int64), 1)
    later = Exact(base.units - np.array([5, 4, 0]) * factor, 1)
    first = CoreSet(*[base] * 5, {"ck": base})
    after = CoreSet(*[later] * 5, {"ck": later})
    same(first, after, Limits(exact([150]), {"ck": Exact(np.array(200))}), Rules())


def test_one_limit_serves_everybody(kernel) -> None:
    base = Exact(np.full((3, 4, 1), 50), 1)
    later = Exact(np.tile(np.array([50, 44, 9], dtype=np.int32), (3, 4, 1)), 1)
    first = CoreSet(*[base] * 5, {"ck": base})
    steps = tis_steps(
        first, CoreSet(later, *[base] * 4, {"ck": base}), Limits(exact([150]), {"ck": Exact(np.array(200))})
    )
    assert steps.steps.tolist() == [[[0, 3, 8]] * 4] * 3
    assert steps.enzyme.shape == (3, 4, 1)


def test_nobody_scores_nothing(kernel) -> None:
    none = Exact(np.empty((0, 1), dtype=np.int32), 0, np.empty((0, 1), dtype=bool))
    visits = Exact(np.empty((0, 2), dtype=np.int32), 0, np.empty((0, 2), dtype=bool))
    assert tis_steps(CoreSet(*[none] * 5, {}), CoreSet(*[visits] * 5, {}), Limits(exact([150]), {})).steps.shape == (
        0,
        2,
    )
