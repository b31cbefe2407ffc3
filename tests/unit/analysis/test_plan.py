"""From a snapshot to answers: who is analysed, with what, and what is said where there is no answer."""

import time
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.unit.analysis.imaginary import DAYS, core_set, day, definition, page, trial

from trialwright import design
from trialwright.analysis import METHODS, datasets
from trialwright.analysis.ancova import ancova
from trialwright.analysis.intercurrent import affected
from trialwright.analysis.observations import Observations
from trialwright.analysis.plan import Answer, analyse, effect, primary
from trialwright.analysis.populations import populations
from trialwright.analysis.scores import scores, tis_rules
from trialwright.ledger.replay import State
from trialwright.ledger.snapshot import Snapshot


def without_week_12(snapshot: Snapshot, name: str) -> None:
    snapshot.state.participants[name].pages.pop(("W12", "csm", ""), None)


def answered(answers: tuple[Answer, ...], name: str) -> Answer:
    return next(answer for answer in answers if answer.id == name)


def test_the_primary_analysis_is_the_model_of_the_definition_on_the_data_of_the_snapshot() -> None:
    """Rebuilt by hand from the frames: same participants, same covariates, same estimate."""
    snapshot, treatments = trial()
    seen = Observations(definition(), snapshot)
    tis = datasets.measure(seen, "tis", ["W12"]).drop_nulls("value")
    start = datasets.pages(seen, "csm").filter(pl.col("visit") == "W0").sort("participant")
    start = start.filter(pl.col("participant").is_in(tis["participant"].implode()))
    mmt = start.select(pl.sum_horizontal(pl.selectors.starts_with("mmt."))).to_series()
    covariates = {name: start[name].to_numpy() for name in ("phga", "ptga", "haq", "extramusc")}
    covariates |= {"mmt": mmt.to_numpy(), "ck": np.log(start["ck"].to_numpy() / start["ck_uln"].to_numpy())}
    people = [snapshot.state.participants[name] for name in tis["participant"]]
    strata = [person.allocation.levels["subtype_group"] for person in people if person.allocation]
    arm = [int(treatments[name] == "A") for name in tis["participant"]]
    by_hand = ancova(tis["value"].to_numpy(), arm, covariates, {"stratum": strata}).effect
    found = effect(primary(definition(), snapshot, treatments))
    assert found is not None
    assert (found.estimate, found.se, found.df) == pytest.approx((by_hand.estimate, by_hand.se, by_hand.df))


def test_every_planned_analysis_has_an_answer_even_if_it_is_that_there_is_none() -> None:
    results = analyse(definition(), *trial())
    assert list(dict.fromkeys(answer.id for answer in results.answers)) == list(definition().analyses)
    for answer in results.answers:
        assert (answer.status == "done") == (answer.result is not None)
        assert bool(answer.why) == (answer.status != "done")
        assert answer.method in METHODS or answer.status == "lacking"


def test_the_treatment_comes_first_in_the_contrast_and_its_effect_is_positive_when_it_helps() -> None:
    results = analyse(definition(), *trial(size=120, effect=0.5))
    answer = results.primary
    assert answer is not None
    assert answer.arms == ("Placebo and prednisone", "Immunoglobulin and prednisone")
    found = effect(answer)
    assert found is not None
    assert found.lower > 0


def test_exchanging_the_arms_changes_the_sign_alone() -> None:
    snapshot, treatments = trial()
    swapped = {name: "B" if arm == "A" else "A" for name, arm in treatments.items()}
    one, other = (effect(primary(definition(), snapshot, arms)) for arms in (treatments, swapped))
    assert one is not None
    assert other is not None
    assert (one.estimate, one.p) == pytest.approx((-other.estimate, other.p))


def test_the_order_of_the_participants_in_the_ledger_does_not_matter() -> None:
    snapshot, treatments = trial()
    people = list(snapshot.state.participants.items())[::-1]
    turned = Snapshot(replace_people(snapshot.state, dict(people)), snapshot.head)
    one, other = (effect(primary(definition(), each, treatments)) for each in (snapshot, turned))
    assert one is not None
    assert other is not None
    assert one.estimate == pytest.approx(other.estimate)


def replace_people(state: State, people: dict) -> State:
    other = State(number=state.number, version=state.version)
    other.participants = people
    return other


def test_data_observed_after_rescue_are_used() -> None:
    snapshot, treatments = trial()
    before = effect(primary(definition(), snapshot, treatments))
    rescued = next(iter(snapshot.state.participants.values()))
    row = page("2026-02-20", start="2026-02-20", drug="rituximab", reason="no_effect", deterioration_confirmed="true")
    rescued.pages[("", "rescue", "1")] = row
    assert effect(primary(definition(), snapshot, treatments)) == before


def test_a_participant_without_the_score_is_left_out_by_name_and_reason() -> None:
    snapshot, treatments = trial()
    without_week_12(snapshot, "AMC-001")
    answer = primary(definition(), snapshot, treatments)
    assert ("AMC-001", "no Total Improvement Score at Week 12") in answer.omitted
    assert "AMC-001" not in answer.analysed
    assert sum(answer.n) == len(answer.analysed) == 48 - len(answer.omitted)


def test_a_missing_core_set_measure_leaves_the_score_unknown_under_the_strict_rule() -> None:
    snapshot, _ = trial()
    snapshot.state.participants["AMC-001"].pages[("W12", "csm", "")].items["ptga"] = None
    seen = Observations(definition(), snapshot)
    assert np.isnan(scores(seen, "tis", ["AMC-001"], ["W12"]).values).all()


def test_who_died_counts_as_no_improvement_because_the_estimand_says_so() -> None:
    snapshot, treatments = trial()
    without_week_12(snapshot, "AMC-001")
    person = snapshot.state.participants["AMC-001"]
    person.pages[("UNS.1", "disposition", "")] = page("2026-03-01", status="death", death_date="2026-03-01")
    answer = primary(definition(), snapshot, treatments)
    assert "AMC-001" in answer.analysed
    assert any("died" in note for note in answer.notes)


def test_an_unopened_treatment_takes_no_part() -> None:
    snapshot, treatments = trial()
    del treatments["AMC-002"]
    assert "AMC-002" not in primary(definition(), snapshot, treatments).analysed


def test_nobody_measured_is_refused_in_a_sentence() -> None:
    snapshot, treatments = trial(size=8)
    for name in snapshot.state.participants:
        without_week_12(snapshot, name)
    answer = primary(definition(), snapshot, treatments)
    assert (answer.status, answer.n) == ("refused", (0, 0))
    assert "Nobody" in answer.why


def test_too_few_for_the_model_is_refused_in_a_sentence() -> None:
    answer = primary(definition(), *trial(size=6))
    assert answer.status == "refused"
    assert "cannot carry" in answer.why


def test_the_time_of_an_event_is_the_first_visit_that_shows_it() -> None:
    snapshot, treatments = trial(size=2)
    chance = np.random.default_rng(1)
    for name, well_from in (("AMC-001", "W8"), ("AMC-002", "never")):
        person = snapshot.state.participants[name]
        order = list(DAYS)
        start = person.pages[("W0", "csm", "")].on or ""
        for visit in order[2:]:
            well = well_from in order and order.index(visit) >= order.index(well_from)
            person.pages[(visit, "csm", "")] = core_set(day(start, DAYS[visit]), 0.0 if well else 1.6, chance)
    answer = answered(analyse(definition(), snapshot, treatments).answers, "TTE")
    curves = dict(zip(answer.arms, answer.result.curves, strict=True))
    label = definition().arms[treatments["AMC-001"]].label
    assert (curves[label].events, curves[label].median) == (1, 8.0)
    other = next(curve for name, curve in curves.items() if name != label)
    assert (other.events, other.steps[-1].time) == (0, 52.0)


def test_responders_are_counted_at_the_thresholds_that_the_analysis_lists() -> None:
    snapshot, treatments = trial()
    answer = answered(analyse(definition(), snapshot, treatments).answers, "RESPONDERS")
    assert [(cut.name, cut.threshold) for cut in answer.result] == [("minimal", 20), ("moderate", 40), ("major", 60)]
    seen = Observations(definition(), snapshot)
    values = scores(seen, "tis", list(treatments), ["W12"]).at("W12")
    for cut in answer.result:
        reached = sum(arm.count for arm in cut.comparison.arms)
        assert reached == int((values >= cut.threshold).sum())


def test_populations_follow_their_conditions() -> None:
    snapshot, _ = trial()
    members = populations(Observations(definition(), snapshot))
    people = snapshot.state.participants
    assert set(members["FAS"]) == {name for name, person in people.items() if person.allocation}
    courses = {name: sum(key[1] == "infusion" for key in person.pages) for name, person in people.items()}
    deviating = {name for name, person in people.items() if ("", "deviation", "1") in person.pages}
    assert set(members["SAF"]) == {name for name, count in courses.items() if count}
    assert set(members["PPS"]) == {n for n in members["FAS"] if courses[n] >= 3} - deviating


def test_adverse_events_of_the_arms_add_up_to_all_pages_of_the_log() -> None:
    snapshot, treatments = trial()
    events = answered(analyse(definition(), snapshot, treatments).answers, "EVENTS").result
    rows = [key for person in snapshot.state.participants.values() for key in person.pages if key[1] == "ae"]
    assert sum(events.kinds[0].events) == len(rows) == sum(sum(term.events) for term in events.terms)
    for kind in (*events.kinds, *events.terms):
        for people, count, size in zip(kind.participants, kind.events, events.sizes, strict=True):
            assert people <= min(count, size)


def test_frames_have_the_types_of_the_definition_and_an_arm_only_when_it_is_opened() -> None:
    snapshot, treatments = trial(size=6)
    seen = Observations(definition(), snapshot)
    assert "arm" not in datasets.participants(seen).columns
    opened = datasets.participants(seen, treatments)
    assert opened["arm"].drop_nulls().len() == 6
    frame = datasets.pages(seen, "csm")
    assert frame.schema["phga"] == pl.Float64
    assert frame.schema["mmt.deltoid.L.grade"] == pl.Int64
    assert frame.schema["on"] == pl.Date
    assert datasets.pages(seen, "ae").schema["serious"] == pl.Boolean


def test_a_declared_reading_of_the_score_reaches_its_rules() -> None:
    rules = tis_rules(definition().derivations["tis"].options)
    assert (rules.missing, rules.criteria.name, rules.enzyme_choice) == ("strict", "adult", "multiple_of_upper_limit")
    assert rules.enzyme_ranges["ck"].upper_limits == 15
    declared = tis_rules(
        {"missing": "lenient", "criteria": "juvenile", "enzyme_ranges": "ck 10", "enzyme": "its range"}
    )
    assert (declared.missing, declared.criteria.name, declared.enzyme_choice) == (
        "lenient",
        "juvenile",
        "value_over_range",
    )
    assert declared.enzyme_ranges["ck"].upper_limits == 10


def test_the_primary_analysis_of_a_rehearsed_trial_takes_a_few_hundredths_of_a_second() -> None:
    snapshot, treatments = trial()
    rules: dict = {}
    primary(definition(), snapshot, treatments, rules)
    spent = []
    for _ in range(3):
        began = time.process_time()
        primary(definition(), snapshot, treatments, rules)
        spent.append(time.process_time() - began)
    assert min(spent) < 0.05


def test_a_one_sided_analysis_has_the_interval_that_goes_with_it() -> None:
    plan = definition().analyses["PRIMARY"].model_copy(update={"sided": 1})
    changed = definition().model_copy(update={"analyses": {"PRIMARY": plan}})
    found = effect(primary(changed, *trial()))
    assert found is not None
    assert found.level == pytest.approx(0.9)


def test_answers_are_frozen() -> None:
    answer = primary(definition(), *trial())
    with pytest.raises(AttributeError):
        answer.status = "done"  # type: ignore[misc]
    assert replace(answer, status="lacking").status == "lacking"


def test_a_page_is_read_by_the_version_of_the_definition_under_which_it_was_entered() -> None:
    """An amendment takes the code "mild" away; events that were entered before still count as mild."""
    snapshot, treatments = trial()
    before = answered(analyse(definition(), snapshot, treatments).answers, "EVENTS").result
    codelists = {**definition().codelists, "SEVERITY": {"moderate": "moderate", "severe": "severe"}}
    amended = definition().model_copy(update={"codelists": codelists, "version": "2.0"})
    snapshot.state.versions["1.0"] = design.canonical_text(definition())
    after = answered(analyse(amended, snapshot, treatments).answers, "EVENTS").result
    assert after.kinds[0] == before.kinds[0]
    assert after.terms == before.terms


def test_what_happened_before_the_outcome_is_counted_and_what_came_after_is_not() -> None:
    snapshot, _ = trial(size=8)
    people = snapshot.state.participants
    for name, start in (("AMC-001", "2026-02-20"), ("AMC-002", "2027-02-20")):
        people[name].pages[("", "rescue", "1")] = page(start, start=start, drug="rituximab", reason="no_effect")
    people["AMC-003"].treatment_stopped = "2026-02-20T09:00:00.000000Z"
    seen = Observations(definition(), snapshot)
    everybody = seen.randomised
    assert affected(seen, "rescue", everybody, "W12") == ("AMC-001",)
    stopped = affected(seen, "discontinued_infusions", everybody, "W12")
    assert stopped is not None
    assert "AMC-003" in stopped
    assert affected(seen, "death", everybody, "W12") == ()
    assert affected(seen, "a new moon", everybody, "W12") is None


@pytest.mark.requirement("RN6")
def test_a_wrong_stratum_is_analysed_as_randomised_unless_its_true_level_is_asked_for() -> None:
    """The answer says how many were randomised under a wrong stratum; `factor.true` asks for the sensitivity."""
    snapshot, treatments = trial()
    before = primary(definition(), snapshot, treatments)
    factor = next(iter(definition().randomisation.strata))
    both = list(dict.fromkeys(definition().randomisation.strata[factor].map.values()))
    wrong = [person for person in snapshot.state.participants.values() if person.allocation][:5]
    for person in wrong:
        level = person.allocation.levels[factor] if person.allocation else ""
        person.true_levels = {factor: both[1 - both.index(level)]}
    after = primary(definition(), snapshot, treatments)
    assert effect(after) == effect(before)
    assert any("5 of " in note and "analysed as randomised" in note for note in after.notes)
    plan = next(plan for plan in definition().analyses.values() if plan.level == "primary")
    truly = tuple(f"{name}.true" if name == factor else name for name in plan.covariates)
    asked = plan.model_copy(update={"covariates": truly, "level": "primary"})
    other = definition().model_copy(update={"analyses": {"TRULY": asked}})
    assert effect(primary(other, snapshot, treatments)) != effect(before)
    assert not any("wrong stratum" in note for note in primary(other, snapshot, treatments).notes)


@pytest.mark.requirement("RN6")
def test_who_was_randomised_in_error_is_analysed_unless_a_population_leaves_them_out() -> None:
    snapshot, _ = trial()
    name = next(person.id for person in snapshot.state.participants.values() if person.allocation)
    snapshot.state.participants[name].in_error = "2026-03-02T08:00:00.000000Z"
    known = definition().populations
    first = next(iter(known.values()))
    more = {
        "ALL": first.model_copy(update={"where": "randomised"}),
        "RIGHT": first.model_copy(update={"where": "randomised and not in_error"}),
    }
    members = populations(Observations(definition().model_copy(update={"populations": {**known, **more}}), snapshot))
    assert set(members["ALL"]) - set(members["RIGHT"]) == {name}
