"""Safety: adverse events by kind and by term. Counts only."""

from collections.abc import Mapping, Sequence

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.observations import Observations
from trialwright.analysis.safety import Affected, adverse_events
from trialwright.report.content import Cell, Number, Paragraph, Section, Sentence, Table
from trialwright.report.words import literal

RARE = 2
"""Terms that fewer participants than this had, over all arms, are left to the listings."""


def safety_section(seen: Observations, arms: Mapping[str, Sequence[str]], treated: Sequence[str] | None) -> Section:
    """Adverse events of those who were treated (`treated`; None: of everybody randomised), by arm as allocated."""
    members = {name: [p for p in group if treated is None or p in set(treated)] for name, group in arms.items()}
    try:
        events = adverse_events(seen, list(members.values()))
    except NotEstimable as lacking:
        return Section("safety", "Safety", [Paragraph(literal(str(lacking)), "note")])
    columns = ["", *(f"{name} (n\u00a0=\u00a0{size})" for name, size in zip(members, events.sizes, strict=True))]
    notes = ["Participants with at least one such event (share); number of events."]
    kinds = Table("events", "Adverse events", columns, [_row(kind, events.sizes) for kind in events.kinds], notes)
    frequent = [term for term in events.terms if sum(term.participants) >= RARE]
    rows = [_row(term, events.sizes) for term in frequent]
    terms = Table("terms", f"Adverse events of at least {RARE} participants, by term", columns, rows, notes)
    return Section("safety", "Safety", [kinds, terms] if rows else [kinds])


def _row(kind: Affected, sizes: Sequence[int]) -> list[Cell]:
    cells = [
        Sentence(
            "{people} ({share}); {events}",
            {
                "people": Number(people),
                "share": Number(people / size if size else None, 0, "", "percent"),
                "events": Number(events),
            },
        )
        for people, events, size in zip(kind.participants, kind.events, sizes, strict=True)
    ]
    return [kind.label, *cells]
