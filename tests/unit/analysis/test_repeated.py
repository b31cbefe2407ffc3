"""The planned mixed model: what it is asked, on whom, with which choices, and that it answers as `mmrm` does."""

import subprocess
import sys
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.analysis.imaginary import DAYS, day, definition, page, trial

from trialwright.analysis import METHODS
from trialwright.analysis.ancova import ancova
from trialwright.analysis.asking import asked
from trialwright.analysis.course import OPTIONS, Choices, Course, chosen
from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.mmrm import mmrm_arrays
from trialwright.analysis.observations import Observations
from trialwright.analysis.plan import Answer, analyse, effect, primary
from trialwright.analysis.question import Question
from trialwright.analysis.repeated import OverVisits, answer
from trialwright.analysis.scores import scores
from trialwright.design.model import Definition
from trialwright.ledger.snapshot import Snapshot

VISITS = ("W4", "W8", "W12")


def question(seed: int, choices: Choices, n: int = 40, missing: float = 0.15, m: int = 3) -> Question:
    """`n` imaginary participants in two arms, a covariate and a factor; with a constrained baseline the first visit
    comes before the treatment."""
    chance = np.random.default_rng(seed)
    arm, age, site = np.arange(n) % 2, chance.normal(50, 10, n), np.array(list("abc"))[np.arange(n) // 2 % 3]
    first = int(choices.constrained)
    level = chance.normal(0, 2, n)[:, None] + 0.1 * age[:, None]
    outcome = level + arm[:, None] * np.maximum(np.arange(m) - first + 1, 0) + chance.normal(0, 1.5, (n, m))
    outcome[chance.uniform(size=(n, m)) < missing] = np.nan
    outcome[:, -1] = np.where(np.isnan(outcome).all(axis=1), 1.0, outcome[:, -1])
    course = Course(outcome, ("W0", *VISITS)[-m:], (4.0, 8.0, 12.0, 26.0)[:m], m - 1, choices)
    return Question(arm, outcome[:, -1], {"age": age}, {"site": site}, course=course)


@settings(max_examples=4)
@given(
    st.integers(0, 1000),
    st.sampled_from(["us", "ar1h", "toep"]),
    st.sampled_from(["kenward-roger", "satterthwaite", "between-within"]),
)
def test_the_answer_is_that_of_the_same_model_by_formula(seed: int, covariance: str, df: str) -> None:
    asked_ = question(seed, Choices(covariance, df))
    found = answer(asked_)
    assert asked_.course is not None
    other = mmrm_arrays(
        asked_.course.outcome,
        np.array(["P", "A"])[asked_.arm],
        {"age": asked_.covariates["age"], "site": asked_.factors["site"]},
        visits=VISITS,
        reference="P",
        covariance=covariance,
        df=df,
    )
    assert np.array(found.sigma) == pytest.approx(other.fit.sigma[0], rel=1e-6)
    for place, visit in enumerate(VISITS):
        row, told = other.contrasts.at(visit=visit), found.effects[place]
        assert (told.estimate, told.se) == pytest.approx((row["estimate"], row["se"]), rel=1e-6)
        assert (told.df, told.lower) == pytest.approx((row["df"], row["lower"]), rel=1e-5, abs=1e-6)
        for arm, means in zip("PA", found.means, strict=True):
            mean = other.means.at(visit=visit, arm=arm)
            assert (means[place].mean, means[place].se) == pytest.approx((mean["estimate"], mean["se"]), rel=1e-6)
    assert found.effect == found.effects[-1]


@settings(max_examples=5)
@given(st.integers(0, 1000))
def test_with_one_complete_visit_the_constrained_baseline_is_the_analysis_of_covariance(seed: int) -> None:
    """By maximum likelihood the likelihood parts into that of the baseline and that of the outcome given it."""
    plain = question(seed, Choices(constrained=True, method="ML", df="satterthwaite"), missing=0.0, m=2)
    assert plain.course is not None
    found = answer(Question(plain.arm, plain.outcome, course=plain.course))
    before, after = plain.course.outcome.T
    expected = ancova(after, plain.arm, {"before": before}).effect
    assert found.effect.estimate == pytest.approx(expected.estimate, rel=1e-8)
    assert found.compared == ("W12",)
    assert found.means[0][0].mean == found.means[1][0].mean


def test_who_lacks_the_baseline_stays_in_a_constrained_analysis() -> None:
    asked_ = question(3, Choices(constrained=True), m=3)
    assert asked_.course is not None
    assert np.isnan(asked_.course.outcome[:, 0]).any()
    assert answer(asked_).n == 40


def test_exchanging_the_arms_changes_signs_alone() -> None:
    one = question(4, Choices())
    two = Question(1 - one.arm, one.outcome, one.covariates, one.factors, course=one.course)
    for first, second in zip(answer(one).effects, answer(two).effects, strict=True):
        assert (first.estimate, first.p, first.df) == pytest.approx((-second.estimate, second.p, second.df), rel=1e-6)


def test_what_the_model_cannot_be_fitted_to_is_refused_in_words() -> None:
    plain = question(5, Choices())
    with pytest.raises(NotEstimable, match="one arm"):
        answer(Question(0 * plain.arm, plain.outcome, course=plain.course))
    with pytest.raises(NotEstimable, match="several visits"):
        answer(Question(plain.arm, plain.outcome))
    assert plain.course is not None
    unplanned = Course(plain.course.outcome, VISITS, (4.0, float("nan"), 12.0), 2, Choices("sp_exp"))
    with pytest.raises(NotEstimable, match="planned day of every visit"):
        answer(Question(plain.arm, plain.outcome, course=unplanned))


# ------------------------------------------------------------------ what a definition says


@pytest.mark.parametrize(
    ("options", "choices"),
    [
        ({}, Choices()),
        ({"covariance": "unstructured", "degrees_of_freedom": "Kenward-Roger"}, Choices(df="kenward-roger")),
        ({"covariance": "Heterogeneous Toeplitz", "degrees_of_freedom": "Residual"}, Choices("toeph", "residual")),
        ({"variance": "empirical"}, Choices(variance="empirical", df="satterthwaite")),
        ({"baseline": "constrained", "method": "reml", "visit": "W4"}, Choices(constrained=True, visit="W4")),
    ],
)  # fmt: skip
def test_the_options_are_read_as_people_write_them(options: Mapping[str, str], choices: Choices) -> None:
    assert chosen(options) == choices


def test_every_word_that_check_accepts_is_understood() -> None:
    for option, words in OPTIONS.items():
        for word in words:
            chosen({option: word})


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"covariance": "unstructred"}, "unstructured"),
        ({"degrees_of_freedom": "Kenward"}, "kenward-roger-linear, kenward-roger, satterthwaite"),
        ({"degres": "residual"}, "takes no option 'degres'"),
    ],
)
def test_an_option_that_there_is_none_of_is_refused(options: Mapping[str, str], why: str) -> None:
    with pytest.raises(NotEstimable, match=why):
        chosen(options)


# ------------------------------------------------------------------ from the ledger


def planned(name: str = "LONGITUDINAL", **changes: object) -> Definition:
    """The reference trial with one analysis, changed."""
    plan = definition().analyses[name].model_copy(update={**changes, "level": "primary"})
    return definition().model_copy(update={"analyses": {name: plan}})


def one(changed: Definition, snapshot: Snapshot, treatments: Mapping[str, str]) -> Answer:
    return primary(changed, snapshot, treatments)


def of(found: Answer) -> OverVisits:
    assert isinstance(found.result, OverVisits), found.why
    return found.result


def test_the_reference_trials_score_is_analysed_at_every_visit() -> None:
    found = one(planned(), *trial())
    told = of(found)
    assert (found.status, found.visit, told.visit) == ("done", "W12", "W12")
    assert told.compared == ("W4", "W8", "W12", "W26", "W52")
    assert (told.covariance, told.df) == ("unstructured", "kenward-roger")
    assert effect(found) == told.effects[2]
    assert told.overall is not None
    assert told.overall.df1 == 5


def test_the_rows_are_the_scores_of_the_ledger() -> None:
    snapshot, treatments = trial()
    seen = Observations(definition(), snapshot)
    plan = definition().analyses["LONGITUDINAL"]
    put = asked(seen, plan, "TISALL", seen.randomised, treatments)
    assert put.question.course is not None
    expected = scores(seen, "tis", put.participants, ["W4", "W8", "W12", "W26", "W52"]).values
    assert np.array_equal(put.question.course.outcome, expected, equal_nan=True)
    assert put.question.course.weeks == (4.0, 8.0, 12.0, 26.0, 52.0)
    assert np.array_equal(put.question.outcome, expected[:, 2], equal_nan=True)


def test_the_analysis_may_name_the_visit_that_speaks_for_it() -> None:
    assert one(planned(options={"visit": "W52"}), *trial()).visit == "W52"
    refused = one(planned(options={"visit": "W0"}), *trial())
    assert (refused.status, refused.why) == (
        "refused",
        "The analysis is to speak of W0, where nobody has a value.",
    )


def test_who_was_never_seen_again_is_omitted_and_named() -> None:
    snapshot, treatments = trial()
    for visit in ("W4", "W8", "W12", "W26", "W52"):
        snapshot.state.participants["AMC-001"].pages.pop((visit, "csm", ""), None)
    found = one(planned(), snapshot, treatments)
    assert found.omitted == (("AMC-001", "no Total Improvement Score at any of the visits"),)
    assert sum(found.n) == 47


def test_a_visit_that_nobody_has_reached_is_left_out_and_named() -> None:
    snapshot, treatments = trial()
    for person in snapshot.state.participants.values():
        for visit in ("W26", "W52"):
            person.pages.pop((visit, "csm", ""), None)
    found = one(planned(), snapshot, treatments)
    assert of(found).compared == ("W4", "W8", "W12")
    said = "Nobody has a known Total Improvement Score at Week 26, Week 52, so the model is of the other visits."
    assert said in found.notes


def under(strategies: Mapping[str, str], snapshot: Snapshot, treatments: Mapping[str, str]) -> Answer:
    """The score over the visits as the estimand with these strategies wants it."""
    estimand = (
        definition()
        .estimands["PRIMARY_TIS"]
        .model_copy(update={"endpoint": "TISALL", "intercurrent": dict(strategies)})
    )
    changed = planned(estimand="PRIMARY_TIS").model_copy(update={"estimands": {"PRIMARY_TIS": estimand}})
    return one(changed, snapshot, treatments)


def rescued() -> tuple[Snapshot, dict[str, str]]:
    """A trial in which the first participant had rescue treatment in week 6."""
    snapshot, treatments = trial()
    person = snapshot.state.participants["AMC-001"]
    start = person.pages[("W0", "csm", "")].on or ""
    person.pages[("", "rescue", "1")] = page(day(start, 42), start=day(start, 42), drug="rituximab", reason="no_effect")
    return snapshot, treatments


def test_values_after_rescue_are_used_or_set_aside_or_nought_as_the_estimand_says() -> None:
    snapshot, treatments = rescued()
    as_seen = under({"rescue": "treatment policy"}, snapshot, treatments)
    aside = under({"rescue": "hypothetical"}, snapshot, treatments)
    nought = under({"rescue": "composite (score 0)"}, snapshot, treatments)
    pages = snapshot.state.participants["AMC-001"].pages
    later = sum(days > 42 and (visit, "csm", "") in pages for visit, days in DAYS.items())
    assert of(as_seen).rows - of(aside).rows == later
    assert of(as_seen).rows == of(nought).rows
    assert aside.notes[0] == f"{later} values of 1 participants after rescue are set aside (hypothetical)."
    assert (
        nought.notes[0]
        == f"{later} values of 1 participants after rescue count with a score of 0 (composite (score 0))."
    )
    estimates = {of(each).effect.estimate for each in (as_seen, aside, nought)}
    assert len(estimates) == 3


def test_who_died_counts_with_nought_from_then_on_under_a_composite_strategy() -> None:
    snapshot, treatments = trial()
    person = snapshot.state.participants["AMC-001"]
    start = person.pages[("W0", "csm", "")].on or ""
    for visit, days in DAYS.items():
        if days > 60:
            person.pages.pop((visit, "csm", ""), None)
    person.pages[("UNS.1", "disposition", "")] = page(day(start, 60), status="death", death_date=day(start, 60))
    plain, composite = (
        under({"death": how}, snapshot, treatments) for how in ("treatment policy", "composite (score 0)")
    )
    assert of(composite).rows - of(plain).rows == 3
    assert "after death count with a score of 0" in composite.notes[0]


def test_an_event_that_the_program_cannot_see_is_said() -> None:
    found = under({"vaccination": "hypothetical"}, *trial())
    assert "cannot tell whom 'vaccination' befell" in found.notes[0]


def with_fatigue(missing: tuple[str, ...] = ()) -> tuple[Snapshot, dict[str, str]]:
    """The imaginary trial with a fatigue score from the baseline on; `missing` are visits without."""
    snapshot, treatments = trial()
    chance = np.random.default_rng(8)
    for name, person in snapshot.state.participants.items():
        own = chance.normal(80, 15)
        for visit, days in DAYS.items():
            if (visit, "csm", "") in person.pages and visit not in ("SCR", *missing) and name in treatments:
                better = 10.0 * (treatments[name] == "A") * (days > 0)
                score = round(float(np.clip(own - better + chance.normal(0, 8), 20, 140)))
                person.pages[(visit, "fatigue", "")] = page(person.pages[(visit, "csm", "")].on, score=score)
    return snapshot, treatments


def test_an_outcome_measured_at_baseline_has_one_mean_there() -> None:
    told = of(one(planned("TIRED"), *with_fatigue()))
    assert told.visits == ("W0", "W4", "W8", "W12", "W26", "W52")
    assert told.compared == ("W4", "W8", "W12", "W26", "W52")
    assert told.constrained
    assert told.means[0][0].mean == told.means[1][0].mean
    assert told.effect.estimate < 0


def test_a_baseline_that_nobody_has_cannot_be_shared() -> None:
    refused = one(planned("TIRED"), *with_fatigue(missing=("W0",)))
    assert refused.status == "refused"
    assert "at Baseline, so its mean there cannot be shared by the arms" in refused.why
    doubled = one(planned("TIRED", covariates=("fatigue.score",)), *with_fatigue())
    assert "cannot be a covariate and, as a constrained baseline, an outcome too" in doubled.why


def test_several_measures_of_an_endpoint_have_an_answer_each() -> None:
    results = analyse(definition(), *with_fatigue())
    quality = [answer for answer in results.answers if answer.id == "QUALITY"]
    assert [(each.measure, each.status) for each in quality] == [("eq5d", "refused"), ("eq5d5l.vas", "refused")]
    assert quality[1].label == "Quality of life over the visits: Visual analogue scale"
    blood = [answer.measure for answer in results.answers if answer.id == "BLOOD"]
    assert blood == ["biomarker.cxcl10", "biomarker.gal9", "biomarker.siglec1"]
    tired = next(answer for answer in results.answers if answer.id == "TIRED")
    assert (tired.measure, tired.status, tired.label) == (None, "done", "Fatigue over the visits")


def test_one_visit_is_not_a_course() -> None:
    seen = Observations(definition(), trial()[0])
    with pytest.raises(NotEstimable, match="fewer than two visits"):
        asked(seen, planned(endpoint="TIS12").analyses["LONGITUDINAL"], "TIS12", seen.randomised, trial()[1])


def test_analysing_a_trial_imports_no_formulas_and_no_pandas() -> None:
    program = (
        "import sys, numpy as np\n"
        "from trialwright.analysis import METHODS\n"
        "from trialwright.analysis.course import Choices, Course\n"
        "from trialwright.analysis.question import Question\n"
        "y = np.random.default_rng(1).normal(size=(20, 2))\n"
        "put = Question(np.arange(20) % 2, y[:, 1], course=Course(y, ('a', 'b'), (0.0, 1.0), 1, Choices()))\n"
        "METHODS['mmrm'].answer(put)\n"
        "assert not {'formulaic', 'pandas', 'polars', 'matplotlib'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert METHODS["mmrm"].each_measure
