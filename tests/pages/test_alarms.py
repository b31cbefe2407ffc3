"""What alarms and a participant's warnings say, to whom, and for how long."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.template.loader import render_to_string
from tests.pages import small_trial

from trialwright.ledger import kinds
from trialwright.web import alarms, classes
from trialwright.web.clinic import participants, timeline, warnings
from trialwright.web.reading import Reading
from trialwright.web.seen import Sees

MONITOR = classes.seen_by("monitor")
ASSESSOR = classes.seen_by("assessor")
FIRST = small_trial.FIRST


def after(*facts: tuple[str, Mapping[str, Any], str | None]) -> Reading:
    """The small trial with these facts at its end."""
    pen = small_trial.Writer(small_trial.written(), small_trial.NOW)
    for kind, payload, participant in facts:
        pen.add(kind, payload, participant=participant)
    return Reading(pen.ledger)


def alarm(name: str, **about: str) -> tuple[str, Mapping[str, Any], None]:
    return kinds.ALARM_RAISED, {"alarm": name, "about": about}, None


def said(reading: Reading, sees: Sees) -> list[str]:
    with reading.trial() as trial:
        assert trial is not None
        return [shown.says for shown in alarms.alarms(trial, sees)]


@pytest.mark.requirement("RN7")
def test_an_exhausted_or_damaged_list_is_shown_to_everybody_with_what_to_do() -> None:
    reading = after(
        alarm(kinds.LIST_EXHAUSTED, stratum="mood:any"),
        alarm(kinds.LIST_DAMAGED, stratum="mood:any"),
        alarm(kinds.LIST_EXHAUSTED, stratum="mood:any"),
    )
    for sees in (MONITOR, ASSESSOR):
        assert said(reading, sees) == [
            "No slot is left in stratum mood:any: enrol nobody in it until the list is extended.",
            "The allocation list of stratum mood:any is not as it was committed: randomise nobody, verify the ledger.",
        ]
    with reading.trial() as trial:
        assert trial is not None
        page = render_to_string("alarms.html", {"alarms": alarms.alarms(trial, MONITOR)})
    assert page.count("<li>") == 2
    assert "Raised" in page


def test_without_alarms_nothing_is_shown() -> None:
    assert said(after(), MONITOR) == []
    assert render_to_string("alarms.html", {"alarms": ()}).strip() == ""


@pytest.mark.requirement("RN7")
def test_a_change_of_the_list_answers_its_alarms() -> None:
    exhausted = alarm(kinds.LIST_EXHAUSTED, stratum="mood:any")
    proposed = (kinds.LIST_CHANGE_PROPOSED, {"change": "extend", "digest": "00"}, None)
    with after(exhausted, proposed).trial() as trial:
        assert trial is not None
        number = trial.head.number
    payload = {"change": "extend", "digest": "00", "proposal": str(number), "root": "00", "annex": "00", "slots": {}}
    changed = (kinds.LIST_CHANGED, payload, None)
    assert said(after(exhausted, proposed, changed), MONITOR) == []
    assert len(said(after(exhausted, proposed, changed, exhausted), MONITOR)) == 1


@pytest.mark.requirement("BL2")
def test_an_assessor_sees_no_alarm_of_a_code_break_and_nobody_one_that_has_no_words() -> None:
    reading = after(
        alarm(kinds.MANY_BREAKS, breaks="3", days="7"),
        alarm(kinds.UNKNOWN_LABEL, label="LBL-4711", who="p01"),
        alarm("something new", stratum="mood:any"),
    )
    assert said(reading, ASSESSOR) == []
    assert said(reading, MONITOR) == [
        "A code was broken for a label that nobody has: find out why.",
        "3 code breaks in 7 days: find out why.",
    ]


@pytest.mark.requirement("RN6")
def test_a_wrong_stratum_and_a_randomisation_in_error_stand_at_the_head_of_the_page() -> None:
    reading = after(
        (kinds.STRATUM_CORRECTED, {"levels": {"mood": "low"}, "stratum": "mood:low"}, FIRST),
        (kinds.RANDOMISED_IN_ERROR, {"reason": "aged 17"}, FIRST),
    )
    with reading.trial() as trial:
        assert trial is not None
        person = trial.state.participants[FIRST]
        found = warnings.warnings(trial, person)
        entries = timeline.entries(trial, person, ASSESSOR)
        assert participants.status(person, ASSESSOR) == "Randomised in error"
    assert len(found) == 2
    assert "Randomised under a wrong stratum" in found[0]
    assert found[0].index("any") < found[0].index("low")
    assert "analysis goes by the stratum as randomised" in found[0]
    assert "Randomised in error: aged 17" in found[1]
    assert [entry.what for entry in entries[-2:]] == [
        "True stratum recorded; the allocation stands",
        "Found to be randomised in error; the allocation stands",
    ]
    assert entries[-2].details[0][0] == "True strata"


@pytest.mark.requirement("RN6")
def test_a_correction_that_was_taken_back_warns_no_more() -> None:
    levels = small_trial.DRAWN["levels"]
    back = {"levels": levels, "stratum": small_trial.DRAWN["stratum"]}
    wrong = (kinds.STRATUM_CORRECTED, {"levels": {"mood": "low"}, "stratum": "mood:low"}, FIRST)
    with after(wrong, (kinds.STRATUM_CORRECTED, back, FIRST)).trial() as trial:
        assert trial is not None
        assert warnings.warnings(trial, trial.state.participants[FIRST]) == []
