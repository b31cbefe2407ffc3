"""What is imagined resembles what was published: baselines, response, safety, IgG. Large crowds, arrays only."""

from decimal import Decimal

import numpy as np
import pytest

from trialwright import simulate
from trialwright.analysis.proportions import clopper_pearson, wald_difference
from trialwright.analysis.scores import tis_rules
from trialwright.measures.tis import CoreSet, Exact, Limits, exact, total_improvement_score
from trialwright.simulate.participants import Crowd, arrivals, followed, screened

TRIALS = list(range(60))


def crowd_in(program: simulate.Program, arm: str) -> Crowd:
    """The enrolled of 60 trials, all under one arm: 2,880 people."""
    crowd = screened(program, 11, arrivals(program, 11, TRIALS))
    return followed(crowd, np.where(crowd.enrolled, program.arms.index(arm), -1))


def values(crowd: Crowd, name: str, visit: str | None = None) -> np.ndarray:
    """A variable of the enrolled, at a visit where it has one."""
    column = 0 if visit is None else crowd.program.visits.index(visit)
    return np.broadcast_to(crowd.names[name], (len(crowd), len(crowd.program.visits)))[crowd.enrolled, column]


def tis(crowd: Crowd, visit: str) -> np.ndarray:
    """The Total Improvement Score of everybody at a visit, by the same measure that the analysis uses."""
    places = {"phga": 1, "ptga": 1, "mmt": 0, "haq": 3, "exm": 1}
    enzymes = {"ck": 0, "aldolase": 1, "alt": 0, "ast": 0, "ldh": 0}

    def column(name: str, decimals: int, at: str) -> Exact:
        return Exact(np.rint(values(crowd, name, at) * 10**decimals).astype(np.int64), decimals)

    def core_set(at: str) -> CoreSet:
        parts = {name: column(name, decimals, at) for name, decimals in places.items()}
        return CoreSet(**parts, enzymes={name: column(name, decimals, at) for name, decimals in enzymes.items()})

    limits = Limits(
        exact([Decimal(260)]),
        {name: column(f"{name}_uln", decimals, visit) for name, decimals in enzymes.items()},
    )
    rules = tis_rules(crowd.program.definition.derivations["tis"].options)
    return np.asarray(total_improvement_score(core_set("W0"), core_set(visit), limits, rules).tis.filled(np.nan))


@pytest.mark.parametrize(
    ("arm", "threshold", "k", "n"),
    [("A", 20, 37, 47), ("A", 40, 32, 47), ("A", 60, 15, 47), ("B", 20, 21, 48), ("B", 40, 11, 48), ("B", 60, 4, 48)],
)
def test_responders_lie_inside_the_published_intervals(protocol_like, arm, threshold, k, n) -> None:
    """ProDERM at week 16: 37, 32 and 15 of 47 under immunoglobulin, 21, 11 and 4 of 48 under placebo reach 20, 40 and
    60 points. Its patients were not treatment-naive; the file says so, and every summary repeats it."""
    interval = clopper_pearson(k, n)
    share = (tis(crowd_in(protocol_like, arm), "W12") >= threshold).mean()
    assert interval.lower < share < interval.upper
    assert any("not treatment-naive" in caveat for caveat in protocol_like.scenarios.caveats)


def test_the_difference_in_responders_lies_inside_the_published_interval(protocol_like) -> None:
    """Published: 35.0 percentage points, 95 % confidence interval 16.7 to 53.2."""
    published = wald_difference((21, 48), (37, 47))
    assert (round(100 * published.lower, 1), round(100 * published.upper, 1)) == (16.7, 53.2)
    shares = {arm: (tis(crowd_in(protocol_like, arm), "W12") >= 20).mean() for arm in "AB"}
    assert published.lower < shares["A"] - shares["B"] < published.upper


def test_mean_and_spread_are_near_the_published_ones(protocol_like) -> None:
    """Published means 48.4 and 21.6 with standard deviations near 24 and 20."""
    for arm, mean, sd in (("A", 48.4, 24.4), ("B", 21.6, 20.2)):
        scores = tis(crowd_in(protocol_like, arm), "W12")
        assert abs(scores.mean() - mean) < 4
        assert abs(scores.std() - sd) < 3.5


def test_the_scenarios_differ_as_their_names_say(definition, scenarios) -> None:
    """No effect: none. Protocol-like: about the difference of ProDERM. Optimistic: larger. Naive: control near 36."""
    means = {}
    for name in scenarios.scenarios.scenarios:
        program = simulate.program(scenarios, definition, name)
        means[name] = {arm: tis(crowd_in(program, arm), "W12").mean() for arm in "AB"}
    gap = {name: arms["A"] - arms["B"] for name, arms in means.items()}
    assert abs(gap["null"]) < 1e-9
    assert 20 < gap["protocol"] < 30 < gap["optimistic"] < 40
    assert 15 < gap["naive"] < 24
    assert 30 < means["naive"]["B"] < 42


def test_improvement_follows_the_published_turnover(protocol_like) -> None:
    """63, 86 and 95 % of the effect at weeks 4, 8 and 12 with k_out 0.246 a week; here week 12 counts as one."""
    crowd = crowd_in(protocol_like, "A")
    progress = [values(crowd, "progress", visit)[0] for visit in ("W0", "W4", "W8", "W12")]
    assert progress == pytest.approx([0, 0.626 / 0.948, 0.860 / 0.948, 1], abs=0.002)


def test_igg_alone_gives_the_arm_away_so_it_is_sealed(protocol_like, definition) -> None:
    """Published: a week-12 value separates the arms with an area under the curve near 0.92."""
    one, other = (values(crowd_in(protocol_like, arm), "igg", "W12") for arm in "AB")
    changes = [
        values(crowd_in(protocol_like, arm), "igg", "W12") - values(crowd_in(protocol_like, arm), "igg", "W0")
        for arm in "AB"
    ]
    area = (changes[0][:, None] > changes[1][None, :]).mean()
    assert 0.85 < area < 0.99
    assert one.mean() - other.mean() > 5
    assert definition.forms["igg"].blinding == "sealed"


def test_infusional_events_are_as_frequent_as_published(protocol_like) -> None:
    """Over four courses 65.4 and 39.6 % had one; over the three courses here fewer: 1 - (1 - 0.654)^(3/4)."""
    for arm, published in (("A", 0.654), ("B", 0.396)):
        crowd = crowd_in(protocol_like, arm)
        share = crowd.logs["infusion_events"]["happens"][crowd.enrolled].any(axis=1).mean()
        assert abs(share - (1 - (1 - published) ** 0.75)) < 0.04


def test_who_leaves_by_week_16_is_between_proderm_and_the_planning_of_this_trial(protocol_like) -> None:
    """ProDERM lost about 4 % by week 16; 5 to 10 % are planned for here."""
    crowd = crowd_in(protocol_like, "B")
    gone = (crowd.ended >= 0) & (crowd.end <= crowd.day0 + 16 * 7)
    assert 0.03 < gone[crowd.enrolled].mean() < 0.10


def test_quality_of_life_and_activity_start_where_published(protocol_like) -> None:
    """ENMO: Z near -1.09 below a healthy 31 mg, with 5 mg the least; all dimensions of the EQ-5D are used."""
    crowd = crowd_in(protocol_like, "B")
    assert 15 < values(crowd, "enmo", "W0").mean() < 25
    for dimension in ("mo", "sc", "ua", "pd", "ad"):
        levels = values(crowd, dimension, "W0")
        assert set(np.unique(levels)) <= {1, 2, 3, 4, 5}
        assert len(np.unique(levels)) >= 4


def test_without_effect_no_page_tells_the_arms_apart(definition, scenarios) -> None:
    """In scenario `null` the same people have the same pages under either arm."""
    from trialwright.simulate.pages import book

    program = simulate.program(scenarios, definition, "null")
    books = [book(crowd_in(program, arm)) for arm in "AB"]
    assert books[0].visits == books[1].visits
    assert books[0].entries == books[1].entries
