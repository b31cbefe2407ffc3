"""What the lists and time lines say, from the facts of the small trial."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from tests.pages import small_trial

from trialwright.design.model import Blinding
from trialwright.ledger import kinds
from trialwright.ledger.canonical import instant_text
from trialwright.ledger.fact import Draft
from trialwright.web import classes, running, seen, sessions
from trialwright.web.clinic import participants, timeline
from trialwright.web.office import overview
from trialwright.web.reading import Reading, Trial

MONITOR = classes.seen_by("monitor")
ASSESSOR = classes.seen_by("assessor")


@pytest.fixture
def trial(reading: Reading) -> Trial:
    with reading.trial() as now:
        assert now is not None
        return now


def rows(trial: Trial, sees: seen.Sees) -> dict[str, participants.Row]:
    return {row.id: row for row in participants.rows(trial, sees)}


def test_a_participant_stands_where_the_last_facts_put_them(trial: Trial) -> None:
    assert {name: row.status for name, row in rows(trial, MONITOR).items()} == {
        "AMS-001-K": "Randomised",
        "AMS-002-P": "Not eligible",
        "AMS-003-Q": "Screening",
    }


def test_the_next_visit_is_due_in_its_window_counted_from_the_first_treatment(trial: Trial) -> None:
    visit = rows(trial, MONITOR)["AMS-001-K"].next_visit
    assert visit is not None
    assert (visit.label, visit.earliest, visit.planned, visit.latest) == (
        "Week 12", date(2026, 5, 25), date(2026, 6, 1), date(2026, 6, 8),
    )  # fmt: skip
    assert visit.overdue


def test_before_the_first_treatment_the_next_visit_has_no_dates_and_after_a_refusal_there_is_none(trial: Trial) -> None:
    found = rows(trial, MONITOR)
    before = found["AMS-003-Q"].next_visit
    assert before is not None
    assert (before.label, before.planned, before.overdue) == ("Screening", None, False)
    assert found["AMS-002-P"].next_visit is None


def test_forms_and_queries_that_a_reader_may_not_see_are_not_counted(trial: Trial) -> None:
    mine, theirs = rows(trial, MONITOR)["AMS-001-K"], rows(trial, ASSESSOR)["AMS-001-K"]
    assert (mine.done, mine.expected, mine.open_queries) == (4, 5, 1)
    assert (theirs.done, theirs.expected, theirs.open_queries) == (3, 4, 1)


def test_the_time_line_says_who_when_what_and_why_in_the_zone_of_the_site(trial: Trial) -> None:
    person = trial.state.participants["AMS-001-K"]
    correction = timeline.entries(trial, person, MONITOR)[2]
    assert (correction.by, correction.role, correction.what, correction.where) == (
        "nurse.j", "Investigator", "Page recorded", "Screening, Tiredness score",
    )  # fmt: skip
    assert correction.changes == (timeline.Change("Total", "points", "40", "41"),)
    assert correction.why == "A slip"
    assert correction.at_site.tzinfo == ZoneInfo("Europe/Amsterdam")
    assert correction.at_site == correction.at_utc
    facts = [fact for fact in small_trial.written().facts() if fact.why == "A slip"]
    assert [correction.seal] == [fact.seal[:12] for fact in facts]


def test_items_stand_in_the_order_of_the_form_and_criteria_by_their_state(trial: Trial) -> None:
    entries = timeline.entries(trial, trial.state.participants["AMS-001-K"], MONITOR)
    assert [change.label for change in entries[1].changes] == ["Total", "Mood"]
    (decided,) = [entry for entry in entries if entry.what == "Eligibility decided"]
    assert decided.details == (("Verdict", "eligible"), ("As of", "2026-03-02"), ("Met", "I1"), ("Not met", "E1"))


def test_codes_are_shown_by_their_words_and_randomisation_without_a_treatment(trial: Trial) -> None:
    entries = timeline.entries(trial, trial.state.participants["AMS-001-K"], MONITOR)
    assert timeline.Change("Mood", "", None, "tired") in entries[1].changes
    (drawn,) = [entry for entry in entries if entry.what == "Randomised"]
    assert dict(drawn.details) == {
        "Strata": "Mood group: any",
        "Label": "LBL-4711",
        "Treatment": "not known to anybody who reads this page",
    }


def test_sealed_facts_leave_no_trace_in_the_time_line(trial: Trial) -> None:
    entries = timeline.entries(trial, trial.state.participants["AMS-001-K"], MONITOR)
    said = repr(entries)
    assert not [word for word in small_trial.SECRET_WORDS if word in said]
    sealed = [fact for fact in small_trial.written().facts() if fact.kind == kinds.SEALED_KEPT]
    assert sealed
    assert all(fact.seal[:12] not in said for fact in sealed)


@given(st.sets(st.sampled_from(list(Blinding))))
def test_whatever_classes_are_asked_for_sealed_kinds_are_never_visible(asked: set[Blinding]) -> None:
    ledger = small_trial.written()
    with Reading(ledger).trial() as trial:
        assert trial is not None
        facts = trial.facts_of("AMS-001-K")
        shown = list(seen.visible(trial.definition, trial.state, facts, frozenset(asked)))
    assert all(fact.kind not in kinds.BLINDED_INVISIBLE for fact in shown)
    assert [fact.number for fact in shown] == sorted(fact.number for fact in shown)


def test_the_overview_counts_everybody_once_and_nobody_by_arm(trial: Trial) -> None:
    found = overview.overview(trial, MONITOR)
    assert [(step.label, step.count) for step in found.steps][:3] == [
        ("Considered", 4), ("Gave consent", 3), ("Randomised", 1),
    ]  # fmt: skip
    assert found.steps[0].reasons == (("Too far away", 1),)
    assert found.steps[1].reasons == (("Not eligible", 1), ("Screening", 1))
    assert (found.randomised, found.planned, found.open_queries, found.overdue) == (1, 4, 1, 1)
    assert "Xylo" not in repr(found)


def test_who_goes_on_to_consent_is_counted_once() -> None:
    pen = small_trial.Writer(small_trial.written(), small_trial.NOW)
    pen.add(kinds.PRESCREEN_LOGGED, {"site": "AMS", "outcome": kinds.TO_BE_SCREENED, "reason": ""})
    with Reading(pen.ledger).trial() as trial:
        assert trial is not None
        assert overview.overview(trial, MONITOR).steps[0].count == 4


def test_an_assessor_is_not_told_that_treatment_stopped() -> None:
    pen = small_trial.Writer(small_trial.written(), small_trial.NOW)
    pen.add(kinds.TREATMENT_STOPPED, {"reason": "Stomach upset"}, participant="AMS-001-K")
    with Reading(pen.ledger).trial() as trial:
        assert trial is not None
        person = trial.state.participants["AMS-001-K"]
        assert [participants.status(person, sees) for sees in (MONITOR, ASSESSOR)] == [
            "Randomised, treatment stopped", "Randomised",
        ]  # fmt: skip
        shown = [[entry.what for entry in timeline.entries(trial, person, sees)] for sees in (MONITOR, ASSESSOR)]
        steps = [[step.label for step in overview.overview(trial, sees).steps] for sees in (MONITOR, ASSESSOR)]
    assert ["Treatment stopped" in found for found in shown] == [True, False]
    assert ["Stopped treatment" in found for found in steps] == [True, False]


def test_what_is_redacted_is_gone_from_the_pages_too() -> None:
    ledger = small_trial.written()
    follower = Reading(ledger)
    assert "Stomach upset" in repr(first_time_line(follower))
    (number,) = [fact.number for fact in ledger.facts() if fact.form == "ae"]
    place = {"participant": small_trial.FIRST, "visit": "", "form": "ae", "repeat": "1", "why": "A name stood there"}
    redaction = {"fact": str(number), "items": ["term"], "kept": {}}
    at = instant_text(small_trial.NOW)
    with ledger.act():
        ledger.append(Draft(at, "d.m", "data_manager", kinds.PAYLOAD_REDACTED, "1.0", redaction, "cd" * 16, **place))
        ledger.redact(number)
    entries = first_time_line(follower)
    assert "Stomach upset" not in repr(entries)
    assert [entry.why for entry in entries if entry.what == "Values redacted"] == ["A name stood there"]


def first_time_line(reading: Reading) -> list[timeline.Entry]:
    with reading.trial() as trial:
        assert trial is not None
        return timeline.entries(trial, trial.state.participants[small_trial.FIRST], MONITOR)


def test_a_reading_catches_up_with_facts_that_others_append(reading: Reading) -> None:
    pen = small_trial.Writer(small_trial.written(), small_trial.NOW)
    follower = Reading(pen.ledger)
    with follower.trial() as before:
        assert before is not None
        assert len(before.state.participants) == 3
    pen.add(kinds.CONSENT_GIVEN, small_trial.CONSENT, participant="AMS-004-R")
    with follower.trial() as after:
        assert after is not None
        assert len(after.state.participants) == 4


def broken_reading() -> Reading:
    """The small trial after a code break, an accident and an alarm."""
    pen = small_trial.Writer(small_trial.written(), small_trial.NOW)
    told = {
        "how": "break host", "category": "emergency", "label": "LBL-4711", "learned_by": "dr.night",
        "shown_at": "2026-06-30T01:10:00.000000Z", "reference": "BH1-00001", "commitment": None,
    }  # fmt: skip
    pen.add("code.broken", told, role="break_host", participant=small_trial.FIRST)
    said = {"who": ["a.b"], "how": "conversation", "what": "suspicion", "impact": "none", "commitment": "777.77"}
    pen.add("unblinding.reported", said, role="nurse", participant=small_trial.FIRST)
    about = {"alarm": "many code breaks", "about": {"breaks": "3"}}
    pen.add("alarm.raised", about, role="break_host", participant=small_trial.FIRST)
    return Reading(pen.ledger, lambda: pen.at)


@pytest.mark.requirement("BL5", "BL7", "BL2")
@pytest.mark.parametrize(("role", "seen"), [("monitor", True), ("assessor", False)])
def test_that_a_code_was_broken_stands_on_the_page_for_all_but_assessors(role: str, seen: bool) -> None:
    link = sessions.Link(role)
    running.start(running.Running(broken_reading(), (link,)))
    client = Client()
    client.get(f"/enter/{link.token}")
    page = " ".join(client.get(f"/participants/{small_trial.FIRST}").content.decode().split())
    words = (
        "dr.night",
        "BH1-00001",
        "Code broken",
        "The participant goes on",
        "Unblinding reported",
        "many code breaks",
    )
    assert [word in page for word in words] == [seen] * len(words)
    assert not any(word in page for word in small_trial.SECRET_WORDS)
