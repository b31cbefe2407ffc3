"""Records and comparisons as lines of text, for a terminal."""

from __future__ import annotations

from textwrap import wrap

from trialwright.registry.compare import Comparison
from trialwright.registry.compare_criteria import in_words
from trialwright.registry.criteria import plain_tree
from trialwright.registry.record import Outcome, Record

_WIDTH = 116


def record_lines(record: Record) -> list[str]:
    """The record as a person reads it: fields, criteria as an indented list, outcomes, and what the page lost."""
    enrolment = f"{record.enrolment.count} ({record.enrolment.kind})" if record.enrolment else None
    numbers = ", ".join(f"{known.register} {known.value}" for known in record.identifiers)
    design = ", ".join(part for part in (record.design.allocation, record.design.masking) if part)
    fields = (
        ("Registration", numbers), ("Phase", record.phase), ("Status", "; ".join(record.statuses)),
        ("Sponsor", record.sponsor),
        ("Condition", "; ".join(record.conditions)), ("Ages", in_words(record.ages)), ("Sex", record.sex),
        ("Enrolment", enrolment), ("Study type", record.design.study_type), ("Design", design),
        ("Sites", "; ".join(f"{place.name}, {place.city}" for place in record.locations)), ("Summary", record.summary),
    )  # fmt: skip
    lines = [*wrap(record.title, _WIDTH), ""]
    for name, value in fields:
        lines += _field(name, value)
    lines += ["", "Criteria"]
    for criterion in record.criteria:
        lines += [f"  {line}" for line in plain_tree(criterion)]
    lines += ["", "Outcomes", *(f"  {_outcome(outcome)}" for outcome in record.outcomes)]
    lines += ["", "What the page lost"]
    return lines + [f"  {loss.field}: {loss.note} ({loss.how})" for loss in record.losses]


def _field(name: str, value: str | None) -> list[str]:
    return wrap(f"{name + ':':<14}{value or 'not known'}", _WIDTH, subsequent_indent=" " * 14)


def _outcome(outcome: Outcome) -> str:
    parts = [f"{outcome.level}: {outcome.measure}"]
    if outcome.components:
        parts.append(f"of {', '.join(outcome.components)}")
    if outcome.instrument:
        parts.append(f"by {outcome.instrument}")
    parts.append(f"at {', '.join(outcome.time_frames)}" if outcome.time_frames else "time frame not known")
    return ", ".join(parts)


def comparison_lines(comparison: Comparison) -> list[str]:
    """One block per row: field and verdict, then what each side says."""
    lines = [f"{comparison.source} beside {comparison.trial} {comparison.version}", ""]
    for row in comparison.rows:
        place = f" (line {row.line})" if row.line else ""
        lines.append(f"{row.verdict.upper():<19} {row.field}{place}{': ' + row.note if row.note else ''}")
        if row.verdict != "same":
            lines += _side("register", row.register) + _side("definition", row.definition)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in comparison.counts.items())
    return [*lines, "", counts]


def _side(name: str, value: str | None) -> list[str]:
    return wrap(f"{name}: {value}", _WIDTH - 4, initial_indent="    ", subsequent_indent="      ") if value else []
