"""What happened to one participant, act by act: who, when, what, from what to what, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from trialwright import design
from trialwright.allocation.notices import CATEGORIES
from trialwright.design.model import Blinding, Definition
from trialwright.ledger import kinds
from trialwright.ledger.canonical import instant
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import Participant
from trialwright.web import seen
from trialwright.web.clinic import words
from trialwright.web.reading import Trial
from trialwright.web.seen import Sees

SEAL_SHOWN = 12
"""Characters of a seal that are shown; enough to tell facts apart by eye."""


@dataclass(frozen=True, slots=True)
class Change:
    """One item from what to what; None is no value."""

    label: str
    unit: str
    old: str | None
    new: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. Facts are not numbered here: a gap in the numbers would show that something sealed lies between."""

    at_site: datetime
    at_utc: datetime
    by: str
    role: str
    what: str
    where: str
    changes: tuple[Change, ...]
    details: tuple[tuple[str, str], ...]
    why: str | None
    seal: str
    visit: str = ""


def entries(trial: Trial, person: Participant, sees: Sees) -> list[Entry]:
    """The acts that the reader may see, oldest first."""
    facts = seen.visible(trial.definition, trial.state, trial.facts_of(person.id), sees)
    zone = trial.zone(person)
    held: dict[tuple[str, str, str, str], str | None] = {}
    return [
        Entry(
            fact.instant.astimezone(zone),
            fact.instant,
            fact.by,
            trial.definition.roles.get(fact.role, fact.role.replace("_", " ")),
            what(fact),
            where(trial.definition, fact),
            _changes(trial.definition, fact, held),
            _details(trial.definition, fact, sees),
            fact.why,
            fact.seal[:SEAL_SHOWN],
            (fact.visit or "").partition(".")[0],
        )
        for fact in facts
    ]


def first_of_visits(definition: Definition, found: list[Entry]) -> dict[int, str]:
    """Where each planned visit begins: place in the time line -> label of the visit."""
    starts: dict[str, int] = {}
    for place, entry in enumerate(found):
        starts.setdefault(entry.visit, place)
    return {
        starts[visit]: definition.visits[visit].label for visit in design.visit_order(definition) if visit in starts
    }


WHAT = {
    kinds.CONSENT_GIVEN: "Consent given",
    kinds.CONSENT_WITHDRAWN: "Consent withdrawn",
    kinds.PAGE_RECORDED: "Page recorded",
    kinds.PAGE_SIGNED: "Page signed",
    kinds.QUERY_OPENED: "Query asked",
    kinds.QUERY_ANSWERED: "Query answered",
    kinds.QUERY_CLOSED: "Query closed",
    kinds.ELIGIBILITY_JUDGED: "Criterion judged",
    kinds.ELIGIBILITY_VERDICT: "Eligibility decided",
    kinds.ALLOCATION_DRAWN: "Randomised",
    kinds.STRATUM_CORRECTED: "True stratum recorded; the allocation stands",
    kinds.RANDOMISED_IN_ERROR: "Found to be randomised in error; the allocation stands",
    kinds.KIT_MOVED: "Kits handed out",
    kinds.TREATMENT_READY: "Treatment ready",
    kinds.CODE_BROKEN: "Code broken",
    kinds.UNBLINDING_REPORTED: "Unblinding reported",
    kinds.ALARM_RAISED: "Alarm",
    kinds.TREATMENT_STOPPED: "Treatment stopped",
    kinds.VISITS_STOPPED: "Visits stopped",
    kinds.PARTICIPANT_LOST: "Lost to follow-up",
    kinds.PARTICIPANT_COMPLETED: "Taking part completed",
    kinds.PAYLOAD_REDACTED: "Values redacted",
}


def what(fact: Fact) -> str:
    """The act in words; a kind without words of its own is shown by its name."""
    return WHAT.get(fact.kind, fact.kind.replace(".", " "))


def where(definition: Definition, fact: Fact) -> str:
    """The page that the act is about: visit, form, and which row of it."""
    visit = fact.visit or ""
    plan = definition.visits.get(visit.partition(".")[0])
    form = definition.forms[fact.form].label if fact.form in definition.forms else ""
    number = visit.partition(".")[2]
    parts = (f"{plan.label} {number}".strip() if plan else visit, form, _row(definition, fact))
    return ", ".join(part for part in parts if part)


def _row(definition: Definition, fact: Fact) -> str:
    """Which row of the form; row 0 of a log only says that there is nothing to log (asked, none known)."""
    repeat = fact.repeat or ""
    if not repeat.isdigit():
        return repeat
    form = definition.forms.get(fact.form or "")
    return "" if repeat == "0" else f"{form.repeat if form and form.repeat else 'row'} {repeat}"


def _changes(
    definition: Definition, fact: Fact, held: dict[tuple[str, str, str, str], str | None]
) -> tuple[Change, ...]:
    if fact.kind not in (kinds.PAGE_RECORDED, kinds.PAYLOAD_REDACTED) or fact.form is None:
        return ()
    page = (fact.visit or "", fact.form, fact.repeat or "")
    if fact.kind == kinds.PAYLOAD_REDACTED:
        return _redacted(definition, fact.form, fact.payload or {})
    if fact.payload is None:
        return (Change("The values of this page", "", None, "redacted"),)
    changes = []
    items = fact.payload.get("items") or {}
    for item in words.in_order(definition, fact.form, items):
        value = items[item]
        label, unit = words.item_label(definition, fact.form, item)
        shown = words.in_words(definition, fact.form, item, value)
        changes.append(Change(label, unit if shown is not None else "", held.get((*page, item)), shown))
        held[(*page, item)] = shown
    return tuple(changes) + _not_done(definition, fact.form, fact.payload)


def _redacted(definition: Definition, form: str, payload: Mapping[str, Any]) -> tuple[Change, ...]:
    gone = [
        Change(words.item_label(definition, form, item)[0], "", "redacted", None) for item in payload.get("items", ())
    ]
    kept = [
        Change(*words.item_label(definition, form, item), None, words.in_words(definition, form, item, value), "kept")
        for item, value in (payload.get("kept") or {}).items()
    ]
    return (*gone, *kept)


def _not_done(definition: Definition, form: str, payload: Mapping[str, Any]) -> tuple[Change, ...]:
    changes = []
    for item, reason in (payload.get("not_done") or {}).items():
        label = "The whole page" if item == "*" else words.item_label(definition, form, item)[0]
        changes.append(Change(label, "", None, "not done", reason))
    for item, reason in (payload.get("confirmed") or {}).items():
        changes.append(Change(words.item_label(definition, form, item)[0], "", None, "confirmed", reason))
    return tuple(changes)


def _details(definition: Definition, fact: Fact, sees: Sees) -> tuple[tuple[str, str], ...]:
    """What else the act says, in pairs of words; only what is listed here is ever shown."""
    payload = fact.payload
    if payload is None:
        return (("Content", "redacted"),)
    show = DETAILS.get(fact.kind)
    return tuple((name, text) for name, text in show(definition, payload, sees) if text) if show else ()


Pairs = list[tuple[str, str]]


def _consent(definition: Definition, payload: Mapping[str, Any], sees: Sees) -> Pairs:
    labels: Mapping[str, str] = definition.consent.scopes
    scopes = payload.get("scopes", {})
    pairs = [("Form version", str(payload.get("form_version", "")))]
    if isinstance(scopes, Mapping):
        return pairs + [(labels.get(scope, scope), str(given)) for scope, given in scopes.items()]
    return pairs + [("Withdrawn", labels.get(scope, scope)) for scope in scopes]


def _verdict(definition: Definition, payload: Mapping[str, Any], sees: Sees) -> Pairs:
    states: dict[str, list[str]] = {}
    for criterion in definition.eligibility:
        if state := payload.get("criteria", {}).get(criterion.id):
            states.setdefault(state, []).append(criterion.id)
    criteria = [(state.capitalize(), ", ".join(names)) for state, names in states.items()]
    missing = ", ".join(_fact_label(definition, name) for name in payload.get("missing", ()))
    return [
        ("Verdict", payload.get("verdict", "")),
        ("As of", str(payload.get("anchor", ""))),
        ("Missing", missing),
        *criteria,
    ]


def _fact_label(definition: Definition, name: str) -> str:
    return definition.facts[name].label if name in definition.facts else name


def _judged(definition: Definition, payload: Mapping[str, Any], sees: Sees) -> Pairs:
    return [
        ("Criterion", payload.get("criterion", "")),
        ("Question", payload.get("question", "")),
        ("Answer", payload.get("answer", "")),
    ]


def _query(definition: Definition, payload: Mapping[str, Any], sees: Sees) -> Pairs:
    """Queries are numbered through the whole trial, so a number tells assessors how many there are that they do not
    see."""
    number = payload.get("query", "") if Blinding.MASKED_FOR_ASSESSORS in sees else ""
    return [("Query", number), ("Text", payload.get("text") or "")]


def _drawn(definition: Definition, payload: Mapping[str, Any], sees: Sees) -> Pairs:
    """Strata are known to all; the label stands on the bags, so it goes with the infusion pages; no more is shown."""
    levels = payload.get("levels", {})
    strata = ", ".join(f"{_stratum_label(definition, name)}: {level}" for name, level in levels.items())
    label = payload.get("label", "") if Blinding.MASKED_FOR_ASSESSORS in sees else ""
    return [("Strata", strata), ("Label", label), ("Treatment", "not known to anybody who reads this page")]


def _stratum_corrected(definition: Definition, payload: Mapping[str, Any], sees: Sees) -> Pairs:
    levels = payload.get("levels", {})
    said = (f"{_stratum_label(definition, name)}: {level}" for name, level in levels.items())
    return [("True strata", ", ".join(said))]


def _stratum_label(definition: Definition, name: str) -> str:
    stratum = definition.randomisation.strata.get(name)
    return stratum.label if stratum else name


def _signed(definition: Definition, payload: Mapping[str, Any], sees: Sees) -> Pairs:
    return [("Meaning", payload.get("meaning", "")), ("Signed as", payload.get("name", ""))]


def _on(definition: Definition, payload: Mapping[str, Any], sees: Sees) -> Pairs:
    return [("Date of assessment", payload.get("on") or "")]


def _broken(definition: Definition, payload: Mapping[str, Any], sees: Sees) -> Pairs:
    """That somebody learned the treatment, never what it is."""
    category = payload.get("category", "")
    return [
        ("How", payload.get("how", "")),
        ("Why", CATEGORIES.get(category, category)),
        ("Learned by", payload.get("learned_by", "")),
        ("Shown at", f"{payload.get('shown_at', '')[:16].replace('T', ' ')} UTC"),
        ("Reference", payload.get("reference", "")),
    ]


def _unblinding(definition: Definition, payload: Mapping[str, Any], sees: Sees) -> Pairs:
    return [
        ("Who", ", ".join(payload.get("who", ()))),
        ("How", payload.get("how", "")),
        ("What", payload.get("what", "")),
        ("Impact", payload.get("impact", "")),
    ]


def _alarm(definition: Definition, payload: Mapping[str, Any], sees: Sees) -> Pairs:
    about = payload.get("about", {})
    return [("Alarm", payload.get("alarm", "")), *((name.capitalize(), str(text)) for name, text in about.items())]


def _kits(definition: Definition, payload: Mapping[str, Any], sees: Sees) -> Pairs:
    """Numbers alone: what is in a kit stands nowhere."""
    return [("Kits", ", ".join(payload.get("kits", ()))), ("Instead of", payload.get("replaces", ""))]


def _ready(definition: Definition, payload: Mapping[str, Any], sees: Sees) -> Pairs:
    """What the nurse compares with the bag: label, day, and until when it may be given."""
    return [
        ("Label on the bags", payload.get("label", "")),
        ("Day", payload.get("day", "")),
        ("To be given until", _at_the_sites(definition, payload.get("until", ""))),
        ("Replaces what was ready before", "yes" if payload.get("again") == "yes" else ""),
    ]


def _at_the_sites(definition: Definition, text: str) -> str:
    """An instant in the sites' time where they share one, else in UTC."""
    zones = {site.zone for site in definition.sites.values()}
    zone = zones.pop() if len(zones) == 1 else "UTC"
    return f"{instant(text).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})" if text else ""


def _ended(definition: Definition, payload: Mapping[str, Any], sees: Sees) -> Pairs:
    return [
        ("Reason", payload.get("reason", "")),
        ("Last contact", payload.get("last_contact", "")),
        ("On", payload.get("on", "")),
    ]


DETAILS = {
    kinds.CONSENT_GIVEN: _consent,
    kinds.CONSENT_WITHDRAWN: _consent,
    kinds.PAGE_RECORDED: _on,
    kinds.PAGE_SIGNED: _signed,
    kinds.QUERY_OPENED: _query,
    kinds.QUERY_ANSWERED: _query,
    kinds.QUERY_CLOSED: _query,
    kinds.ELIGIBILITY_JUDGED: _judged,
    kinds.ELIGIBILITY_VERDICT: _verdict,
    kinds.ALLOCATION_DRAWN: _drawn,
    kinds.STRATUM_CORRECTED: _stratum_corrected,
    kinds.RANDOMISED_IN_ERROR: _ended,
    kinds.KIT_MOVED: _kits,
    kinds.TREATMENT_READY: _ready,
    kinds.CODE_BROKEN: _broken,
    kinds.UNBLINDING_REPORTED: _unblinding,
    kinds.ALARM_RAISED: _alarm,
    kinds.TREATMENT_STOPPED: _ended,
    kinds.VISITS_STOPPED: _ended,
    kinds.PARTICIPANT_LOST: _ended,
    kinds.PARTICIPANT_COMPLETED: _ended,
}
