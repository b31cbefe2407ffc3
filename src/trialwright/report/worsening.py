"""Who deteriorated by the declared rule, and what followed: the participants with a confirmed deterioration or with
rescue treatment."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from trialwright import design
from trialwright.analysis.intercurrent import rescued
from trialwright.analysis.observations import Observations
from trialwright.analysis.scores import Scores
from trialwright.design.derivations import is_truth
from trialwright.report.content import Block, Cell, Number, Paragraph, Section, Sentence, Table
from trialwright.report.measured import Arms, known_scores
from trialwright.report.words import count, literal, share

RESCUE = "rescue"
"""The log form whose rows are rescue treatment, as in `analysis.intercurrent`."""


def worsening_section(seen: Observations, arms: Arms) -> Section | None:
    """Each derivation that says who deteriorated; None where there is none, or it cannot be computed."""
    blocks: list[Block] = []
    for name, derivation in seen.definition.derivations.items():
        if is_truth(derivation):
            visits = [visit for visit in design.visit_order(seen.definition) if _due(seen, derivation.inputs, visit)]
            found = known_scores(seen, name, visits)
            if found is not None and not np.isnan(found.values).all():
                rule = derivation.options.get("rule")
                said = f"{derivation.label}: {rule}; at a visit and the one before it." if rule else derivation.label
                blocks += [Paragraph(literal(said), "note"), _by_visit(seen, found, arms, name)]
                blocks.append(_listing(seen, found, arms, name))
    return Section("worsening", "Deterioration and rescue", blocks) if blocks else None


def _due(seen: Observations, inputs: Any, visit: str) -> bool:
    forms = {source.partition(".")[0] for source in inputs.values()} & seen.definition.schedule.keys()
    return any(visit in seen.definition.schedule[form].visits for form in forms)


def _by_visit(seen: Observations, found: Scores, arms: Arms, name: str) -> Table:
    """How many show it at each visit, of those of whom it is known; and who had it at any visit or was rescued."""
    rows: list[list[Cell]] = []
    for visit in found.visits:
        if not np.isnan(found.at(visit)).all():
            cells = [_share(found.at(visit)[_places(found, members)]) for members in arms.values()]
            rows.append([seen.definition.visits[visit].label, *cells])
    ever = np.where(np.isnan(found.values).all(axis=1), np.nan, (found.values == 1).any(axis=1))
    rows.append(["At any visit", *(_share(ever[_places(found, members)]) for members in arms.values())])
    if RESCUE in seen.definition.forms:
        saved = [sum(rescued(seen, person, date.max) for person in members) for members in arms.values()]
        cells = [share(number, len(members)) for number, members in zip(saved, arms.values(), strict=True)]
        rows.append(["Rescue treatment", *cells])
    return Table(f"worse-{name.lower()}", found.label, ["", *arms], rows)


def _places(found: Scores, members: Sequence[str]) -> list[int]:
    return [found.participants.index(person) for person in members]


def _share(values: np.ndarray) -> Sentence:
    known = values[~np.isnan(values)]
    return share(int((known == 1).sum()), len(known))


def _listing(seen: Observations, found: Scores, arms: Arms, name: str) -> Table:
    """A row for each participant who deteriorated or was rescued, in the order of the arms."""
    rows: list[list[Cell]] = []
    for label, members in arms.items():
        for person in members:
            first = np.flatnonzero(found.values[found.participants.index(person)] == 1)
            saved = _rescue(seen, person)
            if not len(first) and not saved:
                continue
            visit = found.visits[first[0]] if len(first) else None
            days = None if visit is None or (week := seen.weeks(person, visit)) is None else round(7 * week)
            shown: Cell = seen.definition.visits[visit].label if visit else "not confirmed"
            rows.append([person, *([label] if len(arms) > 1 else []), shown, count(days), saved or "none"])
    columns = ["Participant", *(["Arm"] if len(arms) > 1 else []), "First confirmed", "Day", "Rescue treatment"]
    notes = [] if rows else ["Nobody deteriorated or was rescued."]
    return Table(f"worse-{name.lower()}-listing", "Participants who deteriorated or were rescued", columns, rows, notes)


def _rescue(seen: Observations, person: str) -> Cell:
    """The first rescue treatment: its drug and the day since randomisation."""
    if RESCUE not in seen.definition.forms:
        return ""
    start = seen.randomised_on(person)
    rows = [row for row in seen.rows(person, RESCUE) if isinstance(row.get("start"), date)]
    if not rows or start is None:
        return ""
    first = min(rows, key=lambda row: row["start"])
    drug = str(first.get("drug", ""))
    known = design.items(seen.definition, RESCUE).get("drug")
    codes = seen.definition.codelists.get(known.codes or "", {}) if known else {}
    parts: dict[str, Number | str] = {"drug": codes.get(drug, drug), "day": count((first["start"] - start).days)}
    return Sentence("{drug}, day {day}", parts)
