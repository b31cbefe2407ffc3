"""The state of a trial as the fold of its facts: `State.apply` for one fact, `replay` for a ledger.

Conduct keeps a state beside its ledger and applies each fact that it appends; the read models of `store` and the
snapshot are made from it. Replaying a ledger from fact 1 gives the same state, always (AT1).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trialwright.ledger import kinds
from trialwright.ledger import kits as stock
from trialwright.ledger.fact import Fact

PageKey = tuple[str, str, str]
"""(visit, form, repeat); `""` stands for the only repeat of a form, and the visit of a log form is `""` too."""


@dataclass(slots=True)
class Page:
    """One form page as it stands. `origin` gives for each item the number of the fact that wrote it."""

    number: int = 0
    version: str = ""
    at: str = ""
    on: str | None = None
    items: dict[str, str | None] = field(default_factory=dict)
    origin: dict[str, int] = field(default_factory=dict)
    not_done: dict[str, str] = field(default_factory=dict)
    confirmed: dict[str, str] = field(default_factory=dict)
    redacted: set[str] = field(default_factory=set)
    signed: int | None = None


@dataclass(slots=True)
class Query:
    """A question about an item; `status` is open, answered or closed."""

    id: str
    participant: str
    visit: str
    form: str
    repeat: str
    item: str | None
    text: str
    status: str
    opened_at: str
    opened_by: str
    check: str | None = None
    facts: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Verdict:
    """A recorded eligibility verdict."""

    verdict: str
    at: str
    anchor: str
    criteria: dict[str, str]
    missing: list[str]
    number: int


@dataclass(slots=True)
class Allocation:
    """A draw as the blinded world knows it."""

    stratum: str
    levels: dict[str, str]
    position: int
    label: str
    leaf: str
    at: str
    number: int


@dataclass(slots=True)
class Opening:
    """That somebody learned one participant's allocation; what it is stands nowhere here."""

    number: int
    at: str
    by: str
    how: str
    category: str
    learned_by: str
    shown_at: str
    reference: str


@dataclass(slots=True)
class Alarm:
    """Something that somebody has to look at."""

    number: int
    at: str
    alarm: str
    about: dict[str, str]


@dataclass(slots=True)
class SignOff:
    """An investigator answers for a site's data of a lock stage. `whole`: logs and unplanned visits too. `withdrawn` is
    the number of the first later fact that changed one of these pages."""

    number: int
    at: str
    by: str
    name: str
    meaning: str
    visits: list[str]
    whole: bool
    content: str
    withdrawn: int | None = None


@dataclass(slots=True)
class Participant:
    """One person who gave consent. Dates and instants are canonical text; None means that it has not happened."""

    id: str
    site: str
    consented_at: str
    consent_version: str
    scopes: dict[str, bool]
    pages: dict[PageKey, Page] = field(default_factory=dict)
    judgements: dict[str, dict[str, str]] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    allocation: Allocation | None = None
    treatment_stopped: str | None = None
    visits_stopped: str | None = None
    withdrawn: str | None = None
    lost: str | None = None
    completed: str | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    rows: dict[tuple[str, str], int] = field(default_factory=dict)
    sealed: dict[PageKey, str] = field(default_factory=dict)
    true_levels: dict[str, str] = field(default_factory=dict)
    true_stratum: str | None = None
    in_error: str | None = None
    openings: list[Opening] = field(default_factory=list)
    ready: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def ended(self) -> str | None:
        """Which fact ended the participation (withdrawn, lost, completed), or None while it lasts."""
        return "withdrawn" if self.withdrawn else "lost" if self.lost else "completed" if self.completed else None


@dataclass(slots=True)
class State:
    """Everything that the facts so far say."""

    number: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)
    version: str = ""
    rehearsal: bool = False
    reconsent: set[str] = field(default_factory=set)
    sites: dict[str, str] = field(default_factory=dict)
    participants: dict[str, Participant] = field(default_factory=dict)
    sequence: dict[str, int] = field(default_factory=dict)
    queries: dict[str, Query] = field(default_factory=dict)
    prescreened: list[tuple[str, str, str]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    drawn: dict[str, int] = field(default_factory=dict)
    slots: dict[str, list[int]] = field(default_factory=dict)
    locked: dict[str, int] = field(default_factory=dict)
    locked_visits: set[str] = field(default_factory=set)
    unblinded: dict[str, int] = field(default_factory=dict)
    knowing: set[str] = field(default_factory=set)
    assignments: dict[str, str] = field(default_factory=dict)
    learned: dict[str, set[str]] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)
    supply: dict[int, str] = field(default_factory=dict)
    supplied: dict[str, int] = field(default_factory=dict)
    signed_off: dict[tuple[str, str], SignOff] = field(default_factory=dict)
    proposals: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    list_changes: list[int] = field(default_factory=list)
    reported: list[int] = field(default_factory=list)
    kits: dict[str, stock.Kit] = field(default_factory=dict)
    kit_lists: dict[str, dict[str, str]] = field(default_factory=dict)
    laboratory: dict[int, str] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    samples: dict[str, tuple[str, str]] = field(default_factory=dict)

    def next_position(self, stratum: str) -> int:
        """The position of the next slot of a stratum, in its list or in the extension that follows a used-up one."""
        drawn = self.drawn.get(stratum, 0)
        for count in self.slots.get(stratum, []):
            if drawn < count:
                break
            drawn -= count
        return drawn + 1

    def apply(self, fact: Fact) -> None:
        """Take one fact in. An unknown kind is an error: nothing that happened may be passed over."""
        if fact.number != self.number + 1:
            raise ValueError(f"fact {fact.number} does not follow fact {self.number}")
        APPLY[fact.kind](self, fact, fact.payload)
        self.number = fact.number


def replay(facts: Iterable[Fact]) -> State:
    """The state after these facts, from fact 1."""
    state = State()
    for fact in facts:
        state.apply(fact)
    return state


Payload = Any  # a mapping of texts; None where it was redacted


def _opened(state: State, fact: Fact, payload: Payload) -> None:
    _version(state, fact, payload)
    state.rehearsal = payload.get("rehearsal") == "yes"
    _listed(state, payload.get("slots"))
    terms = payload.get("terms") or {}
    state.knowing.update(terms[part] for part in ("generated_by", "witnessed_by", "reviewed_by") if terms.get(part))


def _version(state: State, fact: Fact, payload: Payload) -> None:
    state.version = fact.version
    state.versions[fact.version] = payload["definition"]
    state.fingerprints[fact.version] = payload["fingerprint"]


def _amended(state: State, fact: Fact, payload: Payload) -> None:
    _version(state, fact, payload)
    if payload["reconsent"] == "yes":
        state.reconsent.add(fact.version)


def _activated(state: State, fact: Fact, payload: Payload) -> None:
    state.sites[payload["site"]] = payload["activates"]


def _prescreened(state: State, fact: Fact, payload: Payload) -> None:
    state.prescreened.append((payload["site"], payload["outcome"], payload["reason"]))


def _consented(state: State, fact: Fact, payload: Payload) -> None:
    scopes = {scope: given == "yes" for scope, given in payload["scopes"].items()}
    person = state.participants.get(fact.participant or "")
    if person is None:
        person = Participant(fact.participant or "", payload["site"], fact.at, payload["form_version"], scopes)
        state.participants[person.id] = person
        state.sequence[person.site] = state.sequence.get(person.site, 0) + 1
    else:
        person.consent_version = payload["form_version"]
        person.scopes = {**person.scopes, **scopes}


def _withdrawn(state: State, fact: Fact, payload: Payload) -> None:
    person = state.participants[fact.participant or ""]
    for scope in payload["scopes"]:
        person.scopes[scope] = False
    if "trial" in payload["scopes"]:
        person.withdrawn = fact.at
        person.reasons["withdrawn"] = fact.why or ""


def _recorded(state: State, fact: Fact, payload: Payload) -> None:
    person = state.participants[fact.participant or ""]
    key = (fact.visit or "", fact.form or "", fact.repeat or "")
    page = person.pages.get(key)
    if page is None:
        page = person.pages[key] = Page(fact.number, fact.version, fact.at, None, {}, {}, {}, {}, set())
        if key[2].isdecimal():  # "¹" is a digit that is no number
            row = key[:2]
            person.rows[row] = max(person.rows.get(row, 0), int(key[2]))
    page.number, page.at, page.signed = fact.number, fact.at, None
    if state.signed_off:
        _withdraw_sign_offs(state, person.site, fact)
    if payload is None:
        return
    items = payload["items"]
    if page.items:
        page.items.update(items)
        page.origin.update(dict.fromkeys(items, fact.number))
    else:
        page.items, page.origin = dict(items), dict.fromkeys(items, fact.number)
    if payload["on"] is not None:
        page.on = payload["on"]
    if page.not_done or page.confirmed:
        _supersede(page, items)
    if payload["not_done"]:
        page.not_done.update(payload["not_done"])
    if payload["confirmed"]:
        page.confirmed.update(payload["confirmed"])


def _withdraw_sign_offs(state: State, site: str, fact: Fact) -> None:
    """A changed page withdraws the sign-offs that stand under it, visibly."""
    for (_, signed), standing in state.signed_off.items():
        if signed == site and standing.withdrawn is None and (standing.whole or (fact.visit or "") in standing.visits):
            standing.withdrawn = fact.number


def _supersede(page: Page, items: Mapping[str, str | None]) -> None:
    """A new value ends what was said of the old one: why it was not done, why it was right although unusual."""
    for item, text in items.items():
        page.confirmed.pop(item, None)
        page.not_done.pop(item, None)
        if text is not None:
            page.not_done.pop("*", None)


def _redacted(state: State, fact: Fact, payload: Payload) -> None:
    number = int(payload["fact"])
    page = state.participants[fact.participant or ""].pages[(fact.visit or "", fact.form or "", fact.repeat or "")]
    for item, text in payload["kept"].items():
        if page.origin.get(item, 0) <= number:
            page.items[item], page.origin[item] = text, number
    for item in payload["items"]:
        if page.origin.get(item, 0) <= number:
            page.items.pop(item, None)
            page.origin[item] = number
            page.redacted.add(item)
    page.number, page.signed = fact.number, None  # whoever holds the page as it was meets a conflict; ES2
    _withdraw_sign_offs(state, state.participants[fact.participant or ""].site, fact)
    # What the emptied fact said beside its items is as it stood at the redaction; a replay no longer finds it there.
    page.on = payload.get("on", page.on)
    page.not_done = dict(payload.get("not_done", page.not_done))
    page.confirmed = dict(payload.get("confirmed", page.confirmed))


def _signed(state: State, fact: Fact, payload: Payload) -> None:
    page = state.participants[fact.participant or ""].pages[(fact.visit or "", fact.form or "", fact.repeat or "")]
    page.signed = fact.number


def _query_opened(state: State, fact: Fact, payload: Payload) -> None:
    state.queries[payload["query"]] = Query(
        payload["query"],
        fact.participant or "",
        fact.visit or "",
        fact.form or "",
        fact.repeat or "",
        payload["item"],
        payload["text"],
        "open",
        fact.at,
        fact.by,
        payload["check"],
        [fact.number],
    )


def _query_moved(status: str) -> Callable[[State, Fact, Payload], None]:
    def move(state: State, fact: Fact, payload: Payload) -> None:
        query = state.queries[payload["query"]]
        query.status = status
        query.facts.append(fact.number)

    return move


def _judged(state: State, fact: Fact, payload: Payload) -> None:
    state.participants[fact.participant or ""].judgements[payload["criterion"]] = {**payload, "why": fact.why or ""}


def _verdict(state: State, fact: Fact, payload: Payload) -> None:
    state.participants[fact.participant or ""].verdicts.append(
        Verdict(payload["verdict"], fact.at, payload["anchor"], payload["criteria"], payload["missing"], fact.number)
    )


def _drawn(state: State, fact: Fact, payload: Payload) -> None:
    state.participants[fact.participant or ""].allocation = Allocation(
        payload["stratum"],
        payload["levels"],
        int(payload["position"]),
        payload["label"],
        payload["leaf"],
        fact.at,
        fact.number,
    )
    state.labels[payload["label"]] = fact.participant or ""
    state.drawn[payload["stratum"]] = state.drawn.get(payload["stratum"], 0) + 1
    if payload.get("request"):
        state.requests[payload["request"]] = fact.number


def _stratum_corrected(state: State, fact: Fact, payload: Payload) -> None:
    person = state.participants[fact.participant or ""]
    person.true_levels, person.true_stratum = dict(payload["levels"]), payload["stratum"]


def _in_error(state: State, fact: Fact, payload: Payload) -> None:
    person = state.participants[fact.participant or ""]
    person.in_error = fact.at
    person.reasons["in_error"] = payload["reason"]


def _alarm(state: State, fact: Fact, payload: Payload) -> None:
    state.alarms.append(Alarm(fact.number, fact.at, payload["alarm"], dict(payload["about"])))


def _change_proposed(state: State, fact: Fact, payload: Payload) -> None:
    state.proposals[fact.number] = (payload["change"], payload["digest"], fact.by)


def _list_changed(state: State, fact: Fact, payload: Payload) -> None:
    state.proposals.pop(int(payload["proposal"]))
    state.list_changes.append(fact.number)
    _listed(state, payload.get("slots"))


def _listed(state: State, slots: Mapping[str, str] | None) -> None:
    """One more list, or extension, with so many slots in each of its strata."""
    for stratum, count in (slots or {}).items():
        state.slots.setdefault(stratum, []).append(int(count))


def _supply_sealed(state: State, fact: Fact, payload: Payload) -> None:
    state.supply[fact.number] = payload["commitment"]
    state.supplied[payload["reference"]] = fact.number


def _ready(state: State, fact: Fact, payload: Payload) -> None:
    state.participants[fact.participant or ""].ready[(fact.visit or "", payload["day"])] = fact.at


def _kits_listed(state: State, fact: Fact, payload: Payload) -> None:
    state.kit_lists[payload["root"]] = {name: payload[name] for name in ("digest", "use_by", "purpose")}
    state.kits.update(stock.listed(payload["kits"], payload["root"], payload["use_by"]))


def _kit_moved(state: State, fact: Fact, payload: Payload) -> None:
    stock.apply(state.kits, stock.movement(payload, fact.participant or "", fact.visit or ""))


def _broken(state: State, fact: Fact, payload: Payload) -> None:
    who = payload["learned_by"]
    state.participants[fact.participant or ""].openings.append(
        Opening(
            fact.number,
            fact.at,
            fact.by,
            payload["how"],
            payload["category"],
            who,
            payload["shown_at"],
            payload["reference"],
        )
    )
    state.learned.setdefault(who, set()).add(fact.participant or "")


def _reported(state: State, fact: Fact, payload: Payload) -> None:
    """One participant's allocation, or that of all, became known to people who should not know it."""
    state.reported.append(fact.number)
    for who in payload["who"]:
        if payload["what"] == "allocation" and fact.participant:
            state.learned.setdefault(who, set()).add(fact.participant)
        elif payload["what"] == "list":
            state.knowing.add(who)


def _snapshot_opened(state: State, fact: Fact, payload: Payload) -> None:
    state.knowing.add(fact.by)


def _sealed_opened(state: State, fact: Fact, payload: Payload) -> None:
    state.knowing.add(fact.by)


def _signed_off(state: State, fact: Fact, payload: Payload) -> None:
    state.signed_off[(payload["stage"], payload["site"])] = SignOff(
        fact.number,
        fact.at,
        fact.by,
        payload["name"],
        payload["meaning"],
        list(payload["visits"]),
        payload["whole"] == "yes",
        payload["content"],
    )


def _imported(state: State, fact: Fact, payload: Payload) -> None:
    state.laboratory[fact.number] = payload["commitment"]
    state.files[payload["digest"]] = fact.number
    for one in payload["results"]:
        state.samples[one["sample"]] = (one["participant"], one["visit"])


def _kept(state: State, fact: Fact, payload: Payload) -> None:
    person = state.participants[fact.participant or ""]
    person.sealed[(fact.visit or "", fact.form or "", fact.repeat or "")] = payload["commitment"]


def _ended(name: str) -> Callable[[State, Fact, Payload], None]:
    def end(state: State, fact: Fact, payload: Payload) -> None:
        person = state.participants[fact.participant or ""]
        setattr(person, name, fact.at)
        person.reasons[name] = payload.get("reason") or fact.why or ""

    return end


def _locked(state: State, fact: Fact, payload: Payload) -> None:
    state.locked[payload["stage"]] = fact.number
    state.locked_visits.update(payload["visits"])


def _unblinded(state: State, fact: Fact, payload: Payload) -> None:
    state.unblinded[payload["stage"]] = fact.number
    state.knowing.update(who for who in (fact.by, payload.get("with")) if who)
    state.assignments.update(payload["assignments"])


APPLY: dict[str, Callable[[State, Fact, Payload], None]] = {
    kinds.TRIAL_OPENED: _opened,
    kinds.TRIAL_AMENDED: _amended,
    kinds.SITE_ACTIVATED: _activated,
    kinds.PRESCREEN_LOGGED: _prescreened,
    kinds.CONSENT_GIVEN: _consented,
    kinds.CONSENT_WITHDRAWN: _withdrawn,
    kinds.PAGE_RECORDED: _recorded,
    kinds.PAGE_SIGNED: _signed,
    kinds.QUERY_OPENED: _query_opened,
    kinds.QUERY_ANSWERED: _query_moved("answered"),
    kinds.QUERY_CLOSED: _query_moved("closed"),
    kinds.ELIGIBILITY_JUDGED: _judged,
    kinds.ELIGIBILITY_VERDICT: _verdict,
    kinds.ALLOCATION_DRAWN: _drawn,
    kinds.STRATUM_CORRECTED: _stratum_corrected,
    kinds.RANDOMISED_IN_ERROR: _in_error,
    kinds.ALARM_RAISED: _alarm,
    kinds.LIST_CHANGE_PROPOSED: _change_proposed,
    kinds.LIST_CHANGED: _list_changed,
    kinds.SUPPLY_SEALED: _supply_sealed,
    kinds.TREATMENT_READY: _ready,
    kinds.KITS_LISTED: _kits_listed,
    kinds.KIT_MOVED: _kit_moved,
    kinds.CODE_BROKEN: _broken,
    kinds.UNBLINDING_REPORTED: _reported,
    kinds.SNAPSHOT_OPENED: _snapshot_opened,
    kinds.DATA_SIGNED_OFF: _signed_off,
    kinds.SEALED_KEPT: _kept,
    kinds.LABORATORY_IMPORTED: _imported,
    kinds.SEALED_OPENED: _sealed_opened,
    kinds.TREATMENT_STOPPED: _ended("treatment_stopped"),
    kinds.VISITS_STOPPED: _ended("visits_stopped"),
    kinds.PARTICIPANT_LOST: _ended("lost"),
    kinds.PARTICIPANT_COMPLETED: _ended("completed"),
    kinds.DATABASE_LOCKED: _locked,
    kinds.TRIAL_UNBLINDED: _unblinded,
    kinds.PAYLOAD_REDACTED: _redacted,
}
