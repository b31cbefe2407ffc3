"""EQ-5D: the index of named states by named value sets, what is said about change, and quality-adjusted life years."""

from collections import Counter

import numpy as np
import pytest

from trialwright.measures import eq5d
from trialwright.measures.eq5d.qaly import Status, adjusted_for_baseline, qaly

COUNTRIES = ("NL", "England", "UK", "DE", "US", "DK", "BE")
CHECKED = """
11111 1 1 1 1 1 1 1
21111 .918 .942 .968 .974 .904 .959 .931
11112 .883 .922 .959 .970 .943 .928 .901
22222 .705 .701 .784 .801 .630 .771 .755
33333 .511 .593 .604 .662 .449 .571 .577
44444 -.289 -.094 -.209 -.085 -.329 -.251 -.215
55555 -.446 -.285 -.567 -.661 -.573 -.758 -.532
12345 .047 .322 .114 .141 .171 -.074 .074
"""
"""The check states of the fact sheet (measures, 3.3)."""


@pytest.mark.parametrize("line", CHECKED.strip().splitlines())
def test_the_check_states_of_seven_countries_have_their_values(line: str) -> None:
    state, *values = line.split()
    for country, expected in zip(COUNTRIES, values, strict=True):
        assert eq5d.index(eq5d.from_states([state]), eq5d.value_set("5L", country))[0] == float(expected), country


def test_21143_is_worth_0413_to_the_dutch() -> None:
    """1 - 0.047 - 0.035 (mobility 2) - 0.360 (pain 4) - 0.145 (anxiety 3); level 1 costs nothing."""
    state = eq5d.from_states(["21143"])
    values = [eq5d.index(state, eq5d.value_set("5L", name))[0] for name in ("NL", "England", "UK", "DE")]
    assert values == [0.413, 0.562, 0.471, 0.488]
    expected = 1 - 0.047 - 0.035 - 0.360 - 0.145
    assert values[0] == pytest.approx(expected, abs=1e-12)


def test_the_value_set_of_a_trial_is_pinned_by_its_doi() -> None:
    pinned = eq5d.value_set("5L", "10.1016/j.jval.2016.01.003")
    assert (pinned.country, pinned.kind, pinned.range) == ("Netherlands", "VT", (-0.446, 1.0))
    assert pinned is eq5d.value_set("EQ-5D-5L", "https://doi.org/10.1016/j.jval.2016.01.003")


def test_there_are_49_sets_of_the_5l_44_of_the_3l_and_13_for_the_young() -> None:
    found = Counter((version, one.kind) for version in eq5d.TOP for one in eq5d.value_sets(version))
    assert found == {
        ("5L", "VT"): 49,
        ("5L", "CW"): 13,
        ("3L", "TTO"): 33,
        ("3L", "VAS"): 11,
        ("3L", "RCW"): 4,
        ("Y-3L", "IVP"): 13,
    }


def test_a_name_that_stands_for_several_is_refused_with_what_was_meant() -> None:
    with pytest.raises(eq5d.NoSuchValueSet, match=r"Netherlands 2006 TTO .*Netherlands 2026 TTO") as caught:
        eq5d.value_set("3L", "NL")
    assert [one.doi for one in caught.value.choices] == ["10.1002/hec.1124", "10.1007/s10198-025-01892-2"]
    with pytest.raises(eq5d.NoSuchValueSet, match=r"10.1016/j.jval.2016.03.1834#cTTO"):
        eq5d.value_set("5L", "10.1016/j.jval.2016.03.1834")


def test_one_missing_level_makes_index_and_scores_unknown() -> None:
    levels = np.array([[2, 1, 1, 4, 3], [2, 1, 0, 4, 3]], dtype=np.int8)
    values = eq5d.index(levels, eq5d.value_set("5L", "NL"))
    assert values[0] == 0.413
    assert np.isnan(values[1])
    assert np.isnan(eq5d.lss(levels)[1])
    assert eq5d.lfs(levels).tolist() == ["21110", ""]


def test_the_frequency_score_keeps_its_leading_zero() -> None:
    assert eq5d.lfs(eq5d.from_states(["23455"])).tolist() == ["01112"]


def test_the_eq_vas_runs_from_0_to_100() -> None:
    assert eq5d.vas_outside(np.array([-1, 0, 100, 101, np.nan])).tolist() == [True, False, False, True, False]


CHANGES = """
11111 11111 NO_PROBLEMS
21143 21143 NO_CHANGE
21143 21133 IMPROVE
21143 21144 WORSEN
21143 11144 MIXED
"""


@pytest.mark.parametrize("line", CHANGES.strip().splitlines())
def test_change_is_better_in_one_and_worse_in_none(line: str) -> None:
    before, after, expected = line.split()
    found = eq5d.pchc(eq5d.from_states([before]), eq5d.from_states([after]))
    assert eq5d.Change(found[0]).name == expected


def test_problems_are_counted_among_those_who_answered() -> None:
    levels = np.array([[1, 1, 1, 1, 1], [2, 1, 1, 3, 1], [0, 1, 1, 2, 1]], dtype=np.int8)
    found = eq5d.problems(levels)
    assert found.percent["mo"] == 50.0
    assert found.percent["pd"] == pytest.approx(200 / 3)
    assert (found.percent["any"], found.percent["ceiling"], found.complete) == (50.0, 50.0, 2)


YEAR = 365.25


def test_a_year_at_08_is_08_qalys() -> None:
    found = qaly(np.array([[0, YEAR / 2, YEAR]]), np.array([[0.8, 0.8, 0.8]]))
    assert found.qalys[0] == pytest.approx(0.8)
    assert found.status[0] == Status.COMPLETE


def test_qalys_are_the_area_under_the_lines_between_visits() -> None:
    """0.4 to 0.6 over half a year, 0.6 to 0.8 over the other: 0.25 + 0.35."""
    found = qaly(np.array([[0, YEAR / 2, YEAR]]), np.array([[0.4, 0.6, 0.8]]))
    assert found.qalys[0] == pytest.approx(0.6)


def test_from_the_day_of_death_a_life_counts_nothing() -> None:
    """0.6 at baseline; death after half a year. By a line to 0: 0.15. By keeping the last value until then: 0.3."""
    times, index, death = np.array([[0.0, YEAR]]), np.array([[0.6, np.nan]]), np.array([YEAR / 2])
    assert qaly(times, index, death).qalys[0] == pytest.approx(0.15)
    assert qaly(times, index, death, toward_death="step").qalys[0] == pytest.approx(0.3)
    assert qaly(times, index, death).status[0] == Status.DIED


def test_a_missing_visit_between_two_others_is_bridged_and_marked() -> None:
    found = qaly(np.array([[0, YEAR / 2, YEAR]]), np.array([[0.4, np.nan, 0.8]]))
    assert found.qalys[0] == pytest.approx(0.6)
    assert found.interpolated[0]


def test_beyond_the_last_visit_qalys_are_unknown_unless_carrying_was_chosen() -> None:
    times, index = np.array([[0, YEAR / 2, YEAR]]), np.array([[0.6, 0.6, np.nan]])
    unknown, carried = qaly(times, index), qaly(times, index, beyond="carry")
    assert np.isnan(unknown.qalys[0])
    assert unknown.status[0] == Status.NO_END
    assert carried.qalys[0] == pytest.approx(0.6)
    assert carried.status[0] == Status.CARRIED


def test_without_a_baseline_qalys_are_unknown() -> None:
    found = qaly(np.array([[0, YEAR]]), np.array([[np.nan, 0.8]]))
    assert np.isnan(found.qalys[0])
    assert found.status[0] == Status.NO_BASELINE


def test_the_gain_of_an_arm_that_began_better_is_adjusted_for_it() -> None:
    """QALY = 0.1 + 0.05 * treated + 0.8 * baseline, exactly; the treated began 0.2 better, so the raw difference is
    0.05 + 0.16."""
    baseline = np.array([0.4, 0.5, 0.6, 0.6, 0.7, 0.8])
    treated = np.array([False, False, False, True, True, True])
    found = adjusted_for_baseline(0.1 + 0.05 * treated + 0.8 * baseline, baseline, treated)
    assert found.difference == pytest.approx(0.05)
    assert found.slope == pytest.approx(0.8)
    assert found.unadjusted == pytest.approx(0.21)
    assert found.adjusted[treated].mean() - found.adjusted[~treated].mean() == pytest.approx(0.05)
