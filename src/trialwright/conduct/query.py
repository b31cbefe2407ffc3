"""Ask, answer, close and reopen a query."""

from collections.abc import Sequence

from trialwright.capture import Finding
from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person
from trialwright.conduct.refusal import Refused
from trialwright.design.model import CheckLevel
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import PageKey, Query


def open_query(
    desk: Desk,
    by: Person,
    version: str,
    participant: str,
    place: PageKey,
    item: str | None,
    text: str,
    check: str | None = None,
    why: str | None = None,
) -> Fact:
    """Append an opened query about a page; `check` names the edit check that asked it. Inside an act only."""
    payload = {"query": f"Q{len(desk.state.queries) + 1}", "item": item, "text": text, "check": check}
    return desk.append(by, kinds.QUERY_OPENED, payload, version, participant, *place, why)


def ask_once(desk: Desk, by: Person, version: str, page: Fact, findings: Sequence[Finding]) -> None:
    """Ask what the edit checks ask about a page that was just saved; a question that still waits is not asked twice."""
    place = page.visit or "", page.form or "", page.repeat or ""
    for finding in findings:
        if finding.level is not CheckLevel.QUERY:
            continue
        waiting = any(
            query.status != "closed"
            and query.check == finding.about
            and (query.participant, query.visit, query.form, query.repeat) == (page.participant, *place)
            for query in desk.state.queries.values()
        )
        if not waiting:
            open_query(desk, by, version, page.participant or "", place, finding.item, finding.says, finding.about)


def ask_query(
    desk: Desk,
    *,
    participant: str,
    form: str,
    text: str,
    by: Person,
    visit: str = "",
    repeat: str = "",
    item: str | None = None,
    why: str | None = None,
) -> Fact:
    """Ask the site about a page or one of its items."""
    with desk.act("ask_query", by):
        desk.require_unlocked(visit)
        person = desk.participant(participant, by)
        _require_text(text)
        version = desk.version_at(person.site)
        if (visit, form, repeat) not in person.pages:
            raise Refused(f"{participant} has no page {form} at {visit or 'the log'}; there is nothing to ask.", "page")
        rules = desk.protocol(person.pages[visit, form, repeat].version).form(form)
        if item is not None and item not in rules.items:
            raise Refused(f"Form {form} has no item '{item}'.", "item")
        now = desk.protocol(version)
        if item in rules.sealed or (form in now.definition.forms and item in now.form(form).sealed):
            raise Refused(
                f"{rules.items[item].label} is sealed, and a query can be read by everybody; ask an unblinded person.",
                "blinding",
            )
        return open_query(desk, by, version, participant, (visit, form, repeat), item, text, why=why)


def answer_query(desk: Desk, *, query: str, text: str, by: Person, why: str | None = None) -> Fact:
    """Answer an open query; a corrected value is recorded on the page itself."""
    return _move(desk, "answer_query", query, text, by, why, kinds.QUERY_ANSWERED, {"open"})


def close_query(desk: Desk, *, query: str, text: str, by: Person, why: str | None = None) -> Fact:
    """Close an answered query, or an open one with the reason in the text."""
    return _move(desk, "close_query", query, text, by, why, kinds.QUERY_CLOSED, {"open", "answered"})


def reopen_query(desk: Desk, *, query: str, text: str, by: Person, why: str | None = None) -> Fact:
    """Ask again what was answered or closed, as a query of its own that names the old one."""
    with desk.act("ask_query", by):
        old = _existing(desk, query)
        desk.require_unlocked(old.visit)
        _require_text(text)
        if old.status == "open":
            raise Refused(f"{query} is open; it needs an answer, not a new question.", "query")
        person = desk.participant(old.participant, by)
        version, place = desk.version_at(person.site), (old.visit, old.form, old.repeat)
        again = f"{text} (again, after {query})"
        return open_query(desk, by, version, person.id, place, old.item, again, old.check, why)


def _move(
    desk: Desk, verb: str, query: str, text: str, by: Person, why: str | None, kind: str, allowed: set[str]
) -> Fact:
    with desk.act(verb, by):
        asked = _existing(desk, query)
        desk.require_unlocked(asked.visit)
        person = desk.participant(asked.participant, by)
        _require_text(text)
        if asked.status not in allowed:
            needed = " or ".join(sorted(allowed))
            raise Refused(f"{query} is {asked.status}; only a query that is {needed} can move on.", "query")
        version = desk.version_at(person.site)
        return desk.append(
            by,
            kind,
            {"query": query, "text": text},
            version,
            person.id,
            asked.visit,
            asked.form,
            asked.repeat,
            why,
        )


def _existing(desk: Desk, query: str) -> Query:
    asked = desk.state.queries.get(query)
    if asked is None:
        raise Refused(f"There is no query {query}.", "unknown")
    return asked


def _require_text(text: str) -> None:
    if not text or not text.strip():
        raise Refused("A query needs words: say what is asked or answered.", "text")
