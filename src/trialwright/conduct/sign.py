"""Sign a page: who, when, with what meaning, bound to the content."""

from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person
from trialwright.conduct.refusal import Refused
from trialwright.ledger import kinds
from trialwright.ledger.canonical import fingerprint
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import Page


def page_content(page: Page) -> str:
    """SHA-256 of what a signature stands under: values, reasons, dates and version of the page."""
    return fingerprint([page.items, page.not_done, page.confirmed, page.on, page.version])


def sign(
    desk: Desk,
    *,
    participant: str,
    form: str,
    by: Person,
    visit: str = "",
    repeat: str = "",
    meaning: str = "The data on this page are complete and correct",
    why: str | None = None,
) -> Fact:
    """Sign a page as it stands; any later change of it withdraws the signature (ES2)."""
    with desk.act("sign", by) as state:
        desk.require_unlocked(visit)
        person = desk.participant(participant, by)
        page = person.pages.get((visit, form, repeat))
        if page is None:
            raise Refused(f"{participant} has no page {form} at {visit or 'the log'} to sign.", "page")
        if not meaning or not meaning.strip():
            raise Refused("Say what the signature means, such as that the data are complete and correct.", "reason")
        if page.signed:
            raise Refused(f"This page is signed already (fact {page.signed}) and has not changed since.", "signed")
        open_ones = [
            query.id
            for query in state.queries.values()
            if query.status == "open"
            and (query.participant, query.visit, query.form, query.repeat) == (participant, visit, form, repeat)
        ]
        if open_ones:
            raise Refused(f"Answer {', '.join(open_ones)} before signing this page.", "query")
        payload = {"meaning": meaning, "name": by.name or by.id, "content": page_content(page)}
        version = desk.version_at(person.site)
        return desk.append(by, kinds.PAGE_SIGNED, payload, version, participant, visit, form, repeat, why)
