"""The Total Improvement Score: the array form against the exact specification, and what must hold of both."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.measures.tis import CoreSet, Exact, Gap, Limits, Scores, exact, total_improvement_score
from trialwright.measures.tis_reference import PairScore, pair_score
from trialwright.measures.tis_rules import CATEGORIES, CRITERIA, ENZYMES, MEASURES, STEP, TABLE, Rules

Values = Mapping[str, int | Decimal | None]
SCALES = ("phga", "ptga", "mmt", "haq", "exm")


def tenths(top: int) -> st.SearchStrategy[Decimal]:
    return st.integers(0, top * 10).map(lambda value: Decimal(value) / 10)


VISIT = st.fixed_dictionaries(
    {
        "phga": st.none() | tenths(10),
        "ptga": st.none() | tenths(10),
        "exm": st.none() | tenths(10),
        "mmt": st.none() | st.integers(0, 260),
        "haq": st.none() | st.integers(0, 24).map(lambda value: Decimal(value) / 8),
    }
    | {name: st.none() | st.sampled_from([Decimal("0.5"), 1, 15, 40, 80, 200, 600, 3000]) for name in ENZYMES}
)
LIMITS = st.fixed_dictionaries(
    {name: st.none() | st.sampled_from([Decimal("2.5"), 5, 40, 200]) for name in ENZYMES}
    | {"mmt_max": st.none() | st.sampled_from([80, 150, 240, 260])}
)
RULES = st.builds(
    Rules,
    criteria=st.sampled_from(list(CRITERIA.values())),
    missing=st.sampled_from(["strict", "lenient"]),
    enzyme_choice=st.sampled_from(["multiple_of_upper_limit", "value_over_range"]),
)


def columns(visits: list[Values]) -> CoreSet:
    scales = {name: exact([visit.get(name) for visit in visits]) for name in SCALES}
    return CoreSet(**scales, enzymes={name: exact([visit.get(name) for visit in visits]) for name in ENZYMES})


def on_arrays(pairs: list[tuple[Values, Values, Values]], rules: Rules) -> Scores:
    limits = Limits(
        exact([limit["mmt_max"] for _, _, limit in pairs]),
        {name: exact([limit.get(name) for _, _, limit in pairs]) for name in ENZYMES},
    )
    return total_improvement_score(columns([p[0] for p in pairs]), columns([p[1] for p in pairs]), limits, rules)


def one_by_one(pairs: list[tuple[Values, Values, Values]], rules: Rules) -> list[PairScore]:
    return [
        pair_score(first, second, mmt_max=limit["mmt_max"], upper_limits=_without(limit, "mmt_max"), rules=rules)
        for first, second, limit in pairs
    ]


def _without(values: Values, name: str) -> Values:
    return {key: value for key, value in values.items() if key != name}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(VISIT, VISIT, LIMITS), min_size=1, max_size=12), RULES)
def test_the_array_form_equals_the_specification(pairs: list[tuple[Values, Values, Values]], rules: Rules) -> None:
    scores = on_arrays(pairs, rules)
    for row, expected in enumerate(one_by_one(pairs, rules)):
        assert bool(scores.computable[row]) == (expected.tis is not None)
        if expected.tis is not None:
            assert int(scores.steps[row]) * STEP == expected.tis
            assert CATEGORIES[scores.category[row]] == expected.category
        assert bool(scores.enzyme_known[row]) == (expected.enzyme is not None)
        if expected.enzyme is not None:
            assert ENZYMES[scores.enzyme[row]] == expected.enzyme
        for measure in MEASURES:
            assert (scores.gaps[measure][row] != Gap.COMPLETE) == (measure in expected.gaps)
            assert int(scores.point_steps[measure][row]) * STEP == (expected.points[measure] or 0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10**25), st.integers(0, 10**25), st.integers(1, 10**25)), min_size=1, max_size=6),
    st.integers(0, 20),
)
def test_numbers_beyond_64_bits_stay_exact(triples: list[tuple[int, int, int]], decimals: int) -> None:
    pairs: list[tuple[Values, Values, Values]] = []
    for before, after, limit in triples:
        scale = Decimal(1).scaleb(-decimals)
        visit: Values = dict.fromkeys(SCALES, 0)
        pairs.append(
            (
                {**visit, "ck": Decimal(before) * scale, "alt": 7},
                {**visit, "ck": Decimal(after) * scale, "alt": 3},
                {"mmt_max": 150, "ck": Decimal(limit) * scale, "alt": 5},
            )
        )
    scores = on_arrays(pairs, Rules())
    assert [int(steps) * STEP for steps in scores.steps] == [score.tis for score in one_by_one(pairs, Rules())]


def test_every_value_on_the_lattice_of_two_and_a_half_is_attained_and_no_other() -> None:
    totals = {0}
    for row in TABLE.values():
        totals = {total + step for total in totals for step in row.steps}
    assert totals == set(range(41))
    assert sum(max(row.steps) for row in TABLE.values()) * STEP == 100


@settings(max_examples=100, deadline=None)
@given(st.tuples(VISIT, VISIT, LIMITS), st.sampled_from(SCALES), st.integers(1, 40))
def test_a_better_follow_up_never_scores_less(pair: tuple[Values, Values, Values], measure: str, by: int) -> None:
    first, second, limit = pair
    if second[measure] is None:
        return
    towards = Decimal(by) if measure == "mmt" else -Decimal(by) / 10
    better = {**second, measure: Decimal(str(second[measure])) + towards}
    lenient = Rules(missing="lenient")
    before, after = one_by_one([(first, second, limit), (first, better, limit)], lenient)
    assert (before.tis is None) == (after.tis is None)
    assert before.tis is None or after.tis is None or after.tis >= before.tis


@settings(max_examples=100, deadline=None)
@given(st.tuples(VISIT, VISIT, LIMITS))
def test_worsening_never_subtracts(pair: tuple[Values, Values, Values]) -> None:
    (score,) = one_by_one([pair], Rules(missing="lenient"))
    for measure in MEASURES:
        percent, points = score.percent[measure], score.points[measure]
        assert points is None or points >= 0
        if percent is not None and percent <= 0:
            assert points == 0


@pytest.mark.parametrize("measure", ["phga", "ptga", "exm"])
def test_every_step_of_a_millimetre_grid_falls_in_the_level_that_whole_numbers_give(measure: str) -> None:
    before, after = (grid.ravel() for grid in np.meshgrid(np.arange(101), np.arange(101)))
    still = Exact(np.zeros_like(before))

    def visit(values: np.ndarray) -> CoreSet:
        return CoreSet(**dict.fromkeys(SCALES, still) | {measure: Exact(values, 1)}, enzymes={"ck": still})

    scores = total_improvement_score(
        visit(before), visit(after), Limits(Exact(np.array(150)), {"ck": Exact(np.array(200))})
    )
    row = TABLE[measure]
    # On a scale of 100 mm the improvement in millimetres *is* the improvement in percent.
    levels = [sum(int(change) > cut for cut in row.cuts) for change in before - after]
    assert scores.steps.tolist() == [row.steps[level] for level in levels]


def test_binary_floats_are_refused() -> None:
    with pytest.raises(TypeError, match="binary float"):
        pair_score({"phga": 1.1}, {"phga": Decimal("0.6")}, mmt_max=150, upper_limits={})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="binary float"):
        exact([0.1])  # type: ignore[list-item]


def test_a_limit_of_zero_is_refused() -> None:
    zero = Exact(np.array([0]))
    visit = CoreSet(zero, zero, zero, zero, zero, {"ck": zero})
    with pytest.raises(ValueError, match="greater than 0"):
        total_improvement_score(visit, visit, Limits(Exact(np.array([150])), {"ck": zero}))


def test_the_alternative_reading_follows_another_enzyme() -> None:
    """CK at 4 limits of 15 against ALT at 2 limits of 3: the first reading follows CK, the share of the range follows
    ALT.
    """
    pair: tuple[Values, Values, Values] = (
        {"ck": 800, "alt": 80},
        {"ck": 200, "alt": 40},
        {"mmt_max": 150, "ck": 200, "alt": 40},
    )
    followed = [
        one_by_one([pair], Rules(enzyme_choice=choice))[0] for choice in ("multiple_of_upper_limit", "value_over_range")
    ]
    assert [score.enzyme for score in followed] == ["ck", "alt"]
    assert [score.percent["enzyme"] for score in followed] == [Fraction(20), Fraction(100, 3)]


def test_several_visits_are_scored_against_one_baseline() -> None:
    """A baseline of shape (participants, 1) broadcasts over follow-ups of shape (participants, visits)."""
    base = Exact(np.full((3, 1), 50), 1)
    later = Exact(np.tile(np.array([50, 44, 9]), (3, 1)), 1)
    first = CoreSet(base, base, base, base, base, {"ck": base})
    second = CoreSet(later, base, base, base, base, {"ck": base})
    scores = total_improvement_score(first, second, Limits(Exact(np.array(150)), {"ck": Exact(np.array(200))}))
    assert scores.tis.tolist() == [[0.0, 7.5, 20.0]] * 3
