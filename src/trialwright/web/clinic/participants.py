"""The list of participants as a blinded person may know it: who, where, how far, what is due. No allocation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from trialwright import design
from trialwright.capture import windows
from trialwright.design.model import Blinding
from trialwright.ledger.replay import Participant
from trialwright.web import seen
from trialwright.web.clinic import words
from trialwright.web.reading import Trial
from trialwright.web.seen import Sees

_ENDED = {"withdrawn": "Withdrew consent", "lost": "Lost to follow-up", "completed": "Completed"}
_VERDICTS = {
    "not eligible": "Not eligible",
    "needs data": "Screening: data missing",
    "needs judgement": "Screening: judgement needed",
    "eligible": "Eligible",
}


@dataclass(frozen=True, slots=True)
class NextVisit:
    """The next planned visit; the dates are None until the anchor visit fixes them."""

    label: str
    earliest: date | None
    planned: date | None
    latest: date | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One participant in the list. `done` of `expected` forms so far, of those that the reader may see."""

    id: str
    site: str
    status: str
    ended: bool
    next_visit: NextVisit | None
    open_queries: int
    done: int
    expected: int


def rows(trial: Trial, sees: Sees) -> list[Row]:
    """Every participant, by id."""
    queries: dict[str, int] = {}
    for query in seen.open_queries(trial.definition, trial.state, sees):
        queries[query.participant] = queries.get(query.participant, 0) + 1
    return [
        row(trial, person, queries.get(person.id, 0), sees) for _, person in sorted(trial.state.participants.items())
    ]


def row(trial: Trial, person: Participant, open_queries: int, sees: Sees) -> Row:
    """One participant."""
    done, expected = forms(trial, person, sees)
    site = trial.definition.sites.get(person.site)
    return Row(
        person.id,
        site.name if site else person.site,
        status(person, sees),
        over(person),
        next_visit(trial, person, sees),
        open_queries,
        done,
        expected,
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A query that is not closed: its id (empty for who may not know how many others there are), the page and item that
    it is about, its text and whether it was answered."""

    id: str
    about: str
    text: str
    answered: bool


def waiting(trial: Trial, person: Participant, sees: Sees) -> list[Waiting]:
    """The queries of a participant that are not closed."""
    definition = trial.definition
    numbered = Blinding.MASKED_FOR_ASSESSORS in sees
    found = []
    for query in seen.open_queries(definition, trial.state, sees):
        if query.participant == person.id:
            visit = definition.visits.get(query.visit.partition(".")[0])
            form = definition.forms[query.form].label if query.form in definition.forms else query.form
            item = words.item_label(definition, query.form, query.item or "")[0]
            parts = (visit.label if visit else query.visit, form, item)
            found.append(
                Waiting(
                    query.id if numbered else "",
                    ", ".join(part for part in parts if part),
                    query.text,
                    query.status == "answered",
                )
            )
    return found


@dataclass(frozen=True, slots=True)
class Broken:
    """That a code was broken: when (UTC), by whom, how and under which reference; what it is stands nowhere."""

    at: str
    who: str
    how: str
    reference: str


def broken(person: Participant, sees: Sees) -> list[Broken]:
    """The openings of a participant's allocation, for who may know that there were any: assessors may not."""
    if Blinding.MASKED_FOR_ASSESSORS not in sees:
        return []
    return [
        Broken(f"{entry.shown_at[:16].replace('T', ' ')} UTC", entry.learned_by, entry.how, entry.reference)
        for entry in person.openings
    ]


def over(person: Participant) -> bool:
    """Whether no further visit is planned: taking part ended, visits stopped, or not eligible before randomisation."""
    refused = person.allocation is None and bool(person.verdicts) and person.verdicts[-1].verdict == "not eligible"
    return bool(person.ended or person.visits_stopped or refused)


def status(person: Participant, sees: Sees) -> str:
    """How far the participant is, in words. A stop of treatment often tells of an adverse event: assessors see none."""
    if person.ended:
        return _ENDED[person.ended]
    if person.visits_stopped:
        return "Visits stopped"
    if person.allocation is not None:
        stopped = person.treatment_stopped and Blinding.MASKED_FOR_ASSESSORS in sees
        drawn = "Randomised in error" if person.in_error else "Randomised"
        return f"{drawn}, treatment stopped" if stopped else drawn
    if person.verdicts:
        return _VERDICTS.get(person.verdicts[-1].verdict, person.verdicts[-1].verdict)
    return "Screening"


def visits_made(trial: Trial, person: Participant, sees: Sees) -> frozenset[str]:
    """The visits with at least one page that the reader may see."""
    return frozenset(visit for visit, _ in _pages(trial, person, sees))


def _pages(trial: Trial, person: Participant, sees: Sees) -> set[tuple[str, str]]:
    """Visit and form of the pages of visits that the reader may see."""
    return {
        (visit, form)
        for (visit, form, _), page in person.pages.items()
        if visit and seen.page_seen(trial.definition, form, page, sees)
    }


def anchor_date(trial: Trial, person: Participant, sees: Sees) -> date | None:
    """The day of the anchor visit: the first date of assessment on those of its pages that the reader may see. Another
    page's date would tell that there is one."""
    anchor = design.anchor_visit(trial.definition)
    dates = [
        page.on
        for (visit, form, _), page in person.pages.items()
        if visit == anchor and page.on and seen.page_seen(trial.definition, form, page, sees)
    ]
    return date.fromisoformat(min(dates)) if dates else None


def next_visit(trial: Trial, person: Participant, sees: Sees) -> NextVisit | None:
    """The planned visit after the last one made; None when there is none or none is expected."""
    if over(person):
        return None
    order = design.visit_order(trial.definition)
    made = visits_made(trial, person, sees)
    last = max((place for place, visit in enumerate(order) if visit in made), default=-1)
    if last + 1 >= len(order):
        return None
    visit = order[last + 1]
    label = trial.definition.visits[visit].label
    anchor = anchor_date(trial, person, sees)
    due = windows.due(trial.definition, visit, anchor) if anchor else None
    if due is None:
        return NextVisit(label, None, None, None, overdue=False)
    today = trial.now.astimezone(trial.zone(person)).date()
    return NextVisit(label, due.earliest, due.planned, due.latest, overdue=today > due.latest)


def forms(trial: Trial, person: Participant, sees: Sees) -> tuple[int, int]:
    """How many forms are done (recorded, or said not to be done) and how many are expected by now.

    Expected are the forms of every visit made or, for who still takes part, past its window. A form that depends on a
    condition counts once it is done, since only conduct can tell whether it applies.
    """
    definition = trial.definition
    made = visits_made(trial, person, sees)
    done = _pages(trial, person, sees)
    expected = set(done)
    for visit in design.visit_order(definition):
        if visit in made or (not over(person) and _past(trial, person, visit, sees)):
            for form in design.due_forms(definition, visit):
                if definition.schedule[form].when is None and seen.form_seen(definition, form, sees):
                    expected.add((visit, form))
    return len(done), len(expected)


def _past(trial: Trial, person: Participant, visit: str, sees: Sees) -> bool:
    anchor = anchor_date(trial, person, sees)
    due = windows.due(trial.definition, visit, anchor) if anchor else None
    return due is not None and trial.now.astimezone(trial.zone(person)).date() > due.latest
