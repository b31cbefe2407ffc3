"""A whole rehearsed trial on the pages: whoever reads them learns nothing of what is sealed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.test import Client
from django.utils.html import escape
from tests.pages import small_trial

from trialwright import design, simulate
from trialwright.analysis.observations import Observations
from trialwright.analysis.scores import scores as analysis_scores
from trialwright.design.derivations import blinding_of_derivation
from trialwright.design.model import Blinding, Definition
from trialwright.ledger import kinds
from trialwright.ledger.fact import Draft
from trialwright.ledger.memory import MemoryLedger
from trialwright.ledger.snapshot import Snapshot
from trialwright.web import classes, running, sessions
from trialwright.web.clinic import participants, scores, timeline
from trialwright.web.office import overview
from trialwright.web.reading import Reading

TRIAL = Path(__file__).resolve().parents[2] / "trials" / "time-is-muscle"


@pytest.fixture(scope="module")
def definition() -> Definition:
    return design.read(TRIAL)


@pytest.fixture(scope="module")
def rehearsed(definition: Definition) -> MemoryLedger:
    """One imagined trial from the first consent to the unblinding."""
    ledger = MemoryLedger()
    (cast,) = simulate.imagine(simulate.program(simulate.read(TRIAL), definition), 1, [0])
    simulate.rehearse(cast, ledger=ledger)
    return ledger


def forbidden(definition: Definition, ledger: MemoryLedger, sees: frozenset[Blinding]) -> set[str]:
    """What a page for a reader who sees these classes may not hold: arms, forms and items that are hidden, and whatever
    of sealed facts and of the list could be printed. An item is looked for as the heading of its row, since a label may
    be a common word."""
    words = {arm.label for arm in definition.arms.values()}
    for name, form in definition.forms.items():
        classed = {key: design.blinding_of(definition, name, key) for key in design.items(definition, name)}
        labels = {design.items(definition, name)[key].label for key, most in classed.items() if most not in sees}
        words.update(f'<th scope="row">{escape(label)}</th>' for label in labels)
        words.update({form.label} if not set(classed.values()) & sees else ())
    for fact in ledger.facts():
        if fact.kind in kinds.BLINDED_INVISIBLE and fact.payload:
            words.update((fact.seal[:12], fact.payload["commitment"]))
        if fact.kind == kinds.ALLOCATION_DRAWN and fact.payload:
            words.add(fact.payload["leaf"])
            words.update(set() if Blinding.MASKED_FOR_ASSESSORS in sees else {fact.payload["label"]})
    rows = {f'<th scope="row">{escape(item.label)}</th>' for name in definition.forms
            for key, item in design.items(definition, name).items()
            if design.blinding_of(definition, name, key) in sees}  # fmt: skip
    return words - rows


BANNER = "Rehearsal: every participant was made up by the simulator."


@pytest.mark.requirement("BL1", "BL2")
@pytest.mark.parametrize("role", ["monitor", "assessor"])
def test_no_page_of_a_whole_trial_shows_a_blinded_reader_what_is_hidden(
    definition: Definition, rehearsed: MemoryLedger, role: str
) -> None:
    link = sessions.Link(role)
    reading = Reading(rehearsed)
    running.start(running.Running(reading, (link,)))
    client = Client()
    client.get(f"/enter/{link.token}")
    with reading.trial() as trial:
        assert trial is not None
        assert trial.state.assignments
        people = list(trial.state.participants)
    words = forbidden(definition, rehearsed, classes.seen_by(role))
    assert len(words) > 100
    for address in ("/overview", "/participants", *(f"/participants/{person}" for person in people[::3])):
        answer = client.get(address)
        assert answer.status_code == 200
        page = answer.content.decode()
        assert [word for word in words if word in page] == []
        assert BANNER in page


def test_the_site_sees_what_is_ready_and_an_assessor_nothing_of_it(rehearsed: MemoryLedger) -> None:
    """Label, days and until when they may be given, for each course from its hour on; never a lot or a product."""
    with Reading(rehearsed).trial() as trial:
        assert trial is not None
        person = next(person for person in trial.state.participants.values() if person.ready)
        shown = {
            role: [
                one for one in timeline.entries(trial, person, classes.seen_by(role)) if one.what == "Treatment ready"
            ]
            for role in ("nurse", "assessor")
        }
    assert shown["assessor"] == []
    assert len(shown["nurse"]) == len(person.ready) > 1
    assert person.allocation is not None
    for entry in shown["nurse"]:
        names = dict(entry.details)
        assert list(names) == ["Label on the bags", "Day", "To be given until"]
        assert names["Label on the bags"] == person.allocation.label
        assert names["To be given until"].endswith("(Europe/Amsterdam)")
        assert f"{entry.at_site:%M}" == "00"


def test_the_clinic_sees_the_scores_that_the_analysis_computes(definition: Definition, rehearsed: MemoryLedger) -> None:
    """The page asks the functions of the analysis, and shows their numbers at the visits that were made."""
    with Reading(rehearsed).trial() as trial:
        assert trial is not None
        person = next(one for one in trial.state.participants.values() if one.completed)
        shown = scores.computed(trial, person, classes.seen_by("nurse"))
        observed = Observations(trial.definition, Snapshot(trial.state, trial.head))
        visits = [name for name in design.visit_order(definition) if definition.visits[name].label in shown.visits]
        told = analysis_scores(observed, "tis", [person.id], visits)
    assert shown is not None
    row = next(row for row in shown.rows if row.label == definition.derivations["tis"].label)
    assert [cell.value for cell in row.cells] == [f"{value:g}" if value == value else "" for value in told.values[0]]
    assert {cell.category for cell in row.cells} <= {"", "minimal", "moderate", "major"}


@pytest.mark.requirement("BL2")
@pytest.mark.parametrize(("item", "sees_it"), [("csm.phga", True), ("infusion.volume", True), ("igg.igg", False)])
def test_a_score_is_shown_to_who_may_see_everything_that_it_rests_on(
    definition: Definition, rehearsed: MemoryLedger, item: str, sees_it: bool
) -> None:
    inputs = definition.derivations["tis"].inputs | {"phga": item}
    derivation = definition.derivations["tis"].model_copy(update={"inputs": inputs})
    other = definition.model_copy(update={"derivations": {"mine": derivation, "of_mine": derivation.model_copy(
        update={"inputs": {"phga": "mine"}})}})  # fmt: skip
    for name in ("mine", "of_mine"):
        assert (blinding_of_derivation(other, name) in classes.seen_by("nurse")) is sees_it
    assert (blinding_of_derivation(other, "mine") in classes.seen_by("assessor")) is (item == "csm.phga")
    with Reading(rehearsed).trial() as trial:
        assert trial is not None
        person = next(one for one in trial.state.participants.values() if one.completed)
        if not sees_it:
            assert scores.computed(replace(trial, definition=other), person, classes.seen_by("nurse")) is None


def test_a_real_trial_has_no_banner_of_a_rehearsal() -> None:
    reading = Reading(small_trial.written())
    running.start(running.Running(reading))
    assert BANNER not in Client().get("/").content.decode()


@pytest.mark.requirement("BL2")
@pytest.mark.parametrize("role", ["monitor", "assessor"])
def test_without_the_sealed_facts_every_page_says_the_same(role: str) -> None:
    """Not even that something sealed exists may be told: the pages are a function of the facts that may be seen."""
    whole, bare = small_trial.written(), MemoryLedger()
    for fact in whole.facts():
        hidden = fact.form == "sealedform" or (fact.payload or {}).get("query") == "Q-3"
        if not hidden:
            draft = Draft(
                fact.at, fact.by, fact.role, fact.kind, fact.version, fact.payload or {}, "ab" * 16,
                fact.participant, fact.visit, fact.form, fact.repeat, fact.why,
            )  # fmt: skip
            with bare.act():
                bare.append(draft)
    assert bare.head().number < whole.head().number
    assert said(whole, role) == said(bare, role)


def said(ledger: MemoryLedger, role: str) -> str:
    """Everything that the staff pages are made from, without seals, which are a matter of the chain."""
    sees = classes.seen_by(role)
    with Reading(ledger, lambda: small_trial.NOW).trial() as trial:
        assert trial is not None
        content = [
            overview.overview(trial, sees).steps,
            participants.rows(trial, sees),
            *(timeline.entries(trial, person, sees) for person in trial.state.participants.values()),
            *(participants.waiting(trial, person, sees) for person in trial.state.participants.values()),
        ]
    return re.sub(r"seal='[0-9a-f]+'", "", repr(content))
