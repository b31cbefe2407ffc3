"""Imaginary participants: addressed, eligible where they claim to be, distributed as declared."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trialwright import simulate
from trialwright.simulate.casting import one_of
from trialwright.simulate.formula import Codes
from trialwright.simulate.pages import book
from trialwright.simulate.participants import Crowd, Impossible, arrivals, followed, screened
from trialwright.simulate.scenario import Screening

ALTERNATING = -1


def crowd_of(program: simulate.Program, trials: list[int], arm: int = ALTERNATING, seed: int = 5) -> Crowd:
    """The people of some trials, followed under one arm or both in turn."""
    crowd = screened(program, seed, arrivals(program, seed, trials))
    arms = np.arange(len(crowd)) % 2 if arm == ALTERNATING else np.full(len(crowd), arm)
    return followed(crowd, np.where(crowd.enrolled, arms, -1))


def column(crowd: Crowd, name: str) -> np.ndarray:
    value = crowd.names[name]
    return value.index if isinstance(value, Codes) else np.asarray(value)


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=4, unique=True), st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None)
def test_a_trial_is_the_same_alone_and_among_others(small, trials, random) -> None:
    chosen = random.choice(trials)
    together, alone = crowd_of(small, trials), crowd_of(small, [chosen])
    rows = np.flatnonzero(together.trial == chosen)
    arms = np.where(together.enrolled, together.arm, -1)[rows]
    alone = followed(screened(small, 5, arrivals(small, 5, [chosen])), arms)
    assert np.array_equal(together.day0[rows], alone.day0)
    assert np.array_equal(together.end[rows], alone.end)
    for name in ("age", "own_upper", "tablets", "upper", "renin", "fall"):
        assert np.array_equal(column(together, name)[rows], column(alone, name)), name
    assert [book(together).visits[row] for row in rows] == book(alone).visits


def test_one_participant_can_be_followed_again_alone(small) -> None:
    crowd = crowd_of(small, [0, 1])
    for row in np.flatnonzero(crowd.enrolled)[:5].tolist():
        again = followed(one_of(crowd, row), crowd.arm[row : row + 1])
        assert book(again).visits[0] == book(crowd).visits[row]
        assert book(again).entries[0] == book(crowd).entries[row]


@pytest.mark.parametrize("which", ["reference", "small"])
def test_nothing_before_randomisation_depends_on_the_arm(which, request) -> None:
    program = request.getfixturevalue(which)
    one, other = (crowd_of(program, [0, 1, 2], arm) for arm in (0, 1))
    first, second = book(one), book(other)
    for row in range(len(one)):
        for place in range(program.anchor + 1):
            assert first.visits[row][place] == second.visits[row][place]
        assert [entry for entry in first.entries[row] if entry.before] == [e for e in second.entries[row] if e.before]


def test_the_arms_differ_afterwards(reference) -> None:
    one, other = (crowd_of(reference, [0, 1], arm) for arm in (0, 1))
    place = reference.visits.index("W12")
    difference = column(one, "igg")[one.enrolled, place].mean() - column(other, "igg")[one.enrolled, place].mean()
    assert 5 < difference < 12


def test_as_many_are_enrolled_as_the_definition_plans_and_nobody_comes_after_the_last(reference, small) -> None:
    for program in (reference, small):
        come = arrivals(program, 3, list(range(20)))
        enrolling = np.array([fate.stage == "enrolled" for fate in program.scenarios.fates.values()])
        counted = (enrolling[come.fate] & come.here).sum(axis=1)
        assert (counted == program.definition.randomisation.n).all()
        for row in range(20):
            last = np.flatnonzero(come.here[row])[-1]
            assert enrolling[come.fate[row, last]]
            assert come.here[row, : last + 1].all()
        assert (np.diff(come.day, axis=1) >= 0).all()


def test_visits_follow_each_other_on_working_days(reference) -> None:
    crowd = crowd_of(reference, list(range(10)))
    assert (np.diff(crowd.on, axis=1) >= 0).all()
    weekday = (crowd.on + reference.scenarios.enrolment.start.weekday()) % 7
    assert (weekday < 5).all()
    planned = crowd.day0[:, None] + reference.days
    assert np.abs(crowd.on - planned)[:, reference.anchor + 1 :].max() <= 9


def test_a_condition_that_nobody_meets_is_called_impossible(small) -> None:
    never = replace(small, accept=lambda names: np.zeros((1, 1), dtype=bool))
    with pytest.raises(Impossible, match=r"screening\.accept"):
        screened(never, 1, arrivals(never, 1, [0]))


def test_parameters_are_recovered_from_what_is_generated(reference) -> None:
    """The latent quantities that no condition of eligibility touches come out as they were put in."""
    crowd = crowd_of(reference, list(range(60)))
    given_a = crowd.enrolled & (crowd.arm == 0)
    parameters = reference.parameters
    responds = column(crowd, "responds")[given_a, 0].astype(bool)
    assert abs(responds.mean() - parameters["share_A"]) < 4 * np.sqrt(0.16 / responds.size)
    gain = column(crowd, "gain")[given_a, 0]
    assert stats.kstest(gain[responds], stats.norm(parameters["gain_A"], parameters["gain_sd_A"]).cdf).pvalue > 1e-4
    other = column(crowd, "gain")[crowd.enrolled & (crowd.arm == 1), 0]
    assert stats.kstest(other, stats.norm(parameters["gain_B"], parameters["gain_sd_B"]).cdf).pvalue > 1e-4
    enmo = column(crowd, "enmo_z")[:, 0]
    assert stats.kstest(enmo, stats.norm(-1.09, 0.94).cdf).pvalue > 1e-4


def test_persistence_is_the_correlation_between_visits(reference) -> None:
    crowd = crowd_of(reference, list(range(40)))
    noise = column(crowd, "noise_phga")[crowd.enrolled] / column(crowd, "noise")[crowd.enrolled]
    correlation = np.corrcoef(noise.T)
    off = correlation[~np.eye(len(correlation), dtype=bool)]
    assert np.abs(off - 0.6).max() < 4.5 * (1 - 0.36) / np.sqrt(len(noise))


def test_a_joint_block_has_its_correlations_before_anybody_is_selected(reference) -> None:
    everybody = replace(reference, accept=lambda names: np.ones((1, 1), dtype=bool))
    crowd = screened(everybody, 9, arrivals(everybody, 9, list(range(60))))
    chosen = crowd.names["subtype"].index[:, 0] == 0  # one subtype, so that the means of subtypes add nothing
    names = ("phga0", "ptga0", "haq0", "deficit0")
    found = stats.spearmanr(np.column_stack([column(crowd, name)[chosen, 0] for name in names])).statistic
    # A Gaussian copula with correlation r has the rank correlation 6 / pi * asin(r / 2); cutting off changes little.
    declared = {(0, 1): 0.55, (0, 2): 0.50, (0, 3): 0.55, (1, 2): 0.55, (1, 3): 0.40, (2, 3): 0.60}
    for (row, other), r in declared.items():
        assert abs(found[row, other] - 6 / np.pi * np.arcsin(r / 2)) < 0.09


def test_items_of_a_group_share_the_total_exactly(reference) -> None:
    crowd = crowd_of(reference, [0, 1])
    pages = [page for visits in book(crowd).visits for visit in visits for page in visit if page.form == "csm"]
    assert len(pages) > 300
    totals = {(row, place): total for (row, place), total in np.ndenumerate(column(crowd, "mmt"))}
    seen = 0
    for row, visits in enumerate(book(crowd).visits):
        for place, visit in enumerate(visits):
            for page in visit:
                grades = [int(text or "") for item, text in page.items.items() if item.endswith(".grade")]
                if page.form == "csm" and len(grades) == 26:
                    assert sum(grades) == totals[row, place]
                    assert all(0 <= grade <= 10 for grade in grades)
                    seen += 1
    assert seen > 300


def test_the_screening_section_must_say_whom_it_accepts() -> None:
    with pytest.raises(ValueError, match="accept"):
        Screening.model_validate({"variables": {}})
