"""What a page must be before it is kept: its row, its date, its values, and the words beside them."""

from collections.abc import Mapping
from datetime import date

from trialwright.capture import Entered, Finding, FormRules
from trialwright.conduct.desk import Desk
from trialwright.conduct.refusal import Refused
from trialwright.design.model import CheckLevel
from trialwright.ledger.replay import Page, PageKey, Participant

Texts = Mapping[str, str]


def day(text: str) -> date | None:
    """The day that a text names as year-month-day, None for any other text."""
    try:
        found = date.fromisoformat(text)
    except (ValueError, TypeError):
        return None
    return found if found.isoformat() == text else None


def require_day(desk: Desk, name: str, text: str | None, site: str) -> None:
    """Refuse a text that is no day, and a day that has not come yet at the site."""
    if text is None or (site, text) in desk.days:
        return
    found = day(text)
    if found is None:
        raise Refused(f"{name.replace('_', ' ')}: '{text}' is not a date; write 2026-03-01.", "date")
    if found > desk.today(site):
        raise Refused(f"{name.replace('_', ' ')}: {text} has not come yet; look at the year.", "date")
    desk.days.add((site, text))


def next_row(rules: FormRules, person: Participant, place: PageKey, has_values: bool) -> str:
    """The row of a page that does not exist yet. Rows of a log are numbered without a gap; row 0 says that there is
    none to log."""
    visit, form, repeat = place
    label = rules.form.label
    if not rules.form.log and rules.form.repeat is None:
        if repeat:
            raise Refused(f"{label} has one page per visit; leave out the row number.", "repeat")
        return ""
    last = person.rows.get((visit, form), 0)
    if repeat == "+":
        return str(last + 1)
    if not repeat.isascii() or not repeat.isdigit() or (repeat != "0" and repeat.startswith("0")):
        raise Refused(f"'{repeat}' is not a row number of {label}; '+' takes the next one.", "repeat")
    if repeat == "0" and (has_values or last or not rules.form.log):
        raise Refused(f"Row 0 of {label} only says that there is nothing to log; '+' takes the next row.", "repeat")
    if rules.form.log and int(repeat) > last + 1:
        raise Refused(f"{label} has no row {repeat}; the next one is {last + 1}.", "repeat")
    return repeat


def wrong_labels(rules: FormRules, person: Participant, entered: Entered, on: str | None) -> list[Finding]:
    """What is wrong with the label on a bag: nobody's yet, somebody else's, or given after treatment stopped. What was
    really given must be recordable, so the last two ask for a confirmation that says what happened."""
    found = []
    for item in rules.labels:
        label, about = rules.items[item].label, entered.items.get(item)
        if about is None:
            continue
        if person.allocation is None:
            says = f"{label}: {person.id} is not randomised; there is no treatment to record"
            found.append(Finding(item, says, CheckLevel.REFUSE, item))
        elif about != person.allocation.label:
            says = (
                f"{label}: '{about}' is not the label of {person.id}, which is {person.allocation.label}; do not give "
                "it. If it was given, confirm it and say what happened"
            )
            found.append(Finding(item, says, CheckLevel.WARN, item))
        elif person.treatment_stopped and (on is None or on > person.treatment_stopped[:10]):
            says = f"{label}: the treatment of {person.id} was stopped; if it was given, confirm it and say why"
            found.append(Finding(item, says, CheckLevel.WARN, item))
    return found


def news(rules: FormRules, entered: Entered, findings: list[Finding]) -> list[Finding]:
    """On a page that exists, the findings that this save gives rise to: what stands unchanged was asked before."""
    touched = entered.items.keys() | entered.sealed.keys()
    return [
        finding
        for finding in findings
        if finding.level is CheckLevel.REFUSE or not touched.isdisjoint(rules.reads.get(finding.about, {finding.about}))
    ]


def require_sound(
    rules: FormRules,
    page: Page | None,
    entered: Entered,
    findings: list[Finding],
    confirmed: Texts,
    not_done: Texts,
) -> Texts:
    """Everything that is wrong with the page, at once; an unusual value passes with a confirmation that gives its
    reason. Returns the confirmations of what asked for one."""
    wrong = [finding.says for finding in findings if _stands_in_the_way(rules, finding, confirmed)]
    wrong += _not_done(rules, page, entered, not_done)
    wrong += [
        f"form {rules.name} has no item or check '{name}' that could be confirmed"
        for name in confirmed
        if name not in rules.items and name not in rules.reads
    ]
    if wrong:
        raise Refused(f"{rules.form.label} was not saved:", "values", tuple(wrong))
    return {finding.about: confirmed[finding.about] for finding in findings if finding.about in confirmed}


def _stands_in_the_way(rules: FormRules, finding: Finding, confirmed: Texts) -> bool:
    """A query about what is sealed cannot be asked in the open, so whoever enters it confirms it at once."""
    if finding.level is CheckLevel.REFUSE:
        return True
    confirmable = finding.level is CheckLevel.WARN or rules.sealed_whole
    return confirmable and not (confirmed.get(finding.about) or "").strip()


def _not_done(rules: FormRules, page: Page | None, entered: Entered, not_done: Texts) -> list[str]:
    wrong = []
    given = {item for texts in (entered.items, entered.sealed) for item, text in texts.items() if text is not None}
    for item, reason in not_done.items():
        if not reason or not reason.strip():
            wrong.append(f"{item}: 'not done' needs a reason")
        if item == "*":
            if given or (page is not None and any(text is not None for text in page.items.values())):
                wrong.append("the page has values and is said to be not done; clear them, or say which item was not")
        elif item not in rules.items:
            wrong.append(f"form {rules.name} has no item '{item}' that could be not done")
        elif item in given:
            wrong.append(f"{rules.items[item].label} has a value and is said to be not done; leave one of them out")
    return wrong
