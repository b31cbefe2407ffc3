"""The participants: their flow through the trial, how they were at the start, and how complete their data are."""

from collections.abc import Mapping, Sequence

import numpy as np

from trialwright.analysis.baseline import variables
from trialwright.analysis.descriptive import table as summaries
from trialwright.analysis.observations import Observations
from trialwright.analysis.plan import Results
from trialwright.analysis.populations import courses, treatment_form
from trialwright.analysis.scores import Scores
from trialwright.design.model import Definition
from trialwright.eligibility import Outcome, State
from trialwright.ledger.replay import Page, Participant
from trialwright.report.consort import consort
from trialwright.report.content import Block, Cell, Drawing, Number, Section, Table
from trialwright.report.flow import Flow, flow
from trialwright.report.words import count, say, share, summary_rows

TOGETHER = "All participants"


def groups(seen: Observations, treatments: Mapping[str, str] | None) -> dict[str, tuple[str, ...]]:
    """The randomised by arm, in the order reference first, as figures and tables show them; one group while blinded."""
    everybody = tuple(seen.randomised)
    if treatments is None:
        return {TOGETHER: everybody}
    arms = seen.definition.arms
    return {
        arms[arm].label: tuple(p for p in everybody if treatments.get(p) == arm) for arm in in_order(seen.definition)
    }


def in_order(definition: Definition) -> list[str]:
    """The arms with the experimental one last, as a difference is read: treatment minus reference."""
    return sorted(definition.arms, key=lambda arm: definition.arms[arm].kind == "experimental")


def participants_flow(seen: Observations, treatments: Mapping[str, str] | None, results: Results | None) -> Flow:
    """The flow from the ledger's state, with who received a course and who is in the primary analysis."""
    answer = results.primary if results is not None else None
    done = answer is not None and answer.status == "done"
    reasons = dict(answer.omitted) if answer is not None else {}
    form = treatment_form(seen.definition)
    received = None if form is None else {p for p in seen.randomised if courses(seen, p, form) > 0}
    return flow(
        seen.snapshot.state,
        {name: seen.definition.arms[name].label for name in in_order(seen.definition)},
        treatments,
        received,
        set(answer.analysed) if answer is not None and done else None,
        lambda person: why_excluded(seen.definition, person),
        lambda participant: reasons.get(participant, "not in the population"),
    )


def why_excluded(definition: Definition, person: Participant) -> str | None:
    """Why somebody who consented will not be randomised; None while that is open."""
    if person.withdrawn:
        return "Withdrew consent"
    if person.lost:
        return "Lost before randomisation"
    verdict = person.verdicts[-1] if person.verdicts else None
    if verdict is not None and verdict.verdict == Outcome.NOT_ELIGIBLE:
        return f"Not eligible: {_first_criterion(definition, verdict.criteria)}"
    if person.visits_stopped or person.completed:
        return person.reasons.get("visits_stopped") or "Left before randomisation"
    return None


def _first_criterion(definition: Definition, states: Mapping[str, str]) -> str:
    """The first criterion that keeps the participant out, so that each is counted once."""
    for criterion in definition.eligibility:
        if states.get(criterion.id) == State.FAILS:
            words = criterion.text if len(criterion.text) <= 70 else criterion.text[:67].rsplit(" ", 1)[0] + " ..."
            return f"{words} ({criterion.id})"
    return "criterion not recorded"


def flow_section(counted: Flow) -> Section:
    """The CONSORT diagram; its description says the same in words."""
    arms = "; ".join(f"{arm.label}: {arm.allocated} allocated" for arm in counted.arms)
    description = (
        f"{counted.approached} approached, {counted.consented} consented, {counted.randomised} randomised. {arms}."
    )
    caption = "Flow of participants, counted from the ledger; everybody stands once in each row."
    blocks: list[Block] = [
        say(
            "Of {approached} people approached, {consented} consented and {randomised} were randomised.",
            approached=count(counted.approached),
            consented=count(counted.consented),
            randomised=count(counted.randomised),
        ),
        Drawing("flow-diagram", caption, description, consort(counted), counted),
    ]
    return Section("flow", "Flow of participants", blocks)


def baseline_section(seen: Observations, arms: Mapping[str, Sequence[str]]) -> Section:
    """The baseline table: every number and code that the criteria speak of. No p values, on purpose."""
    everybody = tuple(seen.randomised)
    columns = dict(arms) if len(arms) == 1 else {**arms, "All": everybody}
    inside = [[person in set(members) for person in everybody] for members in columns.values()]
    rows: list[list[Cell]] = [["Participants", *(Number(len(members)) for members in columns.values())]]
    known = variables(seen, everybody)
    nobody = [label for label, (_, values) in known.items() if all(value is None for value in values)]
    for variable in summaries({label: row for label, row in known.items() if label not in nobody}, inside):
        rows += summary_rows(variable)
    notes = [f"Not recorded for anybody: {', '.join(label.lower() for label in nobody)}."] if nobody else []
    notes += [
        "The newest value up to randomisation. No tests: after randomisation, differences between the arms at baseline "
        "are chance by design."
    ]
    shown = Table("baseline-table", "Participants at baseline", ["", *columns], rows, notes)
    return Section("baseline", "Participants at baseline", [shown])


def quality_section(seen: Observations, scored: Scores | None) -> Section:
    """What there is at each visit, of what was planned for all randomised, and open queries; never by arm."""
    rows: list[list[Cell]] = []
    for visit, plan in seen.definition.visits.items():
        if plan.unscheduled or plan.day is None:
            continue
        people = seen.randomised
        came = [p for p in people if _came(seen, p, visit)]
        known: Cell = ""
        if scored is not None and visit in scored.visits:
            known = share(int((~np.isnan(scored.at(visit))).sum()), len(people))
        rows.append([plan.label, share(len(came), len(people)), *_pages(seen, visit, people), known])
    label = scored.label if scored is not None else "Main measure"
    columns = ["Visit", "Came to the visit", "Pages there, of those planned", f"{label} known"]
    table = Table("missing", "Completeness by visit, all randomised participants together", columns, rows)
    queries = list(seen.snapshot.state.queries.values())
    return Section(
        "quality",
        "Completeness of the data",
        [
            table,
            say(
                "Queries raised: {all}; still open or answered but not closed: {open}. Participants with a major "
                "deviation from the protocol: {major}.",
                all=count(len(queries)),
                open=count(sum(query.status != "closed" for query in queries)),
                major=count(_deviating(seen)),
            ),
        ],
    )


def _came(seen: Observations, person: str, visit: str) -> bool:
    """Whether a page of the visit is there, of those that the report's readers may know of."""
    pages = seen.participants[person].pages.items()
    return any(at == visit and seen.page_seen(form, page) for (at, form, _), page in pages)


def _pages(seen: Observations, visit: str, people: Sequence[str]) -> list[Cell]:
    """Pages with a value, or with a reason why there is none, of the unconditional pages due at the visit."""
    plain = {form for form in _plain_forms(seen.definition) if seen.page_seen(form, Page())}
    schedule = seen.definition.schedule.items()
    due = [form for form, plan in schedule if visit in plan.visits and plan.when is None and form in plain]
    there = sum((visit, form, "") in seen.participants[p].pages for p in people for form in due)
    return [share(there, len(due) * len(people))]


def _plain_forms(definition: Definition) -> set[str]:
    """Forms with one page a visit that a blinded reader may see: no logs, no repeats, nothing that is sealed whole."""
    return {
        name
        for name, form in definition.forms.items()
        if not form.log and form.repeat is None and form.blinding.value != "sealed"
    }


def _deviating(seen: Observations) -> int:
    if "deviation" not in seen.definition.forms:
        return 0
    return sum(any(row.get("major") is True for row in seen.rows(p, "deviation")) for p in seen.randomised)
