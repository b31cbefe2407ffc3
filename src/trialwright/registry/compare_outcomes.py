"""The outcomes of a register beside the endpoints of a definition: which is which, and when each is measured."""

from __future__ import annotations

from trialwright.design.model import Definition, Endpoint
from trialwright.registry.likeness import paired, plain
from trialwright.registry.record import Outcome, Record
from trialwright.registry.rows import Row

ENOUGH = 0.2
"""Outcomes are named in few words, so little in common is enough; a person sees every pair that is not the same."""


def rows(record: Record, definition: Definition) -> list[Row]:
    """A row for each outcome of either side, and one for its time frame."""
    found: list[Row] = []
    matched: set[str] = set()
    for level in ("primary", "secondary", "other"):
        printed = [outcome for outcome in record.outcomes if outcome.level == level]
        keys = [key for key, endpoint in definition.endpoints.items() if endpoint.level == level]
        texts = [_meant(definition.endpoints[key], definition) for key in keys]
        pairs = paired([_said(outcome) for outcome in printed], texts, ENOUGH)
        for place, outcome in enumerate(printed):
            if place in pairs:
                key = keys[pairs[place]]
                matched.add(key)
                found += _pair(outcome, key, definition.endpoints[key], definition)
            else:
                found.append(Row(f"outcomes.{level}", outcome.name, None, "only in register", None, outcome.line))
    left = {key: endpoint for key, endpoint in definition.endpoints.items() if key not in matched}
    return found + [
        Row(f"outcomes.{key}", None, end.label, "only in definition", end.level) for key, end in left.items()
    ]


def _said(outcome: Outcome) -> str:
    return " ".join([outcome.measure, outcome.instrument or "", *outcome.components])


def _meant(endpoint: Endpoint, definition: Definition) -> str:
    """Everything that the definition calls the endpoint: its label, description and what its measures are called."""
    names = [endpoint.label, endpoint.description or ""]
    for measure in endpoint.measure:
        form, _, item = measure.partition(".")
        derivation = definition.derivations.get(measure) or definition.derivations.get(form)
        names.append(derivation.label if derivation else "")
        names.append(definition.forms[form].label if form in definition.forms else "")
        names.append(item.replace("_", " "))
    return " ".join(names)


def _pair(outcome: Outcome, key: str, endpoint: Endpoint, definition: Definition) -> list[Row]:
    same = plain(outcome.name) == plain(endpoint.label)
    name = Row(
        f"outcomes.{key}", outcome.name, endpoint.label, "same" if same else "needs a person",
        None if same else "named otherwise", outcome.line,
    )  # fmt: skip
    return [name, _time_row(outcome, key, endpoint, definition)]


def _time_row(outcome: Outcome, key: str, endpoint: Endpoint, definition: Definition) -> Row:
    mine = [frame for visit in endpoint.at if (frame := time_frame(definition, visit))]
    field, printed, held = f"outcomes.{key}.time_frame", ", ".join(outcome.time_frames), ", ".join(mine)
    if not printed and not held:
        return Row(field, None, None, "same", None, outcome.line)
    if not printed:
        return Row(field, None, held, "only in definition", "the page prints no time frame", outcome.line)
    if not held:
        return Row(field, printed, None, "only in register", None, outcome.line)
    return Row(field, printed, held, "same" if set(outcome.time_frames) == set(mine) else "differs", None, outcome.line)


def time_frame(definition: Definition, visit: str) -> str | None:
    """The planned time of a visit after the anchor as an ISO 8601 duration; day 1 is the anchor, so day 85 is P12W."""
    day = definition.visits[visit].day if visit in definition.visits else None
    if day is None or day < 1:
        return None
    weeks, days = divmod(day - 1, 7)
    return f"P{weeks}W" if days == 0 else f"P{day - 1}D"
