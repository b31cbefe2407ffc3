"""Compare a record from a register with the definition of the trial, field by field.

Nothing is overwritten and nothing is decided: each row shows both values and one of five verdicts. Where words differ
but may mean the same, the verdict is that a person must look.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from trialwright.design.model import Definition
from trialwright.registry import compare_criteria, compare_outcomes
from trialwright.registry.likeness import likeness, plain
from trialwright.registry.record import Record
from trialwright.registry.rows import Row, Verdict, text_row


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every field of the two, side by side."""

    source: str
    trial: str
    version: str
    rows: tuple[Row, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have each verdict."""
        return dict(sorted(Counter(row.verdict for row in self.rows).items()))


def compare(record: Record, definition: Definition) -> Comparison:
    """The comparison of a record with a definition."""
    rows = (
        *_identity(record, definition),
        *_design(record, definition),
        *compare_criteria.rows(record, definition),
        *compare_outcomes.rows(record, definition),
        *_locations(record, definition),
        *_only_defined(record, definition),
    )
    return Comparison(record.source, definition.id, definition.version, rows)


def as_plain(comparison: Comparison) -> dict[str, Any]:
    """The comparison as dictionaries, lists and text, ready for JSON."""
    return {"format": "trialwright comparison 1", **asdict(comparison), "counts": comparison.counts}


def _identity(record: Record, definition: Definition) -> list[Row]:
    rows = _identifiers(record, definition)
    rows.append(text_row("title", record.title, definition.title.official, record))
    rows.append(text_row("acronym", record.acronym, definition.title.acronym, record))
    rows.append(text_row("sponsor", record.sponsor, definition.sponsor.name, record))
    rows.append(text_row("conditions", "; ".join(record.conditions) or None, definition.condition.text, record))
    rows.append(_long_text("summary", record.summary, definition.summary, record))
    rows.append(_long_text("description", record.description, definition.description, record))
    rows.append(_status(record, definition))
    return rows


def _identifiers(record: Record, definition: Definition) -> list[Row]:
    known = {registration.id: registration.register_ for registration in definition.registrations}
    rows = []
    for identifier in record.identifiers:
        value = f"{identifier.register} {identifier.value}"
        held = identifier.value in known
        rows.append(Row("identifiers", value, value if held else None, "same" if held else "only in register"))
    shown = {identifier.value for identifier in record.identifiers}
    for value, register in known.items():
        if value not in shown:
            note = "a registration of the same trial elsewhere; the page does not link it"
            rows.append(Row("identifiers", None, f"{register} {value}", "only in definition", note))
    return rows


def _long_text(field: str, register: str | None, definition: str | None, record: Record) -> Row:
    """Summaries are rewritten freely, so unequal words are for a person, not a difference."""
    row = text_row(field, register, definition, record)
    if row.verdict != "differs":
        return row
    return Row(field, row.register, row.definition, "needs a person", "the wording differs", row.line)


def _status(record: Record, definition: Definition) -> Row:
    where = record.came_from("statuses")
    line = where.line if where else 0
    shown = "; ".join(record.statuses) or None
    if shown is None or definition.status is None:
        return text_row("status", shown, definition.status, record)
    agrees = plain(definition.status) in [plain(status) for status in record.statuses]
    return Row("status", shown, definition.status, "same" if agrees else "needs a person", None, line)


def _design(record: Record, definition: Definition) -> list[Row]:
    phase = definition.phase.lower().removeprefix("phase").strip()
    wanted = record.enrolment.count if record.enrolment else None
    count = str(wanted) if wanted is not None else None
    return [
        text_row("phase", record.phase, phase, record),
        text_row("study type", record.design.study_type, definition.study_type, record, "design.study_type"),
        text_row("enrolment", count, str(definition.randomisation.n), record),
        text_row("sex", record.sex, definition.sex, record),
        _allocation(record, definition),
        _masking(record, definition),
    ]


def _allocation(record: Record, definition: Definition) -> Row:
    where = record.came_from("design.allocation")
    line = where.line if where else 0
    ratio = ":".join(str(share) for share in definition.randomisation.ratio.values())
    mine = f"randomised {ratio}, {definition.randomisation.method}"
    if record.design.allocation is None:
        return Row("design.allocation", None, mine, "only in definition")
    verdict: Verdict = "differs" if record.design.allocation.startswith("non") else "same"
    return Row("design.allocation", record.design.allocation, mine, verdict, where.note if where else None, line)


def _masking(record: Record, definition: Definition) -> Row:
    where = record.came_from("design.masking")
    line = where.line if where else 0
    mine = f"{definition.blinding.level}: {', '.join(definition.blinding.blinded)}".rstrip(": ")
    if record.design.masking is None:
        return Row("blinding", None, mine, "only in definition")
    same = record.design.masking.startswith(definition.blinding.level)
    return Row(
        "blinding", record.design.masking, mine, "same" if same else "differs", where.note if where else None, line
    )


def _locations(record: Record, definition: Definition) -> list[Row]:
    rows, left = [], dict(definition.sites)
    for place in record.locations:
        scored = [(likeness(place.name, site.name), key) for key, site in left.items()]
        score, key = max(scored, default=(0.0, ""))
        if score < 0.5:
            rows.append(Row("locations", place.name, None, "only in register"))
            continue
        site = left.pop(key)
        same = plain(place.name) == plain(site.name)
        rows.append(
            Row(
                "locations",
                place.name,
                site.name,
                "same" if same else "needs a person",
                None if same else "spelled otherwise",
            )
        )
    return rows + [Row("locations", None, site.name, "only in definition") for site in left.values()]


def _only_defined(record: Record, definition: Definition) -> list[Row]:
    """What a register page may not show at all, said once each with what the definition holds."""
    visits = ", ".join(visit.label for visit in definition.visits.values() if not visit.unscheduled)
    codes = ", ".join(f"{code.system} {code.code}" for code in definition.condition.codes)
    held: tuple[tuple[str, list[str], list[str]], ...] = (
        ("arms", [arm.label for arm in record.arms], [arm.label for arm in definition.arms.values()]),
        ("interventions", list(record.interventions), [given.label for given in definition.interventions.values()]),
        ("schedule", [], [visits]),
        ("conditions.codes", [], [codes] if codes else []),
        ("funding", [], [funder.name for funder in definition.funders]),
    )
    return [
        text_row(name, "; ".join(shown) or None, "; ".join(mine) or None, record)
        for name, shown, mine in held
        if shown or mine
    ]
