"""A fact as a reader with these classes may know it: whole, in part, or not at all.

What is sealed does not exist here: neither its facts nor its items, queries, signatures or reasons for absence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trialwright import design, logic
from trialwright.capture.form import FormRules
from trialwright.design.derivations import blinding_of_derivation
from trialwright.design.forms import kept
from trialwright.design.model import Blinding, Definition
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import Page, Query, State

Sees = frozenset[Blinding]


_QUERIES = frozenset({kinds.QUERY_OPENED, kinds.QUERY_ANSWERED, kinds.QUERY_CLOSED})
_PAGES = frozenset({kinds.PAGE_RECORDED, kinds.PAYLOAD_REDACTED})


def visible(definition: Definition, state: State, facts: Iterable[Fact], sees: Sees) -> Iterator[Fact]:
    """The facts that these classes allow, each without the items that they do not."""
    for fact in facts:
        if fact.kind in kinds.BLINDED_INVISIBLE or (fact.kind in NOT_FOR_ASSESSORS and _assessor(sees)):
            continue
        if fact.kind in _QUERIES:
            if _query_fact_seen(definition, state, fact, sees):
                yield fact
        elif fact.form is None:
            yield fact
        elif fact.kind in _PAGES:
            if page := _page(definition, fact, sees):
                yield page
        elif form_seen(definition, fact.form, sees):
            yield fact


NOT_FOR_ASSESSORS = frozenset(
    {
        kinds.TREATMENT_STOPPED,
        kinds.TREATMENT_READY,
        kinds.CODE_BROKEN,
        kinds.UNBLINDING_REPORTED,
        kinds.ALARM_RAISED,
    }
)
"""A stop of treatment or a broken code often tells of an adverse event, which is masked for assessors, and what is
ready belongs to the infusion pages, which are too."""


def _assessor(sees: Sees) -> bool:
    return Blinding.MASKED_FOR_ASSESSORS not in sees


def _query_fact_seen(definition: Definition, state: State, fact: Fact, sees: Sees) -> bool:
    """An answer names its query alone, so the query says which item it is about; a redacted one goes by its form."""
    query = state.queries.get((fact.payload or {}).get("query", ""))
    if query is not None:
        return query_seen(definition, state, query, sees)
    return fact.form is not None and whole_form_seen(definition, fact.form, sees)


@kept
def whole_form_seen(definition: Definition, form: str, sees: Sees) -> bool:
    """Whether every item of the form may be seen."""
    return form in definition.forms and all(
        design.blinding_of(definition, form, item) in sees for item in design.items(definition, form)
    )


@kept
def form_seen(definition: Definition, form: str, sees: Sees) -> bool:
    """Whether any item of the form may be seen; a form that the definition does not know is not."""
    if form not in definition.forms:
        return False
    return any(design.blinding_of(definition, form, item) in sees for item in design.items(definition, form))


def page_seen(definition: Definition, form: str, page: Page, sees: Sees) -> bool:
    """Whether a page exists for the reader: one of a form that they see in part, on which nothing stands but what they
    may not see, does not."""
    if not form_seen(definition, form, sees) or whole_form_seen(definition, form, sees):
        return form_seen(definition, form, sees)
    named = {*page.items, *page.not_done, *page.confirmed, *page.redacted}
    return not named or any(item_seen(definition, form, name, sees) for name in named)


def item_seen(definition: Definition, form: str, item: str | None, sees: Sees) -> bool:
    """Whether an item may be seen; without an item, whether anything of the form may. An edit check is seen by who may
    see everything that it reads: that it spoke tells of all of it."""
    if not item or item == "*":
        return form_seen(definition, form, sees)
    classes = _read_by(definition, form, item)
    if classes is not None:
        return classes <= sees
    if form not in definition.forms or item not in design.items(definition, form):
        return form in definition.forms and definition.forms[form].blinding in sees
    return design.blinding_of(definition, form, item) in sees


@kept
def _read_by(definition: Definition, form: str, check: str) -> Sees | None:
    """The classes of everything that an edit check reads, through derived items and measures too; None where the form
    has no such check."""
    known = definition.forms.get(form)
    one = next((one for one in known.checks if one.id == check), None) if known else None
    if one is None:
        return None
    rules = FormRules(definition, form)
    own = {design.blinding_of(definition, form, item) for item in rules.reads[check]}
    asked = rules.measures.keys() & set(logic.names(logic.condition(one.when)))
    return frozenset(own | {blinding_of_derivation(definition, name) for name in asked})


def query_seen(definition: Definition, state: State, query: Query, sees: Sees) -> bool:
    """Whether a query may be seen: as its item, as the edit check that asked it, and as the page that it is about."""
    asked = query.check is None or item_seen(definition, query.form, query.check, sees)
    person = state.participants.get(query.participant)
    page = person.pages.get((query.visit, query.form, query.repeat)) if person is not None else None
    there = page is None or page_seen(definition, query.form, page, sees)
    return asked and there and item_seen(definition, query.form, query.item, sees)


def open_queries(definition: Definition, state: State, sees: Sees) -> list[Query]:
    """The queries that wait for an answer or for closing."""
    return [
        query
        for query in state.queries.values()
        if query.status != "closed" and query_seen(definition, state, query, sees)
    ]


def _page(definition: Definition, fact: Fact, sees: Sees) -> Fact | None:
    form = fact.form or ""
    if not form_seen(definition, form, sees):
        return None
    if fact.payload is None:
        return fact
    parts = {name: _seen_part(definition, form, part, sees) for name, part in fact.payload.items()}
    held = ("items", "not_done", "confirmed", "kept")
    had = any(fact.payload.get(name) for name in held)
    if had and not any(parts.get(name) for name in held):
        return None
    return fact._replace(payload=parts)


def _seen_part(definition: Definition, form: str, part: Any, sees: Sees) -> Any:
    """A part of a page's payload that goes by item, without the items that may not be seen."""
    if isinstance(part, Mapping):
        return {item: value for item, value in part.items() if item_seen(definition, form, item, sees)}
    if isinstance(part, list | tuple):
        return [item for item in part if item_seen(definition, form, item, sees)]
    return part
