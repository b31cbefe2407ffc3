"""A trial whose questionnaires are instruments and whose outcomes are declared: nothing of it is known to the code."""

import re
from pathlib import Path

import numpy as np
import pytest
from tests.plugins.editing import QUESTIONNAIRES, edited
from tests.rehearsal.test_arrays_agree import compare_trial, everything

from trialwright import design, simulate
from trialwright.analysis.baseline import variables
from trialwright.analysis.observations import Observations
from trialwright.analysis.plan import analyse
from trialwright.analysis.scores import scores
from trialwright.conduct.catalogue import catalogue
from trialwright.design.amend import changes
from trialwright.design.model import Definition
from trialwright.ledger.snapshot import Snapshot
from trialwright.measures.instruments import INSTRUMENTS, instrument
from trialwright.measures.instruments.offered import INSTRUMENTS_ALONE
from trialwright.report.build import report
from trialwright.report.outcome import better
from trialwright.report.page import html
from trialwright.simulate.crowds import Needs, imagined
from trialwright.simulate.measured import items_of, logs_of, measured
from trialwright.simulate.prepared import Spec
from trialwright.simulate.rehearsal import Rehearsed
from trialwright.simulate.replay import replayed
from trialwright.simulate.summary import outcomes
from trialwright.simulate.worlds import World

SEED, TRIAL = 3, 5
VISITS = ("SCR", "BASE", "M1", "M2", "M3")


@pytest.fixture(scope="module")
def definition() -> Definition:
    return design.read(QUESTIONNAIRES, catalogue())


@pytest.fixture(scope="module")
def program(definition: Definition) -> simulate.Program:
    return simulate.program(simulate.read(QUESTIONNAIRES), definition)


@pytest.fixture(scope="module")
def rehearsed(program: simulate.Program) -> Rehearsed:
    (cast,) = simulate.imagine(program, SEED, [TRIAL])
    return simulate.rehearse(cast)


@pytest.fixture(scope="module")
def seen(rehearsed: Rehearsed) -> Observations:
    return Observations(rehearsed.cast.program.definition, Snapshot(rehearsed.desk.state, rehearsed.desk.ledger.head()))


def test_the_check_finds_nothing_wrong_and_lacks_no_method() -> None:
    """A real trial may not be opened while a method is lacking: a score of an instrument is none that lacks."""
    reading = design.inspect(QUESTIONNAIRES, catalogue())
    assert reading.problems == ()
    assert reading.review is not None
    assert reading.review.missing_methods == ()


def test_a_reader_who_computes_nothing_gets_the_same_forms(definition: Definition) -> None:
    assert design.read(QUESTIONNAIRES, INSTRUMENTS_ALONE).forms == definition.forms


def test_the_canonical_form_needs_no_instruments(definition: Definition) -> None:
    again = design.from_canonical(design.canonical(definition))
    assert again == definition
    assert len(design.items(again, "haq")) == 41


def test_an_instrument_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    """What a derivation and a randomisation want of the form's items follows from it and is not told."""
    trial = edited(tmp_path, ("instrument: haq-di", "instrument: haq-id"), trial=QUESTIONNAIRES)
    (problem,) = design.inspect(trial, catalogue()).problems
    assert problem.message == "there is no instrument 'haq-id'"
    assert "haq-di" in (problem.suggestion or "")


def test_another_instrument_in_an_amendment_is_a_substantial_change(tmp_path: Path, definition: Definition) -> None:
    reversed_item = ("label: Item 5, answers: much}", "label: Item 5, answers: much, reversed: true}")
    licence = ("licence: none; invented for the tests", "licence: somebody's")
    amended = design.read(edited(tmp_path, reversed_item, licence, trial=QUESTIONNAIRES), catalogue())
    told = {one.path: one.substantial for one in changes(definition, amended)}
    assert told == {
        "instruments.home-strain.items.s5.reversed": True,
        "instruments.home-strain.licence": False,
    }


def test_every_item_in_arrays_is_the_one_on_the_pages(program: simulate.Program, rehearsed: Rehearsed) -> None:
    needs = everything(program)
    assert {"haq.chair", "haq.jar_opener", "strain.helped", "strength.total", "worn_out.cis17"} <= set(needs.items)
    compare_trial(rehearsed, imagined(program, SEED, [TRIAL], needs), 0)


def test_every_outcome_has_one_value_in_arrays_and_in_the_snapshot(
    program: simulate.Program, seen: Observations
) -> None:
    names = list(program.definition.derivations)
    items: dict[str, tuple[str, ...]] = {}
    logs: dict[str, tuple[str, ...]] = {}
    visits = {name: visits_of(program.definition, name) for name in names}
    for name in names:
        for held, more in ((items, items_of(program, name, visits[name])), (logs, logs_of(program, name))):
            for key, wanted in more.items():
                held[key] = tuple(dict.fromkeys((*held.get(key, ()), *wanted)))
    recorded = imagined(program, SEED, [TRIAL], Needs(items, logs))
    for name in names:
        values = scores(seen, name, seen.randomised, visits[name]).values
        np.testing.assert_array_equal(measured(recorded, name, visits[name]).values[0], values, err_msg=name)
        assert (~np.isnan(values)).any(), name


def visits_of(definition: Definition, name: str) -> tuple[str, ...]:
    """The visits after the baseline at which an endpoint asks for the measure, else all of them."""
    asked = [one.at for one in definition.endpoints.values() if name in one.measure]
    return asked[0] if asked else ("M1", "M2", "M3")


def test_a_score_of_a_visit_before_the_baseline_is_there_or_unknown(seen: Observations) -> None:
    """The clinic asks for every visit that took place: none of them may stop a derivation."""
    for name in seen.definition.derivations:
        values = scores(seen, name, seen.randomised, VISITS).values
        assert np.isnan(values[:, 0]).all() == (name != "mmt8"), name


def test_simulating_and_conducting_give_every_analysis_the_same_p_value() -> None:
    (one,) = replayed(Spec(str(QUESTIONNAIRES), SEED, (World("works"),), ("all",)), TRIAL)
    assert {row.analysis.partition(" ")[0] for row in one.both if row.compared} >= {
        "MAIN", "NOAIDS", "STRONG", "WEARY", "LIVELY", "WELL", "YEARS", "RESPONDERS", "MODERATELY", "WORSE", "DOSE",
    }  # fmt: skip
    assert [row for row in one.both if not row.equal] == []


def test_a_rehearsal_of_the_folder_reads_its_instruments() -> None:
    (one,) = outcomes(QUESTIONNAIRES, SEED, 1)
    assert one.randomised == 24
    assert one.unlike == ()
    assert one.refused == ""


@pytest.fixture(scope="module")
def reported(seen: Observations, rehearsed: Rehearsed) -> str:
    snapshot, opened = Snapshot(rehearsed.desk.state, rehearsed.desk.ledger.head()), dict(rehearsed.opened)
    results = analyse(seen.definition, snapshot, opened)
    assert [one.id for one in results.answers if one.status != "done"] == []
    return html(report(seen.definition, snapshot, opened, results))


def test_every_measure_of_an_endpoint_is_in_the_report(reported: str, definition: Definition) -> None:
    asked = {name for one in definition.endpoints.values() for name in one.measure}
    assert asked <= definition.derivations.keys()
    labels = {definition.derivations[name].label for name in asked}
    tables = re.findall(r"<caption>([^<]*) by visit</caption>", reported)
    modelled = {"MMT-8", "Energy and fatigue"}
    # The unit is named beside a label that does not hold it.
    assert {re.sub(r" \([^)]*\)$", "", caption) for caption in tables} >= labels - modelled
    assert "Strength over the visits, treatment minus reference" in reported


def test_the_report_says_what_a_questionnaire_is_and_how_much_was_left_out(reported: str) -> None:
    assert "HAQ disability index (version classic HAQ of 20 items (1980)" in reported
    assert re.search(
        r"Strain at home \(version 1\), scale Strain\. Questionnaires with an answer: \d+; scored", reported
    )
    assert re.search(r"Exhaustion: .*without a score, since too little was answered: \d+", reported)


def test_the_report_names_a_covariate_and_what_was_compared(reported: str) -> None:
    assert "adjusted for sex, HAQ disability index at baseline" in reported
    assert "EQ-5D-5L index, month 3" in reported


def test_where_less_is_better_the_lowest_bar_is_the_first(reported: str, definition: Definition) -> None:
    assert {name: better(definition, name) for name in ("haq_di", "mmt8", "tis", "daily", "core.phga")} == {
        "haq_di": "lower", "mmt8": "higher", "tis": "higher", "daily": None, "core.phga": None,
    }  # fmt: skip
    assert "dotted" not in reported  # no threshold is declared for the main measure


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_every_instrument_of_the_program_can_be_a_form_with_all_its_scores(tmp_path: Path, name: str) -> None:
    by = name.replace("-", "_")
    measures = "".join(
        f"  {by}_{scale.id}: {{method: {by}, label: L, inputs: {{form: asked}}, options: {{scale: {scale.id}}}}}\n"
        for scale in instrument(name).scales
    )
    trial = edited(
        tmp_path,
        ("forms:\n", f"forms:\n  asked: {{label: Asked, src: invented, instrument: {name}}}\n"),
        ("schedule:\n", "schedule:\n  asked: [FIRST]\n"),
        ("objectives:\n", f"derivations:\n  src: invented\n{measures}objectives:\n"),
    )
    assert design.inspect(trial, catalogue()).problems == ()


def test_the_baseline_table_has_the_strata_and_the_scores_of_the_endpoints(seen: Observations) -> None:
    """Scores that are values of a visit: no change since the baseline, no dose, nothing that is counted up."""
    rows = variables(seen, seen.randomised)
    assert {"Sex", "Age", "HAQ disability index", "Fatigue Severity Scale", "EQ-5D-5L index", "Strain"} <= set(rows)
    assert not {"Total Improvement Score", "Quality-adjusted life years", "Mean daily dose"} & set(rows)
    assert set(rows["Sex"][1]) == {"female", "male"}
    known = scores(seen, "haq_di", seen.randomised, ["BASE"]).at("BASE").tolist()
    assert list(rows["HAQ disability index"][1]) == known


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("label: Item 2, answers: much", "label: Item 2, answers: mach", "mach"),
        ("items: [s3, s4, s5]}", "items: [s3, s4, s9]}", "s9"),
        ("categories: [body, mind], raise_to", "categories: [body, mint], raise_to", "mint"),
        ("scales: [body, mind]", "scales: [body, kind]", "kind"),
        ("items: [s4, s5]", "items: [s4, s7]", "s7"),
    ],
)
@pytest.mark.parametrize("own_items", [True, False])
def test_a_name_that_is_not_there_in_an_own_instrument_is_told_once_and_breaks_nothing(
    tmp_path: Path, old: str, new: str, says: str, own_items: bool
) -> None:
    trial = edited(tmp_path, (old, new), trial=QUESTIONNAIRES)
    if not own_items:
        text = (trial / "trial.yaml").read_text(encoding="utf-8")
        form = text[text.index("  strain:\n    label") : text.index("  core:\n    label")]
        short = "  strain: {label: Strain at home, instrument: home-strain, src: invented}\n"
        (trial / "trial.yaml").write_text(text.replace(form, short), encoding="utf-8")
    problems = design.inspect(trial, catalogue()).problems
    assert problems
    assert all(problem.path.startswith("instruments.home-strain") for problem in problems), problems
    assert all(says in problem.message for problem in problems)
