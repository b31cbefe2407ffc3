"""Sign off a site's data before a lock: an investigator answers for every page of the site that the lock will close.

A signature of one page says that the page is right; the sign-off says that the site's data of a stage are complete and
right as a whole. It stands under the content of these pages, so a later change of one of them withdraws it, and the
lock asks for it again.
"""

import hashlib
from collections.abc import Collection

from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person, require_site
from trialwright.conduct.refusal import Refused
from trialwright.ledger import kinds
from trialwright.ledger.canonical import written
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import State

MEANING = "I have reviewed the data of this site; they are complete and correct and I answer for them"


def sign_off(desk: Desk, *, stage: str, site: str, by: Person, meaning: str = MEANING, why: str | None = None) -> Fact:
    """Sign off the data of a site for a lock (ES6). Refused while a question about these pages waits for an answer.

    What is sealed is not signed: the investigator has never seen it.
    """
    with desk.act("sign_off", by) as state:
        desk.require_unlocked()
        protocol = desk.protocol()
        closed = protocol.closed_by(stage)
        if stage in state.locked:
            raise Refused(f"Lock {stage} was set before, with fact {state.locked[stage]}.", "locked")
        version = desk.version_at(site)
        require_site(by, site)
        if not meaning or not meaning.strip():
            raise Refused("Say what the sign-off means, such as that the data are complete and correct.", "reason")
        standing = state.signed_off.get((stage, site))
        if standing and standing.withdrawn is None and standing.visits == closed:
            raise Refused(
                f"{site} is signed off for {stage} already (fact {standing.number}) and nothing has changed since.",
                "signed",
            )
        whole = stage == protocol.final_lock
        _require_answered(state, site, None if whole else closed)
        pages, content = site_content(state, site, None if whole else closed)
        payload = {
            "stage": stage,
            "site": site,
            "visits": closed,
            "whole": "yes" if whole else "no",
            "pages": str(pages),
            "meaning": meaning,
            "name": by.name or by.id,
            "content": content,
        }
        return desk.append(by, kinds.DATA_SIGNED_OFF, payload, version, why=why)


def site_content(state: State, site: str, visits: Collection[str] | None) -> tuple[int, str]:
    """How many pages of a site lie in these visits (in all, logs too, without them) and the SHA-256 of what stands on
    them: values, reasons, confirmations, dates and versions."""
    pages = [
        [person.id, *key, page.items, page.not_done, page.confirmed, page.on, page.version]
        for person in state.participants.values()
        if person.site == site
        for key, page in person.pages.items()
        if visits is None or key[0] in visits
    ]
    return len(pages), hashlib.sha256(written(pages)).hexdigest()


def _require_answered(state: State, site: str, visits: Collection[str] | None) -> None:
    waiting = [
        query.id
        for query in state.queries.values()
        if query.status == "open"
        and state.participants[query.participant].site == site
        and (visits is None or query.visit in visits)
    ]
    if waiting:
        raise Refused(f"Answer {', '.join(waiting)} before signing off these data.", "query")


def not_signed_off(state: State, stage: str, closed: list[str]) -> list[str]:
    """The sites with randomised participants whose data no investigator answers for as they stand, each with why."""
    sites = sorted({person.site for person in state.participants.values() if person.allocation is not None})
    problems = []
    for site in sites:
        standing = state.signed_off.get((stage, site))
        if standing is None:
            problems.append(f"no investigator has signed off the data of {site} for {stage}")
        elif standing.withdrawn is not None:
            problems.append(
                f"the sign-off of {site} (fact {standing.number}) was withdrawn by a later change of these pages (fact "
                f"{standing.withdrawn}); sign off again"
            )
        elif standing.visits != closed:
            problems.append(f"the sign-off of {site} (fact {standing.number}) was for other visits; sign off again")
    return problems
