"""Strata: the levels that a participant is drawn under, and what becomes of a level that was wrong (RN6).

A draw stands whatever is found later. The true levels are kept beside it; nobody is drawn again and no list is mended.
"""

from trialwright import design
from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person
from trialwright.conduct.protocol import Protocol
from trialwright.conduct.query import open_query
from trialwright.conduct.refusal import Refused, require_why
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact
from trialwright.ledger.replay import Allocation, PageKey, Participant, Query

CHECK = "stratum at the draw"
"""What asks for a correction; no edit check can have such an id, because ids have no spaces."""


def strata_levels(protocol: Protocol, person: Participant) -> dict[str, str]:
    """The participant's level of every stratification factor, from pages up to the randomisation visit; refused where
    one is not known."""
    levels = {}
    for name, factor in protocol.definition.randomisation.strata.items():
        value = _item_text(protocol, person, factor.item)
        if value is None:
            raise Refused(f"{factor.label} of {person.id} is not known; record {factor.item} first.", "strata")
        level = factor.map.get(value, factor.map.get("*"))
        if level is None:
            raise Refused(
                f"{factor.label}: no stratum is declared for '{value}'; correct {factor.item}, or call the trial "
                "office if it is right.",
                "strata",
            )
        levels[name] = level
    return levels


def _item_text(protocol: Protocol, person: Participant, place: str) -> str | None:
    """The newest value up to the randomisation visit: what is measured later is no property at the draw."""
    form, _, item = place.partition(".")
    last = protocol.position[protocol.definition.randomisation.visit]
    found = [
        (position, page.items[item])
        for (visit, name, _), page in person.pages.items()
        if name == form and page.items.get(item) is not None
        if (position := protocol.position.get(visit, -1)) <= last
    ]
    return max(found)[1] if found else None


def correct_stratum(desk: Desk, *, participant: str, by: Person, why: str) -> Fact:
    """Keep the true levels beside a draw that was made under wrong ones, once the pages have been corrected.

    The allocation stands. The analysis goes by the levels as randomised; the true ones are there for a sensitivity
    analysis. The query that asked for this is answered with it. Refused while the pages give the levels that stand.
    """
    with desk.act("correct_stratum", by):
        desk.require_unlocked()
        person = desk.participant(participant, by)
        require_why(why)
        drawn = require_randomised(person)
        protocol, version = at_the_draw(desk, drawn)
        desk.require_unlocked(protocol.definition.randomisation.visit)
        levels = strata_levels(protocol, person)
        if levels == standing(person):
            raise Refused(
                f"The pages of {participant} give the stratum that stands ({design.stratum_name(levels)}); correct the "
                "page first, then record the true stratum.",
                "strata",
            )
        payload = {"levels": levels, "stratum": design.stratum_of(protocol.definition, levels)}
        fact = desk.append(by, kinds.STRATUM_CORRECTED, payload, version, participant, why=why)
        for query in _asked(desk, person):
            answer = {"query": query.id, "text": f"the true stratum is recorded beside the draw (fact {fact.number})"}
            place = query.visit, query.form, query.repeat
            desk.append(by, kinds.QUERY_ANSWERED, answer, version, participant, *place)
        return fact


def report_error(desk: Desk, *, participant: str, reason: str, by: Person, why: str | None = None) -> Fact:
    """Record that a participant should not have been randomised. Nothing is undone: the slot stays used, and the
    participant stays in the trial and in the populations of the randomised, unless the treatment or the visits are
    stopped by acts of their own."""
    with desk.act("report_error", by):
        desk.require_unlocked()
        person = desk.participant(participant, by)
        require_randomised(person)
        if not (reason and reason.strip()):
            raise Refused("Say in words why the participant should not have been randomised.", "reason")
        if person.in_error:
            raise Refused(f"This was recorded for {participant} before, at {person.in_error}.", "randomised")
        version = desk.version_at(person.site)
        return desk.append(by, kinds.RANDOMISED_IN_ERROR, {"reason": reason}, version, participant, why=why)


def require_randomised(person: Participant) -> Allocation:
    """The allocation, refused where there is none."""
    if person.allocation is None:
        raise Refused(f"{person.id} is not randomised; there is no draw that could be wrong.", "randomised")
    return person.allocation


def standing(person: Participant) -> dict[str, str]:
    """The levels that stand as true: the corrected ones, else those of the draw."""
    drawn = person.allocation.levels if person.allocation else {}
    return person.true_levels or drawn


def at_the_draw(desk: Desk, drawn: Allocation) -> tuple[Protocol, str]:
    """The protocol of the version under which the draw was made, and that version."""
    version = desk.ledger.fact(drawn.number).version
    return desk.protocol(version), version


def ask_for_correction(desk: Desk, by: Person, version: str, person: Participant, page: Fact) -> None:
    """After a change on the page of a randomised participant: ask, once, to record the true stratum where the pages
    give another one than stands. Inside an act only."""
    if person.allocation is None:
        return
    protocol, _ = at_the_draw(desk, person.allocation)
    items = [
        factor.item.partition(".")[2]
        for factor in protocol.definition.randomisation.strata.values()
        if factor.item.partition(".")[0] == page.form
    ]
    changed = [item for item in items if page.payload and item in page.payload["items"]]
    if not changed or _asked(desk, person):
        return
    drawn, now = design.stratum_name(person.allocation.levels), _level_names(protocol, person)
    if now != design.stratum_name(standing(person)):
        text = (
            f"{person.id} was randomised as {drawn}, and the pages now give {now}. The allocation stands; record the "
            "true stratum beside it (correct stratum)."
        )
        place: PageKey = page.visit or "", page.form or "", page.repeat or ""
        open_query(desk, by, version, person.id, place, changed[0], text, CHECK)


def _level_names(protocol: Protocol, person: Participant) -> str:
    try:
        return design.stratum_name(strata_levels(protocol, person))
    except Refused:
        return "no stratum"


def _asked(desk: Desk, person: Participant) -> list[Query]:
    return [
        query
        for query in desk.state.queries.values()
        if query.participant == person.id and query.check == CHECK and query.status == "open"
    ]
