"""Record a form page: one act, however many items."""

from collections.abc import Mapping
from typing import Any

from trialwright import logic
from trialwright.capture import Entered, Finding, FormRules
from trialwright.conduct.consent import require_consent
from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import ENTERS, Person, a_person, people
from trialwright.conduct.protocol import Protocol
from trialwright.conduct.query import open_query
from trialwright.conduct.refusal import Refused
from trialwright.design.model import CheckLevel
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import Page, Participant

NONE: Mapping[str, str] = {}
NOWHERE = logic.Context()


def record(
    desk: Desk,
    *,
    participant: str,
    form: str,
    by: Person,
    visit: str = "",
    repeat: str = "",
    items: Mapping[str, Any] = NONE,
    not_done: Mapping[str, str] = NONE,
    confirmed: Mapping[str, str] = NONE,
    on: str | None = None,
    base: int | None = None,
    why: str | None = None,
) -> Fact:
    """Keep the changed items of one page.

    items: raw values by item id; None clears an item. not_done: item (or `*` for the page) -> reason. confirmed: item
    or check -> why an unusual value is right. on: date of the assessment, ISO. base: number of the page's last fact
    as the writer saw it; a page that has moved on meanwhile is a conflict, never overwritten. `repeat="+"` takes the
    next row of a log; row `0` of a log with `not_done={'*': 'none known'}` says that the question was asked and there
    is none. why: the reason of a change, required once an item has a value.
    """
    with desk.act("record", by):
        desk.require_unlocked(visit)
        person = desk.participant(participant, by)
        version = desk.version_at(person.site)
        protocol = desk.protocol(version)
        rules = _rules(protocol, form, visit, by)
        _require_follow_up(desk, person, visit)
        repeat = _row(rules, person, form, repeat)
        page = person.pages.get((visit, form, repeat))
        _require_base(page, base, person, (visit, form, repeat))
        entered = rules.enter(items)
        changed = _changed(page, entered, not_done)
        known = _environment(desk, protocol, person, rules, page, entered, visit) if rules.needs_values else {}
        findings = entered.findings + (rules.findings(known, NOWHERE) if rules.needs_values else [])
        _require_sound(rules, findings, confirmed, not_done)
        if changed and not why:
            raise Refused(
                f"{', '.join(changed)} of {participant} already has a value; give the reason of the change.", "reason"
            )
        kept = _keep_sealed(desk, by, version, person, (visit, form, repeat), entered, why)
        if kept is not None and not entered.items and not not_done:
            return kept
        fact = desk.append(
            by,
            kinds.PAGE_RECORDED,
            {"items": entered.items, "not_done": dict(not_done), "confirmed": dict(confirmed), "on": on},
            version,
            participant,
            visit,
            form,
            repeat,
            why,
        )
        if rules.looks_back:
            known.pop("prev", None)
            desk.latest[participant, form] = fact.number, known
        for finding in findings:
            if finding.level is CheckLevel.QUERY:
                open_query(desk, by, version, fact, finding.item, finding.says, finding.about)
        return fact


def _rules(protocol: Protocol, form: str, visit: str, by: Person) -> FormRules:
    """The rules of a form that this person may enter at this visit."""
    definition = protocol.definition
    if form not in definition.forms:
        raise Refused(f"There is no form '{form}'; the definition has {', '.join(definition.forms)}.", "form")
    rules = protocol.form(form)
    if by.role not in (rules.form.entered_by or ENTERS):
        who = people(rules.form.entered_by or ENTERS)
        raise Refused(f"{a_person(by.role)} does not enter {rules.form.label}; it is entered by: {who}.", "permission")
    if rules.form.log:
        if visit:
            raise Refused(f"{rules.form.label} is a log; record its rows without a visit.", "visit")
        return rules
    stem = visit.partition(".")[0]
    if stem not in definition.visits:
        raise Refused(f"There is no visit '{visit}'; the definition has {', '.join(definition.visits)}.", "visit")
    if not definition.visits[stem].unscheduled and stem not in protocol.scheduled.get(form, ()):
        raise Refused(f"{rules.form.label} is not planned at {visit}; use an unscheduled visit such as UNS.1.", "visit")
    return rules


def _require_follow_up(desk: Desk, person: Participant, visit: str) -> None:
    """A stop of treatment changes nothing here: visits go on. A stop of visits ends new visits."""
    require_consent(desk, desk.state, person)
    if person.ended == "withdrawn":
        desk.require_taking_part(person)
    if person.visits_stopped and visit and not any(key[0] == visit for key in person.pages):
        raise Refused(f"{person.id} has stopped the visits; nothing new is recorded at {visit}.", "ended")


def _row(rules: FormRules, person: Participant, form: str, repeat: str) -> str:
    if not rules.form.log and rules.form.repeat is None:
        if repeat:
            raise Refused(f"{rules.form.label} has one page per visit; leave out the row number.", "repeat")
        return ""
    if repeat == "+":
        return str(person.rows.get(form, 0) + 1)
    if not repeat.isascii() or not repeat.isdigit() or (repeat != "0" and repeat.startswith("0")):
        raise Refused(f"'{repeat}' is not a row number of {rules.form.label}; '+' takes the next one.", "repeat")
    return repeat


def _require_base(page: Page | None, base: int | None, person: Participant, key: tuple[str, str, str]) -> None:
    """Somebody else may have saved the page since the writer read it."""
    if page is None or base == page.number:
        return
    where = " ".join(part for part in key if part)
    raise Refused(
        f"{where} of {person.id} was saved by somebody else meanwhile (fact {page.number}); look at it, then save "
        "yours again.",
        "conflict",
    )


def _changed(page: Page | None, entered: Entered, not_done: Mapping[str, str]) -> list[str]:
    """Items that had a value and get another one; items that stay as they are fall out of the save."""
    if page is None:
        return []
    for item in [item for item, text in entered.items.items() if item in page.items and page.items[item] == text]:
        del entered.items[item]
    return [item for item in (*entered.items, *not_done) if page.items.get(item) is not None]


def _environment(
    desk: Desk,
    protocol: Protocol,
    person: Participant,
    rules: FormRules,
    page: Page | None,
    entered: Entered,
    visit: str,
) -> dict[str, Any]:
    values = {**rules.values(page.items), **entered.values} if page else entered.values
    for item, text in entered.items.items():
        if text is None:
            values.pop(item, None)
    before = _before(desk, protocol, person, rules, visit) if rules.looks_back else None
    return rules.environment(values, visit, before)


def _before(desk: Desk, protocol: Protocol, person: Participant, rules: FormRules, visit: str) -> dict[str, Any]:
    """The same form at the nearest earlier visit that has it."""
    place = protocol.position.get(visit, 0)
    for earlier in reversed(protocol.visits[:place]):
        page = person.pages.get((earlier, rules.name, ""))
        if page is not None:
            number, known = desk.latest.get((person.id, rules.name), (0, {}))
            return known if number == page.number else rules.environment(rules.values(page.items), earlier)
    return {}


def _require_sound(
    rules: FormRules, findings: list[Finding], confirmed: Mapping[str, str], not_done: Mapping[str, str]
) -> None:
    """Everything that is wrong with the page, at once; an unusual value passes with a confirmation that gives its
    reason."""
    if not findings and not not_done:
        return
    wrong = [finding.says for finding in findings if finding.level is CheckLevel.REFUSE]
    wrong += [
        finding.says
        for finding in findings
        if finding.level is CheckLevel.WARN and not confirmed.get(finding.about, "").strip()
    ]
    wrong += [
        f"{item}: 'not done' needs a reason" for item, reason in not_done.items() if not reason or not reason.strip()
    ]
    wrong += [
        f"form {rules.name} has no item '{item}' that could be not done"
        for item in not_done
        if item != "*" and item not in rules.items
    ]
    if wrong:
        raise Refused(f"{rules.form.label} was not saved:", "values", tuple(wrong))


def _keep_sealed(
    desk: Desk,
    by: Person,
    version: str,
    person: Participant,
    place: tuple[str, str, str],
    entered: Entered,
    why: str | None,
) -> Fact | None:
    """What reveals the treatment goes to the vault; the ledger gets a commitment that nobody can try values against."""
    if not entered.sealed:
        return None
    key = "/".join((person.id, *place, str(desk.state.number + 1)))
    commitment = desk.vault.keep(key, entered.sealed, desk.chance.token(key))
    visit, form, repeat = place
    return desk.append(by, kinds.SEALED_KEPT, {"commitment": commitment}, version, person.id, visit, form, repeat, why)
