"""Adverse events, counted: participants with at least one and events, by kind and by term. Counts, no tests.

Read from a log form `ae` with the items of CDASH's domain: `term`, and whatever booleans and coded severities the
definition asks for. A trial without such a form has no safety table, and says so.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialwright.analysis.estimates import NotEstimable
from trialwright.analysis.observations import Observations
from trialwright.analysis.question import Question
from trialwright.design.model import Definition, ItemType

FORM = "ae"
ANY = "Any adverse event"


@dataclass(frozen=True, slots=True)
class Affected:
    """One kind of event in each group: participants with at least one, and events."""

    label: str
    participants: tuple[int, ...]
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Events:
    """The events of each group of `sizes` participants: by kind (any, serious, ...) and by term, the frequent first."""

    sizes: tuple[int, ...]
    kinds: tuple[Affected, ...]
    terms: tuple[Affected, ...]


def adverse_events(seen: Observations, groups: Sequence[Sequence[str]]) -> Events:
    """Count the events of each group of participants."""
    apart = kinds_of(seen.definition)
    rows = {person: list(seen.rows(person, FORM)) for group in groups for person in group}
    return counted(rows, groups, apart)


def kinds_of(definition: Definition) -> dict[str, tuple[str, Any]]:
    """What is counted apart: each boolean item that is true, each code of a severity. Label -> (item, value)."""
    if FORM not in definition.forms:
        raise NotEstimable(f"The definition has no form '{FORM}', so adverse events are not recorded.")
    found: dict[str, tuple[str, Any]] = {}
    for item in definition.forms[FORM].items:
        if item.type is ItemType.BOOLEAN:
            found[item.label] = (item.id, True)
        elif item.id in ("severity", "sev") and item.codes:
            found |= {
                f"{item.label}: {label}": (item.id, code) for code, label in definition.codelists[item.codes].items()
            }
    return found


def counted(
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    groups: Sequence[Sequence[str]],
    kinds: Mapping[str, tuple[str, Any]],
) -> Events:
    """Count given rows; `rows` maps a participant to the rows of the log."""

    def affected(label: str, item: str | None, value: Any) -> Affected:
        def hits(person: str) -> int:
            return sum(item is None or row.get(item) == value for row in rows.get(person, ()))

        found = [[hits(person) for person in group] for group in groups]
        return Affected(label, tuple(sum(n > 0 for n in group) for group in found), tuple(map(sum, found)))

    all_rows = [row for group in groups for person in group for row in rows.get(person, ())]
    named = Counter(str(row["term"]) for row in all_rows if row.get("term"))
    return Events(
        tuple(len(group) for group in groups),
        (affected(ANY, None, None), *(affected(label, *kind) for label, kind in kinds.items())),
        tuple(affected(term, "term", term) for term in sorted(named, key=lambda term: (-named[term], term))),
    )


def answer(question: Question) -> Events:
    """The events of reference and treatment, in this order."""
    groups = [[str(index) for index in np.flatnonzero(question.arm == arm)] for arm in (0, 1)]
    return counted({str(index): rows for index, rows in enumerate(question.log)}, groups, question.kinds)
