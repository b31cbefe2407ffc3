"""Log a pre-screening, judge a criterion, screen a participant: the way to a verdict."""

from datetime import date
from decimal import Decimal
from typing import Any

from trialwright import eligibility, logic
from trialwright.conduct.consent import require_consent
from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person, require_site
from trialwright.conduct.protocol import Protocol
from trialwright.conduct.refusal import Refused
from trialwright.design import model
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import Page, Participant

PRESCREENED = {
    "not eligible": "does not fulfil the criteria",
    "declined": "could take part and did not want to",
    "other": "another reason",
    kinds.TO_BE_SCREENED: "goes on to consent",
}


def prescreen(desk: Desk, *, site: str, outcome: str, reason: str, by: Person, why: str | None = None) -> Fact:
    """Log one person who was considered before any consent: no number, no date of birth, nothing that identifies
    (CONSORT flow)."""
    with desk.act("prescreen", by):
        desk.require_unlocked()
        require_site(by, site)
        version = desk.version_at(site)
        if outcome not in PRESCREENED:
            raise Refused(f"'{outcome}' is not an outcome of pre-screening: {', '.join(PRESCREENED)}.", "outcome")
        if len(reason) > 80:
            raise Refused(
                "Keep the reason of a pre-screening under 80 characters; it must not identify anybody.", "reason"
            )
        return desk.append(
            by, kinds.PRESCREEN_LOGGED, {"site": site, "outcome": outcome, "reason": reason}, version, why=why
        )


def judge(desk: Desk, *, participant: str, criterion: str, answer: bool, by: Person, why: str) -> Fact:
    """Answer a question that a criterion leaves to a person; the name and the reason stay with the answer."""
    with desk.act("judge", by):
        desk.require_unlocked()
        person = desk.participant(participant, by)
        desk.require_taking_part(person)
        if person.allocation:
            raise Refused(f"{participant} is randomised already; the judgements at that moment stand.", "randomised")
        version = desk.version_at(person.site)
        questions = desk.protocol(version).criteria.questions
        question = questions.get(criterion.partition("[")[0])
        if question is None:
            raise Refused(
                f"No criterion asks for a judgement '{criterion}'; judgements are asked by {', '.join(questions)}.",
                "judgement",
            )
        if not why or not why.strip():
            raise Refused("A judgement needs its reason in words.", "reason")
        payload = {
            "criterion": criterion,
            "question": question,
            "answer": "yes" if answer else "no",
            "name": by.name or by.id,
        }
        return desk.append(by, kinds.ELIGIBILITY_JUDGED, payload, version, participant, why=why)


def screen(desk: Desk, *, participant: str, by: Person, why: str | None = None) -> Fact:
    """Record the verdict that the pages and judgements so far give."""
    with desk.act("screen", by) as state:
        desk.require_unlocked()
        person = desk.participant(participant, by)
        desk.require_taking_part(person)
        require_consent(desk, state, person)
        if person.allocation:
            raise Refused(f"{participant} is randomised already; the verdict at that moment stands.", "randomised")
        version = desk.version_at(person.site)
        protocol = desk.protocol(version)
        verdict = current_verdict(protocol, person)
        payload = {
            "verdict": verdict.overall.value,
            "criteria": {entry.id: entry.state.value for entry in verdict.criteria},
            "anchor": anchor(protocol, person).isoformat(),
            "missing": sorted(verdict.missing_names),
        }
        return desk.append(by, kinds.ELIGIBILITY_VERDICT, payload, version, participant, why=why)


def anchor(protocol: Protocol, person: Participant) -> date:
    """The date of screening: the earliest assessment on a page of the screening visit. Every window of a criterion
    hangs on it."""
    dates = [page.on for (visit, _, _), page in person.pages.items() if visit == protocol.screening and page.on]
    if not dates:
        raise Refused(
            f"{person.id} has no dated page of visit {protocol.screening}; record the screening pages first.",
            "screening",
        )
    return date.fromisoformat(min(dates))


def current_verdict(protocol: Protocol, person: Participant) -> eligibility.Verdict:
    """The verdict on the newest pages up to the randomisation visit, windows anchored at screening."""
    facts = known_facts(protocol, person)
    weight = facts.get("weight")
    context = logic.Context(
        dates={"screening": anchor(protocol, person)},
        zone=protocol.definition.sites[person.site].zone,
        weight=weight if isinstance(weight, Decimal | int) else None,
    )
    return eligibility.verdict(protocol.criteria, facts, context, _judgements(person))


def _judgements(person: Participant) -> list[eligibility.Judgement]:
    return [
        eligibility.Judgement(
            about=about.partition("[")[0],
            by=given["name"],
            answer=given["answer"] == "yes",
            why=given["why"],
            item=about.partition("[")[2].rstrip("]") or None,
        )
        for about, given in person.judgements.items()
    ]


def known_facts(protocol: Protocol, person: Participant) -> dict[str, Any]:
    """What is known of the participant, by the names that the criteria use."""
    pages = newest_pages(protocol, person)
    facts: dict[str, Any] = {name: bool(person.scopes.get(scope)) for name, scope in protocol.consent_facts}
    for name, form, item in protocol.item_facts:
        if form in pages:
            visit, page = pages[form]
            value = protocol.form(form).value(page.items, item, visit)
            if value is not None:
                facts[name] = value
    for name, form, fact in protocol.log_facts:
        rows = log_rows(protocol, person, form)
        if rows is not None:
            facts[name] = _with_units(protocol, form, rows, fact)
    return facts


def _with_units(
    protocol: Protocol, form: str, rows: tuple[dict[str, Any], ...], fact: model.Fact
) -> tuple[dict[str, Any], ...]:
    """The rows with the item's unit beside every number whose field may carry one of several units."""
    items = protocol.form(form).items
    units = {
        field: unit
        for field, kind in fact.fields.items()
        if kind.type == "quantity" and kind.unit is None and field in items and (unit := items[field].unit)
    }
    return tuple(
        {
            field: logic.Quantity(value, units[field]) if field in units and value is not None else value
            for field, value in row.items()
        }
        for row in rows
    )


def newest_pages(protocol: Protocol, person: Participant) -> dict[str, tuple[str, Page]]:
    """Form -> its page at the latest visit up to the randomisation visit."""
    last = protocol.position[protocol.definition.randomisation.visit]
    newest: dict[str, tuple[str, Page]] = {}
    for (visit, form, _), page in person.pages.items():
        place = protocol.position.get(visit)
        if place is None or place > last or not page.items:
            continue
        if form not in newest or protocol.position[newest[form][0]] < place:
            newest[form] = (visit, page)
    return newest


def log_rows(protocol: Protocol, person: Participant, form: str) -> tuple[dict[str, Any], ...] | None:
    """The rows of a log as mappings, without those that were cleared; an empty tuple is the answer «none known», None
    is no answer."""
    rules = protocol.form(form)
    rows = [
        {**rules.values(page.items), "key": repeat}
        for (_, name, repeat), page in person.pages.items()
        if name == form and repeat != "0" and any(text is not None for text in page.items.values())
    ]
    if rows:
        return tuple(rows)
    return () if ("", form, "0") in person.pages else None
