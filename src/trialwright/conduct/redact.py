"""Redact what should never have been typed, such as a name in a free text: logged, justified, and the chain stays
whole (AT5)."""

from collections.abc import Sequence

from trialwright.conduct.desk import Desk
from trialwright.conduct.permissions import Person
from trialwright.conduct.refusal import Refused
from trialwright.ledger import kinds
from trialwright.ledger.fact import Fact


def redact(desk: Desk, *, fact: int, items: Sequence[str], by: Person, why: str) -> Fact:
    """Delete items from the page that fact number `fact` recorded. The fact's payload and salt go; its digest, its
    seal and the other items, carried by the redaction's own fact, stay."""
    with desk.act("redact", by):
        if not why or not why.strip():
            raise Refused("A redaction needs its justification in words.", "reason")
        target = next(iter(desk.ledger.facts(after=fact - 1)), None) if fact > 0 else None
        if target is None or target.kind != kinds.PAGE_RECORDED:
            raise Refused(f"Fact {fact} is no recorded page; only what was typed on a page can be redacted.", "fact")
        person = desk.participant(target.participant or "", by)
        if target.payload is None:
            raise Refused(f"Fact {fact} was redacted before.", "fact")
        unknown = [item for item in items if item not in target.payload["items"]]
        if unknown or not items:
            raise Refused(f"Fact {fact} holds no item {', '.join(unknown) or '(none named)'}.", "item")
        kept = {item: text for item, text in target.payload["items"].items() if item not in items}
        page = person.pages[target.visit or "", target.form or "", target.repeat or ""]
        redaction = desk.append(
            by,
            kinds.PAYLOAD_REDACTED,
            {
                "fact": str(fact),
                "items": sorted(items),
                "kept": kept,
                "on": page.on,
                "not_done": dict(page.not_done),
                "confirmed": dict(page.confirmed),
            },
            target.version,
            target.participant,
            target.visit,
            target.form,
            target.repeat,
            why,
        )
        desk.ledger.redact(fact)
        desk.latest.pop((person.id, target.form or ""), None)
        return redaction
