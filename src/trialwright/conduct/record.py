"""Record a form page: one act, however many items."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from trialwright import logic
from trialwright.capture import Entered, Finding, FormRules
from trialwright.conduct.consent import require_consent
from trialwright.conduct.desk import Desk
from trialwright.conduct.deterioration import deteriorations
from trialwright.conduct.entry import news, next_row, require_day, require_sound, wrong_labels
from trialwright.conduct.permissions import ENTERS, Person, a_person, people
from trialwright.conduct.protocol import Protocol
from trialwright.conduct.query import ask_once
from trialwright.conduct.refusal import Refused
from trialwright.conduct.sealing import in_the_open, keep_sealed, writes_openly
from trialwright.conduct.strata import ask_for_correction
from trialwright.ledger import kinds
from trialwright.ledger.canonical import Texts
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

    items: raw values by item id; None clears an item. not_done: item (or `*` for the page) -> reason; an earlier value
    of the item is cleared. confirmed: item or check -> why an unusual value is right; kept for what asked for it. on:
    date of the assessment, ISO. base: number of the page's last fact as the writer saw it; a page that has moved on
    meanwhile is a conflict, never overwritten. `repeat="+"` takes the next row of a log; row `0` of a log with
    `not_done={'*': 'none known'}` says that the question was asked and there is none. why: the reason of a change,
    required once an item has a value. What is sealed goes to the vault with every word about it.
    """
    with desk.act("record", by):
        return write_page(
            desk, participant, form, by, visit, repeat, items=items, not_done=not_done, confirmed=confirmed, on=on,
            base=base, why=why,
        )  # fmt: skip


Settles = Callable[[Sequence[Finding]], Mapping[str, str]]
"""The confirmations of what edit checks found, for somebody who cannot be asked at once."""


def write_page(
    desk: Desk,
    participant: str,
    form: str,
    by: Person,
    visit: str,
    repeat: str = "",
    *,
    items: Mapping[str, Any],
    not_done: Mapping[str, str] = NONE,
    confirmed: Mapping[str, str] = NONE,
    on: str | None = None,
    base: int | None = None,
    why: str | None = None,
    settles: Settles | None = None,
) -> Fact:
    """`record` inside an act that was begun: the same permissions and edit checks, whoever hands the page in."""
    desk.require_unlocked(visit)
    person = desk.participant(participant, by)
    version = desk.version_at(person.site)
    require_follow_up(desk, person, visit)
    page = person.pages.get((visit, form, repeat))
    if page is not None and page.version != version:
        version = _version_of_save(desk, page, version, form, {*items, *not_done})
    protocol = desk.protocol(version)
    rules = _rules(protocol, form, visit, by)
    repeat = repeat if page is not None else next_row(rules, person, (visit, form, repeat), bool(items))
    place = visit, form, repeat
    _require_base(page, base, person, place)
    require_day(desk, "on", on, person.site)
    entered, changed = rules.enter(items), False
    if page is not None:
        not_done, changed = _changes(page, entered, not_done, on, person, why)
    known = _environment(desk, protocol, person, rules, page, entered, visit) if rules.needs_values else {}
    findings = entered.findings
    if rules.needs_values or rules.labels:
        findings = _findings(rules, person, page, entered, known, on)
    if settles is not None and findings:
        confirmed = {**settles(findings), **confirmed}
    if findings or not_done or confirmed:
        confirmed = require_sound(rules, page, entered, findings, confirmed, not_done)
    opened, kept = _opened(rules, page, entered, not_done, confirmed, on), None
    if opened is not None and by.role in protocol.unblinded:
        raise writes_openly(rules, by)
    if rules.sealed:
        kept = keep_sealed(desk, by, version, person, place, rules, entered, not_done, confirmed, on, why)
    if opened is None:
        return kept or _nothing(rules)
    stated = why if changed or kept is None else None
    fact = desk.append(by, kinds.PAGE_RECORDED, opened, version, participant, visit, form, repeat, stated)
    if rules.looks_back and not entered.sealed:
        known.pop("prev", None)
        desk.latest[participant, form] = fact.number, known
    if findings:
        ask_once(desk, by, version, fact, findings)
    if person.allocation is not None and form in protocol.strata_forms:
        ask_for_correction(desk, by, version, person, fact)
    return fact


def _version_of_save(desk: Desk, page: Page, version: str, form: str, named: set[str]) -> str:
    """Each page stays under its own version (DC5). What the site's version seals meanwhile the page's own would keep in
    the open: it is saved by itself under the site's version, and leaves the page as it is."""
    own, now = (desk.protocol(one) for one in (page.version, version))
    if form not in own.definition.forms or form not in now.definition.forms:
        return page.version
    late = now.form(form).sealed - own.form(form).sealed
    if not late & named:
        return page.version
    if named - late:
        labels = ", ".join(now.form(form).items[item].label for item in sorted(late & named))
        raise Refused(f"{labels}: sealed since this page was begun; save it apart from the rest.", "blinding")
    return version


def _rules(protocol: Protocol, form: str, visit: str, by: Person) -> FormRules:
    """The rules of a form that this role may enter at this visit, as found before or looked up now."""
    key = (form, visit, by.role)
    rules = protocol.enterable.get(key)
    if rules is None:
        rules = protocol.enterable[key] = _enterable(protocol, form, visit, by)
    return rules


def _enterable(protocol: Protocol, form: str, visit: str, by: Person) -> FormRules:
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
    stem, dot, number = visit.partition(".")
    if stem not in definition.visits:
        raise Refused(f"There is no visit '{visit}'; the definition has {', '.join(definition.visits)}.", "visit")
    if definition.visits[stem].unscheduled is not (bool(dot) and number.isascii() and number.isdigit()):
        raise Refused(f"'{visit}' is no visit; unscheduled visits alone have a number, such as UNS.1.", "visit")
    if not definition.visits[stem].unscheduled and stem not in protocol.scheduled.get(form, ()):
        raise Refused(f"{rules.form.label} is not planned at {visit}; use an unscheduled visit such as UNS.1.", "visit")
    return rules


def require_follow_up(desk: Desk, person: Participant, visit: str) -> None:
    """A stop of treatment changes nothing here: visits go on. A stop of visits ends new visits. A consent that an
    amendment asks for anew holds up visits, not logs: what happens to a participant meanwhile must be recordable."""
    if visit:
        require_consent(desk, desk.state, person)
    if person.ended == "withdrawn":
        desk.require_taking_part(person)
    if person.visits_stopped and visit and not any(key[0] == visit for key in person.pages):
        raise Refused(f"{person.id} has stopped the visits; nothing new is recorded at {visit}.", "ended")


def _require_base(page: Page | None, base: int | None, person: Participant, key: tuple[str, str, str]) -> None:
    """Somebody else may have saved the page since the writer read it."""
    if page is None and base is None:
        return
    if page is None:
        raise Refused(f"{person.id} has no such page that could be changed (fact {base}); save a new one.", "conflict")
    if base == page.number:
        return
    where = " ".join(part for part in key if part)
    raise Refused(
        f"{where} of {person.id} was saved by somebody else meanwhile (fact {page.number}); look at it, then save "
        "yours again.",
        "conflict",
    )


def _changes(
    page: Page, entered: Entered, not_done: Mapping[str, str], on: str | None, person: Participant, why: str | None
) -> tuple[Mapping[str, str], bool]:
    """Let what stays as it is fall out of the save, clear what is said to be not done, and refuse a change without its
    reason. Returns what is newly said to be not done, and whether anything that stood is changed."""
    for item in [item for item, text in entered.items.items() if item in page.items and page.items[item] == text]:
        del entered.items[item]
    not_done = {item: reason for item, reason in not_done.items() if page.not_done.get(item) != reason}
    for item in not_done:
        if page.items.get(item) is not None:
            entered.items.setdefault(item, None)
    named = [item for item in entered.items if page.items.get(item) is not None or item in page.not_done]
    named += [item for item in not_done if item in page.not_done]
    if entered.items and "*" in page.not_done and "*" not in named:
        named.append("the page")
    if on is not None and page.on is not None and on != page.on:
        named.append("the date of the assessment")
    if named and not (why and why.strip()):
        raise Refused(
            f"{', '.join(named)} of {person.id} already has a value; give the reason of the change.", "reason"
        )
    return not_done, bool(named)


def _findings(
    rules: FormRules,
    person: Participant,
    page: Page | None,
    entered: Entered,
    known: Mapping[str, Any],
    on: str | None,
) -> list[Finding]:
    findings = entered.findings
    if rules.needs_values:
        findings = findings + rules.findings(known, NOWHERE)
    if rules.labels:
        findings = findings + wrong_labels(rules, person, entered, on)
    return news(rules, entered, findings) if findings and page is not None else findings


def _opened(
    rules: FormRules,
    page: Page | None,
    entered: Entered,
    not_done: Mapping[str, str],
    confirmed: Mapping[str, str],
    on: str | None,
) -> dict[str, Any] | None:
    """The payload that stands in the open, None where a save has nothing that does."""
    if rules.sealed and (not_done or confirmed):
        not_done, confirmed = in_the_open(rules, not_done), in_the_open(rules, confirmed)
    moved = page is not None and on is not None and on != page.on
    if not (entered.items or not_done or confirmed or moved):
        return None
    if not_done or confirmed:
        return {"items": entered.items, "not_done": dict(not_done), "confirmed": dict(confirmed), "on": on}
    return Texts(items=entered.items, not_done={}, confirmed={}, on=on)


def _nothing(rules: FormRules) -> NoReturn:
    raise Refused(f"Nothing on {rules.form.label} is new; nothing was saved.", "empty")


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
    known = rules.environment(values, visit, before)
    if rules.measures:
        known.update(deteriorations(desk, protocol, person, rules, visit, known))
    return known


def _before(desk: Desk, protocol: Protocol, person: Participant, rules: FormRules, visit: str) -> dict[str, Any]:
    """The same form at the nearest earlier visit that has it."""
    place = protocol.position.get(visit, 0)
    for earlier in reversed(protocol.visits[:place]):
        page = person.pages.get((earlier, rules.name, ""))
        if page is not None:
            number, known = desk.latest.get((person.id, rules.name), (0, {}))
            return known if number == page.number else rules.environment(rules.values(page.items), earlier)
    return {}
