"""What a MedPath page lost of the trial: named field by field, so that silence is never taken for an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from trialwright.registry.record import Loss, Record

UNKNOWN = {"not specified", "not available", "n/a", "-", ""}
"""What the page prints where it has nothing to say, in small letters."""

Shown = Mapping[str, Sequence[tuple[int, str]]]
"""Line number and text of every line under each heading."""

_REBUILT = "the nesting was printed as one line; it was rebuilt and needs a person's confirmation"
_PERSON = "a contact person may be printed on the page; persons are never kept"

# What CTIS holds and the page never shows, in the order of facts/register.md A.2.
_NEVER_SHOWN = (
    (
        "identifiers.linked",
        "registrations of the same trial elsewhere (ClinicalTrials.gov, OMON, EudraCT) are not shown",
    ),
    ("acronym", "no acronym and no title for the public"),
    ("arms", "the arms are not shown"),
    ("interventions", "no products, doses or schedules of treatment are shown"),
    ("blinding", "who is blinded, and how, is not shown"),
    ("ages", "there is no field for age"),
    ("objectives.secondary", "the secondary objectives are not shown"),
    ("schedule", "visits, their windows and what is done at each are not shown"),
    ("conditions.codes", "the condition carries no code (MedDRA, ICD)"),
    ("dates", "no dates: registration, first participant, estimated end"),
    ("funding", "who pays is not shown"),
    ("documents", "no documents (synopsis, product information, summary for the public) and no results"),
)
_MAY_BE_UNKNOWN = (
    ("Sex", "sex"),
    ("Study Design", "design.text"),
    ("Detailed Description", "description"),
    ("Study Type", "design.study_type"),
)
_OUTCOMES = ("Primary Outcome Measures", "Secondary Outcome Measures")


def losses(record: Record, shown: Shown, badge_line: int) -> tuple[Loss, ...]:
    """Everything that a reader of the page does not learn, or learns in a damaged form."""
    never = [Loss(field, "not on the page", note) for field, note in _NEVER_SHOWN]
    return (*never, *_said_unknown(shown), *_flattened(record), *_outcomes(record, shown), *_others(record, badge_line))


def _said_unknown(shown: Shown) -> list[Loss]:
    found = []
    for heading, field in _MAY_BE_UNKNOWN:
        unknown = [(number, text) for number, text in shown.get(heading, ()) if text.lower() in UNKNOWN]
        if unknown:
            number, text = unknown[0]
            found.append(Loss(field, "said to be unknown", f"the page prints '{text}' under {heading}", number))
        elif not shown.get(heading):
            found.append(Loss(field, "not on the page", f"nothing stands under {heading}"))
    return found


def _flattened(record: Record) -> list[Loss]:
    return [
        Loss(f"criteria.{node.id}", "flattened", _REBUILT, node.span.line)
        for node in record.criteria
        if any(child.role != "definition" for child in node.children)
    ]


def _outcomes(record: Record, shown: Shown) -> list[Loss]:
    found = [
        Loss(
            f"outcomes.{outcome.level}.time_frame",
            "not on the page",
            f"no time frame for '{outcome.name}'",
            outcome.line,
        )
        for outcome in record.outcomes
        if not outcome.time_frames
    ]
    printed = [text for heading in _OUTCOMES for _, text in shown.get(heading, ())]
    if twice := sum(first == second for first, second in pairwise(printed)):
        found.append(
            Loss("outcomes.method", "printed twice", f"{twice} outcomes repeat their name in the column Method")
        )
    return found


def _others(record: Record, badge_line: int) -> list[Loss]:
    found = [Loss("locations.contact", "withheld here", _PERSON)] if record.locations else []
    if len(record.statuses) > 1:
        both = " and ".join(f"'{status}'" for status in record.statuses)
        found.append(Loss("statuses", "printed twice", f"two vocabularies: {both}", badge_line))
    return found
