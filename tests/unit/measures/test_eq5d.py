"""EQ-5D on arrays: the tables are what the terms say, and the scores keep the laws that hold for every state."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trialwright.measures import eq5d
from trialwright.measures.eq5d.profiles import code_of, tenths
from trialwright.measures.eq5d.qaly import DAYS_IN_A_YEAR, adjusted_for_baseline, qaly
from trialwright.measures.eq5d.sets import DATA
from trialwright.measures.eq5d.tables import every_count, every_state
from trialwright.measures.eq5d.terms import TERMS, count, in_thousandths, value

MODELLED = [one for version in eq5d.TOP for one in eq5d.value_sets(version) if one.figures]
EVERY = [one for version in eq5d.TOP for one in eq5d.value_sets(version)]
MULTIPLIED = eq5d.value_set("3L", "Germany", "VAS")
DUTCH = eq5d.value_set("5L", "NL")

some_levels = arrays(np.int8, st.tuples(st.integers(1, 20), st.just(5)), elements=st.integers(0, 5))
answered = arrays(np.int8, st.tuples(st.integers(1, 20), st.just(5)), elements=st.integers(1, 5))


@settings(max_examples=150)
@given(st.sampled_from(MODELLED), st.data())
def test_the_table_of_a_set_is_the_sum_of_its_terms(one: eq5d.ValueSet, data: st.DataObject) -> None:
    state = data.draw(st.tuples(*[st.integers(1, one.top)] * 5))
    exact = value(state, one.figures, one is MULTIPLIED)
    levels = np.array([state], dtype=np.int8)
    if one.country == "Australia" and one.version == "3L":
        return  # 22 states have values of their own; the agreement tests cover them
    assert eq5d.index(levels, one)[0] == in_thousandths(exact) / 1000
    assert eq5d.index(levels, one, rounded=False)[0] == pytest.approx(float(exact), abs=1e-12)


@pytest.mark.parametrize("top", [3, 5])
def test_every_count_of_a_term_is_the_one_of_the_plain_reference(top: int) -> None:
    terms = [*TERMS, "mo2", "ad3", "mo45", "mo*ad", "pd*ad", "mo2*ua2", "sc3*ad3"]
    chosen = np.random.default_rng(5).integers(0, top**5, 40)
    for term in terms:
        counts = every_count(term, top)
        for row in chosen:
            assert counts[row] == count(term, tuple(map(int, every_state(top)[row]))), term


def test_halves_are_rounded_upward() -> None:
    halves = [Fraction("0.0005"), Fraction("-0.0005"), Fraction("0.9755"), Fraction("-0.5115"), Fraction("-0.51151")]
    assert [in_thousandths(half) for half in halves] == [1, 0, 976, -511, -512]


@pytest.mark.parametrize("one", EVERY, ids=lambda one: f"{one.version}-{one.name}-{one.kind}")
def test_every_set_is_found_by_its_pin_and_has_a_reference(one: eq5d.ValueSet) -> None:
    assert eq5d.value_set(one.version, one.pin, one.kind) is one
    assert one.doi or one.reference
    low, high = one.range
    assert -2 < low < high <= 1
    assert high == one.thousandths[0] / 1000  # nothing is better than 11111


UPHILL = {("3L", "Argentina", "TTO"), ("3L", "Portugal", "TTO"), ("3L", "Sri Lanka", "TTO"), ("3L", "Iran", "VAS")}
"""Sets whose terms for several problems ease a further one so much that a worse state is worth more."""


def worse_by_one(top: int) -> tuple[np.ndarray, np.ndarray]:
    """Every state and the same with one level more in one dimension."""
    states = every_state(top)
    better, worse = [], []
    for place in range(5):
        can = states[states[:, place] < top]
        better.append(can)
        worse.append(can + np.eye(5, dtype=np.int8)[place])
    return np.concatenate(better), np.concatenate(worse)


def test_more_problems_are_never_worth_more_where_a_set_is_monotone() -> None:
    uphill = set()
    for one in MODELLED:
        better, worse = worse_by_one(one.top)
        if np.any(eq5d.index(worse, one, rounded=False) > eq5d.index(better, one, rounded=False) + 1e-12):
            uphill.add((one.version, one.name, one.kind))
    assert uphill == UPHILL


@given(some_levels)
def test_index_lss_and_lfs_are_unknown_exactly_where_a_level_is_missing(levels: np.ndarray) -> None:
    missing = (levels == 0).any(axis=1)
    assert np.array_equal(np.isnan(eq5d.index(levels, DUTCH)), missing)
    assert np.array_equal(np.isnan(eq5d.lss(levels)), missing)
    assert np.array_equal(eq5d.lfs(levels) == "", missing)
    assert np.array_equal(eq5d.states(levels) == "", missing)


@given(answered)
def test_the_frequency_score_adds_up_to_the_sum_score(levels: np.ndarray) -> None:
    for text, total in zip(eq5d.lfs(levels), eq5d.lss(levels), strict=True):
        assert len(text) == 5
        assert sum(map(int, text)) == 5
        assert sum(level * int(number) for level, number in enumerate(text, start=1)) == total


@given(answered)
def test_states_are_written_and_read_back(levels: np.ndarray) -> None:
    assert np.array_equal(eq5d.from_states(eq5d.states(levels)), levels)


@given(st.integers(1, 20), st.data())
def test_change_turns_around_when_the_visits_do(people: int, data: st.DataObject) -> None:
    pre, post = (data.draw(arrays(np.int8, (people, 5), elements=st.integers(0, 5))) for _ in range(2))
    there, back = eq5d.pchc(pre, post), eq5d.pchc(post, pre)
    turned = {eq5d.Change.IMPROVE: eq5d.Change.WORSEN, eq5d.Change.WORSEN: eq5d.Change.IMPROVE}
    assert [turned.get(eq5d.Change(one), eq5d.Change(one)) for one in there] == [eq5d.Change(one) for one in back]


@given(answered)
def test_who_has_not_changed_ranks_the_same(levels: np.ndarray) -> None:
    grid = eq5d.health_profile_grid(levels, levels, DUTCH)
    assert np.array_equal(grid.pre, grid.post)
    healthy = (levels == 1).all(axis=1)
    assert np.array_equal(grid.pre == 1, healthy)
    assert np.array_equal(grid.change == eq5d.Change.NO_PROBLEMS, healthy)


@given(answered)
def test_a_better_rank_is_a_greater_index(levels: np.ndarray) -> None:
    values, ranks = eq5d.index(levels, DUTCH), eq5d.ranks(levels, DUTCH)
    for first, second in itertools.pairwise(range(len(levels))):
        assert (values[first] > values[second]) == (ranks[first] < ranks[second])


@given(answered)
def test_frequencies_add_up(levels: np.ndarray) -> None:
    lines = eq5d.frequencies(levels)
    assert sum(line.number for line in lines) == len(levels) == lines[-1].cumulative
    assert lines[-1].cumulative_percent == 100
    assert [line.number for line in lines] == sorted((line.number for line in lines), reverse=True)


def test_levels_may_have_any_leading_shape_and_integer_type() -> None:
    levels = np.ones((2, 3, 5), dtype=np.int64)
    assert eq5d.index(levels, DUTCH).shape == (2, 3)
    assert eq5d.index(np.zeros((0, 5), dtype=np.int8), DUTCH).shape == (0,)
    assert len(set(code_of(every_state(5), 5).tolist())) == 3125


@pytest.mark.parametrize("level", [-1, 4, 6, 100])
def test_a_level_that_the_version_has_not_is_refused_with_its_place(level: int) -> None:
    levels = np.ones((70_000, 5), dtype=np.int8)
    levels[69_999, 3] = level
    with pytest.raises(eq5d.BadLevel, match=rf"pd at \[69999\] is {level}; levels are 1 to 3") as caught:
        eq5d.index(levels, eq5d.value_set("3L", "UK", "TTO"))
    assert caught.value.where == (69_999, 3)
    with pytest.raises(eq5d.BadLevel):
        eq5d.index(levels.astype(np.int64), eq5d.value_set("3L", "UK", "TTO"))


def test_levels_of_another_form_are_refused() -> None:
    with pytest.raises(ValueError, match="five columns"):
        eq5d.index(np.ones((4, 4), dtype=np.int8), DUTCH)
    with pytest.raises(TypeError, match="whole numbers"):
        eq5d.index(np.ones((4, 5)), DUTCH)


@pytest.mark.parametrize(
    ("name", "kind", "country"),
    [
        ("United Kingdom", "TTO", "UK"),
        ("gb", "TTO", "UK"),
        ("netherlands 2026", None, "Netherlands"),
        ("NL-2006", None, "Netherlands"),
        ("Trinidad_and_Tobago", None, "Trinidad and Tobago"),
        ("doi:10.1097/00005650-199711000-00002", None, "UK"),
        ("Belgium", None, "Belgium"),
        ("nld", "RCW", "Netherlands"),
    ],
)
def test_a_set_is_found_however_its_country_is_written(name: str, kind: str | None, country: str) -> None:
    assert eq5d.value_set("eq-5d-3l", name, kind).country == country


def test_what_there_is_not_is_refused_with_what_there_is() -> None:
    with pytest.raises(eq5d.NoSuchValueSet, match=r"'Atlantis' of the Y-3L; there are: Australia, Belgium"):
        eq5d.value_set("y3l", "Atlantis")
    with pytest.raises(eq5d.NoSuchValueSet, match=r"'Nehterlands' of the 5L; did you mean Netherlands\?"):
        eq5d.value_set("5L", "Nehterlands")
    with pytest.raises(eq5d.NoSuchValueSet, match=r"no value sets of kind 'TTO'; it has: VT, CW"):
        eq5d.value_set("5L", "NL", "TTO")
    with pytest.raises(ValueError, match=r"no version '6L'"):
        eq5d.value_set("6L", "NL")
    with pytest.raises(eq5d.NoSuchValueSet, match=r"the DSU mapping has no 'Peru'; it has: China"):
        eq5d.dsu_expected(np.ones((1, 5), np.int8), "Peru", np.array([40.0]), np.array([False]))


def test_a_crosswalk_is_never_found_by_its_country_alone() -> None:
    assert eq5d.value_set("5L", "UK").kind == "VT"
    with pytest.raises(eq5d.NoSuchValueSet):
        eq5d.value_set("5L", "Zimbabwe")
    assert eq5d.value_set("5L", "10.1016/j.jval.2012.02.008#Zimbabwe").kind == "CW"


def test_the_expected_value_is_unknown_outside_the_ages_and_for_missing_levels() -> None:
    levels = np.array([[1, 2, 3, 2, 1]] * 3 + [[1, 2, 0, 2, 1]], dtype=np.int8)
    found = eq5d.dsu_expected(levels, "NL", np.array([17.0, 18.0, 100.5, 40.0]), np.array([True] * 4))
    assert np.isnan(found).tolist() == [True, False, True, True]


@pytest.mark.parametrize(
    ("value_given", "bandwidth", "message"),
    [(2.0, None, "outside the range"), (0.5001, None, "give a bandwidth"), (0.5, 0.0, "greater than 0")],
)
def test_a_summary_value_that_cannot_be_mapped_is_refused(
    value_given: float, bandwidth: float | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        eq5d.dsu_expected_of_index(value_given, "UK", 40, True, bandwidth)


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_percentages_are_rounded_half_to_even_from_exact_shares(part: int, whole: int) -> None:
    assert tenths(part, whole) == float(round(Fraction(1000 * part, whole))) / 10


# ------------------------------------------------------------------ QALYs


@given(st.data())
def test_qalys_are_what_a_plain_sum_over_the_visits_made_gives(data: st.DataObject) -> None:
    days = np.cumsum([0, *data.draw(st.lists(st.integers(1, 200), min_size=2, max_size=6))]).astype(float)
    chance = np.random.default_rng(data.draw(st.integers(0, 999)))
    values = chance.uniform(-0.4, 1, len(days))
    values[1:-1][chance.random(len(days) - 2) < 0.4] = np.nan
    made = [(day, one) for day, one in zip(days, values, strict=True) if one == one]
    plain = sum((later - day) * (one + then) / 2 for (day, one), (later, then) in itertools.pairwise(made))
    found = qaly(days[None], values[None])
    assert found.qalys[0] == pytest.approx(plain / DAYS_IN_A_YEAR, abs=1e-12)
    assert found.interpolated[0] == (len(made) < len(days))


@given(st.floats(1, 364), st.floats(-0.3, 1))
def test_qalys_to_an_earlier_end_and_beyond_add_up(end: float, later: float) -> None:
    times, index = np.array([[0.0, 365.0]]), np.array([[0.5, later]])
    whole = qaly(times, index).qalys[0]
    first = qaly(times, index, end=end).qalys[0]
    reached = 0.5 + (later - 0.5) * end / 365
    rest = (365 - end) * (reached + later) / 2 / DAYS_IN_A_YEAR
    assert first + rest == pytest.approx(whole, abs=1e-12)


def test_each_person_may_have_an_end_of_their_own() -> None:
    times, index = np.array([[0.0, 100.0]] * 2), np.array([[1.0, 0.5]] * 2)
    both = qaly(times, index, end=np.array([50.0, 100.0]))
    assert both.qalys.tolist() == [qaly(times[:1], index[:1], end=day).qalys[0] for day in (50.0, 100.0)]
    assert both.years.tolist() == [50 / DAYS_IN_A_YEAR, 100 / DAYS_IN_A_YEAR]


def test_death_after_the_end_counts_only_up_to_the_end() -> None:
    found = qaly(np.array([[0.0, 100.0]]), np.array([[1.0, 1.0]]), np.array([300.0]), end=200.0)
    assert found.qalys[0] * DAYS_IN_A_YEAR == pytest.approx(100 + (1 + 0.5) / 2 * 100)
    assert found.status[0] == 0


def test_times_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="rise from visit to visit"):
        qaly(np.array([[0.0, 10, 10]]), np.array([[1.0, 1, 1]]))
    with pytest.raises(ValueError, match="first time of everybody is 0"):
        qaly(np.array([[1.0, 10]]), np.array([[1.0, 1]]))
    with pytest.raises(ValueError, match="not before the death on day 10"):
        qaly(np.array([[0.0, 10]]), np.array([[1.0, 1]]), np.array([10.0]))


def test_an_empty_arm_cannot_be_adjusted() -> None:
    with pytest.raises(ValueError, match="both arms"):
        adjusted_for_baseline(np.ones(5), np.arange(5.0), np.zeros(5, dtype=bool))


def test_people_with_unknown_qalys_are_left_out_of_the_adjustment() -> None:
    chance = np.random.default_rng(3)
    baseline, arm = chance.uniform(0.2, 0.9, 60), np.arange(60) % 2 == 0
    qalys = 0.2 + 0.03 * arm + 0.7 * baseline + chance.normal(0, 0.05, 60)
    known = np.arange(60) != 7
    gap = np.where(known, qalys, np.nan)
    all_but_one = adjusted_for_baseline(qalys[known], baseline[known], arm[known])
    found = adjusted_for_baseline(gap, baseline, arm)
    assert found.difference == pytest.approx(all_but_one.difference)
    assert found.degrees_of_freedom == 56
    assert np.isnan(found.adjusted[7])
    low, high = found.interval
    assert low < found.difference < high


# ------------------------------------------------------------------ what is shipped


def test_the_figures_are_shipped_with_the_notice_of_where_they_come_from() -> None:
    notice = (DATA / "NOTICE.txt").read_text(encoding="utf-8")
    assert "fragla/eq5d" in notice
    assert "Copyright (c) 2019 Fraser Morton" in notice
    for file in DATA.glob("*.csv"):
        assert file.name in notice
